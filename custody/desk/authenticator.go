package desk

import (
	"context"
	"errors"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// NewAuthenticator is shown once, to the person whose it is.
type NewAuthenticator struct {
	Username string
	Seed     custody.Secret // base32
	OTPAuth  custody.Secret // the same, as an otpauth URI
	Period   int            // seconds
}

// authenticator gives a seed as its person is shown it.
func (d *Desk) authenticator(person custody.Person, seed custody.Secret) NewAuthenticator {
	return NewAuthenticator{person.Username, seed, totp.URI(d.Origin, person.Username, seed, person.TOTPPeriod), person.TOTPPeriod}
}

// AuthenticatorChange is what somebody typed who wants another authenticator.
type AuthenticatorChange struct {
	Current custody.Secret // password
	From    Place
}

// errMoved: what an account has in the secret store was replaced meanwhile.
var errMoved = errors.New("the secrets of an account were replaced meanwhile")

// ReplaceAuthenticator gives the actor the seed of another authenticator. The one that
// they have, whose code comes with this, counts until the other is proved. It can be
// repeated: the last one is what ProveAuthenticator takes. A wrong password is counted
// like a failed log-in.
func (d *Desk) ReplaceAuthenticator(ctx context.Context, by By, in AuthenticatorChange) (NewAuthenticator, error) {
	ctx = WithRequest(ctx, by.Request)
	person, kept, err := d.knows(ctx, by.Actor, in.Current, in.From)
	if err != nil {
		return NewAuthenticator{}, err
	}
	if err := d.canStoreSeed(ctx); err != nil {
		return NewAuthenticator{}, err
	}
	// One that was proved and could not be moved to its place is kept where the next
	// one goes.
	if err := d.settleSeed(ctx, person, kept); err != nil {
		return NewAuthenticator{}, err
	}
	seed := totp.NewSeed()
	kept.Seed = StoredSeed(person.Number+1, seed).Reveal()
	outcome, err := d.withAccount(by.Actor, func(version int64) (Outcome, error) {
		return d.doBound(ctx, by, custody.ReplaceAuthenticator{Account: version}, d.keeping(person, version, kept))
	})
	if err != nil {
		return NewAuthenticator{}, unlessMoved(err)
	}
	if outcome.Replayed {
		return NewAuthenticator{}, &custody.Refusal{Code: custody.Conflict, Key: "authenticator_shown_once"}
	}
	return d.authenticator(person, seed), nil
}

// ProveAuthenticator takes the first code of that authenticator: from now on it is the
// actor's, and what the one before shows counts no more. It gives new recovery codes,
// which come once. The token is of the session that stays open.
func (d *Desk) ProveAuthenticator(ctx context.Context, by By, token custody.Secret) ([]custody.Secret, error) {
	ctx = WithRequest(ctx, by.Request)
	if err := d.mayDecide(ctx, custody.ProveAuthenticator{}); err != nil {
		return nil, err
	}
	if err := d.catchUpNow(ctx); err != nil {
		return nil, err
	}
	person, _ := d.person(by.Actor)
	kept, _, err := d.account(ctx, person)
	if err != nil {
		return nil, err
	}
	number, seed := readSeed(custody.SecretString(kept.Seed))
	if number != person.Number+1 {
		return nil, custody.RefuseNothingToProve()
	}
	proof := custody.Proof{Given: by.Code != "", Enrolment: number}
	if proof.Given {
		if proof.Steps, err = totp.Match(seed, by.Code, person.TOTPPeriod, int(d.PolicyInForce().Values.TOTPSkew), d.Clock.Now()); err != nil {
			return nil, err
		}
	}
	codes, hashes := newRecoveryCodes(by.Actor)
	kept.Recovery = hashes
	session := ""
	if !token.IsZero() {
		session = sessionOf(token)
	}
	_, err = d.withAccount(by.Actor, func(version int64) (Outcome, error) {
		return d.send(&call{
			ctx: ctx, by: By{Actor: by.Actor, Request: by.Request}, bound: d.keeping(person, version, kept), answer: make(chan answer, 1),
			command: custody.Command{Actor: by.Actor, Request: by.Request, Proof: proof, Action: custody.ProveAuthenticator{Session: session, Account: version}},
		})
	})
	if err != nil {
		return nil, unlessMoved(err)
	}
	// What comes now can be done later: nobody goes without their recovery codes for it.
	d.seeds.forget(by.Actor)
	person, _ = d.person(by.Actor)
	if err := d.settleSeed(ctx, person, kept); err != nil {
		d.Log.WarnContext(ctx, "a new seed stays where it was proved for now", "person", by.Actor, "error", err)
	}
	return codes, nil
}

// settleSeed moves a seed that its person has proved to its place, from where it counts
// as well.
func (d *Desk) settleSeed(ctx context.Context, person custody.Person, kept account) error {
	number, seed := readSeed(custody.SecretString(kept.Seed))
	if number != person.Number {
		return nil
	}
	return d.storeSeed(ctx, person.Username, number, seed)
}

// keeping stores what an account has from a command on, which was made of what it had
// before: not where that was replaced meanwhile.
func (d *Desk) keeping(person custody.Person, version int64, a account) bound {
	return bound{store: func(ctx context.Context, before *custody.State) error {
		if now, _ := before.Person(person.Username); now.Account != person.Account {
			return errMoved
		}
		return d.keepAccount(ctx, person.Username, version, a)
	}}
}

// unlessMoved says that somebody set their log-in up otherwise while a command of theirs
// was on its way.
func unlessMoved(err error) error {
	if errors.Is(err, errMoved) || errors.Is(err, errStale) {
		return custody.RefuseResetMeanwhile()
	}
	return err
}

// knows looks at the password of somebody who is logged in. A wrong one is counted like
// a failed log-in: whoever found a session open must not have more tries.
func (d *Desk) knows(ctx context.Context, username string, password custody.Secret, from Place) (custody.Person, account, error) {
	try, err := d.approach(ctx, username, from)
	if err != nil {
		return custody.Person{}, account{}, err
	}
	person, _ := d.person(username)
	kept, same, err := d.samePassword(ctx, person, password)
	switch {
	case err != nil:
		return custody.Person{}, account{}, err
	case same:
		return person, kept, nil
	}
	if err := d.failedSignIn(ctx, try); custody.CodeOf(err) != custody.Unauthenticated {
		return custody.Person{}, account{}, err // locked, or it cannot be said
	}
	return custody.Person{}, account{}, &custody.Refusal{Code: custody.Forbidden, Field: "current", Key: "wrong_password"}
}
