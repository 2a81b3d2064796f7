package custody

import (
	"testing"
	"time"
)

// What nobody forges of a leaving, whoever signs the ledger: each fact beside what the
// rules allow, stated apart from the commands.
func TestWhatNobodyForgesOfALeaving(t *testing.T) {
	at := stateAfter(t)
	plain, left := at(), at(annHasLeft)
	by := func(s *State, f Fact) Event { return forgedBy(s, "max", f) }
	deadline := plain.Time.Add(time.Hour)
	vacated := SeatVacated{Credential: "db01", Person: "ann", Successor: "ben", Changes: true, Deadline: deadline}
	with := func(edit func(*SeatVacated)) SeatVacated {
		f := vacated
		edit(&f)
		return f
	}
	asked := at(func(o *office) { o.does("ben", needed(cayForBen)) })
	offered, returned := at(annOffered), at(annTookBack)
	parked := at(benIsAway, func(o *office) { annHasLeft(o); o.rotates("db01"); o.does("ben", ComeBack{}) })
	vacant := at(benHasLeft)
	five := at(func(o *office) {
		for _, name := range []string{"one", "two", "three", "four", "five", "six"} {
			o.hires(name, Technician)
		}
		for _, name := range []string{"one", "two", "three", "four", "five"} {
			o.does("ada", gone(name))
		}
	})
	late := at(annHasLeft, func(o *office) { o.now = o.now.Add(leavingTime); o.does(System, Tick{}) })
	park, reinstate := at(benHasLeft, approvedNow(Park{"db01"})), at(cayHasLeft, approvedNow(Reinstate{"cay"}))
	for name, e := range map[string]struct {
		state     *State
		event     Event
		invariant string
	}{
		"ended by a technician":                        {plain, forgedBy(plain, "ben", PersonDisabled{Person: "eve"}), "I6"},
		"ended without a code":                         {plain, withoutCode(by(plain, PersonDisabled{Person: "eve"})), "I6"},
		"ended by the system":                          {plain, forgedBy(plain, System, PersonDisabled{Person: "eve"}), "I6"},
		"one's own access ended":                       {plain, by(plain, PersonDisabled{Person: "max"}), "I11"},
		"ended of nobody":                              {plain, by(plain, PersonDisabled{Person: "mallory"}), "I11"},
		"ended twice":                                  {left, by(left, PersonDisabled{Person: "ann"}), "I11"},
		"ended with their seats":                       {plain, by(plain, PersonDisabled{Person: "ann"}), "I11"},
		"ended while they ask for something":           {asked, by(asked, PersonDisabled{Person: "ben"}), "I11"},
		"a sixth within the hour":                      {five, by(five, PersonDisabled{Person: "six"}), "I10"},
		"ended by a proposal that there is not":        {plain, by(plain, PersonDisabled{Person: "eve", Proposal: "p-1"}), "I6"},
		"a seat that they do not have":                 {plain, by(plain, SeatVacated{Credential: "db01", Person: "cay", Successor: "ann"}), "I12"},
		"a seat vacated by a technician":               {plain, forgedBy(plain, "ben", vacated), "I6"},
		"left to somebody else":                        {plain, by(plain, with(func(f *SeatVacated) { f.Successor = "cay" })), "I13"},
		"left to nobody, though somebody is there":     {plain, by(plain, with(func(f *SeatVacated) { f.Successor = "" })), "I13"},
		"left with its password":                       {plain, by(plain, with(func(f *SeatVacated) { f.Deadline = time.Time{} })), "I13"},
		"said to be left without it":                   {plain, by(plain, with(func(f *SeatVacated) { f.Changes, f.Deadline = false, time.Time{} })), "I13"},
		"changed, and said not to be":                  {plain, by(plain, with(func(f *SeatVacated) { f.Changes = false })), "I13"},
		"changed though nobody who leaves knows it":    {plain, by(plain, SeatVacated{Credential: "web01", Person: "cay", Successor: "ben", Changes: true, Deadline: deadline}), "I13"},
		"a handover void with both there":              {offered, by(offered, HandoverVoided{Handover: "handover-1", Person: "cay"}), "I1"},
		"what was given back, because of who had it":   {returned, by(returned, HandoverVoided{Handover: "handover-1", Person: "ben"}), "I1"},
		"a handover that there is not":                 {plain, by(plain, HandoverVoided{Handover: "handover-1", Person: "ann"}), "I1"},
		"taken by no custodian":                        {parked, forgedBy(parked, "cay", CredentialTaken{"db01", "cay"}), "I1"},
		"taken for somebody else":                      {parked, forgedBy(parked, "cay", CredentialTaken{"db01", "ben"}), "I6"},
		"taken without a code":                         {parked, withoutCode(forgedBy(parked, "ben", CredentialTaken{"db01", "ben"})), "I6"},
		"taken from its holder":                        {plain, forgedBy(plain, "ben", CredentialTaken{"db01", "ben"}), "I1"},
		"left alone, and nobody approved it":           {vacant, by(vacant, CredentialParked{Credential: "db01", Deadline: deadline, Proposal: "p-1"}), "I6"},
		"another left alone than was approved":         {park, forgedBy(park, "dot", CredentialParked{Credential: "db02", Deadline: deadline, Proposal: "p-1"}), "I10"},
		"one whose seats are taken left alone":         {park, forgedBy(park, "dot", CredentialParked{Credential: "web01", Deadline: deadline, Proposal: "p-1"}), "I10"},
		"given back, and nobody approved it":           {left, by(left, PersonReinstated{Person: "ann", Proposal: "p-1"}), "I6"},
		"given back to somebody else than was meant":   {reinstate, by(reinstate, PersonReinstated{Person: "ben", Proposal: "p-1"}), "I10"},
		"done by a technician":                         {left, forgedBy(left, "ben", ItemSettled{Person: "ann", Item: 5, How: HowEmail}), "I6"},
		"done without a code":                          {left, withoutCode(by(left, ItemSettled{Person: "ann", Item: 5, How: HowEmail})), "I6"},
		"a password done by word":                      {left, by(left, ItemSettled{Person: "ann", Item: 0, How: HowRotated}), "I13"},
		"done in a way that it is not":                 {left, by(left, ItemSettled{Person: "ann", Item: 5, How: HowNone}), "I13"},
		"done in the future":                           {left, by(left, ItemSettled{Person: "ann", Item: 5, How: HowEmail, At: left.Time.Add(time.Hour)}), "I13"},
		"done for who has not left":                    {plain, by(plain, ItemSettled{Person: "ann", Item: 0, How: HowEmail}), "I13"},
		"something that is not to be done":             {left, by(left, ItemSettled{Person: "ann", Item: 6, How: HowEmail}), "I13"},
		"over with something left to do":               {left, forgedBy(left, System, OffboardingEnded{"ann"}), "I13"},
		"over by somebody's word":                      {left, by(left, OffboardingEnded{"ann"}), "I6"},
		"overdue before its time":                      {left, forgedBy(left, System, OffboardingOverdue{"ann"}), "I13"},
		"overdue twice":                                {late, forgedBy(late, System, OffboardingOverdue{"ann"}), "I13"},
		"overdue for who has not left":                 {plain, forgedBy(plain, System, OffboardingOverdue{"ann"}), "I13"},
		"a log-in for who has left":                    {left, forgedBy(left, System, EnrolmentReset{Person: "ann", OnHost: true}), "I11"},
		"a proposal withdrawn by somebody else's word": {asked, forgedBy(asked, "cay", ProposalWithdrawn{Proposal: "p-1", Left: true}), "I6"},
		"away while nobody else looks after it":        {vacant, forgedBy(vacant, "ann", PersonAway{Person: "ann"}), "I3"},
	} {
		if err := CheckEvent(e.state, e.event); !violation(err, e.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, e.invariant)
		}
	}
}

// Alone with a credential that is being changed for nobody, somebody cannot be away by an
// entry that no command led to.
func TestNobodyIsAwayFromAVacantSeat(t *testing.T) {
	o := newOffice(t)
	benHasLeft(o)
	o.agreed("ada", Park{"db01"})
	o.agreed("ada", Park{"db02"})
	e := Event{Time: o.state.Time, Actor: "ann", Request: "forged", Confirm: &Confirmation{"ann", o.person("ann").LastStep + 1}, Fact: PersonAway{Person: "ann"}}
	if err := CheckEvent(o.state, e); !violation(err, "I12", "nobody else looks after") {
		t.Error(err)
	}
}
