package custody

import (
	"slices"
	"time"
)

// RebindSecrets enters, on the server's machine and while no server runs, that the secret
// store is not what it was. It was put back from before, so that some of what is on record
// is not in it: then two people confirm it whose log-ins are still there. Or it is a new
// one, and nothing is: then nobody can confirm anything, and nobody can come to a password
// by it either, because none is left. The installation is founded anew.
type RebindSecrets struct {
	Reason    Note          `json:"reason"`
	Confirmed []ConfirmedBy `json:"confirmed,omitzero"`

	// New: the store is another one, without anything in it. Everybody's log-in is lost and
	// every secret, and neither is named.
	New bool `json:"new,omitzero"`
	// SealKey is the id of the key that a new store seals with from this entry on, where
	// the ledger has named one before.
	SealKey string `json:"seal_key,omitzero"`

	People      []string `json:"people,omitzero"`      // sorted: whose log-in is lost
	Credentials []string `json:"credentials,omitzero"` // sorted: whose present password is lost
	AllLost     bool     `json:"all_lost,omitzero"`    // they are more than have room here, and all count as such
}

var _ = action(RebindSecrets{})

func (RebindSecrets) Verb() string    { return "rebind_secrets" }
func (RebindSecrets) Subject() string { return "" }
func (RebindSecrets) givers() givers  { return theSystem }

func (a RebindSecrets) bare(s *State) Action {
	b := RebindSecrets{Reason: absentNote, New: a.New, AllLost: a.AllLost}
	if IsSealKeyID(a.SealKey) {
		b.SealKey = a.SealKey
	}
	for _, c := range a.Confirmed {
		b.Confirmed = append(b.Confirmed, ConfirmedBy{s.nameOr(c.Person), c.Step})
	}
	for _, name := range a.People {
		b.People = append(b.People, s.nameOr(name))
	}
	for _, name := range a.Credentials {
		b.Credentials = append(b.Credentials, s.nameOr(name))
	}
	return b
}

// Losing names what is lost, or says that all is, where that is too much to name.
func (a RebindSecrets) Losing(people, credentials []string) RebindSecrets {
	a.People, a.Credentials = people, credentials
	if len(people)+len(credentials) > maxNamed {
		a.Credentials, a.AllLost = nil, true
	}
	return a
}

func (a RebindSecrets) decide(d *decision) error {
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if refusal := d.state.mayRebind(a); refusal != nil {
		return refusal
	}
	d.happen(SecretsRebound{
		Reason: a.Reason, Confirmed: a.Confirmed, New: a.New, SealKey: a.SealKey, People: a.People, Credentials: a.Credentials, AllLost: a.AllLost,
		Deadline: d.deadline(),
	})
	return nil
}

// mayRebind refuses what is not said as it has to be, or by whom nobody can ask. Whoever
// brings a new store confirms nothing; whoever brings an older one has two others do so.
func (s *State) mayRebind(a RebindSecrets) *Refusal {
	if a.New {
		if len(a.People) > 0 || len(a.Credentials) > 0 || a.AllLost || (a.SealKey != "") != (len(s.SealKeys()) > 0) {
			return Invalid("people", "unsorted_or_not_in_custody")
		}
		if len(a.Confirmed) > 0 { // by a code of a seed that is not there
			return refuseForbidden(onlySystem)
		}
		if a.SealKey != "" && !s.replaces(s.SealKeys()[len(s.SealKeys())-1].ID, a.SealKey) {
			return refuseSealKeyChanged()
		}
		return nil
	}
	if a.SealKey != "" || len(a.People) == 0 && len(a.Credentials) == 0 && !a.AllLost || a.AllLost && len(a.Credentials) > 0 {
		return Invalid("people", "unsorted_or_not_in_custody")
	}
	lost := func(name string) bool { p, known := s.Person(name); return known && p.Enrolled }
	if !sortedOnce(a.People) || len(without(a.People, lost)) > 0 || !s.mayBeAhead(a.Credentials, false) {
		return Invalid("people", "unsorted_or_not_in_custody")
	}
	for _, c := range a.Confirmed {
		if slices.Contains(a.People, c.Person) {
			return refuseForbidden(onlyEnrolled)
		}
	}
	return s.mayRecover(a.Confirmed)
}

