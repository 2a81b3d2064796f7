package custody

import (
	"slices"
	"testing"
	"time"
)

// What could have been taken out of the newer subjects with no test missing it.

// Who goes on to approve it is told beforehand what a leaving does.
func TestWhatALeavingWouldDoIsWhatItDoes(t *testing.T) {
	o := newOffice(t)
	o.offers("ann", "db01")
	said := o.state.Prospect("ann")
	o.does("ada", gone("ann"))
	var did Prospect
	for _, e := range o.history {
		switch f := e.Fact.(type) {
		case SeatVacated:
			did.Credentials = append(did.Credentials, Passing{f.Credential, true, f.Successor, f.Changes})
		case HandoverVoided:
			did.Handovers = append(did.Handovers, f.Handover)
		}
	}
	if !slices.Equal(said.Credentials, did.Credentials) || !slices.Equal(said.Handovers, did.Handovers) || len(did.Credentials) != 2 || len(did.Handovers) != 1 {
		t.Errorf("said %+v, did %+v", said, did)
	}
}

func TestWhoSharesNothingSeesNoPlans(t *testing.T) {
	o := newOffice(t)
	annPlans(o)
	for who, want := range map[string][2]bool{ // whether they see when, and why
		"cay": {false, false}, "ada": {true, false}, "ann": {true, true}, "max": {true, true},
	} {
		plans := o.person("ann").KnownTo(o.person(who), nil).Plans
		if got := [2]bool{len(plans) == 1, len(plans) == 1 && !plans[0].Reason.IsZero()}; got != want {
			t.Errorf("%s sees %+v", who, plans)
		}
	}
	if plans := o.person("ann").KnownTo(o.person("cay"), []string{"ann"}).Plans; len(plans) != 1 || plans[0].Reason.IsZero() {
		t.Errorf("who shares a credential sees %+v", plans)
	}
}

// A file of before may be missing: another is in force.
func TestAFileThatIsNotInForceIsMissedByNobody(t *testing.T) {
	o := newOffice(t)
	sealed(o)
	o.does("ann", RequestRotation{Credential: "db01", Reason: note("worn")})
	o.rotates("db01")
	now := o.seals("db01")
	if events := o.does(System, FailEnvelope{"db01", now - 1, WhyFileMissing}); len(events) != 0 || o.credential("db01").Envelope.Lost != "" {
		t.Errorf("%v, %+v", typesOf(events), o.credential("db01").Envelope)
	}
	if events := o.does(System, FailEnvelope{"db01", now, WhyFileMissing}); len(events) != 1 || o.credential("db01").Envelope.Lost != WhyFileMissing {
		t.Errorf("%v, %+v", typesOf(events), o.credential("db01").Envelope)
	}
}

// Where nobody else is left who looks, who approved an emergency reviews it; a deputy who
// did has no eyes for everything, and does not.
func TestWhoCanReviewAnEmergencyIsSaid(t *testing.T) {
	o := newOffice(t)
	tiaStandsIn(o)
	o.does("ben", urgent("db01"))
	o.does("tia", ApproveEmergency{"emergency-1"})
	o.does("ben", CheckOut{"db01", note("disk full")})
	o.does("ben", EndEmergency{"emergency-1"})
	if got := o.state.Reviewers(o.emergency("db01")); !slices.Equal(got, []string{"dot", "eve", "max"}) {
		t.Errorf("can review it: %v", got)
	}
	then := o.state.Fork()
	for _, who := range []string{"dot", "eve", "max"} {
		then.editPerson(who, func(p *Person) { p.Disabled = true })
	}
	if got := then.Reviewers(o.emergency("db01")); len(got) != 0 {
		t.Errorf("can review it though nobody is left who looks: %v", got)
	}
}

// What both have signed for an absence is for its time, whoever of the two asked to swap.
func TestASwapBreaksWhatWasSignedForEitherAbsence(t *testing.T) {
	for _, first := range []string{"ann", "ben"} {
		o := newOffice(t)
		annPlans(o)
		o.plans("ben", between(friday.Add(time.Hour), quarter))
		ann, ben := o.plan("ann").ID, o.plan("ben").ID
		o.does("ann", HandOverAhead{ann})
		o.does("ben", HandOverAhead{ben})
		if first == "ann" {
			o.does("ann", SwapAbsences{ann, "ben", ben})
			o.does("ben", SwapAbsences{ben, "ann", ann})
		} else {
			o.does("ben", SwapAbsences{ben, "ann", ann})
			o.does("ann", SwapAbsences{ann, "ben", ben})
		}
		for h := range o.state.OpenHandovers() {
			t.Errorf("%s asked first: still signed for %s: %+v", first, h.Ahead.Plan, h)
		}
	}
}
