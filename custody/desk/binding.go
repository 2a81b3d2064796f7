package desk

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Binding is what makes a database, an origin, a ledger key and a secret store
// one installation. The database has all of it, the secret store the sentinel: not
// as the database has it, so that nothing that is in there can be found in here. A
// ledger that goes on with another key or origin would be another ledger, and one
// with another secret store would speak of passwords that are not there.
type Binding struct {
	Sentinel  string // what the secret store's own is made from; "": the database has not met one yet
	Origin    string
	LedgerKey ed25519.PublicKey
	Bound     bool // the secret store has had the sentinel; before, a first start may be repeated
}

// inSecrets is the sentinel as the secret store has it.
func (b Binding) inSecrets() string {
	sum := sha256.Sum256([]byte("tandem installation\n" + b.Sentinel))
	return hex.EncodeToString(sum[:])
}

// ErrSuspect: database and secret store do not belong together, or the ledger is
// not what it was. Nothing is decided, signed or revealed; what is there can be read.
var ErrSuspect = errors.New("database, ledger and secret store are not what they were together")

// What differs.
var (
	ErrSecretsLost    = fmt.Errorf("%w: the secrets are lost", ErrSuspect)
	ErrOtherSecrets   = fmt.Errorf("%w: the secret store is another installation's", ErrSuspect)
	ErrOtherLedgerKey = fmt.Errorf("%w: the ledger's key is another one", ErrSuspect)
	ErrWrapKey        = fmt.Errorf("%w: what the secret store has cannot be unwrapped: vault.wrap_key_file must be the one that the installation was begun with, or none where it was begun without (tandem vault wrap-key restore makes a lost one from its two shares)", ErrSuspect)
	ErrOtherOrigin    = fmt.Errorf("%w: ledger.origin is another one", ErrSuspect)
)

const (
	lookEvery   = 30 * time.Second // at whether they still belong together
	retryEvery  = time.Second      // while that is not known yet
	lookTimeout = 10 * time.Second
)

// belongs says whether what is about to be done may be done. It is not known yet
// when the secret store was away at the start: then this looks.
func (d *Desk) belongs(ctx context.Context) error {
	if err := d.trusted(); err != nil {
		return err
	}
	switch found := d.found.Load(); {
	case found == nil:
		if err := d.look(ctx); err != nil {
			return err
		}
	case found.err != nil:
		return found.err
	}
	if err := d.trusted(); err != nil { // the first look looks at the ledger too
		return err
	}
	return d.underPolicy(ctx)
}

// acts says whether this process may append: it knows whose database this is, and
// that the ledger is what it was.
func (d *Desk) acts() bool {
	found := d.found.Load()
	return found != nil && found.err == nil && d.trusted() == nil
}

// finding is what the last look found that could see anything.
type finding struct{ err error } // nil, or an ErrSuspect

// look looks whether database and secret store belong together, and makes them
// so at the first start. The error is an ErrSuspect, or says why nothing can be
// seen now; then what was found before still stands.
func (d *Desk) look(ctx context.Context) error { return d.judge(ctx, d.Secrets.Ready(ctx)) }

// judge is look, where the store has been asked whether it is ready.
func (d *Desk) judge(ctx context.Context, ready error) error {
	d.looking.Lock()
	defer d.looking.Unlock()
	err := ready // which can say by itself that the secrets are lost
	if !errors.Is(err, ErrSuspect) {
		err = d.compare(ctx)
	}
	if err == nil && !d.assured.Load() {
		// Not cut short by whoever asks first: it may have a long ledger to go through.
		err = d.assureOnce(context.WithoutCancel(ctx))
		d.assured.Store(err == nil)
	}
	if err != nil && !errors.Is(err, ErrSuspect) {
		return err
	}
	if before := d.found.Swap(&finding{err}); err != nil && (before == nil || before.err == nil) {
		d.Log.Error("nothing is decided or revealed any more", "error", err, "alarm", true)
	} else if err == nil && before != nil && before.err != nil {
		d.Log.Warn("database and secret store belong together again: going on")
	}
	return err
}

// assureOnce finds whether the ledger of a start is suspect. That it is is no error:
// it stays, see trusted.
func (d *Desk) assureOnce(ctx context.Context) error {
	if d.trusted() == nil {
		switch err := d.assure(ctx); {
		case errors.Is(err, ErrLedgerSuspect):
			d.sealed.Store(custody.NewState())
		default:
			return err
		}
	}
	if d.sealed.Load() == nil { // it became suspect while this desk knew it
		return nil
	}
	return d.recall(ctx)
}

func (d *Desk) compare(ctx context.Context) error {
	b, err := d.Store.Binding(ctx)
	if err != nil {
		return err
	}
	if b.Bound && b.Origin != d.Origin {
		return fmt.Errorf("%w: this database's ledger is %q, the configuration says %q", ErrOtherOrigin, b.Origin, d.Origin)
	}
	kept, err := d.Secrets.Read(ctx, SentinelPath)
	none := errors.Is(err, ErrNoSecret)
	switch {
	case errors.Is(err, ErrNotOurs):
		return fmt.Errorf("%w: %w", ErrWrapKey, err)
	case err != nil && !none:
		return secretsUnavailable(err)
	case !none && b.Sentinel == "" && d.hasOurSeeds(ctx):
		// A database that an earlier Tandem wrote after a later one had been here.
		return d.bind(ctx, b, kept.Version)
	case !none && kept.Value.Reveal() != b.inSecrets():
		return fmt.Errorf("%w: it keeps another sentinel than this database knows, at %s", ErrOtherSecrets, SentinelPath)
	case none && b.Bound:
		return fmt.Errorf("%w: there is no sentinel at %s", ErrSecretsLost, SentinelPath)
	case !b.Bound && none:
		return d.bind(ctx, b, 0)
	case !b.Bound:
		return d.bind(ctx, b, written)
	}
	return d.sameKey(ctx, b)
}

