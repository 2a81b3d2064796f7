package main

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

// witnessKey is the key of a witness and the name that it goes by. Its file has
// one line, as C2SP signed-note writes private keys and other witnesses read
// them: PRIVATE+KEY+name+id+base64 of 0x04 and the seed.
type witnessKey struct {
	name    string
	private ed25519.PrivateKey
}

var _ audit.Signer = witnessKey{}

// PublicKey implements audit.Signer.
func (k witnessKey) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return k.private.Public().(ed25519.PublicKey), nil
}

// Sign implements audit.Signer.
func (k witnessKey) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(k.private, message), nil
}

const typeEd25519Cosignature = 0x04

// openWitnessKey reads the key at path. When there is none it makes one for the
// name, which must not be empty then; and name, if any, must be the key's.
func openWitnessKey(path, name string) (witnessKey, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && name != "" {
		return newWitnessKey(path, name)
	}
	if err != nil {
		return witnessKey{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return witnessKey{}, fmt.Errorf("%s: a private key that others can read is nobody's; chmod 600 it, or make another", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return witnessKey{}, err
	}
	key, err := parseWitnessKey(strings.TrimSpace(strings.TrimPrefix(string(text), "\ufeff")))
	if err != nil {
		return witnessKey{}, fmt.Errorf("%s: %w", path, err)
	}
	if name != "" && name != key.name {
		return witnessKey{}, fmt.Errorf("%s: the key is of %s: a name has a key of its own", path, key.name)
	}
	return key, nil
}

// parseWitnessKey never repeats what it reads.
func parseWitnessKey(text string) (witnessKey, error) {
	signer, err := cosig.NewSignerForCosignatureV1(text)
	if err != nil {
		return witnessKey{}, errors.New("not the private key of a witness")
	}
	parts := strings.SplitN(text, "+", 5)
	material, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || material[0] != typeEd25519Cosignature || parts[3] != fmt.Sprintf("%08x", signer.KeyHash()) {
		return witnessKey{}, errors.New("not the Ed25519 private key of a witness")
	}
	return witnessKey{signer.Name(), ed25519.NewKeyFromSeed(material[1:])}, nil
}

func newWitnessKey(path, name string) (witnessKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return witnessKey{}, err
	}
	vkey, err := audit.CosignerKey(name, private.Public().(ed25519.PublicKey))
	if err != nil {
		return witnessKey{}, usagef("--name must be like witness.example, without spaces and plus signs")
	}
	id := strings.SplitN(vkey, "+", 3)[1]
	material := append([]byte{typeEd25519Cosignature}, private.Seed()...)
	text := "PRIVATE+KEY+" + name + "+" + id + "+" + base64.StdEncoding.EncodeToString(material) + "\n"
	return witnessKey{name, private}, writeDurably(path, []byte(text))
}
