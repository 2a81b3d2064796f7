package custody

import "testing"

// Eleven by-hand passwords took eleven minutes of codes: several of a kind take one, and
// either all of them are done or none.
func TestOneCodeForSeveral(t *testing.T) {
	twoOffers := func(o *office) { o.offers("ann", "db01"); o.offers("ann", "db02") }
	bothAccepted := func(o *office) bool {
		return o.credential("db01").Holder == "ben" && o.credential("db02").Holder == "ben"
	}
	noneAccepted := func(o *office) bool {
		return o.credential("db01").Holder == "ann" && o.credential("db02").Holder == "ann"
	}
	accept := AcceptAll{[]string{"handover-1", "handover-2"}}
	twoSwitches := func(o *office) {
		for _, name := range []string{"sw01", "sw02"} {
			a := server(name, "ann", "ben")
			a.Target.Kind = Manual
			o.does("ada", a)
			o.does(System, ReportStaged{Rotation: RotationID{Credential: name, Number: 1}})
		}
		o.does("ann", ShowNew{"sw01"})
	}
	bothShown := both(twoSwitches, func(o *office) { o.does("ann", ShowNew{"sw02"}) })
	set := ConfirmSetAll{[]string{"sw01", "sw02"}}
	stepOf := func(step RotationStep) func(*office) bool {
		return func(o *office) bool {
			return o.credential("sw01").Rotation.Step == step && o.credential("sw02").Rotation.Step == step
		}
	}
	check(t, []clause{
		{"two handovers", twoOffers, "ben", accept, "", bothAccepted},
		{"in whichever order they are named", twoOffers, "ben", AcceptAll{[]string{"handover-2", "handover-1"}}, "", bothAccepted},
		{"one of them alone", twoOffers, "ben", AcceptAll{[]string{"handover-2"}}, "", func(o *office) bool {
			return o.credential("db01").Holder == "ann" && o.credential("db02").Holder == "ben"
		}},
		{"none, when one of them is over", func(o *office) { twoOffers(o); o.does("ann", Cancel{"handover-2", note("")}) }, "ben", accept, HandoverNotOpen, noneAccepted},
		{"none, when one of them never was", twoOffers, "ben", AcceptAll{[]string{"handover-1", "handover-9"}}, NotFound, noneAccepted},
		{"none, when one of them is somebody else's", func(o *office) { twoOffers(o); o.offers("ben", "web01") }, "ben", AcceptAll{[]string{"handover-1", "handover-3"}}, Forbidden, noneAccepted},
		{"not by somebody else", twoOffers, "cay", accept, Forbidden, noneAccepted},
		{"not none", twoOffers, "ben", AcceptAll{}, InvalidRequest, noneAccepted},
		{"not one twice", twoOffers, "ben", AcceptAll{[]string{"handover-1", "handover-1"}}, InvalidRequest, noneAccepted},
		{"not more than one entry has room for", twoOffers, "ben", AcceptAll{make([]string, maxNamed+1)}, InvalidRequest, noneAccepted},

		{"two passwords that were set by hand", bothShown, "ann", set, "", stepOf(StepApplied)},
		{"neither, when one was not shown", twoSwitches, "ann", set, Conflict, stepOf(StepStaged)},
		{"neither, when one is not there", bothShown, "ann", ConfirmSetAll{[]string{"sw01", "sw09"}}, NotFound, stepOf(StepStaged)},
		{"neither, when one is paused", both(bothShown, func(o *office) { o.does("ann", PauseRotation{"sw02", note("later")}) }), "ann", set, RotationPending, stepOf(StepStaged)},
		{"neither, by whom they were not shown to", bothShown, "ben", set, RotationPending, stepOf(StepStaged)},
		{"not one twice", bothShown, "ann", ConfirmSetAll{[]string{"sw01", "sw01"}}, InvalidRequest, stepOf(StepStaged)},
	})
}

// Who leaves is away as soon as all is accepted, also where others leave by the same code;
// but not two who share what nobody holds.
func TestTwoWhoLeaveAreAwayByOneCode(t *testing.T) {
	leave := Offer{All: true, Leave: true, Reason: note("leave")}
	for _, shared := range []bool{false, true} {
		o := newOffice(t)
		o.addServer(server("web02", "cay", "ben"))
		if shared {
			o.addServer(server("db03", "ann", "cay"))
			o.state.editCredential("db03", func(c *Credential) { c.Phase, c.Holder = Parked, "" })
		}
		var offers []string
		for _, who := range []string{"ann", "cay"} {
			for _, e := range o.does(who, leave) {
				offers = append(offers, e.Fact.Subject())
			}
		}
		o.does("ben", AcceptAll{offers})
		if ann, cay := o.person("ann").Away, o.person("cay").Away; !ann || cay == shared {
			t.Errorf("sharing a parked one %v: ann away %v, cay away %v", shared, ann, cay)
		}
	}
}
