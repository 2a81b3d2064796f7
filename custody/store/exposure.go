package store

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// exposurePage is how many entries are read at a time on the way back to the
// one that starts a version.
const exposurePage = 100

// Exposure gives who had been shown the password of a credential that was
// current at an instant, that instant included; the zero one is now.
// desk.ErrNotFound when the credential was not in custody yet. It costs log2(size)
// entries, and those about the credential since its password was changed.
func (s *Store) Exposure(ctx context.Context, credential string, at time.Time) (custody.Exposure, error) {
	var x custody.Exposure
	before, err := s.after(ctx, at)
	if err != nil {
		return x, err
	}
	var told []toldEvent // the newest first
	for before > 0 {
		entries, err := s.entries(ctx, desk.EntryQuery{Credential: credential, Newest: true, Before: before, Limit: exposurePage})
		if err != nil {
			return x, err
		}
		for _, entry := range entries {
			event, err := decodeEvent(entry)
			if err != nil {
				return x, err
			}
			told = append(told, toldEvent{entry.Index, event})
			if custody.StartsVersion(event.Fact) {
				for _, e := range slices.Backward(told) {
					x.Add(e.index, e.event)
				}
				return x, nil
			}
			before = entry.Index
		}
		if len(entries) < exposurePage {
			break
		}
	}
	return x, desk.ErrNotFound
}

type toldEvent struct {
	index int64
	event custody.Event
}

func decodeEvent(stored entryRow) (custody.Event, error) {
	event, err := custody.ReadRecord(stored.Record)
	if err != nil {
		return custody.Event{}, fmt.Errorf("store: entry %d: %w", stored.Index, err)
	}
	return event, nil
}

// after gives the index of the first entry that is later than an instant. Between
// two corrections of the clock the times of a ledger never go back, which lets a
// search find it; an instant that was there twice is the later one. The zero
// instant is now: also what a clock dated later that has gone back since.
func (s *Store) after(ctx context.Context, at time.Time) (int64, error) {
	end, err := s.Size(ctx)
	if err != nil || at.IsZero() {
		return end, err
	}
	corrected, err := s.entries(ctx, desk.EntryQuery{Type: custody.ClockCorrected{}.Type(), Newest: true})
	if err != nil {
		return 0, err
	}
	for _, correction := range corrected {
		if index, err := s.afterIn(ctx, at, correction.Index, end); err != nil || index > correction.Index {
			return index, err
		}
		end = correction.Index
	}
	return s.afterIn(ctx, at, 0, end)
}

// afterIn is after among the entries from one index to before another.
func (s *Store) afterIn(ctx context.Context, at time.Time, from, end int64) (int64, error) {
	var failed error
	index := sort.Search(int(end-from), func(i int) bool {
		if failed != nil {
			return true
		}
		stored, err := s.entry(ctx, from+int64(i))
		if err != nil {
			failed = err
			return true
		}
		event, err := decodeEvent(stored)
		failed = err
		return event.Time.After(at)
	})
	return from + int64(index), failed
}
