package desk

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// ResetOnHost is ResetEnrolment for somebody whom nobody else can help, by whoever
// operates the machine: a sole admin who lost everything.
func (d *Desk) ResetOnHost(ctx context.Context, username, request string) (NewLogin, error) {
	return d.enrol(ctx, By{Actor: custody.System, Request: request}, username, func(version int64) custody.Action {
		return custody.ResetOnHost{Person: username, Account: version}
	})
}

// FirstLoginAgain gives the first admin, who has never logged in, another log-in.
func (d *Desk) FirstLoginAgain(ctx context.Context, username, request string) (NewLogin, error) {
	person, _ := d.person(username)
	return d.enrol(ctx, By{Actor: custody.System, Request: request}, username, func(version int64) custody.Action {
		return custody.RecoverEnrolment{Person: username, Enrolment: person.Number, Account: version}
	})
}
