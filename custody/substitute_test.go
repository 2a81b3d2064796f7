package custody

import (
	"slices"
	"testing"
	"time"
)

// ann is abroad until back, and cay has her seat of db01 until then.
var back = epoch.Add(tenDays)

func cayStandsIn(o *office) { o.agreed("ada", standIn("db01", "cay", "ben", back)); o.rotates("db01") } // p-1; cay holds db01

// dateComes lets the date of a substitute come, without what was before it, and gives the
// types of what time did.
func (o *office) dateComes() []string {
	o.goesTo(back.Add(-time.Hour))
	return typesOf(o.goesTo(back))
}

func (o *office) annIsGone() {
	for c := range o.state.Credentials() {
		if c.Holder == "ann" && c.Name != "db01" {
			o.handsOver("ann", c.Other("ann"), c.Name)
		}
	}
	o.does("ann", GoAway{})
}

func TestSomebodyStandsIn(t *testing.T) {
	annAgain := func(o *office) bool {
		c := o.credential("db01")
		return c.Substitute == Substitute{"cay", "ann", back, false, ""} && custodians(c) == [2]string{"cay", "ben"}
	}
	until := func(at time.Time) Propose { return needed(standIn("db01", "cay", "ben", at)) }
	check(t, []clause{
		{"by nobody alone", nil, "ada", standIn("db01", "cay", "ben", back), ApprovalNeeded, nil},
		{"it is asked for", nil, "ada", until(back), "", func(o *office) bool { return !o.credential("db01").Substitute.In() }},
		{"and happens", cayStandsIn, "cay", CheckOut{"db01", note("ticket")}, "", annAgain},
		{"not until now", nil, "ada", until(newOffice(t).now), InvalidRequest, nil},
		{"nor for ever", nil, "ada", until(epoch.Add(2 * maxSubstitute)), InvalidRequest, nil},
		{"but for as long as anybody can be away", nil, "ada", until(newOffice(t).now.Add(maxSubstitute)), "", nil},
		{"for one of the two", func(o *office) { o.hires("zoe", Technician) }, "ada", needed(standIn("db01", "cay", "zoe", back)), InvalidRequest, nil},
		{"not for nobody", benHasLeft, "ada", needed(standIn("db01", "ann", "cay", back)), InvalidRequest, nil},
		{"nobody stands in for themselves", nil, "ada", needed(standIn("db01", "ben", "ann", back)), Conflict, nil},
		{"not until whose seat it is is away", func(o *office) { o.plans("ann", between(back.Add(-time.Hour), back.Add(time.Hour))) }, "ada", until(back), AbsenceOverlap, nil},
		{"an absence that ends then is none", func(o *office) { o.plans("ann", between(back.Add(-time.Hour), back)) }, "ada", until(back), "", nil},
		{"nor one that begins after", func(o *office) { o.plans("ann", between(back.Add(time.Millisecond), back.Add(time.Hour))) }, "ada", until(back), "", nil},
		{"not who is to be away with the other, also after it: the seat may stay", func(o *office) {
			o.plans("cay", between(back.Add(time.Hour), back.Add(2*time.Hour)))
			o.does("ada", pairOf("web01", "ann", "cay")) // not ben's any more
			o.plans("ben", between(back.Add(time.Hour), back.Add(2*time.Hour)))
		}, "ada", until(back), AbsenceOverlap, nil},

		{"it is prolonged", cayStandsIn, "ada", until(back.Add(tenDays)), "", nil},
		{"not to the same date", cayStandsIn, "ada", until(back), Conflict, nil},
		{"not for longer for who has left", both(cayStandsIn, annHasLeft), "ada", until(back.Add(tenDays)), InvalidRequest, nil},
		{"nor for who is no technician any more", both(cayStandsIn, func(o *office) { o.agreed("ada", SetRoles{"ann", []Role{Auditor}}) }), "ada", until(back.Add(tenDays)), InvalidRequest, nil},
		{"it is for good", cayStandsIn, "ada", needed(pairOf("db01", "cay", "ben")), "", nil},
		{"it ends early", cayStandsIn, "ada", needed(pairOf("db01", "ann", "ben")), "", nil},
		{"not early until a date", cayStandsIn, "ada", needed(standIn("db01", "ann", "ben", back.Add(time.Hour))), InvalidRequest, nil},
		{"not for both seats", both(cayStandsIn, func(o *office) { o.hires("zoe", Technician) }), "ada", needed(standIn("db01", "cay", "zoe", back)), Conflict, nil},
		{"another stands in", both(cayStandsIn, func(o *office) { o.hires("zoe", Technician) }), "ada", needed(standIn("db01", "zoe", "ben", back)), "", nil},
		{"whose seat it is decides about nothing of it", both(cayStandsIn, func(o *office) { o.agreedRoles("ann", Manager, Technician) }), "ann",
			needed(standIn("db01", "cay", "ben", back.Add(tenDays))), "", func(o *office) bool {
				p, _ := o.state.Proposal("p-2")
				return slices.Equal(o.state.Approvers(p)[Manager], []string{"max"})
			}},
		{"nor of its end", both(cayStandsIn, func(o *office) { o.agreedRoles("ann", Manager, Technician) }), "ada",
			needed(pairOf("db01", "cay", "ben")), "", func(o *office) bool {
				p, _ := o.state.Proposal("p-2")
				return slices.Equal(o.state.Approvers(p)[Manager], []string{"max"})
			}},
	})
	for _, c := range []Proposable{moved(), Retire{"db01"}, ChangePolicy{"db01", CredentialPolicy{LeaseSeconds: 90000}}} {
		o := newOffice(t)
		cayStandsIn(o)
		o.agreedRoles("ann", Manager, Technician)
		o.does("ada", needed(c))
		p, _ := o.state.Proposal("p-2")
		if can := o.state.Approvers(p)[Manager]; !slices.Equal(can, []string{"max"}) {
			t.Errorf("%s of what will be ann's again: %v can approve", c.Verb(), can)
		}
	}
}

