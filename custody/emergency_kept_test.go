package custody

import (
	"testing"
	"time"
)

// One person does not ask with one account and let it happen with another.
func TestNobodyLetsAnEmergencyHappenByASecondAccount(t *testing.T) {
	o := newOffice(t)
	o.reads("max", 1)
	o.reads("ben", 1)
	benAsks(o)
	err := o.later("max", ApproveEmergency{"emergency-1"})
	if r, _ := err.(*Refusal); r == nil || r.Code != NotEligible || r.Key != "second_account_of_emergency" || r.Args["person"] != "ben" {
		t.Errorf("got %v", err)
	}
	if err := CheckEvent(o.state, o.forge("max", EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Manager})); err == nil {
		t.Error("believed")
	}
	if o.does("dot", ApproveEmergency{"emergency-1"}); !o.stands("db01", EmergencyOn) {
		t.Error("somebody else's yes counts")
	}
}

// One that another has followed is forgotten, and was all the same.
func TestAnEmergencyThatIsForgottenIsOver(t *testing.T) {
	o := newOffice(t)
	benAsks(o)
	o.does("max", RejectEmergency{Emergency: "emergency-1", Reason: note("ann is on her way")})
	o.does("ben", urgent("db01"))
	if err := o.later("dot", ApproveEmergency{"emergency-1"}); CodeOf(err) != AlreadyDecided {
		t.Errorf("the one before: %v", err)
	}
	for _, id := range []string{"emergency-3", "emergency-0", "emergency-01"} {
		if err := o.later("dot", ApproveEmergency{id}); CodeOf(err) != NotFound {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// Who has a password in an emergency gives it back, and does nothing else with it.
func TestNobodyHandsOverWhatTheyHaveInAnEmergency(t *testing.T) {
	o := newOffice(t)
	maxYields(o)
	if err := o.later("ben", Offer{Credentials: []string{"db01"}, Reason: note("yours again")}); CodeOf(err) == "" {
		t.Error("offered")
	}
	offered := HandoverOffered{Handover: "handover-1", From: "ben", To: "ann", Credentials: []string{"db01"}, Reason: note("x"), Expires: o.state.Time.Add(24 * time.Hour)}
	if err := CheckEvent(o.state, o.forge("ben", offered)); !violation(err, "I1", "emergency-1") {
		t.Errorf("an offer: %v", err)
	}
}

// Nobody is said to have been told who is nobody.
func TestAMessageReachesSomebody(t *testing.T) {
	o := newOffice(t)
	benAsks(o)
	if err := o.later(System, ReportPaged{"emergency-1", "mallory", "email"}); CodeOf(err) != NotFound {
		t.Errorf("got %v", err)
	}
	if len(o.emergency("db01").Paged) > 0 {
		t.Error("it is on record")
	}
}
