package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// busyOffice has a ledger of at least so many entries, handovers all along.
func busyOffice(t testing.TB, entries int64, on ...engine) *scribe {
	t.Helper()
	s := newOffice(t, on...)
	for s.state.Size < entries {
		n := s.state.Handovers + 1
		id := func(i int64) string { return fmt.Sprintf("handover-%d", n+i) }
		s.now = s.now.Add(time.Minute)
		s.do(t,
			step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}},
			step{"tech-b", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("not mine")}}, // refused
			step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("lunch")}},
			step{"tech-b", custody.Decline{Handover: id(0), Reason: desk.NewNote("busy")}},
			step{"tech-a", custody.Offer{All: true, Leave: true, Reason: desk.NewNote("leaving")}},
			step{"tech-b", custody.Accept{Handover: id(1)}},
			step{"tech-b", custody.Accept{Handover: id(1)}}, // refused
			step{"tech-a", custody.ComeBack{TakeBack: true}},
			step{"tech-c", custody.SignIn{}},
		)
		s.change(t, "db01")
	}
	return s
}

// fits says what desk.EntryQuery promises, from the events.
func fits(q desk.EntryQuery, e custody.Event, credentials map[string][]string) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	if !is(q.Actor, e.Actor) || !is(q.Subject, e.Fact.Subject()) || !is(q.Type, e.Fact.Type()) {
		return false
	}
	if q.Credential == "" {
		return true
	}
	if strings.HasPrefix(e.Fact.Type(), "handover.") {
		return slices.Contains(credentials[e.Fact.Subject()], q.Credential)
	}
	return e.Fact.Subject() == q.Credential
}

// TestEntries: pages of any query, one after the other, are what going through
// the whole ledger finds.
func TestEntries(t *testing.T) { onBoth(t, entriesOnBoth) }

func entriesOnBoth(t *testing.T, on engine) {
	s := busyOffice(t, 3000, on)
	credentials := map[string][]string{}
	var handovers, subjects []string
	for _, e := range s.events {
		if f, ok := e.Fact.(custody.HandoverOffered); ok {
			credentials[f.Handover] = f.Credentials
			handovers = append(handovers, f.Handover)
		}
	}
	subjects = append([]string{"", "", "db01", "web01", "tech-a", "tech-b"}, handovers...)
	rapid.Check(t, func(rt *rapid.T) {
		q := desk.EntryQuery{
			From:       rapid.Int64Range(0, s.state.Size+2).Draw(rt, "from"),
			Before:     rapid.SampledFrom([]int64{0, 0, 1500, 1509, s.state.Size - 5, s.state.Size + 5}).Draw(rt, "before"),
			Newest:     rapid.Bool().Draw(rt, "newest"),
			Limit:      rapid.IntRange(1, desk.MaxPage).Draw(rt, "limit"),
			Actor:      rapid.SampledFrom([]string{"", "tech-a", "tech-b", "tech-c", "system", "nobody"}).Draw(rt, "actor"),
			Subject:    rapid.SampledFrom(subjects).Draw(rt, "subject"),
			Type:       rapid.SampledFrom([]string{"", "", "checkout.granted", "command.refused", "handover.accepted"}).Draw(rt, "type"),
			Credential: rapid.SampledFrom([]string{"", "", "db01", "web01", "tech-a"}).Draw(rt, "credential"),
		}
		var want []int64
		for i, e := range s.events {
			if int64(i) >= q.From && (q.Before == 0 || int64(i) < q.Before) && fits(q, e, credentials) {
				want = append(want, int64(i))
			}
		}
		var got []int64
		for at := q; ; {
			page, err := s.store.Entries(t.Context(), at)
			if err != nil {
				rt.Fatal(err)
			}
			for _, e := range page {
				got = append(got, e.Index)
				if string(e.Record) != string(s.records[e.Index]) {
					rt.Fatalf("entry %d is another record", e.Index)
				}
			}
			if len(page) < q.Limit {
				break
			}
			if last := page[len(page)-1].Index; !q.Newest {
				at.From = last + 1
			} else if at.Before = last; last == 0 {
				break // Before 0 would be no bound
			}
		}
		if q.Credential == "tech-a" { // a name that only a person has
			want = nil
		}
		if q.Newest {
			slices.Reverse(want)
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%+v: got %v, want %v", q, got, want)
		}
	})
}

