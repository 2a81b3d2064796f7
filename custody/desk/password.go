package desk

import (
	"context"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// PasswordChange is what somebody typed who wants another password to log in with.
type PasswordChange struct {
	Current, New custody.Secret
	Session      custody.Secret // token of the session that stays open; zero: none does
	From         Place
}

// ChangePassword gives the actor another password, and ends their other sessions. A
// wrong current one is counted like a failed log-in: whoever found a session open must
// not have more tries.
func (d *Desk) ChangePassword(ctx context.Context, by By, in PasswordChange) error {
	ctx = WithRequest(ctx, by.Request)
	try, err := d.approach(ctx, by.Actor, in.From)
	if err != nil {
		return err
	}
	person, _ := d.person(by.Actor)
	kept, same, err := d.samePassword(ctx, person, in.Current)
	if err != nil {
		return err
	}
	if !same {
		if err := d.failedSignIn(ctx, try); custody.CodeOf(err) != custody.Unauthenticated {
			return err // locked, or it cannot be said
		}
		return &custody.Refusal{Code: custody.Forbidden, Field: "current", Key: "wrong_password"}
	}
	if err := checkLoginPassword(in.New, person); err != nil {
		err.Field = "new"
		return err
	}
	hash, err := d.hash(ctx, in.New)
	if err != nil {
		return err
	}
	session := ""
	if !in.Session.IsZero() {
		session = sessionOf(in.Session)
	}
	_, err = d.withAccount(by.Actor, func(version int64) (Outcome, error) {
		return d.doBound(ctx, by, custody.ChangePassword{Session: session, Account: version}, bound{
			store: func(ctx context.Context, _ *custody.State) error {
				return d.keepAccount(ctx, by.Actor, version, account{Password: hash, Recovery: kept.Recovery})
			},
		})
	})
	return err
}

// OpenSession is a log-in of somebody that counts now.
type OpenSession struct {
	custody.Session
	Here bool // it is the one that asks
}

// Sessions gives those of a person, the newest first. The token is of the one that asks.
func (d *Desk) Sessions(ctx context.Context, person string, token custody.Secret) ([]OpenSession, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	var open []OpenSession
	for _, s := range slices.Backward(d.state.Sessions(person)) {
		if d.Time().Before(s.Until) {
			open = append(open, OpenSession{s, s.Token == sessionOf(token)})
		}
	}
	return open, nil
}
