package custody

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The commands of an admin, as in policy_test.go.

func TestAddPerson(t *testing.T) {
	add := func(edit func(*AddPerson)) AddPerson {
		a := AddPerson{Username: "zoe", Name: "Zoe", Email: note("zoe@example.org"), Roles: []Role{Technician, Manager, Technician}, TOTPPeriod: 30}
		if edit != nil {
			edit(&a)
		}
		return a
	}
	roles := func(roles ...Role) AddPerson { return add(func(a *AddPerson) { a.Roles = roles }) }
	check(t, []clause{
		{"whoever operates the machine may, before the founding", nil, System, add(nil), "", func(o *office) bool {
			p := o.person("zoe")
			return slices.Equal(p.Roles, []Role{Manager, Technician}) && !p.Enrolled && p.Present()
		}},
		{"nobody else may alone", nil, "max", add(nil), ApprovalNeeded, nil},
		{"nor an admin", nil, "ada", add(nil), ApprovalNeeded, nil},
		{"nor anybody at all once it is founded", founded, System, add(nil), Conflict, nil},
		{"not twice", nil, System, add(func(a *AddPerson) { a.Username = "ann" }), Conflict, nil},
		{"an auditor has no other role", nil, System, roles(Auditor, Technician), InvalidRequest, nil},
		{"an auditor may be only that", nil, System, roles(Auditor), "", nil},
		{"not without a role", nil, System, roles(), InvalidRequest, nil},
		{"not with a role that does not exist", nil, System, roles("king"), InvalidRequest, nil},
		{"not under the system's name", nil, System, add(func(a *AddPerson) { a.Username = System }), InvalidRequest, nil},
		{"not without a name", nil, System, add(func(a *AddPerson) { a.Name = "" }), InvalidRequest, nil},
		{"an address is not needed", nil, System, add(func(a *AddPerson) { a.Email = note("") }), "", nil},
		{"but must be one", nil, System, add(func(a *AddPerson) { a.Email = note("zoe") }), InvalidRequest, nil},
		{"and one only", nil, System, add(func(a *AddPerson) { a.Email = note("Zoe <zoe@example.org>") }), InvalidRequest, nil},
		{"and no header", nil, System, add(func(a *AddPerson) { a.Email = note("zoe@example.org\r\nBcc: x@example.org") }), InvalidRequest, nil},
		{"and no longer than mail allows", nil, System, add(func(a *AddPerson) { a.Email = note(strings.Repeat("z", 250) + "@example.org") }), InvalidRequest, nil},
		{"an address as long as mail allows", nil, System, add(func(a *AddPerson) { a.Email = note(strings.Repeat("z", 242) + "@example.org") }), "", nil},
		{"the shortest codes", nil, System, add(func(a *AddPerson) { a.TOTPPeriod = 1 }), "", nil},
		{"the longest codes", nil, System, add(func(a *AddPerson) { a.TOTPPeriod = 300 }), "", nil},
		{"codes that never change are none", nil, System, add(func(a *AddPerson) { a.TOTPPeriod = 0 }), InvalidRequest, nil},
		{"nor those that stand for an hour", nil, System, add(func(a *AddPerson) { a.TOTPPeriod = 301 }), InvalidRequest, nil},
	})
}

func TestAddCredential(t *testing.T) {
	add := server("db03", "ann", "cay")
	with := func(edit func(*AddCredential)) AddCredential {
		a := add
		edit(&a)
		return a
	}
	settings := func(name, value string) AddCredential {
		return with(func(a *AddCredential) { a.Target.Settings = map[string]Note{name: exact(value)} })
	}
	check(t, []clause{
		{"rotates at once, for the primary", nil, System, add, "", func(o *office) bool {
			c := o.credential("db03")
			return c.Rotation.Reason == ForOnboard && c.Successor() == "ann" && c.Version == 0 && c.Holder == ""
		}},
		{"for the backup while the primary is away", annIsAway, System, add, "", func(o *office) bool { return o.credential("db03").Successor() == "cay" }},
		{"not while both are away", both(annIsAway, func(o *office) { o.does("cay", GoAway{}) }), System, add, BothAway, nil},
		{"nobody else may", nil, "max", add, ApprovalNeeded, nil},
		{"nor an admin", nil, "ada", add, ApprovalNeeded, nil},
		{"nor whoever operates the machine once it is founded", founded, System, add, Conflict, nil},
		{"not twice", nil, System, server("db01", "ann", "ben"), Conflict, nil},
		{"not another account under the name of one that is retired", db01IsRetired, System, AddCredential{
			Name: "db01", Primary: "ann", Backup: "ben", Target: server("db77", "", "").Target,
		}, Conflict, nil},
		{"not with the same person twice", nil, System, server("db03", "ann", "ann"), InvalidRequest, nil},
		{"not with a manager for a technician", nil, System, server("db03", "ann", "max"), InvalidRequest, nil},
		{"not with an auditor", nil, System, server("db03", "eve", "ann"), InvalidRequest, nil},
		{"not with nobody", nil, System, server("db03", "ann", ""), InvalidRequest, nil},
		{"not with a technician who is disabled", func(o *office) { o.state.editPerson("cay", func(p *Person) { p.Disabled = true }) }, System, add, InvalidRequest, nil},
		{"not without an address", nil, System, with(func(a *AddCredential) { a.Target.Address = note("") }), InvalidRequest, nil},
		{"not with an account of two lines", nil, System, with(func(a *AddCredential) { a.Target.Account = exact("root\nx") }), InvalidRequest, nil},
		{"not by a name that is not said", nil, System, with(func(a *AddCredential) { a.Target.Identities = nil }), InvalidRequest, nil},
		{"nor by one in clear", nil, System, with(func(a *AddCredential) { a.Target.Identities = []string{"root@db03"} }), InvalidRequest, nil},
		{"not with a connector of 501 characters", nil, System, with(func(a *AddCredential) { a.Target.Kind = strings.Repeat("s", 501) }), InvalidRequest, nil},
		{"settings are kept", nil, System, settings("host_key", "ssh-ed25519 AAAA"), "", func(o *office) bool {
			return o.credential("db03").Target.Settings["host_key"].Same(exact("ssh-ed25519 AAAA"))
		}},
		{"settings of one line each", nil, System, settings("host_key", "a\x00b"), InvalidRequest, nil},
		{"settings that fit into an entry", nil, System, settings("host_key", strings.Repeat("A", 8193)), InvalidRequest, nil},
		{"a lease of its own", nil, System, with(func(a *AddCredential) { a.Policy.LeaseSeconds = 60 }), "", nil},
		{"the longest lease", nil, System, with(func(a *AddCredential) { a.Policy.LeaseSeconds = 604800 }), "", func(o *office) bool {
			o.rotates("db03")
			until := o.does("ann", CheckOut{"db03", note("ticket 1")})[0].Fact.(CheckoutGranted).Until
			return until.Equal(o.now.Add(7 * 24 * time.Hour))
		}},
		{"not one that ends before it begins", nil, System, with(func(a *AddCredential) { a.Policy.LeaseSeconds = -1 }), InvalidRequest, nil},
		{"not one for ever", nil, System, with(func(a *AddCredential) { a.Policy.LeaseSeconds = 604801 }), InvalidRequest, nil},
	})
}

