package certificate_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/certificate"
	"github.com/tandem-custody/tandem/custody/desk"
)

type signer struct{ ed25519.PrivateKey }

func (s signer) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return s.Public().(ed25519.PublicKey), nil
}

func (s signer) Sign(_ context.Context, m []byte) ([]byte, error) {
	return ed25519.Sign(s.PrivateKey, m), nil
}

const origin = "certificate.test/ledger"

// when is a summer's day in Shanghai.
var when = time.Date(2026, 7, 1, 0, 30, 0, 0, time.UTC)

func confirmed(person string, fact custody.Fact) custody.Event {
	return custody.Event{Actor: person, Request: "r-" + fact.Type(), Confirm: &custody.Confirmation{Person: person, Step: 7}, Fact: fact}
}

func story() []custody.Event {
	names := []string{"db01", "web01"}
	return []custody.Event{
		{Actor: "admin", Fact: custody.PersonAdded{Username: "tech-a", Name: "张伟 <b>", Roles: []custody.Role{custody.Technician}}},
		{Actor: "admin", Fact: custody.PersonAdded{Username: "tech-b", Name: "李娜", Roles: []custody.Role{custody.Technician}}},
		{Actor: "admin", Fact: custody.CredentialAdded{Credential: "db01", Target: desk.NewTarget(custody.Target{Account: "root", Address: "db01.example:22"})}},
		{Actor: "admin", Fact: custody.CredentialAdded{Credential: "web01", Target: desk.NewTarget(custody.Target{Account: "root", Address: "web01.example:22"})}},
		confirmed("tech-a", custody.HandoverOffered{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names, Reason: desk.NewNote("外出培训三天 training"), ExpectedReturn: when.Add(72 * time.Hour)}),
		confirmed("tech-b", custody.HandoverAccepted{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names}),
		confirmed("tech-b", custody.HandoverReturned{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names}),
		{Actor: custody.System, Fact: custody.HandoverClosed{Handover: "handover-1"}},
	}
}

// prove makes a ledger of events and the bundle of all of them.
func prove(t *testing.T, events []custody.Event) (certificate.Bundle, string) {
	t.Helper()
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			out[i] = hashes[at]
		}
		return out, nil
	})
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	var records [][]byte
	for i, e := range events {
		e.Time = when.Add(time.Duration(i) * time.Minute)
		entry, err := e.Record()
		must(err)
		record, err := entry.Encode()
		must(err)
		more, err := tlog.StoredHashes(int64(i), record, reader)
		must(err)
		hashes, records = append(hashes, more...), append(records, record)
	}
	size := int64(len(records))
	root, err := tlog.TreeHash(size, reader)
	must(err)
	s := signer{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))}
	head, err := audit.SignCheckpoint(t.Context(), origin, size, root, s)
	must(err)
	b := certificate.Bundle{V: 1, Handover: "handover-1", UTCOffset: 8 * 3600}
	for i, record := range records {
		path, err := audit.InclusionProof(size, int64(i), reader)
		must(err)
		proof, err := audit.FormatProof(audit.EntryProof{Index: int64(i), Hashes: path, Checkpoint: head.Text})
		must(err)
		b.Entries = append(b.Entries, certificate.Proved{Record: string(record), Proof: string(proof), Texts: textsIn(events[i])})
	}
	key, err := audit.VerifierKey(origin, s.Public().(ed25519.PublicKey))
	must(err)
	return b, key
}

// textsIn gives the texts of an event, as a server gives them with its entry.
func textsIn(e custody.Event) map[string]custody.Words {
	texts := map[string]custody.Words{}
	for _, n := range e.Notes() {
		if w, known := n.Words(); known {
			texts[n.Commitment()] = w
		}
	}
	return texts
}