func TestWhoStandsInForWhom(t *testing.T) {
	zoe := func(o *office) { o.hires("zoe", Technician) }
	for name, c := range map[string]struct {
		then []Proposable
		want Substitute
	}{
		"until a date":             {nil, Substitute{"cay", "ann", back, false, ""}},
		"for longer":               {[]Proposable{standIn("db01", "cay", "ben", back.Add(tenDays))}, Substitute{"cay", "ann", back.Add(tenDays), false, ""}},
		"for good":                 {[]Proposable{pairOf("db01", "cay", "ben")}, Substitute{}},
		"no more":                  {[]Proposable{pairOf("db01", "ann", "ben")}, Substitute{}},
		"another for the same":     {[]Proposable{standIn("db01", "zoe", "ben", back)}, Substitute{"zoe", "ann", back, false, ""}},
		"the other custodian goes": {[]Proposable{pairOf("db01", "cay", "zoe")}, Substitute{"cay", "ann", back, false, ""}},
		"they change places":       {[]Proposable{pairOf("db01", "ben", "cay")}, Substitute{"cay", "ann", back, false, ""}},
		"another has it for good":  {[]Proposable{pairOf("db01", "zoe", "ben")}, Substitute{}},
		"they are the custodians":  {[]Proposable{pairOf("db01", "cay", "ann")}, Substitute{}},
		"its custody ends":         {[]Proposable{Retire{"db01"}}, Substitute{}},
		"the other leaves":         {[]Proposable{gone("ben")}, Substitute{"cay", "ann", back, false, ""}},
		"who stands in leaves":     {[]Proposable{gone("cay")}, Substitute{}},
		"whose seat it was leaves": {[]Proposable{gone("ann")}, Substitute{"cay", "ann", back, false, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			zoe(o)
			cayStandsIn(o)
			for _, a := range c.then {
				who := "ada"
				if _, direct := a.(Disable); direct {
					who = "max"
				}
				o.does(who, a)
			}
			if got := o.credential("db01").Substitute; got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// The date comes: the seat is ann's again, with another password where cay knows it.
func TestTheDateOfASubstituteComes(t *testing.T) {
	again := func(o *office) bool {
		c := o.credential("db01")
		return custodians(c) == [2]string{"ann", "ben"} && !c.Substitute.In() &&
			slices.Contains(o.state.Charges("ann"), "db01") && !slices.Contains(o.state.Charges("cay"), "db01")
	}
	rotatesFor := func(who string) func(*office) bool {
		return func(o *office) bool {
			c := o.credential("db01")
			return again(o) && c.Successor() == who && c.Rotation.Reason == ForCustodians
		}
	}
	stays := func(why Code) func(*office) bool {
		return func(o *office) bool {
			c := o.credential("db01")
			return custodians(c) == [2]string{"cay", "ben"} && c.Substitute.Stays == why && slices.ContainsFunc(o.history, func(e Event) bool {
				return e.Grade() == Serious && e.Fact == SubstituteStays{"db01", "cay", "ann", why}
			})
		}
	}
	givenBack, stayed := []string{"credential.seat_given_back"}, []string{"credential.substitute_stays"}
	for _, c := range []struct {
		name  string
		given func(*office)
		leads []string
		then  func(*office) bool
	}{
		{"who stood in held it", nil, givenBack, rotatesFor("ann")},
		{"and works with it", func(o *office) { o.does("cay", CheckOut{"db01", note("ticket")}) }, givenBack, func(o *office) bool { return rotatesFor("ann")(o) && o.credential("db01").Lease.ID == "" }},
		{"the other has it, and nobody else saw it", func(o *office) { o.handsOver("cay", "ben", "db01"); o.does("ben", CheckOut{"db01", note("x")}) }, givenBack, func(o *office) bool {
			return again(o) && o.credential("db01").Holder == "ben" && o.credential("db01").Handover == "" && !o.handover("handover-1").Status.Open()
		}},
		{"it is on offer", func(o *office) { o.offers("cay", "db01") }, givenBack, rotatesFor("ann")},
		{"it was given back", func(o *office) { o.handsOver("cay", "ben", "db01"); o.does("cay", GiveBack{"handover-1"}) }, givenBack, func(o *office) bool {
			if !again(o) || o.credential("db01").Successor() != "ann" {
				return false
			}
			o.rotates("db01")
			return o.credential("db01").Holder == "ann" && !o.handover("handover-1").Status.Open()
		}},
		{"it is being changed for them", func(o *office) { o.does("cay", RequestRotation{Credential: "db01", Reason: note("worn")}) }, givenBack, func(o *office) bool {
			return again(o) && o.credential("db01").Successor() == "ann"
		}},
		{"the other is away", func(o *office) {
			o.does("ben", Offer{Credentials: []string{"web01"}, Reason: note("x")})
			o.does("cay", Accept{"handover-1"})
			o.does("ben", GoAway{})
		}, givenBack, rotatesFor("ann")},
		{"the other has left", func(o *office) { o.does("max", gone("ben")) }, givenBack, func(o *office) bool {
			return custodians(o.credential("db01")) == [2]string{"ann", ""} && o.credential("db01").Successor() == "ann"
		}},
		{"its only custodian was let go, and it is parked", func(o *office) {
			o.does("max", gone("ben"))
			o.agreed("ada", Park{"db01"})
			o.rotates("db01")
		}, givenBack, func(o *office) bool {
			return o.credential("db01").Phase == Parked && o.credential("db01").Primary == "ann" && !o.credential("db01").Unattended
		}},

		{"whose seat it is is away", (*office).annIsGone, stayed, stays(CounterpartAway)},
		{"or is away from then on", func(o *office) { o.plans("ann", between(back, back.Add(time.Hour))) }, append(slices.Clone(stayed), "absence.begun", "absence.held_up"), func(o *office) bool {
			return o.credential("db01").Substitute.Stays == CounterpartAway
		}},
		{"has left", annHasLeft, stayed, stays(NotEligible)},
		{"leaves now", func(o *office) { o.agreed("ada", PlanDeparture{"ann", back}) }, stayed, stays(NotEligible)},
		{"is no technician any more", func(o *office) { o.agreed("ada", SetRoles{"ann", []Role{Auditor}}) }, stayed, stays(NotEligible)},
		{"is to be away with the other", func(o *office) {
			o.does("ada", pairOf("db02", "ann", "cay")) // they share nothing any more
			o.plans("ann", between(back.Add(time.Hour), back.Add(3*time.Hour)))
			o.plans("ben", between(back.Add(2*time.Hour), back.Add(4*time.Hour)))
		}, stayed, stays(AbsenceOverlap)},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			cayStandsIn(o)
			if c.given != nil {
				c.given(o)
			}
			leads := o.dateComes()
			leads = slices.DeleteFunc(leads, func(kind string) bool { return kind == "checkout.ended" || kind == "absence.reminded" })
			if !slices.Equal(leads, c.leads) || !c.then(o) {
				t.Errorf("%v\n%+v", leads, o.credential("db01"))
			}
		})
	}
}

// Everybody concerned is told a day before, once, and nothing happens before the date.
func TestASubstitutesDateIsNear(t *testing.T) {
	o := newOffice(t)
	cayStandsIn(o)
	if leads := o.goesTo(back.Add(-substituteNear - time.Millisecond)); len(leads) > 0 {
		t.Fatal(typesOf(leads))
	}
	if leads := typesOf(o.goesTo(back.Add(-substituteNear))); !slices.Equal(leads, []string{"credential.substitute_near"}) {
		t.Fatal(leads)
	}
	if leads := o.goesTo(back.Add(-time.Millisecond)); len(leads) > 0 {
		t.Fatal(typesOf(leads))
	}
	o.agreed("ada", standIn("db01", "cay", "ben", back.Add(tenDays)))
	if o.credential("db01").Substitute.Near {
		t.Error("near, of the date before")
	}
	if leads := o.goesTo(back.Add(time.Hour)); len(leads) > 0 {
		t.Error("by the date before:", typesOf(leads))
	}
}

// A seat that stayed stays, whoever comes back, until a proposal says whose it is.
func TestASeatThatStayed(t *testing.T) {
	o := newOffice(t)
	cayStandsIn(o)
	o.annIsGone()
	o.dateComes()
	o.does("ann", ComeBack{})
	from := len(o.history)
	o.passes(tenDays)
	if c := o.credential("db01"); c.Substitute.Stays == "" || c.Primary != "cay" {
		t.Fatalf("%+v", c)
	}
	for _, e := range o.history[from:] {
		if e.Fact.Type() == "credential.substitute_stays" {
			t.Error("said twice")
		}
	}
	o.agreed("ada", standIn("db01", "cay", "ben", back.Add(3*tenDays)))
	if c := o.credential("db01"); c.Substitute != (Substitute{"cay", "ann", back.Add(3 * tenDays), false, ""}) {
		t.Fatalf("%+v", c.Substitute)
	}
	o.goesTo(back.Add(3*tenDays - time.Hour))
	o.goesTo(back.Add(3 * tenDays))
	if c := o.credential("db01"); c.Primary != "ann" {
		t.Errorf("%+v", c)
	}
}

// An emergency is waited for: it ends by itself.
func TestAnEmergencyAtTheDateOfASubstitute(t *testing.T) {
	o := newOffice(t)
	cayStandsIn(o)
	o.goesTo(back.Add(-10 * time.Minute))
	o.does("ben", RequestEmergency{Credentials: []string{"db01"}, Reason: note("down")})
	o.does("max", ApproveEmergency{Emergency: "emergency-1"})
	if _, on := o.credential("db01").InEmergency(); !on {
		t.Fatalf("%+v", o.credential("db01").Emergencies)
	}
	if leads := typesOf(o.goesTo(back)); slices.Contains(leads, "credential.seat_given_back") || slices.Contains(leads, "credential.substitute_stays") {
		t.Fatal(leads)
	}
	if o.state.Reschedule(); !o.state.Due().After(back) {
		t.Errorf("due at %v, and there is nothing to do until the emergency ends", o.state.Due())
	}
	o.does("ben", EndEmergency{Emergency: "emergency-1"})
	if leads := typesOf(o.goesTo(o.now)); !slices.Equal(leads, []string{"credential.seat_given_back"}) {
		t.Errorf("%v\n%+v", leads, o.credential("db01"))
	}
}

// Who changes the custodians of one credential of a handover leaves the others in it.
func TestAHandoverGoesOnWithoutWhatHasOtherCustodians(t *testing.T) {
	o := newOffice(t)
	annIsAway(o)
	o.agreed("ada", pairOf("db01", "cay", "ben"))
	h := o.handover("handover-1")
	if h.Status != Accepted || !slices.Equal(h.Credentials, []string{"db02"}) || o.credential("db01").Handover != "" || o.credential("db02").Handover != h.ID {
		t.Fatalf("%+v", h)
	}
	o.does("ann", ComeBack{TakeBack: true})
	if o.credential("db02").Successor() != "ann" || o.credential("db01").HeldFor() != "ben" {
		t.Errorf("%+v, %+v", o.credential("db01"), o.credential("db02"))
	}
}

func TestWhatNobodyForgesOfASubstitute(t *testing.T) {
	at := stateAfter(t)
	next := func(s *State, actor string, when time.Time, f Fact) Event {
		if when.IsZero() {
			when = s.Time
		}
		return laterBy(forgedBy(s, actor, f), when.Sub(s.Time))
	}
	toEnd := func(o *office) { o.goesTo(back.Add(-time.Hour)) }
	agreed, standing, near := at(approvedNow(standIn("db01", "cay", "ben", back))), at(cayStandsIn), at(cayStandsIn, toEnd)
	away, held := at(cayStandsIn, (*office).annIsGone, toEnd), at(cayStandsIn, toEnd, func(o *office) { o.offers("cay", "db01") })
	left, role := clone(near), clone(near)
	left.editPerson("ann", func(p *Person) { p.Disabled = true })
	role.editPerson("ann", func(p *Person) { p.Roles = []Role{Auditor} })
	stayed := at(cayStandsIn, (*office).annIsGone, func(o *office) { o.dateComes() })
	offered := at(annOffered, approvedNow(standIn("db01", "cay", "ben", back)))
	emergency := clone(near)
	emergency.editCredential("db01", func(c *Credential) {
		c.Emergencies = []Emergency{{ID: "emergency-1", Status: EmergencyOn, For: "cay"}}
	})
	changed := CustodiansChanged{
		Credential: "db01", Primary: "cay", Backup: "ben", Before: []string{"ann", "ben"}, Successor: "cay", Deadline: back, Proposal: "p-1",
		Until: back, Substitute: "cay", Original: "ann",
	}
	with := func(edit func(*CustodiansChanged)) CustodiansChanged { f := changed; edit(&f); return f }
	gives := SeatGivenBack{Credential: "db01", Person: "ann", From: "cay", Successor: "ann", Deadline: back.Add(time.Hour)}
	giving := func(edit func(*SeatGivenBack)) SeatGivenBack { f := gives; edit(&f); return f }
	tells := SubstituteNear{"db01", "cay", "ann", back}
	stays := SubstituteStays{"db01", "cay", "ann", CounterpartAway}
	for name, e := range map[string]struct {
		state     *State
		event     Event
		invariant string
	}{
		"for good, and until a date was approved": {agreed, next(agreed, "dot", time.Time{}, with(func(f *CustodiansChanged) { f.Until, f.Substitute, f.Original = time.Time{}, "", "" })), "I10"},
		"until another date":                      {agreed, next(agreed, "dot", time.Time{}, with(func(f *CustodiansChanged) { f.Until = back.Add(time.Hour) })), "I10"},
		"until a date that has passed":            {agreed, next(agreed, "dot", back, changed), "I12"},
		"for nobody":                              {agreed, next(agreed, "dot", time.Time{}, with(func(f *CustodiansChanged) { f.Original = "" })), "I12"},
		"for another":                             {agreed, next(agreed, "dot", time.Time{}, with(func(f *CustodiansChanged) { f.Original = "ben" })), "I12"},
		"by another":                              {agreed, next(agreed, "dot", time.Time{}, with(func(f *CustodiansChanged) { f.Substitute = "ben" })), "I12"},
		"without a substitute":                    {agreed, next(agreed, "dot", time.Time{}, with(func(f *CustodiansChanged) { f.Substitute = "" })), "I12"},
		"with a handover that there is not":       {agreed, next(agreed, "dot", time.Time{}, with(func(f *CustodiansChanged) { f.Handover = "handover-1" })), "I1"},
		"still part of the offer":                 {offered, next(offered, "dot", time.Time{}, changed), "I1"},
		"near too early":                          {standing, next(standing, System, back.Add(-substituteNear-time.Millisecond), tells), "I12"},
		"near when it has come":                   {standing, next(standing, System, back, tells), "I12"},
		"near twice":                              {near, next(near, System, back.Add(-time.Minute), tells), "I12"},
		"near of another":                         {standing, next(standing, System, back.Add(-time.Hour), SubstituteNear{"db01", "ben", "ann", back}), "I12"},
		"near for another":                        {standing, next(standing, System, back.Add(-time.Hour), SubstituteNear{"db01", "cay", "ben", back}), "I12"},
		"near to another date":                    {standing, next(standing, System, back.Add(-time.Hour), SubstituteNear{"db01", "cay", "ann", back.Add(time.Hour)}), "I12"},
		"near by somebody's word":                 {standing, next(standing, "max", back.Add(-time.Hour), tells), "I6"},
		"near where nobody stands in":             {standing, next(standing, System, back.Add(-time.Hour), SubstituteNear{"db02", "", "", time.Time{}}), "I12"},
		"given back too early":                    {near, next(near, System, back.Add(-time.Millisecond), gives), "I12"},
		"given back by somebody's word":           {near, next(near, "max", back, gives), "I6"},
		"given back to another":                   {near, next(near, System, back, giving(func(f *SeatGivenBack) { f.Person = "ben" })), "I12"},
		"given back by another":                   {near, next(near, System, back, giving(func(f *SeatGivenBack) { f.From = "ben" })), "I12"},
		"given back, and not changed":             {near, next(near, System, back, giving(func(f *SeatGivenBack) { f.Deadline = time.Time{} })), "I13"},
		"given back, and left to who goes":        {near, next(near, System, back, giving(func(f *SeatGivenBack) { f.Successor = "cay" })), "I13"},
		"given back with a handover of none":      {near, next(near, System, back, giving(func(f *SeatGivenBack) { f.Handover = "handover-1" })), "I1"},
		"given back, and still on offer":          {held, next(held, System, back, gives), "I1"},
		"given back to who is away":               {away, next(away, System, back, gives), "I12"},
		"given back to who has left":              {left, next(left, System, back, gives), "I12"},
		"given back to no technician":             {role, next(role, System, back, gives), "I12"},
		"given back in an emergency":              {emergency, next(emergency, System, back, gives), "I12"},
		"given back after it stayed":              {stayed, next(stayed, System, back.Add(time.Hour), gives), "I12"},
		"stays too early":                         {away, next(away, System, back.Add(-time.Millisecond), stays), "I12"},
		"stays by somebody's word":                {away, next(away, "max", back, stays), "I6"},
		"stays with another":                      {away, next(away, System, back, SubstituteStays{"db01", "ben", "ann", CounterpartAway}), "I12"},
		"stays instead of another's":              {away, next(away, System, back, SubstituteStays{"db01", "cay", "ben", CounterpartAway}), "I12"},
		"stays for another reason":                {away, next(away, System, back, SubstituteStays{"db01", "cay", "ann", AbsenceOverlap}), "I12"},
		"stays for no reason":                     {near, next(near, System, back, SubstituteStays{"db01", "cay", "ann", ""}), "I12"},
		"stays though nothing keeps it":           {near, next(near, System, back, stays), "I12"},
		"stays twice":                             {stayed, next(stayed, System, back.Add(time.Hour), stays), "I12"},
	} {
		if err := CheckEvent(e.state, e.event); !violation(err, e.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, e.invariant)
		}
	}
	for name, e := range map[string]struct {
		state *State
		event Event
	}{
		"stands in":                {agreed, next(agreed, "dot", time.Time{}, changed)},
		"without offer":            {offered, next(offered, "dot", time.Time{}, with(func(f *CustodiansChanged) { f.Handover = "handover-1" }))},
		"near":                     {standing, next(standing, System, back.Add(-substituteNear), tells)},
		"given back":               {near, next(near, System, back, gives)},
		"and not offered any more": {held, next(held, System, back, giving(func(f *SeatGivenBack) { f.Handover = "handover-1" }))},
		"stays":                    {away, next(away, System, back, stays)},
	} {
		if err := CheckEvent(e.state, e.event); err != nil {
			t.Errorf("%s, as it should be: %v", name, err)
		}
	}
}

// Nobody stands in without a seat, for who has one, or for nobody (I12).
func TestASubstituteHasTheSeatOfSomebody(t *testing.T) {
	for name, sub := range map[string]Substitute{
		"without a seat":       {Person: "ann", Original: "eve", Until: back},
		"for who has one":      {Person: "cay", Original: "ben", Until: back},
		"for nobody":           {Person: "cay", Until: back},
		"for who never was":    {Person: "cay", Original: "zoe", Until: back},
		"nobody, for somebody": {Original: "ann"},
		"nobody, until a date": {Until: back},
	} {
		o := newOffice(t)
		cayStandsIn(o)
		o.state.editCredential("db01", func(c *Credential) { c.Substitute = sub })
		if err := Check(o.state); !violation(err, "I12", "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is left of a restart: the date is waited for.
func TestASubstitutesDateIsWaitedForAfterARestart(t *testing.T) {
	for _, c := range []struct {
		given func(*office)
		want  time.Time
	}{
		{cayStandsIn, back.Add(-substituteNear)},
		{both(cayStandsIn, func(o *office) { o.goesTo(back.Add(-time.Hour)) }), back},
	} {
		o := newOffice(t)
		c.given(o)
		s := NewState()
		s.Restore(o.state.Changes())
		if !s.Due().Equal(c.want) {
			t.Errorf("due %v, want %v", s.Due(), c.want)
		}
		o.state.Reschedule()
		if !o.state.Due().Equal(c.want) {
			t.Errorf("rescheduled to %v, want %v", o.state.Due(), c.want)
		}
	}
}

// Whose seat it is again has no say in an emergency of it, neither whether it is granted
// nor how serious it was; as a custodian has none.
func TestWhoseSeatItIsHasNoSayInAnEmergency(t *testing.T) {
	for _, stands := range []bool{true, false} {
		o := newOffice(t)
		if cayStandsIn(o); !stands {
			o.agreed("ada", pairOf("db01", "cay", "ben")) // for good
		}
		o.agreedRoles("ann", Manager, Technician)
		o.does("ben", urgent("db01"))
		want := []string{"ann", "dot", "max"}
		if stands {
			want = []string{"dot", "max"}
		}
		if can := o.state.EmergencyApprovers(o.emergency("db01"))[Manager]; !slices.Equal(can, want) {
			t.Errorf("stands in %v: %v can approve", stands, can)
		}
		var found bool
		for i := range o.state.OpenIncidents() {
			if i.Type == "emergency.requested" {
				found = true
				if about := slices.Contains(i.People, "ann"); about != stands {
					t.Errorf("stands in %v: the incident is about %v", stands, i.People)
				}
			}
		}
		if !found {
			t.Error("no incident")
		}
		if _, err := o.do("ann", ApproveEmergency{"emergency-1"}); (CodeOf(err) == NotEligible) != stands {
			t.Errorf("stands in %v: %v", stands, err)
		}
	}
}

// A change of custodians says the date by which somebody stands in where there is one,
// before or after: also where it stays as it is.
func TestWhatAChangeOfCustodiansSaysOfADate(t *testing.T) {
	o := newOffice(t)
	said := func(a SetCustodians, c Credential) (before, after []string) {
		for _, d := range a.differences(Now{Credential: c}) {
			if d.Field == "stands_in_until" {
				return d.Before, d.After
			}
		}
		return []string{"-"}, []string{"-"}
	}
	until := writtenInstant(back)
	for _, c := range []struct {
		name          string
		stands        bool
		over          bool // nothing is known of the credential any more
		to            SetCustodians
		before, after []string
	}{
		{"of no date", false, false, pairOf("db01", "ann", "cay"), []string{"-"}, []string{"-"}},
		{"of one that begins", false, false, standIn("db01", "cay", "ben", back), nil, until},
		{"of one that stays, with another in the other seat", true, false, pairOf("db01", "cay", "ann2"), until, until},
		{"of one that ends", true, false, pairOf("db01", "ann", "ben"), until, nil},
		{"of what is over", true, true, standIn("db01", "cay", "ben", back), nil, until},
	} {
		if c.stands && !o.credential("db01").Substitute.In() {
			cayStandsIn(o)
		}
		now := o.credential("db01")
		if c.over {
			now = Credential{}
		}
		if before, after := said(c.to, now); !slices.Equal(before, c.before) || !slices.Equal(after, c.after) {
			t.Errorf("%s: %v to %v", c.name, before, after)
		}
	}
}
