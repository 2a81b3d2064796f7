package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// TestSetByHand leads the successor through it: shown with a code, said with a
// code, then it is theirs. Nobody else is led anywhere.
func TestSetByHand(t *testing.T) {
	o := newOffice(t)
	o.addByHand("sw01")
	a, b, m := o.as("tech-a", "en"), o.as("tech-b", "en"), o.as("manager", "en")
	for _, path := range []string{"/", "/inbox"} {
		a.get(path).shows(t, 200, "A password waits for you to set it by hand", "sw01", "Inbox 1")
		if p := b.get(path); strings.Contains(p.text(), "A password waits") {
			t.Errorf("%s calls the wrong person", path)
		}
	}
	b.get("/credentials/sw01").shows(t, 200, "Waits until tech-a has set the new password by hand.")
	m.get("/credentials/sw01").shows(t, 200, "Waits until tech-a has set the new password by hand.")
	a.get("/credentials/sw01").shows(t, 200, "Set the new password by hand", "Show the new password", "admin @ rack 4, unit 12, sw01")

	b.fill("/credentials/sw01/new-password").shows(t, 409, "being changed")
	m.fill("/credentials/sw01/new-password").shows(t, 403, "custodian")
	a.post("/credentials/sw01/new-password").shows(t, 422, "must be confirmed with a code")
	a.fill("/credentials/sw01/set").shows(t, 409)
	size := o.Size()
	form := []string{"key", a.get("/credentials/sw01").key(t), "totp", o.Code("tech-a")}
	p := a.post("/credentials/sw01/new-password", form...)
	p.shows(t, 200, "Before-MARKED", "Staged-MARKED", "New password", "I have set it")
	p.check(t, "new-password", "en")
	// A reload shows nothing without another code.
	if p := a.post("/credentials/sw01/new-password", form...); strings.Contains(p.body, "MARKED") {
		t.Error("the same form shows the passwords again")
	} else {
		p.shows(t, 403, "can be shown again with the next code")
	}
	if types := o.Types(size); !slices.Equal(types, []string{"rotation.shown", "command.refused"}) {
		t.Errorf("entries %v", types)
	}
	for _, path := range []string{"/credentials/sw01", "/ledger", "/inbox", "/"} {
		if p := a.get(path); strings.Contains(p.body, "MARKED") {
			t.Errorf("%s has the password", path)
		}
	}
	a.get("/credentials/sw01").shows(t, 200, "Show it again", "I have set it")
	a.post("/credentials/sw01/set", "totp", "000000").shows(t, 403, "The code is not right.")
	a.done(a.fill("/credentials/sw01/set")).shows(t, 200, "Noted", "Set by hand", "Show it again")
	a.get("/inbox").shows(t, 200, "Nothing waits for you.")
	a.fill("/credentials/sw01/set").shows(t, 409)

	id := custody.RotationID{Credential: "sw01", Number: 1}
	o.Must(custody.System, custody.ReportFailed{Rotation: id, Failure: string(custody.NewRefused), NextTry: o.Clock.Now()})
	p = a.get("/credentials/sw01")
	p.shows(t, 200, "The server does not take the new password", "Show the new password again, and set exactly that one.", "I have set it")
	if strings.Contains(p.text(), "Next attempt") {
		t.Error("it is said when a device is probed next that waits for its person")
	}
	a.done(a.fill("/credentials/sw01/set")).shows(t, 200, "Noted")
	version, err := o.Secrets.Write(t.Context(), desk.CredentialPath("sw01"), custody.SecretString("Staged-MARKED"), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Must(custody.System, custody.ReportVerified{Rotation: id, Attested: true})
	o.Must(custody.System, custody.ReportPromoted{Rotation: id, Version: version})
	a.get("/credentials/sw01").shows(t, 200, "Attested: the word of who set it.", "Check the password out", "Who knows this password tech-a")
	o.as("auditor", "zh").get("/ledger?credential=sw01").shows(t, 200, "凭设置人确认", "已显示新密码")
	a.post("/credentials/sw01/new-password", form...).shows(t, 409, "This rotation is over.")
}

func TestDriftAndWhatToDo(t *testing.T) {
	o := newOffice(t)
	a, b, m := o.as("tech-a", "en"), o.as("tech-b", "en"), o.as("manager", "en")
	repair := func(p answer) bool { return strings.Contains(p.body, `action="/credentials/db01/reconcile"`) }
	if p := a.get("/credentials/db01"); strings.Contains(p.text(), "refuses this password") || !repair(p) {
		t.Error("the holder cannot have a lost password set")
	}
	o.drifts("db01")
	a.get("/credentials/db01").shows(t, 200, "The server refuses this password", "Since 2026-03-02", "Set a new one through the second account, below.", "The server refuses the password: it drifted.")
	if !repair(m.get("/credentials/db01")) || repair(b.get("/credentials/db01")) {
		t.Error("the repair is offered to the wrong people")
	}
	b.get("/credentials/db01").shows(t, 200, "Ask the holder or a manager")
	a.get("/").shows(t, 200, "drifted")
	b.get("/credentials").shows(t, 200, "drifted")

	b.fill("/credentials/db01/reconcile", "reason", "mine").shows(t, 403, "tech-a holds db01")
	a.post("/credentials/db01/reconcile", "reason", "changed there").shows(t, 422, "must be confirmed with a code")
	a.fill("/credentials/db01/reconcile", "reason", "").shows(t, 422, "must not be empty")
	a.done(a.fill("/credentials/db01/reconcile", "reason", "changed there")).shows(t, 200, "A new password was asked for", "The password is being changed", "Reason: drift")
	o.Rotate("db01")
	if p := a.get("/credentials/db01"); strings.Contains(p.text(), "refuses this password") {
		t.Error("what was repaired is shown as drifted")
	}

	o.addByHand("sw01")
	a.fill("/credentials/sw01/new-password")
	a.fill("/credentials/sw01/set")
	id := custody.RotationID{Credential: "sw01", Number: 1}
	o.Must(custody.System, custody.ReportVerified{Rotation: id, Attested: true})
	o.Must(custody.System, custody.ReportPromoted{Rotation: id, Version: 2})
	o.drifts("sw01")
	p := a.get("/credentials/sw01")
	p.shows(t, 200, "There is no second account")
	if strings.Contains(p.body, "/credentials/sw01/reconcile") {
		t.Error("it is offered to reconcile what cannot be")
	}
	a.fill("/credentials/sw01/reconcile", "reason", "try").shows(t, 409)
}

// TestWhyARotationFails, in words that say what to do.
func TestWhyARotationFails(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("old")})
	id := custody.RotationID{Credential: "db01", Number: o.Credential("db01").Rotation.Number}
	for _, kind := range rotation.Failures {
		failure := string(kind)
		o.Must(custody.System, custody.ReportFailed{Rotation: id, Failure: failure, NextTry: o.Clock.Now().Add(time.Minute)})
		for _, lang := range languages {
			p := o.as("tech-a", lang).get("/credentials/db01")
			p.shows(t, 200, catalogue(t, lang)["failure."+failure], catalogue(t, lang)["remedy."+failure])
			if stopped := kind == rotation.AdminRefused || kind == rotation.CurrentRefused; stopped != strings.Contains(p.text(), catalogue(t, lang)["rotation.stopped"]) {
				t.Errorf("%s: said to have stopped: %v", failure, !stopped)
			}
		}
		if o.Credential("db01").Rotation.Stopped() {
			o.Must("tech-a", custody.ResumeRotation{Credential: "db01"})
		}
	}
}

