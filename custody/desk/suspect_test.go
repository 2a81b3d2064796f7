package desk_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
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
	desktest.OnBoth(t, aRunningServerStopsWhenItsLedgerIsAnother)
}

func aRunningServerStopsWhenItsLedgerIsAnother(t *testing.T, on desktest.Engine) {
	for name, head := range map[string]func(int64, audit.Hash) (int64, audit.Hash){
		"rolled back":                    func(size int64, root audit.Hash) (int64, audit.Hash) { return size - 1, root },
		"of the same length, but others": func(size int64, root audit.Hash) (int64, audit.Hash) { root[0] ^= 1; return size, root },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOfficeOn(t, on)
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
			if _, err := o.Desk.Checkpoint(t.Context()); err != nil { // which is remembered
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
			if _, err := o.Desk.Checkpoint(t.Context()); !errors.Is(err, desk.ErrLedgerSuspect) {
				t.Errorf("a checkpoint: %v", err)
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

// lateStore gives no entry within a transaction until the time for it is over.
type lateStore struct {
	desk.Store
	late error // nil: in time
}

func (l *lateStore) Write(ctx context.Context, fn func(desk.Tx) error) error {
	return l.Store.Write(ctx, func(tx desk.Tx) error { return fn(lateTx{tx, l.late}) })
}

type lateTx struct {
	desk.Tx
	late error
}

func (l lateTx) Records(from, to int64) ([][]byte, error) {
	if l.late != nil {
		return nil, l.late
	}
	return l.Tx.Records(from, to)
}

// TestALedgerThatIsReadTooLateIsNotSuspect: what another process appended was not read
// in time, or whoever asked had gone. A desk that took the ledger for forged would stop
// for good.
func TestALedgerThatIsReadTooLateIsNotSuspect(t *testing.T) {
	o := newOffice(t)
	store := &lateStore{Store: o.Gate}
	o.Config.Store = store
	d := o.Open()
	for _, late := range []error{context.DeadlineExceeded, context.Canceled} {
		o.Enters()
		store.late = late
		if err := o.Writes(d); err == nil || errors.Is(err, desk.ErrLedgerSuspect) {
			t.Errorf("%v: %v", late, err)
		}
		store.late = nil
		if err := o.Writes(d); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

// TestATreeThatIsNotThatOfItsEntriesIsFoundAtTheStart: the nodes and the root at the
// head fit each other and were both changed, the entries and their seals are what they
// were. A desk that went on would sign a head that none of its entries lead to.
func TestATreeThatIsNotThatOfItsEntriesIsFoundAtTheStart(t *testing.T) {
	desktest.OnBoth(t, aTreeThatIsNotThatOfItsEntriesIsFoundAtTheStart)
}

func aTreeThatIsNotThatOfItsEntriesIsFoundAtTheStart(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	for o.Size()%2 == 0 { // of an odd tree the last leaf is a peak
		o.Enters()
	}
	o.restart() // anchored here
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.administrator(func(db *sql.DB) {
		o.sql(db, "UPDATE ledger_nodes SET hash = ? WHERE id = (SELECT max(id) FROM ledger_nodes)", make([]byte, 32))
		frontier, err := audit.LoadFrontier(o.Size(), o.Store.HashReader(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		root, err := frontier.Root()
		if err != nil {
			t.Fatal(err)
		}
		o.sql(db, "UPDATE ledger_head SET root = ?", root[:])
	})
	o.Desk = o.Open()
	o.wantSuspect("another tree", session.Token)
}

// TestHalfOfWhatACommandLeadsToIsNotTakenIn: two check-outs end at the same time, and
// only one of the ends was entered, under a good seal.
func TestHalfOfWhatACommandLeadsToIsNotTakenIn(t *testing.T) {
	desktest.OnBoth(t, halfOfWhatACommandLeadsToIsNotTakenIn)
}

func halfOfWhatACommandLeadsToIsNotTakenIn(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on, func(c *desk.Config) { c.Policy.SessionIdle = 24 * time.Hour }) // that one ends is another matter
	o.Onboard("db02")
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"db01", "db02"} {
		if _, err := o.CheckOut("tech-a", name); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(o.Config.Policy.Lease + time.Minute)
	state, _, err := o.Store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ends := state.Fork().LetTimeAct(o.Clock.Now())
	if len(ends) != 2 {
		t.Fatalf("time leads to %d entries", len(ends))
	}
	o.forgeUnder(ends[0], o.sealOf)
	o.Desk = o.Open()
	o.wantSuspect("half a command", session.Token)
}

// TestTimeDoesNotActWhileTheSecretStoreIsAnothers: a desk that runs on keeps its key in
// memory, and could go on entering what time leads to.
func TestTimeDoesNotActWhileTheSecretStoreIsAnothers(t *testing.T) {
	o := newOffice(t)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	others := newOffice(t)
	d := o.Desk
	defer o.Secrets.Replace(func(desk.Secrets) desk.Secrets { return others.Secrets })()
	if err := d.Ready(t.Context()); !errors.Is(err, desk.ErrOtherSecrets) {
		t.Fatalf("another secret store: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	before := o.Size()
	o.Clock.Add(o.Config.Policy.Lease + time.Hour)
	d.Tick()
	d.Behind()
	d.Tick()
	if types := o.Types(before); len(types) != 0 {
		t.Errorf("entered: %v", types)
	}
}

// TestADatabaseThatSaysThatItIsNotBoundIsHeldToItsAnchor: whoever puts yesterday's file
// in its place can also write there that no secret store was met yet.
func TestADatabaseThatSaysThatItIsNotBoundIsHeldToItsAnchor(t *testing.T) {
	o := newOffice(t)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	yesterday := o.copied()
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	o.reopen(yesterday)
	o.administrator(func(db *sql.DB) { o.sql(db, "UPDATE installation SET bound = 0") })
	o.restart()
	o.wantSuspect("yesterday's file, not bound", session.Token)
	o.restart()
	o.wantSuspect("and again", session.Token)
}
