package custody

import (
	"slices"
	"time"
)

// Nothing that takes a manager and a director can be approved once one of them is there
// no more. The office is refounded then: whoever runs the system, the approver who is
// left and an auditor confirm who gets the role, and time is the last who has to agree.
// Everybody has a week's notice, and anybody active says no.

// refoundNotice is how long everybody has to say no, from the last yes on.
const refoundNotice = 7 * 24 * time.Hour

// lacks says whether an approving role is missing: nobody who could act has it, or one
// person has it and the other, who is only one of the two that a proposal takes.
func (s *State) lacks(role Role) bool {
	if role != Manager && role != Director || s.complete(s.mandates(ApprovedByTwo.levelsOf())) {
		return false
	}
	return len(s.able(role)) == 0 || len(s.able(otherApprover(role))) > 0
}

// Lacking gives the approving roles that are missing: each is given anew by Refound only.
func (s *State) Lacking() (roles []Role) {
	for _, role := range []Role{Manager, Director} {
		if s.lacks(role) {
			roles = append(roles, role)
		}
	}
	return roles
}

// otherApprover is the director beside the manager, and the manager beside the director.
func otherApprover(role Role) Role {
	if role == Manager {
		return Director
	}
	return Manager
}

// Refound gives somebody the approving role that nobody has any more. It takes effect by
// a proposal, and by time.
type Refound struct {
	Person string `json:"person"`
	Role   Role   `json:"role"`
}

var (
	_         = action(Refound{})
	_ noticed = Refound{}
)

func (Refound) Verb() string              { return "refound" }
func (a Refound) Subject() string         { return a.Person }
func (Refound) givers() givers            { return byProposal }
func (Refound) decide(*decision) error    { return refuseApprovalNeeded() }
func (Refound) ofPerson() bool            { return true }
func (a Refound) levels(*State) []Role    { return []Role{Admin, otherApprover(a.Role), Auditor} }
func (a Refound) parties(*State) []string { return []string{a.Person} }
func (Refound) notice() time.Duration     { return refoundNotice }

func (a Refound) bare(s *State) Action {
	b := Refound{Person: s.nameOr(a.Person)}
	if slices.Contains(Roles, a.Role) {
		b.Role = a.Role
	}
	return b
}

func (a Refound) differences(now Now) []Difference {
	return []Difference{{"roles", roleNames(now.Person.Roles), roleNames(a.roles(now.Person))}}
}

func (a Refound) roles(person Person) []Role {
	return sortedRoles(append(slices.Clone(person.Roles), a.Role))
}

// mayAsk refuses whoever would gain the role: they are none of the two or more persons
// whom it takes.
func (a Refound) mayAsk(requester string) *Refusal {
	if requester == a.Person {
		return refuseForbidden(onlyAnother)
	}
	return nil
}

// confirmers are the levels at which somebody has to say yes beside whoever asks, who has
// said it at one that is theirs. Where nobody has a role, it falls away; where nobody has
// any, any other person stands in.
func (a Refound) confirmers(s *State, requester string) (needs []Role) {
	asker, _ := s.Person(requester)
	p := Proposal{Requester: requester, Change: Change{a}}
	can := map[Role][]mandate{}
	asked := false
	for _, level := range a.levels(s) {
		if asker.Is(level) && !asked {
			asked = true
			continue
		}
		for _, person := range s.able(level) {
			if s.farEnough(p, person) {
				can[level] = append(can[level], mandate{person: person})
			}
		}
		if can[level] == nil {
			continue
		}
		if !s.complete(can) { // who has it is asked as something else already
			delete(can, level)
			continue
		}
		needs = append(needs, level)
	}
	if len(needs) == 0 {
		return []Role{Technician}
	}
	return needs
}

func (a Refound) effect(d *decision, proposal string) error {
	person, ok := d.state.Person(a.Person)
	switch {
	case a.Role != Manager && a.Role != Director:
		return Invalid("role", "no_approving_role")
	case !ok:
		return refuseNotFound(aPerson)
	case !d.state.lacks(a.Role):
		return refuseNotLacking(a.Role)
	case person.Is(Manager) || person.Is(Director):
		return refuseOneApprover(person)
	case !person.CanConfirm():
		return refuseCannotConfirm(person)
	}
	if err := d.state.checkExclusive(a.roles(person)); err != nil {
		return err
	}
	d.happen(PersonRefounded{Person: a.Person, Role: a.Role, Before: person.Roles, Proposal: proposal})
	return nil
}

// PersonRefounded: somebody has the approving role that nobody had any more.
type PersonRefounded struct {
	Person   string `json:"person"`
	Role     Role   `json:"role"`
	Before   []Role `json:"before"`
	Proposal string `json:"proposal"`
}

var _ = fact(PersonRefounded{})

func (PersonRefounded) Type() string               { return "refounding.effected" }
func (f PersonRefounded) Subject() string          { return f.Person }
func (f PersonRefounded) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (PersonRefounded) grade() Grade               { return Special }
func (f PersonRefounded) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f PersonRefounded) change() Refound { return Refound{f.Person, f.Role} }

func (f PersonRefounded) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	switch {
	case !person.CanConfirm() || !slices.Equal(f.Before, person.Roles):
		return e.violates("I10", "given to nobody who could act, or in the place of other roles than there were")
	case !s.lacks(f.Role):
		return e.violates("I10", "refounded while somebody is there")
	case person.Is(Manager) || person.Is(Director):
		return e.violates("I10", "one person as both who approve")
	case s.checkExclusive(f.change().roles(person)) != nil:
		return e.violates("I10", "given roles that exclude each other")
	}
	return s.approved(e, f.Proposal, f.change())
}

func (f PersonRefounded) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Roles = f.change().roles(*p) })
}

func refuseNotLacking(role Role) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "not_lacking", Args: Args{"role": Term{"role", string(role)}}}
}

func refuseOneApprover(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "one_approver", Args: Args{"person": p.Username}}
}

func refuseCannotConfirm(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "cannot_confirm", Args: Args{"person": p.Username}}
}

func refuseNobodyConfirms() *Refusal {
	return &Refusal{Code: NoApprover, Rule: "3.1", Key: "nobody_confirms"}
}
