package jepsen

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/tandem-custody/tandem/custody"
)

// kind is what an operation asks for.
type kind string

const (
	look     kind = "look"     // at a credential
	whether  kind = "whether"  // I am away
	checkOut kind = "checkout" // with a code
	checkIn  kind = "checkin"
	offer    kind = "offer" // with a code
	accept   kind = "accept"
	decline  kind = "decline"
	cancel   kind = "cancel"
	giveBack kind = "return" // with a code
	away     kind = "away"   // with a code
	present  kind = "present"
)

// input is an operation as it was asked for.
type input struct {
	kind       kind
	pair       int
	who        string
	credential string
	handover   string // as the servers call it
	step       int64  // whose code came with it; 0: none
}

// unknown is the answer that never came.
const unknown = "unknown"

// output is an operation as it was answered.
type output struct {
	code     string // of the refusal; "": done; unknown
	handover string // that an offer made, or that a credential is part of, as the servers call it
	holder   string
	lease    string // whose it is
	away     bool
}

// state is what the rules say that there is.
type state struct {
	custody *custody.State
	called  map[string]string // handovers: what the servers call them -> what they are called in here
	pair    pair
	text    string // of all that an answer can depend on: two states with the same text are one
}

// pair is two people who share credentials, which nobody else has.
type pair struct {
	people      [2]string
	credentials []string
}

// of gives the state as the pair sees it.
func (s state) of(p pair) state {
	s.pair = p
	var b strings.Builder
	for _, name := range p.people {
		person, _ := s.custody.Person(name)
		fmt.Fprintf(&b, "%s %t %d\n", name, person.Away, person.LastStep)
	}
	for _, name := range p.credentials {
		c, _ := s.custody.Credential(name)
		fmt.Fprintf(&b, "%s %s %s %q %q\n", name, c.Phase, c.Holder, c.Lease.Person, s.realName(c.Handover))
	}
	for _, id := range slices.Sorted(maps.Keys(s.called)) {
		h, there := s.custody.Handover(s.called[id])
		if there && (h.From == p.people[0] || h.From == p.people[1]) {
			fmt.Fprintf(&b, "%s %s %v\n", id, h.Status, h.Credentials)
		}
	}
	s.text = b.String()
	return s
}

// realName gives what the servers call a handover, or where nobody has said that yet, what it
// is called in here.
func (s state) realName(id string) string {
	for real, here := range s.called {
		if here == id {
			return real
		}
	}
	return cmp.Or(id, "none")
}

// calls notes that the servers call a handover so. false: it cannot be the same one.
func (s state) calls(real, here string) (state, bool) {
	if known, is := s.called[real]; is || here == "" {
		return s, is && known == here
	}
	for _, other := range s.called {
		if other == here {
			return s, false
		}
	}
	s.called = maps.Clone(s.called)
	s.called[real] = here
	return s, true
}

// rules are what answers are held to.
type rules struct {
	initial *custody.State // at the beginning of the history
	pairs   []pair
	period  int       // of everybody's codes, in seconds
	began   time.Time // that of commands without a code: nothing that is asked for depends on it
}

// model gives porcupine's.
func (r rules) model() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition: func(all []porcupine.Operation) (parts [][]porcupine.Operation) {
			byPair := map[int][]porcupine.Operation{}
			for _, op := range all {
				p := op.Input.(input).pair
				byPair[p] = append(byPair[p], op)
			}
			return slices.Collect(maps.Values(byPair))
		},
		Init: func() []any {
			called := map[string]string{}
			for h := range r.initial.OpenHandovers() {
				called[h.ID] = h.ID
			}
			return []any{state{custody: r.initial, called: called}}
		},
		Step: func(s, in, out any) (next []any) {
			for _, to := range r.step(s.(state), in.(input), out.(output)) {
				next = append(next, to)
			}
			return next
		},
		Equal: func(a, b any) bool { return a.(state).text == b.(state).text },
		DescribeOperation: func(in, out any) string {
			return fmt.Sprintf("%+v -> %+v", in, out)
		},
		DescribeState: func(s any) string { return fmt.Sprint(s) },
	}
	return m.ToModel()
}

