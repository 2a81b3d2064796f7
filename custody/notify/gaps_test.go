package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/notify/smtp/smtptest"
)

// gaps is a ledger whose database lost an entry, until it is there again; -1: none.
type gaps struct {
	*office
	lost atomic.Int64
	seen atomic.Int64 // how often it was missed
}

func (g *gaps) Records(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
	return g.office.Records(ctx, from, to, func(index int64, record []byte) error {
		if index == g.lost.Load() {
			g.seen.Add(1)
			return nil
		}
		return yield(index, record)
	})
}

// TestAnEntryThatIsMissingIsWaitedFor: no mail about it is lost, in the middle
// of the ledger or at its end.
func TestAnEntryThatIsMissingIsWaitedFor(t *testing.T) {
	for _, lost := range []int64{1, 2} {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			o := newOffice(t)
			ledger := &gaps{office: o}
			ledger.lost.Store(-1)
			o.follower.Ledger, o.follower.follow.Ledger = ledger, ledger
			o.happen("old", custody.SessionOpened{Person: "tech-a"})
			o.run(o.follower)
			o.settled(1)
			ledger.lost.Store(lost)
			o.happen("r1", offered(1), offered(2))
			waitFor(t, "the missing entry is looked for again", func() bool { return ledger.seen.Load() >= 3 })
			o.server.None(t)
			if at := o.at(); at != 1 {
				t.Errorf("the position is %d, behind an entry that nobody saw", at)
			}
			ledger.lost.Store(-1)
			if m := o.server.Next(t); !strings.Contains(m.Subject, "(+1)") {
				t.Errorf("one mail about both offers: %q", m.Subject)
			}
			o.settled(3)
			o.server.None(t)
		})
	}
}

// forgetful is a directory that cannot be read at first.
type forgetful struct {
	*office
	fail atomic.Int64 // how often
}

func (f *forgetful) People(ctx context.Context) ([]custody.Person, error) {
	if f.fail.Add(-1) >= 0 {
		return nil, errors.New("the database is away")
	}
	return f.office.People(ctx)
}

// TestADeedThatIsReadInTwoPartsStaysWhole, also when the database goes away
// between them.
func TestADeedThatIsReadInTwoPartsStaysWhole(t *testing.T) {
	o := newOffice(t)
	people := &forgetful{office: o}
	o.follower.Directory = people
	o.happen("old", custody.SessionOpened{Person: "tech-a"})
	o.run(o.follower)
	o.settled(1)
	var facts []custody.Fact
	for range batch - 1 { // what calls for no mail, up to one before the end of what is read at once
		facts = append(facts, custody.SessionOpened{Person: "tech-a"})
	}
	people.fail.Store(3)
	facts = append(facts, offered(1), offered(2), offered(3))
	o.happen("r1", facts...)
	if m := o.server.Next(t); !strings.Contains(m.Subject, "(+2)") {
		t.Errorf("a mail about three offers: %q", m.Subject)
	}
	o.settled(int64(len(facts)) + 1)
	o.server.None(t)
	if people.fail.Load() >= 0 {
		t.Error("the database never was away")
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// TestAPositionThatCannotBeReadIsNotTakenForNone: what happened meanwhile would
// be passed over.
func TestAPositionThatCannotBeReadIsNotTakenForNone(t *testing.T) {
	o := newOffice(t)
	o.happen("old", custody.SessionOpened{Person: "tech-a"})
	stop := o.run(o.follower)
	o.settled(1)
	stop()
	o.happen("r1", offered(1))
	f := o.open()
	away := 3
	o.places.Fail(func() error {
		if away--; away >= 0 {
			return errors.New("the database is away")
		}
		return nil
	})
	o.run(f)
	if m := o.server.Next(t); m.To != "tech-b@example.org" {
		t.Errorf("%+v", m)
	}
	o.settled(2)
}

// TestAMailThatWaitsIsNotTriedBeforeItsTime, although others are sent meanwhile.
func TestAMailThatWaitsIsNotTriedBeforeItsTime(t *testing.T) {
	o := newOffice(t)
	o.follower.MinPause, o.follower.MaxPause = time.Hour, 2*time.Hour
	o.happen("old", custody.SessionOpened{Person: "tech-a"})
	o.run(o.follower)
	o.settled(1)
	var tried atomic.Int64
	o.server.Refuse(func(to string) error {
		if to == "tech-b@example.org" {
			tried.Add(1)
			return smtptest.Reply(451)
		}
		return nil
	})
	o.happen("r1", offered(1))
	waitFor(t, "the first try", func() bool { return tried.Load() == 1 })
	for i := range 3 {
		o.happen(fmt.Sprint("more", i), custody.EnrolmentReset{Person: "tech-a"})
		o.server.Next(t) // the one that waits is before it in the queue
	}
	if n := tried.Load(); n != 1 {
		t.Errorf("tried %d times within its pause", n)
	}
}
