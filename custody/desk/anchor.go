package desk

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// anchor is how far the ledger had come, as the secret store keeps it: whoever puts
// an older file in the place of the database cannot put an older anchor beside it.
// It only ever moves forward.
type anchor struct {
	point
	State string `json:"state"` // digest of the custody state there (custody.Image), in hex
	Since point  `json:"since"` // where this secret store met the ledger: what is before is under no seal of its key
}

// point is a place in a ledger.
type point struct {
	Size int64      `json:"size"`
	Root audit.Hash `json:"root"`
}

// anchorage is what a desk knows of the anchor.
type anchorage struct {
	mu      sync.Mutex
	version int64 // in the secret store
	at      anchor
	good    bool // this desk's ledger is the one that the anchor speaks of
}

const (
	anchorEvery   = time.Minute
	anchorTimeout = 5 * time.Second
	replayTells   = 100000 // entries between two lines of the log
)

func (d *Desk) readAnchor(ctx context.Context) (anchor, int64, error) {
	v, err := d.Secrets.Read(ctx, AnchorPath)
	switch {
	case errors.Is(err, ErrNoSecret):
		return anchor{}, 0, fmt.Errorf("%w: there is no anchor at %s", ErrSecretsLost, AnchorPath)
	case err != nil:
		return anchor{}, 0, secretsUnavailable(err)
	}
	var a anchor
	if err := json.Unmarshal(v.Value.Bytes(), &a, json.RejectUnknownMembers(true)); err != nil {
		return anchor{}, 0, fmt.Errorf("%w: what is at %s is no anchor", ErrSecretsLost, AnchorPath)
	}
	return a, v.Version, nil
}

// writeAnchor puts an anchor over the version that is known.
func (d *Desk) writeAnchor(ctx context.Context, a anchor, over int64) (int64, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return 0, err
	}
	return d.Secrets.Write(ctx, AnchorPath, custody.NewSecret(text), over, nil)
}

// hereNow gives where the committed ledger is, and the state there.
func (d *Desk) hereNow() (anchor, error) {
	d.mu.RLock()
	image, frontier := d.state.Image(), d.frontier // neither changes any more
	d.mu.RUnlock()
	digest, err := image.Digest()
	if err != nil {
		return anchor{}, err
	}
	root, err := frontier.Root()
	return anchor{point: point{image.Size, root}, State: hex.EncodeToString(digest[:])}, err
}

// firstAnchor is written where there is none, or one that is nobody's: into a
// secret store without a sentinel, before it gets one. A store that has one has an
// anchor too, and a key.
func (d *Desk) firstAnchor(ctx context.Context) error {
	if err := d.macs.make(ctx, d.Secrets); err != nil {
		return err
	}
	over := int64(0)
	switch v, err := d.Secrets.Read(ctx, AnchorPath); {
	case err == nil:
		over = v.Version
	case !errors.Is(err, ErrNoSecret):
		return err
	}
	first, err := d.hereNow()
	if err != nil {
		return err
	}
	first.Since = first.point
	if _, err = d.writeAnchor(ctx, first, over); errors.Is(err, ErrVersion) {
		return nil // another process was first
	}
	return err
}

// assure looks whether the ledger and the tables that were loaded are those that
// were left, so that nothing is decided, signed or revealed on others. The error is
// an ErrSuspect, or says why it cannot be told now.
func (d *Desk) assure(ctx context.Context) error {
	kept, version, err := d.readAnchor(ctx)
	if err != nil {
		return err
	}
	last, mark, err := d.Store.LastBatch(ctx)
	if err == nil && last.Size > d.entries() { // another process went on since
		if err = d.catchUpNow(ctx); err == nil {
			last, mark, err = d.Store.LastBatch(ctx)
		}
	}
	if errors.Is(err, ErrLedgerSuspect) {
		return d.suspects(err)
	} else if err != nil {
		return err
	}
	here, err := d.hereNow()
	if err != nil {
		return err
	}
	if here.Size < kept.Size {
		return d.suspects(fmt.Errorf("%w: it has %d entries and had %d: it was rolled back", ErrBehindAnchor, here.Size, kept.Size))
	}
	// What the anchor vouches for was looked at when it was written. Anything else
	// has to follow from the entries: after a crash, or under another revision, which
	// may write the digest in another form.
	switch {
	case here.point != kept.point || here.State != kept.State:
		err = d.carryOutAgain(ctx, kept, here)
	case last.Size > kept.Since.Size:
		if err = d.checkSeal(ctx, d.sealKeyAt(last.From), last, mark); errors.Is(err, errForeign) {
			err = d.suspects(err)
		}
	}
	if err != nil {
		return err
	}
	d.anchorage.mu.Lock()
	defer d.anchorage.mu.Unlock()
	d.anchorage.at, d.anchorage.version, d.anchorage.good = kept, version, true
	return nil
}

