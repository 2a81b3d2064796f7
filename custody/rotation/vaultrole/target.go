package vaultrole

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

type target struct {
	vault   Vault
	role    string // for errors
	account string
	rotate  string          // path
	creds   string          // path
	probe   rotation.Target // nil: none

	identities []string
}

var _ rotation.Maker = (*target)(nil)

// errMade: only Vault sets the password of a static role.
var errMade = fmt.Errorf("%w: Vault makes this password itself", rotation.ErrDeclined)

// Identities is as rotation.Identified has it.
func (t *target) Identities() []string { return t.identities }

// Fingerprints is as rotation.Pinned has it: what the probe is sent to. Vault knows its own
// server.
func (t *target) Fingerprints() []string { return rotation.Fingerprints(t.probe) }

// Describe is as rotation.Target has it. Vault needs no valid password to make
// another.
func (t *target) Describe() rotation.Description {
	return rotation.Description{Reconciles: true, Unprobed: t.probe == nil}
}

// Verify is as rotation.Target has it.
func (t *target) Verify(ctx context.Context, secret custody.Secret) error {
	if t.probe == nil {
		return errors.New("nothing here can log in")
	}
	return t.probe.Verify(ctx, secret)
}

// Change is never called (rotation.Maker), and changes nothing.
func (t *target) Change(context.Context, custody.Secret, custody.Secret) error { return errMade }

// Reconcile cannot set a given password, and changes nothing: Make repairs.
func (t *target) Reconcile(context.Context, custody.Secret) error { return errMade }

// Make is as rotation.Maker has it.
func (t *target) Make(ctx context.Context) (custody.Secret, error) {
	if _, err := t.read(ctx); err != nil {
		return custody.Secret{}, err
	}
	if _, err := t.vault.Write(ctx, t.rotate, nil); err != nil {
		return custody.Secret{}, t.explain(ctx, err)
	}
	made, err := t.read(ctx)
	if err != nil { // what err is certain of is not what happened: %v
		return custody.Secret{}, fmt.Errorf("the role %s was rotated, and cannot be read: %v", t.role, err)
	}
	return made, nil
}

// read gives the password that Vault made last, if the role is of the account.
func (t *target) read(ctx context.Context) (custody.Secret, error) {
	fields, err := t.vault.Read(ctx, t.creds)
	if err != nil {
		if err = t.explain(ctx, err); !certain(err) { // nothing was asked to change
			err = fmt.Errorf("%w: %w", rotation.ErrUnreachable, err)
		}
		return custody.Secret{}, err
	}
	text := func(name string) string {
		value, _ := fields[name].(string)
		return value
	}
	password := text("password")
	switch {
	case text("username") != t.account && !strings.EqualFold(text("dn"), t.account):
		return custody.Secret{}, fmt.Errorf("%w: the role %s is of another account", rotation.ErrDeclined, t.role)
	case password == "":
		return custody.Secret{}, fmt.Errorf("%w: the role %s has no password", rotation.ErrDeclined, t.role)
	}
	return custody.SecretString(password), nil
}
