package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// shows fails unless the page is there and says all of this.
func (a answer) shows(t *testing.T, status int, wants ...string) {
	t.Helper()
	text := a.text()
	if a.status != status {
		t.Fatalf("%d, want %d: %s", a.status, status, text)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
}

// done fails unless the form was carried out, and gives the page that follows.
func (b *browser) done(p answer) answer {
	b.o.T.Helper()
	if p.status != http.StatusSeeOther {
		b.o.T.Fatalf("%d: %s", p.status, p.text())
	}
	return b.get(p.header.Get("Location"))
}

var hidden = regexp.MustCompile(`name="key" value="([A-Z2-7]+)"`)

func (a answer) key(t *testing.T) string {
	t.Helper()
	found := hidden.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatal("the page has no form")
	}
	return found[1]
}

// TestGoingOutAndComingBack is the core of the policy, by two people with two
// browsers.
func TestGoingOutAndComingBack(t *testing.T) { desktest.OnBoth(t, goingOutAndComingBack) }

func goingOutAndComingBack(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	a, b := o.as("tech-a", "en"), o.as("tech-b", "en")

	a.get("/leave").shows(t, 200, "You hold 2 credentials", "db01", "db02", "Bo B")
	a.fill("/leave", "reason", "course", "until", "2026-03-01T09:00").shows(t, 422, "must be in the future")
	p := a.fill("/leave", "reason", "course", "until", "2026-03-05T09:00")
	a.done(p).shows(t, 200, "Waiting for your backup", "handover-1", "You hold what is not accepted yet")
	a.get("/").shows(t, 200, "You hold 2 credentials")

	b.get("/").shows(t, 200, "Waits for your decision", "Inbox 1")
	b.get("/inbox").shows(t, 200, "You take over 2 credentials", "tech-a leaves, and is away once everything", "course", "2026-03-05 09:00")
	b.done(b.fill("/handovers/handover-1/accept")).shows(t, 200, "Accepted.")
	b.get("/inbox").shows(t, 200, "Nothing waits for you.")

	a.get("/leave").shows(t, 200, "Handed over: you are away")
	a.fill("/credentials/db01/checkout", "purpose", "late").shows(t, 403, "tech-b holds db01", "Clause 4.4")
	b.get("/leave").shows(t, 200, "The two custodians may not both be out", "until 2026-03-05 09:00")
	b.fill("/leave", "reason", "too").shows(t, 409, "tech-a, the other custodian of db01, is away", "Clause 4.4")

	a.done(a.fill("/back", "take_back", "yes")).shows(t, 200, "The passwords are being changed", "Staged", "Yours")
	a.fill("/credentials/db01/checkout", "purpose", "early").shows(t, 409, "being changed")
	c := o.Credential("db01")
	o.Must(custody.System, custody.ReportFailed{
		Rotation: custody.RotationID{Credential: "db01", Number: c.Rotation.Number}, Failure: "unreachable", NextTry: o.Clock.Now().Add(60e9),
	})
	a.get("/back").shows(t, 200, "1 attempt failed", "The server did not answer.", "Next attempt")
	o.Rotate("db01")
	o.Rotate("db02")
	a.get("/back").shows(t, 200, "You hold 2 credentials")
	b.get("/handovers/handover-1").shows(t, 200, "closed")
}

func TestSomebodyWhoHoldsNothingGoesAtOnce(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-b", "en")
	b.get("/leave").shows(t, 200, "You hold nothing")
	b.done(b.fill("/leave", "reason", "dentist")).shows(t, 200, "You are away")
	o.as("tech-a", "zh").get("/people").shows(t, 200, "外出", "dentist")
	b.done(b.post("/back")).shows(t, 200, "You are present")
}

