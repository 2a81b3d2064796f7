package custody

import (
	"cmp"
	"maps"
	"slices"
)

// Who can approve is worked out here, and nowhere else: what a yes counts for now, who
// could still give one, and at which levels there are enough people at all.

// mandate is with what somebody approves: a role of their own, or that of a principal who
// is away and whose deputy they are.
type mandate struct {
	person    Person
	principal Person // zero: their own role
}

// mandateOf is with what an approval was given.
func (s *State) mandateOf(a Approval) (m mandate) {
	m.person, _ = s.Person(a.Person)
	if a.For != "" {
		m.principal, _ = s.Person(a.For)
	}
	return m
}

// at gives the roles that can approve at a level. Where one approval is enough, manager
// and director stand in for each other while nobody of the one is there who could.
func (s *State) at(p Proposal, level Role) []Role {
	other, stands := map[Role]Role{Manager: Director, Director: Manager}[level]
	if a, is := p.Change.Proposable.(access); is && a.either {
		return []Role{Manager, Director}
	}
	if len(p.Needs) != 1 || !stands {
		return []Role{level}
	}
	for person := range s.People() {
		if person.Is(level) && person.Enrolled && person.Present() && s.farEnough(p, person) {
			return []Role{level}
		}
	}
	return []Role{level, other}
}

// holds says whether a mandate is one for a level: the role is that of whose it is, and
// a deputy has it for as long as the principal is away. Both are far enough from what is
// proposed.
func (s *State) holds(p Proposal, level Role, m mandate) bool {
	whose := m.person
	if m.principal.Username != "" {
		if whose = m.principal; !whose.approves() || !s.stepsIn(m.person, m.principal) || !s.farEnough(p, m.principal) {
			return false
		}
	}
	return slices.ContainsFunc(s.at(p, level), whose.Is) && s.farEnough(p, m.person)
}

// holdsAt says whether somebody has any mandate for a level.
func (s *State) holdsAt(p Proposal, level Role, person Person) bool {
	return s.holds(p, level, mandate{person: person}) ||
		slices.ContainsFunc(s.principals(), func(principal Person) bool { return s.holds(p, level, mandate{person, principal}) })
}

// approves says whether somebody has a role of those that approve.
func (p Person) approves() bool { return p.Is(Manager) || p.Is(Director) }

// farEnough says whether somebody is, from a proposal: not who asks for it, and not whom
// it is about, by no account.
func (s *State) farEnough(p Proposal, person Person) bool {
	parties := s.parties(p)
	return !person.Disabled && !slices.Contains(parties, person.Username) && s.another(person, parties) == ""
}

// apart says whether two mandates are two people's on both sides: nobody completes a
// proposal by a second account, or as who approved it and as that one's deputy.
func (s *State) apart(a, b mandate) bool {
	for _, one := range []Person{a.person, a.principal} {
		for _, other := range []Person{b.person, b.principal} {
			if one.Username != "" && (one.Username == other.Username || one.same(other, s.Time)) {
				return false
			}
		}
	}
	return true
}

// apartFrom says whether a mandate is apart from those of the approvals that a proposal
// has, at other levels than one.
func (s *State) apartFrom(p Proposal, m mandate, but Role) bool {
	return !slices.ContainsFunc(p.Approvals, func(a Approval) bool { return a.Level != but && !s.apart(m, s.mandateOf(a)) })
}

// counts says whether an approval does now: who has become one of those whom it is about
// meanwhile, say, or whose principal is back, has approved nothing.
func (s *State) counts(p Proposal, a Approval) bool {
	m := s.mandateOf(a)
	return s.holds(p, a.Level, m) && s.apartFrom(p, m, a.Level)
}

// missing gives the levels at which nobody has approved whose approval counts now.
func (s *State) missing(p Proposal) []Role {
	return slices.DeleteFunc(slices.Clone(p.Needs), func(level Role) bool {
		return slices.ContainsFunc(p.Approvals, func(a Approval) bool { return a.Level == level && s.counts(p, a) })
	})
}

// mayDecide is the law of a yes or a no: at a level that is missing, with a mandate for
// it, by who has not approved it.
func (s *State) mayDecide(p Proposal, level Role, m mandate) bool {
	return slices.Contains(s.missing(p), level) && s.mayAt(p, level, m)
}

func (s *State) mayAt(p Proposal, level Role, m mandate) bool {
	return s.holds(p, level, m) && s.apartFrom(p, m, "")
}

// mandatesOf gives those with which somebody may decide at a level that is missing: their
// own role before that of others.
func (s *State) mandatesOf(p Proposal, level Role, person Person, principals []Person) (all []mandate) {
	if m := (mandate{person: person}); s.mayAt(p, level, m) {
		all = append(all, m)
	}
	for _, principal := range principals {
		if m := (mandate{person, principal}); s.mayAt(p, level, m) {
			all = append(all, m)
		}
	}
	return all
}

