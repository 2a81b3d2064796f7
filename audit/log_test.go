package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// testOrigin names the log, and testSigner signs for it, in all tests here.
const testOrigin = "tandem.example/ledger"

var testSigner = keySigner{ed25519.NewKeyFromSeed([]byte("a seed that is known to everybody"[:32]))}

// keySigner is a Signer whose key is in memory.
type keySigner struct{ key ed25519.PrivateKey }

func (s keySigner) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return s.key.Public().(ed25519.PublicKey), nil
}

func (s keySigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(s.key, message), ctx.Err()
}

func testKey(t testing.TB) string {
	t.Helper()
	public, _ := testSigner.PublicKey(t.Context())
	vkey, err := VerifierKey(testOrigin, public)
	if err != nil {
		t.Fatal(err)
	}
	return vkey
}

// testLog is a log in memory: a Source, and the HashReader of its nodes.
type testLog struct {
	records [][]byte
	nodes   []Hash
	tree    Frontier
}

// newTestLog gives a log of n entries like those of a live one.
func newTestLog(t testing.TB, n int) *testLog {
	t.Helper()
	log := new(testLog)
	for i := range n {
		record, err := testEntry(i).Encode()
		if err != nil {
			t.Fatal(err)
		}
		log.append(t, record)
	}
	return log
}

func (l *testLog) append(t testing.TB, record []byte) {
	t.Helper()
	nodes, err := l.tree.Append(record)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range nodes {
		if node.Index != int64(len(l.nodes)) {
			t.Fatalf("node %d where %d is next", node.Index, len(l.nodes))
		}
		l.nodes = append(l.nodes, node.Hash)
	}
	l.records = append(l.records, record)
}

// clone gives a log to tamper with: no byte of it is shared.
func (l *testLog) clone() *testLog {
	c := &testLog{nodes: slices.Clone(l.nodes), tree: *l.tree.Clone()}
	for _, record := range l.records {
		c.records = append(c.records, slices.Clone(record))
	}
	return c
}

// checkpoint signs the log's first n entries.
func (l *testLog) checkpoint(t testing.TB, n int64) []byte {
	t.Helper()
	f, err := LoadFrontier(n, l)
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	head, err := SignCheckpoint(t.Context(), testOrigin, n, root, testSigner)
	if err != nil {
		t.Fatal(err)
	}
	return head.Text
}

func (l *testLog) Size(context.Context) (int64, error) { return int64(len(l.records)), nil }

func (l *testLog) Records(_ context.Context, from, to int64, yield func(int64, []byte) error) error {
	for i := from; i < to && i < int64(len(l.records)); i++ {
		if err := yield(i, l.records[i]); err != nil {
			return err
		}
	}
	return nil
}

func (l *testLog) ReadHashes(indexes []int64) ([]Hash, error) {
	hashes := make([]Hash, 0, len(indexes))
	for _, i := range indexes {
		if i < 0 || i >= int64(len(l.nodes)) {
			return nil, errors.New("no such node")
		}
		hashes = append(hashes, l.nodes[i])
	}
	return hashes, nil
}

// testEntry is the i-th entry of a live log: about 400 bytes.
func testEntry(i int) Entry {
	e := Entry{
		V:       Version,
		Time:    time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC).Add(time.Duration(i) * 1234 * time.Millisecond),
		Type:    "handover.accepted",
		Grade:   "ordinary",
		Actor:   fmt.Sprintf("tech-%c", 'a'+rune(i%6)),
		Subject: fmt.Sprintf("01JGX4T7Q2M8ZK5B9N6V%06d", i/3),
		Request: fmt.Sprintf("01JGX4T8A1B2C3D4E5F6%06d", i),
		Data: jsontext.Value(fmt.Sprintf(`{"credentials":["db%02d-root","web02-root"],"from":"tech-b","purpose":"replace the failed disk in bay %d",`+
			`"to":"tech-a","until":"2026-01-05T08:00:00.000Z","version":%d}`, i%100, i%7, i%1000)),
	}
	if i%2 == 0 {
		e.Confirm = &Confirm{Method: "totp", Person: e.Actor, Step: 59011234 + int64(i)}
	}
	return e
}

// mustContain fails the test unless err is target and says text.
func mustContain(t *testing.T, err, target error, text string) {
	t.Helper()
	if !errors.Is(err, target) || !strings.Contains(err.Error(), text) {
		t.Fatalf("error is %v, not %v with %q", err, target, text)
	}
}
