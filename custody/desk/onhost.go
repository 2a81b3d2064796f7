package desk

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// ResetOnHost is ResetEnrolment for somebody whom nobody else can help, by whoever
// operates the machine.
func (d *Desk) ResetOnHost(ctx context.Context, username, request string) (NewLogin, error) {
	if err := d.canStoreSeed(ctx, request); err != nil {
		return NewLogin{}, err
	}
	seed := totp.NewSeed()
	in := Intent{Actor: custody.System, Request: request, Action: custody.RecoverEnrolment{Person: username}}
	outcome, err := d.doBound(ctx, in, bound{
		store: func(ctx context.Context) error { return d.replaceSeed(ctx, username, seed) },
	})
	if err != nil {
		return NewLogin{}, err
	}
	person, _ := d.person(username)
	return d.newLogin(WithRequest(ctx, request), outcome, username, totp.URI(d.Origin, username, seed, person.TOTPPeriod))
}
