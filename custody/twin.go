package custody

import "slices"

// Two accounts whose authenticators have one seed are taken for one person's. Tandem makes
// every seed, and none twice: whoever can write the secret store copied one. The ledger has
// no seed, nor anything made from one; it has that two were the same, by whoever looked.

// Twin is an account whose seed was a person's own: of this enrolment of the person, and
// that one of the other. Where either has another seed by now it tells nothing.
type Twin struct {
	Person    string `json:"person"`
	Enrolment int64  `json:"enrolment"` // that one's
	Own       int64  `json:"own"`
}

// twinOf says whether two accounts have one seed now, by what is on record.
func (p Person) twinOf(other Person) bool {
	return slices.Contains(p.Twins, Twin{other.Username, other.Number, p.Number}) ||
		slices.Contains(other.Twins, Twin{p.Username, p.Number, other.Number})
}

// sharesSeed says whether the actor and somebody else have one seed.
func (d *decision) sharesSeed(username string) bool {
	other, _ := d.state.Person(username)
	return d.actor.twinOf(other)
}

// Beside gives those whose seed must not be that of whoever gives a command: of an
// approval, who asked for it, whom it is about and who approved it, each in a role of their
// own or in another's place. By name; nobody for other commands.
func (s *State) Beside(a Action) (people []string) {
	var p Proposal
	switch a := a.(type) {
	case Approve:
		p, _ = s.Proposal(a.Proposal)
	case ApproveEmergency:
		if of := s.ofEmergency(a.Emergency); len(of) > 0 {
			e, _ := of[0].Emergency(a.Emergency)
			p = e.asProposal(of)
		}
	}
	if p.Change.Proposable == nil {
		return nil
	}
	people = s.parties(p)
	for _, a := range p.Approvals {
		people = append(people, a.Person, a.For)
	}
	people = slices.DeleteFunc(people, func(name string) bool {
		person, _ := s.Person(name)
		return !person.Enrolled
	})
	slices.Sort(people)
	return slices.Compact(people)
}

// ReportSameSeed enters that two accounts have one seed, once for their enrolments.
type ReportSameSeed struct {
	Person    string `json:"person"`
	Enrolment int64  `json:"enrolment"` // whose seed was looked at
	Other     string `json:"other"`
	Of        int64  `json:"of"` // the enrolment of the other
}

var _ = action(ReportSameSeed{})

func (ReportSameSeed) Verb() string         { return "report_same_seed" }
func (a ReportSameSeed) Subject() string    { return a.Person }
func (ReportSameSeed) givers() givers       { return theSystem }
func (a ReportSameSeed) bare(*State) Action { return a }

func (a ReportSameSeed) decide(d *decision) error {
	if f := SameSeed(a); f.seen(d.state) { // not yet on record, and neither has another by now
		d.happen(f)
	}
	return nil
}

// SameSeed: two accounts have one seed of an authenticator, which somebody copied.
type SameSeed struct {
	Person    string `json:"person"`
	Enrolment int64  `json:"enrolment"` // whose seed was looked at
	Other     string `json:"other"`
	Of        int64  `json:"of"` // the enrolment of the other
}

var _ = fact(SameSeed{})

func (SameSeed) Type() string      { return "person.same_seed" }
func (f SameSeed) Subject() string { return f.Person }
func (f SameSeed) concerns(*State) Concerns {
	return Concerns{People: []string{f.Person}}.andPerson(f.Other)
}
func (SameSeed) grade() Grade         { return Special }
func (SameSeed) by(*State, Event) Who { return bySystem() }

func (f SameSeed) allowed(s *State, e Event) error {
	if !f.seen(s) {
		return e.violates("I6", "one seed of two accounts that are not there, are one, or have another by now; or said twice")
	}
	return nil
}

// seen says whether it can be seen for the first time: both are there, and have these
// enrolments.
func (f SameSeed) seen(s *State) bool {
	person, known := s.Person(f.Person)
	other, there := s.Person(f.Other)
	return known && there && f.Person != f.Other && person.Number == f.Enrolment && other.Number == f.Of && !person.twinOf(other)
}

// apply forgets those of an enrolment that is over, so that nobody has more than there are
// people.
func (f SameSeed) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Twins = slices.DeleteFunc(slices.Clone(p.Twins), func(t Twin) bool { return t.Own != p.Number || t.Person == f.Other })
		p.Twins = append(p.Twins, Twin{f.Other, f.Of, f.Enrolment})
	})
}
