package web

import (
	"html/template"
	"net/url"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// authenticator is a new TOTP seed, to scan or to type. It is shown once.
type authenticator struct {
	QR   template.HTML
	Seed string // in groups of four
}

func (v *visit) authenticator(a desk.NewAuthenticator) (authenticator, error) {
	label, err := say(v.lang, "authenticator.qr")
	if err != nil {
		return authenticator{}, err
	}
	drawn, err := drawQR(a.OTPAuth.Reveal(), label)
	return authenticator{QR: drawn, Seed: inFours(a.Seed.Reveal())}, err
}

// inFours makes a seed easier to type; authenticators take the spaces.
func inFours(seed string) string {
	var out []byte
	for i := range len(seed) {
		if i > 0 && i%4 == 0 {
			out = append(out, ' ')
		}
		out = append(out, seed[i])
	}
	return string(out)
}

// recoveryCodesPage follows the log-in that proved an authenticator.
type recoveryCodesPage struct {
	Person custody.Person
	Codes  []string
	Next   string // address to go on to
}

// showRecoveryCodes shows them once, in the answer to that log-in.
func (v *visit) showRecoveryCodes(person custody.Person, codes []custody.Secret, next string) error {
	shown := recoveryCodesPage{Person: person, Next: next}
	for _, code := range codes {
		shown.Codes = append(shown.Codes, code.Reveal())
	}
	var err error
	if v.size, err = v.Ledger.Size(v.r.Context()); err != nil {
		return err
	}
	return v.render("recovery_codes", shown)
}

type recoveryForm struct{ Username string }

// recovery is for somebody whose telephone is lost.
func (p *Pages) recovery(v *visit) error {
	return v.render("recovery", recoveryForm{Username: v.field("username")})
}

type recoveredPage struct {
	Username string
	authenticator
}

// recover shows a new seed. It opens no session: the log-in that follows proves
// the seed.
func (p *Pages) recover(v *visit) error {
	if err := v.PaceSignIn(); err != nil {
		return v.again(err, p.recovery)
	}
	v.Verb = custody.RecoverEnrolment{}.Verb()
	opened, err := p.replaced(v, desk.RecoverRequest{
		Username: v.field("username"), Password: custody.SecretString(v.field("password")),
		Code: custody.SecretString(v.field("recovery_code")), Request: v.ID, From: v.place(),
	})
	if err != nil {
		return v.again(err, p.recovery)
	}
	// Whoever is logged in here is so no more: a recovery ends all sessions.
	v.Person, v.Token = custody.Person{}, custody.Secret{}
	v.clearCookie(sessionCookie)
	shown := recoveredPage{Username: desk.Username(v.field("username"))}
	v.leaves = leaves{v.Idle(), "/login?as=" + url.QueryEscape(shown.Username)} // nobody is logged in whom it could follow
	if shown.authenticator, err = v.authenticator(opened); err != nil {
		return err
	}
	return v.render("recovered", shown)
}
