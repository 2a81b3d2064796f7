package custody

import "slices"

// Prospect is what would become of everything that somebody has to do with passwords if
// they left now.
type Prospect struct {
	Credentials []Passing
	Handovers   []string // that come to nothing
	Proposals   []string // of theirs, that are withdrawn
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
	for c := range s.Credentials() {
		if !c.concernedBy(person) {
			continue
		}
		to, changes := s.leftBy(c, person)
		p.Credentials = append(p.Credentials, Passing{c.Name, c.HasCustodian(person), to, changes})
	}
	for h := range s.OpenHandovers() {
		if h.voidWithout(person) {
			p.Handovers = append(p.Handovers, h.ID)
		}
	}
	for open := range s.OpenProposals() {
		if open.Requester == person {
			p.Proposals = append(p.Proposals, open.ID)
		}
	}
	return p
}

// LooksAtLeavings refuses whoever is none of those who look at what is to be done for
// somebody who left.
func (p Person) LooksAtLeavings() error {
	if slices.ContainsFunc(append(slices.Clone(accessEnders), Auditor), p.Is) {
		return nil
	}
	return refuseForbidden(onlyAdminManagerOrDirector)
}

// EndsAccess says whether somebody may take another's access, and say what was done for
// who left.
func (p Person) EndsAccess() bool { return slices.ContainsFunc(accessEnders, p.Is) }
