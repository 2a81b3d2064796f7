package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// named gives which names a person reads in each section of a page, by the id of its
// heading.
func (a answer) named(t *testing.T, names ...string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, n := range a.nodes(t) {
		id := attr(n, "aria-labelledby")
		if n.Data != "section" || id == "" {
			continue
		}
		var text strings.Builder
		for below := range n.Descendants() {
			if below.Type == html.TextNode {
				text.WriteString(below.Data + " ")
			}
		}
		found[id] = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(strings.Fields(text.String()), name) })
	}
	return found
}

// TestTheHomePageSaysWhatIsWhose, to each of those whom a hand-over and a rotation
// concern, and nothing that is not theirs.
func TestTheHomePageSaysWhatIsWhose(t *testing.T) {
	o := newOffice(t)
	o.Add("web01", "tech-b", "tech-a")
	o.Add("old01", "tech-a", "tech-b")
	o.Must("admin", custody.Retire{Credential: "old01"})
	people := map[string]*browser{}
	for _, who := range []string{"tech-a", "tech-b", "manager"} {
		people[who] = o.as(who, "en")
	}
	says := func(when, who string, want map[string][]string) {
		t.Helper()
		got := people[who].get("/").named(t, "db01", "db02", "web01", "old01", "handover-1")
		delete(got, "h-incidents") // what an overdue change raised, and nobody has closed
		for id, names := range got {
			if !slices.Equal(names, want[id]) {
				t.Errorf("%s, %s reads in %s of %v, want %v", when, who, id, names, want[id])
			}
		}
		for id := range want {
			if _, there := got[id]; !there {
				t.Errorf("%s, %s has no %s", when, who, id)
			}
		}
	}
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("out"), ExpectedReturn: o.Clock.Now().Add(2 * time.Hour)})
	says("offered", "tech-a", map[string][]string{"h-hold": {"db01", "db02"}, "h-given": {"db01", "handover-1"}, "h-else": {"web01"}})
	says("offered", "tech-b", map[string][]string{"h-hold": {"web01"}, "h-wait": {"db01", "handover-1"}, "h-else": {"db01", "db02"}})
	says("offered", "manager", map[string][]string{"h-att": {}})

	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	o.Must("tech-a", custody.RequestRotation{Credential: "db02", Reason: desk.NewNote("worn")})
	says("accepted", "tech-a", map[string][]string{"h-hold": {}, "h-given": {"db01", "handover-1"}, "h-coming": {"db02"}, "h-else": {"db01", "web01"}})
	says("accepted", "tech-b", map[string][]string{"h-hold": {"db01", "web01"}, "h-recv": {"db01", "handover-1"}, "h-else": {"db02"}})
	says("accepted", "manager", map[string][]string{"h-att": {}})

	failed := custody.ReportFailed{Rotation: custody.RotationID{Credential: "db02", Number: o.Credential("db02").Rotation.Number}, Failure: "login_refused", NextTry: o.Clock.Now().Add(time.Minute)}
	o.Must(custody.System, failed)
	says("failing", "manager", map[string][]string{"h-att": {"db02"}})
	o.Rotate("db02")
	says("changed", "manager", map[string][]string{"h-att": {}})

	o.Must("tech-a", custody.RequestRotation{Credential: "db02", Reason: desk.NewNote("worn again")})
	o.Clock.Add(3 * time.Hour)
	o.Must(custody.System, custody.LockSignIn{Person: "tech-a", Failures: 5, Until: o.Clock.Now()}) // time acts
	people["manager"] = o.as("manager", "en")
	says("overdue", "manager", map[string][]string{"h-att": {"db01", "db02", "handover-1"}})
}

// while gives what a secret on a page is held to, "" for nothing.
func (a answer) while(t *testing.T) string {
	t.Helper()
	for _, n := range a.nodes(t) {
		if attr(n, "id") == "secret" {
			return attr(n, "data-while")
		}
	}
	t.Fatalf("%d: no place for a secret: %s", a.status, a.text())
	return ""
}

