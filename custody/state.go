package custody

import (
	"iter"
	"slices"
	"time"
)

// State is everything the rules need to know, at one index of the ledger: who
// is present, who holds what, which handovers are open. What is over (a closed
// handover, an ended lease) is in the ledger and in the tables, not here, so
// its size does not grow with history.
//
// A State is written only by Apply. Fork and Merge make a transaction of it:
// events are applied to a fork, and the fork is merged after the commit or
// dropped. A State is not safe for use by several goroutines at once.
type State struct {
	Size      int64     // entries applied
	Time      time.Time // of the last entry; time never goes back
	Handovers int64     // handovers ever offered; the next id follows from it
	Leases    int64     // check-outs ever granted
	Proposals int64     // ever made
	Incidents int64     // ever raised or reported

	// What a map points to is never changed: an edit puts another in its place, so that
	// forks and copies share what they did not change.
	base          *State // what a fork was made from; nil for a root
	people        map[string]*Person
	credentials   map[string]*Credential
	handovers     map[string]*Handover
	proposals     map[string]*Proposal
	incidents     map[string]*Incident
	latest        map[string]string    // what an entry may be more of -> the newest incident of it that is not closed; "" in a fork: none any more
	charges       map[string][]string  // person -> names of the active credentials they are custodian of, or have in an emergency, sorted
	accounts      map[string]string    // identity of an account in custody -> name of its credential; "" in a fork: free again
	sessions      map[string][]Session // person -> their open log-ins, the oldest first
	tokens        map[string]string    // session, open or ended not long ago -> its person; "" in a fork: forgotten
	due           time.Time            // nothing that Tick does is due before; zero: nothing at all
	policy        *PolicyInForce       // nil: none yet, or that of base
	sealKeys      []SealKey            // nil: none yet, or those of base
	configuration *Configuration       // nil: none yet, or that of base
	envelopes     *Envelopes           // likewise
	touched       touched              // by the event that is being applied
}

// NewState gives the state of an empty ledger.
func NewState() *State {
	return &State{
		people:      map[string]*Person{},
		credentials: map[string]*Credential{},
		handovers:   map[string]*Handover{},
		proposals:   map[string]*Proposal{},
		incidents:   map[string]*Incident{},
		latest:      map[string]string{},
		charges:     map[string][]string{},
		accounts:    map[string]string{},
		sessions:    map[string][]Session{},
		tokens:      map[string]string{},
	}
}

// Fork gives a state that reads through to s and keeps its own changes. s must
// not change until the fork is merged or dropped.
func (s *State) Fork() *State {
	f := NewState()
	f.base = s
	f.Size, f.Time, f.Handovers, f.Leases, f.Proposals, f.Incidents, f.due = s.Size, s.Time, s.Handovers, s.Leases, s.Proposals, s.Incidents, s.due
	return f
}

// Merge moves a fork's changes into the state it was made from.
func (s *State) Merge(f *State) {
	if f.base != s {
		panic("custody: merge of a state that is no fork of this one")
	}
	for k, v := range f.people {
		s.people[k] = v
	}
	for k, v := range f.credentials {
		s.credentials[k] = v
	}
	for k, v := range f.handovers {
		if s.base == nil && !v.Status.Open() {
			delete(s.handovers, k)
			continue
		}
		s.handovers[k] = v
	}
	for k, v := range f.proposals {
		if s.base == nil && v.Over() {
			delete(s.proposals, k)
			continue
		}
		s.proposals[k] = v
	}
	for k, v := range f.incidents {
		if s.base == nil && v.Over() {
			delete(s.incidents, k)
			continue
		}
		s.incidents[k] = v
	}
	for k, v := range f.latest {
		if s.base == nil && v == "" {
			delete(s.latest, k)
			continue
		}
		s.latest[k] = v
	}
	for k, v := range f.charges {
		s.charges[k] = v
	}
	for k, v := range f.accounts {
		if s.base == nil && v == "" {
			delete(s.accounts, k)
			continue
		}
		s.accounts[k] = v
	}
	for k, v := range f.sessions {
		s.sessions[k] = v
	}
	for k, v := range f.tokens {
		if s.base == nil && v == "" {
			delete(s.tokens, k)
			continue
		}
		s.tokens[k] = v
	}
	if f.policy != nil {
		s.policy = f.policy
	}
	if f.sealKeys != nil {
		s.sealKeys = f.sealKeys
	}
	if f.configuration != nil {
		s.configuration = f.configuration
	}
	if f.envelopes != nil {
		s.envelopes = f.envelopes
	}
	s.Size, s.Time, s.Handovers, s.Leases, s.Proposals, s.Incidents, s.due = f.Size, f.Time, f.Handovers, f.Leases, f.Proposals, f.Incidents, f.due
}

