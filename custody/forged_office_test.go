package custody

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// standing is a place in the reachable set: the office as it was told, and the
// state of a verifier that has read the same ledger.
type standing struct {
	office *told
	state  *State
	ledger []Event // what was told since the office opened
}

// opened gives a small office on its first morning, with every password changed
// once, by the rules themselves: what is told from there on is what is tried.
func opened(t *testing.T, people []string, accounts ...account) standing {
	o := &office{newWorldUnder(DefaultPolicy()), t}
	act := func(who string, a Action) {
		t.Helper()
		if err := o.later(who, a); err != nil {
			t.Fatalf("%s %+v: %v", who, a, err)
		}
	}
	told := &told{people: people, away: map[string]bool{}, codes: map[string]int64{}, accounts: accounts}
	for _, name := range people {
		act(System, AddPerson{Username: name, Name: name, Roles: []Role{Technician}, TOTPPeriod: codeFor})
		act(name, SignIn{})
		told.codes[name] = o.now.Unix() / codeFor
	}
	for i, a := range accounts {
		add := server(a.name, a.first, a.second)
		add.Policy.RotateOnTransfer = a.onTransfer
		if a.manual {
			add.Target.Kind = Manual
		}
		act(System, add)
		id := RotationID{Credential: a.name, Number: 1}
		act(System, ReportStaged{Rotation: id})
		if a.manual {
			act(a.first, ShowNew{a.name})
			act(a.first, ConfirmSet{a.name})
			told.codes[a.first] = o.now.Unix() / codeFor
		} else {
			act(System, ReportApplied{id})
		}
		act(System, ReportVerified{Rotation: id})
		act(System, ReportPromoted{id, 1})
		told.accounts[i].holder, told.accounts[i].changes, told.accounts[i].version = a.first, 1, 1
	}
	told.now = o.now
	return standing{told, o.state, nil}
}

// freely fills in what is free in a sentence that is said a minute later.
func (at standing) freely() free {
	when := at.office.now.Add(time.Minute)
	return free{at: when, step: when.Unix() / codeFor, text: note("ticket 1").bare(), failure: "unreachable",
		next: when.Add(time.Minute), version: 100 + at.state.Size, refused: true}
}

// written gives the entries of a sentence.
func (at standing) written(s sentence, f free) []Event {
	request := fmt.Sprintf("request-%d", at.state.Size)
	if _, ticks := s.action.(Tick); ticks {
		request = ""
	}
	events := make([]Event, len(s.facts))
	for i, fact := range s.facts {
		events[i] = Event{Time: f.at, Actor: s.actor, Request: request, Fact: fact}
		if s.coded {
			events[i].Confirm = &Confirmation{s.actor, f.step}
		}
	}
	events[0].Cause = &Cause{Action: s.action}
	if s.coded {
		events[0].Cause.Proof = Proof{Given: true, Steps: []int64{f.step}, Enrolment: 1}
	}
	return events
}

// verifier says what somebody who verifies a ledger says of entries that follow,
// from their bytes on.
func (at standing) verifier(events []Event) (*State, error) {
	entries := make([][]byte, len(events))
	for i, e := range events {
		var err error
		if entries[i], err = encoded(e); err != nil {
			return nil, err
		}
	}
	return accepts(at.state, entries)
}

// further is where the office stands after a sentence.
func (at standing) further(s sentence, f free) (standing, error) {
	events := at.written(s, f)
	state, err := at.verifier(events)
	return standing{at.office.after(s, f), state, append(slices.Clip(at.ledger), events...)}, err
}

// clockwork is what time says next, if it says anything.
func (at standing) clockwork() (sentence, free, bool) {
	f := at.freely()
	f.at = at.office.deadline()
	if f.at.IsZero() {
		return sentence{}, f, false
	}
	return at.office.sentences(f)[0], f, true
}

// reachable says whether entries can be told from there on: command by command,
// each must be a sentence that may be said.
func (at standing) reachable(events []Event) bool {
	office := at.office
	for len(events) > 0 {
		n := 1
		for n < len(events) && events[n].Cause == nil {
			n++
		}
		s, f, found := at.meant(office, events[:n])
		if !found {
			return false
		}
		office, events = office.after(s, f), events[n:]
	}
	return true
}

