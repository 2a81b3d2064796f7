package export

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/jsonl"
	"github.com/tandem-custody/tandem/custody"
)

// Writer writes one file. After an error, or without Close, it is not whole.
type Writer interface {
	// Write adds an entry, with the texts that it commits to as far as they are
	// there, by commitment. The record is lent until it returns.
	Write(index int64, record []byte, texts map[string]custody.Words) error
	// Close finishes the file, but does not close what it is written to.
	Close() error
}

// formats are the formats there are.
var formats = map[string]func(io.Writer) (Writer, error){
	"csv":   newCSV,
	"jsonl": func(w io.Writer) (Writer, error) { return jsonLines{w}, nil },
	"xlsx":  newXLSX,
}

// ErrFormat: there is no such format.
var ErrFormat = errors.New("the formats are csv, jsonl and xlsx")

// New begins a file of a format.
func New(format string, w io.Writer) (Writer, error) {
	begin, ok := formats[format]
	if !ok {
		return nil, ErrFormat
	}
	return begin(w)
}

// columns are those of csv and xlsx; the last one is long.
var columns = []string{"index", "time", "type", "grade", "actor", "subject", "confirmed_by", "totp_step", "request", "data"}

func cells(index int64, record []byte, texts map[string]custody.Words) ([]string, error) {
	e, err := audit.DecodeEntry(record)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	event, err := custody.FromRecord(e)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	data, err := event.Filled(texts).Shown(custody.Redacted)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	if err := data.Canonicalize(); err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	person, step := "", ""
	if e.Confirm != nil {
		person, step = e.Confirm.Person, strconv.FormatInt(e.Confirm.Step, 10)
	}
	return []string{
		strconv.FormatInt(index, 10), e.Time.UTC().Format(time.RFC3339Nano), e.Type, e.Grade, e.Actor, e.Subject,
		person, step, e.Request, string(data),
	}, nil
}

type jsonLines struct{ w io.Writer }

func (j jsonLines) Write(index int64, record []byte, texts map[string]custody.Words) error {
	line := slices.Clip(record)
	if len(texts) > 0 {
		event, err := custody.ReadRecord(record)
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		if line, err = withTexts(record, event.Written(), texts); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	_, err := j.w.Write(append(line, '\n'))
	return err
}

// withTexts gives the line of an entry with the texts that came into the ledger
// with it, each once in a whole export; the record where there are none.
func withTexts(record []byte, written []custody.Note, texts map[string]custody.Words) ([]byte, error) {
	mine := map[string]custody.Words{}
	for _, n := range written {
		if w, there := texts[n.Commitment()]; there {
			mine[n.Commitment()] = w
		}
	}
	if len(mine) == 0 {
		return slices.Clip(record), nil
	}
	beside, err := json.Marshal(mine, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	return json.Marshal(jsonl.Line{Entry: record, Texts: beside})
}

func (j jsonLines) Close() error { return nil }

type csvWriter struct{ *csv.Writer }

func newCSV(w io.Writer) (Writer, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := csvWriter{csv.NewWriter(w)}
	c.UseCRLF = true
	return c, c.Writer.Write(columns)
}

func (c csvWriter) Write(index int64, record []byte, texts map[string]custody.Words) error {
	row, err := cells(index, record, texts)
	if err != nil {
		return err
	}
	for i := range row {
		row[i] = noFormula(row[i])
	}
	return c.Writer.Write(row)
}

func (c csvWriter) Close() error {
	c.Flush()
	return c.Error()
}

// noFormula keeps a spreadsheet from computing a cell (OWASP, CSV injection).
func noFormula(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}
