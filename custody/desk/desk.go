package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Config is what a desk works with. All fields are needed, but those that say
// otherwise.
type Config struct {
	Store    Store
	Accounts AccountStore
	Secrets  Secrets
	Clock    Clock
	Policy   custody.Policy // what a ledger without one begins with
	ReviewBy time.Time      // until when that must be reviewed; zero: a year less a day
	Origin   string         // of the ledger's checkpoints, and the issuer that authenticators show
	Log      *slog.Logger

	SessionTTL time.Duration
	Hashing    Hashing // zero: as every installation

	// CheckTarget says whether a target can be opened as described, before a
	// credential is stored. It connects nowhere.
	// reconciles: it has a second account.
	CheckTarget func(t custody.Target, key custody.Secret) (CheckedTarget, error)

	// StandIn gives what has the form of a kind's admin secret, so that a target can be
	// checked whose own stays where it is. Nil: none is needed.
	StandIn func(kind string) custody.Secret

	// Fingerprints gives what a target's host is known by, without its administrator.
	// Nil: nothing.
	Fingerprints func(t custody.Target) []string

	// CheckPolicy says whether what a policy names is there: its dependents and
	// its password policy.
	CheckPolicy func(p custody.CredentialPolicy) error

	// CheckRecipient says whether a text is a public key that envelopes can be closed to,
	// without repeating it. Nil: nobody looks before it is used.
	CheckRecipient func(recipient string) error

	// Settings gives, by key, the part of the configuration that stands on record, as it
	// is now; nil: this process does nothing outside that it would matter for.
	Settings func() []Setting

	// CheckPasswords says whether a target takes the passwords that a policy makes; "":
	// the general policy. Nil: whatever it takes.
	CheckPasswords func(policy string, t custody.Target) error

	// Committed is told of each transaction of the committer, right after it; it must not
	// wait. Nil: nobody is.
	Committed func(Committed)

	// DatabaseTime asks the database what time it is, where its clock is not this machine's;
	// nil: it has none of its own.
	DatabaseTime func(ctx context.Context) (time.Time, error)

	// FirstSteps: an installation that nobody has used yet may be given another
	// secret store, key or origin.
	FirstSteps bool
}

// Desk carries out commands. It is safe for use by several goroutines.
type Desk struct {
	Config

	// mu guards the committed state: the committer writes it after a commit,
	// everybody else only reads.
	mu       sync.RWMutex
	state    *custody.State
	frontier *audit.Frontier
	followed chan struct{} // closed at the next commit

	time    timekeeper
	left    sync.Map                      // sessions, as the ledger knows them, that somebody left while nothing could be entered
	suspect atomic.Pointer[error]         // why nothing is decided any more; nil: nothing is wrong
	alarm   chan struct{}                 // closed when it is
	sealed  atomic.Pointer[custody.State] // of a start on what is suspect: as far as it is known to be the ledger's own; see recall
	assured atomic.Bool                   // the ledger was looked at: it is what it was, or sealed says as far as it is; written under looking

	anchorage anchorage
	anchored  chan struct{} // keepAnchor has ended

	calls   chan *call
	closed  chan struct{} // no more calls
	closing sync.Once
	done    chan struct{} // the committer has ended
	behind  bool          // the committer's: its last commit may or may not have come to be

	usesMu sync.Mutex
	uses   map[string]use // when log-ins were used, by the hex of their tokens' SHA-256

	seeds      seedCache
	macs       macKeys
	resealed   string // id of the key that this desk seals with instead of the ledger's, which is lost: see Rebinding
	configured configured
	told       sync.Map      // of what was made up, see madeUp
	hashing    chan struct{} // bounds the memory that password hashing takes
	absent     string        // the hash of nobody's password, see Hashing.absent
	signed     signedHead

	shared sharedClock
	apart  atomic.Bool   // the last look found this machine's clock apart from the database's
	woken  chan struct{} // somebody else may have appended something
	heard  chan struct{} // listen has ended

	looking sync.Mutex              // one look at a time
	found   atomic.Pointer[finding] // nil: the secret store could not be looked at yet
	watched chan struct{}           // watch has ended
	samples atomic.Int64
}

// Committed is one transaction of the committer.
type Committed struct {
	Commands int           // that were carried out, or refused, in it; 0: only time acted
	Entries  int           // that it appended
	Took     time.Duration // with the seal, from its beginning to the answer of the database
	Err      error         // nil: it is in the ledger; else it may be, or nothing of it
}

