package custody

import (
	"slices"
	"time"
)

// The rotation worker reports each step of its journal after what it names has
// happened. A report that does not follow on the step before it, or that belongs
// to an older rotation, is refused: its worker was overtaken by another one.

// rotation gives the credential if this rotation of it is in progress and at
// one of the steps; without steps, at any.
func (d *decision) rotation(id RotationID, steps ...RotationStep) (Credential, error) {
	c, err := d.credential(id.Credential)
	if err != nil {
		return Credential{}, err
	}
	if c.Phase != Rotating || c.Rotation.Number != id.Number || c.Retargeted != id.Target {
		return Credential{}, refuseLateReport(id)
	}
	for _, step := range steps {
		if c.Rotation.Step != step {
			return Credential{}, refuseLateReport(id)
		}
	}
	return c, nil
}

// ReportStaged: the new value is in the secret store, beside the old one.
type ReportStaged struct {
	Rotation RotationID `json:"rotation"`
	Sending  bool       `json:"sending,omitzero"` // and the target is told next, as by ReportSending
}

var _ = action(ReportStaged{})

func (ReportStaged) Verb() string         { return "report_staged" }
func (a ReportStaged) Subject() string    { return a.Rotation.Credential }
func (ReportStaged) givers() givers       { return theSystem }
func (a ReportStaged) bare(*State) Action { return a }

func (a ReportStaged) decide(d *decision) error {
	c, err := d.rotation(a.Rotation, StepPending)
	if err != nil {
		return err
	}
	if err := c.mayGoOn(); err != nil {
		return err
	}
	if a.Sending && c.ByHand() { // for a person to set
		return refuseLateReport(a.Rotation)
	}
	d.happen(RotationStaged{Credential: c.Name, Rotation: c.Rotation.Number, Sending: a.Sending})
	return nil
}

// mayGoOn refuses what leads nearer to the target while that is not wanted.
func (c Credential) mayGoOn() error {
	switch {
	case c.Arriving != "":
		return refuseArriving(c)
	case c.Rotation.Paused:
		return refusePaused(c)
	}
	return c.reachable()
}

// reached refuses what the target must have answered, while it cannot have: nobody has
// confirmed it, or what came for it is not in its place.
func (c Credential) reached() error {
	if c.Arriving != "" {
		return refuseArriving(c)
	}
	return c.reachable()
}

// RotationStaged moves the journal: the new value is in the secret store.
type RotationStaged struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
	Sending    bool   `json:"sending,omitzero"` // and the target is told next
}

var _ = fact(RotationStaged{})

func (RotationStaged) Type() string               { return "rotation.staged" }
func (f RotationStaged) Subject() string          { return f.Credential }
func (f RotationStaged) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationStaged) grade() Grade               { return Ordinary }
func (RotationStaged) by(*State, Event) Who       { return bySystem() }

func (f RotationStaged) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if c.mayGoOn() != nil || f.Sending && c.ByHand() {
		return e.violates("I4", "staged before its secrets were in their place, while it was paused, or for the worker to send what a person sets")
	}
	return e.atStep(c, f.Rotation, StepPending)
}

func (f RotationStaged) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Rotation.Step = StepStaged
		if f.Sending {
			c.Rotation.send()
		}
	})
}

// ReportSending: the target is told next. It is on record before anything is on its
// way, so that what is called off has surely not reached it.
type ReportSending struct {
	Rotation RotationID `json:"rotation"`
}

var _ = action(ReportSending{})

func (ReportSending) Verb() string         { return "report_sending" }
func (a ReportSending) Subject() string    { return a.Rotation.Credential }
func (ReportSending) givers() givers       { return theSystem }
func (a ReportSending) bare(*State) Action { return a }

func (a ReportSending) decide(d *decision) error {
	c, err := d.rotation(a.Rotation)
	if err != nil {
		return err
	}
	if !c.sendable() {
		return refuseLateReport(a.Rotation)
	}
	if err := c.mayGoOn(); err != nil {
		return err
	}
	d.happen(RotationSending{Credential: c.Name, Rotation: c.Rotation.Number})
	return nil
}

// sendable says that the journal is where the worker may tell the target: before it
// has said that it did.
func (c Credential) sendable() bool {
	return !c.ByHand() && (c.Rotation.Step == StepPending || c.Rotation.Step == StepStaged)
}

// send notes that the target is being told. An attempt that was cut short while it
// did may have got through.
func (r *Rotation) send() {
	r.Touched = r.Touched || r.Sending
	r.Sending = true
}

// RotationSending was committed before the target was told.
type RotationSending struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
}

var _ = fact(RotationSending{})

func (RotationSending) Type() string               { return "rotation.sending" }
func (f RotationSending) Subject() string          { return f.Credential }
func (f RotationSending) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationSending) grade() Grade               { return Ordinary }
func (RotationSending) by(*State, Event) Who       { return bySystem() }

func (f RotationSending) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.sendable() || c.mayGoOn() != nil {
		return e.violates("I4", "sent at a wrong step, by the worker what a person sets, before its secrets were there, or while it was paused")
	}
	return e.atStep(c, f.Rotation, c.Rotation.Step)
}

