package store

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// onDisk says whether a text is anywhere in the files of the database, in pages
// that are not in use and in the write-ahead log too.
func (s *scribe) onDisk(t *testing.T, text string) bool {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(s.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}

// working is an office in which much was written: the pages of the texts were split
// many times. purposes gives what, by index of the entry.
func working(t *testing.T) (s *scribe, purposes map[int64]custody.Note) {
	t.Helper()
	s, purposes = newOffice(t), map[int64]custody.Note{}
	s.hire(t, custody.Manager, "max")
	for n := range 120 {
		purpose := desk.NewNote(fmt.Sprintf("ticket-%03d-%0*d", n, 1+n*37%200, 0))
		purposes[s.frontier.Size()] = purpose
		s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: purpose}})
		s.do(t, step{"tech-a", custody.CheckIn{Credential: "db01"}})
	}
	return s, purposes
}

func (s *scribe) redact(t *testing.T, entry int64, note custody.Note) {
	t.Helper()
	s.do(t, step{"max", custody.RedactText{Entry: entry, Commitments: []string{note.Commitment()}, Reason: desk.NewNote("a password was typed into it")}})
}

// TestWhatIsRedactedIsNotInTheFile: neither its row nor its bytes, at once, while
// other people's texts, and everything that the ledger proves, stay.
func TestWhatIsRedactedIsNotInTheFile(t *testing.T) {
	s, purposes := working(t)
	before, err := s.store.Verify(t.Context(), audit.VerifyOptions{})
	if err != nil || before.Texts.Redacted != 0 || before.Texts.Checked < int64(len(purposes)) {
		t.Fatalf("%+v, %v", before.Texts, err)
	}
	redacted := 0
	for n, index := range slices.Sorted(maps.Keys(purposes)) {
		text := purposes[index].String()[:len("ticket-000-")]
		if !s.onDisk(t, text) {
			t.Fatalf("%s was never in the file: this looks in the wrong place", text)
		}
		if n%7 != 0 {
			continue
		}
		s.redact(t, index, purposes[index])
		redacted++
		if known, err := s.store.Texts(t.Context(), []custody.Note{purposes[index]}); err != nil || len(known) > 0 {
			t.Errorf("%s: %v, %v", text, known, err)
		}
		if s.onDisk(t, text) {
			t.Errorf("%s is still in the file", text)
		}
	}
	after, err := s.store.Verify(t.Context(), audit.VerifyOptions{})
	if err != nil || after.Texts.Redacted != int64(redacted) {
		t.Fatalf("%+v after %d, %v", after.Texts, redacted, err)
	}
	if want := before.Texts.Checked; after.Texts.Checked != want { // each that went has a reason in its place
		t.Errorf("%d texts are checked, of %d", after.Texts.Checked, want)
	}
	if !s.onDisk(t, "ticket-001-") {
		t.Error("another text went too")
	}
}

// TestARedactionUnderAReaderGoesThroughLater: who looks at the database as it was
// keeps the log from being emptied, and nobody waits for them. The next command
// after they are gone does it, also that of a process which was started since.
func TestARedactionUnderAReaderGoesThroughLater(t *testing.T) {
	s, purposes := working(t)
	for n, next := range []*Store{s.store, s.open(t)} {
		index := slices.Sorted(maps.Keys(purposes))[60+n]
		text := purposes[index].String()[:len("ticket-000-")]
		reading, err := begin(t.Context(), s.store.reader.WithContext(t.Context()), oneMoment)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readHead(reading); err != nil { // from here on it sees this moment
			t.Fatal(err)
		}
		s.redact(t, index, purposes[index])
		if texts, err := findTexts(reading, []custody.Note{purposes[index]}); err != nil || len(texts) != 1 {
			t.Fatalf("the reader sees %v, %v", texts, err)
		}
		if !s.onDisk(t, text) {
			t.Fatal("what the reader sees is not in the file")
		}
		reading.Rollback()
		s.store = next
		s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("the next one")}})
		if s.onDisk(t, text) {
			t.Errorf("%d: %s is still in the file", n, text)
		}
	}
}

// TestATextThatSomebodyWroteIsNotShown: only what the ledger commits to is a text;
// and one that no entry can commit to is found.
func TestATextThatSomebodyWroteIsNotShown(t *testing.T) {
	onBoth(t, aTextThatSomebodyWroteIsNotShownOnBoth)
}

func aTextThatSomebodyWroteIsNotShownOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	purpose := desk.NewNote("ticket 4711")
	index := s.frontier.Size()
	s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: purpose}})
	db := administrator(t, s.path)
	for edit, undo := range map[string]string{
		"UPDATE ledger_texts SET text = 'ticket 4712' WHERE text = 'ticket 4711'":                             "UPDATE ledger_texts SET text = 'ticket 4711' WHERE text = 'ticket 4712'",
		fmt.Sprintf("UPDATE ledger_texts SET idx = %d WHERE text = 'ticket 4711'", index+1):                   fmt.Sprintf("UPDATE ledger_texts SET idx = %d WHERE text = 'ticket 4711'", index),
		"INSERT INTO ledger_texts SELECT 1000000, 'x', salt, 'of an entry to come' FROM ledger_texts LIMIT 1": "DELETE FROM ledger_texts WHERE idx = 1000000",
		"INSERT INTO ledger_texts SELECT 0, 'x', salt, 'of an entry without one' FROM ledger_texts LIMIT 1":   "DELETE FROM ledger_texts WHERE commitment = 'x'",
	} {
		execAll(t, db, edit)
		if _, err := s.store.Verify(t.Context(), audit.VerifyOptions{}); err == nil || !strings.Contains(err.Error(), "ledger_texts") {
			t.Errorf("%s: %v", edit, err)
		}
		known, err := s.store.Texts(t.Context(), []custody.Note{purpose})
		if changed := strings.Contains(edit, "4712"); err != nil || (len(known) == 0) != changed {
			t.Errorf("%s: the texts are %v, %v", edit, known, err)
		}
		execAll(t, db, undo)
	}
	if _, err := s.store.Verify(t.Context(), audit.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}
