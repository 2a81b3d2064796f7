package custody

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The part of the model in which a holder cannot be reached: a and b share x, c is another
// technician, boss is the manager and chief the director, and silence is allowed.

// triesOfEmergencies lists the commands of an emergency, and of what crosses it: an
// absence, a change of the password, what is parked.
func (m *model) triesOfEmergencies(s *State) []Command {
	var commands []Command
	add := adding(s, &commands)
	x, _ := s.Credential("x")
	for _, who := range technicians {
		add(who, urgent("x"), CheckOut{"x", note("ticket 1")}, Take{"x"}, RequestEmergency{Credentials: []string{"x"}, For: "b", Reason: note("x")})
		if who != "c" {
			add(who, GoAway{}, ComeBack{})
		}
	}
	add(boss, RequestEmergency{Credentials: []string{"x"}, For: "c", Reason: note("x")}, urgent("x"), CheckOut{"x", note("x")})
	for _, e := range x.Emergencies {
		for _, who := range []string{"a", "b", "c", boss, chief} {
			add(who, ApproveEmergency{e.ID}, RejectEmergency{Emergency: e.ID})
		}
		for _, who := range technicians {
			add(who, WithdrawEmergency{e.ID}, EndEmergency{e.ID})
		}
		for _, who := range []string{"b", boss, chief} {
			add(who, ReviewEmergency{e.ID, Justified, note("x")})
		}
		// Messages reach the holder and the chief one after the other: in which order makes
		// no difference but at the last.
		for _, page := range []Paged{{Person: "a", Channel: "email"}, {Person: "a", Channel: "wecom"}, {Person: chief, Channel: "email"}, {Person: chief, Channel: "wecom"}} {
			if add(System, ReportPaged{e.ID, page.Person, page.Channel}); !e.reached(page.Person, page.Channel) {
				break
			}
		}
	}
	add("b", ApproveEmergency{"emergency-1"}, ApproveEmergency{"emergency-999"}, urgent("z"))
	id := RotationID{Credential: "x", Number: x.Rotation.Number}
	add(System, ReportStaged{Rotation: id}, ReportApplied{id}, ReportVerified{Rotation: id, OldRefused: x.Version > 0}, ReportPromoted{id, x.Version + 1}, m.servers[0])
	return commands
}

// emergencyAllows is policyAllows of emergencies.
func emergencyAllows(s *State, me Person, a Action) (allowed, known bool) {
	x, _ := s.Credential("x")
	var open, over Emergency
	for _, e := range x.Emergencies {
		switch e.Status {
		case EmergencyPending, EmergencyOn:
			open = e
		case EmergencyOver:
			over = e
		}
	}
	holder := x.Holder
	if x.Phase == Rotating {
		holder = x.Rotation.Successor
	}
	reachable := func(who string) bool {
		p, _ := s.Person(who)
		return !p.Away && !p.Disabled && !slices.Contains(x.Unreachable, who)
	}
	approver := me.Username == boss || me.Username == chief
	custodian := me.Username != "" && (me.Username == x.Primary || me.Username == x.Backup)
	approved := func(who string, e Emergency) bool {
		return slices.ContainsFunc(e.Approvals, func(a Approval) bool { return a.Person == who })
	}
	switch a := a.(type) {
	case RequestEmergency:
		h, bound := s.Handover(x.Handover)
		fine := a.Credentials[0] == "x" && (a.For == "" || a.For == me.Username) && slices.Contains(technicians, me.Username) && x.Phase != Retired && x.Version > 0 && open.ID == "" && reachable(me.Username)
		if custodian {
			fine = fine && holder != me.Username && holder != "" && (!bound || h.Status == Returned)
		}
		return fine, true
	case WithdrawEmergency:
		return open.ID == a.Emergency && open.Status == EmergencyPending && open.Requester == me.Username, true
	case ApproveEmergency:
		before := open.Holder == holder && reachable(open.For)
		if !open.Custodian { // that neither custodian can be reached is of those who are it
			now := []string{}
			for _, who := range []string{x.Primary, x.Backup} {
				if who != "" {
					now = append(now, who)
				}
			}
			before = before && slices.Equal(now, open.Absent)
		}
		return open.ID == a.Emergency && open.Status == EmergencyPending && approver && !approved(me.Username, open) && before, true
	case RejectEmergency:
		return open.ID == a.Emergency && open.Status == EmergencyPending && me.Username != open.Requester && (approver || custodian), true
	case EndEmergency:
		return open.ID == a.Emergency && open.Status == EmergencyOn && open.For == me.Username, true
	case ReviewEmergency:
		both := approved(boss, over) && approved(chief, over)
		return over.ID == a.Emergency && over.ID != "" && approver && (both || !approved(me.Username, over)), true
	}
	return false, false
}

