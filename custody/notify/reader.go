package notify

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/follow"
)

// reader reads a ledger by deeds, from a stored place on.
type reader struct {
	follow *follow.Follower
	place  follow.Place // that was begun from
	open   bool         // next is known
	next   int64        // index of the first entry that was not looked at
	stored int64        // that of the place

	wanted     func(custody.Event) bool // what is told of; the rest is passed over
	unreadable func(ctx context.Context, index int64, err error)
}

// from says where the place is, and whether that is news: another process went on from it
// meanwhile, and may have come further.
func (r *reader) from(at follow.Place) (anew bool) {
	if at.Epoch == r.place.Epoch {
		return false
	}
	r.place, r.open = at, false
	return true
}

// read gives the deeds that are new, as long as there is room for more.
func (r *reader) read(ctx context.Context, room func() bool, take func(ctx context.Context, deed []indexed) error) error {
	if err := r.start(ctx); err != nil {
		return err
	}
	var open []indexed // a deed that may go on in the next batch
	more := true
	for from := r.next; more && room(); {
		deeds, to, err := r.deeds(ctx, open, from)
		if err != nil {
			return err
		}
		more = to-from == batch
		if open = nil; more && len(deeds) > 0 {
			open, deeds = deeds[len(deeds)-1], deeds[:len(deeds)-1]
		}
		for _, deed := range deeds {
			if err := take(ctx, deed); err != nil {
				return err
			}
			r.next = deed[len(deed)-1].index + 1
		}
		if r.next = to; len(open) > 0 {
			r.next = open[0].index
		}
		from = to
	}
	return nil
}

// start goes on from the place; one that is new begins at the head.
func (r *reader) start(ctx context.Context) error {
	if r.open {
		return nil
	}
	next := r.place.Next
	if next == 0 { // nobody wants messages about last year
		var err error
		if next, err = r.follow.Ledger.Size(ctx); err != nil {
			return err
		}
	}
	r.next, r.stored, r.open = next, r.place.Next, true
	return nil
}

// indexed is an event and the index of its entry.
type indexed struct {
	custody.Event
	index int64
}

// sameDeed says that two events are of one request; what time did at one moment
// has no request.
func (e indexed) sameDeed(other indexed) bool {
	return e.Request == other.Request && e.Actor == other.Actor && e.Time.Equal(other.Time)
}

// deeds gives those of the next batch of entries that are told of, by the deeds
// that they are of, and the index behind them. The first deed goes on with what is
// open.
func (r *reader) deeds(ctx context.Context, open []indexed, from int64) (deeds [][]indexed, to int64, err error) {
	if len(open) > 0 {
		deeds = [][]indexed{open}
	}
	to, err = r.follow.Read(ctx, from, batch, func(index int64, record []byte) error {
		event, err := custody.ReadRecord(record)
		if err != nil {
			r.unreadable(ctx, index, err)
			return nil
		}
		if !r.wanted(event) {
			return nil
		}
		e := indexed{event, index}
		if last := len(deeds) - 1; last >= 0 && e.sameDeed(deeds[last][0]) {
			deeds[last] = append(deeds[last], e)
		} else {
			deeds = append(deeds, []indexed{e})
		}
		return nil
	})
	return deeds, to, err
}

// settle moves the place: no entry behind which a message still waits, of which the first
// is given; or to what was read.
func (r *reader) settle(ctx context.Context, waiting int64) error {
	if !r.open {
		return nil
	}
	next := min(r.next, waiting)
	if next <= r.stored {
		return nil
	}
	if err := r.follow.Advance(ctx, next); err != nil {
		return err
	}
	r.stored = next
	return nil
}