func TestHandOverOne(t *testing.T) {
	o := newOffice(t)
	a, b := o.as("tech-a", "en"), o.as("tech-b", "en")
	a.done(a.fill("/credentials/db01/offer", "reason", "your turn", "until", "2026-03-03T08:00")).shows(t, 200, "Offered.", "handover-1")
	b.done(b.post("/handovers/handover-1/decline", "reason", "busy")).shows(t, 200, "declined")
	a.done(a.fill("/credentials/db01/offer", "reason", "again")).shows(t, 200, "handover-2")
	a.done(a.post("/handovers/handover-2/cancel")).shows(t, 200, "cancelled")
	a.done(a.fill("/credentials/db01/offer", "reason", "third")).shows(t, 200, "handover-3")
	b.done(b.fill("/handovers/handover-3/accept")).shows(t, 200, "Give back", "then tech-a holds it")
	b.done(b.fill("/handovers/handover-3/return")).shows(t, 200, "Returned.")
}

// TestCheckOut: the password is in the one answer to the form, and nowhere else.
func TestCheckOut(t *testing.T) {
	o := newOffice(t)
	a := o.as("tech-a", "en")
	key := a.get("/credentials/db01").key(t)
	a.post("/credentials/db01/checkout", "key", key, "purpose", "ticket 1").shows(t, 422, "must be confirmed with a code")
	form := []string{"key", a.get("/credentials/db01").key(t), "purpose", "ticket 1", "totp", o.Code("tech-a")}
	size := o.Size()
	p := a.post("/credentials/db01/checkout", form...)
	p.shows(t, 200, thePassword, "version 2", "Check in")
	p.check(t, "checkout", "en")
	if p.header.Get("Cache-Control") != "no-store" {
		t.Error("a password may be kept")
	}
	// Sent again, by a reload: no other check-out, and no password without another code.
	if p := a.post("/credentials/db01/checkout", form...); strings.Contains(p.body, "MARKED") {
		t.Error("the same form shows the password again")
	} else {
		p.shows(t, 403, "The check-out was made", "Show the password again")
	}
	if types := o.Types(size); !slices.Equal(types, []string{"checkout.granted", "command.refused"}) {
		t.Errorf("entries %v", types)
	}
	a.get("/credentials/db01/checkout").shows(t, 200, "To see it here, show it again", "Check in")
	a.post("/credentials/db01/show").shows(t, 422, "must be confirmed with a code")
	size = o.Size()
	p = a.fill("/credentials/db01/show")
	p.shows(t, 200, thePassword, "version 2", "Check in")
	p.check(t, "shown-again", "en")
	if types := o.Types(size); !slices.Equal(types, []string{"checkout.shown"}) {
		t.Errorf("entries %v", types)
	}
	for _, path := range []string{"/credentials/db01", "/", "/ledger", fmt.Sprintf("/ledger/%d", size)} {
		if p := a.get(path); strings.Contains(p.body, "MARKED") {
			t.Errorf("%s has the password", path)
		}
	}
	o.as("tech-b", "en").get("/credentials/db01").shows(t, 200, "Checked out by Anna A", "ticket 1", "tech-a holds it")
	a.done(a.post("/credentials/db01/checkin")).shows(t, 200, "Checked in.")
	a.post("/credentials/db01/checkout", form...).shows(t, 409, "This check-out is over.")
	a.fill("/credentials/db01/show").shows(t, 409, "You have no check-out of db01 now")
}

func TestRefusedFormKeepsWhatWasTyped(t *testing.T) {
	o := newOffice(t)
	a := o.as("tech-a", "en")
	p := a.post("/credentials/db01/checkout", "purpose", "ticket 4711", "totp", "654321")
	p.shows(t, 403, "The code is not right.")
	if !strings.Contains(p.body, `value="ticket 4711"`) || strings.Contains(p.body, "654321") {
		t.Error("the form forgot the purpose, or repeats the code")
	}
	if !strings.Contains(p.body, `hx-get="/credentials/db01"`) { // the live parts have no form that was refused
		t.Error("the page would be refreshed from where its form was sent to")
	}
}

func TestRotateAndRetire(t *testing.T) {
	o := newOffice(t)
	m := o.as("manager", "en")
	m.done(m.fill("/credentials/db01/rotate", "reason", "suspicion")).shows(t, 200, "The password is being changed")
	o.Rotate("db01")
	o.Approvers()
	admin := o.as("admin", "en")
	admin.fill("/credentials/db02/retire", "reason", "").shows(t, 422, "must not be empty")
	asked := admin.fill("/credentials/db02/retire", "reason", "scrapped")
	admin.done(asked).shows(t, 200, "Proposed.", "Custody ends", "db02", "scrapped", "waiting for approval")
	if c := o.Credential("db02"); c.Phase != custody.Held {
		t.Errorf("%s, and nobody has approved it", c.Phase)
	}
	o.approved(asked)
	admin.get("/credentials/db02").shows(t, 200, "retired")
	o.as("auditor", "en").fill("/credentials/db01/retire", "reason", "mine").shows(t, 403, "Clause 3.1")
}

