package desk

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// ResetOnHost is ResetEnrolment for somebody whom nobody else can help, by whoever
// operates the machine: a sole admin who lost everything, three days after it was asked
// for (RecoverOnHost); anybody before the founding.
func (d *Desk) ResetOnHost(ctx context.Context, username, request string) (NewLogin, error) {
	return d.enrol(ctx, By{Actor: custody.System, Request: request}, username, custody.Secret{}, func(version int64) custody.Action {
		return custody.ResetOnHost{Person: username, Account: version}
	})
}

// RecoverOnHost asks for another log-in of a sole admin, and gives it once everybody had
// notice. While it is only asked for, the log-in is the zero one.
func (d *Desk) RecoverOnHost(ctx context.Context, username, request string) (NewLogin, custody.Recovery, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return NewLogin{}, custody.Recovery{}, err
	}
	d.mu.RLock()
	waits := d.state.WaitsForRecovery(username, d.Clock.Now())
	d.mu.RUnlock()
	if waits {
		if _, err := d.Do(ctx, By{Actor: custody.System, Request: request}, custody.SeekRecovery{Person: username}); err != nil {
			return NewLogin{}, custody.Recovery{}, err
		}
		person, _ := d.person(username)
		return NewLogin{}, person.Recovery, nil
	}
	login, err := d.ResetOnHost(ctx, username, request)
	return login, custody.Recovery{}, err
}

// FirstAdmin adds the first person of an installation, who sits at the machine, with the
// password that they chose there; the zero one makes one.
func (d *Desk) FirstAdmin(ctx context.Context, a custody.AddPerson, password custody.Secret, request string) (NewLogin, error) {
	a.Name = custody.OneLine(a.Name)
	if err := d.checkChosen(password, custody.Person{Username: a.Username, Name: a.Name}); err != nil {
		return NewLogin{}, err
	}
	return d.enrol(ctx, By{Actor: custody.System, Request: request}, a.Username, password, func(version int64) custody.Action {
		a.Account = version
		return a
	})
}

// FirstLoginAgain gives the first admin, who has never logged in, another log-in.
func (d *Desk) FirstLoginAgain(ctx context.Context, username string, password custody.Secret, request string) (NewLogin, error) {
	person, _ := d.person(username)
	if err := d.checkChosen(password, person); err != nil {
		return NewLogin{}, err
	}
	return d.enrol(ctx, By{Actor: custody.System, Request: request}, username, password, func(version int64) custody.Action {
		return custody.RecoverEnrolment{Person: username, Enrolment: person.Number, Account: version}
	})
}

// checkChosen looks at a password that somebody chose; the zero one is none.
func (d *Desk) checkChosen(password custody.Secret, person custody.Person) error {
	if password.IsZero() {
		return nil
	}
	if err := checkLoginPassword(password, person); err != nil {
		return err
	}
	return nil
}
