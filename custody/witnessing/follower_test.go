package witnessing

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
)

func say(status int, answer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
}

func states(s Status) (states []State) {
	for _, w := range s.Witnesses {
		states = append(states, w.State)
	}
	return states
}

// TestWitnessed: 2 of 3 make a checkpoint witnessed, and the text proves it.
func TestWitnessed(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	ws := []*running{startWitness(t, "w1"), startWitness(t, "w2"), startWitness(t, "w3")}
	ws[2].set(say(403, "no"))
	store := new(kept)
	c := Config{Ledger: l, Store: store, Need: 2, Witnesses: []Place{ws[0].Place, ws[1].Place, ws[2].Place}}
	f, _ := started(t, c)
	eventually(t, f, "two cosign, one refuses", func(s Status) bool {
		return s.Witnessed == 10 && slices.Equal(states(s), []State{Cosigning, Cosigning, Refusing}) && len(s.By) == 2
	})
	l.grow(300, "entry")
	eventually(t, f, "the head moves", func(s Status) bool { return s.Witnessed == 310 && s.Head == 310 })
	ws[2].set(nil)
	eventually(t, f, "the third cosigns too", func(s Status) bool {
		return len(s.By) == 3 && s.Alert() == nil && s.Witnesses[2].Size == 310 && !s.Witnesses[2].Cosigned.IsZero()
	})

	witnessed, found := f.Witnessed()
	if !found {
		t.Fatal("not witnessed")
	}
	opened, err := audit.OpenCheckpoint(witnessed.Text, logKey(t))
	if err != nil {
		t.Fatal(err)
	}
	all := audit.Quorum{Need: 3, Keys: []string{ws[0].Key, ws[1].Key, ws[2].Key}}
	if made, err := all.Check(opened); err != nil || len(made) != 3 {
		t.Fatal(made, err)
	}

	// Another process knows at its start what was cosigned before.
	again, _ := newFollower(t, c)
	if s := again.Status(); s.Witnessed != 310 || len(s.By) != 3 {
		t.Errorf("%+v", s)
	}
}

// TestWitnessedIsRememberedHoweverFarBack: one of two witnesses is away for longer
// than anything is kept in mind; a restart still knows what both had cosigned.
func TestWitnessedIsRememberedHoweverFarBack(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	ws := []*running{startWitness(t, "w1"), startWitness(t, "w2")}
	c := Config{Ledger: l, Store: new(kept), Need: 2, Witnesses: []Place{ws[0].Place, ws[1].Place}}
	f, _ := started(t, c)
	eventually(t, f, "both cosign", func(s Status) bool { return s.Witnessed == 10 })
	ws[1].set(say(403, "no"))
	for size := int64(11); size < 11+maxRecent+recallPage; size++ {
		l.grow(1, "entry")
		eventually(t, f, "one cosigns", func(s Status) bool { return s.Witnesses[0].Size == size })
	}
	again, _ := newFollower(t, c)
	if s := again.Status(); s.Witnessed != 10 {
		t.Errorf("after a restart %d entries are witnessed, want 10", s.Witnessed)
	}
}

// TestNotEnough: one cosignature is none when two are needed.
func TestNotEnough(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	good, bad := startWitness(t, "w1"), startWitness(t, "w2")
	bad.set(say(500, ""))
	f, _ := started(t, Config{Ledger: l, Need: 2, Witnesses: []Place{good.Place, bad.Place}})
	eventually(t, f, "one cosigns, one is lost", func(s Status) bool {
		return slices.Equal(states(s), []State{Cosigning, Lost})
	})
	if s := f.Status(); s.Witnessed != 0 || len(s.By) != 0 || s.Alert() == nil {
		t.Errorf("%+v", s)
	}
	if _, found := f.Witnessed(); found {
		t.Error("witnessed")
	}
}

// TestAlerts: what a witness can do wrong, how it is called, that it is told once,
// and that it passes.
func TestAlerts(t *testing.T) {
	for name, c := range map[string]struct {
		misbehave http.Handler
		state     State
	}{
		"fault":         {say(500, ""), Lost},
		"hang up":       {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), Lost},
		"unknown":       {say(404, ""), Refusing},
		"key unknown":   {say(403, ""), Refusing},
		"garbage":       {say(200, "hello"), Refusing},
		"contradiction": {say(409, ""), Conflict},
		"unproved":      {say(422, ""), Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLedger(t).grow(10, "entry")
			w := startWitness(t, "w1")
			f, log := started(t, Config{Ledger: l, Need: 1, Witnesses: []Place{w.Place}})
			eventually(t, f, "cosigns", func(s Status) bool { return s.Witnesses[0].State == Cosigning && s.Alert() == nil })
			w.set(c.misbehave)
			eventually(t, f, string(c.state), func(s Status) bool {
				return s.Witnesses[0].State == c.state && s.Alert() != nil && s.Witnesses[0].Reason != ""
			})
			if s := f.Status(); s.Witnessed != 10 {
				t.Errorf("what was witnessed is not any more: %+v", s)
			}
			w.set(nil)
			eventually(t, f, "cosigns again", func(s Status) bool { return s.Witnesses[0].State == Cosigning && s.Alert() == nil })
			if n := strings.Count(log.String(), "state="+string(c.state)); n != 1 {
				t.Errorf("told %d times:\n%s", n, log)
			}
			if special := strings.Contains(log.String(), "grade=special"); special != (c.state == Conflict) {
				t.Errorf("graded wrong:\n%s", log)
			}
		})
	}
}

