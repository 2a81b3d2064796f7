package desk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Store keeps the ledger and the tables. One Write is one transaction.
type Store interface {
	// Load gives the custody state from the tables and the right edge of the
	// ledger's tree, both at the same size. With an ErrLedgerSuspect comes what
	// could be loaded, and perhaps no edge.
	Load(ctx context.Context) (*custody.State, *audit.Frontier, error)

	// Size is how many entries are committed.
	Size(ctx context.Context) (int64, error)

	// Records and Seals give what is committed, as of audit.Source and Tx.Seals.
	// Records are there for several goroutines at once.
	Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error
	Seals(ctx context.Context, from, to int64) iter.Seq2[audit.Seal, error]

	// LastBatch gives the batch that the ledger ends with, and its seal's mark;
	// the empty one of an empty ledger. ErrLedgerSuspect: entries, seals and head
	// do not end together.
	LastBatch(ctx context.Context) (last audit.Batch, mark string, err error)

	// Proposal gives one that is open or over, or ErrNotFound.
	Proposal(ctx context.Context, id string) (custody.Proposal, error)

	// Texts gives the texts of some notes, by commitment: those that are there and
	// are what is committed to.
	Texts(ctx context.Context, notes []custody.Note) (map[string]custody.Words, error)

	// Write runs fn in one transaction that holds the ledger's head, so that
	// no other process appends meanwhile. It commits when fn returns nil and
	// leaves no trace otherwise. fn is called at most once: where entries, seals
	// and head do not end together the error is an ErrLedgerSuspect.
	Write(ctx context.Context, fn func(Tx) error) error

	// Binding gives what the database belongs together with, the zero one before
	// it has met its secret store. Bind writes another one, and does nothing when
	// the database does not belong to was any more.
	Binding(ctx context.Context) (Binding, error)
	Bind(ctx context.Context, was, to Binding) error

	// ClockConfirmation gives what somebody on the host said of the clock;
	// ConfirmClock writes it, and forgets it for the zero one.
	ClockConfirmation(ctx context.Context) (ClockConfirmation, error)
	ConfirmClock(ctx context.Context, c ClockConfirmation) error

	// BeginArrival notes that a request puts secrets under a path of its own,
	// EndArrival that there are none any more. Arrivals gives those that were begun
	// and not ended, the oldest first.
	BeginArrival(ctx context.Context, request string, at time.Time) error
	Arrivals(ctx context.Context) ([]Arrival, error)
	EndArrival(ctx context.Context, request string) error

	// Listen calls heard when another process may have appended something, until ctx ends
	// or there is an error. It is a hint, and may say nothing for ever: who wants to know
	// looks at Size now and then.
	Listen(ctx context.Context, heard func()) error

	// Ready says whether a commit and a read would work now; the error wraps
	// ErrStoreUnavailable.
	Ready(ctx context.Context) error
}

// Tx is a transaction that holds the ledger's head. Not for several goroutines.
type Tx interface {
	// Head is the number of entries committed so far, and the root of their tree.
	Head() (size int64, root audit.Hash)

	// Records gives the encoded entries [from, to), all of them committed:
	// to catch up with what another process appended, and to answer an
	// idempotency key again.
	Records(from, to int64) ([][]byte, error)

	// Seals gives the seals of the batches between two sizes, in order.
	Seals(from, to int64) iter.Seq2[audit.Seal, error]

	// Append adds a batch of entries to the ledger, with the texts that came with
	// them beside it, takes out those that they say are, and moves its head. nodes are
	// the new nodes of the tree, root its new root, mark that of the batch's seal.
	Append(entries []Appended, nodes []audit.Node, root audit.Hash, mark string) error

	// Save writes what a fork of the state changed.
	Save(changed *custody.State) error

	// Recall gives what an idempotency key stands for; found is false when it
	// is new. Remember keeps it.
	Recall(actor, key string) (r Remembered, found bool, err error)
	Remember(actor, key string, r Remembered) error
}

// Appended is one entry as the ledger keeps it.
type Appended struct {
	Index  int64
	Event  custody.Event
	Record []byte // canonical form
}

// Remembered is what an idempotency key keeps of a command: never the answer
// itself, which may hold a secret, only which entries it led to.
type Remembered struct {
	Digest [32]byte // of the request's body: the same key with another body is a mistake
	First  int64    // index of its first entry
	Count  int      // how many; 0: it changed nothing
	At     time.Time
	Mark   string // that this installation wrote it
}

