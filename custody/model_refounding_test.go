package custody

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestModelOfARefounding visits every state that an office without a director can get
// into, in which ann is to get the role, people say yes and no, leave meanwhile, and days
// pass. Whenever she has it, what led there is looked at in the words of the policy: two
// others asked for it or said yes, who are there still; nobody said no; and a week has
// passed since the last of them did.
func TestModelOfARefounding(t *testing.T) {
	t.Parallel()
	type step struct {
		who  string
		does Action
		at   time.Time
	}
	type node struct {
		*world
		path []step
	}
	w := newWorldUnder(testPolicy())
	for name, role := range map[string]Role{"ada": Admin, "max": Manager, "eve": Auditor, "ann": Technician, "ben": Technician, "dot": Director} {
		if err := w.hire(AddPerson{Username: name, Roles: []Role{role}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.do("ada", gone("dot")); err != nil {
		t.Fatal(err)
	}
	people, asks := []string{"ada", "ann", "ben", "eve", "max"}, Refound{"ann", Director}
	outline := func(s *State) string {
		var b strings.Builder
		for _, name := range people {
			p, _ := s.Person(name)
			fmt.Fprint(&b, p.Disabled, p.Roles, " ")
		}
		for p := range s.OpenProposals() {
			var approved []string
			for _, a := range p.Approvals {
				approved = append(approved, a.Person)
			}
			slices.Sort(approved)
			fmt.Fprint(&b, p.Requester, approved, p.Needs, p.Announced(), p.Near, p.Expires.Sub(s.Time))
		}
		return b.String()
	}
	// What one path says of how ann came to it.
	rightly := func(n node) string {
		others, last, id := map[string]bool{}, time.Time{}, ""
		for _, s := range n.path {
			switch a := s.does.(type) {
			case Propose: // the one before it is over
				others, last, id = map[string]bool{s.who: true}, s.at, proposalID(n.state.Proposals)
			case Approve:
				others[s.who], last = true, s.at
			case Reject, Withdraw:
				others = map[string]bool{}
			case Disable:
				delete(others, a.Person)
				if a.Person == "ann" {
					return "she has left"
				}
			}
		}
		switch ann, _ := n.state.Person("ann"); {
		case others["ann"] || len(others) < 2:
			return fmt.Sprintf("by %v", others)
		case n.now.Sub(last) < 7*24*time.Hour:
			return "within a week"
		case !slices.Equal(ann.Roles, []Role{Director, Technician}):
			return fmt.Sprintf("with %v", ann.Roles)
		case !slices.ContainsFunc(n.history, func(e Event) bool { return e.Fact == (ProposalMatured{id}) }):
			return "by another proposal than was asked for last"
		}
		return ""
	}
	seen, queue, refounded, refused := map[string]bool{outline(w.state): true}, []node{{w, nil}}, 0, 0
	visit := func(n node) {
		ann, _ := n.state.Person("ann")
		if ann.Is(Director) {
			refounded++
			if wrong := rightly(n); wrong != "" {
				t.Errorf("refounded %s, after %+v", wrong, n.path)
			}
			return // nothing more is looked at
		}
		if k := outline(n.state); !seen[k] {
			seen[k] = true
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 && !t.Failed() {
		n := queue[0]
		queue = queue[1:]
		tries := map[string][]Action{"ada": {gone("eve"), gone("ann"), gone("max")}, "max": {gone("ada")}}
		for _, who := range people {
			tries[who] = append(tries[who], needed(asks))
			for p := range n.state.OpenProposals() {
				tries[who] = append(tries[who], Approve{p.ID, p.Digest()}, Reject{p.ID, p.Digest(), note("no")}, Withdraw{p.ID})
			}
		}
		for _, who := range people {
			for _, does := range tries[who] {
				trial := *n.world
				events, err := Decide(n.state, trial.with(who, does), n.now)
				if err != nil {
					refused++
					continue
				}
				if trial.state, err = follow(n.state, events, func(Event) error { return nil }); err != nil {
					t.Fatalf("%s %+v: %v", who, does, err)
				}
				trial.history = slices.Concat(n.history, events)
				visit(node{&trial, append(slices.Clone(n.path), step{who, does, n.now})})
			}
		}
		later := *n.world
		later.history, later.now = slices.Clone(n.history), n.now.Add(24*time.Hour)
		if err := later.letTimeAct(); err != nil {
			t.Fatal(err)
		}
		later.state = clone(later.state)
		later.state.Time = later.now // so that the days that have passed tell states apart
		visit(node{&later, n.path})
	}
	if refounded == 0 || refused == 0 || len(seen) < 100 {
		t.Errorf("%d states, %d refoundings, %d refused", len(seen), refounded, refused)
	}
	t.Logf("%d states, %d refoundings, %d refused tries", len(seen), refounded, refused)
}
