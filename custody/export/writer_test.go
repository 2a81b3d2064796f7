package export_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/export"
)

// records are an ordinary one, one with what a spreadsheet would compute, and
// the longest.
func records(t *testing.T) [][]byte {
	t.Helper()
	var all [][]byte
	for _, e := range []custody.Event{
		{Actor: "tech-a", Request: "r1", Confirm: &custody.Confirmation{Person: "tech-a", Step: 7},
			Fact: custody.CheckoutGranted{Credential: "db01", Purpose: "工单 4711, \"quoted\"\nand more"}},
		{Actor: "tech-a", Request: "=HYPERLINK(1)", Fact: custody.CommandRefused{Command: "checkout", On: "-db", Code: custody.NotHolder}},
		{Actor: "tech-a", Request: "r3", Fact: custody.CredentialRetired{Credential: "db01", Reason: strings.Repeat("长", 21_000)}},
	} {
		e.Time = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		entry, err := e.Record()
		if err != nil {
			t.Fatal(err)
		}
		record, err := entry.Encode()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, record)
	}
	return all
}

func write(t *testing.T, format string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := export.New(format, &out)
	if err != nil {
		t.Fatal(err)
	}
	for i, record := range records(t) {
		if err := w.Write(int64(i), record); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestJSONLinesAreTheRecords(t *testing.T) {
	if want := append(bytes.Join(records(t), []byte("\n")), '\n'); !bytes.Equal(write(t, "jsonl"), want) {
		t.Error("they are not")
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
	e, err := audit.DecodeEntry(records(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"0", "2026-03-02T08:00:00Z", "checkout.granted", "ordinary", "tech-a", "db01", "tech-a", "7", "r1", string(e.Data)}
	if strings.Join(row, "|") != strings.Join(want, "|") {
		t.Errorf("%q, want %q", row, want)
	}
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
	e := custody.Event{Time: time.Unix(0, 0), Actor: "a", Fact: custody.CredentialRetired{Credential: "db01", Reason: strings.Repeat("x", 60_000)}}
	entry, err := e.Record()
	if err != nil {
		t.Fatal(err)
	}
	record, err := entry.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := export.New("xlsx", &out)
	if err = errors.Join(err, w.Write(5, record), w.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("ledger 1")
	if err != nil || strings.Join(rows[1][9:], "") != string(entry.Data) || rows[1][0] != strconv.Itoa(5) {
		t.Errorf("%d cells, %v", len(rows[1]), err)
	}
}

func TestOtherFormats(t *testing.T) {
	if _, err := export.New("pdf", nil); !errors.Is(err, export.ErrFormat) {
		t.Error(err)
	}
}
