package custody

import "slices"

// Exclusivity says which roles one person may not have together (三员分立): who looks
// does not run what they look at, and who runs the system does not decide who may.
type Exclusivity string

// Which roles exclude each other. With the second it is said wherever the policy shows.
const (
	ExclusiveStrict  Exclusivity = "strict"       // auditor all others; admin technician, manager and director
	ExclusiveAuditor Exclusivity = "auditor_only" // auditor all others: for firms of two to four
)

// Exclusivities lists them, the default first.
var Exclusivities = []Exclusivity{ExclusiveStrict, ExclusiveAuditor}

// excludes gives the first two of somebody's roles that exclude each other.
func (x Exclusivity) excludes(roles []Role) (one, other Role, excluded bool) {
	apart := []Role{Technician, Manager, Director}
	for _, role := range roles {
		switch {
		case role != Auditor && slices.Contains(roles, Auditor):
			return Auditor, role, true
		case x != ExclusiveAuditor && slices.Contains(apart, role) && slices.Contains(roles, Admin):
			return Admin, role, true
		}
	}
	return "", "", false
}

// checkExclusive refuses roles that nobody has together under the policy in force.
func (s *State) checkExclusive(roles []Role) *Refusal {
	one, other, excluded := s.Policy().Values.Exclusive.excludes(roles)
	switch {
	case !excluded:
		return nil
	case one == Auditor:
		return Invalid("roles", "auditor_alone", Args{"role": Term{"role", string(other)}})
	}
	return Invalid("roles", "roles_exclude", Args{"one": Term{"role", string(one)}, "other": Term{"role", string(other)}, "value": string(ExclusiveAuditor)})
}

// checkPeople holds I10 of everybody: nobody has roles that exclude each other under the
// policy in force.
func (s *State) checkPeople() error {
	for p := range s.People() {
		if one, other, excluded := s.Policy().Values.Exclusive.excludes(p.Roles); excluded {
			return &Violation{Invariant: "I10", Subject: p.Username, Detail: "is " + string(one) + " and " + string(other)}
		}
		if p.Disabled && p.Feed.Token != "" {
			return &Violation{Invariant: "I11", Subject: p.Username, Detail: "has left, and is told who is away"}
		}
	}
	return nil
}
