package password

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// History knows all passwords that an account has had, so that none comes again.
// It keeps no password: only digests of them, keyed with a key of its own, so
// that the digests of two accounts never match.
//
// Who has a History can try guesses against it. It is a secret, and is kept in
// the secret store as one:
//
//	base64 (RFC 4648, section 4) of: 1 byte, the version of the form, which is 1
//	| key, 32 random bytes | for each password, the oldest first:
//	HMAC-SHA-256 of it (RFC 2104), the first 8 bytes
//
// 8 bytes are enough: two passwords that look the same by chance, less than once
// in 10^14 at the longest, cost one more password to be made. And the less is
// kept of a digest, the less sure is who guesses.
type History struct {
	key     custody.Secret
	digests [][digestSize]byte
}

const (
	historyVersion = 1
	keySize        = 32
	digestSize     = 8

	// MaxHistory is how many passwords a History knows; then the oldest is
	// forgotten. One a day are 89 years. In the secret store they are 350 kB:
	// Vault takes 1 MiB in its own storage, and 512 KiB in Consul.
	MaxHistory = 1 << 15
)

// ErrHistory: what is kept is not a History. It must not be taken for an empty
// one, which would allow every password again.
var ErrHistory = errors.New("the history of passwords is damaged, or of a later version of Tandem")

// NewHistory gives a history of no passwords, with a new key.
func NewHistory() History {
	var key [keySize]byte
	_, _ = rand.Read(key[:]) // never fails
	return History{key: custody.NewSecret(key[:])}
}

// ParseHistory reads what Marshal gave. The error is ErrHistory.
func ParseHistory(kept custody.Secret) (History, error) {
	text := kept.Bytes()
	defer clear(text)
	if len(text) > base64.StdEncoding.EncodedLen(1+keySize+MaxHistory*digestSize) {
		return History{}, ErrHistory
	}
	all, err := base64.StdEncoding.Strict().AppendDecode(nil, text)
	defer clear(all)
	if err != nil || len(all) < 1+keySize || all[0] != historyVersion || (len(all)-1-keySize)%digestSize != 0 {
		return History{}, ErrHistory
	}
	h := History{key: custody.NewSecret(all[1 : 1+keySize])}
	for digest := range slices.Chunk(all[1+keySize:], digestSize) {
		h.digests = append(h.digests, [digestSize]byte(digest))
	}
	return h, nil
}

// Marshal gives what ParseHistory reads.
func (h History) Marshal() custody.Secret {
	all := append([]byte{historyVersion}, h.key.Bytes()...)
	for _, digest := range h.digests {
		all = append(all, digest[:]...)
	}
	defer clear(all)
	return custody.NewSecret(base64.StdEncoding.AppendEncode(nil, all))
}

// Contains says whether the account has had this password. How long that takes
// depends only on how many it has had.
func (h History) Contains(password custody.Secret) bool {
	digest, found := h.digest(password), 0
	for _, earlier := range h.digests {
		found |= subtle.ConstantTimeCompare(earlier[:], digest[:])
	}
	return found == 1
}

// Add has the history know a password. To add it again changes nothing.
func (h *History) Add(password custody.Secret) {
	if h.Contains(password) {
		return
	}
	h.digests = append(slices.Clip(h.digests), h.digest(password)) // a copy of h keeps its own
	if len(h.digests) > MaxHistory {
		h.digests = h.digests[len(h.digests)-MaxHistory:]
	}
}

func (h History) digest(password custody.Secret) [digestSize]byte {
	if h.key.IsZero() {
		panic("password: a History that neither NewHistory nor ParseHistory made")
	}
	key, value := h.key.Bytes(), password.Bytes()
	defer clear(key)
	defer clear(value)
	mac := hmac.New(sha256.New, key)
	mac.Write(value)
	return [digestSize]byte(mac.Sum(nil)[:digestSize])
}
