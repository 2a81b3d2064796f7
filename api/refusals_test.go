package api_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// commands is a valid body for everything that changes something.
var commands = map[string]string{
	"POST /me/presence":                          `{"state":"away","reason":"out","totp":"2"}`,
	"POST /people":                               `{"username":"tech-c","name":"C","roles":["technician"],"reason":"x","totp":"2"}`,
	"POST /people/tech-b/enrolment":              `{"reason":"x","totp":"2"}`,
	"POST /people/tech-b/roles":                  `{"roles":["manager","technician"],"reason":"x","totp":"2"}`,
	"POST /people/tech-n/activation":             `{"totp":"2"}`,
	"POST /activation/" + theLink:                `{"release_code":"` + theReleaseCode + `","password":"x"}`,
	"POST /activation/" + theLink + "/confirm":   `{"totp":"2"}`,
	"POST /me/authenticator":                     `{"current":"` + thePass + `","totp":"2"}`,
	"POST /me/authenticator/confirm":             `{"totp":"2"}`,
	"POST /me/password":                          `{"current":"` + thePass + `","new":"x","totp":"2"}`,
	"POST /founding/confirm":                     `{"digest":"x","totp":"2"}`,
	"POST /configuration/acknowledge":            `{"digest":"x","totp":"2"}`,
	"POST /credentials":                          `{"reason":"x","totp":"2","name":"db02","target":{"kind":"ssh","address":"db02:22","account":"root"},"primary":"tech-a","backup":"tech-b"}`,
	"POST /credentials/db01/checkout":            `{"purpose":"x","totp":"2"}`,
	"POST /credentials/db01/show":                `{"totp":"2"}`,
	"POST /credentials/db01/checkin":             ``,
	"POST /credentials/db01/rotate":              `{"reason":"x","totp":"2"}`,
	"POST /credentials/rotate":                   `{"reason":"x","totp":"2"}`,
	"POST /credentials/db01/reconcile":           `{"reason":"x","totp":"2"}`,
	"POST /credentials/db01/new-password":        `{"totp":"2"}`,
	"POST /credentials/db01/set":                 `{"totp":"2"}`,
	"POST /credentials/db01/pause":               `{"reason":"x","totp":"2"}`,
	"POST /credentials/db01/resume":              `{"totp":"2"}`,
	"POST /credentials/db01/cancel":              `{"reason":"x","totp":"2"}`,
	"POST /credentials/db01/abandon":             `{"reason":"x","totp":"2"}`,
	"POST /credentials/db01/policy":              `{"policy":{},"totp":"2"}`,
	"POST /credentials/db01/policy/proposal":     `{"policy":{},"reason":"x","totp":"2"}`,
	"POST /credentials/db01/retire":              `{"reason":"x","totp":"2"}`,
	"POST /credentials/db01/custodians":          `{"primary":"tech-b","backup":"tech-a","reason":"x","totp":"2"}`,
	"POST /proposals/p-1/custodians":             `{"primary":"tech-b","backup":"tech-a","reason":"x","totp":"2"}`,
	"POST /people/tech-b/deputy":                 `{"deputy":"tech-b","ends":"2026-06-01T00:00:00Z","reason":"x","totp":"2"}`,
	"POST /people/tech-b/deputy/end":             `{"totp":"2"}`,
	"POST /proposals/p-1/person":                 `{"username":"tech-c","name":"C","roles":["technician"],"reason":"x","totp":"2"}`,
	"POST /proposals/p-1/roles":                  `{"roles":["technician"],"reason":"x","totp":"2"}`,
	"POST /proposals/p-1/deputy":                 `{"deputy":"tech-b","ends":"2026-06-01T00:00:00Z","reason":"x","totp":"2"}`,
	"POST /proposals/p-1/credential":             `{"reason":"x","totp":"2","name":"db02","target":{"kind":"ssh","address":"db02:22","account":"root"},"primary":"tech-a","backup":"tech-b"}`,
	"POST /proposals/p-1/credential_policy":      `{"policy":{},"reason":"x","totp":"2"}`,
	"POST /proposals/p-1/adopt_policy":           `{"values":{"lease_seconds":1,"offer_ttl_seconds":1,"rotation_deadline_seconds":1,"lock_after":1,"lock_base_seconds":1,"lock_max_seconds":1,"totp_skew":1,"session_idle_seconds":60,"approve_within_seconds":60,"silence_after_seconds":60,"use_within_seconds":60,"hold_for_seconds":60,"review_within_seconds":60,"signature_ttl_seconds":2,"absence_wait_seconds":1,"remind_first_seconds":2,"remind_last_seconds":1,"drill_every_seconds":1,"approvals":"two","exclusive":"strict"},"review_by":"2026-06-01T00:00:00Z","reason":"x","totp":"2"}`,
	"POST /proposals/p-1/review_policy":          `{"version":1,"review_by":"2026-06-01T00:00:00Z","reason":"x","totp":"2"}`,
	"POST /proposals/p-1/retarget":               `{"address":"db01.example:2222","reason":"x","totp":"2"}`,
	"POST /proposals/p-1/change_email":           `{"email":"b@example.org","reason":"x","totp":"2"}`,
	"POST /proposals/p-1/plan_departure":         `{"at":"2027-01-01T00:00:00Z","reason":"x","totp":"2"}`,
	"POST /proposals/p-1/refound":                `{"role":"director","reason":"x","totp":"2"}`,
	"POST /policy":                               `{"values":{"lease_seconds":1,"offer_ttl_seconds":1,"rotation_deadline_seconds":1,"lock_after":1,"lock_base_seconds":1,"lock_max_seconds":1,"totp_skew":1,"session_idle_seconds":60,"approve_within_seconds":60,"silence_after_seconds":60,"use_within_seconds":60,"hold_for_seconds":60,"review_within_seconds":60,"signature_ttl_seconds":2,"absence_wait_seconds":1,"remind_first_seconds":2,"remind_last_seconds":1,"drill_every_seconds":1,"approvals":"two","exclusive":"strict"},"review_by":"2026-06-01T00:00:00Z","reason":"x","totp":"2"}`,
	"POST /policy/review":                        `{"version":1,"review_by":"2026-06-01T00:00:00Z","reason":"x","totp":"2"}`,
	"POST /proposals/p-1/approve":                `{"digest":"x","totp":"2"}`,
	"POST /proposals/p-1/reject":                 `{"digest":"x","reason":"x","totp":"2"}`,
	"POST /proposals/p-1/withdraw":               ``,
	"POST /handovers":                            `{"all":true,"reason":"x","totp":"2"}`,
	"POST /handovers/handover-1/accept":          `{"totp":"2"}`,
	"POST /handovers/accept":                     `{"handovers":["handover-1"],"totp":"2"}`,
	"POST /credentials/set":                      `{"credentials":["db01"],"totp":"2"}`,
	"POST /reviews":                              `{"from":0,"to":1,"text":"x","totp":"2"}`,
	"POST /credentials/db01/envelope-opened":     `{"by":["a","b"],"reason":"x","totp":"2"}`,
	"POST /credentials/db01/envelope-drill":      `{"by":["a","b"],"proof":"x","totp":"2"}`,
	"POST /handovers/handover-1/decline":         `{"reason":"x"}`,
	"POST /handovers/handover-1/cancel":          `{"reason":"x"}`,
	"POST /handovers/handover-1/return":          `{"totp":"2"}`,
	"POST /people/tech-b/disable":                `{"reason":"x","totp":"2"}`,
	"POST /people/tech-b/disable/proposal":       `{"reason":"x","totp":"2"}`,
	"POST /people/tech-b/reinstate":              `{"reason":"x","totp":"2"}`,
	"POST /people/tech-b/departure":              `{"at":"2027-01-01T00:00:00Z","reason":"x","totp":"2"}`,
	"POST /people/tech-b/refound":                `{"role":"director","reason":"x","totp":"2"}`,
	"POST /people/tech-b/recovery/stop":          `{"reason":"x","totp":"2"}`,
	"POST /offboardings/tech-b/items/0":          `{"how":"none","totp":"2"}`,
	"POST /credentials/db01/take":                `{"totp":"2"}`,
	"POST /credentials/db01/park":                `{"reason":"x","totp":"2"}`,
	"POST /credentials/db01/target":              `{"address":"db01:2222","reason":"x","totp":"2"}`,
	"POST /credentials/db01/target/confirm":      `{"target":1,"totp":"2"}`,
	"POST /people/tech-b/unlock":                 `{"totp":"2"}`,
	"POST /ledger/entries/OFFER/redact":          `{"reason":"x","totp":"2"}`,
	"POST /people/tech-b/email":                  `{"email":"b@example.org","reason":"x","totp":"2"}`,
	"PATCH /people/tech-b":                       `{"email":"b@example.org","totp":"2"}`,
	"PATCH /me":                                  `{"email":"a@example.org","totp":"2"}`,
	"POST /sessions":                             `{"username":"tech-a","password":"` + thePass + `","totp":"2"}`,
	"POST /sessions/recovery":                    `{"username":"tech-a","password":"` + thePass + `","recovery_code":"` + theRecoveryCode + `"}`,
	"POST /handovers/handover-1/sign":            `{"totp":"2"}`,
	"POST /me/absences":                          `{"from":"2027-03-01","until":"2027-03-02","zone":"UTC","all_day":true,"totp":"2"}`,
	"PATCH /me/absences/absence-1":               `{"from":"2027-03-01","until":"2027-03-02","zone":"UTC","all_day":true,"totp":"2"}`,
	"DELETE /me/absences/absence-1":              `{"totp":"2"}`,
	"POST /me/absences/absence-1/sign":           `{"totp":"2"}`,
	"POST /me/absences/several":                  `{"absences":[{"from":"2027-03-01","until":"2027-03-02","zone":"UTC","all_day":true}],"totp":"2"}`,
	"POST /me/absences/swap":                     `{"absence":"absence-1","person":"tech-b","with":"absence-2","totp":"2"}`,
	"POST /people/tech-b/absences/absence-1/end": `{"reason":"x","totp":"2"}`,
	"POST /me/calendar":                          `{"totp":"2"}`,
	"POST /emergencies":                          `{"credentials":["db01"],"reason":"x","totp":"2"}`,
	"POST /emergencies/emergency-1/approve":      `{"totp":"2"}`,
	"POST /emergencies/emergency-1/reject":       `{"totp":"2"}`,
	"POST /emergencies/emergency-1/veto":         `{"totp":"2"}`,
	"POST /emergencies/emergency-1/withdraw":     ``,
	"POST /emergencies/emergency-1/end":          `{"totp":"2"}`,
	"POST /emergencies/emergency-1/review":       `{"verdict":"justified","text":"x","totp":"2"}`,
	"POST /incidents":                            `{"text":"x","grade":"serious","totp":"2"}`,
	"POST /incidents/incident-1/ack":             `{}`,
	"POST /incidents/incident-1/assess":          `{"grade":"special","text":"x","totp":"2"}`,
	"POST /incidents/incident-1/close":           `{"text":"x","totp":"2"}`,
}