// TestFirstFiveMinutes leads an empty installation to its first handover.
func TestFirstFiveMinutes(t *testing.T) {
	o := emptyOffice(t)
	o.HireAs("admin", "Ada Min", custody.Admin)
	admin := o.as("admin", "en")
	admin.get("/").shows(t, 200, "The first five minutes", "The secret store answers.", "0 now, 0 invited")
	admin.get("/admin/credentials/new").shows(t, 200, "A credential needs two technicians.")

	// The first manager needs nobody's approval, and what comes after them does.
	new := func(username, role string) answer {
		t.Helper()
		return admin.post("/admin/people/new", "key", admin.get("/admin/people/new").key(t), "username", username, "name", "Anna A", "roles", role,
			"reason", "founding", "totp", o.Code("admin"))
	}
	admin.done(new("manager", "manager")).shows(t, 200, "Proposed.", "in effect", "manager", "founding")
	new("manager", "manager").shows(t, 409, "exists already")
	admin.post("/admin/people/new", "username", "odd", "name", "Odd", "roles", "technician", "roles", "auditor", "reason", "x", "totp", o.Code("admin")).shows(t, 422, "auditor")
	new("tech-a", "technician").shows(t, 409, "Nobody would be left to approve it")
	o.joinsInTheBrowser(t, "manager", "admin")
	admin.done(new("tech-a", "technician")).shows(t, 200, "waiting for approval", "◔ manager: Anna A")
	mia := o.as("manager", "en")
	home := mia.get("/")
	home.shows(t, 200, "Waits for your approval", "A new person", "The founding is not confirmed")
	home.check(t, "/", "en")
	at := "/proposals/p-2"
	mia.done(mia.post(at+"/approve", "key", mia.get(at).key(t), "digest", o.proposal("p-2").Digest(), "totp", o.Code("manager"))).shows(t, 200, "Approved.", "in effect")
	admin.get("/").shows(t, 200, "0 now, 1 invited")
	o.joinsInTheBrowser(t, "tech-a", "manager")
	o.as("tech-a", "en").get("/").shows(t, 200, "Anna A")
	f := mia.get("/founding")
	f.shows(t, 200, "Anna A", "Key of the ledger")
	f.check(t, "/founding", "en")
	mia.done(mia.post("/founding", "key", f.key(t), "digest", digestOn.FindStringSubmatch(f.body)[1], "totp", o.Code("manager"))).shows(t, 200, "Confirmed.", "✓ manager")

	o.HireAs("tech-b", "Bo B", custody.Technician)
	o.HireAs("tech-c", "Cy C", custody.Technician)
	admin = o.as("admin", "en")
	admin.get("/").shows(t, 200, "3 now, 0 invited", "Add a credential")
	o.HireAs("director", "Dora D", custody.Director)
	asked := admin.fill("/admin/credentials/new", "kind", "ssh", "name", "db01", "address", "db01.example:22", "account", "root",
		"set.host_key", "ssh-ed25519 AAAA\r\n", "primary", "tech-b", "backup", "tech-c", "password", "old", "reason", "first server", "do", "add")
	admin.done(asked).shows(t, 200, "Proposed.", "An account comes into custody", "first server", "Kind of server not set SSH server", "Host and port not set db01.example:22", "Public host key not set ssh-ed25519 AAAA",
		"A password or key comes with it, or is kept from before not set yes", "◔ manager: Anna A", "◔ director: Dora D")
	at = asked.proposal()
	for _, who := range []string{"manager", "director"} {
		b := o.as(who, "en")
		b.get("/").shows(t, 200, "Waits for your approval", "An account comes into custody")
		b.done(b.fill(at+"/approve", "key", b.get(at).key(t), "digest", o.proposal(strings.TrimPrefix(at, "/proposals/")).Digest())).shows(t, 200, "Approved.")
	}
	admin.get("/credentials/db01").shows(t, 200, "The password is being changed")
	if err := o.Desk.Settle(t.Context(), "db01"); err != nil { // as the rotation worker does
		t.Fatal(err)
	}
	o.Rotate("db01")
	admin.get("/").shows(t, 200, "The first five minutes") // nobody has handed anything over yet
	o.Must("tech-b", custody.Offer{All: true, Reason: desk.NewNote("first")})
	if p := admin.get("/"); strings.Contains(p.text(), "The first five minutes") {
		t.Error("the guide does not end")
	}
}

