package witness

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// Store is the memory of a witness. What it was told is there after a crash.
type Store interface {
	// Latest gives the checkpoint of this origin with the greatest size that was
	// cosigned; found is false if there is none.
	Latest(ctx context.Context, origin string) (c audit.Checkpoint, found bool, err error)

	// Cosigned gives the one that was cosigned with this size.
	Cosigned(ctx context.Context, origin string, size int64) (c audit.Checkpoint, found bool, err error)

	// Advance adds a checkpoint if the size of the latest one of its origin still
	// is old (0: there is none), in one step: ok is false if it is not.
	Advance(ctx context.Context, old int64, c audit.Checkpoint, at time.Time) (ok bool, err error)

	// Keep keeps evidence. The same two checkpoints are kept once.
	Keep(ctx context.Context, e Evidence) error
}

// Evidence is a checkpoint that the log has signed and this witness has refused,
// and the one, cosigned by it, that it does not agree with. Both signatures can
// be checked by anybody.
type Evidence struct {
	Kind     Kind
	Origin   string
	Seen     time.Time // when it was refused for the first time
	Cosigned []byte    // signed note
	Refused  []byte    // signed note
}

// Kind says what evidence shows.
type Kind string

const (
	// Fork: both have the same size and not the same root. The log has two
	// histories; this is proof by itself.
	Fork Kind = "fork"
	// Rollback: it is older, and not one that was cosigned when it was new. The
	// log may have been rolled back; or somebody repeats a checkpoint that never
	// came here. A consistency proof from it to the cosigned one, which only an
	// honest log can give, shows the latter.
	Rollback Kind = "rollback"
	// Unproved: it is newer, and no proof came that it goes on where the cosigned
	// one ended. The log may have another history; or the proof was a bad one,
	// which anybody can send. A good proof, also later, shows the latter.
	Unproved Kind = "unproved"
)
