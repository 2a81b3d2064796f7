package custody

import (
	"slices"
	"testing"
	"time"
)

// What nobody forges of a planned absence, whoever signs the ledger: each fact beside what
// the rules allow, stated apart from the commands.
func TestWhatNobodyForgesOfAnAbsence(t *testing.T) {
	at := func(given ...func(*office)) *office {
		o := newOffice(t)
		for _, g := range given {
			g(o)
		}
		return o
	}
	next := func(o *office, actor string, f Fact) Event {
		p, _ := o.state.Person(actor)
		e := Event{Time: o.now, Actor: actor, Request: "forged", Fact: f}
		if o.now.Before(o.state.Time) {
			e.Time = o.state.Time
		}
		if actor != System {
			e.Confirm = &Confirmation{Person: actor, Step: p.LastStep + 1}
		}
		return e
	}
	unconfirmed := func(e Event) Event { e.Confirm = nil; return e }
	toMonday := func(o *office) { o.now = monday }
	began := func(o *office) { // as far as its first entry
		o.goesTo(monday.Add(-time.Minute))
		o.now = monday
		Apply(o.state, next(o, System, AbsenceBegun{"ann", o.plan("ann").ID}))
	}
	plain, planned, prepared, signed := at(), at(annPlans), at(annSigns), at(bothSign)
	due, dueSigned := at(annPlans, toMonday), at(bothSign, toMonday)
	begun, begunPrepared, begunSigned := at(annPlans, began), at(annSigns, began), at(bothSign, began)
	held := at(annPlans, itBegins)
	gone := at(annHandedOver, annPlans, itBegins)
	moved := at(bothSign, func(o *office) {
		Apply(o.state, next(o, "ann", AbsenceMoved{Person: "ann", Plan: o.plan("ann").ID, Revision: 2, From: monday.Add(time.Hour), Until: friday, Meant: week.Meant}))
	})
	id := planned.plan("ann").ID
	movedAgain := at(bothSign, func(o *office) { // moved, and signed by nobody since
		o.does("ann", MoveAbsence{Plan: o.plan("ann").ID, From: monday.Add(time.Hour), Until: friday, Meant: week.Meant, HandOver: true})
	})
	signs := HandoverSigned{Handover: "handover-1", From: "ann", To: "ben", Credentials: []string{"db01", "db02"}, Plan: id, Revision: 1, Begins: monday, Until: friday}
	signing := func(edit func(*HandoverSigned)) HandoverSigned { f := signs; edit(&f); return f }
	plans := HandoverPlanned{Handover: "handover-1", From: "ann", To: "ben", Credentials: []string{"db01", "db02"}, Plan: id, Revision: 1, Begins: monday, Until: friday, Expires: planned.now.Add(DefaultPolicy().SignatureTTL)}
	planning := func(edit func(*HandoverPlanned)) HandoverPlanned { f := plans; edit(&f); return f }
	h := begunSigned.handover("handover-1")
	carries := HandoverCarriedOut{Handover: "handover-1", From: "ann", To: "ben", Credentials: h.Credentials, Giver: h.Ahead.Giver.Entry, Receiver: h.Ahead.Receiver.Entry}
	carrying := func(edit func(*HandoverCarriedOut)) HandoverCarriedOut { f := carries; edit(&f); return f }
	other := at(annPlans, func(o *office) { o.plans("ben", between(friday, friday.Add(time.Hour))) })
	swaps := SwapAsked{Person: "ann", Plan: id, Other: "ben", With: other.plan("ben").ID, Revision: 1, WithRevision: 1}
	asked := at(annPlans, func(o *office) {
		o.plans("ben", between(friday, friday.Add(time.Hour)))
		o.does("ben", SwapAbsences{o.plan("ben").ID, "ann", o.plan("ann").ID})
	})
	absencePlanned := func(o *office, from, until time.Time) AbsencePlanned {
		return AbsencePlanned{Person: "ann", Plan: absenceID(o.state.Size), From: from, Until: until, Meant: week.Meant}
	}
	for name, c := range map[string]struct {
		state     *office
		event     Event
		invariant string
		detail    string
	}{
		"planned by somebody else":              {plain, next(plain, "ben", absencePlanned(plain, monday, friday)), "I6", "whose it was not"},
		"planned without a code":                {plain, unconfirmed(next(plain, "ann", absencePlanned(plain, monday, friday))), "I6", "not confirmed"},
		"under the name of another entry":       {plain, next(plain, "ann", AbsencePlanned{Person: "ann", Plan: "absence-1", From: monday, Until: friday}), "I7", "another entry"},
		"planned for the past":                  {plain, next(plain, "ann", absencePlanned(plain, epoch, friday)), "I7", "that had begun"},
		"over before it begins":                 {plain, next(plain, "ann", absencePlanned(plain, friday, monday)), "I7", "before it begins"},
		"two at one time":                       {planned, next(planned, "ann", absencePlanned(planned, monday, friday)), "I2", "of one person"},
		"beside a partner":                      {planned, next(planned, "ben", AbsencePlanned{Person: "ben", Plan: absenceID(planned.state.Size), From: monday, Until: friday}), "I2", "would both be away"},
		"moved by somebody else":                {planned, next(planned, "ben", AbsenceMoved{Person: "ann", Plan: id, Revision: 2, From: monday, Until: friday}), "I6", ""},
		"moved out of turn":                     {planned, next(planned, "ann", AbsenceMoved{Person: "ann", Plan: id, Revision: 3, From: monday, Until: friday}), "I7", "out of turn"},
		"moved, and there is none":              {plain, next(plain, "ann", AbsenceMoved{Person: "ann", Plan: id, Revision: 1, From: monday, Until: friday}), "I7", "out of turn"},
		"moved to the past":                     {planned, next(planned, "ann", AbsenceMoved{Person: "ann", Plan: id, Revision: 2, From: epoch, Until: friday}), "I7", "that had begun"},
		"its end moved to the past":             {gone, next(gone, "ann", AbsenceMoved{Person: "ann", Plan: gone.plan("ann").ID, Revision: 2, From: monday, Until: monday}), "I7", "that had begun"},
		"moved from where they are":             {gone, next(gone, "ann", AbsenceMoved{Person: "ann", Plan: gone.plan("ann").ID, Revision: 2, From: friday, Until: friday.Add(time.Hour)}), "I7", "away from it"},
		"moved beside a partner":                {other, next(other, "ann", AbsenceMoved{Person: "ann", Plan: id, Revision: 2, From: friday, Until: friday.Add(time.Hour)}), "I2", ""},
		"called off by somebody else":           {planned, next(planned, "max", AbsenceEnded{Person: "ann", Plan: id, How: CalledOff}), "I6", ""},
		"called off once they are away":         {gone, next(gone, "ann", AbsenceEnded{Person: "ann", Plan: gone.plan("ann").ID, How: CalledOff}), "I7", ""},
		"ended by a technician":                 {planned, next(planned, "ben", AbsenceEnded{Person: "ann", Plan: id, How: EndedByManager, Partners: []string{"ben"}}), "I6", ""},
		"ended without a code":                  {planned, unconfirmed(next(planned, "max", AbsenceEnded{Person: "ann", Plan: id, How: EndedByManager, Partners: []string{"ben"}})), "I6", ""},
		"ended, and a partner is not told":      {planned, next(planned, "max", AbsenceEnded{Person: "ann", Plan: id, How: EndedByManager, Partners: []string{"cay"}}), "I7", ""},
		"ended, and nobody is told":             {planned, next(planned, "max", AbsenceEnded{Person: "ann", Plan: id, How: EndedByManager}), "I7", ""},
		"ended once they are away":              {gone, next(gone, "max", AbsenceEnded{Person: "ann", Plan: gone.plan("ann").ID, How: EndedByManager, Partners: []string{"ben"}}), "I7", ""},
		"over before its time":                  {gone, next(gone, System, AbsenceEnded{Person: "ann", Plan: gone.plan("ann").ID, How: Over, Away: true}), "I7", ""},
		"over by somebody's word":               {gone, next(gone, "ann", AbsenceEnded{Person: "ann", Plan: gone.plan("ann").ID, How: Over, Away: true}), "I6", ""},
		"missed before its time":                {planned, next(planned, System, AbsenceEnded{Person: "ann", Plan: id, How: Missed}), "I7", ""},
		"cut short before it began":             {planned, next(planned, "ann", AbsenceEnded{Person: "ann", Plan: id, How: CutShort}), "I7", ""},
		"cut short by somebody else":            {gone, next(gone, "ben", AbsenceEnded{Person: "ann", Plan: gone.plan("ann").ID, How: CutShort}), "I6", ""},
		"ended in a way that there is not":      {planned, next(planned, "ann", AbsenceEnded{Person: "ann", Plan: id, How: "lost"}), "I6", ""},
		"ended, and there is none":              {plain, next(plain, "ann", AbsenceEnded{Person: "ann", Plan: id, How: CalledOff}), "I7", ""},
		"ended as if they had left":             {planned, next(planned, "ben", AbsenceEnded{Person: "ann", Plan: id, How: LeftWith}), "I6", ""},
		"reminded before its time":              {planned, next(planned, System, AbsenceReminded{Person: "ann", Plan: id, Lead: LeadFirst, Unsigned: 2}), "I7", ""},
		"reminded of nothing":                   {planned, next(planned, System, AbsenceReminded{Person: "ann", Plan: id, Unsigned: 2}), "I7", ""},
		"reminded by somebody":                  {due, next(due, "max", AbsenceReminded{Person: "ann", Plan: id, Lead: LeadLast, Unsigned: 2}), "I6", ""},
		"reminded of less":                      {due, next(due, System, AbsenceReminded{Person: "ann", Plan: id, Lead: LeadLast, Unsigned: 1}), "I7", ""},
		"reminded once it has begun":            {begun, next(begun, System, AbsenceReminded{Person: "ann", Plan: id, Lead: LeadLast, Unsigned: 2}), "I7", ""},
		"begun before its time":                 {planned, next(planned, System, AbsenceBegun{"ann", id}), "I7", ""},
		"begun by somebody":                     {due, next(due, "ann", AbsenceBegun{"ann", id}), "I6", ""},
		"begun twice":                           {begun, next(begun, System, AbsenceBegun{"ann", id}), "I7", ""},
		"begun after its end":                   {at(annPlans, func(o *office) { o.now = friday }), Event{Time: friday, Actor: System, Fact: AbsenceBegun{"ann", id}}, "I7", ""},
		"begun, and there is none":              {plain, next(plain, System, AbsenceBegun{"ann", id}), "I7", ""},
		"held up by nothing":                    {gone, next(gone, System, AbsenceHeldUp{Person: "ann", Plan: gone.plan("ann").ID, Why: BothAway}), "I7", "twice"},
		"held up twice":                         {held, next(held, System, AbsenceHeldUp{Person: "ann", Plan: id, Why: HolderMustHandOver, Left: 2}), "I7", "twice"},
		"held up before it began":               {due, next(due, System, AbsenceHeldUp{Person: "ann", Plan: id, Why: HolderMustHandOver, Left: 2}), "I7", "before it began"},
		"held up while something waits":         {begunSigned, next(begunSigned, System, AbsenceHeldUp{Person: "ann", Plan: id, Why: HolderMustHandOver, Left: 2}), "I7", "something waits"},
		"held up by less":                       {begun, next(begun, System, AbsenceHeldUp{Person: "ann", Plan: id, Why: HolderMustHandOver, Left: 1}), "I7", "something else"},
		"held up by more on offer":              {begun, next(begun, System, AbsenceHeldUp{Person: "ann", Plan: id, Why: HolderMustHandOver, Left: 2, Offered: 1}), "I7", "something else"},
		"held up, and said to have been signed": {begun, next(begun, System, AbsenceHeldUp{Person: "ann", Plan: id, Why: HolderMustHandOver, Left: 2, Signed: true}), "I7", "something else"},
		"held up for another reason":            {begun, next(begun, System, AbsenceHeldUp{Person: "ann", Plan: id, Why: BothAway, Left: 2}), "I7", "something else"},
		"held up by somebody":                   {begun, next(begun, "max", AbsenceHeldUp{Person: "ann", Plan: id, Why: HolderMustHandOver, Left: 2}), "I6", ""},
		"away while they hold something":        {begun, next(begun, System, PersonAway{Person: "ann", Plan: id, Until: friday}), "I3", "still to pass on"},
		"away while something waits":            {begunSigned, next(begunSigned, System, PersonAway{Person: "ann", Plan: id, Until: friday}), "I3", "still to pass on"},
		"away before it began":                  {due, next(due, System, PersonAway{Person: "ann", Plan: id, Until: friday}), "I6", "before it began"},
		"away for longer than planned":          {begun, next(begun, System, PersonAway{Person: "ann", Plan: id, Until: friday.Add(time.Hour)}), "I6", ""},
		"away twice":                            {gone, next(gone, System, PersonAway{Person: "ann", Plan: gone.plan("ann").ID, Until: friday}), "I6", "twice"},
		"away by a plan, and by hand":           {begun, next(begun, "ann", PersonAway{Person: "ann", Plan: id, Until: friday}), "I6", "whose it was not"},
		"away after its end":                    {begun, Event{Time: friday, Actor: System, Fact: PersonAway{Person: "ann", Plan: id, Until: friday}}, "I6", "after it"},
		"signed ahead by somebody else":         {planned, next(planned, "ben", plans), "I6", ""},
		"signed ahead without a code":           {planned, unconfirmed(next(planned, "ann", plans)), "I6", ""},
		"signed ahead for nothing":              {planned, next(planned, "ann", planning(func(f *HandoverPlanned) { f.Credentials = nil })), "I1", "plans nothing"},
		"under another name":                    {planned, next(planned, "ann", planning(func(f *HandoverPlanned) { f.Handover = "handover-2" })), "I1", "another handover"},
		"in another order":                      {planned, next(planned, "ann", planning(func(f *HandoverPlanned) { f.Credentials = []string{"db02", "db01"} })), "I1", ""},
		"for a plan that there is not":          {plain, next(plain, "ann", plans), "I6", "there is not"},
		"for another revision":                  {planned, next(planned, "ann", planning(func(f *HandoverPlanned) { f.Revision = 2 })), "I6", "there is not"},
		"for another beginning":                 {planned, next(planned, "ann", planning(func(f *HandoverPlanned) { f.Begins = epoch })), "I6", "there is not"},
		"for another end":                       {planned, next(planned, "ann", planning(func(f *HandoverPlanned) { f.Until = epoch })), "I6", "there is not"},
		"for one that has begun":                {begun, next(begun, "ann", planning(func(f *HandoverPlanned) { f.Expires = monday.Add(DefaultPolicy().SignatureTTL) })), "I6", "there is not"},
		"for ever":                              {planned, next(planned, "ann", planning(func(f *HandoverPlanned) { f.Expires = friday.AddDate(9, 0, 0) })), "I6", "without an end"},
		"of what they do not hold":              {planned, next(planned, "ann", planning(func(f *HandoverPlanned) { f.Credentials = []string{"web01"} })), "I1", "does not hold"},
		"to somebody else than its custodian":   {planned, next(planned, "ann", planning(func(f *HandoverPlanned) { f.To = "cay" })), "I1", "does not hold"},
		"twice": {prepared, next(prepared, "ann", planning(func(f *HandoverPlanned) {
			f.Handover, f.Expires = "handover-2", prepared.now.Add(DefaultPolicy().SignatureTTL)
		})), "I1", "twice"},
		"signed by the giver in their place":      {prepared, next(prepared, "ann", signs), "I6", ""},
		"signed without a code":                   {prepared, unconfirmed(next(prepared, "ben", signs)), "I6", ""},
		"signed for a receiver who was swapped":   {prepared, next(prepared, "cay", signing(func(f *HandoverSigned) { f.To = "cay" })), "I1", "does not follow"},
		"signed for more than the giver signed":   {prepared, next(prepared, "ben", signing(func(f *HandoverSigned) { f.Credentials = []string{"db01"} })), "I1", ""},
		"signed for another plan":                 {prepared, next(prepared, "ben", signing(func(f *HandoverSigned) { f.Plan = "absence-1" })), "I6", "another absence"},
		"signed for another revision":             {prepared, next(prepared, "ben", signing(func(f *HandoverSigned) { f.Revision = 2 })), "I6", "another absence"},
		"signed for another beginning":            {prepared, next(prepared, "ben", signing(func(f *HandoverSigned) { f.Begins = epoch })), "I6", "another absence"},
		"signed for another end":                  {prepared, next(prepared, "ben", signing(func(f *HandoverSigned) { f.Until = epoch })), "I6", "another absence"},
		"signed twice":                            {signed, next(signed, "ben", signs), "I1", ""},
		"signed after the plan was moved":         {at(annSigns, func(o *office) { o.state.editPlan("ann", id, func(p *Plan) { p.Revision = 2 }) }), next(prepared, "ben", signs), "I6", "was moved"},
		"broken though both signatures count":     {signed, next(signed, System, HandoverBroken{"handover-1", BrokenPlan}), "I6", ""},
		"broken for nothing":                      {signed, next(signed, System, HandoverBroken{"handover-1", ""}), "I6", ""},
		"broken for another reason":               {moved, next(moved, System, HandoverBroken{"handover-1", BrokenAway}), "I6", ""},
		"broken, and there is none":               {plain, next(plain, System, HandoverBroken{"handover-1", BrokenPlan}), "I6", ""},
		"an offer broken":                         {at(annOffered), next(plain, System, HandoverBroken{"handover-1", BrokenPlan}), "I6", ""},
		"carried out before its time":             {dueSigned, next(dueSigned, System, carries), "I6", "before the absence began"},
		"carried out by the receiver":             {begunSigned, next(begunSigned, "ben", carries), "I6", "whose it was not"},
		"carried out without the receiver's":      {begunPrepared, next(begunPrepared, System, carrying(func(f *HandoverCarriedOut) { f.Receiver = 0 })), "I6", "not signed by both"},
		"on another entry of the giver":           {begunSigned, next(begunSigned, System, carrying(func(f *HandoverCarriedOut) { f.Giver++ })), "I6", "other entries"},
		"on another entry of the receiver":        {begunSigned, next(begunSigned, System, carrying(func(f *HandoverCarriedOut) { f.Receiver = f.Giver })), "I6", "other entries"},
		"to a receiver who was swapped":           {begunSigned, next(begunSigned, System, carrying(func(f *HandoverCarriedOut) { f.To = "cay" })), "I6", "not signed by both"},
		"from somebody else":                      {begunSigned, next(begunSigned, System, carrying(func(f *HandoverCarriedOut) { f.From = "cay" })), "I6", "not signed by both"},
		"with less than was signed":               {begunSigned, next(begunSigned, System, carrying(func(f *HandoverCarriedOut) { f.Credentials = []string{"db01"} })), "I1", "something else"},
		"with more":                               {begunSigned, next(begunSigned, System, carrying(func(f *HandoverCarriedOut) { f.Credentials = []string{"db01", "db02", "web01"} })), "I1", "something else"},
		"carried out after the plan was moved":    {movedAgain, next(movedAgain, System, carries), "I6", ""},
		"carried out after the receiver left":     {at(bothSign, began, func(o *office) { o.state.editPerson("ben", func(p *Person) { p.Away = true }) }), next(begunSigned, System, carries), "I6", "after it counted"},
		"carried out with another authenticator":  {at(bothSign, began, func(o *office) { o.state.editPerson("ben", func(p *Person) { p.Number++ }) }), next(begunSigned, System, carries), "I6", "after it counted"},
		"carried out once it was settled":         {at(bothSign, began, func(o *office) { o.state.editPlan("ann", id, func(p *Plan) { p.Settled = true }) }), next(begunSigned, System, carries), "I6", "after it counted"},
		"carried out while something waits":       {at(bothSign, annWantsNewPassword, began), next(begunSigned, System, carrying(func(f *HandoverCarriedOut) { f.Credentials = []string{"db02"} })), "I6", "after it counted"},
		"offered for one that has not begun":      {due, next(due, System, HandoverOffered{Handover: "handover-1", From: "ann", To: "ben", Credentials: []string{"db01"}, Leave: true, ExpectedReturn: friday, Plan: id}), "I6", "has not begun"},
		"offered, and they hand over nothing":     {begun, next(begun, System, HandoverOffered{Handover: "handover-1", From: "ann", To: "ben", Credentials: []string{"db01"}, Leave: true, ExpectedReturn: friday, Plan: id}), "I6", "did not say"},
		"offered for another plan":                {begunPrepared, next(begunPrepared, System, HandoverOffered{Handover: "handover-2", From: "ann", To: "ben", Credentials: []string{"db01"}, Leave: true, ExpectedReturn: friday, Plan: "absence-1"}), "I6", ""},
		"offered for longer":                      {begunPrepared, next(begunPrepared, System, HandoverOffered{Handover: "handover-2", From: "ann", To: "ben", Credentials: []string{"db01"}, Leave: true, ExpectedReturn: friday.Add(time.Hour), Plan: id}), "I6", ""},
		"offered to stay":                         {begunPrepared, next(begunPrepared, System, HandoverOffered{Handover: "handover-2", From: "ann", To: "ben", Credentials: []string{"db01"}, ExpectedReturn: friday, Plan: id}), "I6", ""},
		"offered by the system, and no plan":      {plain, next(plain, System, HandoverOffered{Handover: "handover-1", From: "ann", To: "ben", Credentials: []string{"db01"}}), "I6", ""},
		"left to the other by no plan":            {at(annWantsNewPassword), next(plain, System, RotationPassed{Credential: "db01", Rotation: 2, From: "ann", To: "ben"}), "I6", "whose it was not"},
		"left to the other by one that is not so": {at(annWantsNewPassword, annPlans, began), next(begun, System, RotationPassed{Credential: "db01", Rotation: 2, From: "ann", To: "ben"}), "I6", "whose it was not"},
		"changed for a transfer by nobody":        {at(annHandedOver), next(plain, System, RotationStarted{Credential: "db01", Rotation: 2, Reason: ForTransfer, Successor: "ben"}), "I6", "whose it was not"},
		"a swap asked for by the other":           {other, next(other, "ben", swaps), "I6", ""},
		"a swap without a code":                   {other, unconfirmed(next(other, "ann", swaps)), "I6", ""},
		"a swap with a plan that is not there":    {planned, next(planned, "ann", swaps), "I7", ""},
		"a swap with oneself":                     {other, next(other, "ann", SwapAsked{"ann", id, "ann", id, 1, 1}), "I7", ""},
		"a swap of what was moved":                {other, next(other, "ann", SwapAsked{"ann", id, "ben", swaps.With, 2, 1}), "I7", ""},
		"a swap with what was moved":              {other, next(other, "ann", SwapAsked{"ann", id, "ben", swaps.With, 1, 2}), "I7", ""},
		"swapped, and the other had not asked":    {other, next(other, "ann", AbsencesSwapped(swaps)), "I6", "had not asked"},
		"swapped by who asked":                    {asked, next(asked, "ben", AbsencesSwapped{"ben", swaps.With, "ann", id, 1, 1}), "I6", "had not asked"},
		"swapped of plans that were moved":        {asked, next(asked, "ann", AbsencesSwapped{"ann", id, "ben", swaps.With, 2, 1}), "I7", ""},
		"swapped into a partner's": {at(annPlans, func(o *office) {
			o.plans("ben", between(friday, friday.Add(time.Hour)))
			o.does("ben", SwapAbsences{o.plan("ben").ID, "ann", o.plan("ann").ID})
			o.state.editPerson("cay", func(p *Person) { p.Plans = []Plan{{ID: "absence-1", From: monday, Until: friday}} })
		}), next(asked, "ann", AbsencesSwapped(swaps)), "I2", ""},
	} {
		if err := CheckEvent(c.state.state, c.event); !violation(err, c.invariant, c.detail) {
			t.Errorf("%s: got %v, want %s: %s", name, err, c.invariant, c.detail)
		}
	}
	for _, may := range []struct { // and what they are beside
		state *office
		event Event
	}{
		{planned, next(planned, "ann", plans)}, {prepared, next(prepared, "ben", signs)}, {begunSigned, next(begunSigned, System, carries)},
		{due, next(due, System, AbsenceBegun{"ann", id})}, {begun, next(begun, System, AbsenceHeldUp{Person: "ann", Plan: id, Why: HolderMustHandOver, Left: 2})},
		{other, next(other, "ann", swaps)}, {asked, next(asked, "ann", AbsencesSwapped(swaps))}, {moved, next(moved, System, HandoverBroken{"handover-1", BrokenPlan})},
		{due, next(due, System, AbsenceReminded{Person: "ann", Plan: id, Lead: LeadLast, Unsigned: 2})},
		{begunPrepared, next(begunPrepared, System, HandoverOffered{Handover: "handover-2", From: "ann", To: "ben", Credentials: []string{"db01"}, Leave: true, ExpectedReturn: friday, Plan: id})},
	} {
		if err := CheckEvent(may.state.state, may.event); err != nil {
			t.Errorf("%s: %v", may.event.Fact.Type(), err)
		}
	}
}

