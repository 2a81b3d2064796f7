package custody

import (
	"fmt"
	"slices"
)

// Violation says which invariant of the policy does not hold, and where. It
// must never happen: the desk refuses to commit, and an auditor's replay stops.
type Violation struct {
	Invariant string // "I1" to "I7"
	Subject   string
	Detail    string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("invariant %s broken for %s: %s", v.Invariant, v.Subject, v.Detail)
}

// Replay applies an event and checks it: that it may happen in this state, and
// that what it leads to is allowed. After an error the state is of no more use.
// The desk commits nothing that does not pass, and an auditor's fold of the
// ledger is nothing but this, entry by entry.
func Replay(s *State, e Event) error {
	if err := CheckEvent(s, e); err != nil {
		return err
	}
	Apply(s, e)
	return CheckAfter(s, e)
}

// Check looks at the whole state: I1, I2 and I3.
func Check(s *State) error {
	for c := range s.Credentials() {
		if err := s.checkCredential(c); err != nil {
			return err
		}
	}
	for h := range s.OpenHandovers() {
		if err := s.checkHandover(h); err != nil {
			return err
		}
	}
	return nil
}

// CheckAfter looks at what the event can have touched, which is enough when the
// state before it was good.
func CheckAfter(s *State, e Event) error {
	switch f := e.Fact.(type) {
	case HandoverOffered:
		return s.checkHandoverByID(f.Handover)
	case HandoverAccepted:
		return s.checkHandoverByID(f.Handover)
	case HandoverEnded:
		return s.checkHandoverByID(f.Handover)
	case HandoverReturned:
		return s.checkHandoverByID(f.Handover)
	case HandoverClosed:
		return s.checkHandoverByID(f.Handover)
	case PersonAway:
		for _, name := range s.Charges(f.Person) {
			c, _ := s.Credential(name)
			if err := s.checkCredential(c); err != nil {
				return err
			}
		}
	case CredentialAdded, CredentialPolicyChanged, CredentialRetired, CheckoutGranted, CheckoutEnded,
		VerificationEnded, DependentUpdated, DependentFailed,
		RotationStarted, RotationStaged, RotationShown, RotationApplied, RotationVerified, RotationPromoted, RotationFailed:
		c, _ := s.Credential(f.Subject())
		return s.checkCredential(c)
	}
	return nil
}

func (s *State) checkCredential(c Credential) error {
	broken := func(invariant, format string, args ...any) error {
		return &Violation{Invariant: invariant, Subject: c.Name, Detail: fmt.Sprintf(format, args...)}
	}
	if (c.Phase == Held) != (c.Holder != "") {
		return broken("I1", "%s with holder %q", c.Phase, c.Holder)
	}
	if c.Phase != Held && c.Lease.ID != "" {
		return broken("I4", "%s with a lease", c.Phase)
	}
	if !c.Active() {
		return nil
	}
	primary, ok1 := s.Person(c.Primary)
	backup, ok2 := s.Person(c.Backup)
	if !ok1 || !ok2 || c.Primary == c.Backup {
		return broken("I2", "custodians %q and %q are not two people", c.Primary, c.Backup)
	}
	if primary.Away && backup.Away {
		return broken("I2", "%s and %s are both away", c.Primary, c.Backup)
	}
	if holder, _ := s.Person(c.Holder); c.Phase == Held {
		switch {
		case !c.HasCustodian(c.Holder):
			return broken("I3", "held by %q, who is no custodian", c.Holder)
		case !holder.Present():
			return broken("I3", "held by %s, who is away or disabled", c.Holder)
		case c.Version < 1:
			return broken("I4", "held before any rotation was verified")
		}
	}
	if successor, _ := s.Person(c.Successor()); c.Phase == Rotating {
		if !c.HasCustodian(c.Successor()) || !successor.Present() {
			return broken("I3", "will be held by %q, who is no present custodian", c.Successor())
		}
	}
	if c.Lease.ID != "" && c.Lease.Person != c.Holder {
		return broken("I3", "%s has a lease, %s holds it", c.Lease.Person, c.Holder)
	}
	if h, _ := s.Handover(c.Handover); c.Handover != "" && !(h.Status.Open() && slices.Contains(h.Credentials, c.Name)) {
		return broken("I1", "bound to %s, which is not open or does not name it", c.Handover)
	}
	return nil
}

func (s *State) checkHandoverByID(id string) error {
	h, ok := s.Handover(id)
	if !ok { // over, and already forgotten
		return nil
	}
	return s.checkHandover(h)
}

