// Package storetest is the conformance suite of what keeps the ledger and the tables:
// whatever database is behind it, the desk, the followers and the rotation worker
// find the same behaviour.
//
// It knows the ports, a desk on top of them, and nothing of any database.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/follow"
)

// Store is what is tried.
type Store interface {
	desk.Store
	desk.AccountStore
	follow.Places

	// Incidents gives those that fit, the newest first; Incident one, or desk.ErrNotFound.
	Incidents(ctx context.Context, q desk.IncidentQuery) ([]custody.Incident, error)
	Incident(ctx context.Context, id string) (custody.Incident, error)

	Claim(ctx context.Context, credential, owner string, now, until time.Time) (bool, error)
	Release(ctx context.Context, credential, owner string) error

	// Diff folds the ledger and compares the tables with it.
	Diff(ctx context.Context) error
}

// Conform runs the suite for one process. open gives a new database each time, and
// closes it with the test.
func Conform(t *testing.T, open func(t *testing.T) Store) {
	for name, run := range map[string]func(*testing.T, Store){
		"Empty":                    empty,
		"WhatIsEnteredComesBack":   comesBack,
		"AFailureLeavesNoTrace":    leavesNoTrace,
		"WhatDoesNotFollowIsNot":   mustFollow,
		"ALostAnswerIsFoundOut":    func(t *testing.T, s Store) { lostAnswer(t, s, s) },
		"ThrottlesCountAll":        func(t *testing.T, s Store) { throttled(t, s, s) },
		"LeasesAreFenced":          func(t *testing.T, s Store) { leases(t, s, s) },
		"BindingIsComparedAndSet":  binding,
		"ArrivalsAndConfirmations": beside,
		"IncidentsAreFound":        incidents,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

// ConformTwo runs the suite for two processes on one database: openA makes a new one
// and openB, called after it, opens that.
func ConformTwo(t *testing.T, openA, openB func(t *testing.T) Store) {
	for name, run := range map[string]func(t *testing.T, a, b Store){
		"EachTakesInTheOthers":  takeIn,
		"OneWritesAtATime":      oneAtATime,
		"AFailureIsSeenByNone":  seenByNone,
		"ALostAnswerIsFoundOut": lostAnswer,
		"ThrottlesCountAll":     throttled,
		"LeasesAreFenced":       leases,
		"IncidentsAreJoined":    joined,
	} {
		t.Run(name, func(t *testing.T) {
			a := openA(t)
			run(t, a, openB(t))
		})
	}
}

var epoch = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// stopped is a clock that stands.
type stopped struct{}

func (stopped) Now() time.Time         { return epoch }
func (stopped) Elapsed() time.Duration { return 0 }

// house has desks on stores, all with the same secrets.
type house struct {
	t       *testing.T
	secrets desk.Secrets
}

func newHouse(t *testing.T) house {
	t.Helper()
	dir := t.TempDir()
	secrets, err := embedded.OpenOrCreate(filepath.Join(dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(dir, "key")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = secrets.Close() })
	return house{t, secrets}
}

// desk opens one on a store, or on something in front of it.
func (h house) desk(s desk.Store, accounts desk.AccountStore) *desk.Desk {
	h.t.Helper()
	d, err := desk.Open(h.t.Context(), desk.Config{
		Store: s, Accounts: accounts, Secrets: h.secrets, Clock: stopped{},
		Policy: custody.DefaultPolicy(), Origin: "storetest.example/ledger", Log: slog.New(slog.DiscardHandler), SessionTTL: time.Hour,
		CheckTarget: func(custody.Target, custody.Secret) (desk.CheckedTarget, error) { return desk.CheckedTarget{}, nil },
		CheckPolicy: func(custody.CredentialPolicy) error { return nil },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = d.Close() })
	return d
}

// hire enters somebody.
func hire(d *desk.Desk, by desk.By, username string) (desk.Outcome, error) {
	by.Actor, by.Request = custody.System, "hire-"+username
	return d.Do(context.Background(), by, custody.AddPerson{
		Username: username, Name: "Čeněk 午 " + username, Email: desk.NewNote(username + "@example.org"),
		Roles: []custody.Role{custody.Technician}, TOTPPeriod: 30,
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sound says whether entries, seals, tree and tables follow on each other from the
// first entry to this size, and gives the entries.
func sound(t *testing.T, s Store, size int64) (records [][]byte) {
	t.Helper()
	if got, err := s.Size(t.Context()); err != nil || got != size {
		t.Fatalf("the ledger has %d entries instead of %d: %v", got, size, err)
	}
	tree := &audit.Frontier{}
	must(t, s.Records(t.Context(), 0, math.MaxInt64, func(index int64, record []byte) error {
		if index != tree.Size() {
			return fmt.Errorf("entry %d where %d is next", index, tree.Size())
		}
		records = append(records, bytes.Clone(record))
		_, err := tree.Append(record)
		return err
	}))
	var sealed int64
	for seal, err := range s.Seals(t.Context(), 0, math.MaxInt64) {
		must(t, err)
		if seal.From != sealed || seal.Size <= seal.From {
			t.Fatalf("a seal of [%d, %d) behind %d", seal.From, seal.Size, sealed)
		}
		sealed = seal.Size
	}
	state, frontier, err := s.Load(t.Context())
	must(t, err)
	root, err := tree.Root()
	must(t, err)
	loaded, err := frontier.Root()
	must(t, err)
	if tree.Size() != size || sealed != size || state.Size != size || root != loaded {
		t.Fatalf("%d entries, %d sealed, state of %d, roots %v and %v; want %d", tree.Size(), sealed, state.Size, root, loaded, size)
	}
	must(t, s.Diff(t.Context()))
	return records
}

func empty(t *testing.T, s Store) {
	sound(t, s, 0)
	state, _, err := s.Load(t.Context())
	if err != nil || !reflect.DeepEqual(state, custody.NewState()) {
		t.Errorf("%+v, %v", state, err)
	}
	last, mark, err := s.LastBatch(t.Context())
	if err != nil || last.Size != 0 || mark != "" {
		t.Errorf("last batch %+v, mark %q, %v", last, mark, err)
	}
	must(t, s.Ready(t.Context()))
}

func comesBack(t *testing.T, s Store) {
	d := newHouse(t).desk(s, s)
	before, err := s.Size(t.Context())
	must(t, err)
	var want [][]byte
	var notes []custody.Note
	for _, name := range []string{"anna", "bert", "cedric"} {
		outcome, err := hire(d, desk.By{}, name)
		must(t, err)
		for _, e := range outcome.Events {
			entry, err := e.Record()
			must(t, err)
			record, err := entry.Encode()
			must(t, err)
			want, notes = append(want, record), append(notes, e.Notes()...)
		}
	}
	records := sound(t, s, before+int64(len(want)))
	if !reflect.DeepEqual(records[before:], want) {
		t.Errorf("came back as\n%s\nand was\n%s", records[before:], want)
	}
	last, mark, err := s.LastBatch(t.Context())
	if err != nil || last.Size != before+int64(len(want)) || mark == "" {
		t.Errorf("last batch %+v, mark %q, %v", last, mark, err)
	}
	texts, err := s.Texts(t.Context(), notes)
	must(t, err)
	for _, n := range notes {
		if w, known := n.Words(); known && texts[n.Commitment()] != w {
			t.Errorf("the text %q came back as %+v", w.Text, texts[n.Commitment()])
		}
	}
	if len(texts) == 0 {
		t.Error("no text came back")
	}
}

// lockOut raises an incident about somebody, or is more of it.
func lockOut(d *desk.Desk, person string) error {
	_, err := d.Do(context.Background(), desk.By{Actor: custody.System, Request: "lock-out"}, custody.LockSignIn{Person: person, Failures: 5, Until: epoch.Add(time.Minute)})
	return err
}

// incidents: many entries of one kind are one incident, which is found by what it is about,
// and page by page.
func incidents(t *testing.T, s Store) {
	d := newHouse(t).desk(s, s)
	people := []string{"anna", "bert", "a_na", "anna2"}
	for _, name := range people {
		_, err := hire(d, desk.By{}, name)
		must(t, err)
	}
	before, err := s.Incidents(t.Context(), desk.IncidentQuery{})
	must(t, err)
	for n := range 20 {
		must(t, lockOut(d, people[n%len(people)]))
	}
	all, err := s.Incidents(t.Context(), desk.IncidentQuery{})
	must(t, err)
	if len(all) != len(before)+4 {
		t.Fatalf("%d incidents of four people, after %d", len(all), len(before))
	}
	for i, want := range []string{"anna2", "a_na", "bert", "anna"} {
		if got := all[i]; got.Subject != want || got.Count != 5 || got.Last-got.First != 16 || !slices.Equal(got.People, []string{want}) {
			t.Errorf("%d: %+v, want five of %s", i, got, want)
		}
		if one, err := s.Incident(t.Context(), all[i].ID); err != nil || !reflect.DeepEqual(one, all[i]) {
			t.Errorf("%s: %+v, %v", all[i].ID, one, err)
		}
	}
	if _, err := s.Incident(t.Context(), "incident-999"); !errors.Is(err, desk.ErrNotFound) {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		q    desk.IncidentQuery
		want []custody.Incident
	}{
		"about one":                   {desk.IncidentQuery{Person: "anna"}, all[3:4]},
		"about a name with a _":       {desk.IncidentQuery{Person: "a_na"}, all[1:2]},
		"about nobody":                {desk.IncidentQuery{Person: "%"}, nil},
		"about no credential":         {desk.IncidentQuery{Credential: "db01"}, nil},
		"serious":                     {desk.IncidentQuery{Grade: custody.Serious, Limit: 4}, all[:4]},
		"special":                     {desk.IncidentQuery{Grade: custody.Special, Person: "anna"}, nil},
		"open":                        {desk.IncidentQuery{Status: custody.IncidentOpen, Limit: 2}, all[:2]},
		"not closed":                  {desk.IncidentQuery{Open: true, Limit: 2}, all[:2]},
		"closed":                      {desk.IncidentQuery{Status: custody.IncidentOver}, nil},
		"the second page":             {desk.IncidentQuery{Before: all[1].ID, Limit: 2}, all[2:4]},
		"known to one":                {desk.IncidentQuery{KnownTo: "bert"}, all[2:3]},
		"known to one who assesses":   {desk.IncidentQuery{KnownTo: "bert", Theirs: []string{all[0].ID}}, []custody.Incident{all[0], all[2]}},
		"known to one, about another": {desk.IncidentQuery{KnownTo: "bert", Person: "anna"}, nil},
	} {
		if got, err := s.Incidents(t.Context(), c.q); err != nil || len(got) != len(c.want) || len(got) > 0 && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, c.want)
		}
	}
	size, err := s.Size(t.Context())
	must(t, err)
	sound(t, s, size)
}

// joined: what two processes enter about the same is one incident.
func joined(t *testing.T, a, b Store) {
	h := newHouse(t)
	desks := []*desk.Desk{h.desk(a, a), h.desk(b, b)}
	_, err := hire(desks[0], desk.By{}, "anna")
	must(t, err)
	for n := range 10 {
		must(t, lockOut(desks[n%2], "anna"))
	}
	for _, s := range []Store{a, b} {
		all, err := s.Incidents(t.Context(), desk.IncidentQuery{Person: "anna"})
		if err != nil || len(all) != 1 || all[0].Count != 10 {
			t.Errorf("%+v, %v", all, err)
		}
		size, err := s.Size(t.Context())
		must(t, err)
		sound(t, s, size)
	}
}

// front is a store of which the next transaction ends otherwise than it should.
type front struct {
	Store
	mu   sync.Mutex
	next func(write func() error) error // nil: as it should
}

func (f *front) Write(ctx context.Context, fn func(desk.Tx) error) error {
	f.mu.Lock()
	next := f.next
	f.next = nil
	f.mu.Unlock()
	if next == nil {
		return f.Store.Write(ctx, fn)
	}
	return next(func() error { return f.Store.Write(ctx, fn) })
}

func (f *front) once(next func(write func() error) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = next
}

var errMistake = errors.New("mistake")

func leavesNoTrace(t *testing.T, s Store) {
	d := newHouse(t).desk(s, s)
	_, err := hire(d, desk.By{}, "anna")
	must(t, err)
	must(t, d.Close())
	size, err := s.Size(t.Context())
	must(t, err)
	for name, end := range map[string]func(cancel func()) error{
		"its own error": func(func()) error { return errMistake },
		"a panic":       func(func()) error { panic(errMistake) },
		"cancelled":     func(cancel func()) error { cancel(); return nil },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		err := func() (err error) {
			defer func() {
				if r := recover(); r != nil {
					err = r.(error)
				}
			}()
			return s.Write(ctx, func(tx desk.Tx) error {
				if err := tx.Remember("somebody", "key-"+name, desk.Remembered{At: epoch, Mark: "mark"}); err != nil {
					return err
				}
				return end(cancel)
			})
		}()
		cancel()
		if !errors.Is(err, errMistake) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		must(t, s.Write(t.Context(), func(tx desk.Tx) error {
			if _, found, err := tx.Recall("somebody", "key-"+name); err != nil || found {
				t.Errorf("%s left a key: %v", name, err)
			}
			return nil
		}))
	}
	sound(t, s, size)
}

// mustFollow: no transaction leaves entries, tree and tables that do not end together.
func mustFollow(t *testing.T, s Store) {
	d := newHouse(t).desk(s, s)
	outcome, err := hire(d, desk.By{}, "anna")
	must(t, err)
	must(t, d.Close())
	size, err := s.Size(t.Context())
	must(t, err)
	event := outcome.Events[0].Event
	entry, err := event.Record()
	must(t, err)
	record, err := entry.Encode()
	must(t, err)
	_, frontier, err := s.Load(t.Context())
	must(t, err)
	nodes, err := frontier.Append(record)
	must(t, err)
	root, err := frontier.Root()
	must(t, err)
	for name, add := range map[string]func(desk.Tx) error{
		"an index left out": func(tx desk.Tx) error {
			return tx.Append([]desk.Appended{{Index: size + 1, Event: event, Record: record}}, nodes, root, "mark")
		},
		"an index again": func(tx desk.Tx) error {
			return tx.Append([]desk.Appended{{Index: size - 1, Event: event, Record: record}}, nodes, root, "mark")
		},
		"a node left out": func(tx desk.Tx) error {
			return tx.Append([]desk.Appended{{Index: size, Event: event, Record: record}}, nodes[1:], root, "mark")
		},
		"no tables": func(tx desk.Tx) error {
			return tx.Append([]desk.Appended{{Index: size, Event: event, Record: record}}, nodes, root, "mark")
		},
	} {
		if err := s.Write(t.Context(), add); err == nil {
			t.Errorf("%s was committed", name)
		}
	}
	sound(t, s, size)
}

// lostAnswer: what was committed though nobody heard of it is found by its key, by
// whichever process is asked, and happens once.
func lostAnswer(t *testing.T, a, b Store) {
	h := newHouse(t)
	cut := &front{Store: a}
	first, second := h.desk(cut, a), h.desk(b, b)
	by := desk.By{Key: "key-1", Digest: [32]byte{1}}
	cut.once(func(write func() error) error {
		if err := write(); err != nil {
			t.Errorf("the transaction itself: %v", err)
		}
		return desk.ErrStoreUnavailable
	})
	if _, err := hire(first, by, "anna"); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Fatalf("the answer was lost, and came: %v", err)
	}
	size, err := a.Size(t.Context())
	must(t, err)
	for _, d := range []*desk.Desk{second, first} {
		outcome, err := hire(d, by, "anna")
		if err != nil || !outcome.Replayed || len(outcome.Events) != 1 {
			t.Errorf("asked again: %+v, %v", outcome, err)
		}
	}
	sound(t, a, size)
}

// throttled: guesses sent at the same time are all counted.
func throttled(t *testing.T, a, b Store) {
	const each = 16
	var running sync.WaitGroup
	for _, s := range []Store{a, b} {
		for range each {
			running.Go(func() {
				_, err := s.UpdateThrottle(t.Context(), "somebody", func(th desk.Throttle) desk.Throttle {
					th.Failures++
					th.Touched = epoch
					return th
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	running.Wait()
	last, err := b.UpdateThrottle(t.Context(), "somebody", func(th desk.Throttle) desk.Throttle { return th })
	if err != nil || last.Failures != 2*each {
		t.Errorf("%+v, %v", last, err)
	}
}

// leases: one owner at a time, and who was overtaken changes nothing.
func leases(t *testing.T, a, b Store) {
	ctx, until := t.Context(), epoch.Add(time.Minute)
	later := until.Add(time.Second)
	claim := func(s Store, owner string, now time.Time, want bool) {
		t.Helper()
		if got, err := s.Claim(ctx, "db01", owner, now, now.Add(time.Minute)); err != nil || got != want {
			t.Errorf("%s claimed: %v, %v", owner, got, err)
		}
	}
	claim(a, "first", epoch, true)
	claim(b, "second", epoch, false)
	claim(a, "first", epoch, true)
	claim(b, "second", later, true)
	must(t, a.Release(ctx, "db01", "first")) // which is not theirs any more
	claim(a, "first", later, false)

	mine, held, err := a.Take(ctx, "mail", "first", epoch, until)
	if err != nil || !held {
		t.Fatalf("%v, %v", held, err)
	}
	if _, held, err := b.Take(ctx, "mail", "second", epoch, until); err != nil || held {
		t.Errorf("taken from its owner: %v, %v", held, err)
	}
	if moved, err := a.Advance(ctx, "mail", mine.Epoch, 7, epoch); err != nil || !moved {
		t.Errorf("%v, %v", moved, err)
	}
	theirs, held, err := b.Take(ctx, "mail", "second", later, later.Add(time.Minute))
	if err != nil || !held || theirs.Epoch <= mine.Epoch || theirs.Next != 7 {
		t.Errorf("%+v, %v, %v", theirs, held, err)
	}
	if moved, err := a.Advance(ctx, "mail", mine.Epoch, 9, later); err != nil || moved {
		t.Errorf("who was overtaken moved it on: %v, %v", moved, err)
	}
	if held, err := a.Prolong(ctx, "mail", mine.Epoch, later.Add(time.Hour)); err != nil || held {
		t.Errorf("who was overtaken prolonged it: %v, %v", held, err)
	}
	must(t, a.Leave(ctx, "mail", mine.Epoch))
	if moved, err := b.Advance(ctx, "mail", theirs.Epoch, 3, later); err != nil || !moved {
		t.Errorf("%v, %v", moved, err)
	}
	if at, err := a.Place(ctx, "mail"); err != nil || at.Next != 7 {
		t.Errorf("the place went back or on: %+v, %v", at, err)
	}
}

func binding(t *testing.T, s Store) {
	first := desk.Binding{Sentinel: "one", Origin: "a.example", LedgerKey: bytes.Repeat([]byte{7}, 32)}
	must(t, s.Bind(t.Context(), desk.Binding{}, first))
	must(t, s.Bind(t.Context(), desk.Binding{}, desk.Binding{Sentinel: "two"})) // it does not belong to nothing any more
	if got, err := s.Binding(t.Context()); err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("%+v, %v", got, err)
	}
}

func beside(t *testing.T, s Store) {
	ctx := t.Context()
	for i, request := range []string{"later", "first"} {
		must(t, s.BeginArrival(ctx, request, epoch.Add(-time.Duration(i)*time.Hour)))
	}
	want := []desk.Arrival{{Request: "first", At: epoch.Add(-time.Hour)}, {Request: "later", At: epoch}}
	if got, err := s.Arrivals(ctx); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	must(t, s.EndArrival(ctx, "first"))
	if got, err := s.Arrivals(ctx); err != nil || !reflect.DeepEqual(got, want[1:]) {
		t.Errorf("%+v, %v", got, err)
	}
	said := desk.ClockConfirmation{At: epoch, Size: 3}
	for _, c := range []desk.ClockConfirmation{said, {}} {
		must(t, s.ConfirmClock(ctx, c))
		if got, err := s.ClockConfirmation(ctx); err != nil || got != c {
			t.Errorf("%+v instead of %+v, %v", got, c, err)
		}
	}
}

// takeIn: each decides on what the other entered, which is under its seal.
func takeIn(t *testing.T, a, b Store) {
	h := newHouse(t)
	desks := []*desk.Desk{h.desk(a, a), h.desk(b, b)}
	for i := range 6 {
		name := fmt.Sprintf("person-%d", i)
		_, err := hire(desks[i%2], desk.By{}, name)
		must(t, err)
		if _, err := hire(desks[(i+1)%2], desk.By{}, name); custody.CodeOf(err) == "" {
			t.Errorf("%s was hired twice: %v", name, err)
		}
	}
	size, err := b.Size(t.Context())
	must(t, err)
	sound(t, a, size)
	sound(t, b, size)
}

// oneAtATime: two processes that write at once lose and double nothing.
func oneAtATime(t *testing.T, a, b Store) {
	h := newHouse(t)
	desks := []*desk.Desk{h.desk(a, a), h.desk(b, b)}
	before, err := a.Size(t.Context())
	must(t, err)
	const callers, each = 4, 8
	var running sync.WaitGroup
	for i, d := range desks {
		for c := range callers {
			running.Go(func() {
				for n := range each {
					if _, err := hire(d, desk.By{}, fmt.Sprintf("person-%d-%d-%d", i, c, n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	running.Wait()
	size := before + 2*callers*each
	sound(t, a, size)
	sound(t, b, size)
}

// seenByNone: what one process rolled back the other never sees.
func seenByNone(t *testing.T, a, b Store) {
	h := newHouse(t)
	first, second := h.desk(a, a), h.desk(b, b)
	_, err := hire(first, desk.By{}, "anna")
	must(t, err)
	size, err := a.Size(t.Context())
	must(t, err)
	err = a.Write(t.Context(), func(tx desk.Tx) error {
		if err := tx.Remember(custody.System, "key-2", desk.Remembered{At: epoch, Mark: "mark"}); err != nil {
			return err
		}
		if got, err := b.Size(t.Context()); err != nil || got != size {
			t.Errorf("while another writes: %d entries, %v", got, err)
		}
		return errMistake
	})
	if !errors.Is(err, errMistake) {
		t.Fatal(err)
	}
	must(t, b.Write(t.Context(), func(tx desk.Tx) error {
		if _, found, err := tx.Recall(custody.System, "key-2"); err != nil || found {
			t.Errorf("a key of what was rolled back: %v", err)
		}
		return nil
	}))
	_, err = hire(second, desk.By{}, "bert")
	must(t, err)
	sound(t, b, size+1)
}
