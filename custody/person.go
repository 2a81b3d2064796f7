package custody

import "slices"

// Role is what a person may do beside being a custodian.
type Role string

// The roles. An auditor has no other role; no role overrides a holder.
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
	Roles    []Role `json:"roles,omitempty"` // sorted
	Disabled bool   `json:"disabled,omitzero"`

	Enrolment
	Presence
}

// Is says whether the person has the role.
func (p Person) Is(r Role) bool { return slices.Contains(p.Roles, r) }

// Present says that the person can act on a server now.
func (p Person) Present() bool { return !p.Away && !p.Disabled }

// AddPerson opens an account.
type AddPerson struct {
	Username   string `json:"username"`
	Name       string `json:"name"`
	Email      Note   `json:"email,omitzero"`
	Roles      []Role `json:"roles"`
	TOTPPeriod int    `json:"totp_period"`      // seconds
	Account    int64  `json:"account,omitzero"` // version of the account's secrets
}

var _ = action(AddPerson{})

func (AddPerson) Verb() string      { return "add_person" }
func (a AddPerson) Subject() string { return a.Username }
func (AddPerson) givers() givers    { return peopleAndSystem } // the first one is added by whoever sets an installation up

func (a AddPerson) bare(s *State) Action {
	return AddPerson{Username: s.nameOr(a.Username), Name: absent, Roles: []Role{Technician}, TOTPPeriod: 30}
}

func (a AddPerson) decide(d *decision) error {
	if err := d.onlyAdmin(); err != nil {
		return err
	}
	if err := checkName("username", a.Username); err != nil {
		return err
	}
	if err := CheckText("name", a.Name); err != nil {
		return err
	}
	if err := checkRoles(a.Roles); err != nil {
		return err
	}
	if _, exists := d.state.Person(a.Username); exists {
		return refuseExists(aPerson)
	}
	if err := checkEmail(a.Email); err != nil {
		return err
	}
	if a.TOTPPeriod < 1 || a.TOTPPeriod > 300 {
		return Invalid("totp_period", "totp_period")
	}
	roles := slices.Clone(a.Roles)
	slices.Sort(roles)
	d.happen(PersonAdded{
		Username: a.Username, Name: a.Name, Email: a.Email,
		Roles: slices.Compact(roles), TOTPPeriod: a.TOTPPeriod, Account: a.Account,
	})
	return nil
}

// PersonAdded opened an account.
type PersonAdded struct {
	Username   string `json:"username"`
	Name       string `json:"name"`
	Email      Note   `json:"email"`
	Roles      []Role `json:"roles"`
	TOTPPeriod int    `json:"totp_period"`
	Account    int64  `json:"account,omitzero"` // version of the account's secrets
}

var _ = fact(PersonAdded{})

func (PersonAdded) Type() string               { return "person.added" }
func (f PersonAdded) Subject() string          { return f.Username }
func (f PersonAdded) concerns(*State) Concerns { return Concerns{People: []string{f.Username}} }
func (PersonAdded) grade() Grade               { return Ordinary }
func (PersonAdded) by(*State, Event) Who       { return byRole(Admin).orSystem() }

func (f PersonAdded) allowed(s *State, e Event) error {
	if _, exists := s.Person(f.Username); exists {
		return e.violates("I7", "added twice")
	}
	return nil
}

func (f PersonAdded) apply(s *State, _ Event) {
	s.people[f.Username] = Person{
		Username: f.Username, Name: f.Name, Email: f.Email.bare(), Roles: f.Roles,
		Enrolment: Enrolment{Number: 1, TOTPPeriod: f.TOTPPeriod, Account: f.Account},
	}
}

func (s *State) editPerson(username string, edit func(*Person)) {
	p, _ := s.Person(username)
	was := p.Present()
	edit(&p)
	s.people[username] = p
	if p.Present() != was {
		s.touched.people = append(s.touched.people, username)
	}
}

func (d *decision) technician(field, username string) (Person, error) {
	p, ok := d.state.Person(username)
	if !ok || p.Disabled || !p.Is(Technician) {
		return Person{}, Invalid(field, "not_a_technician")
	}
	return p, nil
}
