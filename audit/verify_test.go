package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// signedBy gives options with the log's signed checkpoints of these sizes.
func signedBy(t testing.TB, l *testLog, sizes ...int64) VerifyOptions {
	t.Helper()
	opts := VerifyOptions{Keys: []string{testKey(t)}}
	for _, size := range sizes {
		opts.Checkpoints = append(opts.Checkpoints, l.checkpoint(t, size))
	}
	return opts
}

// mustFail verifies and wants this check to fail at this index.
func mustFail(t *testing.T, src Source, opts VerifyOptions, index int64, check Check, target error) {
	t.Helper()
	_, err := Verify(t.Context(), src, opts)
	bad, ok := errors.AsType[*VerifyError](err)
	if !ok || bad.Index != index || bad.Check != check || !errors.Is(err, target) {
		t.Errorf("error %v, want check %s at %d: %v", err, check, index, target)
	}
}

// TestVerify: logs of sizes on both sides of a chunk's end, with any number of
// workers, everything checked, everything folded once and in order.
func TestVerify(t *testing.T) {
	whole := newTestLog(t, 3*chunkSize+1)
	for _, size := range []int64{0, 1, 2, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize, 3*chunkSize + 1} {
		l := &testLog{records: whole.records[:size], nodes: whole.nodes}
		for _, workers := range []int{0, 1, 2, 7} {
			opts := signedBy(t, whole, size/2, 0, size, size/3, size)
			opts.StoredNodes, opts.Workers = l, workers
			opts.Prepare = func(e Entry) (any, error) { return e.Request, nil }
			var folded, progress int64
			opts.Step = func(index int64, e Entry, prepared any) error {
				if want := testEntry(int(index)); index != folded || prepared != want.Request || !bytes.Equal(e.Data, want.Data) {
					return fmt.Errorf("%d: %+v with %v", index, e, prepared)
				}
				folded++
				return nil
			}
			opts.Progress = func(done, total int64) {
				if done <= progress || done > total || total != size {
					t.Errorf("progress %d of %d after %d", done, total, progress)
				}
				progress = done
			}
			report, err := Verify(t.Context(), l, opts)
			if err != nil {
				t.Fatalf("size %d, %d workers: %v", size, workers, err)
			}
			if folded != size || progress != size || report.Size != size || report.Root != rootOf(t, whole, size) ||
				report.Signed() != size || len(report.Checkpoints) != 5 || report.Nodes < size {
				t.Errorf("size %d, %d workers: folded %d, progress %d, report %+v", size, workers, folded, progress, report)
			}
			if size > 0 && (!report.First.Equal(testEntry(0).Time) || !report.Last.Equal(testEntry(int(size)-1).Time)) {
				t.Errorf("size %d: from %v to %v", size, report.First, report.Last)
			}
		}
	}
}