// leavesFor demands that a browser without scripts leaves a page for another after a
// while.
func (a answer) leavesFor(t *testing.T, path string, after time.Duration) {
	t.Helper()
	if want := fmt.Sprintf(`content="%d;url=%s"`, int(after.Seconds()), path); !strings.Contains(a.body, want) {
		t.Errorf("a browser without scripts stays on a secret: want %s", want)
	}
}

// TestASecretOnAPageIsHeldToWhatItCountsFor: an open page asks the one beside it, which
// has no secret, whether what it shows still counts, and whoever else looks there is
// told nothing.
func TestASecretOnAPageIsHeldToWhatItCountsFor(t *testing.T) {
	o := newOffice(t)
	a, b := o.as("tech-a", "en"), o.as("tech-b", "en")

	const checkout = "/credentials/db01/checkout"
	if while := a.get(checkout).while(t); while != "" {
		t.Errorf("before a check-out: %q", while)
	}
	p := a.fill(checkout, "purpose", "ticket 1")
	p.shows(t, http.StatusOK, thePassword)
	p.leavesFor(t, checkout, 5*time.Minute)
	lease := o.Credential("db01").Lease
	if while := p.while(t); while != lease.ID || a.get(checkout).while(t) != while {
		t.Errorf("shown while %q, beside it %q, the check-out is %q", while, a.get(checkout).while(t), lease.ID)
	}
	if while := b.get(checkout).while(t); while != "" {
		t.Errorf("to somebody else: %q", while)
	}
	a.fill("/credentials/db01/checkin")
	if while := a.get(checkout).while(t); while != "" {
		t.Errorf("after the check-in: %q", while)
	}
	a.fill(checkout, "purpose", "ticket 2")
	o.Clock.Add(o.Credential("db01").Lease.Until.Sub(o.Clock.Now()) - 2*time.Minute - period*time.Second)
	a = o.as("tech-a", "en")
	a.fill("/credentials/db01/show").leavesFor(t, checkout, o.Credential("db01").Lease.Until.Sub(o.Clock.Now()))
	o.Clock.Add(2 * time.Minute)
	if while := a.get(checkout).while(t); while != "" {
		t.Errorf("after its end: %q", while)
	}

	o.addByHand("sw01")
	const set = "/credentials/sw01/new-password"
	b = o.as("tech-b", "en")
	if while := a.get(set).while(t); while != "" {
		t.Errorf("before it is shown: %q", while)
	}
	p = a.fill(set)
	p.shows(t, http.StatusOK, "Staged-MARKED")
	p.leavesFor(t, set, 5*time.Minute)
	shown := p.while(t)
	if shown == "" || a.get(set).while(t) != shown {
		t.Errorf("shown while %q, beside it %q", shown, a.get(set).while(t))
	}
	if while := b.get(set).while(t); while != "" {
		t.Errorf("to somebody else: %q", while)
	}
	a.done(a.fill("/credentials/sw01/set"))
	if while := a.get(set).while(t); while == shown {
		t.Errorf("after it was set: %q", while)
	}
	id := custody.RotationID{Credential: "sw01", Number: 1}
	o.Must(custody.System, custody.ReportVerified{Rotation: id, Attested: true})
	o.Must(custody.System, custody.ReportPromoted{Rotation: id, Version: 2})
	if while := a.get(set).while(t); while != "" {
		t.Errorf("when it is in force: %q", while)
	}
}