// Secrets is the secret store. Paths are made by this package (paths.go) and
// are safe in any back end. Errors other than the named ones mean that the
// outcome is unknown.
type Secrets interface {
	// Read gives the current version, ErrNoSecret when there is none.
	Read(ctx context.Context, path string) (Versioned, error)

	// ReadVersion gives one version, ErrNoSecret when it does not exist (any more).
	ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error)

	// Has says whether ReadVersion would give that version now, and reads it not:
	// nil, ErrNoSecret, or an error that wraps ErrSecretsUnavailable. Version 0 is
	// the current one.
	Has(ctx context.Context, path string, version int64) error

	// Write makes a new version, if the current one still is cas (0: none
	// yet), and says its number; ErrVersion when it is not.
	// labels are kept beside it, readable without the secret.
	Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error)

	// Delete removes every version. No error when there is none.
	Delete(ctx context.Context, path string) error

	// Generate makes a new password after a password policy of the store: the
	// general one for "". ErrNoPolicy when there is none of that name.
	Generate(ctx context.Context, policy string) (custody.Secret, error)

	// The ledger's signing key never leaves the store.
	audit.Signer

	// Ready says whether everything that this package and the rotation do in the
	// store would work now, on each kind of path, and if not, why: the error
	// wraps ErrSecretsUnavailable, or ErrSuspect where the secrets are gone.
	Ready(ctx context.Context) error
}

// Versioned is a secret and which version of it this is.
type Versioned struct {
	Value   custody.Secret
	Version int64 // from 1
}

// The errors of a secret store that mean something definite.
var (
	ErrNoSecret           = errors.New("no such secret")
	ErrVersion            = errors.New("the secret has another version now")
	ErrNoPolicy           = errors.New("the secret store has no password policy of this name")
	ErrSecretsUnavailable = errors.New("the secret store cannot be used now") // sealed, stopped, unreachable, not allowed

	// ErrRightsMissing: the store is there and does not allow all that is needed.
	ErrRightsMissing = fmt.Errorf("%w: it does not allow all that is needed", ErrSecretsUnavailable)
)

// ErrNotOurs: what the secret store has at a path is not what this installation put there.
var ErrNotOurs = fmt.Errorf("%w: it is not as Tandem wrote it there", ErrSecretsUnavailable)

// ErrStoreUnavailable: the database did not answer as it should. What was asked
// for may have been committed; an idempotency key finds out.
var ErrStoreUnavailable = errors.New("the database cannot be used now")

// Why it cannot, where that is known.
var (
	// ErrStoreReplaced: the file that is open is not the one at its path.
	ErrStoreReplaced = fmt.Errorf("%w: its file is gone", ErrStoreUnavailable)
	// ErrDiskFull: there is no room for another commit, or hardly any.
	ErrDiskFull = fmt.Errorf("%w: the disk is full", ErrStoreUnavailable)
)

// Accounts keeps what is not custody state, not in the ledger and no secret: devices,
// when log-ins were used, and the throttle of log-ins. Implemented by the store.
type Accounts interface {
	// Devices gives who has logged in in the device of which this is the SHA-256 of
	// the token, each with the mark that was given then. SeeDevice notes that the
	// person did at an instant; DeleteDevices forgets that.
	Devices(ctx context.Context, tokenHash [32]byte) ([]Device, error)
	SeeDevice(ctx context.Context, person string, tokenHash [32]byte, at time.Time, mark string) error
	DeleteDevices(ctx context.Context, person string) error

	// SessionUse gives when a session was last used, as UseSession wrote it; the zero
	// one where nothing was written.
	SessionUse(ctx context.Context, session string) (SessionUse, error)
	UseSession(ctx context.Context, session string, at time.Time, mark string) error

	// UpdateThrottle changes a throttle in one transaction, so that guesses sent
	// at the same time are all counted. name is made of keyed digests of what was
	// typed: also names that do not exist are throttled. DeleteThrottles forgets
	// this one and all whose names continue it with a slash.
	UpdateThrottle(ctx context.Context, name string, change func(Throttle) Throttle) (Throttle, error)
	DeleteThrottles(ctx context.Context, name string) error

	// Sweep forgets devices that nobody used for half a year, uses of log-ins that
	// can be open no more, throttles and
	// idempotency keys older than a day before now.
	Sweep(ctx context.Context, now time.Time) error
}

// Device is that somebody has logged in in a device.
type Device struct {
	Person string
	Mark   string // that this installation wrote it
}

// Throttle counts failed log-ins.
type Throttle struct {
	Failures    int
	Locks       int // lock-outs in a row
	LockedUntil time.Time
	Touched     time.Time
}