// TestVerifyGolden verifies the files of testdata as an auditor would.
func TestVerifyGolden(t *testing.T) {
	read := func(name string) []byte {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	l := &testLog{records: bytes.Split(bytes.TrimSuffix(read("entries.jsonl"), []byte("\n")), []byte("\n"))}
	report, err := Verify(t.Context(), l, VerifyOptions{
		Checkpoints: [][]byte{read("checkpoint.txt")},
		Keys:        []string{strings.TrimSpace(string(read("log.vkey")))},
	})
	if err != nil || report.Signed() != 6 || report.Stalled != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestVerifyEmpty: an empty log is whole in itself, and is found out when a
// checkpoint of a longer one is given.
func TestVerifyEmpty(t *testing.T) {
	empty := new(testLog)
	report, err := Verify(t.Context(), empty, VerifyOptions{})
	if err != nil || report.Size != 0 || report.Signed() != 0 || report.Root.String() != "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" {
		t.Errorf("%+v, %v", report, err)
	}
	mustFail(t, empty, signedBy(t, newTestLog(t, 1), 1), 0, CheckCheckpoint, ErrMissing)
}

// source is a Source of functions.
type source struct {
	*testLog
	size    func() (int64, error)
	records func(ctx context.Context, from, to int64, yield func(int64, []byte) error) error
}

func (s source) Size(ctx context.Context) (int64, error) {
	if s.size != nil {
		return s.size()
	}
	return s.testLog.Size(ctx)
}

func (s source) Records(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
	return s.records(ctx, from, to, yield)
}

// TestVerifySequence: a source that leaves out, repeats, swaps or adds an index,
// as a table with a row deleted by hand does.
func TestVerifySequence(t *testing.T) {
	l := newTestLog(t, chunkSize+20)
	n := l.tree.Size()
	for name, indexes := range map[string]func(from, to int64) []int64{
		"left out":    func(from, to int64) []int64 { return []int64{from, from + 1, from + 2, from + 4} },
		"repeated":    func(from, to int64) []int64 { return []int64{from, from + 1, from + 2, from + 2, from + 3} },
		"swapped":     func(from, to int64) []int64 { return []int64{from, from + 1, from + 2, from + 4, from + 3} },
		"cut off":     func(from, to int64) []int64 { return []int64{from, from + 1, from + 2} },
		"started low": func(from, to int64) []int64 { return []int64{from, from + 1, from + 2, from - 1} },
	} {
		t.Run(name, func(t *testing.T) {
			src := source{testLog: l, records: func(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
				if from == 0 {
					return l.Records(ctx, from, to, yield)
				}
				for _, i := range indexes(from, to) {
					_ = yield(i, l.records[max(0, i)]) // a source that goes on after an error
				}
				return nil
			}}
			mustFail(t, src, VerifyOptions{}, chunkSize+3, CheckSequence, ErrSequence)
		})
	}
	more := source{testLog: l, size: func() (int64, error) { return n - 1, nil },
		records: func(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
			return l.Records(ctx, from, to+1, yield)
		}}
	mustFail(t, more, VerifyOptions{}, chunkSize, CheckSequence, ErrSequence)
	fewer := source{testLog: l, size: func() (int64, error) { return n + 1, nil }, records: l.Records}
	mustFail(t, fewer, VerifyOptions{}, n, CheckSequence, ErrSequence)
}

// TestVerifyNamesTheFirst: of several wrong entries in several chunks, the first
// is named, whichever worker is the fastest.
func TestVerifyNamesTheFirst(t *testing.T) {
	l := newTestLog(t, 5*chunkSize)
	for _, i := range []int{chunkSize + 3, chunkSize + 4, 2 * chunkSize, 5*chunkSize - 1} {
		l.records[i] = []byte("{}")
	}
	for range 20 {
		mustFail(t, l, VerifyOptions{Workers: 4}, chunkSize+3, CheckEncoding, ErrMalformed)
	}
	large := newTestLog(t, 3)
	large.records[1] = bytes.Repeat([]byte("x"), MaxEntrySize+1)
	mustFail(t, large, VerifyOptions{}, 1, CheckEncoding, ErrEntryTooLarge)
}

func TestVerifyTime(t *testing.T) {
	at := func(clock string, ms ...int) *testLog {
		l := new(testLog)
		for i, ms := range ms {
			e := testEntry(0)
			e.Time = e.Time.Add(time.Duration(ms) * time.Millisecond)
			if i == 1 {
				e.Clock = clock
			}
			record, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			l.append(t, record)
		}
		return l
	}
	if _, err := Verify(t.Context(), at("", 0, 0, 1, 1), VerifyOptions{}); err != nil {
		t.Error(err)
	}
	if report, err := Verify(t.Context(), at(ClockStalled, 5, 5, 6), VerifyOptions{}); err != nil || report.Stalled != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	mustFail(t, at("", 0, 2, 1), VerifyOptions{}, 2, CheckTime, ErrTimeBack)
	mustFail(t, at(ClockCorrected, 0, 1), VerifyOptions{}, 1, CheckTime, ErrTimeBack)
	mustFail(t, at(ClockCorrected, 5, 5), VerifyOptions{}, 1, CheckTime, ErrTimeBack)
	if report, err := Verify(t.Context(), at(ClockCorrected, 5, 3, 6), VerifyOptions{}); err != nil || report.Corrected != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	mustFail(t, at(ClockStalled, 0, 1), VerifyOptions{}, 1, CheckTime, ErrTimeBack)

	first := testEntry(0)
	first.Clock = ClockStalled
	record, err := first.Encode()
	if err != nil {
		t.Fatal(err)
	}
	l := new(testLog)
	l.append(t, record)
	mustFail(t, l, VerifyOptions{}, 0, CheckTime, ErrTimeBack)
}

// TestVerifyCallerRefuses: the caller's own checks name the first wrong index,
// and no entry behind it is folded.
func TestVerifyCallerRefuses(t *testing.T) {
	l := newTestLog(t, 3*chunkSize)
	rule := errors.New("two holders")
	bad := int64(chunkSize + 7)
	folded := int64(0)
	opts := VerifyOptions{Step: func(index int64, _ Entry, _ any) error {
		if folded++; index == bad {
			return rule
		}
		return nil
	}}
	mustFail(t, l, opts, bad, CheckStep, rule)
	if folded != bad+1 {
		t.Errorf("folded %d entries, want %d", folded, bad+1)
	}

	folded = 0
	opts.Step = func(int64, Entry, any) error { folded++; return nil }
	opts.Prepare = func(e Entry) (any, error) {
		if e.Request == testEntry(int(bad)).Request {
			return nil, rule
		}
		return nil, nil
	}
	mustFail(t, l, opts, bad, CheckPrepare, rule)
	if folded != bad {
		t.Errorf("folded %d entries, want %d", folded, bad)
	}
}

func TestVerifyCheckpointSignature(t *testing.T) {
	l := newTestLog(t, 5)
	opts := signedBy(t, l, 5)
	opts.Checkpoints = append(opts.Checkpoints, bytes.Replace(opts.Checkpoints[0], []byte("\n5\n"), []byte("\n4\n"), 1))
	mustFail(t, l, opts, -1, CheckSignature, ErrSignature)
	_, err := Verify(t.Context(), l, opts)
	mustContain(t, err, ErrSignature, "checkpoint 2 of 2")

	opts = signedBy(t, l, 5)
	opts.Keys = nil
	mustFail(t, l, opts, -1, CheckSignature, ErrSignature)

	opts = signedBy(t, l, 5)
	other, err := VerifierKey("other.example", ed25519.PublicKey(testSigner.key[32:]))
	if err != nil {
		t.Fatal(err)
	}
	opts.Keys = []string{other, testKey(t)} // any of the keys will do
	if _, err := Verify(t.Context(), l, opts); err != nil {
		t.Error(err)
	}
}

// TestVerifyCannotRead: a log that cannot be read is not called wrong.
func TestVerifyCannotRead(t *testing.T) {
	l := newTestLog(t, 2*chunkSize)
	broken := errors.New("disk failure")
	cancelled, cancel := context.WithCancel(t.Context())
	tests := []struct {
		name string
		ctx  context.Context
		src  Source
		want error
	}{
		{"size", t.Context(), source{testLog: l, size: func() (int64, error) { return 0, broken }, records: l.Records}, broken},
		{"records", t.Context(), source{testLog: l, records: func(_ context.Context, from, to int64, yield func(int64, []byte) error) error {
			return errors.Join(l.Records(t.Context(), from, to-1, yield), broken)
		}}, broken},
		{"cancelled", cancelled, source{testLog: l, records: func(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}}, context.Canceled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report, err := Verify(test.ctx, test.src, VerifyOptions{})
			if _, wrong := errors.AsType[*VerifyError](err); wrong || !errors.Is(err, test.want) {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
	for _, size := range []int64{-1, maxSize + 1} {
		src := source{testLog: l, size: func() (int64, error) { return size, nil }, records: l.Records}
		if _, err := Verify(t.Context(), src, VerifyOptions{}); err == nil {
			t.Errorf("verified a log of size %d", size)
		}
	}
}

// lentSource lends its records as a database driver does: the buffer is used
// again for the next.
type lentSource struct{ *testLog }

func (s lentSource) Records(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
	var buffer []byte
	return s.testLog.Records(ctx, from, to, func(index int64, record []byte) error {
		buffer = append(buffer[:0], record...)
		defer clear(buffer)
		return yield(index, buffer)
	})
}

func TestVerifyLentRecords(t *testing.T) {
	l := newTestLog(t, 3*chunkSize)
	var folded []jsontext.Value
	opts := signedBy(t, l, 3*chunkSize)
	opts.Step = func(_ int64, e Entry, _ any) error {
		folded = append(folded, e.Data.Clone())
		return nil
	}
	if _, err := Verify(t.Context(), lentSource{l}, opts); err != nil {
		t.Fatal(err)
	}
	for i, data := range folded {
		if !bytes.Equal(data, testEntry(i).Data) {
			t.Fatalf("entry %d has the data %s", i, data)
		}
	}
}

// BenchmarkVerify verifies 100,000 entries of about 400 bytes in memory, on all
// processors: with nothing to fold, and with a fold that decodes Data.
func BenchmarkVerify(b *testing.B) {
	const size = 100_000
	l := newTestLog(b, size)
	bytes := int64(0)
	for _, record := range l.records {
		bytes += int64(len(record))
	}
	type payload struct {
		Credentials []string `json:"credentials"`
		From, To    string
		Version     int
	}
	for name, prepare := range map[string]func(Entry) (any, error){
		"nothing": nil,
		"decode": func(e Entry) (any, error) {
			p := new(payload)
			return p, json.Unmarshal(e.Data, p)
		},
	} {
		b.Run(name, func(b *testing.B) {
			opts := signedBy(b, l, size)
			opts.Prepare = prepare
			opts.Step = func(int64, Entry, any) error { return nil }
			b.SetBytes(bytes)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Verify(b.Context(), l, opts); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// TestAHeadOfNoEntriesHasTheRootOfNothing: another one was signed for another log.
func TestAHeadOfNoEntriesHasTheRootOfNothing(t *testing.T) {
	l := newTestLog(t, 2)
	forged, err := SignCheckpoint(t.Context(), testOrigin, 0, Hash{1}, testSigner)
	if err != nil {
		t.Fatal(err)
	}
	mustFail(t, l, VerifyOptions{Keys: []string{testKey(t)}, Checkpoints: [][]byte{forged.Text}}, 0, CheckCheckpoint, ErrOtherRoot)
}
