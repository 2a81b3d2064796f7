package custody

import (
	"testing"
	"time"
)

// annIsAlone: ben has left, two have permitted that nobody looks after what ann had with
// them, where there are keyholders, and both are parked.
func annIsAlone(o *office) {
	o.t.Helper()
	haveKeys("cay", "dot", "max")(o)
	benHasLeft(o)
	for _, name := range []string{"db01", "db02"} {
		o.agreed("ada", Park{name})
		o.rotates(name)
	}
}

func annIsAloneAndClosed(o *office) { annIsAlone(o); o.seals("db01"); o.seals("db02") }

func lyingFor(d time.Duration) func(*office) { return func(o *office) { o.now = o.now.Add(d) } }

// TestNobodyLeavesAVacantSeatWithoutAnEnvelope: any two keyholders can open what nobody looks
// after, and it was closed that day.
func TestNobodyLeavesAVacantSeatWithoutAnEnvelope(t *testing.T) {
	otherKeys := haveKeys("cay", "dot", "eve")
	check(t, []clause{
		{"not before they are closed", annIsAlone, "ann", GoAway{}, SeatIsVacant, nil},
		{"not before both are", both(annIsAlone, func(o *office) { o.seals("db01") }), "ann", GoAway{}, SeatIsVacant, nil},
		{"once both are", annIsAloneAndClosed, "ann", GoAway{}, "", nil},
		{"until a day later", both(annIsAloneAndClosed, lyingFor(24*time.Hour-time.Second)), "ann", GoAway{}, "", nil},
		{"no more than that", both(annIsAloneAndClosed, lyingFor(24*time.Hour)), "ann", GoAway{}, SeatIsVacant, nil},
		{"not when a file is lost", both(annIsAloneAndClosed, does(System, FailEnvelope{"db02", 1, WhyFileMissing})), "ann", GoAway{}, SeatIsVacant, nil},
		{"not when others are keyholders", both(annIsAloneAndClosed, otherKeys), "ann", GoAway{}, SeatIsVacant, nil},
		{"when it was closed for them as well", both(both(annIsAloneAndClosed, otherKeys), func(o *office) { o.seals("db01"); o.seals("db02") }), "ann", GoAway{}, "", nil},
		{"where nobody is a keyholder, without", both(annIsAlone, haveKeysOf(Keyholders{})), "ann", GoAway{}, "", nil},
		{"nor by an offer of something else", annIsAlone, "ann", Offer{All: true, Leave: true, Reason: note("leave")}, SeatIsVacant, nil},
		{"a seat that is taken needs none", haveKeys("cay", "dot", "max"), "cay", GoAway{}, "", nil},
	})
	o := newOffice(t)
	annIsAlone(o)
	_, err := o.do("ann", GoAway{})
	if r, is := err.(*Refusal); !is || r.Key != "seat_unclosed" || r.Args["credential"] != "db01" {
		t.Errorf("refused with %#v", err)
	}
	// What opens it, however old the envelope: whoever is alone takes it, and it is parked anew.
	o.seals("db01")
	o.seals("db02")
	o.now = o.now.Add(48 * time.Hour)
	for _, name := range []string{"db01", "db02"} {
		o.does("ann", Take{name})
		o.agreed("ada", Park{name})
		o.rotates(name)
		o.seals(name)
	}
	o.does("ann", GoAway{})
}

// TestAnAbsenceBeginsOnceAVacantSeatIsClosed: what was in its way is not any more.
func TestAnAbsenceBeginsOnceAVacantSeatIsClosed(t *testing.T) {
	o := newOffice(t)
	annPlans(o)
	annIsAlone(o)
	o.began()
	f, is := o.history[len(o.history)-1].Fact.(AbsenceHeldUp)
	if !is || f.Why != SeatIsVacant {
		t.Fatalf("it begins with %+v", o.history[len(o.history)-1])
	}
	o.seals("db01")
	o.goesTo(o.now.Add(time.Minute))
	if o.person("ann").Away {
		t.Fatal("away with one that is not closed")
	}
	o.seals("db02")
	if due := o.state.Due(); due.IsZero() || due.After(o.now) {
		t.Errorf("time looks at it again at %v, and it is %v", due, o.now)
	}
	o.goesTo(o.now)
	if !o.person("ann").Away {
		t.Error("both are closed, and ann is not away")
	}
}

// TestNobodyIsAwayFromWhatNobodyCouldOpen by an entry that no command led to.
func TestNobodyIsAwayFromWhatNobodyCouldOpen(t *testing.T) {
	for name, c := range map[string]struct {
		given func(*office)
		after time.Duration
	}{
		"in no envelope":                 {annIsAlone, 0},
		"in an old one":                  {annIsAloneAndClosed, 24 * time.Hour},
		"in a lost one":                  {both(annIsAloneAndClosed, does(System, FailEnvelope{"db01", 1, WhyFileChanged})), 0},
		"in one that is as it should be": {annIsAloneAndClosed, time.Hour},
	} {
		o := newOffice(t)
		c.given(o)
		e := Event{Time: o.state.Time.Add(c.after), Actor: "ann", Request: "forged", Confirm: &Confirmation{"ann", o.person("ann").LastStep + 1}, Fact: PersonAway{Person: "ann"}}
		err := CheckEvent(o.state, e)
		if name == "in one that is as it should be" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if !violation(err, "I12", "nobody could open") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
