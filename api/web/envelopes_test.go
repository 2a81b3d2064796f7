package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// haveKeys has a policy adopted in which tech-b and the director hold keys.
func (o *office) haveKeys() {
	o.T.Helper()
	values := o.Desk.PolicyInForce().Values
	values.Keyholders, _ = custody.KeyholdersOf([]custody.Keyholder{{Person: "director", Recipient: "age1director"}, {Person: "tech-b", Recipient: "age1technicianb"}})
	o.Agreed("admin", custody.AdoptPolicy{Values: values, ReviewBy: o.Clock.Now().AddDate(0, 11, 0)})
}

// seals has an envelope be made, and says whose token is inside.
func (o *office) seals(name, token string) {
	o.T.Helper()
	o.Must(custody.System, custody.IntendEnvelope{Credential: name, Version: o.Credential(name).Version})
	sum := sha256.Sum256([]byte(token))
	digest := hex.EncodeToString(sum[:])
	o.Must(custody.System, custody.SealEnvelope{Credential: name, Envelope: o.Credential(name).Envelope.Number, Digest: digest, Proof: digest})
}

// TestWhoLooksSeesHowEachEnvelopeStands: where there are none, where one is missing, which
// is in force, why none can be made, and whose drill is due.
func TestWhoLooksSeesHowEachEnvelopeStands(t *testing.T) {
	o := newOffice(t)
	manager := o.as("manager", "en")
	manager.get("/envelopes").shows(t, 200, "The policy names no keyholders")
	if p := manager.get("/"); strings.Contains(p.text(), "Passwords that are in no envelope") {
		t.Error("the start page wants envelopes that nobody wants")
	}
	o.haveKeys()
	manager.get("/").shows(t, 200, "Passwords that are in no envelope in force")
	manager.get("/policy").shows(t, 200, "director", "age1director", "Each keyholder opens an envelope in a drill every")
	o.as("auditor", "zh").get("/").shows(t, 200, "不在现行信封中的密码数")
	o.Must(custody.System, custody.FailEnvelope{Why: custody.WhyFolderFull})
	manager.get("/envelopes").shows(t, 200, "No envelope can be made since", "the folder has no room left", "Takes part in a drill by")
	o.as("tech-b", "zh").get("/").shows(t, 200, "文件夹空间已满") // a keyholder
	o.seals("db01", "token")
	p := manager.get("/envelopes")
	p.shows(t, 200, "db01", "in force", "db01.1.envelope", "director, tech-b")
	p.check(t, "/envelopes", "en")
	o.as("auditor", "zh").get("/envelopes").shows(t, 200, "密码信封", "现行")
	manager.get("/credentials/db01").shows(t, 200, "Envelopes", "in force")
	o.Must(custody.System, custody.FailEnvelope{Credential: "db01", Envelope: 1, Why: custody.WhyFileMissing})
	manager.get("/envelopes").shows(t, 200, "lost", "the file is not there any more")

	// Who is neither keyholder nor sees everything sees what they are custodian of.
	p = o.as("tech-a", "en").get("/envelopes")
	p.shows(t, 200, "db01", "lost")
	if strings.Contains(p.text(), "An envelope was opened") {
		t.Error("somebody without a key is asked who opened one")
	}
	o.Clock.Add(366 * 24 * 3600 * 1e9)
	o.Must(custody.System, custody.Tick{})
	o.as("manager", "en").get("/").shows(t, 200, "overdue")
}

func TestAKeyholderSaysOnThePageThatAnEnvelopeWasOpened(t *testing.T) {
	o := newOffice(t)
	o.haveKeys()
	o.seals("db01", "token")
	b := o.as("tech-b", "en")
	p := b.fill("/envelopes", "credential", "db01", "first", "tech-b", "second", "tech-b", "reason", "Tandem was down")
	p.shows(t, 422, "must be two different keyholders")
	if !strings.Contains(p.body, "Tandem was down") {
		t.Errorf("what was written is lost: %s", p.body[strings.Index(p.body, "envelopes/opened"):])
	}
	if p := b.fill("/envelopes", "credential", "db01", "first", "tech-b", "second", "director", "reason", "Tandem was down"); p.status != http.StatusSeeOther {
		t.Fatal(p.text())
	}
	if c := o.Credential("db01"); c.Phase != custody.Rotating || strings.Join(c.Exposure, " ") != "director tech-b" {
		t.Errorf("%s, known to %v", c.Phase, c.Exposure)
	}
	b.get("/envelopes?done=envelope_opened").shows(t, 200, "Entered. The password is being changed.")
}

func TestKeyholdersAreTypedALineEach(t *testing.T) {
	o := newOffice(t)
	o.Approvers()
	admin := o.as("admin", "en")
	policy := func(keyholders string) answer {
		return admin.fill("/policy", policyFields("approvals", "two", "keyholders", keyholders, "review_by", o.Clock.Now().AddDate(0, 11, 0).Format("2006-01-02"), "reason", "keys")...)
	}
	policy("director").shows(t, 422, "must be public keys of age")
	policy("director age1director").shows(t, 422, "one alone could not open an envelope")
	if p := policy("director age1director\r\n\r\n tech-b  age1technicianb\r\n"); p.status != http.StatusSeeOther {
		t.Fatal(p.text())
	}
	o.as("manager", "en").get("/proposals").shows(t, 200, "Policy")
}
