package custody

import "net/mail"

// ChangeEmail says where messages to a person go from now on; "": nowhere. By the
// person or an admin, with a code.
type ChangeEmail struct {
	Person string `json:"person"`
	Email  Note   `json:"email,omitzero"`
}

var _ = action(ChangeEmail{})

func (ChangeEmail) Verb() string      { return "change_email" }
func (a ChangeEmail) Subject() string { return a.Person }
func (ChangeEmail) givers() givers    { return people }

func (a ChangeEmail) bare(s *State) Action { return ChangeEmail{Person: s.nameOr(a.Person)} }

func (a ChangeEmail) decide(d *decision) error {
	if d.actor.Username != a.Person && !d.actor.Is(Admin) {
		return refuseForbidden(onlyPersonOrAdmin)
	}
	person, ok := d.state.Person(a.Person)
	if !ok {
		return refuseNotFound(aPerson)
	}
	if err := checkEmail(a.Email); err != nil {
		return err
	}
	if person.Email.Same(a.Email) {
		return nil
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(EmailChanged{Person: a.Person, Email: a.Email, Before: person.Email})
	return nil
}

// checkEmail accepts none too: a person without an address is told nothing.
func checkEmail(n Note) *Refusal {
	w, known := n.Words()
	if !known {
		return nil
	}
	email := w.Text
	if addr, err := mail.ParseAddress(email); err != nil || addr.Address != email || len(email) > maxEmail {
		return Invalid("email", "not_an_email")
	}
	return nil
}

// EmailChanged: messages go to Email from now on, and went to Before.
type EmailChanged struct {
	Person string `json:"person"`
	Email  Note   `json:"email"`
	Before Note   `json:"before"`
}

var _ = fact(EmailChanged{})

func (EmailChanged) Type() string               { return "person.email_changed" }
func (f EmailChanged) Subject() string          { return f.Person }
func (f EmailChanged) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (EmailChanged) grade() Grade               { return Ordinary }

func (f EmailChanged) by(*State, Event) Who { return byRole(Admin).orPerson(f.Person).confirmed() }

func (f EmailChanged) allowed(s *State, e Event) error { return e.aboutSomebody(s) }

func (f EmailChanged) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Email = f.Email.bare() })
}
