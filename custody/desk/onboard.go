package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// CheckedTarget is what the connector of a target says of it.
type CheckedTarget struct {
	Reconciles bool     // it has a second account
	Identities []string // see custody.Target
}

// AddCredential puts an account under custody. password is what opens it now,
// zero when nobody knows; key is the private key (PEM) that administers its
// target, zero when there is none.
//
// Both are stored right before the entry is committed, because the rotation
// starts from the entry: a refused command stores nothing over what another one,
// of whichever replica, has put under custody.
func (d *Desk) AddCredential(ctx context.Context, by By, add custody.AddCredential, password, key custody.Secret) (Outcome, error) {
	if err := d.mayDecide(ctx, custody.AddCredential{}); err != nil {
		return Outcome{}, err
	}
	if err := d.CheckPolicy(add.Policy); err != nil {
		return Outcome{}, err
	}
	checked, err := d.CheckTarget(add.Target, key)
	if err != nil {
		return Outcome{}, err
	}
	add.Reconciles, add.Target.Identities = checked.Reconciles, checked.Identities
	labels := map[string]string{"credential": add.Name}
	return d.doBound(ctx, by, add, bound{store: func(ctx context.Context, _ *custody.State) error {
		for path, value := range map[string]custody.Secret{KeyPath(add.Name): key, CredentialPath(add.Name): password} {
			if value.IsZero() { // nor is there one left of an earlier try
				if err := d.Secrets.Delete(ctx, path); err != nil {
					return err
				}
				continue
			}
			if err := d.replace(ctx, path, value, labels); err != nil {
				return err
			}
		}
		return nil
	}})
}

// ChangePolicy gives a credential another policy.
func (d *Desk) ChangePolicy(ctx context.Context, by By, a custody.ChangePolicy) (Outcome, error) {
	if err := d.CheckPolicy(a.Policy); err != nil {
		return Outcome{}, err
	}
	return d.Do(ctx, by, a)
}

// replace writes a secret whatever version is there.
func (d *Desk) replace(ctx context.Context, path string, value custody.Secret, labels map[string]string) error {
	current, err := d.Secrets.Read(ctx, path)
	if err != nil && !errors.Is(err, ErrNoSecret) {
		return err
	}
	if _, err := d.Secrets.Write(ctx, path, value, current.Version, labels); err != nil {
		return fmt.Errorf("store a secret: %w", err)
	}
	return nil
}
