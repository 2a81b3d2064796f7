package custody

import (
	"slices"
	"strings"
	"testing"
)

// signsInAt logs somebody in in a device, and gives the log-in.
func (o *office) signsInAt(who, device string) (session string) {
	o.t.Helper()
	a := o.logIn()
	o.request++
	a.Session, a.In = sessionNumber(1000+o.request), device
	o.does(who, a)
	return a.Session
}

// through gives a command by one of somebody's log-ins.
func (o *office) through(who, session string, a Action) ([]Event, error) {
	c := o.with(who, a)
	c.Session = session
	return o.run(c)
}

func (o *office) mustThrough(who, session string, a Action) []Event {
	o.t.Helper()
	events, err := o.through(who, session, a)
	if err != nil {
		o.t.Fatalf("%s %+v: %v", who, a, err)
	}
	return events
}

var terminal, laptop, phone = strings.Repeat("a", 64), strings.Repeat("b", 64), strings.Repeat("c", 64)

func asItStands(o *office, id string) Approve {
	p, _ := o.state.Proposal(id)
	return Approve{p.ID, p.Digest()}
}

// ada asks at the terminal. Whoever approves there is shown that before, and it is serious.
func TestAnApprovalInTheDeviceOfWhoAskedIsSeriousAndSaid(t *testing.T) {
	for name, c := range map[string]struct {
		max, dot   string // in which device they are logged in; "-": not at all
		maxs, dots []string
	}{
		"each in their own":                  {laptop, phone, nil, nil},
		"the manager in that of who asked":   {terminal, phone, []string{"ada"}, nil},
		"the director in that of who asked":  {laptop, terminal, nil, []string{"ada"}},
		"both in one, which is another":      {laptop, laptop, nil, []string{"max"}},
		"all three in one":                   {terminal, terminal, []string{"ada"}, []string{"ada", "max"}},
		"in a device that nobody can tell":   {"", "", nil, nil},
		"by no log-in, as nobody has any":    {"-", "-", nil, nil},
		"in a device that nobody can tell, ": {"", terminal, nil, []string{"ada"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			asked := o.signsInAt("ada", terminal)
			o.mustThrough("ada", asked, needed(pairOf("db01", "cay", "ben")))
			for _, step := range []struct {
				who, device string
				want        []string
			}{{"max", c.max, c.maxs}, {"dot", c.dot, c.dots}} {
				var session string
				if step.device != "-" {
					session = o.signsInAt(step.who, step.device)
				}
				if before := o.state.SameDevice("p-1", step.who, session); !slices.Equal(before, step.want) {
					t.Errorf("%s is shown %v before, want %v", step.who, before, step.want)
				}
				e := o.mustThrough(step.who, session, asItStands(o, "p-1"))[0]
				f := e.Fact.(ProposalApproved)
				if serious := e.Grade() == Serious; !slices.Equal(f.SameDevice, step.want) || serious != (len(step.want) > 0) {
					t.Errorf("%s: %+v, %s", step.who, f, e.Grade())
				}
				if e.Cause.Session != session {
					t.Errorf("by which log-in is not on record: %+v", e.Cause)
				}
			}
		})
	}
}

// Whoever leaves out by which log-in a command came is taken to be in the newest.
func TestWhoDoesNotSayByWhichLogInIsInTheNewest(t *testing.T) {
	o := newOffice(t)
	asked := o.signsInAt("ada", terminal)
	o.mustThrough("ada", asked, needed(pairOf("db01", "cay", "ben")))
	o.signsInAt("max", laptop)
	o.signsInAt("max", terminal)
	for _, session := range []string{"", asked, sessionNumber(7)} { // none, another's, and one that is none
		if here := o.state.SameDevice("p-1", "max", session); !slices.Equal(here, []string{"ada"}) {
			t.Errorf("by %q: %v", session, here)
		}
	}
	if f := o.mustThrough("max", "", asItStands(o, "p-1"))[0].Fact.(ProposalApproved); !slices.Equal(f.SameDevice, []string{"ada"}) {
		t.Errorf("%+v", f)
	}
}