// Assure says whether a ledger to which nobody writes, a copy, is one that was sealed
// and is not behind its anchor, and its tables are those that it leads to, so that its
// head may be signed: nil, an ErrLedgerSuspect, or why it cannot be told now. Of a copy
// that was made while a server ran ErrBehindAnchor may say no more than that the server
// moved the anchor after it.
func Assure(ctx context.Context, c Config) error {
	d := newDesk(c)
	if err := d.load(ctx); err != nil {
		return err
	}
	if err := d.trusted(); err != nil {
		return err
	}
	return d.assure(ctx)
}

// carryOutAgain demands that every batch has its seal, that each entry follows
// from a command, and that the state which they lead to is the loaded one.
func (d *Desk) carryOutAgain(ctx context.Context, kept, here anchor) error {
	if here.Size > replayTells {
		d.Log.Info("the ledger is carried out again from its first entry, because it went on since it was last anchored, or its tables differ",
			"entries", here.Size, "anchored", kept.Size)
	}
	at, told := start(), int64(0)
	err := at.again(ctx, d, walk{
		seals:   d.Store.Seals(ctx, 0, here.Size),
		records: func(yield func(int64, []byte) error) error { return d.Store.Records(ctx, 0, here.Size, yield) },
		size:    here.Size,
		kept:    kept,
		taken: func([]custody.Event) {
			if done := at.frontier.Size(); done/replayTells > told {
				told = done / replayTells
				d.Log.Info("the ledger is being carried out again", "entries", done, "of", here.Size)
			}
		},
	})
	switch {
	case unknown(err):
		return err
	case err != nil:
		return d.suspects(err)
	case at.root != here.Root:
		return d.suspects(errors.New("its tree is not that of its entries"))
	}
	digest, err := at.state.Image().Digest()
	if err != nil {
		return err
	}
	if hex.EncodeToString(digest[:]) != here.State {
		return d.suspects(errors.New("its tables hold another state than its entries lead to: tandem ledger verify names the row"))
	}
	return nil
}

// moveAnchor writes down how far the ledger has come, where that is further.
func (d *Desk) moveAnchor(ctx context.Context) error {
	a := &d.anchorage
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.good || d.entries() <= a.at.Size {
		return nil
	}
	to, err := d.hereNow()
	if err != nil {
		return err
	}
	to.Since = a.at.Since
	version, err := d.writeAnchor(ctx, to, a.version)
	if errors.Is(err, ErrVersion) { // another process has moved it
		if a.at, a.version, err = d.readAnchor(ctx); err != nil {
			return err
		}
		switch {
		case a.at.Size > to.Size:
			return nil
		case a.at.Size == to.Size:
			if a.at.Root != to.Root {
				return d.suspects(fmt.Errorf("another process has other entries than this one, of %d", to.Size))
			}
			return nil
		}
		version, err = d.writeAnchor(ctx, to, a.version)
	}
	if err != nil {
		return err
	}
	a.at, a.version = to, version
	return nil
}

// keepAnchor moves the anchor now and then, and at once when the ledger becomes
// suspect: to what was last known as sealed, so that the next start finds the same.
// It also looks at the ledger when nobody else does.
func (d *Desk) keepAnchor() {
	defer close(d.anchored)
	every := anchorEvery
	alarm := d.alarm
	for {
		select {
		case <-d.closed:
			return
		case <-alarm:
			alarm, every = nil, retryEvery
		case <-time.After(every):
		}
		ctx, cancel := context.WithTimeout(context.Background(), anchorTimeout)
		if d.trusted() == nil {
			_ = d.lookAtLedger(ctx) // what it finds is kept
		}
		err := d.moveAnchor(ctx)
		if err != nil {
			d.Log.Warn("how far the ledger has come could not be written to the secret store", "error", err)
		} else if alarm == nil {
			every = anchorEvery
		}
		cancel()
	}
}

// lookAtLedger has the committer see whether the ledger is still what it was.
func (d *Desk) lookAtLedger(ctx context.Context) error {
	_, err := d.send(&call{ctx: ctx, nothing: true, answer: make(chan answer, 1)})
	return err
}