func TestDependentsThatWait(t *testing.T) {
	o := newOffice(t)
	o.Must("admin", custody.ChangePolicy{Credential: "db01", Policy: custody.CredentialPolicy{Dependents: []string{"app", "web"}}})
	o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("old")})
	o.Rotate("db01")
	version := o.Credential("db01").Version
	o.Must(custody.System, custody.ReportNotUpdated{Credential: "db01", Dependent: "web", Version: version, Failure: "unreachable", NextTry: o.Clock.Now().Add(time.Minute)})
	a := o.as("tech-a", "en")
	a.get("/credentials/db01").shows(t, 200, "2 dependents do not have this password yet", "app · being told now", "1 attempt failed. Last: No answer, or not in time. Next attempt: 2026-03-02",
		"Custody does not wait for them", "Check the password out")
	o.as("auditor", "zh").get("/ledger?type=dependent.failed").shows(t, 200, "web", "无响应或响应超时。")
	for _, name := range []string{"app", "web"} {
		o.Must(custody.System, custody.ReportUpdated{Credential: "db01", Dependent: name, Version: version})
	}
	if p := a.get("/credentials/db01"); strings.Contains(p.text(), "do not have this password") {
		t.Error("who has the password is said not to")
	}
}

// TestChangeAll: one code for everything that somebody may ask it for, and how
// far it has come.
func TestChangeAll(t *testing.T) {
	o := newOffice(t)
	o.addByHand("sw01") // not held: not asked for
	a, b, m := o.as("tech-a", "en"), o.as("tech-b", "en"), o.as("manager", "en")
	a.get("/").shows(t, 200, "Change all passwords")
	a.get("/rotations").shows(t, 200, "You hold 2 credentials that can be changed now.", "Change 2 passwords")
	m.get("/rotations").shows(t, 200, "2 credentials are held now, whoever holds them.")
	b.get("/rotations").shows(t, 200, "Nothing is held that you may have changed now.")
	b.fill("/rotations", "reason", "why not").shows(t, 409)
	m.post("/rotations", "reason", "somebody left").shows(t, 422, "must be confirmed with a code")

	p := m.fill("/rotations", "reason", "somebody left", "key", m.get("/rotations").key(t))
	if p.status != http.StatusSeeOther {
		t.Fatal(p.text())
	}
	at := p.header.Get("Location")
	m.get(at).shows(t, 200, "Asked for, with one code.", "0 of 2 passwords changed and proved", "It goes on by itself")
	o.Clock.Add(time.Minute)
	o.Must(custody.System, custody.ReportFailed{
		Rotation: custody.RotationID{Credential: "db02", Number: o.Credential("db02").Rotation.Number}, Failure: "unreachable", NextTry: o.Clock.Now().Add(time.Minute),
	})
	o.Rotate("db01")
	p = m.get(at)
	p.shows(t, 200, "1 of 2 passwords changed and proved", "db02", "The server did not answer.")
	p.check(t, at, "en")
	if !strings.Contains(p.body, `<progress max="2" value="1"`) {
		t.Error("there is no bar")
	}
	o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("once more")}) // is not the same command
	o.Rotate("db02")
	m.get(at).shows(t, 200, "2 of 2 passwords changed and proved")
	m.get("/rotations?at=then").shows(t, 422, "RFC 3339")
	m.get("/rotations?at=2026-03-02T08:00:00Z&of=-1").shows(t, 422, "Of how many")
}