// The bounds of what waits.
const (
	maxBatch      = 256              // commands in one transaction
	commitTimeout = 20 * time.Second // for one transaction
	storeTimeout  = 5 * time.Second  // for the secrets that one command stores, while all others wait
	tickEvery     = time.Second      // how late time may act
	sweepEvery    = time.Hour
	maxHashing    = 4 // password hashes worked out at once, 19 MiB each
)

// ErrClosed: the desk is shutting down; nothing was done.
var ErrClosed = fmt.Errorf("%w: shutting down", ErrStoreUnavailable)

// ErrKeyReused: the idempotency key was used before, for another request.
var ErrKeyReused = errors.New("the idempotency key stands for another request")

// Open loads the state, sees that database and secret store belong together, and
// starts to take commands. The error is an ErrSuspect when they do not; a secret
// store that is away is looked at later, and until then every command is refused.
// On a ledger that is not what was left it opens, to be read: every command is
// refused with ErrLedgerSuspect.
func Open(ctx context.Context, c Config) (*Desk, error) {
	d := newDesk(c)
	if err := d.load(ctx); err != nil {
		return nil, err
	}
	d.tendSharedClock(ctx)
	d.tendClock(ctx)
	if c.FirstSteps {
		if err := d.loosen(ctx); err != nil {
			return nil, err
		}
	}
	go d.run()
	if err := d.begin(ctx); err != nil {
		d.alone()
		return nil, errors.Join(err, d.Close())
	}
	go d.watch()
	go d.keepAnchor()
	go d.listen()
	return d, nil
}

// whileOpen gives a context that ends when the desk is closed, or by its cancel.
func (d *Desk) whileOpen() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-d.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// alone is for a desk that only decides: nothing watches the secret store beside it, moves
// the anchor, or hears of what other processes do. Close waits for none of these.
func (d *Desk) alone() {
	close(d.watched)
	close(d.anchored)
	close(d.heard)
}

func newDesk(c Config) *Desk {
	return &Desk{
		Config:   c,
		followed: make(chan struct{}),
		calls:    make(chan *call, maxBatch),
		closed:   make(chan struct{}),
		done:     make(chan struct{}),
		hashing:  make(chan struct{}, maxHashing),
		absent:   c.Hashing.absent(),
		watched:  make(chan struct{}),
		alarm:    make(chan struct{}),
		anchored: make(chan struct{}),
		woken:    make(chan struct{}, 1),
		heard:    make(chan struct{}),
		uses:     map[string]use{},
		time:     timekeeper{clock: c.Clock},
	}
}

// load takes the state from the tables. One that cannot be the ledger's stops the
// desk, which can be read all the same.
func (d *Desk) load(ctx context.Context) (err error) {
	d.state, d.frontier, err = d.Store.Load(ctx)
	if err == nil {
		if err = custody.Check(d.state); err != nil {
			err = fmt.Errorf("%w: its tables hold a state that the rules do not allow: %w", ErrLedgerSuspect, err)
		}
	}
	if !errors.Is(err, ErrLedgerSuspect) {
		if err != nil {
			err = fmt.Errorf("load the custody state: %w", err)
		}
		return err
	}
	_ = d.suspects(err)
	d.sealed.Store(custody.NewState())
	if d.frontier == nil {
		d.frontier = &audit.Frontier{}
	}
	return nil
}

// begin looks whether database, ledger and secret store are what they were
// together, as far as that can be told now, and puts the first policy in force.
func (d *Desk) begin(ctx context.Context) error {
	looking, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	switch err := d.look(looking); {
	case errors.Is(err, ErrSuspect), ctx.Err() != nil:
		return err
	case err != nil:
		d.Log.Warn("whether database and secret store belong together is not known yet", "error", err)
		return nil
	case d.trusted() != nil: // a start on what is suspect: it can be read
		return nil
	}
	if err := d.underPolicy(ctx); err != nil {
		return err
	}
	if now := d.PolicyInForce(); !reflect.DeepEqual(now.Values, d.Policy) || !d.ReviewBy.IsZero() && !now.ReviewBy.Equal(d.ReviewBy) {
		d.Log.Warn("the configuration has another policy than the ledger, whose policy is in force", "version", now.Version)
	}
	if err := d.underConfiguration(looking); err != nil {
		d.Log.Warn("with which configuration this server started is not entered yet", "error", err)
	}
	return nil
}

// underPolicy makes the policy of the configuration the first entry of a ledger
// that has none. Afterwards it is the ledger's that counts, and another one in the
// configuration changes nothing.
func (d *Desk) underPolicy(ctx context.Context) error {
	if d.PolicyInForce().Version > 0 {
		return nil
	}
	_, err := d.send(&call{
		ctx: ctx, answer: make(chan answer, 1),
		command: custody.Command{Actor: custody.System, Action: custody.AdoptPolicy{Values: d.Policy, ReviewBy: d.ReviewBy}},
	})
	if err != nil && custody.CodeOf(err) != custody.Conflict { // another process was first
		return fmt.Errorf("adopt the first policy: %w", err)
	}
	return nil
}