// meant finds the sentence that a command's entries are. What is free is as the
// command has it, and the entries must agree.
func (at standing) meant(office *told, events []Event) (sentence, free, bool) {
	first := events[0]
	if first.Cause == nil || first.Cause.Action == nil {
		return sentence{}, free{}, false
	}
	f := free{at: first.Time}
	if first.Confirm != nil {
		f.step = first.Confirm.Step
	}
	switch a := first.Cause.Action.(type) {
	case GoAway:
		f.text, f.back = a.Reason, a.Until
	case Offer:
		f.text, f.back = a.Reason, a.ExpectedReturn
	case Decline:
		f.text = a.Reason
	case Cancel:
		f.text = a.Reason
	case CheckOut:
		f.text = a.Purpose
	case RequestRotation:
		f.text = a.Reason
	case ReportFailed:
		f.failure, f.next, f.unsent = a.Failure, a.NextTry, a.Unsent
	case PauseRotation:
		f.text = a.Reason
	case CancelRotation:
		f.text = a.Reason
	case ReportPromoted:
		f.version = a.Version
	case ReportVerified:
		f.refused, f.attested = a.OldRefused, a.Attested
	}
	for _, s := range office.sentences(f) {
		if !s.mayBe || len(s.facts) != len(events) || s.coded && len(events) > 1 && first.Request == "" {
			continue // a code confirms several entries only of one request, by its name
		}
		said := at.written(s, f)
		for i := range said {
			said[i].Request = first.Request // its number is anybody's
		}
		if reflect.DeepEqual(said, events) {
			return s, f, true
		}
	}
	return sentence{}, f, false
}

// places finds every place of an office, breadth first, and tries every sentence
// in each of them: the verifier believes those that may be said, and no other.
func places(t *testing.T, from standing, atMost int) []standing {
	t.Helper()
	found, seen := []standing{from}, map[string]bool{from.office.place(): true}
	var said, refused int
	for n := 0; n < len(found); n++ {
		at := found[n]
		try := func(s sentence, f free) {
			if len(s.facts) == 0 {
				return
			}
			next, err := at.further(s, f)
			switch {
			case s.mayBe != (err == nil):
				t.Errorf("%s\nsaid %t: %s %+v\nthe verifier: %v", at.office.place(), s.mayBe, s.actor, s.action, err)
			case !s.mayBe:
				refused++
			default:
				said++
				if place := next.office.place(); !seen[place] && len(found) < atMost {
					seen[place] = true
					found = append(found, next)
				}
			}
		}
		f := at.freely()
		if deadline := at.office.deadline(); deadline.IsZero() || f.at.Before(deadline) {
			for _, s := range at.office.sentences(f) {
				try(s, f)
			}
			f.back = f.at.Add(3 * time.Hour) // who says when they will be back
			for _, s := range at.office.sentences(f) {
				if _, offers := s.action.(Offer); offers {
					try(s, f)
				}
			}
			f.unsent = true // what surely did not reach the target
			for _, s := range at.office.sentences(f) {
				if _, fails := s.action.(ReportFailed); fails {
					try(s, f)
				}
			}
		}
		if s, f, speaks := at.clockwork(); speaks {
			try(s, f)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d places, %d sentences believed, %d refused", len(found), said, refused)
	return found
}

func smallOffice(t *testing.T) standing {
	return opened(t, []string{"ann", "ben"}, account{name: "x", first: "ann", second: "ben"})
}

func largerOffice(t *testing.T) standing {
	return opened(t, []string{"ann", "ben", "cat"},
		account{name: "x", first: "ann", second: "ben", onTransfer: true}, account{name: "y", first: "ben", second: "cat", manual: true})
}

// TestReachable: in every place that an office can come to, what may be said there
// is believed, and whatever else could be said is refused.
func TestReachable(t *testing.T) {
	t.Parallel()
	places(t, smallOffice(t), 1<<20)
}

func TestReachableOfThree(t *testing.T) {
	t.Parallel()
	places(t, largerOffice(t), 250)
}

// TestForgedSentences forges the last command of every way through the small
// office: every field of every entry, its command included, is set to every other
// value that a field of its type has anywhere in the office. The verifier must
// refuse what is not in the reachable set. What it believes is a lie that the set
// knows as well; they are counted by name, and each name is one that
// docs/audit.md explains.
func TestForgedSentences(t *testing.T) {
	t.Parallel()
	tally := tally{tried: map[string]int{}, believed: map[string]int{}}
	for _, office := range []struct {
		from   standing
		places int
		every  int // only every so many places, of those that are found
	}{{smallOffice(t), 1500, 47}, {largerOffice(t), 200, 47}} {
		found := places(t, office.from, office.places)
		values := valuesIn(found)
		for n := 0; n < len(found); n += office.every {
			at := found[n]
			f := at.freely()
			f.back = f.at.Add(3 * time.Hour)
			for _, s := range at.office.sentences(f) {
				if s.mayBe {
					tally.forge(t, at, at.written(s, f), values)
				}
			}
			if s, f, speaks := at.clockwork(); speaks {
				tally.forge(t, at, at.written(s, f), values)
			}
		}
	}
	tally.report(t)
}

type tally struct{ tried, believed map[string]int }

// forge tries a command with one field set to another value, in every entry alone
// and wherever that field has this value.
func (y tally) forge(t *testing.T, at standing, events []Event, values map[string][]reflect.Value) {
	t.Helper()
	for i := range events {
		for _, leaf := range leavesOf(events[i]) {
			for _, value := range values[leaf.kind] {
				for _, together := range []bool{false, true} {
					forged := cloneEvents(events)
					if together {
						setAll(forged, leaf, events[i], value)
					} else {
						leaf.set(&forged[i], value)
					}
					y.judge(t, at, events, forged, events[i].Fact.Type()+" "+leaf.name)
				}
			}
		}
	}
}

// judge compares what the set says of a forgery with what the verifier says. One
// that cannot be written, or reads as what was there before, is none.
func (y tally) judge(t *testing.T, at standing, genuine, forged []Event, what string) {
	t.Helper()
	read, err := reread(forged)
	if err == nil && reflect.DeepEqual(read, genuine) {
		return
	}
	y.tried[what]++
	may := err == nil && at.reachable(read)
	if err == nil {
		_, err = at.verifier(forged)
	}
	if may != (err == nil) {
		t.Fatalf("%s\n%s: in the set %t, the verifier: %v\n%s", at.office.place(), what, may, err, shown(forged))
	}
	if err == nil {
		y.believed[what]++
	}
}

// reread gives events as their entries have them.
func reread(events []Event) ([]Event, error) {
	read := make([]Event, len(events))
	for i, e := range events {
		text, err := encoded(e)
		if err != nil {
			return nil, err
		}
		entry, err := audit.DecodeEntry(text)
		if err != nil {
			return nil, err
		}
		if read[i], err = FromRecord(entry); err != nil {
			return nil, err
		}
	}
	return read, nil
}

func encoded(e Event) ([]byte, error) {
	entry, err := e.Record()
	if err != nil {
		return nil, err
	}
	return entry.Encode()
}

func shown(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "  %s %s stalled %t confirm %+v request %q cause %+v fact %T %+v\n", e.Time, e.Actor, e.Stalled, e.Confirm, e.Request, e.Cause, e.Fact, e.Fact)
	}
	return b.String()
}

