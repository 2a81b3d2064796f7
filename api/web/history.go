package web

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api/web/gantt"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// maxEvents bounds what is read for one picture, each credential having an equal
// share: of twenty, thirty hand-overs and returns each.
const maxEvents = 2000

// What a picture is made of, besides who was away.
var (
	settling = typesOf(
		custody.CredentialAdded{}, custody.CredentialRetired{}, custody.HandoverAccepted{}, custody.HandoverCarriedOut{}, custody.HandoverReturned{},
		custody.RotationStarted{}, custody.RotationOverdue{}, custody.RotationPromoted{}, custody.CustodyPassed{}, custody.CredentialAbandoned{},
	)
	// What settles it only sometimes: whether it does, its entry says.
	sometimes = typesOf(custody.SeatVacated{}, custody.CustodiansChanged{}, custody.SeatGivenBack{}, custody.CredentialParked{}, custody.CredentialTaken{}, custody.HandoverVoided{})
	drawn     = append(typesOf(
		custody.HandoverOffered{}, custody.HandoverOverdue{}, custody.CommandRefused{},
		custody.HandoverEnded{How: custody.Declined}, custody.HandoverEnded{How: custody.Cancelled}, custody.HandoverEnded{How: custody.Expired},
	), slices.Concat(settling, sometimes)...)
	presence = typesOf(custody.PersonAway{}, custody.PersonPresent{})
)

func typesOf(facts ...custody.Fact) []string {
	types := make([]string, len(facts))
	for i, f := range facts {
		types[i] = f.Type()
	}
	return types
}

// history collects the events of a picture, by index.
type history struct {
	*visit
	window      gantt.Window
	credentials []custody.Credential
	names       []string

	from, before int64 // indexes that the window has; before 0: to the end
	found        map[int64]custody.Event
	partial      bool // there was more than maxEvents
}

// custodyEvents gives, in order, the events that say what happened to the
// credentials and their custodians in the window, and how it began. Each kind is
// one query for all credentials.
func (v *visit) custodyEvents(w gantt.Window, credentials []custody.Credential) (events []custody.Event, partial bool, err error) {
	h := &history{visit: v, window: w, credentials: credentials, found: map[int64]custody.Event{}}
	for _, c := range credentials {
		h.names = append(h.names, c.Name)
	}
	if len(credentials) == 0 {
		return nil, false, nil
	}
	if h.from, err = v.indexAt(v.r.Context(), w.From); err != nil {
		return nil, false, err
	}
	if w.To.Before(v.now) {
		if h.before, err = v.indexAt(v.r.Context(), w.To); err != nil || h.before == 0 {
			return nil, false, err
		}
	}
	absences, err := h.absences()
	if err != nil {
		return nil, false, err
	}
	if err := h.custody(); err != nil {
		return nil, false, err
	}
	refused, err := h.refusedHandovers()
	if err != nil {
		return nil, false, err
	}
	events = slices.Concat(absences, refused)
	for _, index := range slices.Sorted(maps.Keys(h.found)) {
		events = append(events, h.found[index])
	}
	slices.SortStableFunc(events, func(a, b custody.Event) int { return a.Time.Compare(b.Time) })
	return events, h.partial, nil
}

// custody finds what happened to the credentials in the window, and the last
// thing before it that says how each of them stood.
func (h *history) custody() error {
	ctx := h.r.Context()
	stored, cut, err := h.Queries.EntriesAbout(ctx, desk.AboutQuery{
		Credentials: h.names, Types: drawn, From: h.from, Before: h.before, Each: maxEvents / len(h.names),
	})
	if err != nil {
		return err
	}
	if _, err := h.keep(stored); err != nil {
		return err
	}
	// How the window began says nothing about what follows the part that is cut.
	h.partial = len(cut) > 0
	whole := slices.DeleteFunc(slices.Clone(h.names), func(name string) bool { return slices.Contains(cut, name) })
	if stored, err = h.Queries.LatestAbout(ctx, whole, settling, h.from); err != nil {
		return err
	}
	also, err := h.Queries.LatestAbout(ctx, whole, sometimes, h.from)
	if err != nil {
		return err
	}
	began, err := h.keep(append(stored, also...))
	if err != nil {
		return err
	}
	var accepted []string
	for _, e := range began {
		switch f := e.Fact.(type) {
		case custody.HandoverAccepted:
			accepted = append(accepted, f.Handover)
		case custody.HandoverCarriedOut:
			accepted = append(accepted, f.Handover)
		}
	}
	if len(accepted) == 0 {
		return nil
	}
	stored, _, err = h.Queries.EntriesAbout(ctx, desk.AboutQuery{Subjects: accepted, Types: typesOf(custody.HandoverOverdue{}), Before: h.from})
	if err != nil {
		return err
	}
	_, err = h.keep(stored)
	return err
}

