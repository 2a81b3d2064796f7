package custody

import (
	"slices"
	"time"
)

// Deputy is who decides in the place of a manager or a director while that one is away
// (代理). It is named in advance, approved, and dated: [Starts, Ends).
type Deputy struct {
	Person string    `json:"person,omitzero"` // "": nobody
	Starts time.Time `json:"starts,omitzero"`
	Ends   time.Time `json:"ends,omitzero"`
	Began  bool      `json:"began,omitzero"` // Starts has passed, and it is on record
}

// maxDeputy is for how long somebody can be named; the company looks at it again then.
const maxDeputy = 366 * 24 * time.Hour

// stepsIn says whether somebody decides in the place of a principal now: while that one is
// away by their own word, and for as long as both could be what they are. Who is a deputy
// gives that to nobody: only the principal's own roles count.
func (s *State) stepsIn(person, principal Person) bool {
	return principal.Deputy.Began && principal.Deputy.Person == person.Username && principal.Away && s.deputizes(principal, person) == nil
}

// deputizes refuses whoever cannot be the deputy of somebody: the same person by another
// account, and who may not have a role that approves (三员分立).
func (s *State) deputizes(principal, person Person) *Refusal {
	if person.Username == principal.Username || person.same(principal, s.Time) {
		return Invalid("deputy", "own_deputy")
	}
	for _, role := range []Role{Manager, Director} {
		one, other, excluded := s.Policy().Values.Exclusive.excludes(append(slices.Clone(person.Roles), role))
		if principal.Is(role) && excluded {
			return Invalid("deputy", "deputy_excluded", Args{"one": Term{"role", string(one)}, "other": Term{"role", string(other)}})
		}
	}
	return nil
}

// principals gives those who have named a deputy, by username.
func (s *State) principals() (all []Person) {
	for p := range s.People() {
		if p.Deputy.Person != "" {
			all = append(all, p)
		}
	}
	return all
}

// checkDeputies holds I11 of them: nobody who has left is a deputy, or has one.
func (s *State) checkDeputies() error {
	for _, p := range s.principals() {
		if deputy, there := s.Person(p.Deputy.Person); p.Disabled || !there || deputy.Disabled {
			return &Violation{Invariant: "I11", Subject: p.Username, Detail: "has the deputy " + p.Deputy.Person + ", and one of them has left"}
		}
	}
	return nil
}

// inTime is the law of what somebody does in another's place: within the dates, also where
// time has not been let act.
func (s *State) inTime(e Event, principal string) error {
	p, _ := s.Person(principal)
	if principal != "" && (e.Time.Before(p.Deputy.Starts) || !e.Time.Before(p.Deputy.Ends)) {
		return e.violates("I10", "in the place of "+principal+", before or after the dates")
	}
	return nil
}

// NameDeputy names who decides in the place of a manager or a director while that one is
// away. It takes effect by a proposal.
type NameDeputy struct {
	Person string    `json:"person"` // the principal
	Deputy string    `json:"deputy"`
	Starts time.Time `json:"starts,omitzero"` // zero: as soon as it is approved
	Ends   time.Time `json:"ends"`
}

var (
	_            = action(NameDeputy{})
	_ Proposable = NameDeputy{}
)

func (NameDeputy) Verb() string              { return "deputy" }
func (a NameDeputy) Subject() string         { return a.Person }
func (NameDeputy) givers() givers            { return byProposal }
func (NameDeputy) decide(*decision) error    { return refuseApprovalNeeded() }
func (NameDeputy) ofPerson() bool            { return true }
func (NameDeputy) levels(*State) []Role      { return []Role{Manager, Director} }
func (a NameDeputy) parties(*State) []string { return []string{a.Person, a.Deputy} }

func (a NameDeputy) bare(s *State) Action {
	a.Person, a.Deputy = s.nameOr(a.Person), s.nameOr(a.Deputy)
	return a
}

func (a NameDeputy) differences(now Now) []Difference {
	name := func(username string) []string {
		if username == "" {
			return nil
		}
		return []string{username}
	}
	before := now.Person.Deputy
	return []Difference{
		{"deputy", name(before.Person), name(a.Deputy)},
		{"starts", moment(before.Starts), moment(a.Starts)},
		{"ends", moment(before.Ends), moment(a.Ends)},
	}
}

func moment(t time.Time) []string {
	if t.IsZero() {
		return nil
	}
	return []string{t.UTC().Format(time.RFC3339)}
}

// consents says whether somebody has said yes at a level by asking: the principal, where
// nobody else could at theirs. A firm with one manager and one director has deputies too,
// and both of them have signed.
func (a NameDeputy) consents(s *State, requester string, level Role) bool {
	principal, _ := s.Person(a.Person)
	if requester != a.Person || !principal.Is(level) {
		return false
	}
	p := Proposal{Requester: requester, Change: Change{a}}
	return !slices.ContainsFunc(s.able(level), func(other Person) bool { return s.farEnough(p, other) })
}

