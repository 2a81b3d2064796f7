package custody

import (
	"fmt"
	"slices"
	"testing"
)

// TestModelOfRetargeting visits every state that one credential of two technicians can get
// into when how it is reached is changed, and back, at any moment: held, being changed at
// each step, paused, stopped. In each of them everybody tries all that this can stand in the
// way of. Whether a command is granted is compared with the policy as it is said over again
// here, and so is what a step leads to.
func TestModelOfRetargeting(t *testing.T) {
	policy := testPolicy()
	policy.Approvals = ApprovedByNone // what needs approval happens as soon as somebody asks for it
	w := newWorldUnder(policy)
	err := w.hire(AddPerson{Username: "a", Roles: []Role{Technician}}, AddPerson{Username: "b", Roles: []Role{Technician}},
		AddPerson{Username: "boss", Roles: []Role{Manager}}, AddPerson{Username: "chief", Roles: []Role{Director}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.do(System, server("x", "a", "b")); err != nil {
		t.Fatal(err)
	}
	m := retargets{t: t, seen: map[string]bool{}}
	m.visit(w)
	for len(m.queue) > 0 {
		at := m.queue[0]
		m.queue = m.queue[1:]
		for _, c := range m.tries(at.state) {
			m.try(*at, c)
			if t.Failed() {
				t.Fatalf("by %s, %+v, in the state\n%s", c.Actor, c.Action, m.key(at.state))
			}
		}
	}
	t.Logf("%d states, %d transitions, %d refused tries", len(m.seen), m.moves, m.refused)
	if len(m.seen) < 200 {
		t.Errorf("only %d states", len(m.seen))
	}
}

type retargets struct {
	t              *testing.T
	seen           map[string]bool
	queue          []*world
	moves, refused int
}

// homes are where x can be: where it is at first, and elsewhere.
func homes() []string { return []string{"x.example.org:22", "elsewhere.example.org:22"} }

// key is what the rules go by here: as of the model, and how x is reached.
func (m *retargets) key(s *State) string {
	c, _ := s.Credential("x")
	at := slices.IndexFunc(homes(), func(address string) bool { return c.Target.Address.Same(exact(address)) })
	stopped := c.Rotation.Stopped()
	return fmt.Sprintf("%s at %d, again: %t, unconfirmed: %t, arriving: %t, stopped: %t, drifted: %t, sending: %t, reason: %t",
		normal(s).key(), at, c.Retargeted > 0, !c.Unconfirmed.IsZero(), c.Arriving != "", stopped, !c.Drifted.IsZero(), c.Rotation.Sending, c.Rotation.Reason.askedFor())
}

func (m *retargets) visit(w *world) {
	if k := m.key(w.state); !m.seen[k] {
		m.seen[k] = true
		m.queue = append(m.queue, w)
	}
}

// tries are the commands that change how x is reached, those that go by it, and those that
// bring it where it matters.
func (m *retargets) tries(s *State) (all []Command) {
	add := func(who string, actions ...Action) {
		for _, a := range actions {
			all = append(all, Command{Actor: who, Action: a})
		}
	}
	c, _ := s.Credential("x")
	asks := func(edits ...func(*Retarget)) (all []Action) {
		for _, address := range homes() {
			all = append(all, needed(movedTo("x", address, edits...)))
		}
		return all
	}
	add("a", asks(pinned)...)
	add("boss", append(asks(), asks(withPassword)...)...)
	add("chief", asks(withKey)...)
	for _, who := range []string{"a", "b", "boss"} {
		add(who, ConfirmTarget{"x", c.Retargeted}, ConfirmTarget{"x", c.Retargeted - 1})
	}
	add("a", RequestRotation{Credential: "x", Reason: note("worn")}, PauseRotation{"x", note("wait")}, ResumeRotation{"x"}, CancelRotation{"x", note("no")})
	for _, target := range []int64{c.Retargeted, c.Retargeted - 1} {
		id := RotationID{"x", c.Rotation.Number, target}
		add(System, ReportStaged{id, true}, ReportSending{id}, ReportApplied{id}, ReportVerified{Rotation: id, OldRefused: c.Version > 0}, ReportPromoted{id, c.Version + 1},
			ReportFailed{Rotation: id, Failure: string(CurrentRefused), NextTry: epoch.Add(far), Unsent: !c.Rotation.Sending},
			StartVerification{"x", c.Version, target}, EndVerification{Credential: "x", Version: c.Version, Target: target, Result: VerificationAccepted})
	}
	add(System, ReportArrived{"x"})
	return all
}

func (m *retargets) try(w world, c Command) {
	before := w.state
	_, err := w.do(c.Actor, c.Action)
	switch allowed, known := retargetAllows(before, c); {
	case err != nil && CodeOf(err) == "":
		m.t.Error(err)
	case known && allowed != (err == nil):
		m.t.Errorf("granted: %t, and the policy says %t: %v", err == nil, allowed, err)
	case err != nil:
		m.refused++
		return
	}
	m.moves++
	for _, complaint := range retargetedWrongly(before, w.state, c) {
		m.t.Error(complaint)
	}
	w.history = nil
	m.visit(&w)
}

// retargetAllows says, in the policy's words, whether a command with a right code is to be
// granted; known is false for those whose rule is not about how an account is reached.
func retargetAllows(s *State, c Command) (allowed, known bool) {
	x, _ := s.Credential("x")
	waits := !x.Unconfirmed.IsZero()
	has := x.Holder
	if x.Phase == Rotating {
		has = x.Rotation.Successor
	}
	switch a := c.Action.(type) {
	case Propose:
		to := a.Change.Proposable.(Retarget)
		h, bound := s.Handover(x.Handover)
		free := !bound || h.Status == Returned
		another := !to.Target.Address.Same(x.Target.Address) || to.Password || to.Key
		return x.Phase != Retired && free && x.Arriving == "" && another, true
	case ConfirmTarget:
		mine := has == c.Actor || has == "" && (c.Actor == "a" || c.Actor == "b")
		return waits && mine && a.Target == x.Retargeted, true
	case RequestRotation:
		return x.Phase == Held && x.Holder == c.Actor && !waits, true
	}
	var elsewhere bool
	switch a := c.Action.(type) {
	case ReportStaged:
		elsewhere = a.Rotation.Target != x.Retargeted
	case ReportSending:
		elsewhere = a.Rotation.Target != x.Retargeted
	case ReportApplied:
		elsewhere = a.Rotation.Target != x.Retargeted
	case ReportVerified:
		elsewhere = a.Rotation.Target != x.Retargeted
	case ReportPromoted:
		elsewhere = a.Rotation.Target != x.Retargeted
	case ReportFailed:
		return false, waits || a.Rotation.Target != x.Retargeted
	case StartVerification:
		elsewhere = a.Target != x.Retargeted
	default:
		return false, false
	}
	return false, elsewhere || waits || x.Arriving != ""
}

// retargetedWrongly looks at one step without asking the rules.
func retargetedWrongly(before, after *State, c Command) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	was, _ := before.Credential("x")
	is, _ := after.Credential("x")
	propose, asked := c.Action.(Propose)
	if was.Retargeted != is.Retargeted && !asked {
		complain("reached in another way, and nobody asked")
	}
	if !was.Unconfirmed.IsZero() && is.Unconfirmed.IsZero() && is.Active() {
		_, confirmed := c.Action.(ConfirmTarget)
		theirs := asked && propose.Change.Proposable.(Retarget).Pinned && (c.Actor == was.HeldFor() || was.HeldFor() == "")
		if !confirmed && !theirs {
			complain("confirmed by nobody")
		}
	}
	if !was.Unconfirmed.IsZero() && !is.Unconfirmed.IsZero() || was.Arriving != "" && is.Arriving != "" {
		if was.Rotation.Number == is.Rotation.Number && was.Phase == Rotating && is.Phase == Rotating && was.Rotation.Step != is.Rotation.Step || is.Version != was.Version {
			complain("it went on from %s to %s where nothing may be sent", was.Rotation.Step, is.Rotation.Step)
		}
	}
	if !asked {
		return complaints
	}
	to := propose.Change.Proposable.(Retarget)
	if !is.Target.Address.Same(to.Target.Address) || after.inCustodyAs(to.Target) != "x" {
		complain("not reached as was asked for")
	}
	if elsewhere := !was.Target.Address.Same(is.Target.Address); elsewhere && is.Unconfirmed.IsZero() && !(to.Pinned && (c.Actor == was.HeldFor() || was.HeldFor() == "")) {
		complain("nobody has looked where it is now")
	}
	if was.Phase == Rotating && (is.Rotation.Step != was.Rotation.Step || is.Rotation.MayHaveReached() != was.Rotation.MayHaveReached() || is.Rotation.Number != was.Rotation.Number) {
		complain("the change forgot how far it was: %+v, was %+v", is.Rotation, was.Rotation)
	}
	if was.Phase == Rotating && (is.Rotation.Attempts > 0 || is.Rotation.Failure != "" || is.Rotation.Stopped()) {
		complain("what was in the way is still: %+v", is.Rotation)
	}
	if to.Password && (is.Phase != Rotating || is.Cancellable() && is.Rotation.Reason != ForOnboard) {
		complain("somebody brought its password, and it is not changed")
	}
	return complaints
}
