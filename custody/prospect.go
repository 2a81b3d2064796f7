package custody

import "slices"

// Prospect is what would become of everything that somebody has to do with passwords if
// they left now.
type Prospect struct {
	Credentials []Passing
	Handovers   []string // that come to nothing
	Proposals   []string // of theirs, that are withdrawn
	Sole        []Role   // that nobody could act in any more
}

// Passing is what becomes of a credential when somebody leaves.
type Passing struct {
	Credential string
	Seat       bool   // they are its custodian, so that a seat becomes vacant
	To         string // who holds it then; "": nobody is there to, and it is parked
	Changes    bool   // they held or know it, so that its password is changed
}

// Prospect says what Disable would do.
func (s *State) Prospect(person string) (p Prospect) {
	d := begin(s, Command{}, s.Time)
	d.leaves(person, "")
	for _, e := range d.events {
		switch f := e.Fact.(type) {
		case SeatVacated:
			c, _ := s.Credential(f.Credential)
			p.Credentials = append(p.Credentials, Passing{c.Name, c.HasCustodian(person), f.Successor, f.Changes})
		case HandoverVoided:
			p.Handovers = append(p.Handovers, f.Handover)
		}
	}
	for _, open := range s.askedBy(person) {
		p.Proposals = append(p.Proposals, open.ID)
	}
	p.Sole = s.soleRoles(person)
	return p
}

// soleRoles gives what would be missing without somebody: who runs the system, and of
// those who approve what two of them can be nobody's.
func (s *State) soleRoles(username string) (roles []Role) {
	person, _ := s.Person(username)
	if person.Is(Admin) && s.soleOf(person, Admin) {
		roles = append(roles, Admin)
	}
	without := s.Fork()
	without.editPerson(username, func(p *Person) { p.Disabled = true })
	for _, role := range without.Lacking() {
		if person.Is(role) && !s.lacks(role) {
			roles = append(roles, role)
		}
	}
	return roles
}

// LooksAtLeavings refuses whoever is none of those who look at what is to be done for
// somebody who left.
func (p Person) LooksAtLeavings() error {
	if p.EndsAccess() || p.Is(Auditor) {
		return nil
	}
	return refuseForbidden(onlyAdminManagerOrDirector)
}

// EndsAccess says whether somebody may take another's access, and say what was done for
// who left.
func (p Person) EndsAccess() bool { return slices.ContainsFunc(accessEnders, p.Is) }