// TestARotationThatDoesNotGetThroughIsLeft: it is paused, both passwords are shown to
// who will hold it, it goes on; and where the server surely knows nothing of it, it
// is called off.
func TestARotationThatDoesNotGetThroughIsLeft(t *testing.T) {
	o := newOffice(t)
	a := o.as("tech-a", "en")
	o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("old")})
	id := custody.RotationID{Credential: "db01", Number: o.Credential("db01").Rotation.Number}
	if _, err := o.Secrets.Write(t.Context(), desk.StagedPath("db01", id.Number), custody.SecretString("Next-Password-1"), 0, nil); err != nil {
		t.Fatal(err)
	}
	o.Must(custody.System, custody.ReportStaged{Rotation: id, Sending: true})
	o.Must(custody.System, custody.ReportFailed{Rotation: id, Failure: "unreachable", NextTry: o.Clock.Now().Add(time.Minute), Unsent: true})
	a.get("/credentials/db01").shows(t, 200, "Pause the change of the password", "Call off the change of the password", "surely not reached")
	if p := o.as("tech-b", "en").get("/credentials/db01"); strings.Contains(p.body, "/credentials/db01/pause") {
		t.Error("it is offered to who does not wait for it")
	}

	a.done(a.fill("/credentials/db01/pause", "reason", "host gone")).shows(t, 200, "It is paused", "Show both passwords", "Let it go on")
	a.fill("/credentials/db01/new-password").shows(t, 200, "Next-Password-1")
	if p := a.get("/credentials/db01"); strings.Contains(p.body, "/credentials/db01/cancel") {
		t.Error("what somebody was shown may be set on the server, and it is offered to call it off")
	}
	a.done(a.fill("/credentials/db01/resume")).shows(t, 200, "Pause the change of the password")
	o.Must(custody.System, custody.ReportApplied{Rotation: id})
	o.Must(custody.System, custody.ReportVerified{Rotation: id, OldRefused: true})
	o.Must(custody.System, custody.ReportPromoted{Rotation: id, Version: o.Credential("db01").Version + 1})

	o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("old")})
	a.done(a.fill("/credentials/db01/cancel", "reason", "not now")).shows(t, 200, "Check the password out")
	o.as("tech-b", "zh").fill("/credentials/db01/pause", "reason", "试试").shows(t, 409, "没有在改密")
}
