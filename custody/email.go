package custody

import (
	"net/mail"
	"slices"
	"time"
)

// ChangeEmail says where messages to a person go from now on; "": nowhere. Their own a
// person changes with a code; another's takes effect by a proposal, as whoever reads
// somebody's messages can keep from them what is done in their name.
type ChangeEmail struct {
	Person string `json:"person"`
	Email  Note   `json:"email,omitzero"`
	// Mailbox is the keyed digest of where that is, see Person.same.
	Mailbox string `json:"mailbox,omitzero"`
}

var (
	_            = action(ChangeEmail{})
	_ Proposable = ChangeEmail{}
)

func (ChangeEmail) Verb() string              { return "change_email" }
func (a ChangeEmail) Subject() string         { return a.Person }
func (ChangeEmail) givers() givers            { return people }
func (ChangeEmail) ofPerson() bool            { return true }
func (ChangeEmail) levels(*State) []Role      { return []Role{Manager} }
func (a ChangeEmail) parties(*State) []string { return []string{a.Person} }

// bare is refused where the command was, and nowhere else: an address that is there
// already stays the same, and any other another one, also where there is none.
func (a ChangeEmail) bare(s *State) Action {
	person, _ := s.Person(a.Person)
	bare := ChangeEmail{Person: s.nameOr(a.Person), Email: absentNote}
	if a.Email.Same(person.Email) {
		bare.Email, bare.Mailbox = person.Email, person.Mailbox
	}
	return bare
}

func (a ChangeEmail) differences(now Now) []Difference {
	return []Difference{{"email", []string{now.Person.Email.String()}, []string{a.Email.String()}}}
}

func (a ChangeEmail) decide(d *decision) error {
	if d.actor.Username != a.Person {
		return refuseApprovalNeeded()
	}
	if err := a.check(); err != nil {
		return err
	}
	if d.actor.Email.Same(a.Email) {
		return nil
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(EmailChanged{Person: a.Person, Email: a.Email, Mailbox: a.Mailbox, Before: d.actor.Email})
	return nil
}

func (a ChangeEmail) effect(d *decision, proposal string) error {
	person, ok := d.state.Person(a.Person)
	if !ok {
		return refuseNotFound(aPerson)
	}
	if err := a.check(); err != nil {
		return err
	}
	if person.Email.Same(a.Email) {
		return refuseSameEmail(person)
	}
	d.happen(EmailChanged{Person: a.Person, Email: a.Email, Mailbox: a.Mailbox, Before: person.Email, Proposal: proposal})
	return nil
}

func (a ChangeEmail) check() error {
	if err := checkEmail(a.Email); err != nil {
		return err
	}
	if err := checkMailbox(a.Email, a.Mailbox); err != nil {
		return err
	}
	return nil
}

func refuseSameEmail(p Person) *Refusal {
	return &Refusal{Code: Conflict, Field: "email", Key: "same_email", Args: Args{"person": p.Username}}
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
	Person   string `json:"person"`
	Email    Note   `json:"email"`
	Mailbox  string `json:"mailbox,omitzero"`
	Before   Note   `json:"before"`
	Proposal string `json:"proposal,omitzero"` // "": it is the person's own change
}

var _ = fact(EmailChanged{})

func (EmailChanged) Type() string               { return "person.email_changed" }
func (f EmailChanged) Subject() string          { return f.Person }
func (f EmailChanged) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (EmailChanged) grade() Grade               { return Ordinary }

func (f EmailChanged) by(s *State, _ Event) Who {
	return s.lastApproverOr(f.Proposal, byPerson(f.Person).confirmed())
}

func (f EmailChanged) allowed(s *State, e Event) error {
	if checkMailbox(f.Email, f.Mailbox) != nil {
		return e.violates("I10", "the mailbox of no address")
	}
	if f.Proposal != "" {
		return s.approved(e, f.Proposal, ChangeEmail{f.Person, f.Email, f.Mailbox})
	}
	return e.aboutSomebody(s)
}

// formerFor is for how long what goes to somebody goes to their old address as well, after
// somebody else gave them another.
const formerFor = 7 * 24 * time.Hour

// FormerEmail is where somebody read messages before another person changed that.
type FormerEmail struct {
	Email Note      `json:"email"`
	Until time.Time `json:"until"` // messages go there, too, before this instant
}

// FormerEmails gives where messages to somebody go beside their address.
func (p Person) FormerEmails(now time.Time) (notes []Note) {
	for _, f := range p.Former {
		if now.Before(f.Until) {
			notes = append(notes, f.Email)
		}
	}
	return notes
}

func (f EmailChanged) apply(s *State, e Event) {
	s.editPerson(f.Person, func(p *Person) {
		was := p.Mailbox
		p.Email, p.Mailbox = f.Email.bare(), f.Mailbox
		p.Former = slices.DeleteFunc(slices.Clone(p.Former), func(o FormerEmail) bool { return !e.Time.Before(o.Until) })
		if e.Actor != f.Person && !f.Before.IsZero() {
			p.Former = append(p.Former, FormerEmail{f.Before.bare(), e.Time.Add(formerFor)})
		}
		if len(p.Former) == 0 { // as a table gives it back
			p.Former = nil
		}
		if e.Actor == f.Person {
			p.leaveMailbox(was, e.Time)
		}
	})
}
