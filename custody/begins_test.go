package custody

import (
	"slices"
	"testing"
)

// TestBeginsIsWhatHappens: of every event of many ways in which a password comes to be
// changed, the credentials whose rotations are counted up are those that Begins gives.
func TestBeginsIsWhatHappens(t *testing.T) {
	begun := map[string]bool{}
	for _, story := range []func(*office){
		annHasLeft, benHasLeft, cayHasLeft, annTookBack, both(annWorks, annWantsNewPassword), both(benIsAway, annHasLeft),
		func(o *office) { benHasLeft(o); o.agreed("ada", Park{"db01"}) },
		func(o *office) { annWorks(o); o.agreed("ada", pairOf("db01", "cay", "ben")) },
		func(o *office) { o.agreed("ada", pairOf("web01", "ben", "ann")) },
		func(o *office) { cayStandsIn(o); o.dateComes() },
		func(o *office) { o.agreed("ada", ResetEnrolment{"ann"}) },
		func(o *office) { db01Moved(o); o.agreed("ada", moved(withPassword)) }, benEnds,
	} {
		o := newOffice(t)
		story(o)
		s := NewState()
		for _, e := range o.history {
			before := map[string]int64{}
			for c := range s.Credentials() {
				before[c.Name] = c.Rotation.Number
			}
			Apply(s, e)
			var counted []string
			for c := range s.Credentials() {
				if c.Rotation.Number != before[c.Name] {
					counted = append(counted, c.Name)
				}
			}
			said := slices.Clone(Begins(e.Fact))
			if slices.Sort(said); !slices.Equal(said, counted) {
				t.Errorf("%s begins %v, and says %v", e.Fact.Type(), counted, said)
			}
			if len(said) > 0 {
				begun[e.Fact.Type()] = true
			}
		}
	}
	if len(begun) != 10 {
		t.Errorf("only these were met: %v", begun)
	}
}