func (y tally) report(t *testing.T) {
	t.Helper()
	var tried, believed int
	for _, what := range slices.Sorted(maps.Keys(y.tried)) {
		tried, believed = tried+y.tried[what], believed+y.believed[what]
		if y.believed[what] == 0 {
			continue
		}
		t.Logf("%-42s %6d tried, %6d believed", what, y.tried[what], y.believed[what])
		_, field, _ := strings.Cut(what, " ")
		if lies[field] == "" && lies[what] == "" {
			t.Errorf("%s: believed, and not in the list of what a server can lie about", what)
		}
	}
	t.Logf("%d forgeries tried, %d refused, %d believed", tried, tried-believed, believed)
}

// lies are what a server can make up, by the field or by the fact and the field,
// with what stands against it: each is a row of "What a lie of the server can still
// be" in docs/audit.md.
var lies = map[string]string{
	"Time":           "the instant, between the entries round it: the time of a witness's cosignature",
	"Request":        "the id of a request: the logs of server and secret store have the same",
	"Purpose":        "a text: the person who wrote it",
	"Reason":         "a text: the person who wrote it",
	"Note":           "a text: the person who wrote it",
	"Until":          "when somebody means to be back: that person, and the other custodian",
	"ExpectedReturn": "when somebody means to be back: that person, and the other custodian",
	"Failure":        "why an attempt failed: the target's own log",
	"NextTry":        "when the next attempt is: the next attempt",
	"Sending":        "whether the target was told next: the target's own log",
	"Unsent":         "whether an attempt may have reached the target: the target's own log",
	"OldRefused":     "what a target said to the old password: a verification by hand",
	"Attested":       "that nothing could log in: a verification by hand",
	"Version":        "which version a password has: Vault's audit log",

	"rotation.staged Credential":            "at which of two accounts that stood alike a step was done: the target's own log",
	"rotation.staged Rotation.Credential":   "the same",
	"rotation.applied Credential":           "the same",
	"rotation.applied Rotation.Credential":  "the same",
	"rotation.failed Credential":            "the same",
	"rotation.failed Rotation.Credential":   "the same",
	"rotation.verified Credential":          "the same",
	"rotation.verified Rotation.Credential": "the same",
	"verification.started Credential":       "which of two accounts was looked at: the target's own log",
	"verification.ended Credential":         "the same",
	"verification.ended Result":             "what a target said: the target's own log",
}