// TestHanging: a witness that does not answer is slow at first, then lost, and
// the other one cosigns meanwhile.
func TestHanging(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	good, hung := startWitness(t, "w1"), startWitness(t, "w2")
	release, asked := make(chan struct{}), make(chan struct{}, 1)
	hung.set(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body) // or the server does not see that the client is gone
		select {
		case asked <- struct{}{}:
		default: // it was asked before
		}
		select {
		case <-q.Context().Done():
		case <-release:
		}
	}))
	var mu sync.Mutex
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	f, _ := started(t, Config{Ledger: l, Need: 1, Witnesses: []Place{good.Place, hung.Place}, Now: clock})
	eventually(t, f, "the good one cosigns", func(s Status) bool { return s.Witnessed == 10 })
	if s := f.Status(); s.Witnesses[1].State != Waiting {
		t.Errorf("%+v", s)
	}
	select {
	case <-asked:
	case <-time.After(patience):
		t.Fatal("the one that hangs is never asked")
	}
	mu.Lock()
	now = now.Add(time.Hour)
	mu.Unlock()
	if s := f.Status(); s.Witnesses[1].State != Slow || s.Alert() == nil {
		t.Errorf("not slow: %+v", s)
	}
	for size := int64(11); size < 14; size++ {
		l.grow(1, "entry")
		eventually(t, f, "the good one goes on", func(s Status) bool { return s.Witnessed == size })
	}
	close(release) // it hangs up without an answer: garbage
	hung.set(nil)
	eventually(t, f, "both cosign", func(s Status) bool { return s.Witnesses[1].Size == 13 })
}

// TestTimeout: in the end it is lost.
func TestTimeout(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	hung := startWitness(t, "w1")
	hung.set(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		<-q.Context().Done()
	}))
	f, _ := started(t, Config{Ledger: l, Need: 1, Witnesses: []Place{hung.Place}, Timeout: 20 * time.Millisecond})
	eventually(t, f, "lost", func(s Status) bool { return s.Witnesses[0].State == Lost })
}

// TestRollback and TestFork: the ledger is changed behind the follower's back, as
// by a database that was restored. The witness has the evidence.
func TestRollback(t *testing.T) {
	l := newLedger(t).grow(20, "entry")
	w := startWitness(t, "w1")
	store := new(kept)
	f, log := started(t, Config{Ledger: l, Store: store, Need: 1, Witnesses: []Place{w.Place}})
	eventually(t, f, "cosigns", func(s Status) bool { return s.Witnessed == 20 })
	l.become(newLedger(t).grow(10, "entry").grow(5, "other"))
	eventually(t, f, "rolled back", func(s Status) bool { return s.Witnesses[0].State == Conflict })
	if kinds := w.kinds(); !slices.Contains(kinds, witness.Rollback) {
		t.Error(kinds)
	}
	// Growing on does not heal it.
	l.grow(15, "other")
	eventually(t, f, "no proof", func(s Status) bool { return slices.Contains(w.kinds(), witness.Unproved) })
	if s := f.Status(); s.Witnesses[0].State != Conflict || !strings.Contains(log.String(), "grade=special") {
		t.Errorf("%+v\n%s", s, log)
	}
}

func TestFork(t *testing.T) {
	l := newLedger(t).grow(20, "entry")
	w := startWitness(t, "w1")
	f, _ := started(t, Config{Ledger: l, Need: 1, Witnesses: []Place{w.Place}})
	eventually(t, f, "cosigns", func(s Status) bool { return s.Witnessed == 20 })
	l.become(newLedger(t).grow(20, "other"))
	eventually(t, f, "forked", func(s Status) bool { return s.Witnesses[0].State == Conflict })
	if kinds := w.kinds(); !slices.Contains(kinds, witness.Fork) {
		t.Error(kinds)
	}
}