// TestARefusalIsAnsweredAsOne: never as what is there already, and with no
// secret in it, whichever command was refused.
func TestARefusalIsAnsweredAsOne(t *testing.T) {
	s := serve(t, func(c *api.Config) { c.Commands = edge.Limit{Every: time.Microsecond, Burst: 1 << 20} }) // each of them, twice
	s.hire(t, "manager", custody.Manager)
	s.hire(t, "director", custody.Director)
	s.invite(t, "tech-n", custody.Technician)
	s.must(t, "admin", "1000", custody.Propose{Change: custody.Change{Proposable: custody.SetCustodians{Credential: "db01", Primary: "tech-b", Backup: "tech-a"}}, Reason: desk.NewNote("x")})
	s.must(t, "tech-a", "1000", custody.Offer{All: true, Reason: desk.NewNote("holiday")})
	offer := strconv.Itoa(len(s.records) - 1)
	refused := &custody.Refusal{Code: custody.BothAway, Rule: "4.3", Key: "nobody_present", Args: custody.Args{"primary": "tech-a", "backup": "tech-b"}}
	for command, body := range commands {
		method, path, _ := strings.Cut(command, " ")
		for name, trouble := range map[string]error{"refused": refused, "failed": errors.New("MARKED")} {
			asked := false
			s.trouble = func(context.Context) error { asked = true; return trouble }
			answer, p, text := s.ask(t, method, "/api/v1"+strings.Replace(path, "OFFER", offer, 1), body)
			want := http.StatusConflict
			if name == "failed" {
				want = http.StatusInternalServerError
			}
			if !asked || answer.StatusCode != want {
				t.Errorf("%s, %s: asked %v, %d %s", command, name, asked, answer.StatusCode, text)
			}
			if name == "refused" && (p.Code != custody.BothAway || p.Rule != "4.3" || !strings.HasPrefix(p.Detail, "tech-a and tech-b are both away") || p.Next == "") {
				t.Errorf("%s: %s", command, text)
			}
			if strings.Contains(text, "MARKED") || strings.Contains(text, "otpauth:") || strings.Contains(text, "token-of") {
				t.Errorf("%s, %s: %s", command, name, text)
			}
		}
	}
	for _, endpoint := range endpoints { // none is forgotten here
		method, path, _ := strings.Cut(endpoint, "/")
		if method != "POST" && method != "PATCH" {
			continue
		}
		id := "handover-1"
		if strings.HasPrefix(path, "proposals/") {
			id = "p-1"
		}
		if strings.Contains(path, "absences/") {
			id = "absence-1"
		}
		if strings.HasPrefix(path, "emergencies/") {
			id = "emergency-1"
		}
		if strings.HasPrefix(path, "incidents/") {
			id = "incident-1"
		}
		username := "tech-b"
		if path == "people/{username}/activation" {
			username = "tech-n"
		}
		path = strings.NewReplacer("{token}", theLink, "{name}", "db01", "{id}", id, "{username}", username, "{index}", "OFFER", "{n}", "0").Replace(path)
		if _, known := commands[method+" /"+path]; !known {
			t.Errorf("no body for %s", endpoint)
		}
	}
}

