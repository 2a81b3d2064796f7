package custody

// A rotation that cannot progress is a state that people can leave: they call it off
// while it has surely not reached the target, pause it and repair the target by hand
// (ShowNew), or go away and leave it to the other custodian.

// PauseRotation stops the attempts at a rotation; one that is under way ends first.
type PauseRotation struct {
	Credential string `json:"credential"`
	Reason     Note   `json:"reason"`
}

var _ = action(PauseRotation{})

func (PauseRotation) Verb() string      { return "pause_rotation" }
func (a PauseRotation) Subject() string { return a.Credential }
func (PauseRotation) givers() givers    { return people }

func (a PauseRotation) bare(s *State) Action {
	return PauseRotation{s.nameOr(a.Credential), absentNote}
}

func (a PauseRotation) decide(d *decision) error {
	c, err := d.steered(a.Credential)
	if err != nil {
		return err
	}
	if c.Rotation.Paused {
		return refusePaused(c)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(RotationPaused{Credential: c.Name, Rotation: c.Rotation.Number, Reason: a.Reason})
	return nil
}

// steered gives a credential whose rotation in progress is the actor's to steer:
// their password to be, or what a manager answers for.
func (d *decision) steered(name string) (Credential, error) {
	c, err := d.credential(name)
	switch {
	case err != nil:
		return Credential{}, err
	case !c.MayHold(d.actor.Username) && !d.actor.Is(Manager) && !c.comesInBy(d.actor):
		return Credential{}, refuseNotCustodian(c)
	case c.Phase != Rotating:
		return Credential{}, refuseNothingChanging(c)
	case !c.SteeredBy(d.actor):
		return Credential{}, refuseNotSuccessor(c)
	}
	return c, nil
}

// SteeredBy says whether a rotation in progress is this person's to steer.
func (c Credential) SteeredBy(p Person) bool {
	return c.Phase == Rotating && (c.Successor() == p.Username || p.Is(Manager) || c.comesInBy(p))
}

// comesInBy says that the first rotation of all is in progress, which whoever takes
// accounts into custody answers for.
func (c Credential) comesInBy(p Person) bool {
	return c.Phase == Rotating && c.Rotation.Reason == ForOnboard && p.Is(Admin)
}

// steering is SteeredBy, as who may bring a fact about.
func steering(s *State, credential string) Who {
	c, _ := s.Credential(credential)
	who := byRole(Manager).orPerson(c.Successor())
	if c.Phase == Rotating && c.Rotation.Reason == ForOnboard {
		who.Roles = append(who.Roles, Admin)
	}
	return who.confirmed()
}

// inProgress says whether this rotation of the credential is in progress.
func (e Event) inProgress(c Credential, number int64) error {
	return e.atStep(c, number, c.Rotation.Step)
}

// RotationPaused: nothing is tried until somebody resumes it.
type RotationPaused struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
	Reason     Note   `json:"reason"`
}

var _ = fact(RotationPaused{})

func (RotationPaused) Type() string               { return "rotation.paused" }
func (f RotationPaused) Subject() string          { return f.Credential }
func (f RotationPaused) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationPaused) grade() Grade               { return Ordinary }
func (f RotationPaused) by(s *State, _ Event) Who { return steering(s, f.Credential) }

func (f RotationPaused) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if c.Rotation.Paused {
		return e.violates("I4", "paused twice")
	}
	return e.inProgress(c, f.Rotation)
}

func (f RotationPaused) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.Rotation.Paused = true })
}

// ResumeRotation lets a rotation go on that was paused, or stopped because a log-in was
// refused.
type ResumeRotation struct {
	Credential string `json:"credential"`
}

var _ = action(ResumeRotation{})

func (ResumeRotation) Verb() string           { return "resume_rotation" }
func (a ResumeRotation) Subject() string      { return a.Credential }
func (ResumeRotation) givers() givers         { return people }
func (a ResumeRotation) bare(s *State) Action { return ResumeRotation{s.nameOr(a.Credential)} }

func (a ResumeRotation) decide(d *decision) error {
	c, err := d.steered(a.Credential)
	if err != nil {
		return err
	}
	if !c.Rotation.Paused {
		return refuseNotPaused(c)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(RotationResumed{Credential: c.Name, Rotation: c.Rotation.Number})
	return nil
}

// RotationResumed: attempts are made again.
type RotationResumed struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
}

var _ = fact(RotationResumed{})

func (RotationResumed) Type() string               { return "rotation.resumed" }
func (f RotationResumed) Subject() string          { return f.Credential }
func (f RotationResumed) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationResumed) grade() Grade               { return Ordinary }
func (f RotationResumed) by(s *State, _ Event) Who { return steering(s, f.Credential) }

func (f RotationResumed) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.Rotation.Paused {
		return e.violates("I4", "resumed without a pause")
	}
	return e.inProgress(c, f.Rotation)
}

