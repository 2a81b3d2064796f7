package custody

import (
	"slices"
	"testing"
)

// TestAnEventIsAboutTheSameBeforeAndAfter: the index is made of the fork in which the whole
// command took effect, and made again an entry at a time; both find it by the same
// credentials.
func TestAnEventIsAboutTheSameBeforeAndAfter(t *testing.T) {
	for _, story := range [][]Event{forgedStory(t), forgedProposals(t), forgedPeople(t), forgedLeaving(t), forgedRefounding(t), forgedSubstitutes(t), forgedWatched(t)} {
		state := NewState()
		for from := 0; from < len(story); {
			to := from + 1
			for to < len(story) && story[to].Cause == nil {
				to++
			}
			whole := state.Fork()
			for _, e := range story[from:to] {
				Apply(whole, e)
			}
			for _, e := range story[from:to] {
				fork := state.Fork()
				before := e.Concerns(fork).Credentials
				Apply(fork, e)
				if one, all := e.Concerns(fork).Credentials, e.Concerns(whole).Credentials; !slices.Equal(before, all) || !slices.Equal(one, all) {
					t.Errorf("entry %d, %s: about %v before it, %v after it, %v after its command", from, e.Fact.Type(), before, one, all)
				}
				state.Merge(fork)
			}
			from = to
		}
	}
}