// TestWhatCannotBeReadIsNotShownAsEmpty: a query that fails is no empty list.
func TestWhatCannotBeReadIsNotShownAsEmpty(t *testing.T) {
	s := serve(t)
	s.fail = errors.New("MARKED")
	for _, path := range []string{
		"/me", "/people", "/credentials", "/credentials/db01/history", "/credentials/db01/exposure", "/handovers", "/ledger/entries",
	} {
		answer, p, text := s.ask(t, "GET", "/api/v1"+path, "")
		if answer.StatusCode != http.StatusInternalServerError || p.Code != edge.Internal || strings.Contains(text, "MARKED") {
			t.Errorf("%s: %d %s", path, answer.StatusCode, text)
		}
	}
	s.fail = nil
	for _, path := range []string{
		"/credentials/none", "/credentials/none/history", "/credentials/none/exposure", "/handovers/none", "/ledger/entries/999", "/ledger/entries/999/proof",
	} {
		if answer, p, text := s.ask(t, "GET", "/api/v1"+path, ""); answer.StatusCode != http.StatusNotFound || p.Code != custody.NotFound {
			t.Errorf("%s: %d %s", path, answer.StatusCode, text)
		}
	}
}

// TestASpoiltEntryIsNotShownAsAnEntry, neither alone nor in a list.
func TestASpoiltEntryIsNotShownAsAnEntry(t *testing.T) {
	s := serve(t)
	s.records[0] = []byte(`{"v":1`)
	for _, path := range []string{"/ledger/entries/0", "/ledger/entries"} {
		if answer, _, text := s.ask(t, "GET", "/api/v1"+path, ""); answer.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s: %d %s", path, answer.StatusCode, text)
		}
	}
}

