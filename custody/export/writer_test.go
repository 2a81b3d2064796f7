package export_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/xuri/excelize/v2"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/jsonl"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/export"
)

// records are an ordinary one, one with what a spreadsheet would compute, and
// the longest.
func records(t *testing.T) [][]byte {
	t.Helper()
	var all [][]byte
	for _, e := range events() {
		record, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, record)
	}
	return all
}

var purpose, reason = desk.NewNote("工单 4711, \"quoted\"\nand more"), desk.NewNote(strings.Repeat("长", 21_000))

func events() []custody.Event {
	events := []custody.Event{
		{Actor: "tech-a", Request: "r1", Confirm: &custody.Confirmation{Person: "tech-a", Step: 7},
			Fact: custody.CheckoutGranted{Credential: "db01", Purpose: purpose}},
		{Actor: "tech-a", Request: "=HYPERLINK(1)", Fact: custody.CommandRefused{Command: "checkout", On: "-db", Code: custody.NotHolder}},
		{Actor: "tech-a", Request: "r3", Fact: custody.RotationPaused{Credential: "db01", Reason: reason}},
	}
	for i := range events {
		events[i].Time = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	}
	events[2].Cause = &custody.Cause{Action: custody.PauseRotation{Credential: "db01", Reason: reason}}
	return events
}

// texts are those of all notes.
func texts(events []custody.Event) map[string]custody.Words {
	texts := map[string]custody.Words{}
	for _, n := range custody.NotesOf(events) {
		if words, known := n.Words(); known {
			texts[n.Commitment()] = words
		}
	}
	return texts
}

func write(t *testing.T, format string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := export.New(format, &out)
	if err != nil {
		t.Fatal(err)
	}
	for i, record := range records(t) {
		if err := w.Write(int64(i), record, texts(events()[i:i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestJSONLinesAreTheRecords, byte for byte; beside the one whose command a text
// came with stands the text, and beside no other.
func TestJSONLinesAreTheRecords(t *testing.T) {
	text := write(t, "jsonl")
	lines, err := jsonl.Open(t.Context(), bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	beside := map[int64]string{}
	lines.Beside = func(index int64, texts jsontext.Value) { beside[index] = string(texts) }
	var got [][]byte
	err = lines.Records(t.Context(), 0, 3, func(_ int64, record []byte) error {
		got = append(got, bytes.Clone(record))
		return nil
	})
	if want := records(t); err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("%s instead of %s, %v", got, want, err)
	}
	salt, words := "", texts(events())[reason.Commitment()]
	if b, err := words.Salt.MarshalText(); err == nil {
		salt = string(b)
	}
	want := `{"` + reason.Commitment() + `":{"salt":"` + salt + `","text":"` + words.Text + `"}}`
	if len(beside) != 1 || beside[2] != want {
		t.Errorf("beside them stands %v, want %s", beside, want)
	}
	if plain := bytes.Join(records(t)[:2], []byte("\n")); !bytes.HasPrefix(text, append(plain, '\n')) {
		t.Errorf("lines without texts are not their records: %s", text[:200])
	}
}

// TestWhatWasTakenOutIsSaidToBe: in a spreadsheet stand the texts, or that there are
// none any more.
func TestWhatWasTakenOutIsSaidToBe(t *testing.T) {
	var out bytes.Buffer
	w, err := export.New("csv", &out)
	if err = errors.Join(err, w.Write(0, records(t)[0], nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `""purpose"":""[redacted]""`) {
		t.Error(out.String())
	}
}

func TestCSVIsForSpreadsheets(t *testing.T) {
	text, marked := bytes.CutPrefix(write(t, "csv"), []byte("\ufeff"))
	if !marked {
		t.Error("no byte order mark")
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	checkRow(t, rows[1])
	if rows[2][5] != "'-db" || rows[2][8] != "'=HYPERLINK(1)" {
		t.Errorf("a formula: %q", rows[2])
	}
}

func checkRow(t *testing.T, row []string) {
	t.Helper()
	data := strings.Replace(string(decoded(t, records(t)[0]).Data), `"`+purpose.Commitment()+`"`, `"工单 4711, \"quoted\" and more"`, 1)
	want := []string{"0", "2026-03-02T08:00:00Z", "checkout.granted", "ordinary", "tech-a", "db01", "tech-a", "7", "r1", data}
	if strings.Join(row, "|") != strings.Join(want, "|") {
		t.Errorf("%q, want %q", row, want)
	}
}

func decoded(t *testing.T, record []byte) audit.Entry {
	t.Helper()
	e, err := audit.DecodeEntry(record)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestXLSXIsForSpreadsheets(t *testing.T) {
	f, err := excelize.OpenReader(bytes.NewReader(write(t, "xlsx")))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("ledger 1")
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	checkRow(t, rows[1])
	for row := range rows {
		for column := range rows[row] {
			cell, _ := excelize.CoordinatesToCellName(column+1, row+1)
			if formula, _ := f.GetCellFormula("ledger 1", cell); formula != "" {
				t.Errorf("%s is a formula: %s", cell, formula)
			}
		}
	}
	if rows[2][8] != "=HYPERLINK(1)" {
		t.Errorf("%q", rows[2])
	}
}

func TestNothingIsLostOfALongCell(t *testing.T) {
	long := strings.Repeat("x", 60_000)
	e := custody.Event{Time: time.Unix(0, 0), Actor: "a", Fact: custody.RotationPaused{Credential: "db01", Reason: desk.NewNote(long)}}
	record, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := export.New("xlsx", &out)
	if err = errors.Join(err, w.Write(5, record, texts([]custody.Event{e})), w.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("ledger 1")
	if err != nil || strings.Join(rows[1][9:], "") != `{"credential":"db01","reason":"`+long+`","rotation":0}` || rows[1][0] != strconv.Itoa(5) {
		t.Errorf("%d cells, %v", len(rows[1]), err)
	}
}

func TestOtherFormats(t *testing.T) {
	if _, err := export.New("pdf", nil); !errors.Is(err, export.ErrFormat) {
		t.Error(err)
	}
}