// TestATestOfATargetIsConfirmedEnteredAndBounded: it was a password oracle, thirty log-ins
// at root in a second and no entry.
func TestATestOfATargetIsConfirmedEnteredAndBounded(t *testing.T) {
	var tested []custody.Target
	o := newOffice(t, func(c *setup) {
		c.TestTarget = testTargets(&tested)
	})
	admin := o.as("admin", "en")
	form := []string{"name", "db03", "address", "down.example:22", "account", "root", "kind", "ssh", "set.host_key", "ssh-ed25519 AAAA",
		"set.admin", "ops", "set.sudo", "true", "lease_hours", "2", "admin_key", "KEY-MARKED", "password", "PASS-MARKED", "primary", "tech-a", "backup", "tech-b", "reason", "new server"}
	o.Approvers()
	admin.post("/admin/credentials/new", append(form, "do", "test")...).shows(t, 422, "Code") // confirms nothing without one
	size := o.Size()
	p := admin.fill("/admin/credentials/new", append(form, "do", "test")...)
	p.shows(t, 422, "cannot be reached")
	if strings.Contains(p.body, "MARKED") || !strings.Contains(p.body, "down.example:22") {
		t.Error("the form repeats a secret, or forgot the address")
	}
	if o.Size() != size+1 || len(tested) != 1 {
		t.Errorf("%d entries, %d tests", o.Size()-size, len(tested))
	}
	form[3] = "up.example:22"
	again := append(form, "key", "the-same-form-twice-01234567", "do", "test")
	admin.fill("/admin/credentials/new", again...).shows(t, 200, "takes the log-in")
	admin.post("/admin/credentials/new", append(again, "totp", o.CodeNow("admin"))...).shows(t, 403) // the code is used up, and the form no pass
	if len(tested) != 2 {
		t.Errorf("%d tests", len(tested))
	}
	for range 3 {
		admin.fill("/admin/credentials/new", append(form, "do", "test")...).shows(t, 200, "takes the log-in")
	}
	admin.fill("/admin/credentials/new", append(form, "do", "test")...).shows(t, 409, "5 times within 10 minutes")
	o.as("auditor", "en").get("/ledger?type=target.tested").shows(t, 200, "Target tested", "admin")
	form[3] = "down.example:22"
	o.approved(admin.fill("/admin/credentials/new", append(form, "do", "add")...))
	admin.get("/credentials/db03").shows(t, 200, "The password is being changed")
	c := o.Credential("db03")
	if c.Policy.LeaseSeconds != 7200 || c.Target.Settings["sudo"].String() != "true" || c.Target.Settings["admin"].String() != "ops" {
		t.Errorf("added as %+v", c)
	}
	tested = nil
	o.as("tech-a", "en").fill("/admin/credentials/new", append(form, "do", "test")...).shows(t, 403, "Only an admin")
	if len(tested) > 0 {
		t.Error("who only looks could have the server connect somewhere")
	}
}

