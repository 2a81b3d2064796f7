package custody

import (
	"fmt"
	"time"
)

// RotationReason says why a password is being changed.
type RotationReason string

// The reasons. A return always rotates; the others depend on the policy.
const (
	ForOnboard   RotationReason = "onboard"
	ForReturn    RotationReason = "return"
	ForTransfer  RotationReason = "transfer"
	ForCheckin   RotationReason = "checkin"
	ForAge       RotationReason = "age"
	ForExposure  RotationReason = "exposure"
	ForEmergency RotationReason = "emergency"
	ForDrift     RotationReason = "drift"
	ForRequested RotationReason = "requested"
	ForRecovery  RotationReason = "recovery" // the ledger goes on from an earlier head

	ForCustodians RotationReason = "custodians" // somebody who knows it is custodian no more
	ForEnrolment  RotationReason = "enrolment"  // whoever held it sets up their log-in anew
	ForLeaving    RotationReason = "leaving"    // whoever held or knows it left
	ForParking    RotationReason = "parking"    // its only custodian goes away, and nobody holds it
	ForRetarget   RotationReason = "retarget"   // whoever said what its password is knows it
)

// RotationStep is how far the rotation journal of a credential has come.
type RotationStep string

// The journal. Each step is committed after what it names has happened, so
// that a restart never assumes more than is true.
const (
	StepPending  RotationStep = "pending"  // decided; nothing done yet
	StepStaged   RotationStep = "staged"   // the new value is in the secret store, beside the old one
	StepApplied  RotationStep = "applied"  // the target was told to change
	StepVerified RotationStep = "verified" // a log-in with the new value succeeded, with the old one failed
	// "promoted" ends the journal: the new value is the current version.
)

// Rotation is a change of the password in progress.
type Rotation struct {
	Number    int64          `json:"number,omitzero"` // counts the rotations of this credential, to fence late workers
	Reason    RotationReason `json:"reason,omitzero"`
	Successor string         `json:"successor,omitzero"` // who holds it when the rotation is done; "": nobody, it is parked then
	Step      RotationStep   `json:"step,omitzero"`
	Since     time.Time      `json:"since,omitzero"`
	Deadline  time.Time      `json:"deadline,omitzero"` // past it, the rotation is a serious event
	Attempts  int            `json:"attempts,omitzero"` // failed ones
	NextTry   time.Time      `json:"next_try,omitzero"` // not before; zero: now
	Failure   string         `json:"failure,omitzero"`  // kind of the last failure, for people; never a secret
	Overdue   bool           `json:"overdue,omitzero"`
	ShownTo   []string       `json:"shown_to,omitempty"` // sorted: who saw the new value before it counted
	Paused    bool           `json:"paused,omitzero"`    // nothing is tried until somebody resumes it

	// Sending: an attempt is telling the target, or was cut short while it did.
	// Touched: an attempt may have told it, and nobody knows what came of that.
	Sending bool `json:"sending,omitzero"`
	Touched bool `json:"touched,omitzero"`

	Verified int64 `json:"verified,omitzero"` // index of its rotation.verified; 0: not yet
}

// MayHaveReached says that the target may have been told of the new value. What
// it is not can still be called off, and is tried nowhere.
func (r Rotation) MayHaveReached() bool {
	return r.Sending || r.Touched || len(r.ShownTo) > 0 || r.Step == StepApplied || r.Step == StepVerified
}

// RotationID names one rotation of one credential.
type RotationID struct {
	Credential string `json:"credential"`
	Number     int64  `json:"number"`
	Target     int64  `json:"target,omitzero"` // Credential.Retargeted, as its worker had it: what was done elsewhere says nothing
}

// Successor is who holds the credential after the rotation in progress, or "".
func (c Credential) Successor() string {
	if c.Phase != Rotating {
		return ""
	}
	return c.Rotation.Successor
}