// TestEntriesPlan: a page is found by the index, and nothing is sorted.
func TestEntriesPlan(t *testing.T) {
	s := newScribe(t).store
	for _, q := range []desk.EntryQuery{
		{Credential: "db01"}, {Credential: "db01", Type: "checkout.granted"}, {Subject: "db01", Type: "checkout.granted"}, {Actor: "tech-a"}, {Type: "checkout.granted"},
	} {
		for _, order := range []string{"idx", "idx DESC"} {
			var entries []entryRow
			dry := inIndex(s.reader.Session(&gorm.Session{DryRun: true}), q).Order(order).Limit(10).Find(&entries).Statement
			var plan []struct{ Detail string }
			if err := s.reader.Raw("EXPLAIN QUERY PLAN "+dry.SQL.String(), dry.Vars...).Scan(&plan).Error; err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprint(plan)
			if !strings.Contains(text, "SEARCH ledger_index USING PRIMARY KEY (kind=? AND name=? AND idx>? AND idx<?)") ||
				strings.Contains(text, "SCAN") || strings.Contains(text, "TEMP B-TREE") {
				t.Errorf("%+v: %s", q, text)
			}
		}
	}
}

func TestEntry(t *testing.T) {
	s := newOffice(t)
	for i, record := range s.records {
		e, err := s.store.Entry(t.Context(), int64(i))
		if err != nil || e.Index != int64(i) || string(e.Record) != string(record) {
			t.Fatalf("%d: %+v, %v", i, e, err)
		}
	}
	for _, index := range []int64{-1, int64(len(s.records))} {
		if _, err := s.store.Entry(t.Context(), index); !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("%d: %v", index, err)
		}
	}
}

// TestTree: every entry is proved to be in the tree from the stored nodes alone.
func TestTree(t *testing.T) { onBoth(t, treeOnBoth) }

func treeOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	size, root, err := s.store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nodes := s.store.HashReader(t.Context())
	for i, record := range s.records {
		proof, err := audit.InclusionProof(size, int64(i), nodes)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.CheckInclusion(proof, size, root, int64(i), record); err != nil {
			t.Fatal(err)
		}
	}
	for _, indexes := range [][]int64{{0, 1, 2}, {2, 0, 1}, {5, 5}, {0, 7, 3}} {
		hashes, err := nodes.ReadHashes(indexes)
		if err != nil || len(hashes) != len(indexes) {
			t.Fatalf("%v: %v", indexes, err)
		}
		for i, index := range indexes {
			one, err := nodes.ReadHashes([]int64{index})
			if err != nil || one[0] != hashes[i] {
				t.Errorf("%v: another hash at %d: %v", indexes, index, err)
			}
		}
	}
	if _, err := nodes.ReadHashes([]int64{tlog.StoredHashCount(size)}); err == nil {
		t.Error("there is a node behind the last")
	}
}

