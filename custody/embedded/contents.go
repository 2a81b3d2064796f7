package embedded

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const format = "tandem-secrets-1"

// kept is how many versions of a secret are kept, the newest ones.
const kept = 10

// contents is the file, in memory. It is never changed: a change makes another.
type contents struct {
	Format  string            `json:"format"`
	KDF     kdf               `json:"kdf"`
	Keyset  []byte            `json:"keyset"`
	Signing []byte            `json:"signing"`
	Secrets map[string]secret `json:"secrets"`
}

// secret is what stands under one path, oldest version first.
type secret struct {
	Current  int64             `json:"current"`
	Labels   map[string]string `json:"labels,omitempty"`
	Versions [][]byte          `json:"versions"`
}

// version gives an encrypted value, nil when there is none of that number (any more).
func (s secret) version(number int64) []byte {
	i := int64(len(s.Versions)) - 1 - (s.Current - number)
	if i < 0 || number > s.Current {
		return nil
	}
	return s.Versions[i]
}

// with is the secret with one more version.
func (s secret) with(value []byte, labels map[string]string) secret {
	old := s.Versions[max(0, len(s.Versions)-(kept-1)):]
	return secret{
		Current:  s.Current + 1,
		Labels:   maps.Clone(labels),
		Versions: append(append(make([][]byte, 0, len(old)+1), old...), value),
	}
}

// What each encrypted part is bound to. Nothing of one kind opens as another.
func valueBinding(path string, version int64) []byte {
	return fmt.Appendf(nil, "value\x00%d\x00%s", version, path)
}
func signingBinding() []byte         { return []byte("signing") }
func sealBinding(body []byte) []byte { return append([]byte("seal\x00"), body...) }

// create makes the contents of a new store, and what encrypts in it.
func create(u Unlock) (*contents, tink.AEAD, error) {
	k, err := newKDF(u)
	if err != nil {
		return nil, nil, err
	}
	wrapping, err := k.key(u)
	if err != nil {
		return nil, nil, err
	}
	binding, err := k.binding()
	if err != nil {
		return nil, nil, err
	}
	keys, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, nil, err
	}
	var wrapped bytes.Buffer
	if err := keys.WriteWithAssociatedData(keyset.NewBinaryWriter(&wrapped), wrapping, binding); err != nil {
		return nil, nil, err
	}
	crypt, err := aead.New(keys)
	if err != nil {
		return nil, nil, err
	}
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	defer clear(seed)
	signing, err := crypt.Encrypt(seed, signingBinding())
	if err != nil {
		return nil, nil, err
	}
	return &contents{Format: format, KDF: k, Keyset: wrapped.Bytes(), Signing: signing, Secrets: map[string]secret{}}, crypt, nil
}

// encode gives the file.
func (c *contents) encode(crypt tink.AEAD) ([]byte, error) {
	body, err := json.Marshal(c) // one line: JSON escapes every line end
	if err != nil {
		return nil, err
	}
	seal, err := crypt.Encrypt(nil, sealBinding(body))
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(body, "\n%s\n", base64.StdEncoding.EncodeToString(seal)), nil
}

// decode opens the file. The errors are ErrWrongKey, ErrDamaged and those that
// say that u itself is of no use.
func decode(file []byte, u Unlock) (*contents, tink.AEAD, error) {
	body, seal, _ := bytes.Cut(file, []byte("\n"))
	var c contents
	if err := json.Unmarshal(body, &c); err != nil {
		return nil, nil, fmt.Errorf("%w: not JSON", ErrDamaged)
	}
	if c.Format != format {
		return nil, nil, fmt.Errorf("%w: format %.40q, this program knows %q", ErrDamaged, c.Format, format)
	}
	wrapping, err := c.KDF.key(u)
	if err != nil {
		return nil, nil, err
	}
	binding, err := c.KDF.binding()
	if err != nil {
		return nil, nil, err
	}
	keys, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(c.Keyset)), wrapping, binding)
	if err != nil {
		return nil, nil, ErrWrongKey
	}
	crypt, err := aead.New(keys)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: keyset", ErrDamaged)
	}
	tag, err := base64.StdEncoding.DecodeString(string(bytes.TrimSuffix(seal, []byte("\n"))))
	if err == nil {
		_, err = crypt.Decrypt(tag, sealBinding(body))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: its seal does not fit what is in it", ErrDamaged)
	}
	return &c, crypt, nil
}