// TestALogInIsSetUpAnewByItsPersonAlone: an admin asks, a manager approves, and the
// admin's page has a link where it had a password.
func TestALogInIsSetUpAnewByItsPersonAlone(t *testing.T) {
	o := newOffice(t)
	b, admin := o.as("tech-b", "en"), o.as("admin", "en")
	const at = "/admin/people/tech-b/enrolment"
	admin.done(admin.post(at, "key", admin.get(at).key(t), "reason", "lost phone", "totp", o.Code("admin"))).shows(t, 200, "A log-in set up anew", "lost phone")
	admin.get("/admin/people/tech-b/link").shows(t, 200, "Make a link")
	mia := o.as("manager", "en")
	mia.done(mia.post("/proposals/p-1/approve", "key", mia.get("/proposals/p-1").key(t), "digest", o.proposal("p-1").Digest(), "totp", o.Code("manager"))).shows(t, 200, "in effect")
	if p := b.get("/"); p.status != http.StatusSeeOther {
		t.Errorf("a session outlived the enrolment: %d", p.status)
	}
	admin.get("/people").shows(t, 200, "may set up a log-in", "Link to set up the log-in")
	o.joinsInTheBrowser(t, "tech-b", "manager")
	o.as("tech-b", "en").get("/").shows(t, 200, "Bo B")
	o.as("tech-a", "en").get("/people/tech-b/admission").shows(t, 200, "no code for you to read")
	o.as("auditor", "en").post(at, "reason", "x", "totp", o.Code("auditor")).shows(t, 403, "an auditor")
}

var (
	linkOn    = regexp.MustCompile(`(/activation/[A-Za-z0-9_-]{43})`)
	releaseOn = regexp.MustCompile(`>([0-9]{6})</output>`)
	digestOn  = regexp.MustCompile(`name="digest" value="([0-9a-f]{64})"`)
)

// joinsInTheBrowser has the admin give somebody a link, a reader read them the code, and
// the person set up their log-in with both.
func (o *office) joinsInTheBrowser(t *testing.T, username, reader string) {
	t.Helper()
	admin := o.as("admin", "en")
	at := "/admin/people/" + username + "/link"
	shown := admin.post(at, "key", admin.get(at).key(t), "totp", o.Code("admin"))
	shown.shows(t, 200, "Shown once")
	shown.check(t, at, "en")
	shown.leavesFor(t, at, 5*time.Minute)
	link := linkOn.FindStringSubmatch(shown.body)[1]
	read := o.as(reader, "en").get("/people/" + username + "/admission")
	read.check(t, "/people/"+username+"/admission", "en")
	code := releaseOn.FindStringSubmatch(read.body)[1]

	b := o.browser("en")
	first := b.get(link)
	first.shows(t, 200, "Set up your log-in")
	first.check(t, link, "en")
	const password = desktest.OwnPassword
	p := b.post(link, "release_code", code, "password", password, "password_again", password)
	p.shows(t, 200, "or type this key")
	p.check(t, link, "en")
	if p.header.Get("Cache-Control") != "no-store" || strings.Contains(p.body, password) {
		t.Error("the page may be kept, or repeats the password")
	}
	o.Passwords[username], o.Seeds[username] = custody.SecretString(password), p.seedOn(t)
	p = b.post(link+"/confirm", "totp", o.Code(username))
	if codes := p.codesOn(t); len(codes) != 10 {
		t.Errorf("%d recovery codes: %s", len(codes), p.text())
	}
	b.get(link).shows(t, 200, "Set up your log-in") // which says nothing of whose it was
	b.post(link, "release_code", code, "password", password, "password_again", password).shows(t, 401, "does not count any more")
}

// approved has a manager and a director say yes to what a form has asked for.
func (o *office) approved(asked answer) {
	o.T.Helper()
	path := asked.header.Get("Location")
	if asked.status != http.StatusSeeOther || !strings.HasPrefix(path, "/proposals/") {
		o.T.Fatalf("nothing was proposed: %d to %q: %s", asked.status, path, asked.text())
	}
	id := strings.TrimPrefix(asked.proposal(), "/proposals/")
	o.Approvers()
	for _, who := range []string{"manager", "director"} {
		o.Must(who, custody.Approve{Proposal: id, Digest: o.proposal(id).Digest()})
	}
}

// proposal gives the page to which a form led that asked for something.
func (a answer) proposal() string {
	page, _, _ := strings.Cut(a.header.Get("Location"), "?")
	return page
}

func (o *office) proposal(id string) custody.Proposal {
	o.T.Helper()
	p, err := o.Store.Proposal(o.T.Context(), id)
	if err != nil {
		o.T.Fatal(err)
	}
	return p
}