// SecretsRebound: the secret store is an older one, or a new one. Who had been logged in is
// not any more; whose log-in is lost sets up another; and every password that is lost is
// changed, by a second account where there is one, or once somebody brings the present one.
type SecretsRebound struct {
	Reason      Note          `json:"reason"`
	Confirmed   []ConfirmedBy `json:"confirmed,omitzero"`
	New         bool          `json:"new,omitzero"`
	SealKey     string        `json:"seal_key,omitzero"`
	People      []string      `json:"people,omitzero"`
	Credentials []string      `json:"credentials,omitzero"`
	AllLost     bool          `json:"all_lost,omitzero"`
	Deadline    time.Time     `json:"deadline"` // for the changes that it begins
}

var _ = fact(SecretsRebound{})

func (SecretsRebound) Type() string         { return "secrets.rebound" }
func (SecretsRebound) Subject() string      { return "" }
func (SecretsRebound) grade() Grade         { return Special }
func (SecretsRebound) by(*State, Event) Who { return bySystem() }

func (f SecretsRebound) concerns(*State) Concerns {
	people := slices.Clone(f.People)
	for _, c := range f.Confirmed {
		people = append(people, c.Person)
	}
	return Concerns{People: sortedNames(people), Credentials: f.Credentials}
}

func (f SecretsRebound) command() RebindSecrets {
	return RebindSecrets{f.Reason, f.Confirmed, f.New, f.SealKey, f.People, f.Credentials, f.AllLost}
}

func (f SecretsRebound) allowed(s *State, e Event) error {
	switch {
	case f.New && (len(f.Confirmed) > 0 || len(f.People) > 0 || len(f.Credentials) > 0):
		return e.violates("I6", "a store without anything, by which somebody confirmed, or that lost only some of it")
	case !f.New && len(f.Confirmed) != 2:
		return e.violates("I6", "an older store, and not confirmed by two people")
	case s.mayRebind(f.command()) != nil:
		return e.violates("I6", "not confirmed by two people whose log-ins are there, or of what is not on record")
	case !f.Deadline.After(e.Time):
		return e.violates("I7", "changes without their end")
	}
	return nil
}

func (f SecretsRebound) apply(s *State, e Event) {
	s.confirmedOnHost(f.Confirmed, e.Request)
	people, credentials := f.People, f.Credentials
	if f.New {
		people = nil
		for p := range s.People() {
			people = append(people, p.Username)
		}
	}
	if f.New || f.AllLost {
		credentials = s.inCustody()
	}
	for _, name := range people {
		s.editPerson(name, func(p *Person) {
			p.Enrolment.reset()
			p.Feed, p.Account, p.Recovery, p.Admission = Feed{}, 0, Recovery{}, Admission{}
			if f.New {
				p.Founder = ""
			}
		})
	}
	s.editAll(credentials, func(c *Credential) { c.loseSecret(e.Time, f.Deadline); s.expectRotation(*c) })
	if f.SealKey != "" { // the batch of this very entry is under it: the old one is gone
		here := s.Size - 1
		keys := slices.DeleteFunc(slices.Clone(s.SealKeys()), func(k SealKey) bool { return k.Since == here }) // nothing was sealed with it
		s.sealKeys = append(keys, SealKey{ID: f.SealKey, Since: here})
	}
}

// loseSecret begins a change of a password that Tandem does not know any more. Who saw the
// one that the target may have still knows it.
func (c *Credential) loseSecret(now, deadline time.Time) {
	reason := ForRecovery
	if c.Phase == Rotating && (c.Rotation.Reason == ForOnboard || c.Rotation.Reason == ForReturn) {
		reason = c.Rotation.Reason
	}
	for _, person := range c.Rotation.ShownTo {
		c.Exposure = with(c.Exposure, person)
	}
	c.startRotation(reason, c.HeldFor(), now, deadline)
	c.Arriving = ""
	if c.Drifted.IsZero() {
		c.Drifted = now
	}
}
