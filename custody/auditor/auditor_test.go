package auditor

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// shelf is a server that has these entries about each subject.
type shelf map[string][]Entry

func (s shelf) About(_ context.Context, subject, only string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, entry := range s[subject] {
			if (only == "" || only == entry.Type) && !yield(entry, nil) {
				return
			}
		}
	}
}

func (s shelf) Below(context.Context, int64) iter.Seq2[Entry, error] { return nil }

func (s shelf) EntryProofText(_ context.Context, index int64) ([]byte, error) {
	return []byte{byte('a' + index)}, nil
}

// TestCertifyTakesWhatTheHandoverRestsOn: in the ledger's order, each with its own proof;
// not what was refused, nor an account of the same name that came later.
func TestCertifyTakesWhatTheHandoverRestsOn(t *testing.T) {
	offered := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	at := func(index int64, what string, when time.Time) Entry {
		return Entry{Index: index, Type: what, Time: when, Record: []byte{byte('A' + index)}}
	}
	before, later := offered.Add(-time.Hour), offered.Add(time.Hour)
	from := shelf{
		"handover-1": {at(5, "handover.offered", offered), at(6, custody.CommandRefused{}.Type(), later), at(7, "handover.accepted", later)},
		"tech-a":     {at(0, "person.added", before), at(3, "person.away", before)},
		"tech-b":     {at(1, "person.added", before)},
		"db":         {at(2, "credential.added", before), at(8, "credential.added", later)},
	}
	bundle, err := Certify(t.Context(), from, Handed{
		ID: "handover-1", From: "tech-a", To: "tech-b", Credentials: []string{"db"},
		Offered: offered, Accepted: later.In(time.FixedZone("", 3600)),
	})
	if err != nil {
		t.Fatal(err)
	}
	var said string
	for _, entry := range bundle.Entries {
		said += entry.Record + entry.Proof
	}
	if said != "AaBbCcFfHh" || bundle.Handover != "handover-1" || bundle.UTCOffset != 3600 {
		t.Errorf("%q, %+v", said, bundle)
	}
}

// torn is a ledger that says how many entries it has and gives none, or a later one.
type torn struct {
	size int64
	has  []int64
}

func (l torn) Size(context.Context) (int64, error) { return l.size, nil }

func (l torn) Records(_ context.Context, from, to int64, yield func(int64, []byte) error) error {
	for _, index := range l.has {
		if err := yield(index, nil); err != nil {
			return err
		}
	}
	return nil
}

func (torn) TextsOf(context.Context, int64, custody.Event) (map[string]custody.Words, error) {
	return nil, nil
}

// TestAMissingEntryIsNamed: where a ledger ends before its size, and where it goes on
// behind what is missing.
func TestAMissingEntryIsNamed(t *testing.T) {
	nothing := func(int64, []byte, custody.Event, map[string]custody.Words) error { return nil }
	for _, l := range []torn{{4, nil}, {4, []int64{3}}} {
		err := EachEvent(t.Context(), l, 2, nothing)
		if missing, ok := errors.AsType[MissingEntry](err); !ok || missing != 2 {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if err := EachEvent(t.Context(), torn{2, nil}, 2, nothing); err != nil {
		t.Errorf("nothing is asked for: %v", err)
	}
}

// TestAFailedTableIsNamed: a table's error says where, whoever keeps the table.
func TestAFailedTableIsNamed(t *testing.T) {
	f := FailureOf(errors.Join(errors.New("first"), wrongRow{}))
	if f == nil || f.Check != CheckTable || f.Table != "people" || f.Row != "ada" || f.Meaning != meanings[CheckTable] {
		t.Errorf("%+v", f)
	}
	if f := FailureOf(MissingEntry(1)); f != nil {
		t.Errorf("%+v", f)
	}
}

type wrongRow struct{}

func (wrongRow) Error() string            { return "people is wrong" }
func (wrongRow) Row() (table, key string) { return "people", "ada" }
