package witnessing

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/follow/followtest"
)

const origin = "tandem.example/ledger"

// keySigner is a signer whose key is made from a word.
type keySigner string

func (s keySigner) private() ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, s)
	return ed25519.NewKeyFromSeed(seed)
}

func (s keySigner) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return s.private().Public().(ed25519.PublicKey), nil
}

func (s keySigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(s.private(), message), ctx.Err()
}

func logKey(t testing.TB) string {
	t.Helper()
	public, _ := keySigner("log").PublicKey(t.Context())
	vkey, err := audit.VerifierKey(origin, public)
	if err != nil {
		t.Fatal(err)
	}
	return vkey
}

// ledger is a Ledger in memory.
type ledger struct {
	t     testing.TB
	mu    sync.Mutex
	tree  *audit.Frontier
	nodes []audit.Hash
	moved chan struct{}
	err   error
}

func newLedger(t testing.TB) *ledger {
	return &ledger{t: t, tree: new(audit.Frontier), moved: make(chan struct{})}
}

func (l *ledger) grow(n int, text string) *ledger {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		nodes, err := l.tree.Append(fmt.Appendf(nil, "%s %d", text, l.tree.Size()))
		if err != nil {
			l.t.Fatal(err)
		}
		for _, node := range nodes {
			l.nodes = append(l.nodes, node.Hash)
		}
	}
	close(l.moved)
	l.moved = make(chan struct{})
	return l
}

// become makes another history of it, in place.
func (l *ledger) become(other *ledger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tree, l.nodes = other.tree, other.nodes
}

func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *ledger) Follow() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.moved
}

func (l *ledger) Checkpoint(ctx context.Context) (audit.Checkpoint, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return audit.Checkpoint{}, l.err
	}
	root, err := l.tree.Root()
	if err != nil {
		return audit.Checkpoint{}, err
	}
	return audit.SignCheckpoint(ctx, origin, l.tree.Size(), root, keySigner("log"))
}

func (l *ledger) hashes(context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]audit.Hash, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		var hashes []audit.Hash
		for _, i := range indexes {
			if i >= int64(len(l.nodes)) {
				return nil, errors.New("no such node")
			}
			hashes = append(hashes, l.nodes[i])
		}
		return hashes, nil
	})
}

// kept is a Store in memory.
type kept struct {
	mu  sync.Mutex
	all []audit.Checkpoint
	err error
}

func (k *kept) AddCosignature(_ context.Context, c audit.Checkpoint, made audit.Cosignature) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return k.err
	}
	at := slices.IndexFunc(k.all, func(had audit.Checkpoint) bool { return had.Size == c.Size })
	if at < 0 {
		k.all = append(k.all, c)
		slices.SortFunc(k.all, func(a, b audit.Checkpoint) int { return cmp.Compare(b.Size, a.Size) })
		at = slices.IndexFunc(k.all, func(had audit.Checkpoint) bool { return had.Size == c.Size })
	}
	if had, err := k.all[at].Cosignatures(made.Key); err != nil || len(had) > 0 {
		return err
	}
	k.all[at].Text = k.all[at].With(made)
	return nil
}

func (k *kept) Cosigned(_ context.Context, before int64, limit int) ([]audit.Checkpoint, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var some []audit.Checkpoint
	for _, c := range k.all {
		if (before == 0 || c.Size < before) && len(some) < limit {
			some = append(some, c)
		}
	}
	return some, k.err
}

// running is a real witness that can be made to misbehave.
type running struct {
	Place
	*memory
	mu        sync.Mutex
	misbehave http.Handler
}

func (r *running) set(h http.Handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.misbehave = h
}

func startWitness(t *testing.T, name string) *running {
	t.Helper()
	r := &running{memory: &memory{latest: map[string]audit.Checkpoint{}}}
	w, err := witness.New(t.Context(), witness.Config{
		Name: name, Key: keySigner(name), Logs: []string{logKey(t)}, Store: r.memory, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	good := w.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		h := r.misbehave
		r.mu.Unlock()
		if h == nil {
			h = good
		}
		h.ServeHTTP(out, q)
	}))
	t.Cleanup(server.Close)
	r.Place = Place{server.URL, w.Key()}
	return r
}

// memory is a witness.Store that keeps the latest checkpoint only, and evidence.
type memory struct {
	mu       sync.Mutex
	latest   map[string]audit.Checkpoint
	evidence []witness.Evidence
}

func (m *memory) Latest(_ context.Context, origin string) (audit.Checkpoint, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, found := m.latest[origin]
	return c, found, nil
}

func (m *memory) Cosigned(context.Context, string, int64) (audit.Checkpoint, bool, error) {
	return audit.Checkpoint{}, false, nil
}

func (m *memory) Advance(_ context.Context, old int64, c audit.Checkpoint, _ time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.latest[c.Origin].Size != old {
		return false, nil
	}
	m.latest[c.Origin] = c
	return true, nil
}

func (m *memory) Keep(_ context.Context, e witness.Evidence) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.evidence = append(m.evidence, e)
	return nil
}

func (m *memory) kinds() (kinds []witness.Kind) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.evidence {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// started makes a follower and runs it until the test ends. Rounds come in quick
// succession.
func started(t *testing.T, c Config) (*Follower, *desktest.Log) {
	t.Helper()
	f, log := newFollower(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return f, log
}

func newFollower(t *testing.T, c Config) (*Follower, *desktest.Log) {
	t.Helper()
	log := new(desktest.Log)
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	c.Every, c.Settle = 5*time.Millisecond, time.Millisecond
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Store == nil {
		c.Store = new(kept)
	}
	if c.Places == nil {
		c.Places = new(followtest.Places)
	}
	c.Retry = time.Millisecond
	c.Nodes = c.Ledger.(*ledger).hashes
	f, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return f, log
}

// patience bounds every wait for what other goroutines do.
const patience = 90 * time.Second

// eventually waits until it is so.
func eventually(t *testing.T, f *Follower, what string, is func(Status) bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !is(f.Status()); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("it does not come to pass: %s; %+v", what, f.Status())
		}
	}
}
