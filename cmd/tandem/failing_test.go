package main

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// What a table of credentials says below it: what failed, how often, when it is tried
// again, or who is waited for, and what to do.
func TestWhatIsSaidOfAChangeThatFails(t *testing.T) {
	next := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for what, c := range map[string]struct {
		r    api.Rotation
		says []string
		not  string
	}{
		"it is tried again": {api.Rotation{Attempts: 2, Failure: "unreachable", NextTry: next, Step: custody.StepStaged},
			[]string{"2 failed, the last: The server did not answer.", "Next try " + moment(next), "repaired"}, "resume"},
		"it has stopped": {api.Rotation{Attempts: 1, Failure: "admin_refused", NextTry: next, Paused: true, Stopped: true},
			[]string{"log-in of the second account", "tandem credential resume", "not before " + moment(next), "put them right"}, "Next try"},
		"a person is to set it": {api.Rotation{Attempts: 1, Failure: "new_refused", ByHand: true, Step: custody.StepStaged},
			[]string{"does not take the new password", "tandem credential set", "set exactly that one"}, "Next try"},
		"of a newer server": {api.Rotation{Attempts: 1, Failure: "unheard_of", NextTry: next}, []string{"1 failed, the last: unheard_of.", "Next try"}, "%!"},
	} {
		said := failing(c.r)
		for _, text := range c.says {
			if !strings.Contains(said, text) {
				t.Errorf("%s: %q does not say %q", what, said, text)
			}
		}
		if strings.Contains(said, c.not) {
			t.Errorf("%s: %q says %q", what, said, c.not)
		}
	}
	for _, failure := range rotation.Failures {
		if said := failing(api.Rotation{Failure: string(failure)}); strings.Contains(said, string(failure)+".") {
			t.Errorf("nothing is said of %s: %q", failure, said)
		}
	}
}
