package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// ErrLedgerSuspect: the ledger under this process is not the one that it was, or
// holds what the rules cannot have led to. It does not become right by itself.
var ErrLedgerSuspect = fmt.Errorf("%w: the ledger is suspect", ErrSuspect)

// ErrBehindAnchor: the ledger has fewer entries than the secret store knows of.
var ErrBehindAnchor = fmt.Errorf("%w: it is behind its anchor", ErrLedgerSuspect)

// errStale: the code was looked at with a seed that another process has replaced.
var errStale = errors.New("the enrolment is another than this process knew")

// suspects stops the desk for good.
func (d *Desk) suspects(why error) error {
	err := why
	if !errors.Is(err, ErrLedgerSuspect) {
		err = fmt.Errorf("%w: %w", ErrLedgerSuspect, why)
	}
	if d.suspect.CompareAndSwap(nil, &err) {
		d.Log.Error("nothing is decided, signed or revealed any more", "error", err, "alarm", true)
		close(d.alarm)
	}
	return err
}

// Suspect gives a channel that is closed when the ledger becomes suspect.
func (d *Desk) Suspect() <-chan struct{} { return d.alarm }

// Credentials gives all credentials, Unfinished those that are rotating, that a
// dependent does not have yet or for which secrets are on their way, Credential one (the zero one where there is none), as
// the ledger leads to them: what is done with a password outside goes by these, and
// not by rows that somebody can write in. The last two have those texts that the
// ledger commits to. ErrLedgerSuspect: by nothing.
func (d *Desk) Credentials(ctx context.Context) ([]custody.Credential, error) {
	return d.credentials(ctx, func(custody.Credential) bool { return true })
}

func (d *Desk) Unfinished(ctx context.Context) ([]custody.Credential, error) {
	found, err := d.credentials(ctx, custody.Credential.Unfinished)
	if err != nil {
		return nil, err
	}
	return known(ctx, d, found)
}

func (d *Desk) credentials(ctx context.Context, wanted func(custody.Credential) bool) (found []custody.Credential, err error) {
	if err := d.catchUpNow(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for c := range d.state.Credentials() {
		if wanted(c) {
			found = append(found, c)
		}
	}
	return found, nil
}

func (d *Desk) Credential(ctx context.Context, name string) (custody.Credential, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return custody.Credential{}, err
	}
	c, _ := d.credential(name)
	return known(ctx, d, c)
}

// trusted gives why the ledger is suspect, or nil.
func (d *Desk) trusted() error {
	if err := d.suspect.Load(); err != nil {
		return *err
	}
	return nil
}

// catchUpNow takes in what other processes have committed, so that nobody is
// answered from what this one has not seen. Where there is no other it reads one
// number.
func (d *Desk) catchUpNow(ctx context.Context) error {
	if err := d.trusted(); err != nil {
		return err
	}
	size, err := d.Store.Size(ctx)
	if err != nil {
		return err
	}
	if size == d.entries() {
		return nil
	}
	_, err = d.send(&call{ctx: ctx, nothing: true, answer: make(chan answer, 1)})
	return err
}

// catchUpToRead is catchUpNow for whoever only reads: a suspect ledger stays readable, as it
// was last known.
func (d *Desk) catchUpToRead(ctx context.Context) error {
	if err := d.catchUpNow(ctx); !errors.Is(err, ErrLedgerSuspect) {
		return err
	}
	return nil
}