// startRotation leaves the credential without a holder and ends what was lent.
func (c *Credential) startRotation(reason RotationReason, successor string, now, deadline time.Time) {
	c.Phase, c.Holder, c.Lease = Rotating, "", Lease{}
	c.Envelope.Drill = Drill{} // of a password that is being changed nothing is proved
	c.Rotation = Rotation{
		Number: c.Rotation.Number + 1, Reason: reason, Successor: successor,
		Step: StepPending, Since: now, Deadline: deadline,
	}
}

// Unfinished says that something is to be done outside for it: its password is being changed,
// dependents do not have it yet, secrets are on their way, or a drill is under way.
func (c Credential) Unfinished() bool {
	return c.Phase == Rotating || len(c.Updates) > 0 || c.Arriving != "" || c.Drilling()
}

func (d *decision) startRotation(c Credential, reason RotationReason, successor string, note Note) {
	d.happen(RotationStarted{
		Credential: c.Name, Rotation: c.Rotation.Number + 1, Reason: reason,
		Successor: successor, Deadline: d.deadline(), Note: note,
	})
}

// RequestRotation asks for a new password without a change of custody. All: of
// everything that the actor may ask it for and that is held.
type RequestRotation struct {
	Credential string `json:"credential,omitzero"`
	All        bool   `json:"all,omitzero"`
	Reason     Note   `json:"reason"`

	// Credentials are all by name, when it is carried out. Where they are more than
	// have room here the entries that follow name them, one each.
	Credentials []string `json:"credentials,omitzero"`
}

var _ = action(RequestRotation{})

func (RequestRotation) Verb() string      { return "rotate" }
func (a RequestRotation) Subject() string { return a.Credential }
func (RequestRotation) givers() givers    { return people }

func (a RequestRotation) bare(s *State) Action {
	b := RequestRotation{All: a.All, Reason: absentNote}
	if a.Credential != "" {
		b.Credential = s.nameOr(a.Credential)
	}
	return b
}

func (a RequestRotation) decide(d *decision) error {
	var wanted []Credential
	switch {
	case a.All && a.Credential != "":
		return Invalid("credential", "beside_all_meant")
	case len(a.Credentials) > 0 && (a.All || a.Credential != "" || !sortedOnce(a.Credentials)): // one command has one form
		return Invalid("credentials", "unsorted_or_beside")
	case a.All:
		for c := range d.state.Credentials() {
			if d.mayChange(c) == nil {
				wanted = append(wanted, c)
			}
		}
		if len(wanted) == 0 {
			return refuseNothingHeld()
		}
		if len(wanted) <= maxNamed {
			a.All = false
			for _, c := range wanted {
				a.Credentials = append(a.Credentials, c.Name)
			}
			d.named = a
		}
	default:
		names := a.Credentials
		if len(names) == 0 {
			names = []string{a.Credential}
		}
		for _, name := range names {
			c, err := d.credential(name)
			if err != nil {
				return err
			}
			if err := d.mayChange(c); err != nil {
				return err
			}
			wanted = append(wanted, c)
		}
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, c := range wanted {
		d.startRotation(c, ForRequested, c.Holder, a.Reason)
	}
	return nil
}

// mayChange refuses unless the actor is the holder or a manager, and nothing is
// in progress.
func (d *decision) mayChange(c Credential) error {
	if err := d.held(c, d.actor.Is(Manager)); err != nil {
		return err
	}
	return c.reachable()
}

// Reconcile sets a new password through the target's second account, whatever
// the password is there now. By the holder or a manager, or by the system when
// it drifted and the policy says so.
type Reconcile struct {
	Credential string `json:"credential"`
	Reason     Note   `json:"reason,omitzero"`
}

var _ = action(Reconcile{})

func (Reconcile) Verb() string      { return "reconcile" }
func (a Reconcile) Subject() string { return a.Credential }
func (Reconcile) givers() givers    { return peopleAndSystem }

func (a Reconcile) bare(s *State) Action { return Reconcile{s.nameOr(a.Credential), absentNote} }

func (a Reconcile) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if d.command.Actor == System {
		if c.Phase != Held || c.reachable() != nil || c.Drifted.IsZero() || !c.Policy.AutoReconcile || !c.Reconciles {
			return nil // what called for it is over
		}
		d.startRotation(c, ForDrift, c.Holder, Note{})
		return nil
	}
	if err := d.mayChange(c); err != nil {
		return err
	}
	if !c.Reconciles {
		return refuseNoSecondAccount(c)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.startRotation(c, ForDrift, c.Holder, a.Reason)
	return nil
}

// RotationStarted: nobody holds the credential until it is done.
type RotationStarted struct {
	Credential string         `json:"credential"`
	Rotation   int64          `json:"rotation"`
	Reason     RotationReason `json:"reason"`
	Successor  string         `json:"successor"`
	Deadline   time.Time      `json:"deadline"`
	Note       Note           `json:"note,omitzero"` // what the person who asked for it wrote
}

var _ = fact(RotationStarted{})

func (RotationStarted) Type() string               { return "rotation.started" }
func (f RotationStarted) Subject() string          { return f.Credential }
func (f RotationStarted) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationStarted) grade() Grade               { return Ordinary }

