//go:build bench

package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
)

// longestLedger is how many entries the longest ledger has that is verified.
// TANDEM_BENCH_ENTRIES makes it shorter: ten million take 6 GB of the cache, and
// some minutes, once.
func longestLedger(t *testing.T) int64 {
	t.Helper()
	text := os.Getenv("TANDEM_BENCH_ENTRIES")
	if text == "" {
		return 10_000_000
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		t.Fatalf("TANDEM_BENCH_ENTRIES=%q: must be a number of entries", text)
	}
	return n
}

// writtenAs is the beginning of the names of written ledgers in the cache. Its
// number is raised when those of an earlier run are of no use any more.
const writtenAs = "written-3-"

// written gives the folder of a database whose ledger has at least that many
// entries. They are what the routine leads to, decided by the rules, checked and
// encoded as ever, but without a desk: nobody types a code, and thousands are
// written in each transaction. It is made once and kept.
func written(t *testing.T, entries int64) string {
	t.Helper()
	folder := filepath.Join(cache(t), fmt.Sprint(writtenAs, entries))
	if isKept(t, folder) {
		return folder
	}
	t.Logf("writing a ledger of %d entries in %s: once", entries, folder)
	dir, start := onDisk(t), time.Now()
	db, err := store.Open(t.Context(), databaseIn(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	size, root, err := writeLedger(t.Context(), db, entries)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	key := newMemoryKey(t)
	checkpoint, err := audit.SignCheckpoint(t.Context(), origin, size, root, key)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := audit.VerifierKey(origin, key.private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{checkpointFile: checkpoint.Text, verifierFile: []byte(verifier)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(dir, folder); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d entries written in %s", size, time.Since(start).Round(time.Second))
	return folder
}

// memoryKey signs checkpoints.
type memoryKey struct{ private ed25519.PrivateKey }

func newMemoryKey(t *testing.T) memoryKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return memoryKey{private}
}

func (k memoryKey) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return k.private.Public().(ed25519.PublicKey), nil
}

func (k memoryKey) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(k.private, message), nil
}

// batch is what one transaction writes.
type batch struct {
	state   *custody.State // a fork with what changed
	entries []desk.Appended
	nodes   []audit.Node
	root    audit.Hash
	mark    string // as long as a desk's: who has no key, as a verifier, looks at its place only
}

// ofBatch is how many entries a transaction has at least.
const ofBatch = 4096

// writeLedger writes while the next entries are being made.
func writeLedger(ctx context.Context, db *store.Store, entries int64) (size int64, root audit.Hash, err error) {
	batches, made := make(chan *batch, 2), make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	author := &author{ctx: ctx, to: batches, state: custody.NewState(), now: time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)}
	go func() {
		defer close(batches)
		made <- author.work(entries)
	}()
	for b := range batches {
		err = db.Write(ctx, func(tx desk.Tx) error {
			if err := tx.Append(b.entries, b.nodes, b.root, b.mark); err != nil {
				return err
			}
			return tx.Save(b.state)
		})
		if err != nil {
			cancel()
			break
		}
	}
	err = errors.Join(err, <-made)
	return author.tree.Size(), author.root, err
}

// author makes entries, one batch after the other.
type author struct {
	ctx   context.Context
	to    chan<- *batch
	state *custody.State
	tree  audit.Frontier
	root  audit.Hash
	now   time.Time
	batch *batch // the one that is open
}

// work opens an office and has every pair go through the same round again and
// again: see routine.
func (a *author) work(entries int64) error {
	a.begin()
	if err := a.do(custody.System, custody.AdoptPolicy{Values: custody.DefaultPolicy()}); err != nil {
		return err
	}
	for i := range routinePairs {
		server, first, second := serverOf(i)
		for _, person := range []string{first, second} {
			add := custody.AddPerson{Username: person, Name: "Technician " + person, Roles: []custody.Role{custody.Technician}, TOTPPeriod: routinePeriod}
			if err := errors.Join(a.do(custody.System, add), a.confirmed(person, custody.SignIn{Session: fmt.Sprintf("%064x", a.tree.Size()), Until: a.now.Add(12 * time.Hour)})); err != nil {
				return err
			}
		}
		add := custody.AddCredential{Name: server, Primary: first, Backup: second,
			Target: desktest.Identified(custody.Target{Kind: "ssh", Address: server + ".bench.example:22", Account: "root"})}
		if err := errors.Join(a.do(custody.System, add), a.rotated(server)); err != nil {
			return err
		}
	}
	for a.tree.Size() < entries {
		for i := range routinePairs {
			if err := a.round(serverOf(i)); err != nil {
				return err
			}
		}
	}
	return a.send()
}

