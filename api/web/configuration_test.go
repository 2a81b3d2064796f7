package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAManagerLooksAtAChangedConfiguration: everybody is told that there is one; who sees
// where things are looks at what is in force beside what runs, and a manager puts it in
// force with a code.
func TestAManagerLooksAtAChangedConfiguration(t *testing.T) {
	o := newOffice(t)
	o.HireAs("director", "Dora D", custody.Director)
	page := o.as("manager", "en").get("/configuration")
	page.shows(t, 200, "No server with a configuration on record has run yet.")
	page.check(t, "/configuration", "en")
	f, err := o.Desk.Founding(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"manager", "director"} {
		o.Must(who, custody.ConfirmFounding{Digest: f.Digest})
	}
	runs := func(hook, digit string) {
		t.Helper()
		o.Must(custody.System, custody.ReportConfiguration{Settings: []custody.Setting{
			{Key: "dependents.app", Digest: strings.Repeat(digit, 64), Said: desk.NewNote(hook)},
			{Key: "notify", Digest: strings.Repeat("0", 64), Said: desk.NewNote("mails by mail.example")},
		}})
	}
	const was, is = "/opt/<good>.sh", "/opt/<other>.sh"
	runs(was, "1")
	if text := o.as("manager", "en").get("/configuration").text(); !strings.Contains(text, "What runs is what is in force.") || strings.Contains(text, "put it in force") {
		t.Errorf("in force: %s", text)
	}
	runs(is, "2")
	for lang, want := range map[string][2]string{
		"en": {"The configuration of the server was changed", "It can be acknowledged by: manager"}, "zh": {"服务器的配置已更改", "可确认人员： manager"},
	} {
		o.as("tech-a", lang).get("/").shows(t, 200, want[0])
		auditor := o.as("auditor", lang)
		p := auditor.get("/configuration")
		p.shows(t, 200, "dependents.app", was, is, want[1], strings.Repeat("1", 12), strings.Repeat("2", 12))
		p.check(t, "/configuration", lang)
		if strings.Contains(p.body, `action="/configuration"`) {
			t.Error("an auditor is asked to acknowledge it")
		}
	}
	if p := o.as("tech-a", "en").get("/configuration"); p.status != http.StatusOK || strings.Contains(p.text(), is) || !strings.Contains(p.text(), "dependents.app") {
		t.Errorf("a technician sees where things are: %s", p.text())
	}
	mia := o.as("manager", "en")
	p := mia.get("/configuration")
	digest := digestOn.FindStringSubmatch(p.body)[1]
	runs("/opt/third.sh", "3")
	mia.post("/configuration", "key", p.key(t), "digest", digest, "totp", o.Code("manager")).shows(t, 409, "than you looked at")
	p = mia.get("/configuration")
	mia.done(mia.post("/configuration", "key", p.key(t), "digest", digestOn.FindStringSubmatch(p.body)[1], "totp", o.Code("manager"))).shows(t, 200, "In force.", "What runs is what is in force.")
}
