package desk

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"

	"github.com/tandem-custody/tandem/custody"
)

// Hashing is how much work it is to try one password. Every installation has the zero
// Hashing, which is OWASP's recommendation for argon2id: 19 MiB, two passes. Tests,
// which log people in thousands of times, have a cheaper one (desktest.CheapHashing);
// nothing that an administrator can set leads here.
type Hashing struct {
	MemoryKiB uint32
	Passes    uint32
}

func (h Hashing) params() *argon2id.Params {
	if h == (Hashing{}) {
		h = Hashing{MemoryKiB: 19 * 1024, Passes: 2}
	}
	return &argon2id.Params{Memory: h.MemoryKiB, Iterations: h.Passes, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// absent makes what is compared with when there is no account, so that this takes as
// long as a wrong password (CVE-2025-6011). It has the form of a hash, and random bytes
// in the place of the key: nothing that anybody can type hashes to them. To hash
// something would cost every start 20 ms and 19 MiB.
func (h Hashing) absent() string {
	p := h.params()
	random := make([]byte, p.SaltLength+p.KeyLength)
	_, _ = rand.Read(random) // never fails, see crypto/rand
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Iterations, p.Parallelism,
		base64.RawStdEncoding.EncodeToString(random[:p.SaltLength]), base64.RawStdEncoding.EncodeToString(random[p.SaltLength:]))
}

// hash gives a password's hash as the secret store has it, a PHC string.
func (d *Desk) hash(ctx context.Context, password custody.Secret) (string, error) {
	if err := d.startHashing(ctx); err != nil {
		return "", err
	}
	defer func() { <-d.hashing }()
	hash, err := argon2id.CreateHash(password.Reveal(), d.Hashing.params())
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// samePassword takes as long for an account that does not exist.
func (d *Desk) samePassword(ctx context.Context, person custody.Person, password custody.Secret) (account, bool, error) {
	kept, there, err := d.account(ctx, person)
	if err != nil {
		return account{}, false, err
	}
	if err := d.startHashing(ctx); err != nil {
		return account{}, false, err
	}
	defer func() { <-d.hashing }()
	same, err := argon2id.ComparePasswordAndHash(password.Reveal(), kept.Password)
	if err != nil {
		return account{}, false, fmt.Errorf("the password hash of an account is unusable")
	}
	return kept, same && there, nil
}

func (d *Desk) startHashing(ctx context.Context) error {
	select {
	case d.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