func (a NameDeputy) effect(d *decision, proposal string) error {
	principal, ok := d.state.Person(a.Person)
	switch {
	case !ok:
		return refuseNotFound(aPerson)
	case principal.Disabled:
		return refuseDisabled(principal)
	case !principal.approves():
		return refuseApprovesNothing(principal)
	}
	deputy, ok := d.state.Person(a.Deputy)
	if !ok || !deputy.CanConfirm() {
		return Invalid("deputy", "no_log_in")
	}
	if err := d.state.deputizes(principal, deputy); err != nil {
		return err
	}
	if err := CheckInstant("starts", a.Starts); err != nil && !a.Starts.IsZero() {
		return err
	}
	if err := checkDeputyDates(a.Starts, a.Ends, d.now); err != nil {
		return err
	}
	was, is := principal.Deputy, Deputy{Person: a.Deputy, Starts: instantOrZero(a.Starts), Ends: instant(a.Ends)}
	if was.Person == is.Person && was.Starts.Equal(is.Starts) && was.Ends.Equal(is.Ends) {
		return refuseSameDeputy(principal)
	}
	d.happen(DeputyNamed{Person: a.Person, Deputy: a.Deputy, Starts: is.Starts, Ends: is.Ends, Proposal: proposal})
	return nil
}

// checkDeputyDates accepts an end that lies ahead, within a year, and behind the beginning.
func checkDeputyDates(starts, ends, now time.Time) *Refusal {
	switch {
	case !ends.After(now):
		return Invalid("ends", "past")
	case ends.After(now.Add(maxDeputy)):
		return Invalid("ends", "not_within_a_year")
	case !ends.After(starts):
		return Invalid("ends", "before_it_starts")
	}
	return nil
}

// DeputyNamed: somebody has this deputy now, in the place of another if they had one.
type DeputyNamed struct {
	Person   string    `json:"person"`
	Deputy   string    `json:"deputy"`
	Starts   time.Time `json:"starts,omitzero"` // zero: now
	Ends     time.Time `json:"ends"`
	Proposal string    `json:"proposal"`
}

var _ = fact(DeputyNamed{})

func (DeputyNamed) Type() string               { return "deputy.named" }
func (f DeputyNamed) Subject() string          { return f.Person }
func (f DeputyNamed) concerns(*State) Concerns { return Concerns{People: []string{f.Person, f.Deputy}} }
func (DeputyNamed) grade() Grade               { return Ordinary }
func (f DeputyNamed) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f DeputyNamed) allowed(s *State, e Event) error {
	principal, _ := s.Person(f.Person)
	deputy, _ := s.Person(f.Deputy)
	switch {
	case principal.Disabled || !principal.approves():
		return e.violates("I10", "a deputy of somebody who approves nothing")
	case !deputy.CanConfirm() || s.deputizes(principal, deputy) != nil:
		return e.violates("I10", "a deputy who has no log-in, or may not approve")
	case checkDeputyDates(f.Starts, f.Ends, e.Time) != nil:
		return e.violates("I10", "a deputy without an end, or for more than a year")
	}
	return s.approved(e, f.Proposal, NameDeputy{f.Person, f.Deputy, f.Starts, f.Ends})
}

func (f DeputyNamed) apply(s *State, e Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Deputy = Deputy{Person: f.Deputy, Starts: f.Starts, Ends: f.Ends, Began: !f.Starts.After(e.Time)}
		s.expectDeputy(*p)
	})
}

// expectDeputy notes when time will act on who is deputy.
func (s *State) expectDeputy(p Person) {
	switch {
	case p.Deputy.Person == "":
	case !p.Deputy.Began:
		s.expect(p.Deputy.Starts)
	default:
		s.expect(p.Deputy.Ends)
	}
}

// tickDeputy is what time leads to of who is somebody's deputy.
func (d *decision) tickDeputy(p Person) {
	switch {
	case !d.now.Before(p.Deputy.Ends):
		d.happen(DeputyEnded{Person: p.Username, Deputy: p.Deputy.Person, Why: DeputyExpired})
	case !p.Deputy.Began && !d.now.Before(p.Deputy.Starts):
		d.happen(DeputyBegan{Person: p.Username, Deputy: p.Deputy.Person})
	}
}

// DeputyBegan: the day has come from which on somebody is a deputy.
type DeputyBegan struct {
	Person string `json:"person"`
	Deputy string `json:"deputy"`
}

var _ = fact(DeputyBegan{})

func (DeputyBegan) Type() string               { return "deputy.began" }
func (f DeputyBegan) Subject() string          { return f.Person }
func (f DeputyBegan) concerns(*State) Concerns { return Concerns{People: []string{f.Person, f.Deputy}} }
func (DeputyBegan) grade() Grade               { return Ordinary }
func (DeputyBegan) by(*State, Event) Who       { return bySystem() }

