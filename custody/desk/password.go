package desk

import (
	"context"

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
	person, kept, err := d.knows(ctx, by.Actor, in.Current, in.From)
	if err != nil {
		return err
	}
	if err := checkLoginPassword(in.New, person); err != nil {
		err.Field = "new"
		return err
	}
	hash, err := d.hash(ctx, in.New)
	if err != nil {
		return err
	}
	kept.Password = hash
	session := ""
	if !in.Session.IsZero() {
		session = sessionOf(in.Session)
	}
	_, err = d.withAccount(by.Actor, func(version int64) (Outcome, error) {
		return d.doBound(ctx, by, custody.ChangePassword{Session: session, Account: version}, d.keeping(person, version, kept))
	})
	return unlessMoved(err)
}
