package witnessing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
	"github.com/tandem-custody/tandem/custody/follow"
)

// Ledger is what is witnessed.
type Ledger interface {
	// Checkpoint gives the head, signed, and checked with the ledger's key.
	Checkpoint(ctx context.Context) (audit.Checkpoint, error)
	// Follow gives a channel that is closed when the head moves.
	Follow() <-chan struct{}
}

// Store keeps what the witnesses said.
type Store interface {
	// AddCosignature keeps a cosignature of a checkpoint. The first one of each
	// witness stays; another is no error.
	AddCosignature(ctx context.Context, c audit.Checkpoint, made audit.Cosignature) error

	// Cosigned gives the checkpoints that anybody has cosigned, each with the
	// cosignatures in its text: at most limit of them, the greatest first, below
	// the size before (0: any).
	Cosigned(ctx context.Context, before int64, limit int) ([]audit.Checkpoint, error)
}

// Place is where a witness is.
type Place struct {
	URL string // its submission prefix
	Key string // its verifier key
}

// Config is what a Follower works with. The times have defaults.
type Config struct {
	Ledger    Ledger
	Nodes     func(ctx context.Context) tlog.HashReader // of the ledger's tree
	Store     Store
	Witnesses []Place
	Need      int // so many of them make a checkpoint witnessed

	// Report is told of each conflict, and again later if it cannot take it
	// now. nil: nobody is.
	Report func(context.Context, ConflictReport) error

	Transport http.RoundTripper
	Now       func() time.Time
	Log       *slog.Logger

	Every   time.Duration // a round, also when the head does not move; 1 min
	Settle  time.Duration // from a move of the head to the round; 5 s
	Slow    time.Duration // an answer that takes longer is slow; 5 s
	Timeout time.Duration // after this a witness is lost; 1 min

	Deliveries []Delivery
	Places     follow.Places // of the deliveries
	Owner      string        // of the leases under which one process at a time delivers
	Retry      time.Duration // the first pause after a delivery that failed; 1 min
}

// maxRecent is how many checkpoints are remembered that wait for cosignatures.
const maxRecent = 16

// Follower sends checkpoints out. It is safe for use by several goroutines.
type Follower struct {
	Config
	quorum    audit.Quorum
	witnesses []*submitter

	mu         sync.Mutex
	head       audit.Checkpoint
	trouble    error              // why there is no newer head
	recent     []audit.Checkpoint // with cosignatures; greatest size last
	witnessed  audit.Checkpoint   // the greatest one with enough of them; no text if none
	deliveries []DeliveryStatus
}

// Open makes a follower of a ledger that has perhaps been followed before. The
// errors are audit.ErrKey, one about a URL, and those of the store.
func Open(ctx context.Context, c Config) (*Follower, error) {
	c.Every = cmp.Or(c.Every, time.Minute)
	c.Settle = cmp.Or(c.Settle, 5*time.Second)
	c.Slow = cmp.Or(c.Slow, 5*time.Second)
	c.Timeout = cmp.Or(c.Timeout, time.Minute)
	c.Retry = cmp.Or(c.Retry, time.Minute)
	f := &Follower{Config: c, quorum: audit.Quorum{Need: c.Need}}
	for _, place := range c.Witnesses {
		client, err := witness.NewClient(place.URL, place.Key, c.Transport)
		if err != nil {
			return nil, err
		}
		f.quorum.Keys = append(f.quorum.Keys, place.Key)
		f.witnesses = append(f.witnesses, newSubmitter(place, client))
	}
	if err := f.quorum.Validate(); err != nil {
		return nil, err
	}
	for _, d := range c.Deliveries {
		f.deliveries = append(f.deliveries, DeliveryStatus{To: d.To.String()})
	}
	if err := f.recall(ctx); err != nil {
		return nil, fmt.Errorf("witnessing: what was cosigned before: %w", err)
	}
	return f, nil
}

// recall finds what was cosigned before: the recent ones, and further back the
// greatest that enough witnesses know, which one of them that has been away for long
// may have left behind.
func (f *Follower) recall(ctx context.Context) error {
	before, err := f.Store.Cosigned(ctx, 0, maxRecent)
	for i := len(before) - 1; i >= 0; i-- {
		f.recent = append(f.recent, before[i])
		f.settle(before[i])
	}
	for err == nil && len(before) > 0 && len(f.quorum.Keys) > 0 && f.witnessed.Text == nil {
		before, err = f.Store.Cosigned(ctx, before[len(before)-1].Size, recallPage)
		for _, c := range before { // the greatest first
			if f.settle(c); f.witnessed.Text != nil {
				break
			}
		}
	}
	return err
}

