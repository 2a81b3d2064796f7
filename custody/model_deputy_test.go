package custody

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestModelOfApprovers visits every state that a small office can get into as to who
// approves: who is there, who is whose deputy, who has left, who has founded it, what
// waits and who has approved that. In each it tries every yes, and what moves any of it,
// by everybody. What is granted is compared with the policy as said over again here.
//
// It is finite because at most one proposal waits at a time, of a few kinds, and because
// states are compared without their numbers and instants: deputies end in the order in
// which they were named, and nothing else becomes old.
func TestModelOfApprovers(t *testing.T) {
	t.Parallel()
	for _, m := range []*approverModel{
		{name: "deputies", start: func(o *office) { o.hires("tia", Technician) }, changes: deputiesChange},
		{name: "founding", fresh: true, changes: foundingChanges},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.explore(t)
			t.Logf("%d states, %d transitions, %d refused tries", len(m.seen), m.granted, m.refused)
		})
	}
}

type approverModel struct {
	name             string
	fresh            bool // it begins with an admin alone
	start            func(*office)
	changes          func(o *office) []asked
	seen             map[string]bool
	granted, refused int
}

// asked is a command of somebody's, and whether the policy grants it.
type asked struct {
	who    string
	does   Action
	grants bool
}

// joining stands for a log-in that somebody who was approved sets up, which takes several
// commands and has tests of its own.
type joining struct{ Join }

