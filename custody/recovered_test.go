package custody

import (
	"slices"
	"testing"
)

// TestWhoRecoversALedger: two people who stood in it, with fresh codes, one of them
// a manager or a director; and by the law alone, nobody else.
func TestWhoRecoversALedger(t *testing.T) {
	const fresh = int64(1) << 50
	code := func(names ...string) (confirmed []ConfirmedBy) {
		for _, name := range names {
			confirmed = append(confirmed, ConfirmedBy{name, fresh})
		}
		return confirmed
	}
	for name, c := range map[string]struct {
		change func(a *RecoverLedger)
		want   Code // "": it is carried out
	}{
		"a manager and a technician": {func(a *RecoverLedger) {}, ""},
		"a director and an admin":    {func(a *RecoverLedger) { a.Confirmed = code("ada", "dot") }, ""},
		"two technicians":            {func(a *RecoverLedger) { a.Confirmed = code("ann", "ben") }, Forbidden},
		"an admin and an auditor":    {func(a *RecoverLedger) { a.Confirmed = code("ada", "eve") }, Forbidden},
		"a manager twice":            {func(a *RecoverLedger) { a.Confirmed = code("max", "max") }, Forbidden},
		"a manager alone":            {func(a *RecoverLedger) { a.Confirmed = code("max") }, Forbidden},
		"nobody":                     {func(a *RecoverLedger) { a.Confirmed = nil }, Forbidden},
		"three":                      {func(a *RecoverLedger) { a.Confirmed = code("max", "ann", "ben") }, Forbidden},
		"a stranger":                 {func(a *RecoverLedger) { a.Confirmed = code("max", "zoe") }, Forbidden},
		"a code that was used":       {func(a *RecoverLedger) { a.Confirmed[1].Step = 0 }, Forbidden},
		"more than there is":         {func(a *RecoverLedger) { a.Kept = 1 << 40 }, InvalidRequest},
		"less than nothing":          {func(a *RecoverLedger) { a.Kept = -1 }, InvalidRequest},
		"nothing lost, and less":     {func(a *RecoverLedger) { a.Lost = -1 }, InvalidRequest},
		"ahead, by name":             {func(a *RecoverLedger) { a.Ahead = []string{"db01"} }, ""},
		"all ahead":                  {func(a *RecoverLedger) { a.AllAhead = true }, ""},
		"all ahead, and one":         {func(a *RecoverLedger) { a.Ahead, a.AllAhead = []string{"db01"}, true }, InvalidRequest},
		"ahead twice":                {func(a *RecoverLedger) { a.Ahead = []string{"db01", "db01"} }, InvalidRequest},
		"ahead, and not there":       {func(a *RecoverLedger) { a.Ahead = []string{"zz01"} }, InvalidRequest},
		"for no reason":              {func(a *RecoverLedger) { a.Reason = note(" ") }, InvalidRequest},
	} {
		o := newOffice(t)
		a := RecoverLedger{Kept: 3, Lost: 2, Reason: note("a file of yesterday"), Confirmed: code("max", "ann")}
		c.change(&a)
		events, err := o.do(System, a)
		if CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
			continue
		}
		forged := Event{Time: o.state.Time, Actor: System, Fact: LedgerRecovered(a)}
		if c.want == "" {
			if len(events) == 0 || events[0].Grade() != Special {
				t.Errorf("%s: %+v", name, events)
			}
			changed := 0
			for c := range o.state.Credentials() {
				if c.Phase != Rotating || c.Drifted.IsZero() == (a.AllAhead || slices.Contains(a.Ahead, c.Name)) {
					t.Errorf("%s: %s is %s, drifted %v", name, c.Name, c.Phase, c.Drifted)
				}
				if c.Rotation.Reason == ForRecovery && c.Rotation.Successor != "" {
					changed++
				}
			}
			if changed == 0 || changed != len(events)-1 {
				t.Errorf("%s: %d of %d are changed", name, changed, len(events)-1)
			}
			for _, by := range a.Confirmed {
				if p, _ := o.state.Person(by.Person); p.LastStep != fresh {
					t.Errorf("%s: the code of %s can be used again", name, by.Person)
				}
			}
		} else if name != "for no reason" && Replay(o.state.Fork(), forged) == nil {
			t.Errorf("%s: an entry without its command passes", name)
		}
	}
	o := newOffice(t)
	if _, err := o.do("max", RecoverLedger{Reason: note("x"), Confirmed: code("max", "ann")}); CodeOf(err) != Forbidden {
		t.Errorf("by a person: %v", err)
	}
	o.does(System, ResetOnHost{Person: "ann"})
	if _, err := o.do(System, RecoverLedger{Reason: note("x"), Confirmed: code("max", "ann")}); CodeOf(err) != Forbidden {
		t.Errorf("by somebody whose authenticator is not proved: %v", err)
	}
}
