package keeper

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	cosig "github.com/transparency-dev/formats/note"

	"github.com/tandem-custody/tandem/audit"
)

// Key is the key of a witness and the name that it goes by. Its file has
// one line, as C2SP signed-note writes private keys and other witnesses read
// them: PRIVATE+KEY+name+id+base64 of 0x04 and the seed.
type Key struct {
	Name    string
	private ed25519.PrivateKey
}

var _ audit.Signer = Key{}

// PublicKey implements audit.Signer.
func (k Key) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return k.private.Public().(ed25519.PublicKey), nil
}

// Sign implements audit.Signer.
func (k Key) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(k.private, message), nil
}

// Write writes a file whole or not at all, for its owner only, so that it lasts.
type Write func(path string, content []byte) error

// ErrName is a name that a key cannot have.
var ErrName = errors.New("a witness is called like witness.example, without spaces and plus signs")

const typeEd25519Cosignature = 0x04

// OpenKey reads the key at path. When there is none it makes one for the
// name, which must not be empty then; and name, if any, must be the key's.
func OpenKey(path, name string, write Write) (Key, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && name != "" {
		return newKey(path, name, write)
	}
	if err != nil {
		return Key{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("%s: a private key that others can read is nobody's; chmod 600 it, or make another", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, err
	}
	key, err := parseKey(strings.TrimSpace(strings.TrimPrefix(string(text), "\ufeff")))
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	if name != "" && name != key.Name {
		return Key{}, fmt.Errorf("%s: the key is of %s: a name has a key of its own", path, key.Name)
	}
	return key, nil
}

// parseKey never repeats what it reads.
func parseKey(text string) (Key, error) {
	signer, err := cosig.NewSignerForCosignatureV1(text)
	if err != nil {
		return Key{}, errors.New("not the private key of a witness")
	}
	parts := strings.SplitN(text, "+", 5)
	material, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || material[0] != typeEd25519Cosignature || parts[3] != fmt.Sprintf("%08x", signer.KeyHash()) {
		return Key{}, errors.New("not the Ed25519 private key of a witness")
	}
	return Key{signer.Name(), ed25519.NewKeyFromSeed(material[1:])}, nil
}

func newKey(path, name string, write Write) (Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, err
	}
	vkey, err := audit.CosignerKey(name, private.Public().(ed25519.PublicKey))
	if err != nil {
		return Key{}, ErrName
	}
	id := strings.SplitN(vkey, "+", 3)[1]
	material := append([]byte{typeEd25519Cosignature}, private.Seed()...)
	text := "PRIVATE+KEY+" + name + "+" + id + "+" + base64.StdEncoding.EncodeToString(material) + "\n"
	return Key{name, private}, write(path, []byte(text))
}