func (f RotationSending) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.Rotation.send() })
}

// ReportApplied: the target was told to change.
type ReportApplied struct {
	Rotation RotationID `json:"rotation"`
}

var _ = action(ReportApplied{})

func (ReportApplied) Verb() string         { return "report_applied" }
func (a ReportApplied) Subject() string    { return a.Rotation.Credential }
func (ReportApplied) givers() givers       { return theSystem }
func (a ReportApplied) bare(*State) Action { return a }

func (a ReportApplied) decide(d *decision) error {
	c, err := d.rotation(a.Rotation, StepStaged)
	if err != nil {
		return err
	}
	if c.ByHand() { // for a person to say
		return refuseLateReport(a.Rotation)
	}
	if err := c.reached(); err != nil {
		return err
	}
	d.happen(RotationApplied{Credential: c.Name, Rotation: c.Rotation.Number})
	return nil
}

// RotationApplied moves the journal: the target was told to change.
type RotationApplied struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
}

var _ = fact(RotationApplied{})

func (RotationApplied) Type() string               { return "rotation.applied" }
func (f RotationApplied) Subject() string          { return f.Credential }
func (f RotationApplied) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationApplied) grade() Grade               { return Ordinary }

func (f RotationApplied) by(s *State, _ Event) Who {
	if c, _ := s.Credential(f.Credential); c.ByHand() {
		return byPerson(c.Successor()).confirmed()
	}
	return bySystem()
}

func (f RotationApplied) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if c.ByHand() && (!slices.Contains(c.Rotation.ShownTo, c.Rotation.Successor) || c.Rotation.Paused) {
		return e.violates("I4", "set by somebody who had not been shown it, or while it was paused")
	}
	if c.reached() != nil {
		return e.violates("I5", "by a target that cannot have been told yet")
	}
	return e.atStep(c, f.Rotation, StepStaged)
}

func (f RotationApplied) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Rotation.Step = StepApplied
		c.Rotation.Failure, c.Rotation.NextTry = "", time.Time{} // what was in the way is not any more
	})
}

// ReportVerified: a log-in with the new value succeeded, with the old one failed.
type ReportVerified struct {
	Rotation   RotationID `json:"rotation"`
	OldRefused bool       `json:"old_refused,omitzero"` // the target refused the old value; false only where there was none to try
	Attested   bool       `json:"attested,omitzero"`    // nothing could log in: the word of who set the value is all there is
	Remaining  Remaining  `json:"remaining,omitzero"`   // what opens the account besides
}

var _ = action(ReportVerified{})

func (ReportVerified) Verb() string         { return "report_verified" }
func (a ReportVerified) Subject() string    { return a.Rotation.Credential }
func (ReportVerified) givers() givers       { return theSystem }
func (a ReportVerified) bare(*State) Action { return a }

func (a ReportVerified) decide(d *decision) error {
	c, err := d.rotation(a.Rotation, StepApplied)
	if err != nil {
		return err
	}
	if err := c.reached(); err != nil {
		return err
	}
	d.happen(RotationVerified{
		Credential: c.Name, Rotation: c.Rotation.Number, OldRefused: a.OldRefused, Attested: a.Attested, Remaining: a.Remaining,
	})
	return nil
}

// RotationVerified moves the journal: the target takes the new value.
type RotationVerified struct {
	Credential string    `json:"credential"`
	Rotation   int64     `json:"rotation"`
	OldRefused bool      `json:"old_refused"`
	Attested   bool      `json:"attested,omitzero"`  // no log-in proved it
	Remaining  Remaining `json:"remaining,omitzero"` // what opens the account besides
}

var _ = fact(RotationVerified{})

func (RotationVerified) Type() string               { return "rotation.verified" }
func (f RotationVerified) Subject() string          { return f.Credential }
func (f RotationVerified) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationVerified) grade() Grade               { return Ordinary }
func (RotationVerified) by(*State, Event) Who       { return bySystem() }

func (f RotationVerified) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !f.Remaining.valid() {
		return e.violates("I4", "a list of keys that none can have been")
	}
	if c.reached() != nil {
		return e.violates("I5", "by a target that cannot have been asked yet")
	}
	return e.atStep(c, f.Rotation, StepApplied)
}

func (f RotationVerified) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Rotation.Step, c.Rotation.Verified, c.Remaining = StepVerified, s.Size-1, f.Remaining
	})
}

// ReportPromoted: the new value is the current one.
type ReportPromoted struct {
	Rotation RotationID `json:"rotation"`
	Version  int64      `json:"version"` // of the new value in the secret store
}

var _ = action(ReportPromoted{})

func (ReportPromoted) Verb() string         { return "report_promoted" }
func (a ReportPromoted) Subject() string    { return a.Rotation.Credential }
func (ReportPromoted) givers() givers       { return theSystem }
func (a ReportPromoted) bare(*State) Action { return a }

