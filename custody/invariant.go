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
	case CredentialAdded, CredentialRetired, CheckoutGranted, CheckoutEnded,
		RotationStarted, RotationStaged, RotationApplied, RotationVerified, RotationPromoted, RotationFailed:
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
	if e.Time.Before(s.Time) {
		return e.violates("I7", "time went back")
	}
	if err := checkConfirmation(s, e); err != nil {
		return err
	}
	switch f := e.Fact.(type) {
	case CheckoutGranted:
		c, _ := s.Credential(f.Credential)
		if c.Phase != Held || c.Holder != e.Actor || f.Version != c.Version {
			return e.violates("I5", "check-out by somebody who does not hold it, or of another version")
		}
	case HandoverOffered:
		for _, name := range f.Credentials {
			if c, _ := s.Credential(name); c.Holder != f.From || c.Other(f.From) != f.To || c.Handover != "" || e.Actor != f.From {
				return e.violates("I1", "offered by somebody who does not hold "+name+", or not to its other custodian")
			}
		}
	case HandoverAccepted:
		if err := e.follows(s, f.Handover, f.From, f.To, f.Credentials, Offered); err != nil {
			return err
		}
		if e.Actor != f.To {
			return e.violates("I6", "accepted by somebody else than the receiver")
		}
	case HandoverReturned:
		if err := e.follows(s, f.Handover, f.From, f.To, f.Credentials, Accepted); err != nil {
			return err
		}
		if e.Actor != f.From && e.Actor != f.To {
			return e.violates("I6", "returned by somebody who is no party to it")
		}
	case HandoverEnded:
		if h, _ := s.Handover(f.Handover); h.Status != Offered || f.How.Open() || f.How == Closed {
			return e.violates("I1", "ended without having been on offer")
		}
	case HandoverClosed:
		h, _ := s.Handover(f.Handover)
		if h.Status != Returned || s.returning(h, "") {
			return e.violates("I4", "closed before every password was changed")
		}
	case PersonAway:
		for _, name := range s.Charges(f.Person) {
			if c, _ := s.Credential(name); c.Holder == f.Person {
				return e.violates("I3", "away while holding "+name)
			}
		}
	case RotationStarted:
		if c, _ := s.Credential(f.Credential); c.Phase != Held || f.Rotation != c.Rotation.Number+1 || f.Successor != c.Holder {
			return e.violates("I4", "rotation started twice, or for somebody else than the holder")
		}
	case RotationStaged:
		return e.advances(s, f.Credential, f.Rotation, StepPending)
	case RotationApplied:
		return e.advances(s, f.Credential, f.Rotation, StepStaged)
	case RotationVerified:
		return e.advances(s, f.Credential, f.Rotation, StepApplied)
	case RotationPromoted:
		c, _ := s.Credential(f.Credential)
		if f.Version <= c.Version || f.Holder != c.Successor() {
			return e.violates("I4", "promoted without a higher version, or to somebody else than the successor")
		}
		return e.advances(s, f.Credential, f.Rotation, StepVerified)
	case CredentialAdded:
		if _, exists := s.Credential(f.Credential); exists {
			return e.violates("I7", "added twice")
		}
	case PersonAdded:
		if _, exists := s.Person(f.Username); exists {
			return e.violates("I7", "added twice")
		}
	}
	return nil
}

// checkConfirmation holds I6: what needs a confirmation has the actor's own,
// and no TOTP step ever confirms two requests.
func checkConfirmation(s *State, e Event) error {
	if e.Confirm == nil {
		if needsConfirmation(e) {
			return e.violates("I6", "not confirmed")
		}
		return nil
	}
	p, known := s.Person(e.Confirm.Person)
	again := e.Confirm.Step == p.LastStep && e.Request == p.LastRequest && e.Request != ""
	switch {
	case !known || e.Confirm.Person != e.Actor:
		return e.violates("I6", "confirmed by somebody else than the actor")
	case e.Confirm.Step <= p.LastStep && !again:
		return e.violates("I6", "confirmed by a step that had confirmed something before")
	}
	return nil
}

func needsConfirmation(e Event) bool {
	switch f := e.Fact.(type) {
	case CheckoutGranted, HandoverOffered, HandoverAccepted, HandoverReturned, PersonAway,
		SessionOpened, PersonEnrolled, CredentialRetired:
		return true
	case RotationStarted:
		return f.Reason == ForRequested
	}
	return false
}

func (e Event) follows(s *State, id, from, to string, credentials []string, status HandoverStatus) error {
	h, ok := s.Handover(id)
	if !ok || h.Status != status || h.From != from || h.To != to || !slices.Equal(h.Credentials, credentials) {
		return e.violates("I1", "does not follow on what was offered")
	}
	return nil
}

func (e Event) advances(s *State, credential string, number int64, from RotationStep) error {
	c, _ := s.Credential(credential)
	if c.Phase != Rotating || c.Rotation.Number != number || c.Rotation.Step != from {
		return e.violates("I4", fmt.Sprintf("the rotation was not at %q", from))
	}
	return nil
}

func (e Event) violates(invariant, detail string) error {
	return &Violation{Invariant: invariant, Subject: e.Fact.Subject(), Detail: e.Fact.Type() + ": " + detail}
}
