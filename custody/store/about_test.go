package store

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/custody"
)

// TestAbout: what is found about many names at once is what going through the
// whole ledger finds, in the index and behind it.
func TestAbout(t *testing.T) {
	s := busyOffice(t, blockSize+600)
	credentials := map[string][]string{}
	for _, e := range s.events {
		if f, ok := e.Fact.(custody.HandoverOffered); ok {
			credentials[f.Handover] = f.Credentials
		}
	}
	names := []string{"db01", "web01", "nothing"}
	types := []string{"credential.added", "handover.accepted", "command.refused", "rotation.promoted", "checkout.granted"}
	rapid.Check(t, func(rt *rapid.T) {
		before := rapid.SampledFrom([]int64{0, 5, blockSize - 50, blockSize, blockSize + 50, s.state.Size, s.state.Size + 5}).Draw(rt, "before")
		q := AboutQuery{
			Types: rapid.SliceOfNDistinct(rapid.SampledFrom(types), 1, 5, rapid.ID).Draw(rt, "types"),
			From:  rapid.SampledFrom([]int64{0, 100, blockSize - 100, blockSize + 10}).Draw(rt, "from"), Before: before,
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
				if (EntryQuery{Credential: name}).about(e, credentials) {
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
	got, cut, err := s.store.EntriesAbout(t.Context(), AboutQuery{
		Credentials: []string{"db01", "nothing"}, Types: []string{"rotation.promoted"}, Before: blockSize, Each: few,
	})
	if err != nil || len(got) != few || !slices.Equal(cut, []string{"db01"}) {
		t.Errorf("the newest few: %d entries, cut %v, %v", len(got), cut, err)
	}
}