func serverOf(pair int) (server, first, second string) {
	return fmt.Sprintf("server-%03d", pair), fmt.Sprintf("tech-%03d-a", pair), fmt.Sprintf("tech-%03d-b", pair)
}

func (a *author) round(server, first, second string) error {
	offer := custody.Offer{Credentials: []string{server}, Reason: desk.NewNote("at the dentist's")}
	return errors.Join(
		a.confirmed(first, custody.CheckOut{Credential: server, Purpose: desk.NewNote("ticket 4711: the queue is stuck")}),
		a.confirmed(second, custody.CheckOut{Credential: server, Purpose: desk.NewNote("ticket 4712: the disk is full")}), // refused
		a.do(first, custody.CheckIn{Credential: server}),
		a.confirmed(first, offer), a.do(first, custody.Cancel{Handover: a.lastHandover()}),
		a.confirmed(first, offer), a.confirmed(second, custody.Accept{Handover: a.lastHandover()}),
		a.confirmed(first, custody.GiveBack{Handover: a.lastHandover()}), a.rotated(server),
	)
}

// rotated reports that the password was changed.
func (a *author) rotated(server string) error {
	c, _ := a.batch.state.Credential(server)
	var errs []error
	for _, report := range desktest.Reports(server, c.Rotation.Number, c.Version+1) {
		errs = append(errs, a.do(custody.System, report))
	}
	return errors.Join(errs...)
}

func (a *author) lastHandover() string { return fmt.Sprintf("handover-%d", a.batch.state.Handovers) }

// confirmed has somebody do something with a fresh code: everybody waits for it.
func (a *author) confirmed(actor string, action custody.Action) error {
	a.now = a.now.Add(routinePeriod * time.Second)
	p, _ := a.batch.state.Person(actor)
	proof := custody.Proof{Given: true, Steps: []int64{totp.Step(routinePeriod, a.now)}, Enrolment: p.Number}
	return a.decide(custody.Command{Actor: actor, Action: action, Proof: proof})
}

func (a *author) do(actor string, action custody.Action) error {
	return a.decide(custody.Command{Actor: actor, Action: action})
}

// decide enters what a command leads to, a refusal too, and sends the batch when
// it is full.
func (a *author) decide(c custody.Command) error {
	c.Request = rand.Text()
	state := a.batch.state
	acted := state.LetTimeAct(a.now)
	for _, event := range acted {
		if err := a.enter(event); err != nil {
			return err
		}
	}
	if len(acted) > 0 {
		state.Reschedule()
	}
	events, err := custody.Decide(state, c, a.now)
	if refusal, ok := errors.AsType[*custody.Refusal](err); ok {
		events = custody.Refused(state, c, refusal, a.now)
	} else if err != nil {
		return err
	}
	for _, event := range events {
		if err := a.enter(event); err != nil {
			return err
		}
	}
	if len(a.batch.entries) < ofBatch {
		return nil
	}
	return a.send()
}

func (a *author) enter(event custody.Event) error {
	if err := custody.Replay(a.batch.state, event); err != nil {
		return err
	}
	record, err := event.Encode()
	if err != nil {
		return err
	}
	index := a.tree.Size()
	nodes, err := a.tree.Append(record)
	a.batch.entries = append(a.batch.entries, desk.Appended{Index: index, Event: event, Record: record})
	a.batch.nodes = append(a.batch.nodes, nodes...)
	return err
}

func (a *author) begin() { a.batch = &batch{state: a.state.Fork()} }

// send gives the batch away and begins the next one.
func (a *author) send() error {
	if len(a.batch.entries) == 0 {
		return nil
	}
	b := audit.Batch{From: a.batch.entries[0].Index, FromRoot: a.root, Size: a.tree.Size()}
	var err error
	if a.root, err = a.tree.Root(); err != nil {
		return err
	}
	b.Root, a.batch.root = a.root, a.root
	sum := sha256.Sum256(b.Text(origin))
	a.batch.mark = "bench." + hex.EncodeToString(sum[:])
	select {
	case a.to <- a.batch:
	case <-a.ctx.Done():
		return a.ctx.Err()
	}
	a.state.Merge(a.batch.state)
	a.begin()
	return nil
}