// PolicyInForce gives the policy that the ledger is under.
func (d *Desk) PolicyInForce() custody.PolicyInForce {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.Policy()
}

// MayPlan says of each time what would keep somebody from planning to be away then; nil:
// nothing, as far as is known here.
func (d *Desk) MayPlan(person string, times []custody.Span) []*custody.Refusal {
	now := d.Time()
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make([]*custody.Refusal, len(times))
	for i, t := range times {
		all[i] = d.state.MayPlan(person, t.From, t.Until, now)
	}
	return all
}

// ReviewDue is by when the policy in force should have been reviewed, once that is
// past; zero: there is time left.
func (d *Desk) ReviewDue() time.Time {
	if p := d.PolicyInForce(); p.Unreviewed(d.Time()) {
		return p.ReviewBy
	}
	return time.Time{}
}

// Close finishes what was begun and stops. Calls after it get ErrClosed. It may
// be called more than once.
func (d *Desk) Close() error {
	d.closing.Do(func() { close(d.closed) })
	<-d.done
	<-d.watched
	<-d.anchored
	<-d.heard
	ctx, cancel := context.WithTimeout(context.Background(), anchorTimeout)
	defer cancel()
	if err := d.moveAnchor(ctx); err != nil {
		d.Log.Warn("how far the ledger has come could not be written to the secret store", "error", err)
	}
	return nil
}

// Do carries out one command and says what it led to. Errors: *custody.Refusal
// (entered in the ledger where it must be), ErrKeyReused, an error that wraps
// ErrSecretsUnavailable, ErrSuspect or ErrClockWrong (nothing was done), one that wraps ErrStoreUnavailable
// or the context's (unknown whether it was done: an idempotency key finds out).
func (d *Desk) Do(ctx context.Context, by By, a custody.Action) (Outcome, error) {
	outcome, err := d.doBound(ctx, by, a, bound{})
	d.forgetLeft(WithRequest(ctx, by.Request), outcome)
	return outcome, d.saidBy(ctx, err)
}

// doBound is Do for a command that has to do with secrets, too.
func (d *Desk) doBound(ctx context.Context, by By, a custody.Action, with bound) (Outcome, error) {
	ctx = WithRequest(ctx, by.Request)
	if err := d.mayDecide(ctx, a); err != nil {
		return Outcome{}, err
	}
	if err := d.checkKeyholders(a); err != nil {
		return Outcome{}, err
	}
	a, err := d.withMailbox(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	outcome, err := d.doOnce(ctx, by, a, with)
	if errors.Is(err, errStale) { // now it knows the present one
		outcome, err = d.doOnce(ctx, by, a, with)
	}
	return outcome, err
}

func (d *Desk) doOnce(ctx context.Context, by By, a custody.Action, with bound) (Outcome, error) {
	proof, err := d.prove(ctx, by)
	if err != nil {
		return Outcome{}, err
	}
	if err := d.lookForTwins(ctx, by, a); err != nil {
		return Outcome{}, err
	}
	return d.send(&call{
		ctx: ctx, by: by, bound: with, answer: make(chan answer, 1),
		command: custody.Command{Actor: by.Actor, Request: by.Request, Session: by.session(), Proof: proof, Action: a},
	})
}

// send gives a call to the committer and waits for its answer.
func (d *Desk) send(c *call) (Outcome, error) {
	select {
	case <-d.closed:
		return Outcome{}, ErrClosed
	case <-c.ctx.Done():
		return Outcome{}, c.ctx.Err()
	case d.calls <- c:
	}
	select {
	case <-c.ctx.Done():
		return Outcome{}, c.ctx.Err()
	case <-d.done:
		// The committer may have answered right before it ended.
		select {
		case a := <-c.answer:
			return a.outcome, a.err
		default:
			return Outcome{}, ErrClosed
		}
	case a := <-c.answer:
		return a.outcome, a.err
	}
}

// Follow gives a channel that is closed at the next commit, and when what another process
// has committed is taken in. What followed by
// then is read from the ledger or the tables, never from the channel.
func (d *Desk) Follow() <-chan struct{} {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.followed
}

// person looks somebody up in the committed state.
func (d *Desk) person(username string) (custody.Person, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.Person(username)
}

func (d *Desk) credential(name string) (custody.Credential, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.Credential(name)
}
