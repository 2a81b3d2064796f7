package custody

import "slices"

// SetRoles gives a person other roles. It takes effect by a proposal.
type SetRoles struct {
	Person string `json:"person"`
	Roles  []Role `json:"roles"`
}

var (
	_            = action(SetRoles{})
	_ Proposable = SetRoles{}
)

func (SetRoles) Verb() string              { return "roles" }
func (a SetRoles) Subject() string         { return a.Person }
func (SetRoles) givers() givers            { return byProposal }
func (SetRoles) decide(*decision) error    { return refuseApprovalNeeded() }
func (SetRoles) ofPerson() bool            { return true }
func (a SetRoles) parties(*State) []string { return []string{a.Person} }

func (a SetRoles) bare(s *State) Action {
	return SetRoles{s.nameOr(a.Person), thoseThatAre(a.Roles)}
}

// thoseThatAre gives of submitted roles those that there are, for what is on record of a
// command that was refused: how it had to be approved goes by them.
func thoseThatAre(roles []Role) []Role {
	there := []Role{}
	for _, role := range roles {
		if slices.Contains(Roles, role) {
			there = append(there, role)
		}
	}
	return there
}

// levels go by what the person gains.
func (a SetRoles) levels(s *State) []Role {
	person, _ := s.Person(a.Person)
	return levelsFor(slices.DeleteFunc(slices.Clone(a.Roles), person.Is))
}

func (a SetRoles) differences(now Now) []Difference {
	return []Difference{{"roles", roleNames(now.Person.Roles), roleNames(sortedRoles(a.Roles))}}
}

func (a SetRoles) effect(d *decision, proposal string) error {
	person, err := d.active(a.Person)
	if err != nil {
		return err
	}
	if err := checkRoles(a.Roles); err != nil {
		return err
	}
	if err := d.state.checkExclusive(a.Roles); err != nil {
		return err
	}
	roles := sortedRoles(a.Roles)
	if slices.Equal(roles, person.Roles) {
		return refuseSameRoles(person)
	}
	if err := d.state.keepsRoles(person, roles); err != nil {
		return err
	}
	if changesPost(person, roles) {
		d.leaves(a.Person, proposal)
	}
	d.endsDeputies(a.Person, proposal)
	d.happen(RolesChanged{Person: a.Person, Roles: roles, Before: person.Roles, Proposal: proposal})
	return nil
}

// changesPost says whether somebody is a technician no more: their seats become vacant,
// and the clock of clause 4.3 runs.
func changesPost(person Person, roles []Role) bool {
	return person.Is(Technician) && !slices.Contains(roles, Technician)
}

// ChangesPost says whether somebody is a technician no more by this.
func (f RolesChanged) ChangesPost() bool { return changesPost(Person{Roles: f.Before}, f.Roles) }

// keepsRoles refuses to take from the last one who has it a role without which nobody
// could be helped any more.
func (s *State) keepsRoles(person Person, roles []Role) *Refusal {
	for _, role := range person.Roles {
		if slices.Contains(roles, role) {
			continue
		}
		switch role {
		case Admin, Manager, Director:
			if s.soleOf(person, role) {
				return refuseSole(person, role)
			}
		}
	}
	return nil
}

// RolesChanged: a person has these roles now.
type RolesChanged struct {
	Person   string `json:"person"`
	Roles    []Role `json:"roles"`
	Before   []Role `json:"before"`
	Proposal string `json:"proposal"`
}

var _ = fact(RolesChanged{})

func (RolesChanged) Type() string               { return "person.roles_changed" }
func (f RolesChanged) Subject() string          { return f.Person }
func (f RolesChanged) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (RolesChanged) grade() Grade               { return Ordinary }
func (f RolesChanged) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f RolesChanged) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	if !slices.Equal(f.Before, person.Roles) || slices.Equal(f.Roles, f.Before) {
		return e.violates("I10", "in the place of other roles than there were, or of the same")
	}
	if s.checkExclusive(f.Roles) != nil {
		return e.violates("I10", "given roles that exclude each other")
	}
	if s.keepsRoles(person, f.Roles) != nil {
		return e.violates("I10", "taken from the last who could help")
	}
	if changesPost(person, f.Roles) {
		if err := s.letGo(f.Person); err != nil {
			return err
		}
	}
	if s.inDeputies(f.Person) {
		return e.violates("I11", "a deputy, or with one, in other roles")
	}
	p, _ := s.Proposal(f.Proposal)
	asked, is := p.Change.Proposable.(SetRoles)
	if !is || !slices.Equal(sortedRoles(asked.Roles), f.Roles) || asked.Person != f.Person {
		return e.violates("I10", "other roles than were approved")
	}
	return s.approved(e, f.Proposal, asked)
}

func (f RolesChanged) apply(s *State, e Event) {
	person, _ := s.Person(f.Person)
	s.editPerson(f.Person, func(p *Person) { p.Roles = f.Roles })
	if changesPost(person, f.Roles) {
		s.beginLeaving(f.Person, e)
	}
}

func refuseSameRoles(p Person) *Refusal {
	return &Refusal{Code: Conflict, Key: "same_roles", Args: Args{"person": p.Username}}
}

func refuseSole(p Person, role Role) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "sole", Args: Args{"person": p.Username, "role": Term{"role", string(role)}}}
}

func refuseDisabled(p Person) *Refusal {
	return &Refusal{Code: Conflict, Key: "disabled", Args: Args{"person": p.Username}}
}
