package desk_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// otherLedger is a store whose ledger became another one under a running desk:
// the file of yesterday, or of somebody else.
type otherLedger struct {
	desk.Store
	head func(size int64, root audit.Hash) (int64, audit.Hash) // nil: as it is
}

func (o *otherLedger) Write(ctx context.Context, fn func(desk.Tx) error) error {
	return o.Store.Write(ctx, func(tx desk.Tx) error {
		if o.head == nil {
			return fn(tx)
		}
		return fn(otherHead{tx, o.head})
	})
}

type otherHead struct {
	desk.Tx
	head func(size int64, root audit.Hash) (int64, audit.Hash)
}

func (o otherHead) Head() (int64, audit.Hash) { return o.head(o.Tx.Head()) }

// TestARunningServerStopsWhenItsLedgerIsAnother: it decides, signs and reveals
// nothing any more, not even when the right file is back; what is there can be read.
func TestARunningServerStopsWhenItsLedgerIsAnother(t *testing.T) {
	for name, head := range map[string]func(int64, audit.Hash) (int64, audit.Hash){
		"rolled back":                    func(size int64, root audit.Hash) (int64, audit.Hash) { return size - 1, root },
		"of the same length, but others": func(size int64, root audit.Hash) (int64, audit.Hash) { root[0] ^= 1; return size, root },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			session, err := o.SignIn("tech-a")
			if err != nil {
				t.Fatal(err)
			}
			if err := o.Desk.Close(); err != nil {
				t.Fatal(err)
			}
			other := &otherLedger{Store: o.Gate}
			o.Config.Store = other
			o.Desk = o.Open()
			if _, err := o.CheckOut("tech-a", "db01"); err != nil {
				t.Fatal(err)
			}
			before := o.Size()
			other.head = head
			if got, err := o.CheckOut("tech-a", "db01"); !errors.Is(err, desk.ErrLedgerSuspect) || !got.Password.IsZero() {
				t.Errorf("a check-out: %v", err)
			}
			other.head = nil
			if _, err := o.CheckOut("tech-a", "db01"); !errors.Is(err, desk.ErrLedgerSuspect) {
				t.Errorf("a check-out when the file is back: %v", err)
			}
			_, err = o.Desk.Do(t.Context(), desk.By{Actor: "tech-b", Request: unique("r")}, custody.ComeBack{})
			if !errors.Is(err, desk.ErrLedgerSuspect) {
				t.Errorf("a command without a code: %v", err)
			}
			if _, err := o.SignIn("tech-b"); !errors.Is(err, desk.ErrLedgerSuspect) {
				t.Errorf("a log-in: %v", err)
			}
			var not *desk.NotReady
			if err := o.Desk.Ready(t.Context()); !errors.As(err, &not) ||
				!slices.ContainsFunc(not.Causes, func(c desk.Cause) bool { return c.Code == "ledger_suspect" }) {
				t.Errorf("ready: %v", err)
			}
			if _, err := o.Desk.Who(t.Context(), session.Token); err != nil {
				t.Errorf("reading: %v", err)
			}
			if after := o.Size(); after != before {
				t.Errorf("%d entries became %d", before, after)
			}
		})
	}
}
