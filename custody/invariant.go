package custody

import (
	"fmt"
	"slices"
)

// Violation says which invariant of the policy does not hold, and where. It
// must never happen: the desk refuses to commit, and an auditor's replay stops.
type Violation struct {
	Invariant string // "I1" to "I7", "I10" to "I13", "I15"
	Subject   string
	Detail    string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("invariant %s broken for %s: %s", v.Invariant, v.Subject, v.Detail)
}

// Check looks at the whole state: I1, I2, I3, I10 and I15, of I6 that sessions are of people
// who can confirm, and of I7 that no account is in custody twice and that the keys of the
// seals follow each other.
func Check(s *State) error {
	for c := range s.Credentials() {
		if err := s.checkCredential(c); err != nil {
			return err
		}
	}
	if err := s.checkAccounts(); err != nil {
		return err
	}
	for h := range s.OpenHandovers() {
		if err := s.checkHandover(h); err != nil {
			return err
		}
	}
	if err := s.checkSealKeys(); err != nil {
		return err
	}
	if err := s.checkPeople(); err != nil {
		return err
	}
	if err := s.checkConfiguration(); err != nil {
		return err
	}
	if err := s.checkDeputies(); err != nil {
		return err
	}
	for p := range s.OpenProposals() {
		if err := checkProposal(p); err != nil {
			return err
		}
	}
	for i := range s.OpenIncidents() {
		if err := s.checkIncident(i); err != nil {
			return err
		}
	}
	for p := range s.People() {
		if err := s.checkPlans(p); err != nil {
			return err
		}
	}
	return s.checkSessions()
}

// checkProposal holds I10 of what waits: whoever approved it is another person at each
// level, and not who asked for it. Whom it is about can change while it waits: whose
// approval counts is asked when it is to take effect (missing).
func checkProposal(p Proposal) error {
	if p.Status != Open {
		return nil
	}
	if p.Change.Proposable == nil {
		return &Violation{Invariant: "I10", Subject: p.ID, Detail: "waits for nothing"}
	}
	for i, a := range p.Approvals {
		twice := slices.ContainsFunc(p.Approvals[:i], func(b Approval) bool { return a.Person == b.Person || a.Level == b.Level })
		if twice || a.Person == p.Requester || !slices.Contains(p.Needs, a.Level) {
			return &Violation{Invariant: "I10", Subject: p.ID, Detail: "approved by " + a.Person + " as " + string(a.Level)}
		}
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
	if first := c.Retargeted == 0; c.Arriving != "" && (!c.Active() || first && (c.Phase != Rotating || c.Rotation.Step != StepPending || c.Version != 0)) {
		return broken("I4", "%s at %q, and its secrets are not in their place", c.Phase, c.Rotation.Step)
	}
	if !c.Active() && !c.Unconfirmed.IsZero() {
		return broken("I5", "%s, and somebody is to confirm where it is", c.Phase)
	}
	if err := c.checkEnvelope(); err != nil {
		return err
	}
	if !c.Active() {
		return nil
	}
	primary, ok1 := s.Person(c.Primary)
	backup, ok2 := s.Person(c.Backup)
	if c.Primary != "" && !ok1 || c.Backup != "" && !ok2 || c.Primary == c.Backup && c.Primary != "" {
		return broken("I2", "custodians %q and %q are not two people", c.Primary, c.Backup)
	}
	if err := c.checkEmergencies(); err != nil {
		return err
	}
	if err := s.checkSubstitute(c); err != nil {
		return err
	}
	if slices.ContainsFunc(c.Unreachable, func(name string) bool { return !c.HasCustodian(name) }) {
		return broken("I12", "waits for %v, of whom one is no custodian", c.Unreachable)
	}
	if c.Unattended && !c.SeatVacant() {
		return broken("I12", "may be left alone, though both seats are taken")
	}
	for _, leaver := range c.Leavers {
		changing := c.Phase == Rotating || c.RotatedAt.Equal(s.Time) // or is, in the entry that follows
		if !changing || !s.waitsFor(leaver, c.Name) {
			return broken("I13", "%s has left, and nothing says that what they know is changed", leaver)
		}
	}
	if err := checkPairPlans(c, primary, backup); err != nil {
		return err
	}
	if primary.Away && backup.Away {
		return broken("I2", "%s and %s are both away", c.Primary, c.Backup)
	}
	if holder, _ := s.Person(c.Holder); c.Phase == Held {
		switch {
		case !c.MayHold(c.Holder):
			return broken("I3", "held by %q, who is no custodian", c.Holder)
		case !holder.Present() || slices.Contains(c.Unreachable, c.Holder):
			return broken("I3", "held by %s, who is away or disabled", c.Holder)
		case c.Version < 1:
			return broken("I4", "held before any rotation was verified")
		}
	}
	if successor, _ := s.Person(c.Successor()); c.Phase == Rotating && c.Successor() != "" {
		if !c.MayHold(c.Successor()) || !successor.Present() || slices.Contains(c.Unreachable, c.Successor()) {
			return broken("I3", "will be held by %q, who is no present custodian", c.Successor())
		}
	}
	if primary.Disabled || backup.Disabled {
		return broken("I11", "looked after by %q and %q, of whom one has left", c.Primary, c.Backup)
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
			wrong = bound && c.Phase == Held
		default:
			wrong = bound
		}
		if wrong {
			return &Violation{Invariant: "I1", Subject: name, Detail: fmt.Sprintf("does not follow its handover %s (%s)", h.ID, h.Status)}
		}
	}
	return nil
}