// by goes by the reason. Onboarding and return have facts of their own.
func (f RotationStarted) by(s *State, _ Event) Who {
	switch f.Reason {
	case ForRequested:
		return byRole(Manager).orPerson(f.Successor).confirmed()
	case ForTransfer:
		c, _ := s.Credential(f.Credential)
		if h, _ := s.Handover(c.Handover); h.Ahead.Receiver.Entry > 0 { // carried out: see HandoverCarriedOut
			return byPerson(f.Successor).orSystem()
		}
		return byPerson(f.Successor)
	case ForRecovery:
		return bySystem()
	case ForCheckin, ForAge, ForExposure:
		return byPerson(f.Successor).orSystem()
	case ForDrift:
		who := byRole(Manager).orPerson(f.Successor).confirmed()
		if c, _ := s.Credential(f.Credential); c.Policy.AutoReconcile && !c.Drifted.IsZero() {
			return who.orSystem()
		}
		return who
	}
	return Who{}
}

func (f RotationStarted) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.AtRest() || f.Rotation != c.Rotation.Number+1 || f.Successor != c.Holder {
		return e.violates("I4", "rotation started twice, or for somebody else than the holder")
	}
	known := c.tooKnown() || knownToOthers(c.Exposure, c.Holder) && c.RotatedAt.Equal(e.Time)
	if f.Reason == ForAge && !c.tooOld(e.Time) || f.Reason == ForExposure && !known {
		return e.violates("I4", "rotation for an age or an exposure that the policy allows")
	}
	if (f.Reason == ForRequested || f.Reason == ForDrift) && c.reachable() != nil {
		return e.violates("I5", "asked for at a target that nobody has confirmed")
	}
	if f.Reason == ForDrift && !c.Reconciles {
		return e.violates("I4", "reconciled without a second account")
	}
	return nil
}

func (f RotationStarted) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.startRotation(f.Reason, f.Successor, e.Time, f.Deadline)
		s.expectRotation(*c)
	})
}

// RotationOverdue: the policy's deadline has passed.
type RotationOverdue struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
}

var _ = fact(RotationOverdue{})

func (RotationOverdue) Type() string               { return "rotation.overdue" }
func (f RotationOverdue) Subject() string          { return f.Credential }
func (f RotationOverdue) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationOverdue) grade() Grade               { return Serious }
func (RotationOverdue) by(*State, Event) Who       { return bySystem() }

func (f RotationOverdue) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if c.Rotation.Overdue || e.Time.Before(c.Rotation.Deadline) {
		return e.violates("I4", "overdue before its time, or twice")
	}
	return e.atStep(c, f.Rotation, c.Rotation.Step)
}

func (f RotationOverdue) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.Rotation.Overdue = true })
}

// atStep says whether this rotation of the credential is in progress and so far.
func (e Event) atStep(c Credential, number int64, step RotationStep) error {
	if c.Phase != Rotating || c.Rotation.Number != number || c.Rotation.Step != step {
		return e.violates("I4", fmt.Sprintf("the rotation was not at %q", step))
	}
	return nil
}
