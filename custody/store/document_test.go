package store

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestADocumentStaysAsItIsWritten: a database that another revision wrote has these
// very bytes. Where this has to change, a migration must empty the index, so that
// what follows from the ledger is folded anew.
func TestADocumentStaysAsItIsWritten(t *testing.T) {
	at := epoch.Add(1500 * time.Millisecond)
	note := custody.NoteOf(custody.Salt{1}, "ticket 4711")
	address, account := custody.NoteOf(custody.Salt{2}, "db01.example:22"), custody.NoteOf(custody.Salt{3}, "root")
	person := custody.Person{
		Username: "tech-a", Name: "李雷", Email: note, Roles: []custody.Role{custody.Technician},
		Enrolment: custody.Enrolment{Number: 1, Enrolled: true, TOTPPeriod: 30, LastStep: 58910000, LockedUntil: at},
		Presence:  custody.Presence{Away: true, AwaySince: at},
	}
	credential := custody.Credential{
		Name: "db01", Target: custody.TargetNotes{Kind: "ssh", Address: address, Account: account, Settings: map[string]custody.Note{"f": note, "e": note, "d": note, "c": note, "b": note, "a": account}, Identities: []string{address.Commitment()}},
		Policy: custody.CredentialPolicy{RotateOnCheckin: true}, Primary: "tech-a", Backup: "tech-b", Phase: custody.Held, Holder: "tech-a",
		Rotation: custody.Rotation{Number: 7}, Version: 3, RotatedAt: at, Exposure: []string{"tech-a"},
		Lease: custody.Lease{ID: "lease-1", Person: "tech-a", Purpose: note, Start: at, Until: at.Add(time.Hour)},
	}
	handover := custody.Handover{
		ID: "handover-1", From: "tech-a", To: "tech-b", Credentials: []string{"db01"}, Reason: note, Status: custody.Offered, OfferedAt: at, Expires: at.Add(time.Hour),
	}
	same(t, people, person, `{"username":"tech-a","name":"李雷","email":"`+note.Commitment()+`","roles":["technician"],"enrolment":1,"enrolled":true,"totp_period":30,"last_step":58910000,"locked_until":"2026-03-02T08:00:01.500000000Z","away":true,"away_since":"2026-03-02T08:00:01.500000000Z"}`)
	same(t, credentials, credential, `{"name":"db01","target":{"kind":"ssh","address":"`+address.Commitment()+`","account":"`+account.Commitment()+`","settings":{"a":"`+account.Commitment()+`","b":"`+note.Commitment()+`","c":"`+note.Commitment()+`","d":"`+note.Commitment()+`","e":"`+note.Commitment()+`","f":"`+note.Commitment()+`"},"identities":["`+address.Commitment()+`"]},"policy":{"rotate_on_checkin":true},"primary":"tech-a","backup":"tech-b","phase":"held","holder":"tech-a","rotation":{"number":7},"version":3,"rotated_at":"2026-03-02T08:00:01.500000000Z","exposure":["tech-a"],"lease":{"id":"lease-1","person":"tech-a","purpose":"`+note.Commitment()+`","start":"2026-03-02T08:00:01.500000000Z","until":"2026-03-02T09:00:01.500000000Z"}}`)
	same(t, handovers, handover, `{"id":"handover-1","from":"tech-a","to":"tech-b","credentials":["db01"],"reason":"`+note.Commitment()+`","status":"offered","offered_at":"2026-03-02T08:00:01.500000000Z","expires":"2026-03-02T09:00:01.500000000Z"}`)
	same(t, sessions, signedIn{"tech-a", []custody.Session{{Token: "00", Opened: at, Until: at}}}, `{"person":"tech-a","open":[{"token":"00","opened":"2026-03-02T08:00:01.500000000Z","until":"2026-03-02T08:00:01.500000000Z"}]}`)
	same(t, policies, custody.PolicyInForce{Version: 1, Rules: 1, Values: custody.DefaultPolicy(), Since: at}, `{"version":1,"rules":1,"values":{"lease_ms":28800000,"offer_ttl_ms":86400000,"rotation_deadline_ms":3600000,"lock_after":5,"lock_base_ms":30000,"lock_max_ms":3600000,"totp_skew":1,"session_idle_ms":900000,"approve_within_ms":1800000,"silence_after_ms":900000,"use_within_ms":3600000,"hold_for_ms":14400000,"review_within_ms":259200000,"signature_ttl_ms":2592000000,"absence_wait_ms":1800000,"remind_first_ms":86400000,"remind_last_ms":7200000,"drill_every_ms":31536000000,"approvals":"two","exclusive":"strict"},"since":"2026-03-02T08:00:01.500000000Z"}`)

	incident := custody.Incident{
		ID: "incident-1", Status: custody.IncidentRated, Type: "person.locked", Subject: "tech-a", Grade: custody.Serious, People: []string{"tech-a"}, Count: 2, First: 4, Last: 7, OpenedAt: at, LastAt: at,
		Assessed: custody.Ordinary, AssessedBy: "manager", AssessedAt: at, Assessment: note,
	}
	same(t, incidents, incident, `{"id":"incident-1","status":"assessed","type":"person.locked","subject":"tech-a","grade":"serious","people":["tech-a"],"count":2,"first":4,"last":7,"opened_at":"2026-03-02T08:00:01.500000000Z","last_at":"2026-03-02T08:00:01.500000000Z","assessed":"ordinary","assessed_by":"manager","assessed_at":"2026-03-02T08:00:01.500000000Z","assessment":"`+note.Commitment()+`"}`)

	// In another zone, and with an empty list in the place of none.
	credential.RotatedAt, credential.Updates = at.In(time.FixedZone("east", 8*3600)), []custody.Update{}
	rows, err := credentials.documents([]custody.Credential{credential})
	if err != nil {
		t.Fatal(err)
	}
	credential.RotatedAt, credential.Updates = at, nil
	same(t, credentials, credential, rows[0].Doc)
}

// same checks that a value has this document, and the document this value.
func same[V any](t *testing.T, table table[V], v V, want string) {
	t.Helper()
	rows, err := table.documents([]V{v})
	if err != nil || len(rows) != 1 || rows[0].Doc != want || rows[0].Key != table.key(v) {
		t.Fatalf("%s: %v, %v\nwant %s", table.name, rows, err, want)
	}
	var again V
	if err := json.Unmarshal([]byte(want), &again, read); err != nil {
		t.Fatal(err)
	}
	texts := map[string]custody.Words{}
	for _, n := range custody.NotesOf(v) {
		if w, known := n.Words(); known {
			texts[n.Commitment()] = w
		}
	}
	custody.Fill(&again, texts)
	if !reflect.DeepEqual(again, v) {
		t.Errorf("%s: read again as\n%+v\nof\n%+v", table.name, again, v)
	}
}

// TestWhatCanBeReadIsLoaded beside what cannot: a suspect ledger still knows who
// may read.
func TestWhatCanBeReadIsLoaded(t *testing.T) {
	s := newOffice(t)
	execAll(t, administrator(t, s.path), "UPDATE people SET doc = '{\"name\":\"x\"}' WHERE key = 'tech-a'")
	state, _, err := s.store.Load(t.Context())
	if !errors.Is(err, desk.ErrLedgerSuspect) {
		t.Errorf("loaded: %v", err)
	}
	_, bad := state.Person("tech-a")
	_, good := state.Person("tech-b")
	if c, found := state.Credential("web01"); bad || !good || !found || c.Holder == "" {
		t.Errorf("tech-a %v, tech-b %v, web01 %v", bad, good, found)
	}
}