// Person, Credential and Handover look one up. A handover that is over is not
// found in a root; a fork still has those that ended in it.
func (s *State) Person(username string) (Person, bool) {
	for at := s; at != nil; at = at.base {
		if p, ok := at.people[username]; ok {
			return *p, true
		}
	}
	return Person{}, false
}

func (s *State) Credential(name string) (Credential, bool) {
	for at := s; at != nil; at = at.base {
		if c, ok := at.credentials[name]; ok {
			return *c, true
		}
	}
	return Credential{}, false
}

func (s *State) Handover(id string) (Handover, bool) {
	for at := s; at != nil; at = at.base {
		if h, ok := at.handovers[id]; ok {
			return *h, true
		}
	}
	return Handover{}, false
}

// Charges gives the active credentials that a person is custodian of, or has in an
// emergency, by name.
// The slice must not be changed.
func (s *State) Charges(person string) []string {
	for at := s; at != nil; at = at.base {
		if names, ok := at.charges[person]; ok {
			return names
		}
	}
	return nil
}

// People, Credentials and OpenHandovers go through all of them, by key.
func (s *State) People() iter.Seq[Person] {
	return sorted(s, func(at *State) map[string]*Person { return at.people })
}

func (s *State) Credentials() iter.Seq[Credential] {
	return sorted(s, func(at *State) map[string]*Credential { return at.credentials })
}

func (s *State) OpenHandovers() iter.Seq[Handover] {
	return func(yield func(Handover) bool) {
		for h := range sorted(s, func(at *State) map[string]*Handover { return at.handovers }) {
			if h.Status.Open() && !yield(h) {
				return
			}
		}
	}
}

// Changes gives what a fork changed, by key: the rows that a transaction has to
// write. For a root it is everything.
func (s *State) Changes() (people []Person, credentials []Credential, handovers []Handover) {
	return values(s.people), values(s.credentials), values(s.handovers)
}

// Restore puts back what Changes of a root gave, for a start that does not fold
// history. The numbers (Size, Time, Handovers, Leases) are set by the caller.
func (s *State) Restore(people []Person, credentials []Credential, handovers []Handover) {
	for _, p := range people {
		s.people[p.Username] = &p
		s.expectLeaving(p)
		s.expectDeparture(p)
		s.expectDeputy(p)
		s.expectPlans(p)
		s.expectDrill(p)
	}
	for _, c := range credentials {
		s.credentials[c.Name] = &c
		if c.Active() {
			s.charge(c.Primary, c.Name)
			s.charge(c.Backup, c.Name)
			s.take(c)
		}
		if e, on := c.InEmergency(); on {
			s.charge(e.For, c.Name)
		}
		s.expect(c.Lease.Until)
		s.expectRotation(c)
		s.expectAge(c)
		s.expectEmergency(c)
		s.expectSubstitute(c)
	}
	for _, h := range handovers {
		if h.Status.Open() {
			s.handovers[h.ID] = &h
			s.expectHandover(h)
			if h.Status.Waits() { // whether it still counts is looked at once everything is there
				s.expect(s.Time)
			}
		}
	}
}

func (s *State) charge(person, credential string) {
	if person == "" { // a vacant seat
		return
	}
	names := s.Charges(person)
	if at, found := slices.BinarySearch(names, credential); !found {
		s.charges[person] = slices.Insert(slices.Clone(names), at, credential)
	}
}

func (s *State) discharge(person, credential string) {
	names := s.Charges(person)
	if at, found := slices.BinarySearch(names, credential); found {
		s.charges[person] = slices.Delete(slices.Clone(names), at, at+1)
	}
}

func sorted[V any](s *State, of func(*State) map[string]*V) iter.Seq[V] {
	return func(yield func(V) bool) {
		merged := of(s)
		if s.base != nil {
			merged = map[string]*V{}
			for at := s; at != nil; at = at.base {
				for k, v := range of(at) {
					if _, newer := merged[k]; !newer {
						merged[k] = v
					}
				}
			}
		}
		for _, k := range keys(merged) {
			if !yield(*merged[k]) {
				return
			}
		}
	}
}

func keys[V any](m map[string]V) []string {
	ks := make([]string, 0, len(m))
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

func values[V any](m map[string]*V) []V {
	vs := make([]V, 0, len(m))
	for _, k := range keys(m) {
		vs = append(vs, *m[k])
	}
	return vs
}
