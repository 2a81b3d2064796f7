package custody

import (
	"slices"
	"time"
)

// Role is what a person may do beside being a custodian.
type Role string

// The roles. Which of them one person may have together is the policy's (exclusive.go);
// no role overrides a holder.
const (
	Technician Role = "technician"
	Manager    Role = "manager"
	Director   Role = "director"
	Auditor    Role = "auditor"
	Admin      Role = "admin"
)

// Roles lists every role there is.
var Roles = []Role{Technician, Manager, Director, Auditor, Admin}

// System is the actor of what nobody commanded: a lease that ran out, a step of
// a rotation. It is no person and can never sign in.
const System = "system"

// Person is somebody with an account of their own (rules, 2: no shared
// accounts): who they are, how they confirm, and whether they are there.
type Person struct {
	Username string `json:"username"` // canonical: lower case, immutable
	Name     string `json:"name"`
	Email    Note   `json:"email,omitzero"`
	Mailbox  string `json:"mailbox,omitzero"` // keyed digest of where that is; "": nowhere, or not known
	Roles    []Role `json:"roles,omitempty"`  // sorted

	// Former are addresses that another person replaced: messages go there as well for a
	// while, so that nobody is cut off from them unseen.
	Former []FormerEmail `json:"former,omitempty"`

	Mailboxes []FormerMailbox `json:"mailboxes,omitempty"` // that the person gave up not long ago
	Twins     []Twin          `json:"twins,omitempty"`     // accounts that had the same seed of an authenticator, by username

	Disabled bool `json:"disabled,omitzero"`
	Founder  Role `json:"founder,omitzero"` // as which they confirmed the founding; "": they did not

	Tests []time.Time `json:"tests,omitempty"` // of targets, not long ago
	Feed  Feed        `json:"feed,omitzero"`   // of their calendar

	Enrolment
	Admission Admission `json:"admission,omitzero"`
	Recovery  Recovery  `json:"recovery,omitzero"` // a log-in that was asked for on the server's machine
	Presence
	Plans     []Plan    `json:"plans,omitempty"`    // absences that are planned or have begun, the earliest first
	Leaving   Leaving   `json:"leaving,omitzero"`   // the last time that they left, or changed post
	Departure Departure `json:"departure,omitzero"` // when their access is to end
	Keys      KeysOf    `json:"keys,omitzero"`      // as a keyholder of envelopes
	Deputy    Deputy    `json:"deputy,omitzero"`    // who decides in their place while they are away
}

// Is says whether the person has the role.
func (p Person) Is(r Role) bool { return slices.Contains(p.Roles, r) }

// CanConfirm says that the person has access, and an authenticator to confirm with.
func (p Person) CanConfirm() bool { return p.Enrolled && !p.Disabled }

// Present says that the person can act on a server now. Nobody, in a vacant seat, cannot.
func (p Person) Present() bool { return p.Username != "" && !p.Away && !p.Disabled }

// AddPerson opens an account. It takes effect by a proposal; before the founding,
// whoever operates the machine can give it too.
type AddPerson struct {
	Username   string `json:"username"`
	Name       string `json:"name"`
	Email      Note   `json:"email,omitzero"`
	Mailbox    string `json:"mailbox,omitzero"` // keyed digest of where that is, see Person.same
	Roles      []Role `json:"roles"`            // sorted, each once, in a proposal
	TOTPPeriod int    `json:"totp_period"`      // seconds
	Account    int64  `json:"account,omitzero"` // version of the account's secrets, of whom the system adds
}

var (
	_            = action(AddPerson{})
	_ Proposable = AddPerson{}
)

func (AddPerson) Verb() string              { return "person" }
func (a AddPerson) Subject() string         { return a.Username }
func (AddPerson) givers() givers            { return byProposalOrSystem }
func (AddPerson) ofPerson() bool            { return true }
func (a AddPerson) levels(*State) []Role    { return levelsFor(a.Roles) }
func (a AddPerson) parties(*State) []string { return []string{a.Username} }

// levelsFor gives the levels at which it has to be approved that somebody gets roles:
// those that approve, or run the system, take both.
func levelsFor(gained []Role) []Role {
	for _, role := range gained {
		if role == Manager || role == Director || role == Admin {
			return []Role{Manager, Director}
		}
	}
	return []Role{Manager}
}

func (a AddPerson) bare(s *State) Action {
	return AddPerson{Username: s.nameOr(a.Username), Name: absent, Roles: thoseThatAre(a.Roles), TOTPPeriod: 30}
}

func (a AddPerson) differences(now Now) []Difference {
	all := []Difference{{"name", []string{now.Person.Name}, []string{a.Name}}, {"roles", roleNames(now.Person.Roles), roleNames(a.Roles)}}
	if !a.Email.IsZero() {
		all = append(all, Difference{"email", []string{now.Person.Email.String()}, []string{a.Email.String()}})
	}
	return all
}

func roleNames(roles []Role) []string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return names
}