func (s *State) checkHandover(h Handover) error {
	for _, name := range h.Credentials {
		c, _ := s.Credential(name)
		if err := s.checkCredential(c); err != nil {
			return err
		}
		bound := c.Handover == h.ID
		var wrong bool
		switch h.Status {
		case Offered:
			wrong = !bound || (c.Phase == Held && c.Holder != h.From)
		case Accepted:
			wrong = !bound || (c.Phase == Held && c.Holder != h.To)
		case Returned: // unbound again, one by one, as each is promoted
			wrong = bound && c.Successor() != h.From
		default:
			wrong = bound
		}
		if wrong {
			return &Violation{Invariant: "I1", Subject: name, Detail: fmt.Sprintf("does not follow its handover %s (%s)", h.ID, h.Status)}
		}
	}
	return nil
}

// CheckEvent says whether an event may happen in this state: the rule behind
// each event, stated once more and on its own, so that an auditor who replays
// the ledger does not have to trust that Decide was asked. I4, I5 and I6 are
// about events, not states, and live here.
func CheckEvent(s *State, e Event) error {
	if e.Time.Before(s.Time) || e.Held && !e.Time.Equal(s.Time) {
		return e.violates("I7", "time went back, or did not stand still where it was held")
	}
	if err := checkConfirmation(s, e); err != nil {
		return err
	}
	if !s.mayHaveDone(e) {
		return e.violates("I6", "done by somebody whose it was not")
	}
	switch f := e.Fact.(type) {
	case PersonAdded:
		if _, exists := s.Person(f.Username); exists {
			return e.violates("I7", "added twice")
		}
	case EnrolmentReset:
		if _, exists := s.Person(f.Person); !exists {
			return e.violates("I7", "about nobody")
		}
	case PersonAway:
		for _, name := range s.Charges(f.Person) {
			if c, _ := s.Credential(name); c.Holder == f.Person {
				return e.violates("I3", "away while holding "+name)
			}
		}
	case CredentialAdded, CredentialPolicyChanged, CredentialRetired, CheckoutGranted, CheckoutEnded,
		VerificationStarted, VerificationEnded, DependentUpdated, DependentFailed:
		return s.checkCredentialEvent(e)
	case HandoverOffered, HandoverAccepted, HandoverEnded, HandoverReturned, HandoverClosed, HandoverOverdue:
		return s.checkHandoverEvent(e)
	case RotationStarted, RotationStaged, RotationShown, RotationApplied, RotationVerified, RotationPromoted, RotationFailed, RotationOverdue:
		return s.checkRotationEvent(e)
	}
	return nil
}

func (s *State) checkCredentialEvent(e Event) error {
	c, exists := s.Credential(e.Fact.Subject())
	switch f := e.Fact.(type) {
	case CredentialAdded:
		if exists {
			return e.violates("I7", "added twice")
		}
	case CredentialPolicyChanged:
		if !c.Active() {
			return e.violates("I7", "the policy of what is not in custody")
		}
	case VerificationStarted:
		if c.Phase != Held || f.Version != c.Version {
			return e.violates("I5", "verified what is not held, or another version")
		}
	case VerificationEnded:
		if c.Phase != Held || f.Version != c.Version {
			return e.violates("I7", "the result for what is not held, or for another version")
		}
	case DependentUpdated:
		if !c.Active() || f.Version != c.Version || c.update(f.Dependent) < 0 {
			return e.violates("I7", "told a dependent what it knew, or another version")
		}
	case DependentFailed:
		if !c.Active() || f.Version != c.Version || c.update(f.Dependent) < 0 {
			return e.violates("I7", "failed to tell a dependent what it knew, or another version")
		}
	case CredentialRetired:
		if c.Phase != Held || c.Handover != "" {
			return e.violates("I1", "retired while it was not simply held")
		}
	case CheckoutGranted:
		if c.Phase != Held || c.Holder != e.Actor || f.Version != c.Version {
			return e.violates("I5", "check-out by somebody who does not hold it, or of another version")
		}
		if f.Lease != leaseID(s.Leases+1) {
			return e.violates("I5", "check-out under the name of another")
		}
	case CheckoutEnded:
		if c.Lease.ID == "" || c.Lease.ID != f.Lease {
			return e.violates("I3", "ended a check-out that was over")
		}
		if f.How == "expired" && e.Time.Before(c.Lease.Until) {
			return e.violates("I3", "expired before its time")
		}
	}
	return nil
}

