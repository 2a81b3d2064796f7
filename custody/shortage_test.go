package custody

import (
	"reflect"
	"testing"
)

// With one person at a level everybody is told, before it comes to that and while it is so.
func TestFewerThanTwoCouldApprove(t *testing.T) {
	enoughOfBoth := func(o *office) { o.hires("mia", Manager); o.hires("dan", Director) }
	only := func(level Role, able ...string) Shortage { return Shortage{Level: level, Able: able} }
	for name, c := range map[string]struct {
		given func(*office)
		want  []Shortage
	}{
		"one of each":       {nil, []Shortage{only(Director, "dot"), only(Manager, "max")}},
		"two of each":       {enoughOfBoth, nil},
		"one manager":       {func(o *office) { o.hires("dan", Director) }, []Shortage{only(Manager, "max")}},
		"one of two left":   {func(o *office) { enoughOfBoth(o); o.does("ada", gone("mia")) }, []Shortage{only(Manager, "max")}},
		"one has no log-in": {func(o *office) { enoughOfBoth(o); o.does(System, ResetOnHost{Person: "mia"}) }, []Shortage{only(Manager, "max")}},
		"one is the other's second account": {func(o *office) {
			enoughOfBoth(o)
			o.reads("mia", 1)
			o.reads("max", 1)
		}, []Shortage{only(Manager, "max")}},
		"one is a custodian": {func(o *office) {
			enoughOfBoth(o)
			o.agreedRoles("cay", Manager, Technician)
		}, nil}, // mia and max are left
		"two are custodians": {func(o *office) {
			enoughOfBoth(o)
			o.agreedRoles("ann", Manager, Technician)
			o.agreedRoles("ben", Manager, Technician)
			o.agreedRoles("mia", Technician)
		}, []Shortage{
			{Level: Manager, Able: []string{"max"}, Credential: "db01"}, {Level: Manager, Able: []string{"max"}, Credential: "db02"},
		}},
		"the only one is a custodian": {func(o *office) {
			o.hires("dan", Director)
			o.agreedRoles("max", Technician)
			o.agreedRoles("cay", Manager, Technician)
		}, []Shortage{only(Manager, "cay"), {Level: Manager, Credential: "web01", Able: []string{}}}},
		"a deputy does not count": {func(o *office) { o.hires("dan", Director); tiaStandsIn(o) }, []Shortage{only(Manager, "max")}},
	} {
		o := newOffice(t)
		if c.given != nil {
			c.given(o)
		}
		if got := o.state.Shortages(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	one := testPolicy()
	one.Approvals = ApprovedByOne
	o := officeUnder(t, one)
	if got := o.state.Shortages(); len(got) != 0 {
		t.Errorf("where one yes is enough, a manager and a director are two: %+v", got)
	}
	o.does("ada", gone("dot"))
	if got := o.state.Shortages(); !reflect.DeepEqual(got, []Shortage{only(Manager, "max")}) {
		t.Errorf("and one is one: %+v", got)
	}
	none := testPolicy()
	none.Approvals = ApprovedByNone
	if got := officeUnder(t, none).state.Shortages(); len(got) != 0 {
		t.Errorf("where nobody approves anything nobody is missing: %+v", got)
	}
}

func TestWhatBringsAShortageAbout(t *testing.T) {
	two := testPolicy()
	for name, c := range map[string]struct {
		change Proposable
		want   []Shortage
	}{
		"a manager leaves":                         {gone("mia"), []Shortage{{Level: Manager, Able: []string{"max"}}}},
		"or gets other roles":                      {SetRoles{"mia", []Role{Technician}}, []Shortage{{Level: Manager, Able: []string{"max"}}}},
		"or sets up their log-in anew":             {ResetEnrolment{Person: "mia"}, []Shortage{{Level: Manager, Able: []string{"max"}}}},
		"a technician leaves":                      {gone("cay"), nil},
		"the only director leaves":                 {gone("dot"), []Shortage{{Level: Director}}},
		"a director comes":                         {AddPerson{Username: "dan", Name: "Dan", Roles: []Role{Director}, TOTPPeriod: 30}, nil},
		"what a rule refuses brings about nothing": {gone("zoe"), nil},
	} {
		o := newOffice(t)
		o.hires("mia", Manager)
		before := normal(o.state).key()
		if got := o.state.ShortagesAfter(c.change); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if normal(o.state).key() != before {
			t.Errorf("%s: it happened", name)
		}
	}
	one := testPolicy()
	one.Approvals = ApprovedByOne
	o := officeUnder(t, one)
	want := []Shortage{{Level: Director, Able: []string{"dot"}}, {Level: Manager, Able: []string{"max"}}}
	if got := o.state.ShortagesAfter(AdoptPolicy{Values: two, ReviewBy: o.now.AddDate(0, 6, 0)}); !reflect.DeepEqual(got, want) {
		t.Errorf("a policy that asks for both: %+v, want %+v", got, want)
	}
}