func (h *history) keep(stored []desk.StoredEntry) ([]custody.Event, error) {
	events, err := eventsOf(stored)
	for i, e := range events {
		h.found[stored[i].Index] = e
	}
	return events, err
}

// inOrder puts entries that come in no order, some of them more than once, into that
// of the ledger.
func inOrder(stored []desk.StoredEntry) []desk.StoredEntry {
	slices.SortFunc(stored, func(a, b desk.StoredEntry) int { return cmp.Compare(a.Index, b.Index) })
	return slices.CompactFunc(stored, func(a, b desk.StoredEntry) bool { return a.Index == b.Index })
}

func eventsOf(stored []desk.StoredEntry) ([]custody.Event, error) {
	events := make([]custody.Event, len(stored))
	for i, s := range stored {
		var err error
		if events[i], err = custody.ReadRecord(s.Record); err != nil {
			return nil, fmt.Errorf("entry %d of the ledger: %w", s.Index, err)
		}
	}
	return events, nil
}

// absences reads who went and came from the window on. What comes first, or the
// present where nothing does, says how the window began: to look for it before
// the window would mean to read every log-in.
func (h *history) absences() ([]custody.Event, error) {
	people := map[string]bool{}
	for _, c := range h.credentials {
		for _, custodian := range []string{c.Primary, c.Backup} {
			if custodian != "" { // a vacant seat
				people[custodian] = true
			}
		}
	}
	stored, _, err := h.Queries.EntriesAbout(h.r.Context(), desk.AboutQuery{
		Subjects: slices.Sorted(maps.Keys(people)), Types: presence, From: h.from,
	})
	if err != nil {
		return nil, err
	}
	directory, err := h.directory()
	if err != nil {
		return nil, err
	}
	events, err := eventsOf(inOrder(stored))
	if err != nil {
		return nil, err
	}
	for person := range people {
		first := slices.IndexFunc(events, func(e custody.Event) bool { return e.Fact.Subject() == person })
		since := time.Time{}
		switch now := directory[person]; {
		case first < 0 && now.Away:
			since = now.AwaySince
		case first >= 0 && events[first].Fact.Type() == custody.PersonPresent{}.Type():
			since = h.window.From.Add(-time.Nanosecond) // or any time before
		default:
			continue
		}
		events = slices.Insert(events, 0, custody.Event{Time: since, Actor: person, Fact: custody.PersonAway{Person: person}})
	}
	return events, nil
}

// refusedHandovers gives what was refused about handovers, as refused about each
// of their credentials.
func (h *history) refusedHandovers() ([]custody.Event, error) {
	of := map[string][]string{} // credentials, by handover
	know := func(handover string, credentials []string) {
		if handover != "" && len(of[handover]) == 0 {
			of[handover] = credentials
		}
	}
	for _, c := range h.credentials {
		know(c.Handover, nil)
	}
	for _, e := range h.found {
		switch f := e.Fact.(type) {
		case custody.HandoverOffered:
			know(f.Handover, f.Credentials)
		case custody.HandoverAccepted:
			know(f.Handover, f.Credentials)
		case custody.HandoverCarriedOut:
			know(f.Handover, f.Credentials)
		case custody.HandoverReturned:
			know(f.Handover, f.Credentials)
		case custody.HandoverEnded:
			know(f.Handover, nil)
		}
	}
	if len(of) == 0 {
		return nil, nil
	}
	stored, _, err := h.Queries.EntriesAbout(h.r.Context(), desk.AboutQuery{
		Subjects: slices.Sorted(maps.Keys(of)), Types: typesOf(custody.CommandRefused{}), From: h.from, Before: h.before,
	})
	if err != nil {
		return nil, err
	}
	refused, err := eventsOf(inOrder(stored))
	if err != nil {
		return nil, err
	}
	var events []custody.Event
	for _, e := range refused {
		fact := e.Fact.(custody.CommandRefused)
		if of[fact.On] == nil { // offered before the window
			handover, err := h.Queries.Handover(h.r.Context(), fact.On)
			if err != nil {
				return nil, err
			}
			of[fact.On] = handover.Credentials
		}
		for _, name := range of[fact.On] {
			about := fact
			about.On = name
			aimed := e
			aimed.Fact = about
			events = append(events, aimed)
		}
	}
	return events, nil
}