// TestAPolicyOfNonsenseIsRefused, whichever of its numbers it is, and "0" and nothing
// are no limit.
func TestAPolicyOfNonsenseIsRefused(t *testing.T) {
	o := newOffice(t)
	admin := o.as("admin", "en")
	fields := []string{"max_age_days", "lease_hours", "max_exposed"}
	for _, field := range fields {
		for _, typed := range []string{"-1", "NaN", "Inf", "1e12", "a day"} {
			form := []string{"auto_reconcile", "yes"}
			for _, other := range fields {
				value := "1"
				if other == field {
					value = typed
				}
				form = append(form, other, value)
			}
			size := o.Size()
			if p := admin.fill("/credentials/db01/policy", form...); p.status != http.StatusUnprocessableEntity {
				t.Errorf("%s %q: %d", field, typed, p.status)
			}
			if o.Size() != size {
				t.Errorf("%s %q was entered", field, typed)
			}
		}
	}
	admin.done(admin.fill("/credentials/db01/policy", "max_age_days", "1.5", "lease_hours", "2", "max_exposed", "2"))
	if p := o.Credential("db01").Policy; p.MaxAgeSeconds != 36*60*60 || p.LeaseSeconds != 2*60*60 || p.MaxExposed != 2 {
		t.Errorf("%+v", p)
	}
	o.Approvers()
	o.approved(admin.fill("/credentials/db01/policy", "max_age_days", "", "lease_hours", "0", "max_exposed", "", "reason", "no limits"))
	if p := o.Credential("db01").Policy; p.MaxAgeSeconds != 0 || p.LeaseSeconds != 0 || p.MaxExposed != 0 {
		t.Errorf("%+v", p)
	}
}

// TestAListOfMoreThanAHundredGoesOn on a second page, with what comes next, and all of
// it is on one of the two.
func TestAListOfMoreThanAHundredGoesOn(t *testing.T) {
	o := newOffice(t)
	for i := range 120 {
		if i < 101 {
			name := fmt.Sprintf("web-%03d", i)
			if _, err := o.Desk.AddCredential(t.Context(), desk.By{Actor: custody.System, Request: name}, custody.AddCredential{
				Name: name, Primary: "tech-a", Backup: "tech-b", Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: name + ":22", Account: "root"}),
			}, custody.Secret{}, custody.Secret{}); err != nil {
				t.Fatal(err)
			}
		}
		offer := custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("out")}
		if _, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: fmt.Sprint("offer-", i), Code: o.Code("tech-a")}, offer); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: fmt.Sprint("cancel-", i)}, custody.Cancel{Handover: o.Credential("db01").Handover, Reason: desk.NewNote("no")}); err != nil {
			t.Fatal(err)
		}
	}
	b := o.as("auditor", "en")
	links := func(path, prefix, more string) (names []string, next string) {
		t.Helper()
		p := b.get(path)
		for _, n := range p.nodes(t) {
			to := attr(n, "href")
			if name, is := strings.CutPrefix(to, prefix); is && !strings.ContainsAny(name, "/?") && !slices.Contains(names, name) {
				names = append(names, name)
			}
			if strings.Contains(to, more) {
				next = to
			}
		}
		return names, next
	}
	for _, list := range []struct {
		path, prefix, more string
		all                int
	}{{"/credentials", "/credentials/", "after=", 103}, {"/handovers", "/handovers/", "before=", 120}, {"/ledger", "/ledger/", "before=", int(o.Size())}} {
		first, next := links(list.path, list.prefix, list.more)
		if len(first) != 100 || next == "" {
			t.Errorf("%s: %d on the first page, the next is %q", list.path, len(first), next)
			continue
		}
		if strings.HasPrefix(next, "?") {
			next = list.path + next
		}
		second, _ := links(next, list.prefix, list.more)
		if want := min(100, list.all-100); len(second) != want {
			t.Errorf("%s: %d on the second page, want %d", next, len(second), want)
		}
		for _, name := range second {
			if slices.Contains(first, name) {
				t.Errorf("%s: %s is on both pages", list.path, name)
			}
		}
	}
	// A picture has twenty; of db01 there is too much for one.
	first, next := links("/custody", "/credentials/", "after=")
	if strings.HasPrefix(next, "?") {
		next = "/custody" + next
	}
	second, _ := links(next, "/credentials/", "after=")
	if !slices.Equal(first[len(first)-2:], []string{"web-016", "web-017"}) || len(first) > 20 || len(second) != 20 || second[0] != "web-018" {
		t.Errorf("pictures of %q and %q, the second at %q", first, second, next)
	}
}