func (f RotationResumed) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.Rotation.resume() })
}

// CancelRotation calls a rotation off that has surely not reached the target. What
// was asked for is as it was before, and an account that was coming in is not in
// custody. A change that the policy asks for is not called off: nobody passes a
// password on, or gives it back, that should have been changed.
type CancelRotation struct {
	Credential string `json:"credential"`
	Reason     Note   `json:"reason"`
}

var _ = action(CancelRotation{})

func (CancelRotation) Verb() string      { return "cancel_rotation" }
func (a CancelRotation) Subject() string { return a.Credential }
func (CancelRotation) givers() givers    { return people }

func (a CancelRotation) bare(s *State) Action {
	return CancelRotation{s.nameOr(a.Credential), absentNote}
}

func (a CancelRotation) decide(d *decision) error {
	c, err := d.steered(a.Credential)
	switch {
	case err != nil:
		return err
	case !c.Rotation.Reason.askedFor():
		return refuseChangeNeeded(c)
	case c.Rotation.MayHaveReached():
		return refuseMayHaveReached(c)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(RotationCancelled{Credential: c.Name, Rotation: c.Rotation.Number, Reason: a.Reason})
	return nil
}

// Cancellable says that the rotation in progress can still be called off.
func (c Credential) Cancellable() bool {
	return c.Phase == Rotating && c.Rotation.Reason.askedFor() && !c.Rotation.MayHaveReached()
}

// Halted says that the rotation in progress goes on only when somebody has done
// something.
func (c Credential) Halted() bool {
	return c.AwaitsPerson() || c.Phase == Rotating && (c.Rotation.Paused || c.reachable() != nil)
}

// askedFor says that people asked for a change, not the policy.
func (r RotationReason) askedFor() bool { return r == ForOnboard || r == ForRequested || r == ForDrift }

// RotationCancelled: the password is the one that it was.
type RotationCancelled struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
	Reason     Note   `json:"reason"`
}

var _ = fact(RotationCancelled{})

func (RotationCancelled) Type() string               { return "rotation.cancelled" }
func (f RotationCancelled) Subject() string          { return f.Credential }
func (f RotationCancelled) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationCancelled) grade() Grade               { return Ordinary }
func (f RotationCancelled) by(s *State, _ Event) Who { return steering(s, f.Credential) }

func (f RotationCancelled) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.Cancellable() {
		return e.violates("I4", "called off though the policy asks for it, or after it may have reached the target")
	}
	return e.inProgress(c, f.Rotation)
}

func (f RotationCancelled) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		if c.Rotation.Reason == ForOnboard {
			s.endCustody(c)
			return
		}
		c.Phase, c.Holder = Held, c.Rotation.Successor
		c.Rotation = Rotation{Number: c.Rotation.Number}
		s.expectAge(*c)
	})
}

// RotationPassed: somebody who goes away is not who holds the password in the end;
// the other custodian is.
type RotationPassed struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
	From       string `json:"from"`
	To         string `json:"to"`
}

var _ = fact(RotationPassed{})

func (RotationPassed) Type() string      { return "rotation.passed" }
func (f RotationPassed) Subject() string { return f.Credential }
func (RotationPassed) grade() Grade      { return Ordinary }

// by: whoever goes away, or time, where they go by a plan and said that they hand over.
func (f RotationPassed) by(s *State, _ Event) Who {
	who := byPerson(f.From).confirmed()
	if _, begun := s.passesOn(f.From); begun {
		return who.orSystem()
	}
	return who
}

func (f RotationPassed) concerns(*State) Concerns {
	return Concerns{Credentials: []string{f.Credential}, People: []string{f.From, f.To}}
}

func (f RotationPassed) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if c.Successor() != f.From || c.Other(f.From) != f.To || s.boundToAnother(c) {
		return e.violates("I3", "passed on by somebody whose it was not, to somebody else than the other custodian, or out of an open handover")
	}
	return e.inProgress(c, f.Rotation)
}

func (f RotationPassed) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.Rotation.Successor = f.To })
}

// boundToAnother says that a handover decides who holds the credential, and is not
// over: an offer to be cancelled first, or custody to be given back.
func (s *State) boundToAnother(c Credential) bool {
	h, open := s.Handover(c.Handover)
	return open && h.Status != Returned
}

// passOn leaves what is being changed for the actor to the other custodian, who is
// known to be present.
func (d *decision) passOn(c Credential) {
	d.happen(RotationPassed{
		Credential: c.Name, Rotation: c.Rotation.Number, From: d.actor.Username, To: c.Other(d.actor.Username),
	})
}

// succeeds gives what is being changed for the actor.
func (d *decision) succeeds() (all []Credential) {
	for _, name := range d.state.Charges(d.actor.Username) {
		if c, _ := d.state.Credential(name); c.Successor() == d.actor.Username {
			all = append(all, c)
		}
	}
	return all
}
