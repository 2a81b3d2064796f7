package desk

import (
	"context"
	"errors"
	"fmt"
)

// ErrLedgerSuspect: the ledger under this process is not the one that it was, or
// holds what the rules cannot have led to. It does not become right by itself.
var ErrLedgerSuspect = fmt.Errorf("%w: the ledger is suspect", ErrSuspect)

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
