package custody

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestModelOfIncidents visits every state that one incident can get into, among seven
// people of whom those who approve and audit may be away, under three policies, and about
// each of a few groups of people; in each everybody tries everything. Who may decide is
// said over again by incidentOracle. States are compared without numbers and instants.
func TestModelOfIncidents(t *testing.T) {
	t.Parallel()
	movers := []string{"dot", "eve", "max"}
	states, transitions, refused, alone := 0, 0, 0, 0
	for _, group := range [][]string{nil, {"eve"}, {"cay", "max"}} {
		for _, about := range [][]string{{"ann"}, {"max"}, {"dot", "max"}, {"dot", "eve", "max"}, {"cay", "max"}, {"ada", "ann", "ben", "cay", "dot", "eve", "max"}} {
			o := newOffice(t)
			p := o.state.Policy()
			p.Values.Assessors = group
			o.state.RestorePolicy(p)
			reports("ann", ReportIncident{Grade: Special})(o)
			id := o.last().ID
			o.state.editIncident(id, func(i *Incident) { i.People = about })
			o.state.touched = touched{}
			key := func(s *State) string {
				i, _ := s.Incident(id)
				var away []string
				for _, name := range movers {
					if p, _ := s.Person(name); p.Away {
						away = append(away, name)
					}
				}
				return fmt.Sprint(i.Status, i.Assessed, i.AcknowledgedBy, i.AssessedBy, i.ClosedBy, i.Alone, away)
			}
			seen := map[string]bool{key(o.state): true}
			queue := []*State{o.state}
			for len(queue) > 0 {
				s := queue[0]
				queue = queue[1:]
				states++
				for person := range s.People() {
					tries := []Action{AcknowledgeIncident{id}, AssessIncident{id, Ordinary, note("x")}, AssessIncident{id, Special, note("x")}, CloseIncident{id, note("x")}}
					if slices.Contains(movers, person.Username) {
						tries = append(tries, GoAway{}, ComeBack{})
					}
					for _, a := range tries {
						c := Command{Actor: person.Username, Request: "request", Action: a, Proof: rightCode(person)}
						events, err := Decide(s, c, s.Time)
						may, own := incidentOracle(s, id, person, a)
						if _, moves := a.(GoAway); !moves && may != (err == nil) {
							if _, back := a.(ComeBack); !back {
								t.Fatalf("%s %+v in %s: the policy says %t, the machine %v", person.Username, a, key(s), may, err)
							}
						}
						if err != nil {
							refused++
							if complaint := unreadable(err.(*Refusal)); complaint != "" {
								t.Fatal(complaint)
							}
							continue
						}
						if own {
							alone++
							if events[0].Grade() != Serious {
								t.Fatalf("%s decides their own, and it is %s", person.Username, events[0].Grade())
							}
						}
						after := clone(s)
						for _, e := range events {
							if err := Replay(after, e); err != nil {
								t.Fatal(err)
							}
						}
						transitions++
						if k := key(after); !seen[k] {
							seen[k] = true
							if err := followInFork(s, events, after); err != nil {
								t.Fatal(err)
							}
							queue = append(queue, after)
						}
					}
				}
			}
			if !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(k string) bool { return strings.HasPrefix(k, "false") }) {
				t.Errorf("about %v, under %v: it is never closed", about, group)
			}
		}
	}
	if alone == 0 {
		t.Error("nobody ever decided their own")
	}
	t.Logf("%d states, %d transitions, %d refused tries, %d of one's own", states, transitions, refused, alone)
}

// incidentOracle says over again who may do what about an incident, by rank: the group, then
// managers and directors, then auditors, then all; the lowest rank of which somebody is
// there whom it is not about decides, and who is of a lower one as well.
func incidentOracle(s *State, id string, actor Person, a Action) (may, own bool) {
	i, open := s.Incident(id)
	if !open {
		return false, false
	}
	group := s.Policy().Values.Assessors
	rank := func(p Person) int {
		switch {
		case slices.Contains(group, p.Username), len(group) == 0 && p.approves():
			return 0
		case p.approves():
			return 1
		case p.Is(Auditor):
			return 2
		}
		return 3
	}
	free := func(p Person) bool { return !slices.Contains(i.People, p.Username) }
	apart := slices.DeleteFunc(slices.Collect(s.People()), func(p Person) bool { return !free(p) })
	there := slices.DeleteFunc(slices.Clone(apart), func(p Person) bool { return p.Away })
	switch {
	case len(apart) == 0:
		may, own = rank(actor) == 0, true
	case len(there) == 0:
		may = free(actor)
	default:
		first := slices.MinFunc(there, func(a, b Person) int { return cmp.Compare(rank(a), rank(b)) })
		may = free(actor) && rank(actor) <= rank(first)
	}
	switch a.(type) {
	case AcknowledgeIncident:
		return may && i.Status == IncidentOpen, own
	case CloseIncident:
		return may && i.Status == IncidentRated, own
	case AssessIncident:
		return may, own
	}
	return true, false
}
