package web

import (
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// unlockForm asks for the code of an admin or a manager.
func (p *Pages) unlockForm(v *visit) error {
	person, err := v.Queries.Person(v.r.Context(), v.r.PathValue("username"))
	if err != nil {
		return err
	}
	return v.render("person_unlock", personPage{Person: person})
}

func (p *Pages) unlock(v *visit) error {
	action := custody.Unlock{Person: v.r.PathValue("username")}
	if _, err := p.Desk.Unlock(v.r.Context(), v.by(action), action); err != nil {
		return v.again(err, p.unlockForm)
	}
	return v.redirect("/people", "unlocked")
}

type emailPage struct {
	Person custody.Person
	Email  string // as it is, or as it was typed and refused
	To     string // address that the form is sent to
	Other  bool   // it is proposed: somebody else's
}

// emailForm is for one's own address, and for asking for another of somebody else.
func (p *Pages) emailForm(v *visit) error {
	shown := emailPage{Person: v.Person, To: v.r.URL.EscapedPath()}
	if username := v.r.PathValue("username"); username != "" {
		var err error
		if shown.Person, err = v.Queries.Person(v.r.Context(), username); err != nil {
			return err
		}
		shown.Other = username != v.Person.Username
	}
	shown.Email = shown.Person.Email.In("")
	if v.problem != nil || v.sent != nil { // refused, or a proposal that is revised
		shown.Email = v.field("email")
	}
	return v.render("person_email", shown)
}

func (p *Pages) changeEmail(v *visit) error {
	username, back := v.Person.Username, "/preferences"
	if other := v.r.PathValue("username"); other != "" {
		username, back = other, "/people"
	}
	action := custody.ChangeEmail{Person: username, Email: desk.NewNote(v.field("email"))}
	if username != v.Person.Username {
		reason := desk.NewNote(v.field("reason"))
		if id := v.field(reviseField); id != "" {
			outcome, err := v.Desk.ReviseEmail(v.r.Context(), v.by(custody.Revise{}), id, action, reason)
			return v.revised(outcome, err, p.emailForm)
		}
		asked := custody.Propose{Change: custody.Change{Proposable: action}, Reason: reason}
		outcome, err := v.Desk.ProposeEmail(v.r.Context(), v.by(asked), action, reason)
		return p.proposed(v, outcome, err, p.emailForm)
	}
	if _, err := v.Desk.ChangeEmail(v.r.Context(), v.by(action), action); err != nil {
		return v.again(err, p.emailForm)
	}
	return v.redirect(back, "email_changed")
}
