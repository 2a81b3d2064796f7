package custody

import (
	"errors"
	"testing"
	"time"
)

// office is the company of these tests. ann (A) and ben (B) run db01 and db02,
// ben (A) and cay (B) run web01; ann holds the first two and ben the third.
// Nothing is rotating. ada is the admin, max the manager, dot the director, eve
// the auditor.
type office struct {
	*world
	t *testing.T
}

func newOffice(t *testing.T) *office {
	t.Helper()
	return officeUnder(t, testPolicy())
}

func officeUnder(t *testing.T, p Policy) *office {
	t.Helper()
	o := &office{newWorldUnder(p), t}
	err := o.hire(
		AddPerson{Username: "ada", Roles: []Role{Admin}},
		AddPerson{Username: "ann", Roles: []Role{Technician}},
		AddPerson{Username: "ben", Roles: []Role{Technician}},
		AddPerson{Username: "cay", Roles: []Role{Technician}},
		AddPerson{Username: "dot", Roles: []Role{Director}},
		AddPerson{Username: "eve", Roles: []Role{Auditor}},
		AddPerson{Username: "max", Roles: []Role{Manager}},
	)
	if err != nil {
		t.Fatal(err)
	}
	o.addServer(server("db01", "ann", "ben"))
	o.addServer(server("db02", "ann", "ben"))
	o.addServer(server("web01", "ben", "cay"))
	return o
}

func (o *office) addServer(a AddCredential) {
	o.t.Helper()
	o.does(System, a)
	o.rotates(a.Name)
}

// does is for what must be granted on the way to the point of a test.
func (o *office) does(who string, a Action) []Event {
	o.t.Helper()
	events, err := o.do(who, a)
	if p, proposable := a.(Proposable); proposable && CodeOf(err) == ApprovalNeeded {
		o.agreed(who, p)
		return o.history[len(o.history)-1:]
	}
	if err != nil {
		o.t.Fatalf("%s %+v: %v", who, a, err)
	}
	return events
}

func (o *office) rotates(credential string) {
	o.t.Helper()
	if err := o.change(credential); err != nil {
		o.t.Fatal(err)
	}
}

// triesWrongCode gives a command with a wrong code, in an office that is forgotten
// again. What is refused for it is carried out again from what is on record, like all
// else; the error says if that leads elsewhere.
func (o *office) triesWrongCode(who string, a Action) error {
	trial := *o.world
	c := trial.with(who, a)
	c.Proof.Steps = nil
	if _, err := trial.run(c); CodeOf(err) == "" {
		return err
	}
	return nil
}

// passes lets time go by, and act.
func (o *office) passes(d time.Duration) {
	o.t.Helper()
	o.now = o.now.Add(d)
	o.does(System, Tick{})
	if err := o.letTimeAct(); err != nil {
		o.t.Fatal(err)
	}
}

// handsOver offers from one person to the other custodian, who accepts.
func (o *office) handsOver(from, to string, credentials ...string) string {
	o.t.Helper()
	id := o.offers(from, credentials...)
	o.does(to, Accept{id})
	return id
}

func (o *office) offers(from string, credentials ...string) string {
	o.t.Helper()
	events := o.does(from, Offer{Credentials: credentials, Reason: note("leave")})
	return events[0].Fact.Subject()
}

// pairOf is a change of custodians for good, and standIn one until a date.
func pairOf(credential, primary, backup string) SetCustodians {
	return SetCustodians{Credential: credential, Primary: primary, Backup: backup}
}

func standIn(credential, primary, backup string, until time.Time) SetCustodians {
	return SetCustodians{credential, primary, backup, until}
}

func (o *office) credential(name string) Credential {
	c, _ := o.state.Credential(name)
	return c
}

func (o *office) person(name string) Person {
	p, _ := o.state.Person(name)
	return p
}

func (o *office) handover(id string) Handover {
	h, _ := o.state.Handover(id)
	return h
}

// clause is one cell of the policy: who may not, or may, do what and when.
type clause struct {
	name  string
	given func(*office)
	who   string
	does  Action
	want  Code               // "": granted
	then  func(*office) bool // what is true afterwards
}

func check(t *testing.T, clauses []clause) {
	t.Helper()
	for _, c := range clauses {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			if c.given != nil {
				c.given(o)
			}
			if err := o.commit(o.state.LetTimeAct(o.now)); err != nil {
				t.Fatal(err)
			}
			before := o.state
			if complaint := o.triesWrongCode(c.who, c.does); complaint != nil {
				t.Errorf("with a wrong code: %v", complaint)
			}
			_, err := o.do(c.who, c.does)
			if CodeOf(err) != c.want || (c.want == "" && err != nil) {
				t.Fatalf("%s %+v: got %v, want %q", c.who, c.does, err, c.want)
			}
			var refusal *Refusal
			if errors.As(err, &refusal) {
				if complaint := unreadable(refusal); complaint != "" {
					t.Error(complaint)
				}
				if normal(before).key() != normal(o.state).key() {
					t.Error("refused, and yet something changed")
				}
			}
			if c.then != nil && !c.then(o) {
				t.Errorf("afterwards: %+v", o.state)
			}
		})
	}
}

func annHandedOver(o *office) { o.handsOver("ann", "ben", "db01", "db02") } // handover-1
func annOffered(o *office)    { o.offers("ann", "db01") }                   // handover-1
func annIsAway(o *office)     { annHandedOver(o); o.does("ann", GoAway{}) }
func benIsAway(o *office)     { o.handsOver("ben", "cay", "web01"); o.does("ben", GoAway{}) }
func annTookBack(o *office)   { annHandedOver(o); o.does("ann", GiveBack{"handover-1"}) }
func annWorks(o *office)      { o.does("ann", CheckOut{"db01", note("ticket 1")}) }
func annWantsNewPassword(o *office) {
	o.does("ann", RequestRotation{Credential: "db01", Reason: note("worn")})
}
func db01IsRetired(o *office) { o.does("ada", Retire{"db01"}) }

func both(first, second func(*office)) func(*office) {
	return func(o *office) { first(o); second(o) }
}
