package desk

import (
	"cmp"
	"context"
	"crypto/rand"
	"maps"

	"github.com/tandem-custody/tandem/custody"
)

// Retargeting is how somebody wants an account in custody to be reached.
type Retargeting struct {
	Credential string
	Address    string            // "": as it is
	Settings   map[string]string // each in the place of the one that there is; "": that is taken out

	// What opens the account now, and what its second account logs in with; zero: what
	// Tandem has of it stays.
	Password, Key custody.Secret
}

// ProposeRetargeting asks for an account to be reached in another way. Whoever may not know
// how it is reached says all of it.
func (d *Desk) ProposeRetargeting(ctx context.Context, by By, r Retargeting, reason custody.Note) (Outcome, error) {
	return d.retargets(ctx, by, r, func(a custody.Retarget) custody.Action {
		return custody.Propose{Change: custody.Change{Proposable: a}, Reason: reason}
	})
}

// ReviseRetargeting asks for another way in an open proposal that asked for one. A password
// or key that came with that one counts no more: it comes again, or none does.
func (d *Desk) ReviseRetargeting(ctx context.Context, by By, proposal string, r Retargeting, reason custody.Note) (Outcome, error) {
	return d.retargets(ctx, by, r, func(a custody.Retarget) custody.Action {
		return custody.Revise{Proposal: proposal, Change: custody.Change{Proposable: a}, Reason: reason}
	})
}

// retargets completes what is said of another way, keeps what came with it, and gives the
// command.
func (d *Desk) retargets(ctx context.Context, by By, r Retargeting, command func(custody.Retarget) custody.Action) (Outcome, error) {
	if err := d.mayDecide(ctx, custody.Retarget{}); err != nil {
		return Outcome{}, err
	}
	a := custody.Retarget{Credential: r.Credential, Password: !r.Password.IsZero(), Key: !r.Key.IsZero()}
	c, err := d.Credential(ctx, r.Credential)
	if err != nil {
		return Outcome{}, err
	}
	if !c.Active() { // which the rules say
		return d.Do(ctx, by, command(a))
	}
	target, err := d.reached(c, by.Actor, r)
	if err != nil {
		return Outcome{}, err
	}
	checked, err := d.checkReached(c, target, r.Key)
	if err != nil {
		return Outcome{}, err
	}
	if err := d.checkPasswords(c.Policy, target); err != nil {
		return Outcome{}, err
	}
	bare, _ := d.credential(r.Credential)
	a.Target, a.Reconciles, a.Pinned = keeping(bare.Target, c.Target, target), checked.Reconciles, len(checked.Fingerprints) > 0
	by.Request = cmp.Or(by.Request, rand.Text())
	if a.Target.Identities, err = d.identify(WithRequest(ctx, by.Request), target, checked.Identities); err != nil {
		return Outcome{}, err
	}
	if !a.Password && !a.Key {
		return d.Do(ctx, by, command(a))
	}
	return d.doWithSecrets(ctx, by, r.Credential, command(a), [2]custody.Secret{r.Password, r.Key})
}

// reached gives the whole target that somebody wants: of what they did not say, that which
// they know.
func (d *Desk) reached(c custody.Credential, username string, r Retargeting) (custody.Target, error) {
	account, there := c.Target.Account.Words()
	if !there {
		return custody.Target{}, custody.RefuseAccountUnknown(c)
	}
	target := custody.Target{Kind: c.Target.Kind, Account: account.Text, Address: r.Address, Settings: map[string]string{}}
	viewer, _ := d.person(username)
	if knows := viewer.SightOfCredential(c) == custody.SeesAll; knows {
		address, _ := c.Target.Address.Words()
		target.Address = cmp.Or(r.Address, address.Text)
		for name, n := range c.Target.Settings {
			if w, there := n.Words(); there {
				target.Settings[name] = w.Text
			}
		}
	}
	if target.Address == "" {
		return custody.Target{}, custody.Invalid("target.address", "address_needed")
	}
	maps.Copy(target.Settings, r.Settings)
	maps.DeleteFunc(target.Settings, func(_, value string) bool { return value == "" })
	return target, nil
}

// checkReached is CheckTarget of an account in custody. What its second account logs in
// with need not be read for that, where it stays.
func (d *Desk) checkReached(c custody.Credential, t custody.Target, key custody.Secret) (CheckedTarget, error) {
	if !key.IsZero() || !c.Reconciles || d.StandIn == nil {
		return d.CheckTarget(t, key)
	}
	checked, err := d.CheckTarget(t, d.StandIn(t.Kind))
	if err == nil {
		return checked, nil
	}
	if without, wrong := d.CheckTarget(t, custody.Secret{}); wrong == nil { // it has no second account any more
		return without, nil
	}
	return CheckedTarget{}, err
}

// keeping commits to a target. A text that stays keeps its commitment: with another salt it
// would be another one, and a change in the ledger that is none. bare is what the state
// has, was the same with its texts.
func keeping(bare, was custody.TargetNotes, t custody.Target) custody.TargetNotes {
	n := NewTarget(t)
	n.Account = bare.Account
	if w, there := was.Address.Words(); there && w.Text == t.Address {
		n.Address = bare.Address
	}
	for name, value := range t.Settings {
		if w, there := was.Settings[name].Words(); there && w.Text == value {
			n.Settings[name] = bare.Settings[name]
		}
	}
	return n
}

// FingerprintsOf gives what the host of an account is known by, for people to compare; none
// where that is not pinned, or where its texts are not there.
func (d *Desk) FingerprintsOf(c custody.Credential) []string {
	target, there := c.Target.Plain()
	if !there || d.Fingerprints == nil {
		return nil
	}
	return d.Fingerprints(target)
}
