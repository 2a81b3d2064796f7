package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestEnvelopesAreCountedForMonitoring: which are missing and why, whose drills are due, and
// how old the oldest is.
func TestEnvelopesAreCountedForMonitoring(t *testing.T) {
	s := serve(t)
	counted := func(lines ...string) {
		t.Helper()
		metrics := s.ops(t, "/metrics").Body.String()
		for _, line := range lines {
			if !strings.Contains(metrics, line+"\n") {
				t.Errorf("no %s", line)
			}
		}
	}
	counted("tandem_envelopes_lacking 0", "tandem_envelopes_oldest_seconds 0", `tandem_envelopes_failing{why="folder_full"} 0`, "tandem_envelope_drills_due 0", "tandem_envelope_drills_overdue 0")

	of := func(inForce bool, version int64, edit func(*custody.Envelope)) desk.Enveloped {
		c := desk.Enveloped{InForce: inForce}
		c.Version = version
		edit(&c.Envelope)
		return c
	}
	sealed := func(age time.Duration) func(*custody.Envelope) {
		return func(e *custody.Envelope) { e.Sealed.At = s.Time().Add(-age) }
	}
	due := func(in time.Duration) desk.Keyholder { return desk.Keyholder{Due: s.Time().Add(in)} }
	late := due(time.Hour)
	late.Keys.Overdue = true
	s.envelopes = desk.Envelopes{
		Keyholders: []desk.Keyholder{due(29 * 24 * time.Hour), due(31 * 24 * time.Hour), due(0), late, {}},
		Of: []desk.Enveloped{
			of(true, 1, sealed(time.Hour)), of(true, 1, sealed(2*time.Hour)), of(false, 2, sealed(9*time.Hour)),
			of(false, 1, func(e *custody.Envelope) { e.Lost = custody.WhyFileMissing }), of(false, 1, func(e *custody.Envelope) { e.Lost = custody.WhyFileMissing }),
			of(false, 0, sealed(0)), // nothing of it counts yet
		},
	}
	s.envelopes.Failing = []custody.Failing{{Why: custody.WhyFolderFull, Since: s.Time()}}
	counted("tandem_envelopes_lacking 3", "tandem_envelopes_oldest_seconds 7200", `tandem_envelopes_failing{why="folder_full"} 1`, `tandem_envelopes_failing{why="file_missing"} 2`,
		`tandem_envelopes_failing{why="disk"} 0`, "tandem_envelope_drills_due 1", "tandem_envelope_drills_overdue 2")

	s.envelopes.Keyholders = nil // nobody wants any
	counted("tandem_envelopes_lacking 0")
}
