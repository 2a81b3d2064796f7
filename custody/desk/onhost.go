package desk

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// ResetOnHost is ResetEnrolment for somebody whom nobody else can help, by whoever
// operates the machine: a sole admin who lost everything.
func (d *Desk) ResetOnHost(ctx context.Context, username, request string) (NewLogin, error) {
	return d.enrolAgain(ctx, By{Actor: custody.System, Request: request}, custody.ResetOnHost{Person: username}, username)
}

// FirstLoginAgain gives the first admin, who has never logged in, another log-in.
func (d *Desk) FirstLoginAgain(ctx context.Context, username, request string) (NewLogin, error) {
	person, _ := d.person(username)
	recover := custody.RecoverEnrolment{Person: username, Enrolment: person.Number}
	return d.enrolAgain(ctx, By{Actor: custody.System, Request: request}, recover, username)
}
