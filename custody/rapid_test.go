package custody

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSequences goes long random ways with time: the clock runs, jumps forward
// and back, leases run out, offers expire, people type wrong codes and are
// locked out, the program starts again. After each event all that must be true
// is checked (see follow).
func TestSequences(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &sequence{world: hired(t), confirmed: map[Confirmation]string{}}
		for range rapid.IntRange(50, 300).Draw(t, "length") {
			switch rapid.SampledFrom([]string{"sense", "sense", "sense", "sense", "any", "work", "work", "work", "clock", "tick", "restart"}).Draw(t, "step") {
			case "sense":
				s.sense(t)
			case "any":
				s.any(t)
			case "work":
				s.work(t)
			case "clock":
				s.clock(t)
			case "tick":
				s.tick(t)
			case "restart":
				s.restart(t)
			}
			s.dueIsNotTooLate(t)
		}
		s.replay(t)
	})
}

// sequence is a world that remembers what must not happen twice.
type sequence struct {
	*world
	confirmed map[Confirmation]string // a person's step -> the request it confirmed
}

func hired(t *rapid.T) *world {
	policy := testPolicy()
	policy.LockAfter = 3
	policy.Approvals = ApprovedByNone   // what needs approval happens as soon as somebody asks for it
	policy.Exclusive = ExclusiveAuditor // boss is admin and manager
	w := newWorldUnder(policy)
	hire := []AddPerson{{Username: boss, Roles: []Role{Admin, Manager}}}
	for _, name := range []string{"a", "b", "c", "d"} {
		hire = append(hire, AddPerson{Username: name, Roles: []Role{Technician}})
	}
	if err := w.hire(hire...); err != nil {
		t.Fatal(err)
	}
	ring := []AddCredential{
		server("w", "a", "b"),
		rotating(server("x", "b", "c"), CredentialPolicy{RotateOnTransfer: true}),
		rotating(server("y", "c", "d"), CredentialPolicy{RotateOnCheckin: true, LeaseSeconds: 600}),
		server("z", "d", "a"),
	}
	for _, add := range ring {
		if _, err := w.do(System, add); err != nil {
			t.Fatal(err)
		}
		if rapid.IntRange(0, 3).Draw(t, "left in rotation") > 0 {
			if err := w.change(add.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

var (
	actors  = rapid.SampledFrom([]string{"a", "b", "c", "d", "a", "b", "c", "d", boss, "stranger", System})
	servers = rapid.SampledFrom([]string{"w", "x", "y", "z", "w", "x", "y", "z", "nothing", "../x", ""})
	texts   = rapid.OneOf(rapid.Just("ticket 1"), rapid.Just("ticket 1"), rapid.Just(""), rapid.String(),
		rapid.SampledFrom([]string{" ", "a\r\nb", "a\x00b", "\u202etxt", "\xff", strings.Repeat("长", 501), strings.Repeat("长", 500)}))
	spans = rapid.OneOf(rapid.Int64Range(0, 90), rapid.Int64Range(0, 20*3600), rapid.Int64Range(0, 60*24*3600)) // seconds
)

func (s *sequence) instant(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "at all") {
		return s.now.Add(time.Duration(spans.Draw(t, "in"))*time.Second - time.Hour)
	}
	return time.Time{}
}

// any is whatever anybody could send.
func (s *sequence) any(t *rapid.T) { s.send(t, actors.Draw(t, "actor"), s.action(t)) }

// sense is something that the policy allows now, so that sequences get far.
func (s *sequence) sense(t *rapid.T) {
	later := s.now.Add(time.Duration(spans.Draw(t, "back in"))*time.Second + time.Minute)
	if later.Before(s.state.Time) {
		later = time.Time{}
	}
	candidates := []Action{
		Offer{All: true, Reason: note("leave"), ExpectedReturn: later}, Offer{All: true, Leave: true, Reason: note("leave"), ExpectedReturn: later},
		GoAway{Until: later}, ComeBack{}, ComeBack{TakeBack: true},
	}
	for c := range s.state.Credentials() {
		candidates = append(candidates, Take{c.Name}, ShowAgain{c.Name}, ShowNew{c.Name}, ConfirmSet{c.Name}, Reconcile{c.Name, note("lost")},
			CheckOut{c.Name, note("ticket 1")}, CheckIn{c.Name}, RequestRotation{Credential: c.Name, Reason: note("worn")},
			Offer{Credentials: []string{c.Name}, Reason: note("leave"), ExpectedReturn: later})
	}
	for h := range s.state.OpenHandovers() {
		candidates = append(candidates, Accept{h.ID}, Accept{h.ID}, Decline{h.ID, note("")}, Cancel{h.ID, note("")}, GiveBack{h.ID}, GiveBack{h.ID})
	}
	var allowed []Command
	for p := range s.state.People() {
		for _, a := range candidates {
			c := Command{Actor: p.Username, Action: a}
			if ok, known := policyAllows(s.state, c); ok && known {
				allowed = append(allowed, c)
			}
		}
	}
	c := rapid.SampledFrom(allowed).Draw(t, "allowed")
	s.send(t, c.Actor, c.Action)
}

func (s *sequence) send(t *rapid.T, actor string, a Action) {
	c := s.with(actor, a)
	p, _ := s.state.Person(c.Actor)
	switch rapid.IntRange(0, 12).Draw(t, "code") {
	case 0:
		c.Proof = noCode()
	case 1:
		c.Proof = wrongCode()
	case 2:
		c.Proof = usedCode(p)
	case 3: // within the skew the same six digits can belong to several steps
		c.Proof = Proof{Given: true, Steps: []int64{p.LastStep + 2, p.LastStep - 1, p.LastStep + 1}}
	}
	s.try(t, c)
}

// signIn opens a session that nobody has, or one that somebody has or had; some
// are over before the next command.
func (s *sequence) signIn(t *rapid.T) SignIn {
	until := time.Duration(rapid.SampledFrom([]int{-1, 1, 60, 12 * 60, 31 * 24 * 60}).Draw(t, "minutes")) * time.Minute
	return SignIn{Session: s.session(t, "opened"), Until: s.now.Add(until)}
}

func (s *sequence) signOut(t *rapid.T) SignOut { return SignOut{s.session(t, "closed")} }

func (s *sequence) session(t *rapid.T, label string) string {
	return rapid.SampledFrom([]string{"", "x", sessionNumber(s.request + 1), sessionNumber(1), sessionNumber(2), sessionNumber(3)}).Draw(t, label)
}

func (s *sequence) action(t *rapid.T) Action {
	ask := func(a Proposable) Action { return Propose{Change{a}, note("why")} }
	name := servers.Draw(t, "server")
	handover := handoverID(rapid.Int64Range(0, s.state.Handovers+1).Draw(t, "handover"))
	text := texts.Draw(t, "text")
	actions := []func() Action{
		func() Action { return CheckOut{name, note(text)} },
		func() Action { return CheckIn{name} },
		func() Action {
			return Offer{
				Credentials: rapid.SliceOfN(servers, 0, 3).Draw(t, "offered"), Reason: note(text), ExpectedReturn: s.instant(t)}
		},
		func() Action {
			return Offer{All: true, Leave: rapid.Bool().Draw(t, "leave"), Reason: note(text), ExpectedReturn: s.instant(t)}
		},
		func() Action { return Accept{handover} },
		func() Action { return Accept{handover} },
		func() Action { return AcceptAll{[]string{handover}} },
		func() Action {
			var all []string
			for h := range s.state.OpenHandovers() {
				all = append(all, h.ID)
			}
			return AcceptAll{all}
		},
		func() Action { return Decline{handover, note(text)} },
		func() Action { return Cancel{handover, note(text)} },
		func() Action { return GiveBack{handover} },
		func() Action { return GoAway{s.instant(t), note(text)} },
		func() Action { return ComeBack{TakeBack: rapid.Bool().Draw(t, "take back")} },
		func() Action { return RequestRotation{Credential: name, Reason: note(text)} },
		func() Action { return s.signIn(t) },
		func() Action { return s.signOut(t) },
		func() Action { return Tick{} },
		func() Action { return ResetOnHost{Person: actors.Draw(t, "whose")} },
		func() Action {
			return AddPerson{Username: rapid.SampledFrom([]string{"e", "a", System, "E", ""}).Draw(t, "username"),
				Name: text, Email: note(rapid.SampledFrom([]string{"", "e@example.org", "e", text}).Draw(t, "email")),
				Roles: rapid.SliceOfN(rapid.SampledFrom(append([]Role{"king"}, Roles...)), 0, 3).Draw(t, "roles"), TOTPPeriod: 30}
		},
		func() Action {
			a := server(name, actors.Draw(t, "primary"), actors.Draw(t, "backup"))
			a.Policy, a.Reconciles = s.credentialPolicy(t), rapid.Bool().Draw(t, "reconciles")
			if rapid.Bool().Draw(t, "by hand") {
				a.Target.Kind = Manual
			}
			return ask(a)
		},
		func() Action {
			if rapid.IntRange(0, 9).Draw(t, "really") > 0 {
				return CheckIn{name}
			}
			return ask(Retire{name})
		},
		func() Action { return LockSignIn{"a", 3, s.now.Add(time.Minute)} },
		func() Action { return Reconcile{name, note(text)} },
		func() Action { return ShowNew{name} },
		func() Action { return ShowAgain{name} },
		func() Action { return ConfirmSet{name} },
		func() Action { return ConfirmSetAll{rapid.SliceOfN(servers, 1, 3).Draw(t, "set")} },
		func() Action { return ChangePolicy{name, s.credentialPolicy(t)} },
		func() Action { return ask(ChangePolicy{name, s.credentialPolicy(t)}) },
		func() Action { return ask(Abandon{name}) },
		func() Action { return ask(SetCustodians{name, actors.Draw(t, "primary"), actors.Draw(t, "backup")}) },
		func() Action { return ask(Park{name}) },
		func() Action { return Take{name} },
		func() Action {
			if rapid.IntRange(0, 9).Draw(t, "really") > 0 {
				return SettleItem{actors.Draw(t, "whose"), rapid.IntRange(-1, 8).Draw(t, "item"), rapid.SampledFrom([]How{HowNone, HowEmail, HowRotated}).Draw(t, "how"), time.Time{}}
			}
			return Disable{actors.Draw(t, "who"), note(text)}
		},
		func() Action { return ask(Reinstate{actors.Draw(t, "who")}) },
	}
	return rapid.SampledFrom(actions).Draw(t, "action")()
}

func (s *sequence) credentialPolicy(t *rapid.T) CredentialPolicy {
	return CredentialPolicy{
		RotateOnTransfer: rapid.Bool().Draw(t, "on transfer"), RotateOnCheckin: rapid.Bool().Draw(t, "on check-in"),
		LeaseSeconds:  rapid.Int64Range(-1, 3600).Draw(t, "lease"),
		MaxAgeSeconds: rapid.SampledFrom([]int64{0, 0, 3600, 7200, 59}).Draw(t, "greatest age"),
		MaxExposed:    rapid.Int64Range(-1, 2).Draw(t, "exposed"),
		AutoReconcile: rapid.Bool().Draw(t, "reconcile"),
		Dependents:    rapid.SampledFrom([][]string{nil, {"app"}, {"app", "web"}, {"web", "app"}}).Draw(t, "dependents"),
	}
}

// work is a report about a rotation that is in progress, or was.
func (s *sequence) work(t *rapid.T) {
	name := servers.Draw(t, "server")
	c, _ := s.state.Credential(name)
	id := RotationID{Credential: name, Number: c.Rotation.Number - int64(rapid.SampledFrom([]int{0, 0, 0, 0, 1}).Draw(t, "late by"))}
	next := map[RotationStep]Action{
		StepPending: ReportStaged{Rotation: id}, StepStaged: ReportApplied{id}, StepApplied: ReportVerified{Rotation: id, OldRefused: c.Version > 0},
		StepVerified: ReportPromoted{id, c.Version + 1},
	}
	report := next[c.Rotation.Step]
	if other := rapid.IntRange(0, 12).Draw(t, "report"); report == nil || other < 6 {
		report = []Action{
			ReportStaged{Rotation: id}, ReportApplied{id}, ReportVerified{Rotation: id, OldRefused: true}, ReportPromoted{id, c.Version},
			ReportPromoted{id, c.Version + 1}, ReportFailed{Rotation: id, Failure: "unreachable", NextTry: s.now.Add(time.Minute)},
		}[other%6]
	}
	if rapid.IntRange(0, 3).Draw(t, "beside") == 0 { // what the worker does beside rotations
		version := c.Version - int64(rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "older by"))
		dependent := rapid.SampledFrom([]string{"app", "web"}).Draw(t, "dependent")
		report = rapid.SampledFrom([]Action{
			StartVerification{Credential: name, Version: version}, EndVerification{Credential: name, Version: version, Result: VerificationAccepted},
			EndVerification{Credential: name, Version: version, Result: VerificationRefused}, EndVerification{Credential: name, Version: version, Result: VerificationUnknown},
			Reconcile{Credential: name}, ReportUpdated{name, dependent, version},
			ReportNotUpdated{name, dependent, version, "unreachable", s.now.Add(time.Minute)},
		}).Draw(t, "what")
	}
	s.try(t, s.with(System, report))
}

func (s *sequence) clock(t *rapid.T) {
	jump := time.Duration(spans.Draw(t, "seconds"))*time.Second + time.Duration(rapid.IntRange(0, 999_999_999).Draw(t, "nanoseconds"))
	if rapid.IntRange(0, 4).Draw(t, "back") == 0 {
		jump = -jump
	}
	s.now = s.now.Add(jump)
}

// tick is what the desk does when something is due.
func (s *sequence) tick(t *rapid.T) {
	s.try(t, Command{Actor: System, Action: Tick{}})
	s.state.Reschedule()
	if due := s.state.Due(); !due.IsZero() && !due.After(s.state.Time) && !due.After(instant(s.now)) {
		t.Fatalf("due again at %v after a tick at %v", due, s.now)
	}
}

// try runs a command and looks at what it left behind.
func (s *sequence) try(t *rapid.T, c Command) {
	before := s.state
	_, err := s.run(c)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		if complaint := unreadable(refusal); complaint != "" {
			t.Fatalf("%s %+v: %s", c.Actor, c.Action, complaint)
		}
	case err != nil:
		t.Fatalf("%s %+v: %v", c.Actor, c.Action, err)
	default:
		for _, complaint := range againstPolicy(before, s.state) {
			t.Fatalf("%s %+v: %s", c.Actor, c.Action, complaint)
		}
	}
	for _, e := range s.history[before.Size:] {
		back := instant(s.now).Before(before.Time)
		if e.Stalled != back || (!back && !e.Time.Equal(instant(s.now))) || (back && !e.Time.Equal(before.Time)) {
			t.Fatalf("at %v after %v: an event of %v, stalled %v", s.now, before.Time, e.Time, e.Stalled)
		}
		if e.Confirm == nil {
			continue
		}
		if request, used := s.confirmed[*e.Confirm]; used && request != e.Request {
			t.Fatalf("one code of %s confirmed %s and %s", e.Confirm.Person, request, e.Request)
		}
		s.confirmed[*e.Confirm] = e.Request
	}
}

// restart loads the state as a start from the tables does.
func (s *sequence) restart(t *rapid.T) {
	loaded := NewState()
	loaded.RestorePolicy(s.state.Policy())
	loaded.Restore(s.state.Changes())
	for person, open := range s.state.SessionsChanged() {
		loaded.RestoreSessions(person, open)
	}
	loaded.RestoreProposals(s.state.ProposalsChanged())
	loaded.RestoreIncidents(s.state.IncidentsChanged())
	loaded.Size, loaded.Time, loaded.Handovers, loaded.Leases, loaded.Proposals, loaded.Incidents = s.state.Size, s.state.Time, s.state.Handovers, s.state.Leases, s.state.Proposals, s.state.Incidents
	if difference := compare(s.state, loaded); difference != "" {
		t.Fatalf("loaded otherwise than it was: %s", difference)
	}
	s.state = loaded
}

// replay folds the history into an empty state.
func (s *sequence) replay(t *rapid.T) {
	folded := NewState()
	for i, e := range s.history {
		if err := Replay(folded, e); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
	if difference := compare(s.state, folded); difference != "" {
		t.Fatalf("folded otherwise than it was: %s", difference)
	}
}

// compare says how two states differ, if any rule could tell.
func compare(a, b *State) string {
	for what, of := range map[string]func(*State) any{
		"people":      func(s *State) any { return s.people },
		"credentials": func(s *State) any { return s.credentials },
		"handovers":   func(s *State) any { return s.handovers },
		"numbers":     func(s *State) any { return []any{s.Size, s.Time, s.Handovers, s.Leases, s.Proposals} },
		"charges": func(s *State) any {
			all := ""
			for p := range s.People() {
				all += fmt.Sprintln(p.Username, s.Charges(p.Username))
			}
			return all
		},
		"accounts": func(s *State) any { return s.accounts },
		"sessions": func(s *State) any { return s.sessions },
		"tokens":   func(s *State) any { return s.tokens },
		"due": func(s *State) any {
			s = clone(s)
			s.Reschedule()
			return s.Due()
		},
	} {
		if x, y := of(a), of(b); !reflect.DeepEqual(x, y) {
			return fmt.Sprintf("%s:\n%+v\n%+v", what, x, y)
		}
	}
	return ""
}

// dueIsNotTooLate works out afresh when time acts next.
func (s *sequence) dueIsNotTooLate(t *rapid.T) {
	var next []time.Time
	for c := range s.state.Credentials() {
		if c.Lease.ID != "" {
			next = append(next, c.Lease.Until)
		}
		if c.Phase == Rotating && !c.Rotation.Overdue {
			next = append(next, c.Rotation.Deadline)
		}
	}
	for h := range s.state.OpenHandovers() {
		if h.Status == Offered {
			next = append(next, h.Expires)
		}
		if h.Status == Accepted && !h.Overdue && !h.ExpectedReturn.IsZero() {
			next = append(next, h.ExpectedReturn)
		}
	}
	if len(next) == 0 {
		return
	}
	first := slices.MinFunc(next, time.Time.Compare)
	if due := s.state.Due(); due.IsZero() || due.After(first) {
		t.Fatalf("due at %v, but time acts at %v", due, first)
	}
}
