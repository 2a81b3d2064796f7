package embedded

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/crypto/argon2"

	"github.com/tandem-custody/tandem/custody"
)

// Unlock is what opens a store: a passphrase, or the path of a key file. A store
// is always opened by the one it was created with.
type Unlock struct {
	// Passphrase has at least 12 bytes.
	Passphrase custody.Secret
	// KeyFile holds from 32 to 4096 random bytes, all of which count. It is a
	// regular file, belongs to the user that runs this process or to root, and
	// nobody else may read it (0600 or stricter).
	KeyFile string
}

const (
	saltSize      = 16
	keySize       = 32
	minPassphrase = 12
	minKeyFile    = 32
	maxKeyFile    = 4096
)

// kdf says how the key that encrypts the keyset comes from what the operator has.
type kdf struct {
	Name      string `json:"name"`
	Salt      []byte `json:"salt"`
	Time      uint32 `json:"time,omitempty"`       // passes
	MemoryKiB uint32 `json:"memory_kib,omitempty"` // KiB
	Threads   uint8  `json:"threads,omitempty"`
}

const (
	fromPassphrase = "argon2id"    // RFC 9106
	fromKeyFile    = "hkdf-sha256" // RFC 5869
)

// newKDF chooses the second of the two parameter sets that RFC 9106, section 4,
// recommends: the first needs 2 GiB of memory.
func newKDF(u Unlock) (kdf, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	switch {
	case u.Passphrase.IsZero() == (u.KeyFile == ""):
		return kdf{}, errors.New("give a passphrase or a key file, and one of them only")
	case u.KeyFile != "":
		return kdf{Name: fromKeyFile, Salt: salt}, nil
	case len(u.Passphrase.Bytes()) < minPassphrase:
		return kdf{}, fmt.Errorf("the passphrase is shorter than %d bytes", minPassphrase)
	}
	return kdf{Name: fromPassphrase, Salt: salt, Time: 3, MemoryKiB: 64 << 10, Threads: 4}, nil
}

// key gives what encrypts the keyset. It reads the parameters before anything
// could vouch for them, so it bounds what they can cost.
func (k kdf) key(u Unlock) (tink.AEAD, error) {
	var key []byte
	switch k.Name {
	case fromPassphrase:
		if u.Passphrase.IsZero() || u.KeyFile != "" {
			return nil, errors.New("this store is opened by a passphrase, not by a key file")
		}
		if k.Time < 1 || k.Time > 16 || k.MemoryKiB > 1<<20 || k.Threads < 1 || k.Threads > 16 || len(k.Salt) != saltSize {
			return nil, fmt.Errorf("%w: parameters of argon2id", ErrDamaged)
		}
		passphrase := u.Passphrase.Bytes()
		defer clear(passphrase)
		key = argon2.IDKey(passphrase, k.Salt, k.Time, k.MemoryKiB, k.Threads, keySize)
	case fromKeyFile:
		if u.KeyFile == "" || !u.Passphrase.IsZero() {
			return nil, errors.New("this store is opened by a key file, not by a passphrase")
		}
		content, err := readPrivate(u.KeyFile, maxKeyFile)
		if err != nil {
			return nil, fmt.Errorf("key file: %w", err)
		}
		defer clear(content)
		if len(content) < minKeyFile {
			return nil, fmt.Errorf("key file %s: shorter than %d bytes", u.KeyFile, minKeyFile)
		}
		if key, err = hkdf.Key(sha256.New, content, k.Salt, "tandem embedded secret store", keySize); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%w: unknown key derivation", ErrDamaged)
	}
	defer clear(key)
	return subtle.NewAESGCM(key)
}

// binding is the associated data of the encrypted keyset: with other parameters
// than those it was encrypted under, it does not open.
func (k kdf) binding() ([]byte, error) { return json.Marshal(k) }

// CreateKeyFile makes a key file with 32 random bytes, mode 0600. The error is
// fs.ErrExist when something is there already.
func CreateKeyFile(path string) error {
	key := make([]byte, minKeyFile)
	_, _ = rand.Read(key) // never fails
	defer clear(key)
	return createPrivate(path, key)
}
