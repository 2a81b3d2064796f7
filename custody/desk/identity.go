package desk

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// An account is in custody once, and the ledger, which anybody may be shown, does not
// say which accounts there are. So it has a digest of what each is called. The salt is
// no row of the database: whoever had a copy of that could try out names.

// identify gives the digests of what an account is called, sorted, each once: SHA-256
// of the installation's salt and the name, in base64url.
func (d *Desk) identify(ctx context.Context, t custody.Target, called []string) ([]string, error) {
	if len(called) == 0 {
		called = []string{t.Kind + " " + t.Account + "@" + t.Address}
	}
	salt, err := d.identitySalt(ctx)
	if err != nil {
		return nil, err
	}
	return Identities(salt, called...), nil
}

// Identities gives the digests of names with a salt: see identify.
func Identities(salt []byte, names ...string) (identities []string) {
	for _, name := range names {
		sum := sha256.Sum256(append(slices.Clone(salt), name...))
		identities = append(identities, base64.RawURLEncoding.EncodeToString(sum[:]))
	}
	slices.Sort(identities)
	return slices.Compact(identities)
}

// identitySalt is made for the first credential, or the first address of a person. With
// another one later, an account could come into custody twice, or a person be two: then it
// counts as lost.
func (d *Desk) identitySalt(ctx context.Context) ([]byte, error) {
	v, err := d.Secrets.Read(ctx, IdentityPath)
	if errors.Is(err, ErrNoSecret) && !d.hasIdentities() {
		v, err = makeOnce(ctx, d.Secrets, IdentityPath)
	}
	switch {
	case errors.Is(err, ErrNoSecret):
		return nil, fmt.Errorf("%w: there is no salt at %s", ErrSecretsLost, IdentityPath)
	case err != nil:
		return nil, secretsUnavailable(err)
	case len(v.Value.Bytes()) != sha256.Size:
		return nil, fmt.Errorf("%w: what is at %s is no salt", ErrSecretsLost, IdentityPath)
	}
	return v.Value.Bytes(), nil
}

// hasIdentities says whether the ledger has a digest that was made with the salt.
func (d *Desk) hasIdentities() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for p := range d.state.People() {
		if p.Mailbox != "" {
			return true
		}
	}
	for range d.state.Credentials() {
		return true
	}
	return false
}
