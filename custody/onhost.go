package custody

import "time"

// A sole admin who lost everything has nobody who could give them a link. Whoever operates
// the machine asks for another log-in of theirs there; everybody is told, and unless
// somebody stops it they have it after three days. Before the founding, when that operator
// brings in whom they like, nobody waits.

const (
	recoveryWait = 72 * time.Hour     // from the request on, in which it can be stopped
	recoveryTTL  = 7 * 24 * time.Hour // in which it can be used then; after it, it is asked for anew
)

// Recovery is a log-in that was asked for on the server's machine. The zero value is none.
type Recovery struct {
	Due time.Time `json:"due,omitzero"` // from when on the person can have it
}

// Open says that it was asked for, and can still be used one day.
func (r Recovery) Open(now time.Time) bool {
	return !r.Due.IsZero() && now.Before(r.Due.Add(recoveryTTL))
}

// usable says that everybody had notice of it.
func (r Recovery) usable(now time.Time) bool { return r.Open(now) && !now.Before(r.Due) }

// mayReset refuses to give somebody another log-in on the server's machine whom somebody
// else can help.
func (s *State) mayReset(p Person) *Refusal {
	if s.Founded() && (!p.Is(Admin) || !s.soleOf(p, Admin)) {
		return refuseNotSoleAdmin(p)
	}
	return nil
}

// WaitsForRecovery says whether a log-in on the server's machine has to be asked for first.
func (s *State) WaitsForRecovery(username string, now time.Time) bool {
	p, _ := s.Person(username)
	return s.Founded() && !p.Recovery.Open(now)
}

// SeekRecovery asks for another log-in of a sole admin, by whoever operates the machine.
type SeekRecovery struct {
	Person string `json:"person"`
}

var _ = action(SeekRecovery{})

func (SeekRecovery) Verb() string         { return "seek_recovery" }
func (a SeekRecovery) Subject() string    { return a.Person }
func (SeekRecovery) givers() givers       { return theSystem }
func (a SeekRecovery) bare(*State) Action { return a }

func (a SeekRecovery) decide(d *decision) error {
	p, err := d.active(a.Person)
	if err != nil {
		return err
	}
	if err := d.state.mayReset(p); err != nil {
		return err
	}
	if p.Recovery.Open(d.now) {
		return refuseRecoverySought(p)
	}
	d.happen(RecoverySought{Person: a.Person, Due: d.now.Add(recoveryWait)})
	return nil
}

// RecoverySought: on the server's machine somebody asked for another log-in of an admin.
type RecoverySought struct {
	Person string    `json:"person"`
	Due    time.Time `json:"due"`
}

var _ = fact(RecoverySought{})

func (RecoverySought) Type() string               { return "recovery.sought" }
func (f RecoverySought) Subject() string          { return f.Person }
func (f RecoverySought) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (RecoverySought) grade() Grade               { return Special }
func (RecoverySought) by(*State, Event) Who       { return bySystem() }

func (f RecoverySought) allowed(s *State, e Event) error {
	p, known := s.Person(f.Person)
	switch {
	case !known || p.Disabled || s.mayReset(p) != nil:
		return e.violates("I10", "for nobody, or somebody whom others can help")
	case p.Recovery.Open(e.Time) || !f.Due.Equal(e.Time.Add(recoveryWait)):
		return e.violates("I10", "twice, or with another notice than everybody has")
	}
	return nil
}

func (f RecoverySought) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Recovery = Recovery{f.Due} })
}

// StopRecovery says no to it: by a manager or a director, or by the person, who has not
// lost everything then.
type StopRecovery struct {
	Person string `json:"person"`
	Reason Note   `json:"reason"`
}

var _ = action(StopRecovery{})

func (StopRecovery) Verb() string           { return "stop_recovery" }
func (a StopRecovery) Subject() string      { return a.Person }
func (StopRecovery) givers() givers         { return people }
func (a StopRecovery) bare(s *State) Action { return StopRecovery{s.nameOr(a.Person), absentNote} }

func (a StopRecovery) decide(d *decision) error {
	p, ok := d.state.Person(a.Person)
	switch {
	case !d.actor.StopsRecoveries(a.Person):
		return refuseForbidden(onlyManagerOrDirector)
	case !ok:
		return refuseNotFound(aPerson)
	case !p.Recovery.Open(d.now):
		return refuseNoRecovery(p)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(RecoveryStopped(a))
	return nil
}

// StopsRecoveries says whether somebody can say no to a log-in that was asked for on the
// server's machine.
func (p Person) StopsRecoveries(of string) bool { return p.Is(Manager) || p.Is(Director) || p.is(of) }

// RecoveryStopped: nothing comes of it.
type RecoveryStopped struct {
	Person string `json:"person"`
	Reason Note   `json:"reason"`
}

var _ = fact(RecoveryStopped{})

func (RecoveryStopped) Type() string               { return "recovery.stopped" }
func (f RecoveryStopped) Subject() string          { return f.Person }
func (f RecoveryStopped) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (RecoveryStopped) grade() Grade               { return Serious }

func (f RecoveryStopped) by(*State, Event) Who {
	return byRole(Manager, Director).orPerson(f.Person).confirmed()
}

func (f RecoveryStopped) allowed(s *State, e Event) error {
	if p, _ := s.Person(f.Person); !p.Recovery.Open(e.Time) {
		return e.violates("I10", "stopped though nobody asked for it")
	}
	return nil
}

func (f RecoveryStopped) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Recovery = Recovery{} })
}

func refuseNotSoleAdmin(p Person) *Refusal {
	return &Refusal{Code: Forbidden, Rule: "3.1", Key: "not_sole_admin", Args: Args{"person": p.Username}}
}

func refuseRecoverySought(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "recovery_sought", Args: Args{"person": p.Username, "until": p.Recovery.Due}}
}

func refuseNoRecovery(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "no_recovery", Args: Args{"person": p.Username}}
}