// urgencyAgainstPolicy looks at what a step did to an emergency.
func urgencyAgainstPolicy(before, after *State, was, is Credential) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	open := 0
	for _, e := range is.Emergencies {
		if e.Status.Open() {
			open++
		}
		then, _ := was.Emergency(e.ID)
		if e.Status == EmergencyOn && then.Status == EmergencyPending {
			boss, chief := false, false
			for _, a := range e.Approvals {
				boss, chief = boss || a.Person == "boss", chief || a.Person == "chief"
			}
			told := map[string]int{}
			for _, p := range then.Paged {
				told[p.Person]++
			}
			custodian := is.HasCustodian(e.For)
			silence := custodian && was.Policy.Silence && told[then.Holder] == 2 && told["chief"] == 2 && !then.Answered
			if !(boss && chief) && !(custodian && (boss || chief)) && !(custodian && silence && e.Silent) {
				complain("%s was granted to %s with %v after %v", is.Name, e.For, e.Approvals, then.Paged)
			}
			if is.HeldFor() != e.For || is.Lease.ID != "" || is.Handover != "" && is.Rotation.Reason != ForReturn {
				complain("%s was granted to %s, and %s has it", is.Name, e.For, is.HeldFor())
			}
		}
		if then.Status == EmergencyOn && e.Status != EmergencyOn && (is.Phase != Rotating || is.Holder != "") {
			complain("the emergency of %s is over, and its password is not being changed", is.Name)
		}
	}
	if open > 1 {
		complain("%s has two emergencies", is.Name)
	}
	return complaints
}

// moves says whether a step granted or ended an emergency of a credential: then it is
// passed on, and not by who holds it.
func urgencyMoves(was, is Credential) bool {
	before, on := was.InEmergency()
	after, stays := is.InEmergency()
	return on != stays || before.ID != after.ID
}

// normalEmergencies keeps which one is open, with who approved it, whom messages reached as
// far as that counts, and whether it was used; and where none is, which waits for a review.
// Times lie behind those of everything else, in their order.
func normalEmergencies(c *Credential) {
	var kept []Emergency
	for _, e := range c.Emergencies {
		if e.Status == EmergencyOver {
			kept = []Emergency{{ID: emergencyID(1), Status: e.Status, Requester: e.Requester, For: e.For, Approvals: normalApprovals(e.Approvals), Reason: note("x"), ReviewBy: epoch.Add(far), Overdue: false}}
		}
	}
	for _, e := range c.Emergencies {
		if !e.Status.Open() {
			continue
		}
		kept = nil // what waits for a review is another matter than the next
		n := Emergency{
			ID: emergencyID(2), Status: e.Status, Requester: e.Requester, For: e.For, Custodian: e.Custodian, Absent: e.Absent, Holder: e.Holder,
			Reason: note("x"), Needs: e.Needs, Approvals: normalApprovals(e.Approvals), AskedAt: epoch, Silent: e.Silent,
		}
		if e.Status == EmergencyPending {
			n.Expires, n.Answered = epoch.Add(2*far), e.Answered
			if n.Paged = normalPages(e); !e.Silence.IsZero() {
				n.Silence = epoch.Add(far)
			}
			if !c.MayBeSilent(e) {
				n.Paged = nil // no rule asks
			}
		} else {
			n.UseBy, n.Until, n.Silent = epoch.Add(far), epoch.Add(2*far), false
			if !e.UsedAt.IsZero() {
				n.UsedAt = epoch
			}
			if !e.BackAt.IsZero() {
				n.BackAt = epoch.Add(far - backWithin)
			}
		}
		kept = append(kept, n)
	}
	c.Emergencies = kept
	c.LastEmergency = min(c.LastEmergency, 2)
	if len(kept) > 0 {
		c.LastEmergency = 2
	}
}

func normalApprovals(all []Approval) []Approval {
	all = slices.Clone(all)
	for i := range all {
		all[i].At = epoch
	}
	slices.SortFunc(all, func(a, b Approval) int { return strings.Compare(a.Person, b.Person) })
	return all
}

// normalPages keeps who was told by two channels, and leaves out who was told by one.
func normalPages(e Emergency) (pages []Paged) {
	for _, who := range []string{"a", "b", chief} {
		for _, channel := range []string{"email", "wecom"} {
			if e.reached(who, channel) {
				pages = append(pages, Paged{who, channel, epoch})
			}
		}
	}
	return pages
}

// urgencyDeadlines gives what makes each deadline of an emergency pass.
func urgencyDeadlines(c Credential) (all []func(*State)) {
	pass := func(id string, edit func(*State, *Emergency)) {
		all = append(all, func(s *State) {
			s.editEmergency(c.Name, id, func(_ *Credential, e *Emergency) { edit(s, e) })
		})
	}
	for _, e := range c.Emergencies {
		switch e.Status {
		case EmergencyPending:
			pass(e.ID, func(s *State, e *Emergency) { e.Expires = s.Time })
			if !e.Silence.IsZero() {
				pass(e.ID, func(s *State, e *Emergency) { e.Silence = s.Time })
			}
		case EmergencyOn:
			pass(e.ID, func(s *State, e *Emergency) { e.Until = s.Time })
			if e.UsedAt.IsZero() {
				pass(e.ID, func(s *State, e *Emergency) { e.UseBy = s.Time })
			}
			if !e.BackAt.IsZero() {
				pass(e.ID, func(s *State, e *Emergency) { e.BackAt = s.Time.Add(-backWithin) })
			}
		case EmergencyOver:
			pass(e.ID, func(s *State, e *Emergency) { e.ReviewBy = s.Time })
		}
	}
	return all
}

// urgencyKey writes down what the rules go by of the emergencies of a credential.
func urgencyKey(c Credential) string {
	said := ""
	for _, e := range c.Emergencies {
		said += fmt.Sprint(" ", e.ID, e.Status, e.Requester, e.For, e.Absent, e.Holder, e.Paged, e.Silence != time.Time{}, e.Answered, e.UsedAt != time.Time{}, e.BackAt != time.Time{}, e.Custodian)
		for _, a := range e.Approvals {
			said += " by " + a.Person
		}
	}
	return said + fmt.Sprint(" not reached: ", c.Unreachable, c.LastEmergency > 0)
}
