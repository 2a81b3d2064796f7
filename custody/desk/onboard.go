package desk

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// CheckedTarget is what the connector of a target says of it.
type CheckedTarget struct {
	Reconciles bool     // it has a second account
	Identities []string // what the account is called however its address is spelled; none: by its kind, account and address as they stand

	Fingerprints []string // what its host is known by; none: that is not pinned
}

// ProposeCredential asks for an account to come under custody. password is what opens it
// now, zero when nobody knows; key is the private key (PEM) that administers its target,
// zero when there is none.
//
// Both come under a path of the request's own first, and are moved once the account is in
// custody: see arriving.go. Should the moving be cut short, the rotation worker goes on
// with it before it begins.
func (d *Desk) ProposeCredential(ctx context.Context, by By, add custody.AddCredential, reason custody.Note, password, key custody.Secret) (Outcome, error) {
	return d.comesIn(ctx, by, add, password, key, func(add custody.AddCredential) custody.Action {
		return custody.Propose{Change: custody.Change{Proposable: add}, Reason: reason}
	})
}

// ReviseCredential asks for an account in an open proposal that asked for it otherwise.
// What came with that one counts no more: it comes again, or nothing does.
func (d *Desk) ReviseCredential(ctx context.Context, by By, proposal string, add custody.AddCredential, reason custody.Note, password, key custody.Secret) (Outcome, error) {
	return d.comesIn(ctx, by, add, password, key, func(add custody.AddCredential) custody.Action {
		return custody.Revise{Proposal: proposal, Change: custody.Change{Proposable: add}, Reason: reason}
	})
}

// AddCredential puts an account under custody at once: for whoever operates the machine,
// before the founding.
func (d *Desk) AddCredential(ctx context.Context, by By, add custody.AddCredential, password, key custody.Secret) (Outcome, error) {
	return d.comesIn(ctx, by, add, password, key, func(add custody.AddCredential) custody.Action { return add })
}

// comesIn completes what is said of an account, keeps what came with it, and gives the
// command.
func (d *Desk) comesIn(ctx context.Context, by By, add custody.AddCredential, password, key custody.Secret, command func(custody.AddCredential) custody.Action) (Outcome, error) {
	if err := d.mayDecide(ctx, custody.AddCredential{}); err != nil {
		return Outcome{}, err
	}
	if err := d.CheckPolicy(add.Policy); err != nil {
		return Outcome{}, err
	}
	target, known := add.Target.Plain()
	if !known {
		return Outcome{}, fmt.Errorf("%w: a target comes in with its texts", custody.ErrNote)
	}
	checked, err := d.CheckTarget(target, key)
	if err != nil {
		return Outcome{}, err
	}
	if err := d.checkPasswords(add.Policy, target); err != nil {
		return Outcome{}, err
	}
	add.Reconciles = checked.Reconciles
	by.Request = cmp.Or(by.Request, rand.Text())
	if add.Target.Identities, err = d.identify(WithRequest(ctx, by.Request), target, checked.Identities); err != nil {
		return Outcome{}, err
	}
	_, used := d.credential(add.Name)
	add.Brings = !password.IsZero() || !key.IsZero() || used
	if !add.Brings {
		return d.Do(ctx, by, command(add))
	}
	return d.doWithSecrets(ctx, by, add.Name, command(add), [2]custody.Secret{password, key})
}

// doWithSecrets gives a command with which secrets of a credential come, and moves them to
// their place, or removes them, as far as that can be done now.
func (d *Desk) doWithSecrets(ctx context.Context, by By, credential string, action custody.Action, secrets [2]custody.Secret) (Outcome, error) {
	outcome, err := d.doBringing(ctx, by, credential, action, secrets)
	// Whoever asked may have gone; what is done for them here is finished all the same.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), moveTimeout)
	defer cancel()
	var undone error
	switch {
	case err == nil && !outcome.Replayed:
		undone = d.Settle(after, credential) // nothing, while others have to approve it
	case err == nil, custody.CodeOf(err) != "", errors.Is(err, ErrKeyReused), errors.Is(err, ErrSecretsUnavailable):
		undone = d.drop(after, by.Request) // it led to nothing
	}
	if undone != nil {
		d.Log.Warn("what came with a credential is not moved or removed yet", "credential", credential, "error", undone)
	}
	return outcome, err
}

func (d *Desk) doBringing(ctx context.Context, by By, credential string, action custody.Action, secrets [2]custody.Secret) (Outcome, error) {
	if err := d.bring(ctx, by.Request, credential, secrets); err != nil {
		return Outcome{}, err
	}
	return d.Do(ctx, by, action)
}

// ChangePolicy gives a credential another policy.
func (d *Desk) ChangePolicy(ctx context.Context, by By, a custody.ChangePolicy) (Outcome, error) {
	if err := d.policyFits(ctx, a); err != nil {
		return Outcome{}, err
	}
	return d.Do(ctx, by, a)
}

// policyFits says whether there is such a policy here, and the target takes its passwords.
func (d *Desk) policyFits(ctx context.Context, a custody.ChangePolicy) error {
	if err := d.CheckPolicy(a.Policy); err != nil {
		return err
	}
	c, is := d.credential(a.Credential)
	if !is {
		return nil
	}
	described, err := known(ctx, d, c.Target)
	if err != nil {
		return err
	}
	target, there := described.Plain()
	if !there {
		return nil
	}
	return d.checkPasswords(a.Policy, target)
}

// ProposePolicy asks for another policy of a credential.
func (d *Desk) ProposePolicy(ctx context.Context, by By, a custody.ChangePolicy, reason custody.Note) (Outcome, error) {
	if err := d.policyFits(ctx, a); err != nil {
		return Outcome{}, err
	}
	return d.Do(ctx, by, custody.Propose{Change: custody.Change{Proposable: a}, Reason: reason})
}

// RevisePolicy asks for another policy in an open proposal of one.
func (d *Desk) RevisePolicy(ctx context.Context, by By, proposal string, a custody.ChangePolicy, reason custody.Note) (Outcome, error) {
	if err := d.policyFits(ctx, a); err != nil {
		return Outcome{}, err
	}
	return d.Do(ctx, by, custody.Revise{Proposal: proposal, Change: custody.Change{Proposable: a}, Reason: reason})
}

func (d *Desk) checkPasswords(p custody.CredentialPolicy, t custody.Target) error {
	if d.CheckPasswords == nil {
		return nil
	}
	return d.CheckPasswords(p.Password, t)
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