// TestForgedWalks leaves entries out of whole ledgers of the office, repeats them,
// swaps them and tells them elsewhere, alone and as whole commands.
func TestForgedWalks(t *testing.T) {
	t.Parallel()
	from := largerOffice(t)
	y := tally{tried: map[string]int{}, believed: map[string]int{}}
	for _, at := range places(t, from, 150) {
		told := at.ledger
		for i := range told {
			y.judge(t, from, told, slices.Delete(slices.Clone(told), i, i+1), "entry dropped")
			y.judge(t, from, told, slices.Insert(slices.Clone(told), i, told[i]), "entry repeated")
			for j := range told {
				y.judge(t, from, told, slices.Insert(slices.Clone(told), i, told[j]), "entry inserted")
				swapped := slices.Clone(told)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				y.judge(t, from, told, swapped, "entries swapped")
			}
		}
	}
	for _, what := range slices.Sorted(maps.Keys(y.tried)) {
		t.Logf("%-18s %6d tried, %6d believed", what, y.tried[what], y.believed[what])
	}
}

// leaf is one field of an event, wherever it stands.
type leaf struct {
	name string // "Cause.Action.Purpose"
	kind string // of the values that it can have
	path []int
	at   part
	was  any
}

type part int

const (
	inEvent part = iota
	inConfirm
	inCause
	inProof
	inAction
	inFact
)

// leavesOf walks an event by reflection, so that a fact or command that is new is
// forged as well.
func leavesOf(e Event) (all []leaf) {
	all = append(all, leavesIn(inEvent, "", reflect.ValueOf(struct {
		Time    time.Time
		Stalled bool
		Actor   string
		Request string
	}{e.Time, e.Stalled, e.Actor, e.Request}))...)
	if e.Confirm != nil {
		all = append(all, leavesIn(inConfirm, "Confirm.", reflect.ValueOf(*e.Confirm))...)
	}
	if e.Cause != nil {
		all = append(all, leavesIn(inProof, "Proof.", reflect.ValueOf(e.Cause.Proof))...)
		all = append(all, leavesIn(inAction, "", reflect.ValueOf(e.Cause.Action))...)
		all = append(all, leaf{name: "Clock", kind: "time.Time", at: inCause, was: e.Cause.Clock})
	}
	return append(all, leavesIn(inFact, "", reflect.ValueOf(e.Fact))...)
}

func leavesIn(at part, prefix string, v reflect.Value) (all []leaf) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[time.Time]() && field.Type != reflect.TypeFor[Policy]() && field.Type != noteType {
			for _, inner := range leavesIn(at, prefix+field.Name+".", v.Field(i)) {
				inner.path = append([]int{i}, inner.path...)
				all = append(all, inner)
			}
			continue
		}
		all = append(all, leaf{prefix + field.Name, field.Type.String(), []int{i}, at, v.Field(i).Interface()})
	}
	return all
}

// set changes the field in an event of the same form.
func (l leaf) set(e *Event, value reflect.Value) {
	edit := func(old reflect.Value) reflect.Value {
		changed := reflect.New(old.Type()).Elem()
		changed.Set(old)
		changed.FieldByIndex(l.path).Set(value)
		return changed
	}
	switch l.at {
	case inEvent:
		reflect.ValueOf(e).Elem().FieldByName(l.name).Set(value)
	case inConfirm:
		*e.Confirm = edit(reflect.ValueOf(*e.Confirm)).Interface().(Confirmation)
	case inCause:
		e.Cause.Clock = value.Interface().(time.Time)
	case inProof:
		e.Cause.Proof = edit(reflect.ValueOf(e.Cause.Proof)).Interface().(Proof)
	case inAction:
		e.Cause.Action = edit(reflect.ValueOf(e.Cause.Action)).Interface().(Action)
	case inFact:
		e.Fact = edit(reflect.ValueOf(e.Fact)).Interface().(Fact)
	}
}