// What no plan may lead to is found in a state, too.
func TestWhatPlansMayNotBe(t *testing.T) {
	o := newOffice(t)
	annPlans(o)
	plan := o.plan("ann")
	for name, c := range map[string]struct {
		spoil     func(*State)
		invariant string
	}{
		"of somebody who has left":  {func(s *State) { s.editPerson("eve", func(p *Person) { p.Disabled, p.Plans = true, []Plan{plan} }) }, "I11"},
		"two at one time":           {func(s *State) { s.editPerson("ann", func(p *Person) { p.Plans = []Plan{plan, plan} }) }, "I2"},
		"of both who look after it": {func(s *State) { s.editPerson("ben", func(p *Person) { p.Plans = []Plan{plan} }) }, "I2"},
		"in the order of their times": {func(s *State) {
			s.editPerson("cay", func(p *Person) { p.Plans = []Plan{{From: friday, Until: quarter}, {From: monday, Until: friday}} })
		}, "I2"},
	} {
		s := clone(o.state)
		c.spoil(s)
		if err := Check(s); !violation(err, c.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, c.invariant)
		}
	}
	if err := Check(o.state); err != nil {
		t.Error(err)
	}
}

func TestSwaps(t *testing.T) {
	given := func(o *office) {
		annPlans(o)                                                               // absence-37
		o.plans("ben", between(friday.Add(time.Hour), quarter))                   // absence-38
		o.plans("cay", between(quarter.Add(time.Hour), quarter.Add(9*time.Hour))) // absence-39
	}
	o := newOffice(t)
	given(o)
	ann, ben, cay := o.plan("ann").ID, o.plan("ben").ID, o.plan("cay").ID
	benAsked := both(given, func(o *office) { o.does("ben", SwapAbsences{ben, "ann", ann}) })
	check(t, []clause{
		{"the first asks", given, "ann", SwapAbsences{ann, "ben", ben}, "", func(o *office) bool {
			p := o.plan("ann")
			return p.From.Equal(monday) && p.Revision == 1 && p.Swap == Swap{"ben", ben, 1, 1}
		}},
		{"once", both(given, func(o *office) { o.does("ann", SwapAbsences{ann, "ben", ben}) }), "ann", SwapAbsences{ann, "ben", ben}, Conflict, nil},
		{"the second agrees", benAsked, "ann", SwapAbsences{ann, "ben", ben}, "", func(o *office) bool {
			a, b := o.plan("ann"), o.plan("ben")
			return a.From.Equal(friday.Add(time.Hour)) && a.Until.Equal(quarter) && b.From.Equal(monday) && b.Meant == week.Meant && a.Revision == 2 && b.Revision == 2 && a.Swap == Swap{} && b.Swap == Swap{}
		}},
		{"not to what was moved since", both(benAsked, func(o *office) {
			o.does("ann", MoveAbsence{Plan: ann, From: monday.Add(time.Hour), Until: friday, Meant: week.Meant})
		}), "ann", SwapAbsences{ann, "ben", ben}, "", func(o *office) bool { return o.plan("ann").Swap.Person == "ben" }},
		{"nor to another plan", both(benAsked, func(o *office) { o.plans("ann", between(quarter, quarter.Add(time.Hour))) }), "ann", SwapAbsences{"absence-41", "ben", ben}, "", func(o *office) bool {
			return o.plan("ben").From.Equal(friday.Add(time.Hour))
		}},
		{"not into a partner's absence", given, "cay", SwapAbsences{cay, "ann", ann}, "", nil},
		{"which cay and ben would both have", func(o *office) {
			given(o)
			o.plans("ann", between(quarter.Add(20*time.Hour), quarter.Add(21*time.Hour)))
			o.does("ben", MoveAbsence{Plan: ben, From: quarter.Add(24 * time.Hour), Until: quarter.Add(25 * time.Hour), Meant: week.Meant})
			o.plans("ada", between(quarter.Add(24*time.Hour), quarter.Add(25*time.Hour)))
		}, "cay", SwapAbsences{cay, "ada", "absence-42"}, AbsenceOverlap, nil},
		{"not into one of one's own", func(o *office) {
			given(o)
			o.plans("ada", between(monday, friday))
			o.plans("ann", between(quarter.Add(time.Hour), quarter.Add(2*time.Hour)))
		}, "ann", SwapAbsences{"absence-41", "ada", "absence-40"}, AbsenceOverlap, nil},
		{"not with oneself", given, "ann", SwapAbsences{ann, "ann", ann}, Forbidden, nil},
		{"not another's", given, "cay", SwapAbsences{ann, "ben", ben}, NotFound, nil},
		{"not with what there is not", given, "ann", SwapAbsences{ann, "ben", "absence-1"}, NotFound, nil},
		{"not one that has begun", both(given, itBegins), "ann", SwapAbsences{ann, "ben", ben}, Conflict, nil},
		{"nor with one", both(given, itBegins), "ben", SwapAbsences{ben, "ann", ann}, Conflict, nil},
		{"what was signed for it counts no more", func(o *office) {
			given(o)
			o.does("ann", HandOverAhead{ann})
			o.does("ben", SwapAbsences{ben, "ann", ann})
		}, "ann", SwapAbsences{ann, "ben", ben}, "", func(o *office) bool { return o.handover("handover-1").Status == "" }},
	})
}

