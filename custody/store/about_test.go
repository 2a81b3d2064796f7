package store

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAbout: what is found about many names at once is what going through the
// whole ledger finds.
func TestAbout(t *testing.T) { onBoth(t, aboutOnBoth) }

func aboutOnBoth(t *testing.T, on engine) {
	s := busyOffice(t, 1200, on)
	credentials := map[string][]string{}
	for _, e := range s.events {
		if f, ok := e.Fact.(custody.HandoverOffered); ok {
			credentials[f.Handover] = f.Credentials
		}
	}
	names := []string{"db01", "web01", "nothing"}
	types := []string{"credential.added", "handover.accepted", "command.refused", "rotation.promoted", "checkout.granted"}
	rapid.Check(t, func(rt *rapid.T) {
		before := rapid.SampledFrom([]int64{0, 5, 550, 600, 650, s.state.Size, s.state.Size + 5}).Draw(rt, "before")
		q := desk.AboutQuery{
			Types: rapid.SliceOfNDistinct(rapid.SampledFrom(types), 1, 5, rapid.ID).Draw(rt, "types"),
			From:  rapid.SampledFrom([]int64{0, 100, 500, 610}).Draw(rt, "from"), Before: before,
		}
		if rapid.Bool().Draw(rt, "subjects") {
			q.Subjects = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"tech-a", "tech-b", "db01", "handover-7"}), 1, 4, rapid.ID).Draw(rt, "names")
		} else {
			q.Credentials = rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID).Draw(rt, "names")
		}
		got, cut, err := s.store.EntriesAbout(t.Context(), q)
		if err != nil || cut != nil {
			rt.Fatal(cut, err)
		}
		found := map[int64]bool{}
		for _, e := range got {
			found[e.Index] = true
		}
		want, latest := map[int64]bool{}, map[string]int64{}
		for i, e := range s.events {
			index := int64(i)
			if !slices.Contains(q.Types, e.Fact.Type()) || before > 0 && index >= before {
				continue
			}
			if index >= q.From && slices.Contains(q.Subjects, e.Fact.Subject()) {
				want[index] = true
			}
			for _, name := range q.Credentials {
				if fits(desk.EntryQuery{Credential: name}, e, credentials) {
					latest[name] = index
					if index >= q.From {
						want[index] = true
					}
				}
			}
		}
		if !maps.Equal(found, want) {
			rt.Fatalf("%+v: %d entries, want %d", q, len(found), len(want))
		}
		if before == 0 {
			return
		}
		newest, err := s.store.LatestAbout(t.Context(), q.Credentials, q.Types, before)
		if err != nil {
			rt.Fatal(err)
		}
		found, want = map[int64]bool{}, map[int64]bool{}
		for _, e := range newest {
			found[e.Index] = true
		}
		for _, index := range latest {
			want[index] = true
		}
		if !maps.Equal(found, want) {
			rt.Fatalf("%+v: the latest are %v, want %v", q, found, want)
		}
	})

	const few = 3
	got, cut, err := s.store.EntriesAbout(t.Context(), desk.AboutQuery{
		Credentials: []string{"db01", "nothing"}, Types: []string{"rotation.promoted"}, Before: 600, Each: few,
	})
	if err != nil || len(got) != few || !slices.Equal(cut, []string{"db01"}) {
		t.Errorf("the newest few: %d entries, cut %v, %v", len(got), cut, err)
	}
}

// TestEntriesComeWithTheirTexts, whichever question finds them.
func TestEntriesComeWithTheirTexts(t *testing.T) {
	s := newOffice(t)
	s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 4711")}})
	index := s.state.Size - 1
	written := s.events[index].Notes()
	if len(written) != 1 {
		t.Fatalf("%d notes", len(written))
	}
	types := []string{custody.CheckoutGranted{}.Type()}
	for name, ask := range map[string]func() ([]desk.StoredEntry, error){
		"page": func() ([]desk.StoredEntry, error) {
			return s.store.Entries(t.Context(), desk.EntryQuery{Credential: "db01", Newest: true, Limit: 1})
		},
		"one": func() ([]desk.StoredEntry, error) {
			e, err := s.store.Entry(t.Context(), index)
			return []desk.StoredEntry{e}, err
		},
		"about": func() ([]desk.StoredEntry, error) {
			entries, _, err := s.store.EntriesAbout(t.Context(), desk.AboutQuery{Credentials: []string{"db01"}, Types: types})
			return entries, err
		},
		"latest": func() ([]desk.StoredEntry, error) {
			return s.store.LatestAbout(t.Context(), []string{"db01"}, types, index+1)
		},
	} {
		entries, err := ask()
		if err != nil || len(entries) != 1 || entries[0].Index != index {
			t.Fatalf("%s: %+v, %v", name, entries, err)
		}
		if w := entries[0].Texts[written[0].Commitment()]; w.Text != "ticket 4711" || !written[0].Is(w) {
			t.Errorf("%s: the entry came with %v", name, entries[0].Texts)
		}
	}
}
