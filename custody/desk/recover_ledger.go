package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Recoverable is a Store whose ledger can be cut back to its first entries.
type Recoverable interface {
	Store

	// Cut takes away what is behind the first size entries, and makes the tree and
	// the tables anew from them. Idempotency keys end.
	Cut(ctx context.Context, size int64) error
}

// Recovery is the way back for a ledger that is suspect: to its last head that was
// sealed, that follows from its commands, and that the anchor does not contradict.
// No server may run meanwhile.
type Recovery struct {
	Kept     int64      // entries that stay
	Root     audit.Hash // of those
	Present  int64      // entries that the database has
	Anchored int64      // entries that were known to have been sealed
	Ahead    []string   // credentials of which the secret store has a later version than is on record there
	Refused  error      // why what is behind Kept does not stay; nil: there is nothing

	store     Recoverable
	desk      *Desk // at that head
	confirmed []custody.ConfirmedBy
}

// Lost is how many entries are refused, or were known and are not there.
func (r *Recovery) Lost() int64 { return max(r.Present, r.Anchored) - r.Kept }

// PlanRecovery finds that head, and changes nothing. The error says why it cannot
// be told now, or that database and secret store are not one installation's.
func PlanRecovery(ctx context.Context, c Config, ledger Recoverable) (*Recovery, error) {
	d := newDesk(c)
	d.state, d.frontier = custody.NewState(), &audit.Frontier{}
	if err := d.compare(ctx); err != nil {
		return nil, err
	}
	kept, version, err := d.readAnchor(ctx)
	if err != nil {
		return nil, err
	}
	r := &Recovery{Anchored: kept.Size, store: ledger, desk: d}
	if r.Present, err = ledger.Size(ctx); err != nil {
		return nil, err
	}
	// What no head counts is there too.
	err = ledger.Records(ctx, r.Present, r.Present+maxBatch, func(int64, []byte) error { r.Present++; return nil })
	if err != nil {
		return nil, err
	}
	at := start()
	if r.Refused = d.asFarAsSealed(ctx, &at, r.Present, kept); unknown(r.Refused) {
		return nil, r.Refused
	}
	d.state, d.frontier = at.state, at.frontier
	r.Kept, r.Root = at.frontier.Size(), at.root
	d.anchorage.at, d.anchorage.version = kept, version
	if r.Ahead, err = d.ahead(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// ahead finds the credentials of which the secret store has a version behind the one
// that is on record.
func (d *Desk) ahead(ctx context.Context) (names []string, err error) {
	for c := range d.state.Credentials() {
		if !c.Active() {
			continue
		}
		switch err := d.Secrets.Has(ctx, CredentialPath(c.Name), c.Version+1); {
		case err == nil:
			names = append(names, c.Name)
		case !errors.Is(err, ErrNoSecret):
			return nil, secretsUnavailable(err)
		}
	}
	slices.Sort(names)
	return names, nil
}

// asFarAsSealed carries the ledger out again to its last head that was sealed, that
// follows from its commands, and that the anchor does not contradict. The error says
// why it goes no further.
func (d *Desk) asFarAsSealed(ctx context.Context, at *edge, size int64, kept anchor) error {
	return at.again(ctx, d, walk{
		seals:   d.Store.Seals(ctx, 0, size),
		records: func(yield func(int64, []byte) error) error { return d.Store.Records(ctx, 0, size, yield) },
		size:    size,
		kept:    kept,
		taken:   func([]custody.Event) {},
	})
}

// recall finds who is logged in where a start found the ledger suspect: as the ledger
// itself says, to where it is known to be its own. The tables do not count, because in
// them anybody who can write there could be logged in as anybody. Whoever was logged in
// before goes on reading; where nothing of the ledger is known to be its own that is
// nobody, and what is left is tandem ledger verify and recover on the host.
func (d *Desk) recall(ctx context.Context) error {
	kept, _, err := d.readAnchor(ctx)
	if err != nil {
		return err
	}
	size, err := d.Store.Size(ctx)
	if err != nil {
		return err
	}
	at := start()
	if err := d.asFarAsSealed(ctx, &at, size, kept); unknown(err) {
		return err
	}
	d.sealed.Store(at.state)
	return nil
}

// Confirm takes the code of somebody who confirms the recovery, as they stood at
// that head. The error is a *custody.Refusal, or says why it cannot be told now.
func (r *Recovery) Confirm(ctx context.Context, username, code string) error {
	by, err := r.desk.confirmsOnHost(ctx, username, code)
	if err == nil {
		r.confirmed = append(r.confirmed, by)
	}
	return err
}

// CarryOut cuts the ledger back, enters that, and moves the anchor there: nothing
// else ever moves it back. Whatever cuts this short is suspect at the next start,
// and is done again.
func (r *Recovery) CarryOut(ctx context.Context, reason, request string) error {
	d := r.desk
	// Those who confirm it see the clock; only behind the ledger it cannot be right.
	d.time.trust()
	if err := d.ClockWrong(); err != nil {
		return err
	}
	command := custody.Command{Actor: custody.System, Request: request,
		Action: custody.RecoverLedger{Kept: r.Kept, Lost: r.Lost(), Reason: NewNote(reason), Confirmed: r.confirmed}.WithAhead(r.Ahead)}
	if _, err := custody.Decide(d.state, command, d.Clock.Now()); err != nil { // before anything is cut
		return err
	}
	if err := r.store.Cut(ctx, r.Kept); err != nil {
		return err
	}
	loaded, _, err := r.store.Load(ctx)
	if err != nil {
		return err
	}
	want, err1 := d.state.Image().Digest()
	got, err2 := loaded.Image().Digest()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if want != got {
		return fmt.Errorf("%w: the tables that were made anew hold another state than its entries lead to", ErrLedgerSuspect)
	}
	d.found.Store(&finding{})
	go d.run()
	d.alone()
	_, err = d.send(&call{ctx: ctx, command: command, answer: make(chan answer, 1)})
	if err == nil {
		d.anchorage.at.point, d.anchorage.good = point{}, true // it is moved to where the ledger is now
		if err = d.moveAnchor(ctx); err == nil && d.anchorage.at.Size != d.entries() {
			err = fmt.Errorf("%w: a server has moved the anchor meanwhile: stop it, and do this again", ErrLedgerSuspect)
		}
	}
	return errors.Join(err, d.Close())
}
