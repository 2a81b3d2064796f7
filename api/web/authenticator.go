package web

import (
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func (p *Pages) authenticatorForm(v *visit) error { return v.render("authenticator", nil) }

// replaceAuthenticator shows the seed of another authenticator, once. The visitor's own
// counts until they have proved it.
func (p *Pages) replaceAuthenticator(v *visit) error {
	shown, err := p.Desk.ReplaceAuthenticator(v.r.Context(), v.by(custody.ReplaceAuthenticator{}), desk.AuthenticatorChange{
		Current: custody.SecretString(v.field("current")), From: v.place(),
	})
	if err != nil {
		return v.again(err, p.authenticatorForm)
	}
	drawn, err := v.authenticator(shown)
	if err != nil {
		return err
	}
	return v.render("authenticator_prove", drawn)
}

// proveNewForm asks for the code again: who got as far as this has the authenticator.
func (p *Pages) proveNewForm(v *visit) error { return v.render("authenticator_prove", authenticator{}) }

func (p *Pages) proveNew(v *visit) error {
	codes, err := p.proved(v)
	if err != nil {
		return v.again(err, p.proveNewForm)
	}
	return v.showRecoveryCodes(v.Person, codes, "/preferences?done=authenticator_replaced")
}