func (a ReportPromoted) decide(d *decision) error {
	c, err := d.rotation(a.Rotation, StepVerified)
	if err != nil {
		return err
	}
	if err := c.reached(); err != nil {
		return err
	}
	if a.Version <= c.Version { // I4: the secret store must have counted up
		return refuseLateReport(a.Rotation)
	}
	d.happen(RotationPromoted{
		Credential: c.Name, Rotation: c.Rotation.Number, Version: a.Version, Holder: c.Rotation.Successor,
		Exposed: c.Rotation.ShownTo,
	})
	if h, ok := d.state.Handover(c.Handover); c.Rotation.Reason == ForReturn && ok && !d.state.returning(h, c.Name) {
		d.happen(HandoverClosed{Handover: h.ID})
	}
	if knownToOthers(c.Rotation.ShownTo, c.Rotation.Successor) { // whoever it was passed on from
		d.startRotation(c, ForExposure, c.Rotation.Successor, Note{})
	}
	return nil
}

// RotationPromoted: the new value is the current one and its holder may check it
// out, or nobody holds it and it is parked. Nobody has seen it yet but who set it by hand.
type RotationPromoted struct {
	Credential string   `json:"credential"`
	Rotation   int64    `json:"rotation"`
	Version    int64    `json:"version"`
	Holder     string   `json:"holder"`
	Exposed    []string `json:"exposed,omitzero"` // to whom it was shown before
}

var _ = fact(RotationPromoted{})

func (RotationPromoted) Type() string      { return "rotation.promoted" }
func (f RotationPromoted) Subject() string { return f.Credential }
func (f RotationPromoted) concerns(*State) Concerns {
	if f.Holder == "" {
		return aboutCredential(f.Credential)
	}
	return Concerns{Credentials: []string{f.Credential}, People: []string{f.Holder}}
}
func (RotationPromoted) grade() Grade         { return Ordinary }
func (RotationPromoted) by(*State, Event) Who { return bySystem() }

func (f RotationPromoted) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if f.Version <= c.Version || f.Holder != c.Successor() || !slices.Equal(f.Exposed, c.Rotation.ShownTo) {
		return e.violates("I4", "promoted without a higher version, to somebody else than the successor, or silent on who knows it")
	}
	if c.reached() != nil {
		return e.violates("I5", "proved by a target that cannot have been asked yet")
	}
	return e.atStep(c, f.Rotation, StepVerified)
}

func (f RotationPromoted) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		if c.Rotation.Reason == ForReturn {
			c.Handover = ""
		}
		c.Phase, c.Holder = Held, f.Holder
		if f.Holder == "" {
			c.Phase = Parked
		}
		verified := c.Rotation.Verified
		c.Rotation = Rotation{Number: c.Rotation.Number}
		c.Version, c.RotatedAt, c.Exposure = f.Version, e.Time, f.Exposed
		s.settleCredential(c, HowRotated, verified, e.Time)
		c.Drifted, c.Updates = time.Time{}, nil
		for _, dependent := range c.Policy.Dependents {
			c.Updates = append(c.Updates, Update{Dependent: dependent})
		}
		s.expectAge(*c)
	})
}

// ReportFailed: an attempt did not get through.
type ReportFailed struct {
	Rotation RotationID `json:"rotation"`
	Failure  string     `json:"failure"`         // kind, from a closed list; never text from the target
	NextTry  time.Time  `json:"next_try"`        // not before
	Unsent   bool       `json:"unsent,omitzero"` // nothing of this attempt, nor of one that was cut short, can have reached the target
}

var _ = action(ReportFailed{})

func (ReportFailed) Verb() string         { return "report_failed" }
func (a ReportFailed) Subject() string    { return a.Rotation.Credential }
func (ReportFailed) givers() givers       { return theSystem }
func (a ReportFailed) bare(*State) Action { return a }

func (a ReportFailed) decide(d *decision) error {
	c, err := d.rotation(a.Rotation)
	if err != nil {
		return err
	}
	if err := c.reachable(); err != nil {
		return err
	}
	d.happen(RotationFailed{
		Credential: c.Name, Rotation: c.Rotation.Number, Failure: a.Failure, NextTry: instant(a.NextTry), Unsent: a.Unsent,
	})
	return nil
}

// RotationFailed: an attempt did not get through. Another follows, unless a log-in was
// refused that only a person can put right.
type RotationFailed struct {
	Credential string    `json:"credential"`
	Rotation   int64     `json:"rotation"`
	Failure    string    `json:"failure"`
	NextTry    time.Time `json:"next_try"`
	Unsent     bool      `json:"unsent,omitzero"` // it cannot have reached the target
}

var _ = fact(RotationFailed{})

func (RotationFailed) Type() string               { return "rotation.failed" }
func (f RotationFailed) Subject() string          { return f.Credential }
func (f RotationFailed) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationFailed) grade() Grade               { return Ordinary }
func (RotationFailed) by(*State, Event) Who       { return bySystem() }

func (f RotationFailed) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if c.reachable() != nil {
		return e.violates("I5", "at a target that nobody has confirmed")
	}
	return e.atStep(c, f.Rotation, c.Rotation.Step)
}

func (f RotationFailed) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.fail(f) })
}