func TestCoverage(t *testing.T) {
	day := func(n int) time.Time { return epoch.AddDate(0, 0, n) }
	people := []Person{
		{Username: "ann", Plans: []Plan{{From: day(1), Until: day(3)}, {From: day(3), Until: day(5)}, {From: day(40), Until: day(41)}}},
		{Username: "ben", Presence: Presence{Away: true, AwaySince: day(-1), AwayUntil: day(2)}, Plans: []Plan{{From: day(4), Until: day(8)}}},
		{Username: "cay", Presence: Presence{Away: true, AwaySince: day(-5), AwayUntil: day(-1)}}, // should be back
		{Username: "dan", Presence: Presence{Away: true, AwaySince: day(0)}},
	}
	credentials := []Credential{
		{Name: "x", Primary: "ann", Backup: "ben", Phase: Held}, {Name: "y", Primary: "ben", Backup: "ann", Phase: Held},
		{Name: "z", Primary: "ann", Backup: "eve", Phase: Held}, {Name: "v", Primary: "ann", Phase: Held},
		{Name: "c", Primary: "ann", Backup: "cay", Phase: Held}, {Name: "d", Primary: "dan", Backup: "ben", Phase: Parked}, {Name: "o", Primary: "ann", Backup: "dan", Phase: Retired},
	}
	got := Coverage(people, credentials, day(0), day(0), day(10))
	want := []Cover{
		{[2]string{"", "ann"}, []string{"v"}, []Span{{day(1), day(5)}}},
		{[2]string{"ann", "ben"}, []string{"x", "y"}, []Span{{day(1), day(2)}, {day(4), day(5)}}},
		{[2]string{"ann", "cay"}, []string{"c"}, []Span{{day(1), day(5)}}},
		{[2]string{"ann", "eve"}, []string{"z"}, nil},
		{[2]string{"ben", "dan"}, []string{"d"}, []Span{{day(0), day(2)}, {day(4), day(8)}}},
	}
	if !slices.EqualFunc(got, want, func(a, b Cover) bool {
		return a.Pair == b.Pair && slices.Equal(a.Credentials, b.Credentials) && slices.Equal(a.Gaps, b.Gaps)
	}) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}
