package jsonl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-custody/tandem/audit"
)

func open(t testing.TB, text []byte) *Export {
	t.Helper()
	e, err := Open(t.Context(), bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// read gives the lines [from, to), after checking their indices.
func (e *Export) read(t testing.TB, from, to int64) [][]byte {
	t.Helper()
	var lines [][]byte
	err := e.Records(t.Context(), from, to, func(index int64, record []byte) error {
		if want := from + int64(len(lines)); index != want {
			t.Fatalf("line %d where %d is next", index, want)
		}
		lines = append(lines, bytes.Clone(record))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestExport: exports of sizes on both sides of a remembered offset, with and
// without an end of the last line, from any place.
func TestExport(t *testing.T) {
	for _, size := range []int{0, 1, 2, stride - 1, stride, stride + 1, 3*stride + 7} {
		var want [][]byte
		var text []byte
		for i := range size {
			want = append(want, fmt.Appendf(nil, "record %d%s", i, strings.Repeat("x", i*i%4000)))
			text = append(append(text, want[i]...), '\n')
		}
		for _, text := range [][]byte{text, bytes.TrimSuffix(text, []byte("\n"))} {
			e := open(t, text)
			if n, err := e.Size(t.Context()); n != int64(size) || err != nil {
				t.Fatalf("%d lines, %v, want %d", n, err, size)
			}
			for _, from := range []int{0, 1, stride - 1, stride, size / 2, size - 1, size, size + 1} {
				for _, to := range []int{from, from + 1, from + stride, size, size + 9} {
					first, end := min(max(from, 0), size), min(max(to, 0), size)
					got := e.read(t, int64(max(from, 0)), int64(max(to, 0)))
					if !slices.EqualFunc(got, want[first:max(first, end)], bytes.Equal) {
						t.Fatalf("of %d: [%d, %d) are %d other lines", size, from, to, len(got))
					}
				}
			}
		}
	}
}

// TestVerifyExport verifies the log in package audit's testdata, and what becomes
// of an export on its way: each is found, at the entry that it happened to.
func TestVerifyExport(t *testing.T) {
	file := func(name string) []byte {
		text, err := os.ReadFile("../testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := file("entries.jsonl")
	lines := slices.Collect(bytes.Lines(good))
	signed := audit.VerifyOptions{
		Checkpoints: [][]byte{file("checkpoint.txt")}, Keys: []string{strings.TrimSpace(string(file("log.vkey")))},
	}
	report, err := audit.Verify(t.Context(), open(t, good), signed)
	if err != nil || report.Size != 6 || report.Signed() != 6 {
		t.Fatalf("%+v, %v", report, err)
	}
	// What belongs to the file is no part of a record.
	for name, text := range map[string][]byte{
		"byte order mark": append([]byte("\ufeff"), good...),
		"CRLF":            bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")),
	} {
		if again, err := audit.Verify(t.Context(), open(t, text), signed); err != nil || again.Root != report.Root {
			t.Errorf("%s: %v", name, err)
		}
	}
	tooLong := bytes.Repeat([]byte("{"), 3*longest)
	for name, c := range map[string]struct {
		text  []byte
		index int64
		check audit.Check
	}{
		"empty":            {nil, 0, audit.CheckCheckpoint},
		"a mark in a line": {slices.Concat(lines[0], []byte("\ufeff"), lines[1]), 1, audit.CheckEncoding},
		"two ends":         {slices.Concat(lines[0], bytes.ReplaceAll(lines[1], []byte("\n"), []byte("\r\r\n"))), 1, audit.CheckEncoding},
		"empty line":       {slices.Concat(lines[0], []byte("\n"), lines[1]), 1, audit.CheckEncoding},
		"cut in a line":    {good[:len(good)-9], 5, audit.CheckEncoding},
		"cut at a line":    {slices.Concat(lines[:5]...), 5, audit.CheckCheckpoint},
		"line left out":    {slices.Concat(append(slices.Clone(lines[:2]), lines[3:]...)...), 2, audit.CheckTime},
		"line too long":    {slices.Concat(lines[0], lines[1], tooLong), 2, audit.CheckEncoding},
		"and another line": {slices.Concat(lines[0], tooLong, []byte("\n"), lines[1]), 1, audit.CheckEncoding},
	} {
		_, err := audit.Verify(t.Context(), open(t, c.text), signed)
		if bad, ok := errors.AsType[*audit.VerifyError](err); !ok || bad.Index != c.index || bad.Check != c.check {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLongLine: the lines behind one that is too long still have their index.
func TestLongLine(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 5*longest)
	got := open(t, slices.Concat([]byte("a\n"), long, []byte("\nb\n"))).read(t, 0, 3)
	if len(got) != 3 || string(got[0]) != "a" || len(got[1]) <= audit.MaxEntrySize || string(got[2]) != "b" {
		t.Errorf("%d lines of %d, %d and %d bytes", len(got), len(got[0]), len(got[1]), len(got[2]))
	}
}

// TestTrouble: the errors of the file, of the caller and of the context come back.
func TestTrouble(t *testing.T) {
	broken := errors.New("disk on fire")
	if _, err := Open(t.Context(), failing{broken}, 1<<20); !errors.Is(err, broken) {
		t.Errorf("open: %v", err)
	}
	e := open(t, []byte("a\nb\n"))
	if err := e.Records(t.Context(), 0, 2, func(int64, []byte) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("yield: %v", err)
	}
	e.text = failing{broken}
	if err := e.Records(t.Context(), 0, 2, func(int64, []byte) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("read: %v", err)
	}
	e.text = bytes.NewReader([]byte("a\n"))
	if got := e.read(t, 0, 2); len(got) != 1 {
		t.Errorf("%d lines of a file that became shorter", len(got))
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(cancelled, bytes.NewReader(nil), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("open, cancelled: %v", err)
	}
	if err := e.Records(cancelled, 0, 2, func(int64, []byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("read, cancelled: %v", err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

var _ io.ReaderAt = failing{}

// FuzzExport: whatever a file has in it, the export has the lines that
// bytes.Lines finds, from any place on.
func FuzzExport(f *testing.F) {
	f.Add([]byte("a\nb\n"), uint16(1))
	f.Add([]byte("\n\nno end"), uint16(2))
	f.Add(bytes.Repeat([]byte("ab\n\n"), stride), uint16(stride+3))
	f.Add(bytes.Repeat([]byte("x"), longest), uint16(0))
	f.Add(bytes.Repeat([]byte("x"), longest-1), uint16(0))
	f.Fuzz(func(t *testing.T, text []byte, from uint16) {
		want := slices.Collect(bytes.Lines(text))
		e := open(t, text)
		if e.lines != int64(len(want)) {
			t.Fatalf("%d lines, want %d", e.lines, len(want))
		}
		want = want[min(int(from), len(want)):]
		for i, line := range e.read(t, int64(from), e.lines) {
			whole := bytes.TrimSuffix(want[i], []byte("\n"))
			if !bytes.Equal(line, whole) && (len(line) <= audit.MaxEntrySize || !bytes.HasPrefix(whole, line)) {
				t.Fatalf("line %d has %d bytes, want %d", i, len(line), len(whole))
			}
			want[i] = nil
		}
		if len(want) > 0 && want[len(want)-1] != nil {
			t.Fatal("lines are missing")
		}
	})
}

// TestWhatStandsBesideARecordIsNotOfIt: it is given apart, and a line that only looks
// as if it had something beside it is no record.
func TestWhatStandsBesideARecordIsNotOfIt(t *testing.T) {
	text := `{"actor":"a"}` + "\n" + `{"entry":{"b": 1 },"texts":{"x":"y"}}` + "\r\n" + `{"entry":{"c":2},"more":1}` + "\n" + `{"entry":{"c":2}` + "\n"
	e, err := Open(t.Context(), strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	var beside []string
	e.Beside = func(index int64, texts jsontext.Value) { beside = append(beside, fmt.Sprint(index, string(texts))) }
	var got []string
	if err := e.Records(t.Context(), 0, 4, func(_ int64, record []byte) error { got = append(got, string(record)); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []string{`{"actor":"a"}`, `{"b": 1 }`, `{"entry":{"c":2},"more":1}`, `{"entry":{"c":2}`}
	if !slices.Equal(got, want) || !slices.Equal(beside, []string{`1{"x":"y"}`}) {
		t.Errorf("%q, beside them %q", got, beside)
	}
}
