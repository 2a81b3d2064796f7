package web_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// TestAnAccountIsReachedInAnotherWay: its page has what is there to begin with and never a
// secret; two approve it; it shows everywhere as what it is until whose password goes there
// has compared it, on a page that says with what.
func TestAnAccountIsReachedInAnotherWay(t *testing.T) {
	o := emptyOfficeOf(t, desktest.SQLite, func(c *desk.Config) {
		c.Fingerprints = func(t custody.Target) []string { return []string{"fingerprint of " + t.Settings["host_key"]} }
	})
	for _, technician := range []string{"tech-a", "tech-b", "tech-c"} {
		o.HireAs(technician, "Person "+technician, custody.Technician)
	}
	for _, role := range []custody.Role{custody.Manager, custody.Director, custody.Auditor, custody.Admin} {
		o.HireAs(string(role), "Person "+string(role), role)
	}
	o.Onboard("db01")
	b := o.as("tech-b", "en")
	p := b.get("/credentials/db01/target")
	p.shows(t, 200, "Change how it is reached", "db01.example:22", "Fingerprints", "the one that Tandem has stays")
	p.check(t, "retarget", "en")
	if !strings.Contains(p.body, `name="address" value="db01.example:22"`) {
		t.Error("the form does not begin with what is there")
	}
	b.get("/credentials/db01").shows(t, 200, "Change how it is reached")
	p = b.done(b.fill("/credentials/db01/target", "address", "moved.example:2222", "set.host_key", "ssh-ed25519 AAAA\r\nssh-ed25519 BBBB", "password", "", "reason", "the host has moved"))
	p.shows(t, 200, "Proposed.", "Another way to an account", "db01.example:22", "moved.example:2222", "ssh-ed25519 AAAA;ssh-ed25519 BBBB")
	proposal, err := o.Store.Proposal(t.Context(), "p-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"manager", "director"} {
		m := o.as(who, "en")
		m.done(m.fill("/proposals/p-1/approve", "digest", proposal.Digest())).shows(t, 200, "Approved.")
	}

	a := o.as("tech-a", "en")
	a.get("/").shows(t, 200, "Confirm where these are", "to be confirmed")
	a.get("/credentials").shows(t, 200, "to be confirmed")
	o.as("tech-a", "zh").get("/").shows(t, 200, "请确认其位置", "待确认")
	o.as("manager", "zh").get("/credentials/db01").shows(t, 200, "在确认之前，不会向该处发送任何内容")
	a.get("/credentials/db01").shows(t, 200, "Nothing is sent there until that is confirmed. tech-a confirms it.")
	p = a.get("/credentials/db01/target")
	p.shows(t, 200, "Confirm where it is", "moved.example:2222", "fingerprint of ssh-ed25519 AAAA;ssh-ed25519 BBBB", "These are right", "not with who asked for it")
	p.check(t, "confirm target", "en")
	if said := b.get("/credentials/db01/target").text(); strings.Contains(said, "These are right") {
		t.Error("the other custodian is asked to confirm it")
	}
	b.fill("/credentials/db01/target/confirm", "target", "1").shows(t, 403, "is confirmed by tech-a")
	a.fill("/credentials/db01/target/confirm", "target", "0").shows(t, 409, "was changed once more since you looked")
	a.fill("/credentials/db01/rotate", "reason", "worn").shows(t, 409, "nothing is sent there until tech-a has confirmed it")
	a.done(a.fill("/credentials/db01/target/confirm", "target", "1")).shows(t, 200, "Confirmed.")
	if said := a.get("/credentials/db01").text() + a.get("/").text(); strings.Contains(said, "to be confirmed") || strings.Contains(said, "Confirm where") {
		t.Error("it is asked for again")
	}
	o.as("tech-c", "en").get("/credentials/db01/target").shows(t, 403)
	p = o.as("admin", "en").get("/credentials/db01/target")
	p.shows(t, 200, "state all of it")
	if strings.Contains(p.body, "moved.example") {
		t.Error("an admin sees where it is")
	}
	auditor := o.as("auditor", "en")
	auditor.get("/credentials/db01/target").shows(t, 200, "moved.example:2222", "Fingerprints")
	auditor.get("/ledger?credential=db01").shows(t, 200, "Way to the account changed", "New way to the account confirmed")
}
