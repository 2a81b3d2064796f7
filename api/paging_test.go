package api_test

import (
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
)

// TestListsAreReadToTheirEnd, a few entries at a time, from either end.
func TestListsAreReadToTheirEnd(t *testing.T) {
	s := serve(t)
	auditor := s.as(t, "auditor")
	read := func(q desk.EntryQuery) (indexes []int64) {
		t.Helper()
		for e, err := range auditor.EachEntry(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			indexes = append(indexes, e.Index)
		}
		return indexes
	}
	var all []int64
	for i := range s.records {
		all = append(all, int64(i))
	}
	if got := read(desk.EntryQuery{Limit: 3}); !slices.Equal(got, all) {
		t.Errorf("forward: %d", got)
	}
	slices.Reverse(all)
	if got := read(desk.EntryQuery{Limit: 3, Newest: true}); !slices.Equal(got, all) {
		t.Errorf("backward: %d", got)
	}
	if got := read(desk.EntryQuery{Limit: 3, Newest: true, Before: 5, From: 1}); !slices.Equal(got, []int64{4, 3, 2, 1}) {
		t.Errorf("a part: %d", got)
	}
}
