package custody

import "testing"

// TestTally: what nobody can be asked for is counted as an observation, and what
// time does is none: a verifier works that out.
func TestTally(t *testing.T) {
	t.Parallel()
	r := Replayer{State: NewState()}
	var want Tally
	for _, e := range forgedStory(t) {
		if err := r.Add(e); err != nil {
			t.Fatal(err)
		}
		_, ticks := e.cause().(Tick)
		switch {
		case e.Cause == nil || ticks:
		case e.Actor == System:
			want.Observations++
		case e.Confirm != nil:
			want.TOTP++
		}
	}
	if r.Tally != want || want.Observations == 0 || want.TOTP == 0 {
		t.Errorf("counted %+v, want %+v", r.Tally, want)
	}
	for verb, read := range commands {
		a, err := read([]byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		if observed := (Cause{Action: a}).observed(System); observed == (verb == "tick") {
			t.Errorf("%s of the system: an observation %t", verb, observed)
		}
	}
}