// sameKey has the store sign something: that is what the key is for, and nothing
// that was remembered can answer in its place.
func (d *Desk) sameKey(ctx context.Context, b Binding) error {
	message := []byte("tandem installation\n" + b.Sentinel + "\n")
	signature, err := d.Secrets.Sign(ctx, message)
	if err != nil {
		return secretsUnavailable(err)
	}
	if !ed25519.Verify(b.LedgerKey, message, signature) {
		return fmt.Errorf("%w: what the secret store signs is not signed by the key of this database's ledger", ErrOtherLedgerKey)
	}
	return nil
}

// bind makes them belong together. The database comes first, so that whatever cuts
// this short it can be repeated; a store that has a sentinel already is another
// installation's, also where that has lost its database. over is the version of the
// sentinel to write over, or written.
func (d *Desk) bind(ctx context.Context, was Binding, over int64) error {
	key, err := d.Secrets.PublicKey(ctx)
	if err != nil {
		return secretsUnavailable(err)
	}
	to := Binding{Sentinel: was.Sentinel, Origin: d.Origin, LedgerKey: key}
	if to.Sentinel == "" {
		to.Sentinel = rand.Text()
	}
	if err := d.Store.Bind(ctx, was, to); err != nil {
		return err
	}
	// Of two processes that start at once the first has its own written.
	if to, err = d.Store.Binding(ctx); err != nil {
		return err
	}
	if over == 0 {
		if err := d.firstAnchor(ctx); err != nil {
			return secretsUnavailable(err)
		}
	}
	if over != written {
		_, err := d.Secrets.Write(ctx, SentinelPath, custody.SecretString(to.inSecrets()), over, nil)
		if errors.Is(err, ErrVersion) { // the other one was first here too
			err = d.sameSentinel(ctx, to)
		}
		if err != nil {
			return secretsUnavailable(err)
		}
	}
	bound := to
	bound.Bound = true
	if err := d.Store.Bind(ctx, to, bound); err != nil {
		return err
	}
	d.Log.Info("database and secret store belong together from now on", "origin", to.Origin)
	return d.sameKey(ctx, bound)
}

// written: the secret store has the right sentinel already.
const written = -1

// hasOurSeeds says whether the secret store has the seeds of everybody in a database
// that has people: then it is this database's, whatever sentinel it has.
func (d *Desk) hasOurSeeds(ctx context.Context) bool {
	d.mu.RLock()
	var paths []string
	for p := range d.state.People() {
		paths = append(paths, SeedPath(p.Username))
	}
	d.mu.RUnlock()
	for _, path := range paths {
		if d.Secrets.Has(ctx, path, 0) != nil {
			return false
		}
	}
	return len(paths) > 0
}

func (d *Desk) sameSentinel(ctx context.Context, b Binding) error {
	kept, err := d.Secrets.Read(ctx, SentinelPath)
	if err == nil && kept.Value.Reveal() != b.inSecrets() {
		err = ErrOtherSecrets
	}
	return err
}

// loosen lets an installation that nobody has used yet be bound anew: its first
// step went to a wrong address, or into a wrong file.
func (d *Desk) loosen(ctx context.Context) error {
	if !d.unused() {
		return nil
	}
	b, err := d.Store.Binding(ctx)
	if err != nil || !b.Bound {
		return err
	}
	loose := b
	loose.Bound = false
	return d.Store.Bind(ctx, b, loose)
}

// unused says that nobody has proved an authenticator and nothing is in custody.
func (d *Desk) unused() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for p := range d.state.People() {
		if p.Enrolled {
			return false
		}
	}
	for range d.state.Credentials() {
		return false
	}
	return true
}

// watch looks now and then, until the desk is closed.
func (d *Desk) watch() {
	defer close(d.watched)
	ctx, cancel := d.whileOpen()
	defer cancel()
	for {
		every := lookEvery
		if d.found.Load() == nil {
			every = retryEvery
		}
		select {
		case <-d.closed:
			return
		case <-time.After(every):
		}
		limited, cancel := context.WithTimeout(ctx, lookTimeout)
		if d.look(limited) == nil && d.trusted() == nil { // what it finds it keeps
			_ = d.underPolicy(limited)
			if err := d.underConfiguration(limited); err != nil {
				d.Log.Warn("with which configuration this server runs could not be entered", "error", err)
			}
			if err := d.clearArrivals(limited); err != nil {
				d.Log.Warn("what came with requests that led to nothing could not be removed", "error", err)
			}
		}
		cancel()
	}
}

// secretsUnavailable makes sure that a secret store without an answer is not taken
// for a database without one.
func secretsUnavailable(err error) error {
	if errors.Is(err, ErrSecretsUnavailable) || errors.Is(err, ErrSuspect) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrSecretsUnavailable, err)
}