// step gives all that there may be after an operation that was answered so; nothing: no
// rule gives that answer.
func (r rules) step(s state, in input, out output) []state {
	if s.text == "" {
		s = s.of(r.pairs[in.pair])
	}
	switch in.kind {
	case look:
		return s.looked(in, out)
	case whether:
		if p, _ := s.custody.Person(in.who); out.code != unknown && p.Away != out.away {
			return nil
		}
		return []state{s}
	}
	handover := s.called[in.handover]
	if in.handover != "" && handover == "" { // nobody had heard of it, so nobody can have asked for it
		return nil
	}
	command := in.command(handover)
	if person, there := s.custody.Person(in.who); there && in.step != 0 {
		command.Proof = custody.Proof{Given: true, Steps: []int64{in.step}, Enrolment: command.CodesOf(person)}
	}
	events, err := custody.Decide(s.custody, command, r.at(in))
	switch out.code {
	case unknown:
		if err != nil { // it cannot have done anything, now
			return []state{s}
		}
		return []state{s, s.after(events)}
	case "":
		if err != nil {
			return nil
		}
		next := s.after(events)
		if in.kind == offer {
			var same bool
			if next, same = next.calls(out.handover, offered(events)); !same {
				return nil
			}
			next = next.of(next.pair)
		}
		return []state{next}
	case string(custody.TOTPInvalid): // it came too late, by the clock of whoever looked at it
		if late := command; in.step != 0 {
			late.Proof.Steps = nil
			_, err = custody.Decide(s.custody, late, r.at(in))
		}
	}
	if string(custody.CodeOf(err)) != out.code {
		return nil
	}
	return []state{s} // what is entered of a refusal refuses nobody anything: see lockAfter
}

// looked is step for a look at a credential.
func (s state) looked(in input, out output) []state {
	c, _ := s.custody.Credential(in.credential)
	if out.code == unknown {
		return []state{s}
	}
	if out.code != "" || c.Holder != out.holder || c.Lease.Person != out.lease || (c.Handover == "") != (out.handover == "") {
		return nil
	}
	if out.handover == "" {
		return []state{s}
	}
	next, same := s.calls(out.handover, c.Handover)
	if !same {
		return nil
	}
	return []state{next.of(s.pair)}
}

// after gives what events lead to.
func (s state) after(events []custody.Event) state {
	s.custody = s.custody.Fork()
	for _, e := range events {
		custody.Apply(s.custody, e)
	}
	return s.of(s.pair)
}

func offered(events []custody.Event) string {
	for _, e := range events {
		if f, is := e.Fact.(custody.HandoverOffered); is {
			return f.Handover
		}
	}
	return ""
}

// at is the instant in which a command is carried out: its code is as fresh as can be.
func (r rules) at(in input) time.Time {
	if in.step == 0 {
		return r.began
	}
	return time.Unix(in.step*int64(r.period), 0)
}

// note is what people write, of which nothing depends.
var note = custody.NoteOf(custody.Salt{}, "because")

// command gives what an operation asks the rules.
func (in input) command(handover string) custody.Command {
	c := custody.Command{Actor: in.who, Request: "history"}
	switch in.kind {
	case checkOut:
		c.Action = custody.CheckOut{Credential: in.credential, Purpose: note}
	case checkIn:
		c.Action = custody.CheckIn{Credential: in.credential}
	case offer:
		c.Action = custody.Offer{Credentials: []string{in.credential}, Reason: note}
	case accept:
		c.Action = custody.Accept{Handover: handover}
	case decline:
		c.Action = custody.Decline{Handover: handover, Reason: note}
	case cancel:
		c.Action = custody.Cancel{Handover: handover, Reason: note}
	case giveBack:
		c.Action = custody.GiveBack{Handover: handover}
	case away:
		c.Action = custody.GoAway{Reason: note}
	case present:
		c.Action = custody.ComeBack{}
	default:
		panic(errors.New("jepsen: an operation of no kind"))
	}
	return c
}

// asksForCode says whether an operation is confirmed.
func (k kind) asksForCode() bool {
	switch k {
	case checkOut, offer, accept, giveBack, away:
		return true
	}
	return false
}
