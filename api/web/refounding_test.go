package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestARefoundingOnThePages: what is missing is said where people are looked at; others
// confirm; the proposal counts down, and a technician says no to it.
func TestARefoundingOnThePages(t *testing.T) {
	o := newOffice(t)
	o.HireAs("director", "Dora D", custody.Director)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	admin := o.as("admin", "en")
	if said := admin.get("/people").text(); strings.Contains(said, "Nobody who could act") {
		t.Errorf("with everybody there: %s", said)
	}
	admin.get("/admin/people/director/disable").shows(t, 200, "nobody could act as director", "refounding")
	o.Must("admin", custody.Disable{Person: "director", Reason: desk.NewNote("left")})
	admin.get("/people").shows(t, 200, "Nobody who could act is director", "Give the missing role anew")
	p := admin.get("/people/refound")
	p.shows(t, 200, "Nobody who could act is director", "Carl C", "seven days' notice")
	p.check(t, "refounding", "en")
	o.as("manager", "zh").get("/people/refound").check(t, "refounding", "zh")
	for _, nobody := range []string{"Mia M", "Dora D"} {
		if _, form, _ := strings.Cut(p.body, "<form method=\"post\" action=\"/people/refound\""); strings.Contains(form, nobody) {
			t.Errorf("%s is among those who could get it", nobody)
		}
	}
	admin.fill("/people/refound", "person", "tech-c", "role", "manager", "reason", "wrong one").shows(t, 409, "Somebody is there who can act as manager")
	admin.done(admin.fill("/people/refound", "person", "tech-c", "role", "director", "reason", "the director left")).shows(t, 200, "A role given anew", "waiting for approval")
	for _, who := range []string{"manager", "auditor"} {
		b := o.as(who, "en")
		digest := between(t, b.get("/proposals/p-1").body, `name="digest" value="`, `"`)
		b.done(b.fill("/proposals/p-1/approve", "digest", digest)).shows(t, 200, "Approved.")
	}
	o.Clock.Add(24 * time.Hour)
	tech := o.as("tech-a", "en")
	p = tech.get("/proposals/p-1")
	p.shows(t, 200, "It takes effect in 5", "Anybody active can say no", "the director left", "Reject")
	if strings.Contains(p.body, "/proposals/p-1/approve") {
		t.Error("a technician is asked for a yes")
	}
	p.check(t, "refounding-announced", "en")
	if said := admin.get("/proposals/p-1").text(); strings.Contains(said, "Anybody active can say no") {
		t.Error("who asked for it is asked to say no")
	}
	digest := between(t, p.body, `name="digest" value="`, `"`)
	tech.done(tech.fill("/proposals/p-1/reject", "digest", digest, "reason", "nobody asked us")).shows(t, 200, "rejected", "Anna A")
}

// TestAPlannedLeavingOnThePages: the date is asked for with what would still be theirs, is
// shown where people are, and to who gives them a seat; it comes, and they are out.
func TestAPlannedLeavingOnThePages(t *testing.T) {
	o := newOffice(t)
	o.HireAs("director", "Dora D", custody.Director)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	admin, manager := o.as("admin", "en"), o.as("manager", "en")
	p := admin.get("/admin/people/tech-a/departure")
	p.shows(t, 200, "Plan a leaving", "What would still be theirs", "db01")
	p.check(t, "departure", "en")
	o.as("manager", "zh").get("/admin/people/tech-a/departure").check(t, "departure", "zh")
	admin.fill("/admin/people/tech-a/departure", "reason", "no date").shows(t, 422)
	admin.fill("/admin/people/tech-a/departure", "at", "2020-01-01T08:00", "reason", "past").shows(t, 422)
	at := o.Clock.Now().Add(72 * time.Hour).UTC().Format("2006-01-02T15:04")
	p = admin.done(admin.fill("/admin/people/tech-a/departure", "at", at, "zone", "UTC", "reason", "end of contract"))
	p.shows(t, 200, "The date of a leaving", "What would still be theirs", "db01", "Access ends")
	digest := o.proposal("p-1").Digest()
	manager.done(manager.fill("/proposals/p-1/approve", "digest", digest)).shows(t, 200, "in effect")
	admin.get("/people").shows(t, 200, "Access ends")
	admin.get("/admin/people/tech-a/departure").shows(t, 200, "Access ends", "Propose to call it off")
	o.Must("admin", custody.Propose{Change: custody.Change{Proposable: custody.SetCustodians{Credential: "db01", Primary: "tech-a", Backup: "tech-c"}}, Reason: desk.NewNote("x")})
	manager.get("/proposals/p-2").shows(t, 200, "gets a seat, and their access ends")
	admin.done(admin.fill("/admin/people/tech-a/departure", "cancel", "yes", "reason", "stays")).shows(t, 200, "The date of a leaving", "not set")
	o.Must("admin", custody.Withdraw{Proposal: "p-3"})
	o.Clock.Add(72 * time.Hour)
	o.Enters()
	o.as("manager", "en").get("/offboardings/tech-a").shows(t, 200, "Mia M", "0 of")
}

// TestARecoveryIsStoppedOnThePages by a manager, and by nobody else's word.
func TestARecoveryIsStoppedOnThePages(t *testing.T) {
	o := newOffice(t)
	o.HireAs("director", "Dora D", custody.Director)
	for _, who := range []string{"manager", "director"} {
		founding, err := o.Desk.Founding(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o.Must(who, custody.ConfirmFounding{Digest: founding.Digest})
	}
	manager := o.as("manager", "en")
	manager.get("/people/admin/recovery").shows(t, 200, "Nobody has asked for one")
	_, asked, err := o.Desk.RecoverOnHost(t.Context(), "admin", "recover-1")
	if err != nil || !asked.Due.Equal(o.Person("admin").Recovery.Due) || asked.Due.IsZero() {
		t.Fatal(asked, err)
	}
	_, _, err = o.Desk.RecoverOnHost(t.Context(), "admin", "recover-2")
	o.Refused(custody.Conflict, err)
	o.as("tech-a", "en").get("/people").shows(t, 200, "asked for on the server")
	if said := o.as("tech-a", "en").get("/people/admin/recovery").body; strings.Contains(said, "Stop it") {
		t.Error("a technician is asked to stop it")
	}
	p := manager.get("/people/admin/recovery")
	p.shows(t, 200, "would have lost everything", "Stop it")
	p.check(t, "recovery-stop", "en")
	manager.done(manager.fill("/people/admin/recovery", "reason", "she is here")).shows(t, 200, "It is stopped.", "Nobody has asked for one")

	// Nobody stops the next one, and after three days the log-in is another.
	if _, _, err := o.Desk.RecoverOnHost(t.Context(), "admin", "recover-3"); err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(72 * time.Hour)
	login, asked, err := o.Desk.RecoverOnHost(t.Context(), "admin", "recover-4")
	if err != nil || login.Password.IsZero() || !asked.Due.IsZero() {
		t.Fatal(asked, err)
	}
}
