package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// A wrap key keeps what Tandem puts into Vault from whoever can read Vault: values, seeds
// and hashes are encrypted before they reach it, by XChaCha20-Poly1305 (package
// chacha20poly1305) with a random nonce, and bound to their path and version, so that
// Vault cannot give one in the place of another. The key never reaches Vault. Without it
// nothing there can be read by anybody.

// WrapKey is one. The zero WrapKey wraps nothing.
type WrapKey struct {
	id   string
	aead cipher.AEAD
}

// wrappedField is what a wrapped value is called in Vault: the key's id, a dot, and
// nonce and ciphertext in base64.
const wrappedField = "wrapped"

// keyPrefix is what the file of a key begins with, so that no other file is taken for one.
const keyPrefix = "tandem-wrap-key-1 "

// NewWrapKey makes the text of a key's file, and two shares of it: neither says anything
// of the key, both together are it.
func NewWrapKey() (file custody.Secret, shares [2]custody.Secret) {
	key := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(key) // never fails: see crypto/rand
	return keyFile(key), sharesOf(key)
}

func keyFile(key []byte) custody.Secret {
	return custody.SecretString(keyPrefix + base64.StdEncoding.EncodeToString(key) + "\n")
}

// ReadWrapKey reads the text of a key's file.
func ReadWrapKey(file custody.Secret) (WrapKey, error) {
	key, err := keyIn(file)
	if err != nil {
		return WrapKey{}, err
	}
	aead, err := chacha20poly1305.NewX(key)
	return WrapKey{wrapKeyID(key), aead}, err
}

func keyIn(file custody.Secret) ([]byte, error) {
	text, found := strings.CutPrefix(strings.TrimSpace(file.Reveal()), keyPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !found || err != nil || len(key) != chacha20poly1305.KeySize {
		return nil, errors.New("is no wrap key: tandem vault wrap-key new makes one, and tandem vault wrap-key restore makes the one that was there from its two shares")
	}
	return key, nil
}

// ID names the key by a digest of it: it is random, so that says nothing of it.
func (k WrapKey) ID() string { return k.id }

// IsZero says that nothing is wrapped.
func (k WrapKey) IsZero() bool { return k.aead == nil }

func wrapKeyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("tandem wrap key\n"), key...))
	return hex.EncodeToString(sum[:4])
}

// place is what a value is bound to. No path has a line feed in it.
func place(path string, version int64) []byte {
	return fmt.Appendf(nil, "tandem wrapped value 1\n%s\n%d", path, version)
}

// wrap gives what is kept in Vault as that version of a path.
func (k WrapKey) wrap(path string, version int64, value custody.Secret) map[string]any {
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(value.Bytes())+chacha20poly1305.Overhead)
	_, _ = rand.Read(nonce)
	sealed := k.aead.Seal(nonce, nonce, value.Bytes(), place(path, version))
	return map[string]any{wrappedField: k.id + "." + base64.StdEncoding.EncodeToString(sealed)}
}

// unwrap is the inverse of wrap. The error wraps desk.ErrNotOurs.
func (k WrapKey) unwrap(path string, version int64, data map[string]any) (custody.Secret, error) {
	text, wrapped := data[wrappedField].(string)
	id, sealed, _ := strings.Cut(text, ".")
	switch {
	case !wrapped:
		return custody.Secret{}, fmt.Errorf("%w: it is not wrapped, and vault.wrap_key_file is set", desk.ErrNotOurs)
	case id != k.id:
		return custody.Secret{}, fmt.Errorf("%w: it is wrapped with the key %.8q, and vault.wrap_key_file has %s", desk.ErrNotOurs, id, k.id)
	}
	all, err := base64.StdEncoding.DecodeString(sealed)
	if err == nil && len(all) > chacha20poly1305.NonceSizeX {
		var value []byte
		value, err = k.aead.Open(nil, all[:chacha20poly1305.NonceSizeX], all[chacha20poly1305.NonceSizeX:], place(path, version))
		if err == nil {
			return custody.NewSecret(value), nil
		}
	}
	return custody.Secret{}, fmt.Errorf("%w: it was changed, or is another path's or version's", desk.ErrNotOurs)
}

