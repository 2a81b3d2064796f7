package custody

import (
	"testing"
	"time"
)

// What nobody forges of an emergency, whoever signs the ledger: each fact beside what the
// rules allow, stated apart from the commands.
func TestWhatNobodyForgesOfAnEmergency(t *testing.T) {
	at := stateAfter(t)
	after := func(d time.Duration, e Event) Event { e.Time = e.Time.Add(d); return e }
	plain, waits, on, ended := at(), at(benAsks), at(maxYields), at(benEnds)
	half, third := at(cayAsks, does("max", ApproveEmergency{"emergency-1"})), at(cayUses)
	silence, offered := at(silenceRuns), at(annOffered)
	cayAway := at(does("cay", GoAway{}))
	benAway := at(benIsAway)
	gone := at(cayAsks, does("cay", GoAway{}))
	passed := at(cayAsks, func(o *office) { o.handsOver("ann", "ben", "db01") })
	// Approved by both, and not granted in the same breath.
	ready := func(given ...func(*office)) *State {
		s := clone(at(append(given, cayAsks, does("max", ApproveEmergency{"emergency-1"}))...))
		Apply(s, forgedBy(s, "dot", EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Director}))
		return s
	}
	bound, free := ready(annOffered), ready()
	overdue := at(benEnds, afterwards(80*time.Hour))
	retired := at(db01IsRetired)
	arriving := at(func(o *office) { o.does(System, server("db09", "ann", "ben")) })
	parked := at(cayUses, does("cay", EndEmergency{"emergency-1"}), func(o *office) { o.rotates("db01") })
	asked := EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "ben", Custodian: true, Absent: []string{"ann"}, Holder: "ann", Reason: note("x"), Needs: []Role{Manager}}
	byCay := EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "cay", Absent: []string{"ann", "ben"}, Holder: "ann", Reason: note("x"), Needs: []Role{Manager, Director}}
	forAda := EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "ada", Absent: []string{"ann", "ben"}, Holder: "ann", Reason: note("x"), Needs: []Role{Director}}
	with := func(f EmergencyRequested, edit func(*EmergencyRequested)) EmergencyRequested { edit(&f); return f }
	grant := EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "cay"}
	named := func(f EmergencyGranted, handover string) EmergencyGranted { f.Handover = handover; return f }
	deadline := plain.Time.Add(time.Hour)
	end := EmergencyEnded{Emergency: "emergency-1", Credential: "db01", How: EndGivenBack, Successor: "ben", Deadline: deadline}
	byTime := func(how EmergencyEnd) EmergencyEnded { f := end; f.How = how; return f }
	page := EmergencyPaged{"emergency-1", "db01", "ann", "email"}
	review := EmergencyReviewed{"emergency-1", "db01", Justified, note("x")}
	if err := CheckEvent(plain, forgedBy(plain, "ben", asked)); err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]struct {
		state     *State
		event     Event
		invariant string
	}{
		"asked for without a code":               {plain, withoutCode(forgedBy(plain, "ben", asked)), "I6"},
		"asked for by the system":                {plain, forgedBy(plain, System, asked), "I6"},
		"of what is not in custody":              {retired, forgedBy(retired, "ben", asked), "I1"},
		"of what comes in":                       {arriving, forgedBy(arriving, "ben", with(asked, func(f *EmergencyRequested) { f.Credential = "db09" })), "I1"},
		"beside another":                         {waits, forgedBy(waits, "cay", with(byCay, func(f *EmergencyRequested) { f.Emergency = "emergency-2" })), "I1"},
		"under a name that is not next":          {plain, forgedBy(plain, "ben", with(asked, func(f *EmergencyRequested) { f.Emergency = "emergency-2" })), "I7"},
		"under that of another's":                {waits, forgedBy(waits, "cay", with(byCay, func(f *EmergencyRequested) { f.Credential = "web01"; f.Absent = []string{"ben", "cay"} })), "I7"},
		"under one's own of before":              {waits, after(time.Second, forgedBy(waits, "ben", with(asked, func(f *EmergencyRequested) { f.Credential = "db02" }))), "I7"},
		"under one's own, for another":           {at(cayAsks), forgedBy(at(cayAsks), "ben", with(asked, func(f *EmergencyRequested) { f.Credential = "db02" })), "I7"},
		"for themselves by the manager":          {plain, forgedBy(plain, "max", with(byCay, func(f *EmergencyRequested) { f.For = "max" })), "I10"},
		"for another by a technician":            {cayAway, forgedBy(cayAway, "ben", with(forAda, func(f *EmergencyRequested) {})), "I10"},
		"for an approver":                        {cayAway, forgedBy(cayAway, "max", with(forAda, func(f *EmergencyRequested) { f.For = "dot" })), "I10"},
		"for another, while a technician could":  {plain, forgedBy(plain, "max", forAda), "I10"},
		"by somebody who is away":                {cayAway, forgedBy(cayAway, "cay", byCay), "I3"},
		"by the other custodian who is away":     {benAway, forgedBy(benAway, "ben", asked), "I3"},
		"for a custodian who is said to be none": {plain, forgedBy(plain, "ben", with(asked, func(f *EmergencyRequested) { f.Custodian = false; f.Needs = []Role{Manager, Director} })), "I3"},
		"for a custodian who is none":            {plain, forgedBy(plain, "cay", with(byCay, func(f *EmergencyRequested) { f.Custodian = true; f.Needs = []Role{Manager} })), "I3"},
		"by who holds it":                        {plain, forgedBy(plain, "ann", with(asked, func(f *EmergencyRequested) { f.For = "ann" })), "I1"},
		"of what can be taken":                   {parked, forgedBy(parked, "ben", with(asked, func(f *EmergencyRequested) { f.Holder, f.Emergency = "", "emergency-2" })), "I3"},
		"by who is offered it":                   {offered, forgedBy(offered, "ben", asked), "I1"},
		"from somebody else than holds it":       {plain, forgedBy(plain, "cay", with(byCay, func(f *EmergencyRequested) { f.Holder = "ben" })), "I1"},
		"with one custodian forgotten":           {plain, forgedBy(plain, "cay", with(byCay, func(f *EmergencyRequested) { f.Absent = []string{"ann"} })), "I1"},
		"with one approval for two":              {plain, forgedBy(plain, "cay", with(byCay, func(f *EmergencyRequested) { f.Needs = []Role{Manager} })), "I10"},
		"with none":                              {plain, forgedBy(plain, "ben", with(asked, func(f *EmergencyRequested) { f.Needs = nil })), "I10"},

		"approved by who asked":           {half, forgedBy(half, "cay", EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Director}), "I6"},
		"approved by the holder":          {waits, forgedBy(waits, "ann", EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Manager}), "I6"},
		"approved at a level that had it": {half, forgedBy(half, "max", EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Manager}), "I10"},
		"approved by one at both":         {half, forgedBy(half, "max", EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Director}), "I6"},
		"approved without a code":         {waits, withoutCode(forgedBy(waits, "max", EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Manager})), "I6"},
		"approved when it was over":       {ended, forgedBy(ended, "dot", EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Manager}), "I10"},
		"approved where there is none":    {plain, forgedBy(plain, "max", EmergencyApproved{Emergency: "emergency-1", Credential: "db01", Level: Manager}), "I10"},

		"granted with one approval of two":     {half, forgedBy(half, "max", grant), "I10"},
		"granted with none":                    {waits, forgedBy(waits, "ben", EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "ben"}), "I10"},
		"granted to somebody else":             {half, forgedBy(half, "max", EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "ben"}), "I3"},
		"granted to who has gone":              {gone, forgedBy(gone, "cay", grant), "I3"},
		"granted from who has handed it over":  {passed, forgedBy(passed, "cay", grant), "I3"},
		"granted twice":                        {on, forgedBy(on, "max", EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "ben"}), "I10"},
		"granted out of a handover in secret":  {bound, forgedBy(bound, "dot", grant), "I1"},
		"granted out of another":               {bound, forgedBy(bound, "dot", named(grant, "handover-2")), "I1"},
		"granted out of one that there is not": {free, forgedBy(free, "dot", named(grant, "handover-1")), "I1"},
		"granted too late":                     {free, after(30*time.Minute, forgedBy(free, "dot", grant)), "I10"},
		"granted by who approved it first":     {free, forgedBy(free, "max", grant), "I6"},
		"granted by silence after it lapsed":   {silence, after(30*time.Minute, forgedBy(silence, System, EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "ben", Silent: true})), "I10"},
		"granted by silence too early":         {silence, forgedBy(silence, System, EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "ben", Silent: true}), "I10"},
		"by a silence that was not asked for":  {waits, after(20*time.Minute, forgedBy(waits, System, EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "ben", Silent: true})), "I10"},
		"by a silence that somebody says":      {silence, after(20*time.Minute, forgedBy(silence, "ben", EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "ben", Silent: true})), "I6"},
		"by the system without silence":        {silence, after(20*time.Minute, forgedBy(silence, System, EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "ben"})), "I6"},

		"stopped by who asked":            {waits, forgedBy(waits, "ben", EmergencyRejected{Emergency: "emergency-1", Credential: "db01"}), "I10"},
		"stopped by another technician":   {waits, forgedBy(waits, "cay", EmergencyRejected{Emergency: "emergency-1", Credential: "db01"}), "I10"},
		"stopped without a code":          {waits, withoutCode(forgedBy(waits, "ann", EmergencyRejected{Emergency: "emergency-1", Credential: "db01"})), "I6"},
		"stopped when it was granted":     {on, forgedBy(on, "ann", EmergencyRejected{Emergency: "emergency-1", Credential: "db01"}), "I10"},
		"withdrawn by somebody else":      {waits, forgedBy(waits, "ann", EmergencyWithdrawn{Emergency: "emergency-1", Credential: "db01"}), "I6"},
		"withdrawn, as if they had left":  {waits, forgedBy(waits, "ann", EmergencyWithdrawn{Emergency: "emergency-1", Credential: "db01", Left: true}), "I6"},
		"withdrawn when it was granted":   {on, forgedBy(on, "ben", EmergencyWithdrawn{Emergency: "emergency-1", Credential: "db01"}), "I10"},
		"lapsed too early":                {waits, after(30*time.Minute-time.Millisecond, forgedBy(waits, System, EmergencyLapsed{"emergency-1", "db01"})), "I10"},
		"lapsed though silence grants it": {silence, after(15*time.Minute, forgedBy(silence, System, EmergencyLapsed{"emergency-1", "db01"})), "I10"},
		"lapsed by somebody":              {waits, after(time.Hour, forgedBy(waits, "ann", EmergencyLapsed{"emergency-1", "db01"})), "I6"},
		"lapsed when it was granted":      {on, after(time.Hour, forgedBy(on, System, EmergencyLapsed{"emergency-1", "db01"})), "I10"},

		"told by a person":     {waits, forgedBy(waits, "ben", page), "I6"},
		"told nobody":          {waits, forgedBy(waits, System, EmergencyPaged{"emergency-1", "db01", "zoe", "email"}), "I10"},
		"told twice":           {silence, forgedBy(silence, System, page), "I10"},
		"told by no channel":   {waits, forgedBy(waits, System, EmergencyPaged{"emergency-1", "db01", "ann", ""}), "I10"},
		"told of what is over": {ended, forgedBy(ended, System, page), "I10"},

		"ended by somebody else":               {third, forgedBy(third, "ann", end), "I6"},
		"ended without a code":                 {on, withoutCode(forgedBy(on, "ben", end)), "I6"},
		"ended for no reason":                  {on, forgedBy(on, "ben", byTime("because")), "I6"},
		"ended for who is not there":           {third, forgedBy(third, "cay", end), "I13"},
		"ended for nobody, though somebody is": {on, forgedBy(on, "ben", EmergencyEnded{Emergency: "emergency-1", Credential: "db01", How: EndGivenBack, Deadline: deadline}), "I13"},
		"ended without a new password":         {on, forgedBy(on, "ben", EmergencyEnded{Emergency: "emergency-1", Credential: "db01", How: EndGivenBack, Successor: "ben"}), "I13"},
		"ended twice":                          {ended, forgedBy(ended, "ben", end), "I10"},
		"ended by time too early":              {third, after(4*time.Hour-time.Millisecond, forgedBy(third, System, EmergencyEnded{Emergency: "emergency-1", Credential: "db01", How: EndTime, Deadline: deadline})), "I10"},
		"ended as unused, and it was":          {third, after(4*time.Hour, forgedBy(third, System, EmergencyEnded{Emergency: "emergency-1", Credential: "db01", How: EndUnused, Deadline: deadline})), "I10"},
		"ended as if the holder were back":     {third, after(time.Hour, forgedBy(third, System, EmergencyEnded{Emergency: "emergency-1", Credential: "db01", How: EndBack, Deadline: deadline})), "I10"},
		"ended as if access were":              {on, forgedBy(on, "ben", byTime(EndLostAccess)), "I6"},

		"reviewed by who asked":       {ended, forgedBy(ended, "ben", review), "I6"},
		"reviewed by who approved it": {ended, forgedBy(ended, "max", review), "I10"},
		"reviewed without a code":     {ended, withoutCode(forgedBy(ended, "eve", review)), "I6"},
		"reviewed without a verdict":  {ended, forgedBy(ended, "eve", EmergencyReviewed{"emergency-1", "db01", "", note("x")}), "I10"},
		"reviewed while it lasts":     {on, forgedBy(on, "eve", review), "I10"},
		"overdue too early":           {ended, after(72*time.Hour-time.Millisecond, forgedBy(ended, System, EmergencyUnreviewed{"emergency-1", "db01"})), "I10"},
		"overdue twice":               {overdue, forgedBy(overdue, System, EmergencyUnreviewed{"emergency-1", "db01"}), "I10"},
		"overdue while it lasts":      {on, after(80*time.Hour, forgedBy(on, System, EmergencyUnreviewed{"emergency-1", "db01"})), "I10"},

		"handed on out of one":             {on, forgedBy(on, "ben", HandoverOffered{Handover: "handover-1", From: "ben", To: "ann", Credentials: []string{"db01"}, Expires: deadline}), "I1"},
		"offered to who cannot be reached": {at(benEnds, func(o *office) { o.rotates("db01") }), forgedBy(at(benEnds, func(o *office) { o.rotates("db01") }), "ben", HandoverOffered{Handover: "handover-1", From: "ben", To: "ann", Credentials: []string{"db01"}, Expires: deadline}), "I1"},
		"gone with it":                     {third, forgedBy(third, "cay", PersonAway{Person: "cay"}), "I3"},
		"left with it":                     {third, forgedBy(third, "max", PersonDisabled{Person: "cay"}), "I11"},
		"left while they ask":              {at(cayAsks), forgedBy(at(cayAsks), "max", PersonDisabled{Person: "cay"}), "I11"},
		"checked out by the absent":        {on, forgedBy(on, "ann", CheckoutGranted{Credential: "db01", Lease: "lease-1", Purpose: note("x"), Version: 1, Until: deadline}), "I5"},
	} {
		if err := CheckEvent(e.state, e.event); !violation(err, e.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, e.invariant)
		}
	}
}