func TestRecords(t *testing.T) {
	s := newOffice(t)
	var got int64
	if err := s.store.Records(t.Context(), 3, s.state.Size, func(index int64, record []byte) error {
		if index != 3+got || string(record) != string(s.records[index]) {
			return fmt.Errorf("%d is another record", index)
		}
		got++
		return nil
	}); err != nil || got != s.state.Size-3 {
		t.Errorf("%d records, %v", got, err)
	}
	enough := errors.New("enough")
	if err := s.store.Records(t.Context(), 0, s.state.Size, func(int64, []byte) error { return enough }); err != enough {
		t.Errorf("got %v", err)
	}
	if err := s.store.Records(t.Context(), s.state.Size, s.state.Size+9, func(index int64, _ []byte) error {
		return fmt.Errorf("there is an entry %d", index)
	}); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := s.store.Records(ctx, 0, s.state.Size, func(int64, []byte) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestPeopleAndCredentials(t *testing.T) { onBoth(t, peopleAndCredentialsOnBoth) }

func peopleAndCredentialsOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	s.do(t, step{"tech-c", custody.GoAway{Until: s.now.Add(time.Hour), Reason: desk.NewNote("牙医")}},
		step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}})
	everybody, everything := slices.Collect(s.state.People()), slices.Collect(s.state.Credentials())
	texts, err := s.store.Texts(t.Context(), custody.NotesOf([]any{everybody, everything}))
	if err != nil || len(texts) != 2+4*len(everything) { // of each, where it is and how it is reached
		t.Fatalf("%v, %v", texts, err)
	}
	custody.Fill(&everybody, texts)
	custody.Fill(&everything, texts)
	people, err := s.store.People(t.Context())
	if err != nil || !reflect.DeepEqual(people, everybody) {
		t.Errorf("%+v, %v", people, err)
	}
	credentials, err := s.store.Credentials(t.Context())
	if err != nil || !reflect.DeepEqual(credentials, everything) || credentials[0].Lease.Purpose.String() != "ticket 1" {
		t.Errorf("%+v, %v", credentials, err)
	}
	for _, want := range people {
		if got, err := s.store.Person(t.Context(), want.Username); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	for _, want := range credentials {
		if got, err := s.store.Credential(t.Context(), want.Name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	_, err1 := s.store.Person(t.Context(), "TECH-A")
	_, err2 := s.store.Credential(t.Context(), "none")
	_, err3 := s.store.Handover(t.Context(), "handover-1")
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	}
}

func TestHandovers(t *testing.T) { onBoth(t, handoversOnBoth) }

func handoversOnBoth(t *testing.T, on engine) {
	s := busyOffice(t, 2000, on)
	s.do(t, step{"tech-b", custody.Offer{Credentials: []string{"web01"}, Reason: desk.NewNote("course")}})
	all, err := s.store.Handovers(t.Context(), desk.HandoverQuery{})
	if err != nil || int64(len(all)) != s.state.Handovers {
		t.Fatalf("%d handovers, %v", len(all), err)
	}
	if !slices.IsSortedFunc(all, func(a, b custody.Handover) int { return b.OfferedAt.Compare(a.OfferedAt) }) {
		t.Error("not the newest first")
	}
	count := map[custody.HandoverStatus]int{}
	for _, h := range all {
		count[h.Status]++
		if got, err := s.store.Handover(t.Context(), h.ID); err != nil || !reflect.DeepEqual(got, h) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if count[custody.Declined] == 0 || count[custody.Closed] == 0 || count[custody.Offered] != 1 {
		t.Errorf("%v", count)
	}
	for _, q := range []desk.HandoverQuery{
		{}, {Status: []custody.HandoverStatus{custody.Offered}}, {Status: []custody.HandoverStatus{custody.Closed, custody.Offered}},
		{Person: "tech-a"}, {Person: "tech-c"}, {Person: "tech-c", Status: []custody.HandoverStatus{custody.Closed}}, {Person: "nobody"},
	} {
		var want []custody.Handover
		for _, h := range all {
			if (len(q.Status) == 0 || slices.Contains(q.Status, h.Status)) && (q.Person == "" || h.From == q.Person || h.To == q.Person) {
				want = append(want, h)
			}
		}
		for _, limit := range []int{1, 7, desk.MaxPage} {
			var got []custody.Handover
			for q.Limit, q.Before = limit, ""; ; q.Before = got[len(got)-1].ID {
				page, err := s.store.Handovers(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, page...)
				if len(page) < limit {
					break
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v: %d of %d", q, len(got), len(want))
			}
		}
	}
}