// TestConflictIsReported: once, with what the witness has said, as soon as the
// report can be taken, and again only after the witness has cosigned again.
func TestConflictIsReported(t *testing.T) {
	l := newLedger(t).grow(20, "entry")
	w := startWitness(t, "w1")
	var reports []ConflictReport
	fail := errors.New("the database is away")
	f, log := newFollower(t, Config{Ledger: l, Need: 1, Witnesses: []Place{w.Place}, Report: func(_ context.Context, r ConflictReport) error {
		reports = append(reports, r)
		return fail
	}})
	round := func(n int) {
		for range n {
			var running sync.WaitGroup
			f.round(t.Context(), &running)
			running.Wait()
		}
	}
	round(1)
	good := newLedger(t).grow(20, "entry")
	l.become(newLedger(t).grow(10, "entry").grow(5, "other"))
	round(3) // the first is not taken for a conflict yet
	if want := (ConflictReport{w.Place, "w1", 15, 20}); len(reports) != 2 || reports[0] != want || reports[1] != want {
		t.Fatalf("%+v\n%s", reports, log)
	}
	fail = nil
	round(1)
	l.grow(10, "other")
	round(3)
	if len(reports) != 3 {
		t.Fatalf("%+v\n%s", reports, log)
	}
	l.become(good)
	round(1)
	l.become(newLedger(t).grow(25, "other"))
	round(2)
	if want := (ConflictReport{w.Place, "w1", 25, 20}); len(reports) != 4 || reports[3] != want {
		t.Errorf("%+v\n%s", reports, log)
	}
}

// TestBehindAnotherReplica is no conflict: the witness has a longer checkpoint of
// the same ledger, which this process is about to see.
func TestBehindAnotherReplica(t *testing.T) {
	l, full := newLedger(t).grow(10, "entry"), newLedger(t).grow(20, "entry")
	w := startWitness(t, "w1")
	ahead, _ := newFollower(t, Config{Ledger: full, Need: 1, Witnesses: []Place{w.Place}})
	behind, log := newFollower(t, Config{Ledger: l, Need: 1, Witnesses: []Place{w.Place}})
	var rounds sync.WaitGroup
	for _, f := range []*Follower{ahead, behind} {
		f.round(t.Context(), &rounds)
		rounds.Wait()
	}
	if s := behind.Status(); s.Witnesses[0].State != Waiting {
		t.Errorf("%+v", s)
	}
	l.become(full)
	behind.round(t.Context(), &rounds)
	rounds.Wait()
	if s := behind.Status(); s.Witnesses[0].State != Cosigning || strings.Contains(log.String(), "special") {
		t.Errorf("%+v\n%s", s, log)
	}
}

// TestLedgerFails: without a checkpoint nothing is sent, and it is told once.
func TestLedgerFails(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	w := startWitness(t, "w1")
	l.fail(errors.New("sealed"))
	f, log := started(t, Config{Ledger: l, Need: 1, Witnesses: []Place{w.Place}})
	eventually(t, f, "trouble", func(s Status) bool { return s.Trouble == "sealed" && s.Alert() != nil })
	l.fail(nil)
	eventually(t, f, "cosigns", func(s Status) bool { return s.Witnessed == 10 && s.Alert() == nil })
	if n := strings.Count(log.String(), "sealed"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestStoreFails: a cosignature that cannot be kept still counts, until the next
// start.
func TestStoreFails(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	w := startWitness(t, "w1")
	store := new(kept)
	f, _ := newFollower(t, Config{Ledger: l, Store: store, Need: 1, Witnesses: []Place{w.Place}})
	store.err = errors.New("disk")
	var rounds sync.WaitGroup
	f.round(t.Context(), &rounds)
	rounds.Wait()
	if s := f.Status(); s.Witnessed != 10 {
		t.Errorf("%+v", s)
	}
	if _, err := Open(t.Context(), f.Config); !errors.Is(err, store.err) {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	key := startWitness(t, "w1").Place.Key
	for name, c := range map[string]Config{
		"no URL":            {Witnesses: []Place{{"", key}}},
		"no key":            {Witnesses: []Place{{"http://w1.example", ""}}},
		"the log's key":     {Witnesses: []Place{{"http://w1.example", logKey(t)}}},
		"twice":             {Witnesses: []Place{{"http://w1.example", key}, {"http://w2.example", key}}},
		"more than are":     {Need: 2, Witnesses: []Place{{"http://w1.example", key}}},
		"less than nothing": {Need: -1},
	} {
		c.Store = new(kept)
		if _, err := Open(t.Context(), c); err == nil {
			t.Error(name)
		}
	}
}

func TestMetrics(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	w := startWitness(t, "w1")
	f, _ := newFollower(t, Config{Ledger: l, Need: 1, Witnesses: []Place{w.Place}, Deliveries: []Delivery{{To: File("/x")}, {To: File("/x")}}})
	var rounds sync.WaitGroup
	f.round(t.Context(), &rounds)
	rounds.Wait()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(f)
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`tandem_checkpoint_undelivered{to="file /x"} 0`,
		`tandem_ledger_head_entries 10`,
		`tandem_ledger_witnessed_entries 10`,
		`tandem_witness_cosigned_entries{witness="w1"} 10`,
		`tandem_witness_state{state="conflict",witness="w1"} 0`,
		`tandem_witness_state{state="cosigning",witness="w1"} 1`,
	} {
		if !strings.Contains(answer.Body.String(), "\n"+want+"\n") {
			t.Errorf("%s is not in\n%s", want, answer.Body)
		}
	}
}
