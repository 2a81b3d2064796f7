package custody

import (
	"cmp"
	"slices"
)

// Shortage is a level at which fewer than two people could approve: one who is ill, and
// nothing goes on. Deputies do not count, who have their dates.
type Shortage struct {
	Level      Role
	Able       []string // who still could, by username
	Credential string   // of which that is so, because the others are its custodians; "": of anything
}

// enough is how many people should be able to approve at each level.
const enough = 2

// Shortages gives the levels at which fewer than two could, under the policy in force.
func (s *State) Shortages() (all []Shortage) {
	for level, roles := range s.Policy().Values.Approvals.levelsOf() {
		able := s.oneAccountEach(s.able(roles...))
		if len(able) < enough {
			all = append(all, Shortage{Level: level, Able: able})
		}
		concerned := map[string]bool{}
		for _, person := range able {
			for _, name := range s.Charges(person) {
				concerned[name] = true
			}
		}
		for _, name := range keys(concerned) {
			c, _ := s.Credential(name)
			if left := slices.DeleteFunc(slices.Clone(able), c.HasCustodian); len(left) < enough {
				all = append(all, Shortage{Level: level, Able: left, Credential: name})
			}
		}
	}
	slices.SortFunc(all, func(a, b Shortage) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Credential, b.Credential))
	})
	return all
}

// oneAccountEach gives people by username, of those with one mailbox the first.
func (s *State) oneAccountEach(people []Person) (usernames []string) {
	for _, person := range people {
		if s.another(person, usernames) == "" {
			usernames = append(usernames, person.Username)
		}
	}
	return usernames
}

// ShortagesAfter gives those that a change would bring about, or make worse. It is what
// people are warned of before they do it.
func (s *State) ShortagesAfter(change Proposable) (worse []Shortage) {
	d := begin(s, Command{}, s.Time)
	if change.effect(&d, "") != nil {
		return nil
	}
	after, before := s.Fork(), s.Shortages()
	for _, e := range d.events {
		Apply(after, e)
	}
	for _, is := range after.Shortages() {
		known := func(was Shortage) bool {
			return was.Level == is.Level && was.Credential == is.Credential && len(was.Able) <= len(is.Able)
		}
		if !slices.ContainsFunc(before, known) {
			worse = append(worse, is)
		}
	}
	return worse
}

// AbleAt gives who could approve at each level that the policy in force has, by username.
func (s *State) AbleAt() map[Role][]string {
	able := map[Role][]string{}
	for level, roles := range s.Policy().Values.Approvals.levelsOf() {
		able[level] = s.oneAccountEach(s.able(roles...))
	}
	return able
}
