package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
)

// What a witness refuses; see also audit.ErrSignature and audit.ErrProof.
var (
	// ErrOrigin: no log of this origin is known here.
	ErrOrigin = errors.New("witness: no such log is known here")
	// ErrContradiction: another checkpoint of the same size was cosigned.
	ErrContradiction = errors.New("witness: another checkpoint of the same size was cosigned")
)

// SizeError means that the old size of a request is not that of the checkpoint
// which was cosigned last.
type SizeError struct {
	Size int64 // of that checkpoint; 0 if there is none
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("witness: the checkpoint that was cosigned last has %d entries", e.Size)
}

// Config is what a witness works with. All fields are needed.
type Config struct {
	Name  string       // of the witness and its key
	Key   audit.Signer // its own: not that of a log, nor that of another witness
	Logs  []string     // verifier keys; a log that changes its key has several
	Store Store
	Now   func() time.Time
	Log   *slog.Logger
}

// Witness cosigns the checkpoints of the logs that it knows. It is safe for use by
// several goroutines, and by several processes on one Store.
type Witness struct {
	Config
	key  string
	logs map[string][]string // verifier keys by origin
}

// New makes a witness. The errors are audit.ErrKey and those of the signer.
func New(ctx context.Context, c Config) (*Witness, error) {
	public, err := c.Key.PublicKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("witness: public key: %w", err)
	}
	w := &Witness{Config: c, logs: map[string][]string{}}
	if w.key, err = audit.CosignerKey(c.Name, public); err != nil {
		return nil, err
	}
	for _, vkey := range c.Logs {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, fmt.Errorf("%w of a log: %w", audit.ErrKey, err)
		}
		w.logs[v.Name()] = append(w.logs[v.Name()], vkey)
	}
	return w, nil
}

// Key is the verifier key of its cosignatures.
func (w *Witness) Key() string { return w.key }

// Add cosigns a checkpoint that goes on where the last one of its log ended, and
// remembers it before it does. What the log has signed and no honest log would
// have is kept as evidence.
//
// The errors of what is refused are ErrRequest, ErrOrigin, audit.ErrSignature,
// *SizeError, ErrContradiction and audit.ErrProof. With any other the checkpoint
// may have been remembered, and can be sent again.
func (w *Witness) Add(ctx context.Context, r Request) (audit.Cosignature, error) {
	c, err := w.open(r.Checkpoint)
	if err != nil {
		return audit.Cosignature{}, err
	}
	if r.Old > c.Size {
		return audit.Cosignature{}, fmt.Errorf("%w: old is greater than the checkpoint's size", ErrRequest)
	}
	latest, err := w.latest(ctx, c.Origin)
	if err != nil {
		return audit.Cosignature{}, err
	}
	if err := w.compare(ctx, r, latest, c); err != nil {
		return audit.Cosignature{}, err
	}
	if c.Size > latest.Size {
		ok, err := w.Store.Advance(ctx, latest.Size, c, w.Now())
		if err != nil {
			return audit.Cosignature{}, fmt.Errorf("witness: remember the checkpoint: %w", err)
		}
		if !ok { // another request was first
			latest, err := w.latest(ctx, c.Origin)
			return audit.Cosignature{}, errors.Join(err, &SizeError{latest.Size})
		}
	}
	made, err := audit.Cosign(ctx, c, w.Name, w.Now(), w.Config.Key)
	if err != nil {
		// Not wrapped: its kinds would say that the log's signature is wrong.
		return made, fmt.Errorf("witness: cosign: %v", err)
	}
	return made, nil
}

// open finds the log by the checkpoint's origin and checks its signature.
func (w *Witness) open(text []byte) (audit.Checkpoint, error) {
	origin, _, _ := bytes.Cut(text, []byte("\n"))
	err := ErrOrigin
	for _, vkey := range w.logs[string(origin)] {
		var c audit.Checkpoint
		if c, err = audit.OpenCheckpoint(text, vkey); err == nil {
			return c, nil
		}
		if errors.Is(err, audit.ErrCheckpoint) {
			return c, fmt.Errorf("%w: %w", ErrRequest, err)
		}
	}
	return audit.Checkpoint{}, err
}

// latest is the checkpoint that was cosigned last, or that of the empty log.
func (w *Witness) latest(ctx context.Context, origin string) (audit.Checkpoint, error) {
	c, found, err := w.Store.Latest(ctx, origin)
	if err == nil && !found {
		c.Root, err = tlog.TreeHash(0, nil)
	}
	if err != nil {
		return c, fmt.Errorf("witness: recall the last checkpoint: %w", err)
	}
	return c, nil
}

// compare says why c must not follow latest, and keeps evidence of it.
func (w *Witness) compare(ctx context.Context, r Request, latest, c audit.Checkpoint) error {
	switch {
	case c.Size == latest.Size && c.Root != latest.Root:
		w.keep(ctx, Fork, latest, c)
		if r.Old == latest.Size {
			return ErrContradiction
		}
		return &SizeError{latest.Size}
	case c.Size < latest.Size:
		return w.older(ctx, latest, c)
	case r.Old != latest.Size:
		return &SizeError{latest.Size}
	}
	err := audit.CheckConsistency(r.Proof, c.Size, c.Root, latest.Size, latest.Root)
	if err != nil && c.Size > latest.Size {
		w.keep(ctx, Unproved, latest, c)
	}
	return err
}

// older refuses a checkpoint from before the latest. It may only be late, or it
// may be what a log that was rolled back has to say.
func (w *Witness) older(ctx context.Context, latest, c audit.Checkpoint) error {
	known, found, err := w.Store.Cosigned(ctx, c.Origin, c.Size)
	switch {
	case err != nil:
		return fmt.Errorf("witness: recall a checkpoint: %w", err)
	case !found:
		w.keep(ctx, Rollback, latest, c)
	case known.Root != c.Root:
		w.keep(ctx, Fork, known, c)
	}
	return &SizeError{latest.Size}
}

// keep keeps evidence. Whether it can or not, the checkpoint is refused.
func (w *Witness) keep(ctx context.Context, kind Kind, cosigned, refused audit.Checkpoint) {
	if cosigned.Text == nil {
		return // of the empty log, about which nobody has signed anything
	}
	level := slog.LevelWarn
	if kind == Fork {
		level = slog.LevelError
	}
	w.Log.Log(ctx, level, "refused a checkpoint that the log has signed", "kind", kind, "origin", refused.Origin,
		"cosigned_size", cosigned.Size, "refused_size", refused.Size)
	err := w.Store.Keep(ctx, Evidence{Kind: kind, Origin: refused.Origin, Seen: w.Now(), Cosigned: cosigned.Text, Refused: refused.Text})
	if err != nil {
		w.Log.ErrorContext(ctx, "cannot keep evidence", "error", err, "cosigned", string(cosigned.Text), "refused", string(refused.Text))
	}
}
