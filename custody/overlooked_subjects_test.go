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

// Silence is for the custodian whose partner cannot be reached, never for a third one.
func TestSilenceGrantsNothingToWhoIsNoCustodian(t *testing.T) {
	o := newOffice(t)
	mayBeSilent(o)
	cayAsks(o)
	bothPaged(o)
	o.does(System, ReportPaged{"emergency-1", "max", "email"})
	o.does(System, ReportPaged{"emergency-1", "max", "wecom"})
	if e := o.emergency("db01"); o.credential("db01").MayBeSilent(e) || !e.Silence.IsZero() {
		t.Errorf("silence runs: %+v", e)
	}
	o.passes(o.state.Policy().Values.SilenceAfter)
	if !o.stands("db01", EmergencyPending) || o.credential("db01").Holder != "ann" {
		t.Errorf("granted by silence: %+v", o.emergency("db01"))
	}
}

// Where somebody is custodian of some of what an absent holder has, an emergency is about
// these; one that takes two approvals does not ride on one that takes one.
func TestWhatIsOnesOwnAndWhatIsNotAreTwoEmergencies(t *testing.T) {
	o := newOffice(t)
	o.addServer(server("zoo01", "ann", "cay"))
	o.does("ben", RequestEmergency{Person: "ann", Reason: note("ann is ill")})
	if len(o.credential("zoo01").Emergencies) != 0 || !o.stands("db01", EmergencyPending) || !o.stands("db02", EmergencyPending) {
		t.Errorf("ben, who is no custodian of zoo01, asked for %+v", o.credential("zoo01").Emergencies)
	}
	o = newOffice(t)
	o.addServer(server("app01", "ann", "cay"))
	if _, err := o.do("cay", urgent("app01", "db01")); CodeOf(err) != InvalidRequest {
		t.Errorf("cay, custodian of the first only: %v", err)
	}
}

// Two custodians who change seats keep what they have handed over.
func TestAHandoverOutlivesAChangeOfSeatsBetweenItsTwo(t *testing.T) {
	o := newOffice(t)
	o.handsOver("ann", "ben", "db01", "db02")
	o.agreed("ada", pairOf("db01", "ben", "ann"))
	if h := o.handover("handover-1"); h.Status != Accepted || !slices.Equal(h.Credentials, []string{"db01", "db02"}) || custodians(o.credential("db01")) != [2]string{"ben", "ann"} {
		t.Errorf("%+v, %v", h, custodians(o.credential("db01")))
	}
}

func TestATestOfATargetNamesItsAccountAsADigest(t *testing.T) {
	o := newOffice(t)
	target := server("db09", "ann", "ben").Target
	target.Identities = []string{"root@db09"}
	if _, err := o.do("ada", TestTarget{target}); CodeOf(err) != InvalidRequest {
		t.Errorf("an account in clear: %v", err)
	}
}

// Nobody, who holds what is being changed, is not whoever has no name.
func TestWhoHasNoNameIsNobodysNamesake(t *testing.T) {
	if (Person{}).is("") || !(Person{Username: "ann"}).is("ann") || (Person{Username: "ann"}).is("") {
		t.Error("nobody is somebody")
	}
}

// Where nobody of the group is there, others stand in, each once, and it says so.
func TestWhoStandsInForTheGroupIsSaidToStandIn(t *testing.T) {
	o := newOffice(t)
	o.does("ann", ReportIncident{Credential: "db01", Text: note("open"), Grade: Serious})
	o.does("max", GoAway{})
	o.does("dot", GoAway{})
	able, how := o.state.assessment(o.last())
	if !slices.Equal(able, []string{"dot", "max", "eve"}) || how["max"] != OfGroup || how["eve"] != StandsIn {
		t.Errorf("%v, %v", able, how)
	}
}

// Of an account that is not in custody any more nobody has an emergency, custodian or not.
func TestWhatIsNotInCustodyHasNoEmergency(t *testing.T) {
	for _, who := range []string{"ben", "cay"} {
		o := newOffice(t)
		db01IsRetired(o)
		_, err := o.do(who, urgent("db01"))
		if r, is := err.(*Refusal); !is || r.Code != Conflict || r.Key != refuseInactive(o.credential("db01")).Key {
			t.Errorf("%s: %v", who, err)
		}
	}
}