// candidates gives, for each level that is missing, with what people with an
// authenticator could approve there.
func (s *State) candidates(p Proposal) map[Role][]mandate {
	can, principals := map[Role][]mandate{}, s.principals()
	for _, level := range s.missing(p) {
		can[level] = nil
		for person := range s.People() {
			if person.CanConfirm() {
				can[level] = append(can[level], s.mandatesOf(p, level, person, principals)...)
			}
		}
	}
	return can
}

// Approvers gives, for each level that is missing, who can approve there, by name. It
// is what a person is told who waits.
func (s *State) Approvers(p Proposal) map[Role][]string {
	can := map[Role][]string{}
	for level, all := range s.candidates(p) {
		can[level] = nil
		for _, m := range all {
			if !slices.Contains(can[level], m.person.Username) {
				can[level] = append(can[level], m.person.Username)
			}
		}
	}
	return can
}

// complete says whether somebody could approve at each of these levels, each of them
// another person.
func (s *State) complete(can map[Role][]mandate) bool {
	return s.completes(slices.Collect(maps.Values(can)), nil)
}

func (s *State) completes(levels [][]mandate, chosen []mandate) bool {
	if len(levels) == 0 {
		return true
	}
	return slices.ContainsFunc(levels[0], func(m mandate) bool {
		near := slices.ContainsFunc(chosen, func(other mandate) bool { return !s.apart(m, other) })
		return !near && s.completes(levels[1:], append(chosen, m))
	})
}

// levelOf gives the level at which somebody's approval counts, and with which mandate: of
// those that are missing and theirs one after which others can still complete the
// proposal.
func (s *State) levelOf(p Proposal, person Person) (level Role, m mandate, may bool) {
	principals := s.principals()
	for _, l := range s.missing(p) {
		for _, with := range s.mandatesOf(p, l, person, principals) {
			if s.complete(s.candidates(p.with(Approval{Level: l, Person: person.Username, For: with.principal.Username}))) {
				return l, with, true
			}
			if !may {
				level, m, may = l, with, true
			}
		}
	}
	return level, m, may
}

// able gives who has a role of their own with which they approve, and an authenticator,
// with nothing in particular in question.
func (s *State) able(roles ...Role) (people []Person) {
	for person := range s.People() {
		if person.CanConfirm() && slices.ContainsFunc(roles, person.Is) {
			people = append(people, person)
		}
	}
	return people
}

// soleOf says whether nobody else can act in a role: is enabled, and confirms.
func (s *State) soleOf(person Person, role Role) bool {
	return !slices.ContainsFunc(s.able(role), func(other Person) bool { return other.Username != person.Username })
}

// mandates gives, for each level, with what somebody could approve there, with nothing in
// particular in question.
func (s *State) mandates(levels map[Role][]Role) map[Role][]mandate {
	can := map[Role][]mandate{}
	for level, roles := range levels {
		can[level] = nil
		for _, person := range s.able(roles...) {
			can[level] = append(can[level], mandate{person: person})
		}
	}
	return can
}

// levelsOf gives the levels at which a policy wants something approved that has two, and
// the roles that can approve at each.
func (a Approvals) levelsOf() map[Role][]Role {
	switch a {
	case ApprovedByTwo:
		return map[Role][]Role{Manager: {Manager}, Director: {Director}}
	case ApprovedByOne:
		return map[Role][]Role{Manager: {Manager, Director}}
	}
	return nil
}

// canBeMet refuses a policy under which nobody could approve anything any more: what it
// asks for has to be there, equipped with an authenticator.
func (s *State) canBeMet(p Policy) *Refusal {
	for person := range s.People() {
		if one, other, excluded := p.Exclusive.excludes(person.Roles); excluded {
			return refuseRolesTogether(person, one, other)
		}
	}
	if !s.complete(s.mandates(p.Approvals.levelsOf())) {
		return refuseNobodyMeets()
	}
	return nil
}

// lapsed gives the approvals of what waits that do not count any more.
func (s *State) lapsed() (all []ApprovalLapsed) {
	for p := range s.OpenProposals() {
		for _, a := range p.Approvals {
			if !s.counts(p, a) {
				all = append(all, ApprovalLapsed{Proposal: p.ID, Level: a.Level, Person: a.Person})
			}
		}
	}
	slices.SortFunc(all, func(a, b ApprovalLapsed) int {
		return cmp.Or(cmp.Compare(a.Proposal, b.Proposal), cmp.Compare(a.Level, b.Level))
	})
	return all
}