// Unwrap gives the value that was kept as that version of a path, of the text that Vault
// has there: for whoever has to read a password without Tandem.
func (k WrapKey) Unwrap(path string, version int64, wrapped string) (custody.Secret, error) {
	return k.unwrap(path, version, map[string]any{wrappedField: strings.TrimSpace(wrapped)})
}

// Shares: the key is one XOR of two random texts of its length, each with its number, the
// key's id and a checksum, so that a slip of the pen is found before anything is opened.

var shareText = base32.StdEncoding.WithPadding(base32.NoPadding)

const (
	sharePrefix  = "tandem-share"
	shareSum     = 4 // bytes of the SHA-256 of what comes before
	lettersApart = 5
)

func sharesOf(key []byte) (shares [2]custody.Secret) {
	first := make([]byte, len(key))
	_, _ = rand.Read(first)
	second := make([]byte, len(key))
	subtle.XORBytes(second, key, first)
	for i, part := range [][]byte{first, second} {
		shares[i] = custody.SecretString(fmt.Sprintf("%s-%d %s %s", sharePrefix, i+1, wrapKeyID(key), spaced(shareText.EncodeToString(append(part, checksum(i+1, wrapKeyID(key), part)...)))))
	}
	return shares
}

func checksum(number int, id string, part []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s-%d %s %x", sharePrefix, number, id, part))
	return sum[:shareSum]
}

func spaced(text string) string {
	var groups []string
	for len(text) > lettersApart {
		groups, text = append(groups, text[:lettersApart]), text[lettersApart:]
	}
	return strings.Join(append(groups, text), " ")
}

// JoinShares gives the text of the key's file of its two shares, in either order, with
// whatever spaces and capitals they were typed.
func JoinShares(one, other custody.Secret) (file custody.Secret, err error) {
	var parts [2][]byte
	var ids [2]string
	for _, share := range []custody.Secret{one, other} {
		number, id, part, err := readShare(share)
		if err != nil {
			return custody.Secret{}, err
		}
		if parts[number-1] != nil {
			return custody.Secret{}, fmt.Errorf("share %d was given twice: the other one is needed", number)
		}
		parts[number-1], ids[number-1] = part, id
	}
	key := make([]byte, chacha20poly1305.KeySize)
	subtle.XORBytes(key, parts[0], parts[1])
	if ids[0] != ids[1] || wrapKeyID(key) != ids[0] {
		return custody.Secret{}, fmt.Errorf("the shares are of two keys, %s and %s", ids[0], ids[1])
	}
	return keyFile(key), nil
}

func readShare(share custody.Secret) (number int, id string, part []byte, err error) {
	fields := strings.Fields(strings.ToLower(share.Reveal()))
	wrong := errors.New("is no share of a wrap key: tandem-share-1 or -2, the key's id, and 12 groups of letters")
	if len(fields) < 3 {
		return 0, "", nil, wrong
	}
	switch fields[0] {
	case sharePrefix + "-1":
		number = 1
	case sharePrefix + "-2":
		number = 2
	default:
		return 0, "", nil, wrong
	}
	all, err := shareText.DecodeString(strings.ToUpper(strings.Join(fields[2:], "")))
	if err != nil || len(all) != chacha20poly1305.KeySize+shareSum {
		return 0, "", nil, wrong
	}
	part = all[:chacha20poly1305.KeySize]
	if subtle.ConstantTimeCompare(all[chacha20poly1305.KeySize:], checksum(number, fields[1], part)) != 1 {
		return 0, "", nil, fmt.Errorf("share %d is not as it was printed: a letter is wrong", number)
	}
	return number, fields[1], part, nil
}