// Who asked logs out, and whoever it is logs in again as the manager: the proposal knows
// where it was asked for, and where it was revised.
func TestTheDeviceOfAProposalOutlivesTheLogIn(t *testing.T) {
	o := newOffice(t)
	asked := o.signsInAt("ada", terminal)
	o.mustThrough("ada", asked, needed(pairOf("db01", "cay", "ben")))
	o.does("ada", SignOut{asked})
	there := o.signsInAt("max", terminal)
	if here := o.state.SameDevice("p-1", "max", there); !slices.Equal(here, []string{"ada"}) {
		t.Errorf("after the log-out: %v", here)
	}
	again := o.signsInAt("ada", laptop)
	o.mustThrough("ada", again, Revise{"p-1", Change{pairOf("db01", "ann", "cay")}, note("another")})
	for device, want := range map[string][]string{terminal: {"ada"}, laptop: {"ada"}, phone: nil} {
		session := o.signsInAt("dot", device)
		if here := o.state.SameDevice("p-1", "dot", session); !slices.Equal(here, want) {
			t.Errorf("revised in another device, and in %c: %v", device[0], here)
		}
	}
	if o.state.SameDevice("p-1", "ada", again) != nil {
		t.Error("who asked is beside themselves")
	}
	if o.state.SameDevice("p-9", "dot", "") != nil || o.state.SameDeviceOf("emergency-9", "dot", "") != nil {
		t.Error("of what there is not")
	}
}

func TestAnEmergencyApprovedInTheDeviceOfWhoAskedIsSerious(t *testing.T) {
	for name, c := range map[string]struct {
		device string
		want   []string
	}{"there": {terminal, []string{"ben"}}, "elsewhere": {laptop, nil}} {
		o := newOffice(t)
		o.mustThrough("ben", o.signsInAt("ben", terminal), urgent("db01", "db02"))
		session := o.signsInAt("max", c.device)
		if here := o.state.SameDeviceOf("emergency-1", "max", session); !slices.Equal(here, c.want) {
			t.Errorf("%s: shown %v before", name, here)
		}
		for _, e := range o.mustThrough("max", session, ApproveEmergency{"emergency-1"}) {
			if f, is := e.Fact.(EmergencyApproved); is && (!slices.Equal(f.SameDevice, c.want) || (e.Grade() == Serious) != (c.want != nil)) {
				t.Errorf("%s: %+v, %s", name, f, e.Grade())
			}
		}
	}
}

// A device is known while a log-in in it is, also one that ended not long ago.
func TestWhichDevicesAreKnown(t *testing.T) {
	o := newOffice(t)
	o.signsInAt("max", "")
	o.does("ada", SignOut{o.signsInAt("ada", terminal)})
	for device, want := range map[string]bool{terminal: true, laptop: false, "": false} {
		if o.state.KnowsDevice(device) != want {
			t.Errorf("%q: %v", device, !want)
		}
	}
	bad := o.logIn()
	bad.In = "the terminal"
	if _, err := o.do("max", bad); CodeOf(err) != InvalidRequest {
		t.Errorf("in what is no device: %v", err)
	}
}