func (f DeputyBegan) allowed(s *State, e Event) error {
	p, _ := s.Person(f.Person)
	if p.Deputy.Person != f.Deputy || p.Deputy.Began || e.Time.Before(p.Deputy.Starts) || !e.Time.Before(p.Deputy.Ends) {
		return e.violates("I10", "a deputy before or after their time, or twice")
	}
	return nil
}

func (f DeputyBegan) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Deputy.Began = true; s.expectDeputy(*p) })
}

// EndDeputy ends that somebody is a deputy, at once: taking away never waits.
type EndDeputy struct {
	Person string `json:"person"` // the principal
}

var _ = action(EndDeputy{})

func (EndDeputy) Verb() string           { return "end_deputy" }
func (a EndDeputy) Subject() string      { return a.Person }
func (EndDeputy) givers() givers         { return people }
func (a EndDeputy) bare(s *State) Action { return EndDeputy{s.nameOr(a.Person)} }

func (a EndDeputy) decide(d *decision) error {
	p, ok := d.state.Person(a.Person)
	switch {
	case !ok:
		return refuseNotFound(aPerson)
	case d.actor.Username != p.Deputy.Person && !d.actor.EndsAccess(): // the principal is a manager or a director
		return refuseForbidden(onlyOwnOrEnders)
	case p.Deputy.Person == "":
		return refuseNoDeputy(p)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(DeputyEnded{Person: a.Person, Deputy: p.Deputy.Person, Why: DeputyTaken})
	return nil
}

// deputies gives the principals of what somebody who leaves, or gets other roles, has to
// do with deputies: themselves, and those whose deputy they are.
func (s *State) deputies(person string) []Person {
	return slices.DeleteFunc(s.principals(), func(p Person) bool { return p.Username != person && p.Deputy.Person != person })
}

// inDeputies says whether somebody is a deputy, or has one.
func (s *State) inDeputies(person string) bool { return len(s.deputies(person)) > 0 }

// endsDeputies ends what deputies gives.
func (d *decision) endsDeputies(person, proposal string) {
	for _, p := range d.state.deputies(person) {
		d.happen(DeputyEnded{Person: p.Username, Deputy: p.Deputy.Person, Why: DeputyLeft, Proposal: proposal})
	}
}

// DeputyEnd is why somebody is a deputy no more.
type DeputyEnd string

// Why that can be.
const (
	DeputyTaken   DeputyEnd = "taken"   // somebody ended it
	DeputyExpired DeputyEnd = "expired" // its date has passed
	DeputyLeft    DeputyEnd = "left"    // one of the two left, or has other roles
)

// DeputyEnded: somebody is a deputy no more.
type DeputyEnded struct {
	Person   string    `json:"person"`
	Deputy   string    `json:"deputy"`
	Why      DeputyEnd `json:"why"`
	Proposal string    `json:"proposal,omitzero"` // with which one of them left
}

var _ = fact(DeputyEnded{})

func (DeputyEnded) Type() string               { return "deputy.ended" }
func (f DeputyEnded) Subject() string          { return f.Person }
func (f DeputyEnded) concerns(*State) Concerns { return Concerns{People: []string{f.Person, f.Deputy}} }
func (DeputyEnded) grade() Grade               { return Ordinary }

func (f DeputyEnded) by(s *State, e Event) Who {
	switch f.Why {
	case DeputyTaken:
		who := byRole(accessEnders...).confirmed()
		who.People = []string{f.Deputy}
		return who
	case DeputyExpired:
		return bySystem()
	case DeputyLeft:
		return s.endsAccess(f.Proposal, e, f.Person, f.Deputy)
	}
	return Who{}
}

func (f DeputyEnded) allowed(s *State, e Event) error {
	p, _ := s.Person(f.Person)
	if p.Deputy.Person == "" || p.Deputy.Person != f.Deputy {
		return e.violates("I10", "of somebody who was no deputy")
	}
	if f.Why == DeputyExpired && e.Time.Before(p.Deputy.Ends) {
		return e.violates("I10", "over before its time")
	}
	return nil
}

func (f DeputyEnded) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Deputy = Deputy{} })
}

func refuseApprovesNothing(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "approves_nothing", Args: Args{"person": p.Username}}
}

func refuseNoApproverOfDeputy(a NameDeputy) *Refusal {
	return &Refusal{Code: NoApprover, Rule: "3.1", Key: "no_approver_of_deputy", Args: Args{"person": a.Person}}
}

func refuseSameDeputy(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "same_deputy", Args: Args{"person": p.Username, "deputy": p.Deputy.Person}}
}

func refuseNoDeputy(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "no_deputy", Args: Args{"person": p.Username}}
}