func (m *approverModel) explore(t *testing.T) {
	o := &office{newWorld(), t}
	if m.fresh {
		if err := o.hire(AddPerson{Username: "ada", Roles: []Role{Admin}}); err != nil {
			t.Fatal(err)
		}
	} else {
		for name, role := range map[string]Role{"ada": Admin, "max": Manager, "dot": Director} {
			o.hires(name, role)
		}
		m.start(o)
	}
	m.seen = map[string]bool{approverKey(o.state): true}
	for queue := []*world{o.world}; len(queue) > 0; queue = queue[1:] {
		for _, a := range m.tries(&office{queue[0], t}) {
			w := *queue[0]
			w.history = nil
			if _, joins := a.does.(joining); joins {
				(&office{&w, t}).joins(a.who, "ada")
				m.granted++
				if key := approverKey(w.state); !m.seen[key] {
					m.seen[key] = true
					queue = append(queue, &w)
				}
				continue
			}
			if _, ticks := a.does.(Tick); ticks {
				w.now = w.state.Due()
			}
			_, err := Decide(w.state, w.with(a.who, a.does), w.now)
			if (err == nil) != a.grants {
				t.Fatalf("%s\n%s %+v: %v, and the policy says %t", approverKey(w.state), a.who, a.does, err, a.grants)
			}
			if err != nil {
				m.refused++
				continue
			}
			m.granted++
			if _, err := w.do(a.who, a.does); err != nil {
				t.Fatal(err)
			}
			for _, complaint := range approversAgainstPolicy(queue[0].state, w.state, w.history) {
				t.Errorf("%s\n%s %+v: %s", approverKey(queue[0].state), a.who, a.does, complaint)
			}
			if key := approverKey(w.state); !m.seen[key] {
				m.seen[key] = true
				queue = append(queue, &w)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

// approverKey is a state without its numbers and instants.
func approverKey(s *State) string {
	var b strings.Builder
	for p := range s.People() {
		fmt.Fprintf(&b, "%s %v enrolled %t disabled %t founder %q away %t deputy %q %t\n", p.Username, p.Roles, p.Enrolled, p.Disabled, p.Founder, p.Away, p.Deputy.Person, p.Deputy.Began)
	}
	for p := range s.OpenProposals() {
		fmt.Fprintf(&b, "%s of %s by %s, needs %v", p.Change.Verb(), p.Change.Subject(), p.Requester, p.Needs)
		if a, is := p.Change.Proposable.(NameDeputy); is {
			b.WriteString(" deputy " + a.Deputy)
		}
		for _, a := range p.Approvals {
			fmt.Fprintf(&b, ", %s as %s for %q", a.Person, a.Level, a.For)
		}
	}
	return b.String()
}

// tries are the commands in a state: what this model changes, and every decision about
// what waits.
func (m *approverModel) tries(o *office) []asked {
	all := m.changes(o)
	for p := range o.state.OpenProposals() {
		for who := range o.state.People() {
			if !who.CanConfirm() {
				continue
			}
			yes := len(waysToApprove(o.state, p, who)) > 0
			all = append(all, asked{who.Username, Approve{p.ID, p.Digest()}, yes}, asked{who.Username, Reject{p.ID, p.Digest(), note("no")}, yes})
		}
	}
	return all
}

// waysToApprove says over again who approves, as the guide has it: "level" for a role of
// one's own, "level for somebody" for a deputy.
func waysToApprove(s *State, p Proposal, who Person) (ways []string) {
	near := append([]string{p.Requester}, p.Change.parties(s)...)
	for _, a := range p.Approvals {
		near = append(near, a.Person, a.For)
	}
	given := func(level Role) bool {
		return slices.ContainsFunc(p.Approvals, func(a Approval) bool { return a.Level == level })
	}
	if who.Disabled || slices.Contains(near, who.Username) {
		return nil
	}
	for _, level := range p.Needs {
		if given(level) {
			continue
		}
		one := len(p.Needs) == 1
		there := false // somebody of the level who could, so that nobody stands in
		for other := range s.People() {
			there = there || other.Is(level) && other.Enrolled && !other.Away && !other.Disabled && !slices.Contains(near, other.Username)
		}
		fits := func(person Person) bool {
			return person.Is(level) || one && !there && (person.Is(Manager) || person.Is(Director))
		}
		if fits(who) {
			ways = append(ways, string(level))
		}
		for principal := range s.People() {
			if principal.Deputy.Person == who.Username && principal.Deputy.Began && principal.Away && fits(principal) && !slices.Contains(near, principal.Username) {
				ways = append(ways, string(level)+" for "+principal.Username)
			}
		}
	}
	return ways
}

// approversAgainstPolicy looks at one step without asking eligible.go.
func approversAgainstPolicy(before, after *State, events []Event) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	for _, e := range events {
		effect, is := e.Fact.(ProposalEffected)
		if !is {
			continue
		}
		p, _ := before.Proposal(effect.Proposal)
		if p.ID == "" { // made and effected at once: the founding
			made := events[0].Fact.(ProposalMade)
			add, adds := made.Change.Proposable.(AddPerson)
			requester, _ := before.Person(events[0].Actor)
			others := 0
			for other := range before.People() {
				if adds && (other.Is(add.Roles[0]) || other.Founder == add.Roles[0]) {
					others++
				}
			}
			if !adds || !requester.Is(Admin) || len(add.Roles) != 1 || !(add.Roles[0] == Manager || add.Roles[0] == Director) || others > 0 {
				complain("%s alone", made.Change.Verb())
			}
			continue
		}
		names := map[string]bool{}
		count := 0
		last := events[0].Fact.(ProposalApproved)
		for _, a := range append(slices.Clone(p.Approvals), Approval{Level: last.Level, Person: events[0].Actor, For: last.For}) {
			for _, name := range []string{a.Person, a.For} {
				if name != "" {
					names[name] = true
					count++
				}
			}
			whose, _ := before.Person(a.Person)
			if a.For != "" {
				if whose, _ = before.Person(a.For); whose.Deputy.Person != a.Person || !whose.Away {
					complain("%s for %s, who is there or has another deputy", a.Person, a.For)
				}
			}
			if !whose.Is(a.Level) && len(p.Needs) == 2 {
				complain("%s approved as %s", whose.Username, a.Level)
			}
		}
		if len(names) != count || names[p.Requester] || len(p.Approvals)+1 != len(p.Needs) {
			complain("in effect by %v, asked for by %s, needs %v", names, p.Requester, p.Needs)
		}
	}
	for p := range after.OpenProposals() {
		for _, a := range p.Approvals {
			giver, _ := after.Person(a.Person)
			whose, _ := after.Person(a.For)
			if giver.Disabled || a.For == "" && !giver.Is(a.Level) && len(p.Needs) == 2 || a.For != "" && (whose.Deputy.Person != a.Person || !whose.Away || !whose.Is(a.Level)) {
				complain("an approval that %s could not give now: %+v", a.Person, a)
			}
		}
	}
	for p := range after.People() {
		deputy, _ := after.Person(p.Deputy.Person)
		if p.Deputy.Person != "" && (p.Disabled || deputy.Disabled || deputy.Is(Auditor) || deputy.Is(Admin) || !p.Is(Manager) && !p.Is(Director)) {
			complain("%s is the deputy of %s", p.Deputy.Person, p.Username)
		}
	}
	return complaints
}

// waits says whether something does.
func waits(s *State) bool {
	for range s.OpenProposals() {
		return true
	}
	return false
}

// mayAsk says whether the policy lets somebody ask for something: two people who could
// approve it would be left, one at each level, or one where one is enough.
func mayAsk(s *State, who Person, c Change, needs ...Role) bool {
	trial := Proposal{Requester: who.Username, Change: c, Needs: needs}
	var ways [][]string // of each level: who, and in whose place
	for _, level := range needs {
		var names []string
		for other := range s.People() {
			for _, way := range waysToApprove(s, trial, other) {
				if at, whose, _ := strings.Cut(way, " for "); at == string(level) && other.CanConfirm() {
					names = append(names, other.Username+","+whose)
				}
			}
		}
		ways = append(ways, names)
	}
	if len(needs) == 1 {
		return len(ways[0]) > 0
	}
	for _, one := range ways[0] {
		for _, other := range ways[1] {
			a, b := strings.Split(one, ","), strings.Split(other, ",")
			apart := a[0] != b[0] && a[0] != b[1] && a[1] != b[0] && (a[1] == "" || a[1] != b[1])
			if apart {
				return true
			}
		}
	}
	return false
}

// deputiesChange is what moves who approves in an office of a manager, a director, an
// admin and a technician.
func deputiesChange(o *office) (all []asked) {
	s := o.state
	for _, name := range []string{"max", "dot", "tia"} {
		p := o.person(name)
		if p.Disabled {
			continue
		}
		if p.Away {
			all = append(all, asked{name, ComeBack{}, true})
		} else if name != "tia" {
			all = append(all, asked{name, GoAway{}, true})
		}
	}
	for _, principal := range []string{"max", "dot"} {
		p := o.person(principal)
		for _, who := range []string{"ada", "max", "tia"} {
			if actor := o.person(who); !actor.Disabled {
				may := p.Deputy.Person != "" && (who == principal || who == p.Deputy.Person || who != "tia")
				all = append(all, asked{who, EndDeputy{principal}, may})
			}
		}
	}
	all = append(all, asked{"ada", Disable{"tia", note("left")}, !o.person("tia").Disabled})
	if due := s.Due(); !due.IsZero() && due.Sub(o.now) <= 2*time.Hour {
		all = append(all, asked{System, Tick{}, true})
	}
	if waits(s) {
		return all
	}
	values := s.Policy().Values
	values.Lease = time.Duration(s.Policy().Version) * time.Minute
	change := Change{AdoptPolicy{Values: values, ReviewBy: o.now.AddDate(0, 6, 0)}}
	for _, who := range []string{"ada", "max", "tia"} {
		if actor := o.person(who); !actor.Disabled {
			all = append(all, asked{who, Propose{change, note("why")}, mayAsk(s, actor, change, Manager, Director)})
		}
	}
	for principal, level := range map[string]Role{"max": Director, "dot": Manager} {
		for _, deputy := range []string{"tia", "dot", "max"} {
			p, d := o.person(principal), o.person(deputy)
			for _, who := range []string{"ada", principal} {
				for _, from := range []time.Time{{}, o.now.Add(time.Hour)} {
					a := NameDeputy{Person: principal, Deputy: deputy, Starts: from, Ends: o.now.Add(2 * time.Hour)}
					needs := []Role{level}
					if who != principal {
						needs = []Role{Manager, Director}
					}
					same := p.Deputy.Person == deputy && p.Deputy.Starts.Equal(from) && p.Deputy.Ends.Equal(a.Ends)
					may := !same && principal != deputy && !d.Disabled && !p.Disabled && mayAsk(s, o.person(who), Change{a}, needs...)
					all = append(all, asked{who, Propose{Change{a}, note("why")}, may})
				}
			}
		}
	}
	return all
}

// foundingChanges is what an admin, and those who come, do until the founding is over.
func foundingChanges(o *office) (all []asked) {
	s := o.state
	confirms := func(who Person) bool {
		for _, level := range []Role{Manager, Director} {
			taken := false
			for other := range s.People() {
				taken = taken || other.Founder == level
			}
			if who.Is(level) && who.Founder == "" && !taken && !s.Founded() {
				return true
			}
		}
		return false
	}
	for p := range s.People() {
		if p.CanConfirm() {
			all = append(all, asked{p.Username, ConfirmFounding{s.FoundingDigest()}, confirms(p)}, asked{p.Username, ConfirmFounding{"of others"}, false})
		}
		if !p.Enrolled {
			all = append(all, asked{p.Username, joining{}, true})
		}
	}
	if waits(s) {
		return all
	}
	for _, add := range []AddPerson{{Username: "max", Roles: []Role{Manager}}, {Username: "mia", Roles: []Role{Manager}}, {Username: "dot", Roles: []Role{Director}}, {Username: "tia", Roles: []Role{Technician}}} {
		add.Name, add.TOTPPeriod = add.Username, 30
		_, there := s.Person(add.Username)
		taken := false
		for other := range s.People() {
			taken = taken || other.Is(add.Roles[0]) || other.Founder == add.Roles[0]
		}
		for _, who := range []string{"ada", "max", "tia"} {
			actor, known := s.Person(who)
			if !known || !actor.Enrolled {
				continue
			}
			alone := who == "ada" && add.Username != "tia" && !taken
			needs := []Role{Manager, Director}
			if add.Username == "tia" {
				needs = []Role{Manager}
			}
			all = append(all, asked{who, needed(add), !there && (alone || mayAsk(s, actor, Change{add}, needs...))})
		}
	}
	return all
}