// recallPage is how many older ones are read at a time.
const recallPage = 100

// Run sends checkpoints out until ctx ends, and returns when nothing that it
// began goes on any more.
func (f *Follower) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for i, d := range f.Deliveries {
		running.Go(func() { f.deliver(ctx, i, d) })
	}
	// Without a lease: a witness that two processes ask answers both, and each knows
	// then what it has said.
	follow.New(follow.Config{
		Name: "witnesses", Follow: f.Ledger.Follow, Now: time.Now, Log: f.Log, Settle: f.Settle, MaxPause: f.Every,
	}).Run(ctx, func(ctx context.Context, _ follow.Place) (time.Time, error) {
		f.round(ctx, &running)
		return time.Time{}, nil
	})
	return nil
}

// round takes the head and has it sent to every witness that is not busy.
func (f *Follower) round(ctx context.Context, running *sync.WaitGroup) {
	if len(f.witnesses) == 0 {
		return
	}
	head, err := f.takeHead(ctx)
	if err != nil {
		return
	}
	for _, s := range f.witnesses {
		if s.begin(f.Now()) {
			running.Go(func() { f.submit(ctx, s, head) })
		}
	}
}

// takeHead gives the signed head.
func (f *Follower) takeHead(ctx context.Context) (audit.Checkpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	head, err := f.Ledger.Checkpoint(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if f.trouble == nil && !errors.Is(err, context.Canceled) {
			f.Log.WarnContext(ctx, "no checkpoint of the ledger to send out", "error", err)
		}
		f.trouble = err
		return head, err
	}
	f.trouble = nil
	if f.head.Text == nil || head.Size > f.head.Size {
		f.head = head
	}
	return head, nil
}

func (f *Follower) submit(ctx context.Context, s *submitter, head audit.Checkpoint) {
	defer s.busy.Store(false)
	within, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	made, err := s.client.Submit(within, head, f.Nodes(within))
	if ctx.Err() != nil && err != nil {
		return // the end, which says nothing about the witness
	}
	if err == nil {
		f.keep(within, head, made)
	}
	s.end(ctx, f, head, made, err)
	if conflict, found := s.toReport(head); found && f.Report != nil {
		if err := f.Report(within, conflict); err != nil {
			f.Log.WarnContext(ctx, "cannot report a conflict yet", "witness", s.name, "error", err)
			return
		}
		s.wasReported()
	}
}

// keep keeps a cosignature. When the store cannot, it still counts until the next
// start.
func (f *Follower) keep(ctx context.Context, c audit.Checkpoint, made audit.Cosignature) {
	if err := f.Store.AddCosignature(ctx, c, made); err != nil {
		f.Log.WarnContext(ctx, "cannot keep a cosignature", "witness", made.Name(), "size", c.Size, "error", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at, found := slices.BinarySearchFunc(f.recent, c.Size, func(had audit.Checkpoint, size int64) int {
		return cmp.Compare(had.Size, size)
	})
	if !found {
		f.recent = slices.Insert(f.recent, at, c)
	}
	// A witness that cosigns again, at a later time, is there already.
	if had, err := f.recent[at].Cosignatures(made.Key); err == nil && len(had) == 0 {
		f.recent[at].Text = f.recent[at].With(made)
	}
	f.settle(f.recent[at])
	if len(f.recent) > maxRecent {
		f.recent = f.recent[len(f.recent)-maxRecent:]
	}
}

// settle sees whether a checkpoint is witnessed.
func (f *Follower) settle(c audit.Checkpoint) {
	if len(f.quorum.Keys) == 0 || f.witnessed.Text != nil && c.Size < f.witnessed.Size {
		return
	}
	if _, err := f.quorum.Check(c); err == nil {
		f.witnessed = c
	}
}

// Witnessed gives the greatest checkpoint that enough witnesses have cosigned,
// with their cosignatures in its text.
func (f *Follower) Witnessed() (c audit.Checkpoint, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.witnessed, f.witnessed.Text != nil
}
