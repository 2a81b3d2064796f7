package witnesstest

import (
	"bytes"
	"context"
	"crypto/ed25519"

	"github.com/tandem-custody/tandem/audit"
)

// NamedKey is a key with the name that it goes by.
type NamedKey struct {
	Name    string
	private ed25519.PrivateKey
}

var _ audit.Signer = NamedKey{}

// Signer gives the key that is made of a seed of equal bytes.
func Signer(name string, seed byte) NamedKey {
	return NamedKey{name, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

// Public is its public half.
func (k NamedKey) Public() ed25519.PublicKey { return k.private.Public().(ed25519.PublicKey) }

// PublicKey implements audit.Signer.
func (k NamedKey) PublicKey(context.Context) (ed25519.PublicKey, error) { return k.Public(), nil }

// Sign implements audit.Signer.
func (k NamedKey) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(k.private, message), nil
}
