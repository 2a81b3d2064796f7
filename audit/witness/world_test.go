package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
)

const (
	origin      = "tandem.example/ledger"
	witnessName = "witness.example"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

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

func vkeyOf(t testing.TB, origin string, s keySigner) string {
	t.Helper()
	public, _ := s.PublicKey(t.Context())
	vkey, err := audit.VerifierKey(origin, public)
	if err != nil {
		t.Fatal(err)
	}
	return vkey
}

func cosignerKey(t testing.TB, name string, s keySigner) string {
	t.Helper()
	public, _ := s.PublicKey(t.Context())
	vkey, err := audit.CosignerKey(name, public)
	if err != nil {
		t.Fatal(err)
	}
	return vkey
}

// history is a log. Two with the same name have the same entries.
type history struct {
	t     testing.TB
	key   keySigner
	nodes []audit.Hash
	tree  audit.Frontier
}

func newHistory(t testing.TB) *history { return &history{t: t, key: "log"} }

// grow adds entries that say text.
func (h *history) grow(n int, text string) *history {
	h.t.Helper()
	for range n {
		nodes, err := h.tree.Append(fmt.Appendf(nil, "%s %d", text, h.tree.Size()))
		if err != nil {
			h.t.Fatal(err)
		}
		for _, node := range nodes {
			h.nodes = append(h.nodes, node.Hash)
		}
	}
	return h
}

func (h *history) ReadHashes(indexes []int64) ([]audit.Hash, error) {
	var hashes []audit.Hash
	for _, i := range indexes {
		if i < 0 || i >= int64(len(h.nodes)) {
			return nil, errors.New("no such node")
		}
		hashes = append(hashes, h.nodes[i])
	}
	return hashes, nil
}

// at is the checkpoint of the first size entries.
func (h *history) at(size int64) audit.Checkpoint {
	h.t.Helper()
	root, err := tlog.TreeHash(size, h)
	if err != nil {
		h.t.Fatal(err)
	}
	c, err := audit.SignCheckpoint(h.t.Context(), origin, size, root, h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// request is an honest one.
func (h *history) request(old, size int64) Request {
	h.t.Helper()
	proof, err := audit.ConsistencyProof(size, old, h)
	if err != nil {
		h.t.Fatal(err)
	}
	return Request{old, proof, h.at(size).Text}
}

// memory is a Store.
type memory struct {
	mu       sync.Mutex
	cosigned []audit.Checkpoint
	evidence []Evidence
	err      error  // of every call
	before   func() // called before Advance
}

func (m *memory) Latest(_ context.Context, origin string) (audit.Checkpoint, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.cosigned) - 1; i >= 0; i-- {
		if m.cosigned[i].Origin == origin {
			return m.cosigned[i], true, m.err
		}
	}
	return audit.Checkpoint{}, false, m.err
}

func (m *memory) Cosigned(_ context.Context, origin string, size int64) (audit.Checkpoint, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.cosigned {
		if c.Origin == origin && c.Size == size {
			return c, true, m.err
		}
	}
	return audit.Checkpoint{}, false, m.err
}

func (m *memory) Advance(ctx context.Context, old int64, c audit.Checkpoint, _ time.Time) (bool, error) {
	if before := m.before; before != nil {
		m.before = nil
		before()
	}
	latest, _, err := m.Latest(ctx, c.Origin)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil || latest.Size != old {
		return false, err
	}
	m.cosigned = append(m.cosigned, c)
	return true, nil
}

func (m *memory) Keep(_ context.Context, e Evidence) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, kept := range m.evidence {
		if bytes.Equal(kept.Refused, e.Refused) && bytes.Equal(kept.Cosigned, e.Cosigned) {
			return m.err
		}
	}
	m.evidence = append(m.evidence, e)
	return m.err
}

// newWitness knows the log of newHistory.
func newWitness(t testing.TB, store Store) *Witness {
	t.Helper()
	w, err := New(t.Context(), Config{
		Name: witnessName, Key: keySigner("witness"), Logs: []string{vkeyOf(t, origin, "log")},
		Store: store, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// mustAdd adds what is to be cosigned.
func mustAdd(t testing.TB, w *Witness, r Request) audit.Cosignature {
	t.Helper()
	made, err := w.Add(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