// TestALanguageIsChosenAndLeadsNowhereElse: the form says where it was, and anybody can
// send a form.
func TestALanguageIsChosenAndLeadsNowhereElse(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	for back, want := range map[string]string{
		"/ledger?type=x": "/ledger?type=x", "": "/", "https://evil.example/": "/", "//evil.example/": "/", "/\\evil.example": "/", "javascript:alert(1)": "/",
	} {
		if p := b.post("/language", "language", "en", "back", back); p.status != http.StatusSeeOther || p.header.Get("Location") != want {
			t.Errorf("back to %q: %d, %q", back, p.status, p.header.Get("Location"))
		}
	}
}

// TestAllPasswordsAreFollowedUntilTheyAreChanged: how many are done, and which do not get
// through; what is changed for another reason is not counted.
func TestAllPasswordsAreFollowedUntilTheyAreChanged(t *testing.T) {
	o := newOffice(t)
	o.addByHand("sw01")
	id := custody.RotationID{Credential: "sw01", Number: 1}
	o.Must(custody.System, custody.ReportFailed{Rotation: id, Failure: "login_refused", NextTry: o.Clock.Now().Add(time.Minute)})
	m := o.as("manager", "en")
	m.get("/rotations").shows(t, http.StatusOK, "2 credentials are held now")
	asked := m.fill("/rotations", "reason", "leak")
	path := asked.header.Get("Location")
	p := m.done(asked)
	p.shows(t, http.StatusOK, "0 of 2")
	if names := p.named(t, "db01", "db02", "sw01")["h-stuck"]; len(names) != 0 {
		t.Errorf("stuck: %v", names)
	}
	o.Must(custody.System, custody.ReportFailed{Rotation: custody.RotationID{Credential: "db01", Number: o.Credential("db01").Rotation.Number}, Failure: "login_refused", NextTry: o.Clock.Now().Add(time.Minute)})
	if names := m.get(path).named(t, "db01", "db02", "sw01")["h-stuck"]; !slices.Equal(names, []string{"db01"}) {
		t.Errorf("stuck: %v", names)
	}
	o.Rotate("db02")
	m.get(path).shows(t, http.StatusOK, "1 of 2")
	o.Rotate("db01")
	p = m.get(path)
	p.shows(t, http.StatusOK, "2 of 2")
	if names := p.named(t, "db01", "db02", "sw01"); names["h-stuck"] != nil {
		t.Errorf("stuck: %v", names)
	}
	for _, query := range []string{"?at=yesterday&of=2", "?at=2026-03-02T08:00:00Z&of=0", "?at=2026-03-02T08:00:00Z", "?at=9999-12-31T23:59:59-12:00&of=1"} {
		if p := m.get("/rotations" + query); p.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", query, p.status)
		}
	}
}

// TestAnEntryIsReadAsWords: its fields without the quotes that they have in the ledger,
// and the reason of a rotation as a word of the language.
func TestAnEntryIsReadAsWords(t *testing.T) {
	o := newOffice(t)
	index := o.Size()
	o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("worn")})
	b := o.as("auditor", "zh")
	var text string
	for i, kind := range o.Types(index) {
		if kind == (custody.RotationStarted{}).Type() {
			text = b.get(fmt.Sprintf("/ledger/%d", index+int64(i))).text()
		}
	}
	if !strings.Contains(text, "requested") || strings.Contains(text, `"requested"`) && !strings.Contains(text, " requested ") {
		t.Errorf("the entry reads %s", text)
	}
	list := b.get("/ledger?type=rotation.started&credential=db01").text()
	if strings.Contains(list, "requested") {
		t.Errorf("an English word in a Chinese list: %s", list)
	}
}