func (s *State) checkHandoverEvent(e Event) error {
	h, _ := s.Handover(e.Fact.Subject())
	switch f := e.Fact.(type) {
	case HandoverOffered:
		if len(f.Credentials) == 0 || f.Handover != handoverID(s.Handovers+1) {
			return e.violates("I1", "offers nothing, or under the name of another handover")
		}
		if to, _ := s.Person(f.To); !to.Present() {
			return e.violates("I3", "offered to somebody who is away or disabled")
		}
		for _, name := range f.Credentials {
			if c, _ := s.Credential(name); c.Holder != f.From || c.Other(f.From) != f.To || c.Handover != "" {
				return e.violates("I1", "offered by somebody who does not hold "+name+", or not to its other custodian")
			}
		}
	case HandoverAccepted:
		if !e.Time.Before(h.Expires) {
			return e.violates("I1", "accepted after the offer had expired")
		}
		return e.follows(s, h, Offered, f.From, f.To, f.Credentials)
	case HandoverReturned:
		return e.follows(s, h, Accepted, f.From, f.To, f.Credentials)
	case HandoverEnded:
		if h.Status != Offered || f.How == Expired && e.Time.Before(h.Expires) {
			return e.violates("I1", "ended without having been on offer, or expired before its time")
		}
	case HandoverOverdue:
		if h.Status != Accepted || h.Overdue || h.ExpectedReturn.IsZero() || e.Time.Before(h.ExpectedReturn) {
			return e.violates("I1", "overdue before its time, or twice")
		}
	case HandoverClosed:
		if h.Status != Returned || s.returning(h, "") {
			return e.violates("I4", "closed before every password was changed")
		}
	}
	return nil
}

func (s *State) checkRotationEvent(e Event) error {
	c, _ := s.Credential(e.Fact.Subject())
	at := func(number int64, step RotationStep) error {
		if c.Phase != Rotating || c.Rotation.Number != number || c.Rotation.Step != step {
			return e.violates("I4", fmt.Sprintf("the rotation was not at %q", step))
		}
		return nil
	}
	switch f := e.Fact.(type) {
	case RotationStarted:
		if c.Phase != Held || f.Rotation != c.Rotation.Number+1 || f.Successor != c.Holder {
			return e.violates("I4", "rotation started twice, or for somebody else than the holder")
		}
		if f.Reason == ForAge && !c.tooOld(e.Time) || f.Reason == ForExposure && !c.tooKnown() {
			return e.violates("I4", "rotation for an age or an exposure that the policy allows")
		}
		if f.Reason == ForDrift && !c.Reconciles {
			return e.violates("I4", "reconciled without a second account")
		}
	case RotationStaged:
		return at(f.Rotation, StepPending)
	case RotationShown:
		if f.Version != c.Version {
			return e.violates("I5", "shown beside another version than the current one")
		}
		if c.Rotation.Step == StepApplied { // the target does not take it yet: once more
			return at(f.Rotation, StepApplied)
		}
		return at(f.Rotation, StepStaged)
	case RotationApplied:
		if c.ByHand() && !c.Rotation.Shown {
			return e.violates("I4", "set by somebody who had not been shown it")
		}
		return at(f.Rotation, StepStaged)
	case RotationVerified:
		return at(f.Rotation, StepApplied)
	case RotationPromoted:
		if f.Version <= c.Version || f.Holder != c.Successor() || !slices.Equal(f.Exposed, c.exposedByRotation()) {
			return e.violates("I4", "promoted without a higher version, to somebody else than the successor, or silent on who knows it")
		}
		return at(f.Rotation, StepVerified)
	case RotationFailed:
		return at(f.Rotation, c.Rotation.Step)
	case RotationOverdue:
		if c.Rotation.Overdue || e.Time.Before(c.Rotation.Deadline) {
			return e.violates("I4", "overdue before its time, or twice")
		}
		return at(f.Rotation, c.Rotation.Step)
	}
	return nil
}