// TestOnlyABearerTokenIsOne: not one under another scheme, and none at all is
// told apart from one that has ended.
func TestOnlyABearerTokenIsOne(t *testing.T) {
	s := serve(t)
	for header, want := range map[string]int{
		"Bearer token-of-tech-a": 200, "bearer  token-of-tech-a ": 200,
		"Basic token-of-tech-a": 401, "token-of-tech-a": 401, "Bearer": 401, "": 401, "Bearer none": 401,
	} {
		answer, p, text := s.ask(t, "GET", "/api/v1/me", "", "Authorization", header)
		if answer.StatusCode != want {
			t.Errorf("%q: %d %s", header, answer.StatusCode, text)
		}
		if told := strings.Contains(p.Next, "Authorization: Bearer"); want == 401 && told != (header != "Bearer none") {
			t.Errorf("%q is told %q", header, p.Next)
		}
	}
	answer, _, _ := s.ask(t, "GET", "/api/v1/me", "", "Authorization", "", "Cookie", "__Host-tandem=token-of-tech-a")
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("the pages' cookie opens the API: %d", answer.StatusCode)
	}
}

// TestHealthIsNotKept: a proxy that kept it would say that all is well for ever.
func TestHealthIsNotKept(t *testing.T) {
	s := serve(t)
	for path, want := range map[string]string{"/healthz": `"status":"ok"`, "/readyz": `"status":"ready"`} {
		w := s.ops(t, path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) || w.Header().Get("Cache-Control") != "no-store" ||
			w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
	}
	s.ask(t, "GET", "/api/v1/me", "")
	if text := s.ops(t, "/metrics").Body.String(); strings.Contains(text, `verb=""`) {
		t.Error("reading is counted as a command")
	}
}

