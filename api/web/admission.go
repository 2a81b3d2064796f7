package web

import (
	"net/http"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// admissionPage is for somebody who came with a link to set up their log-in: first the
// release code and a password of their own, then an authenticator and its first code.
type admissionPage struct {
	Token         string
	Void          bool // the link does not count
	authenticator      // zero: not opened yet, or shown before
}

func (p *Pages) admission(v *visit) error {
	return v.render("admission", admissionPage{Token: v.r.PathValue("token")})
}

func (p *Pages) openLink(v *visit) error {
	if err := v.PaceSignIn(); err != nil {
		return v.again(err, p.admission)
	}
	v.Verb = custody.OpenLink{}.Verb()
	if v.field("password") != v.field("password_again") {
		return v.again(custody.Invalid("password_again", "passwords_differ"), p.admission)
	}
	opened, err := p.Desk.OpenLink(v.r.Context(), desk.SetUp{
		Token: custody.SecretString(v.r.PathValue("token")), Code: custody.SecretString(v.field("release_code")),
		Password: custody.SecretString(v.field("password")), Request: v.ID,
	})
	if err != nil {
		return v.linkAgain(err, p.admission)
	}
	shown := admissionPage{Token: v.r.PathValue("token")}
	v.leaves = leaves{v.Idle(), "/activation/" + shown.Token} // nobody is logged in whom it could follow
	if shown.authenticator, err = v.authenticator(opened); err != nil {
		return err
	}
	return v.render("admission_prove", shown)
}

// prove asks for the code again: who got as far as this has the authenticator.
func (p *Pages) proveForm(v *visit) error {
	return v.render("admission_prove", admissionPage{Token: v.r.PathValue("token")})
}

func (p *Pages) join(v *visit) error {
	if err := v.PaceSignIn(); err != nil {
		return v.again(err, p.proveForm)
	}
	v.Verb = custody.Join{}.Verb()
	username, codes, err := p.Desk.Join(v.r.Context(), custody.SecretString(v.r.PathValue("token")), v.code(), v.ID)
	if err != nil {
		return v.linkAgain(err, p.proveForm)
	}
	person, err := v.Queries.Person(v.r.Context(), username)
	if err != nil {
		return err
	}
	return v.showRecoveryCodes(person, codes, "/login?as="+username) // nobody is logged in yet
}

// linkAgain shows the page with what was refused; for a link that does not count there is
// nothing to type again, and nobody to log in.
func (v *visit) linkAgain(err error, page handler) error {
	if !isRefusal(err, custody.Unauthenticated) {
		return v.again(err, page)
	}
	v.Err, v.status = err, http.StatusUnauthorized
	return v.render("admission", admissionPage{Void: true})
}

// releasePage is for whoever reads a release code to somebody.
type releasePage struct {
	Person custody.Person
	Code   string // "": the visitor does not read it, or there is no link
}

func (p *Pages) release(v *visit) (err error) {
	var shown releasePage
	if shown.Person, err = v.Queries.Person(v.r.Context(), v.r.PathValue("username")); err != nil {
		return err
	}
	code, _, err := p.Desk.ReleaseCode(v.r.Context(), v.Person.Username, shown.Person.Username)
	if err != nil {
		return err
	}
	shown.Code = code.Reveal()
	return v.render("release", shown)
}

type foundingPage struct {
	desk.Founding
	Key  string // of the ledger
	Asks bool   // the visitor can confirm it
}

func (p *Pages) founding(v *visit) (err error) {
	var shown foundingPage
	if shown.Founding, err = p.Desk.Founding(v.r.Context()); err != nil {
		return err
	}
	if shown.Key, err = p.Desk.LedgerKey(v.r.Context()); err != nil {
		return err
	}
	shown.Asks = !shown.Founded && v.Person.Founder == "" && (v.Person.Is(custody.Manager) || v.Person.Is(custody.Director))
	return v.render("founding", shown)
}

func (p *Pages) confirmFounding(v *visit) error {
	if _, err := v.do(custody.ConfirmFounding{Digest: v.field("digest")}); err != nil {
		return v.again(err, p.founding)
	}
	return v.redirect("/founding", "founded")
}