func (a AddPerson) decide(d *decision) error {
	if d.state.Founded() {
		return refuseFounded()
	}
	return a.effect(d, "")
}

func (a AddPerson) effect(d *decision, proposal string) error {
	if err := checkName("username", a.Username); err != nil {
		return err
	}
	if err := CheckText("name", a.Name); err != nil {
		return err
	}
	if err := checkRoles(a.Roles); err != nil {
		return err
	}
	if err := d.state.checkExclusive(a.Roles); err != nil {
		return err
	}
	if _, exists := d.state.Person(a.Username); exists {
		return refuseExists(aPerson)
	}
	if err := checkEmail(a.Email); err != nil {
		return err
	}
	if err := checkMailbox(a.Email, a.Mailbox); err != nil {
		return err
	}
	if a.TOTPPeriod < 1 || a.TOTPPeriod > 300 {
		return Invalid("totp_period", "totp_period")
	}
	if d.command.Actor != System && a.Account != 0 { // nobody brings another's secrets
		return Invalid("account", "account")
	}
	d.happen(PersonAdded{
		Username: a.Username, Name: a.Name, Email: a.Email, Mailbox: a.Mailbox,
		Roles: sortedRoles(a.Roles), TOTPPeriod: a.TOTPPeriod, Account: a.Account, Proposal: proposal,
	})
	return nil
}

// sortedRoles gives roles in order, each once.
func sortedRoles(roles []Role) []Role {
	roles = slices.Clone(roles)
	slices.Sort(roles)
	return slices.Compact(roles)
}

// PersonAdded opened an account.
type PersonAdded struct {
	Username   string `json:"username"`
	Name       string `json:"name"`
	Email      Note   `json:"email"`
	Mailbox    string `json:"mailbox,omitzero"`
	Roles      []Role `json:"roles"`
	TOTPPeriod int    `json:"totp_period"`
	Account    int64  `json:"account,omitzero"`  // version of the account's secrets; 0: it has none yet
	Proposal   string `json:"proposal,omitzero"` // "": by whoever operates the machine
}

var _ = fact(PersonAdded{})

func (PersonAdded) Type() string               { return "person.added" }
func (f PersonAdded) Subject() string          { return f.Username }
func (f PersonAdded) concerns(*State) Concerns { return Concerns{People: []string{f.Username}} }
func (PersonAdded) grade() Grade               { return Ordinary }

func (f PersonAdded) by(s *State, _ Event) Who {
	return s.lastApproverOr(f.Proposal, bySystem())
}

func (f PersonAdded) allowed(s *State, e Event) error {
	if _, exists := s.Person(f.Username); exists {
		return e.violates("I7", "added twice")
	}
	if s.checkExclusive(f.Roles) != nil {
		return e.violates("I10", "added with roles that exclude each other")
	}
	if checkMailbox(f.Email, f.Mailbox) != nil {
		return e.violates("I10", "the mailbox of no address")
	}
	if f.Proposal == "" {
		return s.bySystemBeforeFounding(e)
	}
	if f.Account != 0 {
		return e.violates("I10", "added with a log-in that somebody else made")
	}
	roles := f.Roles
	p, _ := s.Proposal(f.Proposal)
	if asked, is := p.Change.Proposable.(AddPerson); is && slices.Equal(sortedRoles(asked.Roles), roles) { // in whatever order they were asked for
		roles = asked.Roles
	}
	return s.approved(e, f.Proposal, AddPerson{Username: f.Username, Name: f.Name, Email: f.Email, Mailbox: f.Mailbox, Roles: roles, TOTPPeriod: f.TOTPPeriod})
}

func (f PersonAdded) apply(s *State, _ Event) {
	s.people[f.Username] = &Person{
		Username: f.Username, Name: f.Name, Email: f.Email.bare(), Mailbox: f.Mailbox, Roles: f.Roles,
		Enrolment: Enrolment{Number: 1, TOTPPeriod: f.TOTPPeriod, Account: f.Account},
		Admission: s.admission(f.Proposal),
	}
}

func (s *State) editPerson(username string, edit func(*Person)) {
	p, _ := s.Person(username)
	was, number := p.Present(), p.Number
	edit(&p)
	s.people[username] = &p
	if p.Present() != was {
		s.touched.people = append(s.touched.people, username)
		s.expectLeft(s.Partners(username)...)
	}
	if p.Number != number { // what they signed ahead counts no more
		s.expectWaiting(username)
	}
}

// active finds somebody who has access.
func (d *decision) active(username string) (Person, error) {
	p, ok := d.state.Person(username)
	switch {
	case !ok:
		return Person{}, refuseNotFound(aPerson)
	case p.Disabled:
		return Person{}, refuseDisabled(p)
	}
	return p, nil
}

func (d *decision) technician(field, username string) (Person, error) {
	p, ok := d.state.Person(username)
	if !ok || p.Disabled || !p.Is(Technician) {
		return Person{}, Invalid(field, "not_a_technician")
	}
	return p, nil
}
