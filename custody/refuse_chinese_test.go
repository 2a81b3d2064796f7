package custody

import (
	"os"
	"regexp"
	"slices"
	"testing"
	"time"
)

// TestChineseRefusalsHaveNoEnglishInThem: every refusal, with every word of the
// domain that can get into it. What is left of Latin letters are names.
func TestChineseRefusalsHaveNoEnglishInThem(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	ann, bob := Person{Username: "ann"}, Person{Username: "bob"}
	ann.Away, ann.AwayUntil, ann.LockedUntil, ann.TOTPPeriod = true, now, now.Add(time.Minute), 30
	bob.Away = true
	c := Credential{Name: "db01", Primary: "ann", Backup: "bob", Holder: "ann", Handover: "handover-1", Phase: Held}
	h := Handover{ID: "handover-1", From: "ann", To: "bob"}
	refusals := map[string][]*Refusal{
		"refuseNotFound":        {refuseNotFound(aPerson), refuseNotFound(aCredential), refuseNotFound(aHandover)},
		"refuseAccountTaken":    {refuseAccountTaken("db01")},
		"refuseForbidden":       {refuseForbidden(Text{En: "an admin", Zh: "管理员"})},
		"refuseNotHolder":       {refuseNotHolder(c)},
		"refuseNotCustodian":    {refuseNotCustodian(c)},
		"refuseNoSecondAccount": {refuseNoSecondAccount(c)},
		"refuseNothingToSet":    {refuseNothingToSet(c)},
		"refuseNoLease":         {refuseNoLease(c)},
		"refuseBothAway":        {refuseBothAway(ann, c), refuseBothAway(bob, c)},
		"refuseNobodyPresent":   {refuseNobodyPresent(ann, bob)},
		"refuseReceiverAway":    {refuseReceiverAway(ann, c)},
		"refuseGiverAway":       {refuseGiverAway(ann, h)},
		"refuseSelfAway":        {refuseSelfAway(ann)},
		"refuseStillHolds":      {refuseStillHolds(c)},
		"refuseHandoverOpen":    {refuseHandoverOpen(c)},
		"refuseHandoverOver":    {refuseHandoverOver()},
		"refuseNotParty":        {refuseNotParty(h)},
		"refuseNothingHeld":     {refuseNothingHeld()},
		"refuseExists":          {refuseExists(aPerson), refuseExists(aCredential)},
		"refuseAlreadyAway":     {refuseAlreadyAway()},
		"refuseUnauthenticated": {refuseUnauthenticated()},
		"refuseNotEnrolled":     {refuseNotEnrolled()},
		"refuseNothingToShow":   {refuseNothingToShow(c)},
		"refuseClockNotBehind":  {refuseClockNotBehind()},
		"refuseArriving":        {refuseArriving(c)},
		"refuseNothingArrives":  {refuseNothingArrives(c)},
		"refuseNoPolicy":        {refuseNoPolicy()},
		"refusePolicyAdopted":   {refusePolicyAdopted()},
		"refuseResetMeanwhile":  {refuseResetMeanwhile()},
		"refuseLocked":          {refuseLocked(ann, now)},
		"refuseWrongCode":       {refuseWrongCode(3)},
		"refuseLastWrongCode":   {refuseLastWrongCode(now, time.Minute)},
		"refuseReplayed":        {refuseReplayed(ann, now)},
		"refuseLateReport":      {refuseLateReport(RotationID{Credential: "db01", Number: 2})},
	}
	for _, phase := range []Phase{Draft, Rotating, Held, Retired} {
		c.Phase = phase
		refusals["refuseInactive"] = append(refusals["refuseInactive"], refuseInactive(c))
	}
	for _, status := range []HandoverStatus{Offered, Accepted, Returned, Closed, Declined, Cancelled, Expired} {
		h.Status = status
		refusals["refuseHandoverNotOpen"] = append(refusals["refuseHandoverNotOpen"], refuseHandoverNotOpen(h))
	}
	for _, reason := range []RotationReason{ForOnboard, ForReturn, ForTransfer, ForCheckin, ForAge, ForExposure, ForEmergency, ForDrift, ForRequested} {
		for _, failure := range []string{"", "unreachable", "host_key", "login_refused", "value_refused", "old_still_accepted", "secret_store", "target_error", "unsupported"} {
			c.Rotation = Rotation{Reason: reason, Successor: "bob", Attempts: 1, Failure: failure}
			refusals["refuseRotating"] = append(refusals["refuseRotating"], refuseRotating(c))
		}
	}
	source, err := os.ReadFile("refuse.go")
	if err != nil {
		t.Fatal(err)
	}
	made := regexp.MustCompile(`(?m)^func (refuse\w+)`).FindAllStringSubmatch(string(source), -1)
	if len(made) < 25 {
		t.Fatalf("refuse.go has %d refusals", len(made))
	}
	for _, name := range made {
		if refusals[name[1]] == nil {
			t.Errorf("%s is not looked at", name[1])
		}
	}
	latin := regexp.MustCompile(`[A-Za-z][\w-]*`)
	names := []string{"ann", "bob", "db01", "handover-1", "UTC", "A", "B"} // A岗 and B岗 are what they are called
	for maker, some := range refusals {
		for _, r := range some {
			for _, text := range []string{r.What.Zh, r.Next.Zh} {
				for _, word := range latin.FindAllString(text, -1) {
					if !slices.Contains(names, word) {
						t.Errorf("%s says %q in %q", maker, word, text)
					}
				}
				if regexp.MustCompile("未列明").MatchString(text) {
					t.Errorf("%s has no word for something: %q", maker, text)
				}
			}
		}
	}
}