// mayHaveDone says whether the actor of an event is somebody whose it is to do
// such a thing: an admin, a party, the person concerned, or nobody but the system.
func (s *State) mayHaveDone(e Event) bool {
	actor, known := s.Person(e.Actor)
	system := e.Actor == System
	if _, refused := e.Fact.(CommandRefused); !system && (!known || actor.Disabled && !refused) {
		return false
	}
	switch f := e.Fact.(type) {
	case PersonAdded, CredentialAdded:
		return system || actor.Is(Admin)
	case EnrolmentReset:
		return f.Recovery && system || !f.Recovery && actor.Is(Admin)
	case CredentialRetired, CredentialPolicyChanged:
		return actor.Is(Admin)
	case PersonEnrolled, PersonLocked, PersonPresent, SessionOpened, SessionClosed:
		return e.Actor == f.Subject()
	case PersonAway:
		return e.Actor == f.Person || s.sentAway(f.Person, e)
	case CheckoutGranted, CommandRefused:
		return !system
	case CheckoutEnded:
		c, _ := s.Credential(f.Credential)
		return f.How == "checkin" && e.Actor == c.Lease.Person || f.How == "expired" && system
	case HandoverOffered:
		return e.Actor == f.From
	case HandoverAccepted:
		return e.Actor == f.To
	case HandoverReturned:
		return e.Actor == f.From || e.Actor == f.To
	case HandoverEnded:
		h, _ := s.Handover(f.Handover)
		return f.How == Declined && e.Actor == h.To || f.How == Cancelled && e.Actor == h.From || f.How == Expired && system
	case RotationStarted:
		return s.mayStart(e, f, actor)
	case RotationShown:
		c, _ := s.Credential(f.Credential)
		return c.ByHand() && e.Actor == c.Successor()
	case RotationApplied:
		c, _ := s.Credential(f.Credential)
		return c.ByHand() && e.Actor == c.Successor() || !c.ByHand() && system
	}
	return system
}

// mayStart says whose a rotation is to start, by its reason. Onboarding and
// return have facts of their own.
func (s *State) mayStart(e Event, f RotationStarted, actor Person) bool {
	system := e.Actor == System
	switch f.Reason {
	case ForRequested:
		return e.Actor == f.Successor || actor.Is(Manager)
	case ForTransfer:
		return e.Actor == f.Successor
	case ForCheckin, ForAge, ForExposure:
		return e.Actor == f.Successor || system
	case ForDrift:
		c, _ := s.Credential(f.Credential)
		return e.Actor == f.Successor || actor.Is(Manager) || system && c.Policy.AutoReconcile && !c.Drifted.IsZero()
	}
	return false
}

// sentAway says that the person had asked to be away as soon as a handover was
// accepted, and that the event belongs to its acceptance.
func (s *State) sentAway(person string, e Event) bool {
	return slices.ContainsFunc(s.Charges(person), func(name string) bool {
		c, _ := s.Credential(name)
		h, _ := s.Handover(c.Handover)
		return h.Leave && h.Status == Accepted && h.From == person && h.To == e.Actor && h.AcceptedAt.Equal(e.Time)
	})
}

// checkConfirmation holds I6: what needs a confirmation has the actor's own, by
// a TOTP seed that was proved, and no step ever confirms two requests.
func checkConfirmation(s *State, e Event) error {
	if e.Confirm == nil {
		if needsConfirmation(e) {
			return e.violates("I6", "not confirmed")
		}
		return nil
	}
	p, known := s.Person(e.Confirm.Person)
	_, proving := e.Fact.(PersonEnrolled)
	again := e.Confirm.Step == p.LastStep && e.Request == p.LastRequest && e.Request != ""
	switch {
	case !known || e.Confirm.Person != e.Actor:
		return e.violates("I6", "confirmed by somebody else than the actor")
	case !p.Enrolled && !proving:
		return e.violates("I6", "confirmed with a seed that was not proved")
	case e.Confirm.Step <= p.LastStep && !again:
		return e.violates("I6", "confirmed by a step that had confirmed something before")
	}
	return nil
}

func needsConfirmation(e Event) bool {
	switch f := e.Fact.(type) {
	case CheckoutGranted, HandoverOffered, HandoverAccepted, HandoverReturned, PersonAway,
		SessionOpened, PersonEnrolled, CredentialRetired, CredentialPolicyChanged, RotationShown:
		return true
	case RotationApplied:
		return e.Actor != System
	case RotationStarted:
		return f.Reason == ForRequested || f.Reason == ForDrift && e.Actor != System
	}
	return false
}

// follows says whether what becomes of a handover is what it was offered as,
// while nothing in it is being changed.
func (e Event) follows(s *State, h Handover, status HandoverStatus, from, to string, credentials []string) error {
	if h.Status != status || h.From != from || h.To != to || !slices.Equal(h.Credentials, credentials) {
		return e.violates("I1", "does not follow on what was offered")
	}
	for _, name := range credentials {
		if c, _ := s.Credential(name); c.Phase != Held {
			return e.violates("I4", "while the password of "+name+" was being changed")
		}
	}
	return nil
}

func (e Event) violates(invariant, detail string) error {
	return &Violation{Invariant: invariant, Subject: e.Fact.Subject(), Detail: e.Fact.Type() + ": " + detail}
}