// TestAnIdempotencyKeyStandsForOnePlace: the same body sent elsewhere under the
// same key is another request, and so is the same one under another method.
func TestAnIdempotencyKeyStandsForOnePlace(t *testing.T) {
	s := serve(t)
	s.addHeld(t, "db02")
	s.given = nil
	for _, path := range []string{checkIn, "/api/v1/credentials/db02/checkin", checkIn} {
		s.ask(t, "POST", path, "", "Idempotency-Key", "key-1")
	}
	if len(s.given) != 3 || s.given[0].Digest == s.given[1].Digest || s.given[0].Digest != s.given[2].Digest {
		t.Errorf("%d intents, their digests do not tell the places apart", len(s.given))
	}
}

func TestAnIdempotencyKeyIsPrintable(t *testing.T) {
	s := serve(t)
	s.given = nil
	for _, key := range []string{"a\tb", "a\u00e9", strings.Repeat("x", 256)} {
		if answer, _, text := s.ask(t, "POST", checkIn, "", "Idempotency-Key", key); answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%.10q: %d %s", key, answer.StatusCode, text)
		}
	}
	if len(s.given) != 0 {
		t.Error("a command went through under such a key")
	}
	if answer, _, _ := s.ask(t, "POST", checkIn, "", "Idempotency-Key", strings.Repeat("x", 255)); answer.StatusCode != http.StatusConflict {
		t.Errorf("255 characters: %d", answer.StatusCode)
	}
}

// TestNoAnswerSaysWhereItCameFrom is the rest of TestEveryAnswerIsGuarded.
func TestNoAnswerSaysWhereItCameFrom(t *testing.T) {
	s := serve(t)
	answer, _, _ := s.ask(t, "GET", "/api/v1/me", "")
	if got := answer.Header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy is %q", got)
	}
	if got := answer.Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("over http: Strict-Transport-Security is %q", got)
	}
}

// TestPresentGoesWithoutWhatBelongsToAway, and the other way round: who sends it
// means something else than what would be done.
func TestPresentGoesWithoutWhatBelongsToAway(t *testing.T) {
	s := serve(t)
	s.given = nil
	for _, body := range []string{
		`{"state":"present","until":"2026-02-01T00:00:00Z"}`, `{"state":"present","reason":"out"}`,
		`{"state":"away","take_back":true,"totp":"2"}`, `{"state":"gone"}`, `{}`,
	} {
		if answer, _, text := s.ask(t, "POST", "/api/v1/me/presence", body); answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", body, answer.StatusCode, text)
		}
	}
	if len(s.given) != 0 {
		t.Errorf("something was done: %+v", s.given)
	}
}
