package custody

import (
	"slices"
	"testing"
)

// TestRolesThatExcludeEachOther: who looks has no other role, and who runs the system does
// not decide who may, unless the policy of a small firm says so.
func TestRolesThatExcludeEachOther(t *testing.T) {
	for _, c := range []struct {
		roles         []Role
		strict, small bool // whether one person may have them
	}{
		{[]Role{Technician}, true, true},
		{[]Role{Auditor}, true, true},
		{[]Role{Technician, Manager}, true, true},
		{[]Role{Technician, Director}, true, true},
		{[]Role{Manager, Director}, true, true},
		{[]Role{Technician, Manager, Director}, true, true},
		{[]Role{Admin, Technician}, false, true},
		{[]Role{Manager, Admin}, false, true},
		{[]Role{Admin, Director}, false, true},
		{[]Role{Technician, Manager, Admin}, false, true},
		{[]Role{Auditor, Technician}, false, false},
		{[]Role{Manager, Auditor}, false, false},
		{[]Role{Auditor, Director}, false, false},
		{[]Role{Admin, Auditor}, false, false},
	} {
		for value, may := range map[Exclusivity]bool{ExclusiveStrict: c.strict, ExclusiveAuditor: c.small} {
			p := testPolicy()
			p.Exclusive = value
			o := officeUnder(t, p)
			person := AddPerson{Username: "zoe", Name: "Zoe", Roles: c.roles, TOTPPeriod: 30}
			_, atInit := o.do(System, person)
			_, asked := officeUnder(t, p).do("ada", needed(person))
			given := officeUnder(t, p)
			_, other := given.do("max", needed(SetRoles{"cay", append(slices.Clone(c.roles), c.roles[0])}))
			if slices.Equal(sortedRoles(c.roles), []Role{Technician}) {
				other = nil // cay has it already
			}
			for way, err := range map[string]error{"by the machine": atInit, "proposed": asked, "given to somebody": other} {
				refusal, _ := err.(*Refusal)
				switch {
				case may && (refusal != nil && refusal.Field == "roles"):
					t.Errorf("%s, %v, %s: %v", value, c.roles, way, err)
				case !may && (refusal == nil || refusal.Code != InvalidRequest || refusal.Field != "roles"):
					t.Errorf("%s, %v, %s: %v, want it refused", value, c.roles, way, err)
				}
			}
		}
	}
}

// TestARefusalOfRolesNamesThem: both roles, and which value of the policy opens it, where
// there is one.
func TestARefusalOfRolesNamesThem(t *testing.T) {
	o := newOffice(t)
	refused := func(roles ...Role) *Refusal {
		_, err := o.do("ada", needed(AddPerson{Username: "zoe", Name: "Zoe", Roles: roles, TOTPPeriod: 30}))
		r, _ := err.(*Refusal)
		return r
	}
	if r := refused(Admin, Director); r == nil || r.Key != "roles_exclude" || r.Args["one"] != (Term{"role", "admin"}) || r.Args["other"] != (Term{"role", "director"}) || r.Args["value"] != "auditor_only" {
		t.Errorf("admin and director: %+v", r)
	}
	if r := refused(Manager, Auditor); r == nil || r.Key != "auditor_alone" || r.Args["role"] != (Term{"role", "manager"}) {
		t.Errorf("manager and auditor: %+v", r)
	}
}

// TestNoLedgerHasSomebodyWithRolesThatExcludeEachOther: however they got them.
func TestNoLedgerHasSomebodyWithRolesThatExcludeEachOther(t *testing.T) {
	o := newOffice(t)
	added := Event{Time: o.now, Actor: System, Fact: PersonAdded{Username: "zoe", Name: "Zoe", Roles: []Role{Admin, Technician}, TOTPPeriod: 30}}
	if err := CheckEvent(o.state, added); !violation(err, "I10", "exclude each other") {
		t.Errorf("added: %v", err)
	}
	o.state.editProposal("p-1", func(p *Proposal) {
		*p = Proposal{ID: "p-1", Requester: "ada", Change: Change{SetRoles{"cay", []Role{Admin, Technician}}}, Status: Approved}
	})
	given := Event{Time: o.now, Actor: "dot", Fact: RolesChanged{"cay", []Role{Admin, Technician}, []Role{Technician}, "p-1"}}
	if err := given.Fact.allowed(o.state, given); !violation(err, "I10", "exclude each other") {
		t.Errorf("given: %v", err)
	}
	if err := Check(o.state); err != nil {
		t.Fatal(err)
	}
	o.state.editPerson("max", func(p *Person) { p.Roles = []Role{Admin, Manager} })
	if err := Check(o.state); !violation(err, "I10", "is admin and manager") {
		t.Errorf("in a state: %v", err)
	}
	// A policy that those who are there do not fit.
	late := o.state.Fork()
	PolicyAdopted{Version: 2, Values: DefaultPolicy()}.apply(late, Event{Time: o.now})
	if err := late.checkTouched(late.touched); !violation(err, "I10", "is admin and manager") {
		t.Errorf("under a stricter policy: %v", err)
	}
}
