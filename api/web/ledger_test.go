package web_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// testTargets answers for targets: only "up" is up.
func testTargets(tested *[]custody.Target) func(context.Context, custody.Target, custody.Secret, custody.Secret) error {
	return func(_ context.Context, t custody.Target, _, _ custody.Secret) error {
		*tested = append(*tested, t)
		if strings.HasPrefix(t.Address, "up.") {
			return nil
		}
		return custody.Invalid("address", "unreachable")
	}
}

func TestLedgerIsPagedByIndex(t *testing.T) { desktest.OnBoth(t, ledgerIsPagedByIndex) }

func ledgerIsPagedByIndex(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	for range 70 {
		o.Must(custody.System, custody.LockSignIn{Person: "tech-b", Failures: 5, Until: o.Clock.Now().Add(time.Minute)})
		o.Must(custody.System, custody.LockSignIn{Person: "tech-a", Failures: 5, Until: o.Clock.Now().Add(time.Minute)})
	}
	b := o.as("auditor", "en")
	last := o.Size() - 1
	p := b.get("/ledger")
	rows := indexes(p, t)
	if len(rows) != 100 || rows[0] != last || rows[99] != last-99 {
		t.Fatalf("the first page has %d entries, from %d to %d of %d", len(rows), rows[0], rows[len(rows)-1], last)
	}
	p = b.get(fmt.Sprintf("/ledger?before=%d", rows[99]))
	if rows := indexes(p, t); rows[0] != last-100 || rows[len(rows)-1] != 0 && len(rows) != 100 {
		t.Errorf("the second page begins at %d", rows[0])
	}
	p.shows(t, 200, "Newest")
	if rows := indexes(b.get("/ledger?type=credential.added"), t); len(rows) != 2 {
		t.Errorf("%d credentials were added", len(rows))
	}
	if rows := indexes(b.get(fmt.Sprintf("/ledger?from=%d", last)), t); len(rows) != 1 || rows[0] != last {
		t.Errorf("from the last on: %v", rows)
	}
	if rows := indexes(b.get("/ledger?actor=system&credential=db01&type=rotation.promoted"), t); len(rows) != 1 {
		t.Errorf("rotations of db01: %v", rows)
	}
	b.get("/ledger?from=x").shows(t, 422, "must be a number")
	b.get("/ledger/999999").shows(t, 404)
	b.get("/ledger/x").shows(t, 422)
}

// indexes gives the entries that a page lists.
func indexes(p answer, t *testing.T) (rows []int64) {
	t.Helper()
	for _, n := range p.nodes(t) {
		var index int64
		if _, err := fmt.Sscanf(attr(n, "href"), "/ledger/%d", &index); err == nil {
			rows = append(rows, index)
		}
	}
	return rows
}

// TestProofIsReal: what is downloaded proves the entry, without the pages.
func TestProofIsReal(t *testing.T) {
	o := newOffice(t)
	b := o.as("auditor", "en")
	b.get("/ledger/3").shows(t, 200, "Proved now")
	p := b.get("/ledger/3/proof")
	proof, err := audit.ParseProof([]byte(p.body))
	if err != nil {
		t.Fatal(err)
	}
	key, err := o.Desk.LedgerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entry, err := o.Store.Entry(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proof.Check(entry.Record, key); err != nil {
		t.Error(err)
	}
}

func TestExports(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote(`=HYPERLINK("x"), 出差`)})
	b := o.as("auditor", "en")

	p := b.get("/ledger.csv")
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.body, "\ufeff"))).ReadAll()
	if err != nil || !strings.HasPrefix(p.body, "\ufeff") {
		t.Fatalf("no CSV with a byte order mark: %v", err)
	}
	if int64(len(lines)) != o.Size()+1 || !strings.Contains(p.header.Get("Content-Disposition"), fmt.Sprintf("tandem-ledger-0-%d.csv", o.Size()-1)) {
		t.Errorf("%d lines for %d entries, %v", len(lines), o.Size(), p.header)
	}
	for _, line := range lines {
		for _, cell := range line {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a spreadsheet computes %q", cell)
			}
		}
	}
	if !strings.Contains(p.body, "出差") {
		t.Error("the reason is missing")
	}

	p = b.get("/ledger.jsonl?credential=db01&type=handover.offered")
	offered, err := o.Store.Entries(t.Context(), desk.EntryQuery{Type: "handover.offered", Limit: 1})
	if err != nil || len(offered) != 1 {
		t.Fatalf("%d offers: %v", len(offered), err)
	}
	if begins := `{"entry":` + string(offered[0].Record) + `,"texts":{`; !strings.HasPrefix(p.body, begins) || !strings.HasSuffix(p.body, "}}}\n") {
		t.Errorf("a line is not the record, byte for byte, with its text beside it: %s", p.body)
	}
}