func TestWhatNobodyForgesOfADevice(t *testing.T) {
	o := newOffice(t)
	asked := o.signsInAt("ada", terminal)
	o.mustThrough("ada", asked, needed(pairOf("db01", "cay", "ben")))
	o.signsInAt("max", terminal)
	o.signsInAt("dot", terminal)
	p, _ := o.state.Proposal("p-1")
	only := clone(o.state)
	only.RestoreSessions("max", only.Sessions("max")[len(only.Sessions("max"))-1:]) // each other log-in was in no device that is known
	gone := clone(o.state)
	gone.endSessions("max", "", EndedByPerson)
	yes := func(edit func(*ProposalApproved)) ProposalApproved {
		f := ProposalApproved{Proposal: p.ID, Revision: 1, Level: Manager, In: terminal, SameDevice: []string{"ada"}}
		edit(&f)
		return f
	}
	if err := CheckEvent(o.state, o.forge("max", yes(func(*ProposalApproved) {}))); err != nil {
		t.Fatalf("as it was: %v", err)
	}
	second := clone(o.state)
	if err := Replay(second, o.forge("max", yes(func(*ProposalApproved) {}))); err != nil {
		t.Fatal(err)
	}
	after := yes(func(f *ProposalApproved) { f.Level = Director })
	urged := newOffice(t)
	urged.mustThrough("ben", urged.signsInAt("ben", terminal), urgent("db01"))
	urged.signsInAt("max", terminal)
	granted := EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Manager, In: terminal, SameDevice: []string{"ben"}}
	if err := CheckEvent(urged.state, urged.forge("max", granted)); err != nil {
		t.Fatalf("as it was: %v", err)
	}
	silent, elsewhere := granted, granted
	silent.SameDevice, elsewhere.In = nil, laptop
	made := ProposalMade{"p-2", Change{pairOf("db02", "cay", "ben")}, note("x"), o.state.Time.Add(proposalTTL), false, laptop}
	revised := ProposalRevised{"p-1", 2, Change{pairOf("db01", "ann", "cay")}, note("x"), laptop}
	request := EmergencyRequested{Emergency: "emergency-2", Credential: "db02", For: "ben", Custodian: true, Absent: []string{"ann"}, Holder: "ann", Reason: note("x"), Needs: []Role{Manager}, In: laptop}
	opened := SessionOpened{Person: "max", Session: sessionNumber(5000), Until: o.now.Add(1), In: "the terminal"}
	for name, c := range map[string]struct {
		s *State
		e Event
	}{
		"not said":                     {o.state, o.forge("max", yes(func(f *ProposalApproved) { f.SameDevice = nil }))},
		"said of another":              {o.state, o.forge("max", yes(func(f *ProposalApproved) { f.SameDevice = []string{"cay"} }))},
		"said of another as well":      {o.state, o.forge("max", yes(func(f *ProposalApproved) { f.SameDevice = []string{"ada", "cay"} }))},
		"said twice":                   {o.state, o.forge("max", yes(func(f *ProposalApproved) { f.SameDevice = []string{"ada", "ada"} }))},
		"in another device":            {o.state, o.forge("max", yes(func(f *ProposalApproved) { f.In, f.SameDevice = laptop, nil }))},
		"in another device, and said":  {o.state, o.forge("max", yes(func(f *ProposalApproved) { f.In = laptop }))},
		"in no device":                 {only, o.forge("max", yes(func(f *ProposalApproved) { f.In, f.SameDevice = "", nil }))},
		"in a device, by no log-in":    {gone, forgedBy(gone, "max", yes(func(*ProposalApproved) {}))},
		"beside who approved, unsaid":  {second, forgedBy(second, "dot", after)},
		"beside who approved, alone":   {second, forgedBy(second, "dot", yes(func(f *ProposalApproved) { f.Level, f.SameDevice = Director, []string{"max"} }))},
		"asked for elsewhere":          {o.state, o.forge("ada", made)},
		"revised elsewhere":            {o.state, o.forge("ada", revised)},
		"an emergency, not said":       {urged.state, urged.forge("max", silent)},
		"an emergency, elsewhere":      {urged.state, urged.forge("max", elsewhere)},
		"an emergency asked elsewhere": {urged.state, urged.forge("ben", request)},
		"a log-in in what is none":     {o.state, o.forge("max", opened)},
	} {
		if err := CheckEvent(c.s, c.e); err == nil {
			t.Errorf("%s: believed", name)
		}
	}
	after.SameDevice = []string{"ada", "max"}
	made.In, revised.In, request.In, opened.In = terminal, terminal, terminal, terminal
	for name, c := range map[string]struct {
		s *State
		e Event
	}{
		"beside both":            {second, forgedBy(second, "dot", after)},
		"asked for there":        {o.state, o.forge("ada", made)},
		"revised there":          {o.state, o.forge("ada", revised)},
		"an emergency there":     {urged.state, urged.forge("ben", request)},
		"a log-in in the device": {o.state, o.forge("max", opened)},
	} {
		if err := CheckEvent(c.s, c.e); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