// TestWhatCameWithACredential: its rotation begins when the secrets are where it
// looks for them, once, and not before.
func TestWhatCameWithACredential(t *testing.T) {
	added := func(o *office) {
		add := server("db09", "ann", "ben")
		add.Brings = true
		o.does(System, add)
	}
	arrived := both(added, func(o *office) { o.does(System, ReportArrived{"db09"}) })
	staged := ReportStaged{Rotation: RotationID{Credential: "db09", Number: 1}}
	check(t, []clause{
		{"it is on its way", added, System, ReportArrived{"db09"}, "", func(o *office) bool { return o.credential("db09").Arriving == "" }},
		{"nothing is staged before", added, System, staged, Conflict, func(o *office) bool { return o.credential("db09").Arriving != "" }},
		{"a failure is entered before", added, System, ReportFailed{Rotation: RotationID{Credential: "db09", Number: 1}, Failure: "secret_store", NextTry: epoch.Add(time.Hour)}, "", nil},
		{"and staged after it", arrived, System, staged, "", nil},
		{"it arrives once", arrived, System, ReportArrived{"db09"}, Conflict, nil},
		{"of what brought nothing", nil, System, ReportArrived{"db01"}, Conflict, nil},
		{"of nothing that exists", nil, System, ReportArrived{"nothing"}, NotFound, nil},
		{"by nobody else", added, "ada", ReportArrived{"db09"}, Forbidden, nil},
	})
}

func TestRetire(t *testing.T) {
	retire := Retire{"db01"}
	check(t, []clause{
		{"nobody alone", nil, "ada", retire, ApprovalNeeded, nil},
		{"an admin may ask for it", annWorks, "ada", needed(retire), "", nil},
		{"its holder too", nil, "ann", needed(retire), "", nil},
		{"not while it rotates", annWantsNewPassword, "ada", needed(retire), RotationPending, nil},
		{"not while it is offered", annOffered, "ada", needed(retire), HandoverOpen, nil},
		{"not while it is handed over", annHandedOver, "ada", needed(retire), HandoverOpen, nil},
		{"not twice", db01IsRetired, "ada", needed(retire), Conflict, nil},
		{"not of nothing that exists", nil, "ada", needed(Retire{"nothing"}), NotFound, nil},
	})
	o := newOffice(t)
	annWorks(o)
	o.agreed("ada", retire)
	if c := o.credential("db01"); c.Phase != Retired || c.Holder != "" || c.Lease != (Lease{}) || slices.Contains(o.state.Charges("ann"), "db01") {
		t.Errorf("%+v", c)
	}
}

func TestResetEnrolment(t *testing.T) {
	lost := func(o *office) { o.does(System, ResetOnHost{Person: "ann"}) }
	check(t, []clause{
		{"nobody alone", nil, "ada", ResetEnrolment{Person: "ann"}, ApprovalNeeded, nil},
		{"not even for themselves", nil, "ann", ResetEnrolment{Person: "ann"}, ApprovalNeeded, nil},
		{"nor whoever operates the machine, who has another way", nil, System, ResetEnrolment{Person: "ann"}, ApprovalNeeded, nil},
		{"a new seed confirms nothing before it is proved", lost, "ann", CheckOut{"db01", note("ticket 1")}, Unauthenticated, nil},
		{"logging in proves it", lost, "ann", SignIn{}, "", func(o *office) bool { return o.person("ann").Enrolled }},
		{"and then it confirms", both(lost, func(o *office) { o.does("ann", SignIn{}) }), "ann", CheckOut{"db01", note("ticket 1")}, "", nil},
	})
}