// TestHandoverRecord: what is printed names both confirmations and carries a
// proof that was checked.
func TestHandoverRecord(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("holiday")})
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	p := o.as("auditor", "en").get("/handovers/handover-1/record")
	p.check(t, "record", "en")
	p.shows(t, 200, "交接单 Handover record", "移交人 From", "✓ tech-a", "✓ tech-b", "root", "db01.example:22", "已接受 accepted", "根哈希 Root")
	if !strings.Contains(p.body, `<svg class="qr"`) || strings.Contains(p.body, "MARKED") {
		t.Error("no proof, or a password, is on the record")
	}
}

// run starts the verification and waits until it says something.
func (o *office) run(t *testing.T, b *browser, want string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = o.pages.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	o.wait(t, b, want)
}

func (o *office) wait(t *testing.T, b *browser, want string) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		says := b.get("/ledger").text()
		if strings.Contains(says, want) {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("the ledger's page never says %q: %s", want, says)
		}
	}
}

func TestVerifiedMark(t *testing.T) {
	o := newOffice(t)
	b := o.as("auditor", "en")
	b.get("/ledger").shows(t, 200, "The ledger is being verified")
	o.run(t, b, fmt.Sprintf("Verified to entry %d,", o.Size()-1))
	o.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("more")})
	o.wait(t, b, fmt.Sprintf("Verified to entry %d,", o.Size()-1))
}

// tampered is a ledger in which one byte of an entry is another.
type tampered struct {
	audit.Source
	index int64
}

func (l tampered) Records(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
	return l.Source.Records(ctx, from, to, func(index int64, record []byte) error {
		if index == l.index {
			record = bytes.Replace(record, []byte("tech-b"), []byte("tech-c"), 1)
		}
		return yield(index, record)
	})
}

func TestTamperingIsShown(t *testing.T) {
	o := newOffice(t, func(c *setup) { c.Ledger = tampered{c.Ledger, 8} })
	o.run(t, o.as("auditor", "en"), "THE LEDGER DOES NOT VERIFY")
}

// TestEvents: a stream says how long the ledger is, at once and when it grows,
// and ends with the pages.
func TestEvents(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = o.pages.Run(ctx) }()

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: session, Value: b.cookies[session]})
	response, err := o.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("Content-Type") != "text/event-stream" || response.Header.Get("Set-Cookie") != "" {
		t.Fatalf("%v", response.Header)
	}
	lines := bufio.NewScanner(response.Body)
	told := ""
	next := func() string { // which is not what was told before
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is && data != told {
				told = data
				return data
			}
		}
		return "end"
	}
	if got, want := next(), fmt.Sprint(o.Size()); got != want {
		t.Fatalf("first %s, want %s", got, want)
	}
	o.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("more")})
	if got, want := next(), fmt.Sprint(o.Size()); got != want {
		t.Fatalf("then %s, want %s", got, want)
	}
	stop()
	<-ended
	if got := next(); got != "end" {
		t.Errorf("after the end: %s", got)
	}
}