// setAll sets a field, and every other of its type with the same value in any
// entry of the command: what a forger does who keeps their story straight.
func setAll(events []Event, l leaf, of Event, value reflect.Value) {
	for i := range events {
		for _, other := range leavesOf(events[i]) {
			if other.kind == l.kind && reflect.DeepEqual(other.was, l.was) {
				other.set(&events[i], value)
			}
		}
	}
}

func cloneEvents(events []Event) []Event {
	cloned := slices.Clone(events)
	for i, e := range cloned {
		if e.Confirm != nil {
			c := *e.Confirm
			cloned[i].Confirm = &c
		}
		if e.Cause != nil {
			c := *e.Cause
			cloned[i].Cause = &c
		}
	}
	return cloned
}

// valuesIn collects what fields of each type have in an office: a few of each, and
// what is next to them.
func valuesIn(found []standing) map[string][]reflect.Value {
	values := map[string]map[string]reflect.Value{}
	add := func(kind string, v reflect.Value) {
		if values[kind] == nil {
			values[kind] = map[string]reflect.Value{}
		}
		values[kind][fmt.Sprintf("%#v", v.Interface())] = v
	}
	for _, at := range found {
		for _, e := range at.ledger {
			for _, l := range leavesOf(e) {
				add(l.kind, reflect.ValueOf(l.was))
			}
		}
	}
	for _, s := range []string{"", "ann", "ben", "cat", System, "x", "y", "handover-1", "lease-1", "nobody"} {
		add("string", reflect.ValueOf(s))
	}
	for _, b := range []bool{true, false} {
		add("bool", reflect.ValueOf(b))
	}
	for _, n := range []int64{0, 1, 2, 3, 1 << 50} {
		add("int64", reflect.ValueOf(n))
	}
	add("time.Time", reflect.ValueOf(time.Time{}))
	for _, n := range []Note{{}, note("another").bare()} {
		add("custody.Note", reflect.ValueOf(n))
	}
	add("[]string", reflect.ValueOf([]string(nil)))
	for _, r := range []RotationReason{ForOnboard, ForReturn, ForTransfer, ForCheckin, ForAge, ForExposure, ForEmergency, ForDrift, ForRequested, ForRecovery} {
		add("custody.RotationReason", reflect.ValueOf(r))
	}
	for _, h := range []HandoverStatus{Offered, Accepted, Returned, Closed, Declined, Cancelled, Expired} {
		add("custody.HandoverStatus", reflect.ValueOf(h))
	}
	chosen, pick := map[string][]reflect.Value{}, rand.New(rand.NewPCG(1, 2))
	for kind, all := range values {
		keys := slices.Sorted(maps.Keys(all))
		pick.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		for _, k := range keys[:min(len(keys), 14)] {
			chosen[kind] = append(chosen[kind], all[k])
		}
	}
	return chosen
}

// TestOneForm: what can be said in one way only has one entry.
func TestOneForm(t *testing.T) {
	t.Parallel()
	at := largerOffice(t)
	f := at.freely()
	for _, x := range []struct {
		action Action
		field  string
	}{
		{RequestRotation{Credential: "x", Credentials: []string{"x"}, Reason: note("worn")}, "credentials"},
		{RequestRotation{All: true, Credentials: []string{"x"}, Reason: note("worn")}, "credentials"},
		{RequestRotation{Credentials: []string{"x", "x"}, Reason: note("worn")}, "credentials"},
		{RequestRotation{Credentials: []string{"y", "x"}, Reason: note("worn")}, "credentials"},
		{ComeBack{Handovers: []string{}}, "handovers"},
		{ComeBack{Handovers: []string{"handover-1"}}, "handovers"},
	} {
		c := Command{Actor: "ann", Request: "request-0", Action: x.action, Proof: Proof{Given: true, Steps: []int64{f.step}, Enrolment: 1}}
		_, err := Decide(at.state, c, f.at)
		if r, is := err.(*Refusal); !is || r.Code != InvalidRequest || r.Field != x.field {
			t.Errorf("%+v: %v", x.action, err)
		}
	}
}