// TestAReasonIsTheOneThatWasCommittedTo: another text is refused, and one that was
// taken out is said to be.
func TestAReasonIsTheOneThatWasCommittedTo(t *testing.T) {
	b, key := prove(t, story())
	good, err := b.Check(key)
	if err != nil || good.Reason != "外出培训三天 training" {
		t.Fatalf("%q, %v", good.Reason, err)
	}
	for commitment, w := range b.Entries[4].Texts {
		w.Text = "another reason"
		b.Entries[4].Texts[commitment] = w
	}
	if paper, err := b.Check(key); !errors.Is(err, custody.ErrNote) {
		t.Errorf("another reason was taken: %q, %v", paper.Reason, err)
	}
	b.Entries[4].Texts = nil
	if paper, err := b.Check(key); err != nil || paper.Reason != "［已移除］ [redacted]" {
		t.Errorf("%q, %v", paper.Reason, err)
	}
}

func html(t *testing.T) ([]byte, string) {
	t.Helper()
	b, key := prove(t, story())
	var out bytes.Buffer
	if err := certificate.WriteHTML(&out, b, key); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), key
}

func TestThePageSaysWhatTheLedgerSays(t *testing.T) {
	page, key := html(t)
	for _, want := range []string{
		"交接单", "Handover record", "handover-1", "张伟 &lt;b&gt; (tech-a)", "李娜 (tech-b)", "外出培训三天 training", "db01", "root @ db01.example:22",
		"2026-07-01 08:35:00 &#43;08:00", "tech-a (TOTP 7)", "tech-b (TOTP 7)", "2026-07-04 08:30:00 &#43;08:00", origin, "<svg",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(string(page), "<script") {
		t.Error("there is a script")
	}
	d, err := certificate.CheckFile(page, key)
	if err != nil {
		t.Fatal(err)
	}
	if p := d.Paper; len(p.Steps) != 4 || p.Steps[1].Index != 5 || p.Size != 8 || d.Leaving != nil {
		t.Errorf("%+v", p)
	}
}

func TestOneChangedByteIsFound(t *testing.T) {
	page, key := html(t)
	for i := 0; i < len(page); i += 41 { // a prime: every part of the page is met
		changed := bytes.Clone(page)
		changed[i] ^= 1
		if _, err := certificate.CheckFile(changed, key); err == nil {
			t.Fatalf("byte %d was changed, and it counts: %q", i, page[max(0, i-20):min(len(page), i+20)])
		}
	}
}

// TestAPageAsMailProgramsSaveIt is the same page: nobody sees the difference.
func TestAPageAsMailProgramsSaveIt(t *testing.T) {
	page, key := html(t)
	saved := append([]byte("\ufeff"), bytes.ReplaceAll(page, []byte("\n"), []byte("\r\n"))...)
	if _, err := certificate.CheckFile(saved, key); err != nil {
		t.Error(err)
	}
}

func TestAnotherKeyProvesNothing(t *testing.T) {
	page, _ := html(t)
	other, err := audit.VerifierKey(origin, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := certificate.CheckFile(page, other); err == nil {
		t.Error("it was taken")
	}
}

func TestBothMustHaveConfirmed(t *testing.T) {
	for what, spoil := range map[string]func([]custody.Event){
		"nobody accepted":            func(e []custody.Event) { e[5] = e[7] },
		"no code of the receiver":    func(e []custody.Event) { e[5].Confirm = nil },
		"no code of the giver":       func(e []custody.Event) { e[4].Confirm = nil },
		"the giver accepted":         func(e []custody.Event) { e[5].Actor = "tech-a" },
		"it is about something else": func(e []custody.Event) { e[4] = e[0] },
	} {
		events := story()
		spoil(events)
		b, key := prove(t, events)
		if err := certificate.WriteHTML(&bytes.Buffer{}, b, key); !errors.Is(err, certificate.ErrIncomplete) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// aheadStory is story of a handover that both signed before it was carried out; of web01 the giver
// held nothing any more.
func aheadStory() []custody.Event {
	events := story()[:4]
	names := []string{"db01", "web01"}
	return append(events,
		confirmed("tech-a", custody.HandoverPlanned{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names, Plan: "absence-3", Revision: 1, Begins: when.Add(time.Hour), Until: when.Add(72 * time.Hour), Reason: desk.NewNote("外出培训三天 training")}),
		confirmed("tech-b", custody.HandoverSigned{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names, Plan: "absence-3", Revision: 1}),
		custody.Event{Actor: custody.System, Fact: custody.HandoverCarriedOut{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names[:1], Giver: 4, Receiver: 5}},
	)
}

// TestWhatBothSignedAheadIsCertified: with the entries in which they signed in the place of
// codes, and only what passed on it.
func TestWhatBothSignedAheadIsCertified(t *testing.T) {
	b, key := prove(t, aheadStory())
	paper, err := b.Check(key)
	if err != nil {
		t.Fatal(err)
	}
	if len(paper.Credentials) != 1 || paper.Credentials[0].Name != "db01" || paper.From.Username != "tech-a" || !strings.Contains(paper.Reason, "training") || !paper.Expected.Equal(when.Add(72*time.Hour)) || paper.Steps[len(paper.Steps)-1].Type != "handover.carried_out" {
		t.Errorf("%+v", paper)
	}
	for what, spoil := range map[string]func([]custody.Event){
		"not carried out":         func(e []custody.Event) { e[6] = e[0] },
		"no code of the receiver": func(e []custody.Event) { e[5].Confirm = nil },
		"no code of the giver":    func(e []custody.Event) { e[4].Confirm = nil },
		"carried out on the word of another": func(e []custody.Event) {
			e[6].Fact = custody.HandoverCarriedOut{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: []string{"db01"}, Giver: 3, Receiver: 5}
		},
		"another handover was carried out": func(e []custody.Event) {
			e[6].Fact = custody.HandoverCarriedOut{Handover: "handover-2", From: "tech-a", To: "tech-b", Credentials: []string{"db01"}, Giver: 4, Receiver: 5}
		},
		"the receiver signed another": func(e []custody.Event) {
			e[5] = confirmed("tech-b", custody.HandoverSigned{Handover: "handover-2", From: "tech-a", To: "tech-b"})
		},
	} {
		events := aheadStory()
		spoil(events)
		b, key := prove(t, events)
		if err := certificate.WriteHTML(&bytes.Buffer{}, b, key); !errors.Is(err, certificate.ErrIncomplete) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestEntriesStandInTheirOrder(t *testing.T) {
	b, key := prove(t, story())
	b.Entries[4], b.Entries[5] = b.Entries[5], b.Entries[4]
	if _, err := b.Check(key); !errors.Is(err, certificate.ErrIncomplete) {
		t.Error(err)
	}
	if _, err := certificate.CheckFile([]byte("%PDF-1.4 nothing"), key); !errors.Is(err, certificate.ErrNone) {
		t.Error(err)
	}
}

// TestPDF needs a font with Chinese characters, and poppler to read the text.
func TestPDF(t *testing.T) {
	font, err := certificate.FindFonts()
	if err == nil {
		_, err = exec.LookPath("pdftotext")
	}
	if err != nil {
		if os.Getenv("TANDEM_TEST_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	b, key := prove(t, story())
	var out bytes.Buffer
	if err := certificate.WritePDF(&out, b, key, font...); err != nil {
		t.Fatal(err)
	}
	d, err := certificate.CheckFile(out.Bytes(), key)
	if err != nil || d.Paper.From.Name != "张伟 <b>" {
		t.Fatalf("%+v, %v", d, err)
	}
	p := d.Paper
	path := filepath.Join(t.TempDir(), "record.pdf")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("TANDEM_KEEP_PDF"); keep != "" {
		_ = os.WriteFile(keep, out.Bytes(), 0o600)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"交接单", "Handover record", "张伟", "李娜", "外出培训三天 training", "2026-07-01 08:35:00 +08:00", "tech-b (TOTP 7)", p.Root} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the PDF:\n%s", want, text)
		}
	}
}

func TestPDFWithoutAFont(t *testing.T) {
	b, key := prove(t, story())
	if err := certificate.WritePDF(&bytes.Buffer{}, b, key, "/nowhere.ttf"); !errors.Is(err, certificate.ErrFont) {
		t.Error(err)
	}
}
