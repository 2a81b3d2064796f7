package witness

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tandem-custody/tandem/audit"
)

// refusedWith is what a witness says to a request.
func refusedWith(t *testing.T, w *Witness, r Request, want error) {
	t.Helper()
	_, err := w.Add(t.Context(), r)
	if size, ok := errors.AsType[*SizeError](want); ok {
		got, ok := errors.AsType[*SizeError](err)
		if !ok || got.Size != size.Size {
			t.Fatalf("%v, not %v", err, want)
		}
	} else if !errors.Is(err, want) {
		t.Fatalf("%v, not %v", err, want)
	}
}

// mustKeep checks that one piece of evidence was kept, and that both checkpoints
// in it are signed: the one by the log, the other too, and of what size they are.
func mustKeep(t *testing.T, m *memory, kind Kind, cosigned, refused int64) {
	t.Helper()
	if len(m.evidence) != 1 {
		t.Fatalf("%d pieces of evidence", len(m.evidence))
	}
	e := m.evidence[0]
	a, err := audit.OpenCheckpoint(e.Cosigned, vkeyOf(t, origin, "log"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := audit.OpenCheckpoint(e.Refused, vkeyOf(t, origin, "log"))
	if err != nil {
		t.Fatal(err)
	}
	if e.Kind != kind || e.Origin != origin || !e.Seen.Equal(noon) || a.Size != cosigned || b.Size != refused {
		t.Errorf("%s of %s at %s: %d and %d", e.Kind, e.Origin, e.Seen, a.Size, b.Size)
	}
}

func TestWitness(t *testing.T) {
	h := newHistory(t).grow(300, "entry")
	m := new(memory)
	w := newWitness(t, m)
	old := int64(0)
	for _, size := range []int64{0, 1, 1, 2, 7, 8, 9, 255, 256, 257, 300, 300} {
		made := mustAdd(t, w, h.request(old, size))
		c := h.at(size)
		c.Text = c.With(made)
		found, err := c.Cosignatures(w.Key())
		if err != nil || len(found) != 1 || !found[0].Time.Equal(noon) || found[0].Name() != witnessName {
			t.Fatalf("size %d: %+v, %v", size, found, err)
		}
		old = size
	}
	if len(m.evidence) > 0 {
		t.Errorf("evidence against an honest log: %+v", m.evidence)
	}
	if latest, _, _ := m.Latest(t.Context(), origin); latest.Size != 300 {
		t.Errorf("remembers %d", latest.Size)
	}
}

func TestRollback(t *testing.T) {
	m := new(memory)
	w := newWitness(t, m)
	h := newHistory(t).grow(20, "entry")
	mustAdd(t, w, h.request(0, 20))
	// The log was put back to 10 entries and went on with others, to 15.
	back := newHistory(t).grow(10, "entry").grow(5, "other")
	refusedWith(t, w, back.request(0, 15), &SizeError{20})
	refusedWith(t, w, back.request(15, 15), &SizeError{20})
	mustKeep(t, m, Rollback, 20, 15)
	// When it has grown beyond what was cosigned, no proof leads there.
	m.evidence = nil
	back.grow(15, "other")
	refusedWith(t, w, back.request(0, 30), &SizeError{20})
	if len(m.evidence) > 0 {
		t.Error("an old size that is wrong is no evidence")
	}
	refusedWith(t, w, back.request(20, 30), audit.ErrProof)
	mustKeep(t, m, Unproved, 20, 30)
}

// TestRollbackToCosigned: the size was cosigned when it was new, so that a root
// that differs is proof.
func TestRollbackToCosigned(t *testing.T) {
	m := new(memory)
	w := newWitness(t, m)
	h := newHistory(t).grow(20, "entry")
	mustAdd(t, w, h.request(0, 15))
	mustAdd(t, w, h.request(15, 20))
	refusedWith(t, w, h.request(0, 15), &SizeError{20})
	if len(m.evidence) > 0 {
		t.Error("an honest checkpoint that comes late is no evidence")
	}
	refusedWith(t, w, newHistory(t).grow(10, "entry").grow(5, "other").request(0, 15), &SizeError{20})
	mustKeep(t, m, Fork, 15, 15)
}

func TestFork(t *testing.T) {
	m := new(memory)
	w := newWitness(t, m)
	mustAdd(t, w, newHistory(t).grow(20, "entry").request(0, 20))
	fork := newHistory(t).grow(19, "entry").grow(1, "other")
	refusedWith(t, w, fork.request(20, 20), ErrContradiction)
	refusedWith(t, w, fork.request(0, 20), &SizeError{20})
	mustKeep(t, m, Fork, 20, 20)
	if latest, _, _ := m.Latest(t.Context(), origin); latest.Root != newHistory(t).grow(20, "entry").at(20).Root {
		t.Error("the witness has followed the fork")
	}
}

func TestRefuses(t *testing.T) {
	m := new(memory)
	w := newWitness(t, m)
	h := newHistory(t).grow(20, "entry")
	mustAdd(t, w, h.request(0, 10))

	longer := h.request(10, 20)
	longer.Proof = append(longer.Proof, audit.Hash{})
	shorter := h.request(10, 20)
	shorter.Proof = shorter.Proof[1:]
	same := h.request(10, 10)
	same.Proof = audit.Proof{{}}
	stranger := newHistory(t)
	stranger.key = "stranger"
	stranger.grow(20, "entry")
	unsigned := h.request(10, 20)
	unsigned.Checkpoint = unsigned.Checkpoint[:strings.Index(string(unsigned.Checkpoint), "— ")]
	elsewhere := h.request(10, 20)
	elsewhere.Checkpoint = []byte(strings.ReplaceAll(string(elsewhere.Checkpoint), origin, "other.example"))

	for name, c := range map[string]struct {
		Request
		want error
	}{
		"nothing":              {Request{}, ErrOrigin},
		"unknown origin":       {elsewhere, ErrOrigin},
		"another key":          {stranger.request(10, 20), audit.ErrSignature},
		"no signature":         {unsigned, ErrRequest},
		"old size is greater":  {Request{21, nil, h.at(20).Text}, ErrRequest},
		"old size is smaller":  {h.request(9, 20), &SizeError{10}},
		"old size is zero":     {h.request(0, 20), &SizeError{10}},
		"old size is too far":  {h.request(11, 20), &SizeError{10}},
		"proof of another old": {Request{10, h.request(9, 20).Proof, h.at(20).Text}, audit.ErrProof},
		"no proof":             {Request{10, nil, h.at(20).Text}, audit.ErrProof},
		"longer proof":         {longer, audit.ErrProof},
		"shorter proof":        {shorter, audit.ErrProof},
		"proof of the same":    {same, audit.ErrProof},
	} {
		t.Run(name, func(t *testing.T) { refusedWith(t, w, c.Request, c.want) })
	}
	if latest, _, _ := m.Latest(t.Context(), origin); latest.Size != 10 {
		t.Errorf("what was refused is remembered: %d", latest.Size)
	}
	// A proof from the empty log is empty.
	fresh := newWitness(t, new(memory))
	refusedWith(t, fresh, Request{0, audit.Proof{{}}, h.at(20).Text}, audit.ErrProof)
	mustAdd(t, fresh, h.request(0, 20))
}

// TestEvidenceIsKeptOnce, and a store that cannot keep it changes no answer.
func TestEvidenceIsKeptOnce(t *testing.T) {
	m := new(memory)
	w := newWitness(t, m)
	mustAdd(t, w, newHistory(t).grow(20, "entry").request(0, 20))
	for range 3 {
		refusedWith(t, w, newHistory(t).grow(20, "other").request(20, 20), ErrContradiction)
	}
	mustKeep(t, m, Fork, 20, 20)
}

func TestStoreFails(t *testing.T) {
	m := &memory{err: errors.New("disk")}
	_, err := newWitness(t, m).Add(t.Context(), newHistory(t).grow(2, "entry").request(0, 2))
	if !errors.Is(err, m.err) {
		t.Error(err)
	}
	answer := httptest.NewRecorder()
	body := newHistory(t).grow(2, "entry").request(0, 2).Format()
	newWitness(t, m).Handler().ServeHTTP(answer, httptest.NewRequest("POST", path, strings.NewReader(string(body))))
	if answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "disk") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// TestRace is the one that tlog-witness warns of: both requests are checked
// before one of them is remembered.
func TestRace(t *testing.T) {
	m := new(memory)
	w := newWitness(t, m)
	h := newHistory(t).grow(20, "entry")
	mustAdd(t, w, h.request(0, 5))
	m.before = func() { mustAdd(t, w, h.request(5, 20)) }
	refusedWith(t, w, h.request(5, 10), &SizeError{20})
	if latest, _, _ := m.Latest(t.Context(), origin); latest.Size != 20 {
		t.Errorf("rolled back to %d", latest.Size)
	}
}

// TestManyAtOnce: of two histories that many submit at once, one is cosigned.
func TestManyAtOnce(t *testing.T) {
	m := new(memory)
	w := newWitness(t, m)
	var cosigned [2]int
	var mu sync.Mutex
	var running sync.WaitGroup
	for i := range 40 {
		r := newHistory(t).grow(4, "entry").grow(1+i/2, [2]string{"one", "other"}[i%2]).request(0, int64(5+i/2))
		running.Go(func() {
			if _, err := w.Add(context.Background(), r); err == nil {
				mu.Lock()
				cosigned[i%2]++
				mu.Unlock()
			}
		})
	}
	running.Wait()
	if cosigned[0]+cosigned[1] != 1 {
		t.Errorf("cosigned on top of nothing: %v", cosigned)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []Config{
		{Name: "", Key: keySigner("w")},
		{Name: "a b", Key: keySigner("w")},
		{Name: "w", Key: keySigner("w"), Logs: []string{""}},
		{Name: "w", Key: keySigner("w"), Logs: []string{"a+b+c"}},
		{Name: "w", Key: keySigner("w"), Logs: []string{cosignerKey(t, "w", "w")}},
	} {
		if _, err := New(t.Context(), c); !errors.Is(err, audit.ErrKey) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestSecondKey: a log that changes its key is known by both.
func TestSecondKey(t *testing.T) {
	w := newWitness(t, new(memory))
	w.logs[origin] = append(w.logs[origin], vkeyOf(t, origin, "new key"))
	h := newHistory(t).grow(10, "entry")
	mustAdd(t, w, h.request(0, 5))
	h.key = "new key"
	mustAdd(t, w, h.request(5, 10))
}
