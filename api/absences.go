package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/api/wall"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Absence is one that somebody has planned.
type Absence struct {
	ID       string        `json:"id"`
	Person   string        `json:"person"`
	From     time.Time     `json:"from"`
	Until    time.Time     `json:"until" doc:"The first instant at which they are back"`
	Meant    custody.Meant `json:"meant" doc:"How it was put: on which clock, in which zone"`
	Reason   string        `json:"reason,omitzero"`
	Revision int64         `json:"revision" doc:"Raised by each move, which makes what was signed for it void"`
	Status   string        `json:"status" enum:"planned,begun,away" doc:"begun: its time has come, and they are not away, because they still hold something, or a partner is away"`
	Offer    bool          `json:"offer" doc:"They said that what they hold is to pass to the other custodians when it begins"`
	Unsigned int64         `json:"unsigned" doc:"Of one that has not begun: how many credentials they hold that no handover both signed passes on"`
	Swap     *AskedSwap    `json:"swap,omitzero" doc:"They asked somebody to swap it"`

	Handovers []Handover `json:"handovers" doc:"That wait for it, or came of it and are open"`
}

// AskedSwap is with which absence of whom somebody would like to swap.
type AskedSwap struct {
	Person string `json:"person"`
	With   string `json:"with"`
}

// PlanAbsence plans one.
type PlanAbsence struct {
	From   string `json:"from" maxLength:"32" doc:"On the clock of the zone: 2026-03-29T09:00, or 2026-03-29 for whole days"`
	Until  string `json:"until" maxLength:"32" doc:"The same; of whole days the last one"`
	Zone   string `json:"zone" maxLength:"64" doc:"IANA name, such as Europe/Berlin"`
	AllDay bool   `json:"all_day,omitzero"`
	Reason string `json:"reason,omitzero"`
	Offer  bool   `json:"offer,omitzero" doc:"Sign as well that everything I hold passes to the other custodians when it begins"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

func (a PlanAbsence) meant() custody.Meant {
	return custody.Meant{From: a.From, Until: a.Until, Zone: a.Zone, AllDay: a.AllDay}
}

// AbsenceTime is when one of several is.
type AbsenceTime struct {
	From   string `json:"from" maxLength:"32" doc:"As when one is planned"`
	Until  string `json:"until" maxLength:"32"`
	Zone   string `json:"zone" maxLength:"64"`
	AllDay bool   `json:"all_day,omitzero"`
}

// PlanAbsences plans several with one code.
type PlanAbsences struct {
	Absences []AbsenceTime `json:"absences" minItems:"1" maxItems:"20"`
	Reason   string        `json:"reason,omitzero" doc:"Of each"`
	Offer    bool          `json:"offer,omitzero" doc:"Sign as well, for each, that everything I hold passes to the other custodians when it begins"`
	TOTP     Secret        `json:"totp,omitzero" maxLength:"64"`
}

// MoveAbsence gives one another time.
type MoveAbsence struct {
	From   string `json:"from" maxLength:"32" doc:"As when it is planned"`
	Until  string `json:"until" maxLength:"32"`
	Zone   string `json:"zone" maxLength:"64"`
	AllDay bool   `json:"all_day,omitzero"`
	Offer  bool   `json:"offer,omitzero" doc:"Sign anew: what was signed for the time before counts no more"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// SwapAbsences asks for a swap, or agrees to one that was asked for.
type SwapAbsences struct {
	Absence string `json:"absence" maxLength:"63" doc:"My own"`
	Person  string `json:"person" maxLength:"63" doc:"Whose the other is"`
	With    string `json:"with" maxLength:"63" doc:"That one"`
	TOTP    Secret `json:"totp,omitzero" maxLength:"64"`
}

// PlannedAbsence is the answer to what changes one.
type PlannedAbsence struct {
	Absence   Absence    `json:"absence"`
	Handover  *Handover  `json:"handover,omitzero" doc:"The first that was signed ahead, if any was"`
	Handovers []Handover `json:"handovers" doc:"All that were: one for each receiver"`
}

// SwappedAbsence is the answer to a swap.
type SwappedAbsence struct {
	Absence Absence `json:"absence"`
	Swapped bool    `json:"swapped" doc:"false: the other has not asked for it as well, and now has to"`
}

// Calendar is who is away when, and when nobody looks after something.
type Calendar struct {
	From     time.Time  `json:"from"`
	Until    time.Time  `json:"until"`
	Absences []TimeAway `json:"absences" doc:"The earliest first"`
	Pairs    []Covered  `json:"pairs"`
}

// TimeAway is one time at which somebody is away, or will be.
type TimeAway struct {
	Person  string    `json:"person"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until,omitzero" doc:"Left out: it is not known"`
	Absence string    `json:"absence,omitzero" doc:"The plan; left out: they are away now and had not planned it"`
}

// Covered is how far two custodians are there, one or the other.
type Covered struct {
	Custodians  []string `json:"custodians"`
	Credentials []string `json:"credentials"`
	Gaps        []Gap    `json:"gaps" doc:"When neither is there"`
}

// Gap is a time at which nobody is there.
type Gap struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

type (
	absenceWith[B any] struct {
		ID   string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
		Body B
	}
	absenceOf struct {
		Username string `path:"username" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
		ID       string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
		Body     ConfirmedReason
	}
	calendarFilter struct {
		From  time.Time `query:"from" doc:"Now when left out"`
		Until time.Time `query:"until" doc:"Two weeks later when left out; at most a year"`
	}
)

func (s *Server) listAbsences(ctx context.Context, _ *nothing) ([]Absence, error) {
	me, err := s.Queries.Person(ctx, edge.Of(ctx).Person.Username)
	if err != nil {
		return nil, err
	}
	return s.viewAbsences(ctx, me)
}

func (s *Server) planAbsence(ctx context.Context, in *bodyOnly[PlanAbsence]) (PlannedAbsence, error) {
	from, until, err := wall.Instants(in.Body.meant())
	if err != nil {
		return PlannedAbsence{}, err
	}
	return s.changeAbsence(ctx, "", in.Body.TOTP, custody.PlanAbsence{
		From: from, Until: until, Meant: in.Body.meant(), Reason: desk.NewNote(in.Body.Reason), HandOver: in.Body.Offer,
	})
}

// planAbsences gives those that were planned.
func (s *Server) planAbsences(ctx context.Context, in *bodyOnly[PlanAbsences]) ([]Absence, error) {
	action := custody.PlanAbsences{Reason: desk.NewNote(in.Body.Reason), HandOver: in.Body.Offer}
	for _, a := range in.Body.Absences {
		one, err := PlannedTimeOf(custody.Meant{From: a.From, Until: a.Until, Zone: a.Zone, AllDay: a.AllDay})
		if err != nil {
			return nil, err
		}
		action.Absences = append(action.Absences, one)
	}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return nil, err
	}
	planned := map[string]bool{}
	for _, event := range outcome.Events {
		if f, is := event.Fact.(custody.AbsencePlanned); is {
			planned[f.Plan] = true
		}
	}
	me, err := s.Queries.Person(ctx, edge.Of(ctx).Person.Username)
	if err != nil {
		return nil, err
	}
	all, err := s.viewAbsences(ctx, me)
	return slices.DeleteFunc(all, func(a Absence) bool { return !planned[a.ID] }), err
}

// PlannedTimeOf gives the instants of an absence as it was put.
func PlannedTimeOf(m custody.Meant) (custody.PlannedTime, error) {
	from, until, err := wall.Instants(m)
	return custody.PlannedTime{From: from, Until: until, Meant: m}, err
}

func (s *Server) moveAbsence(ctx context.Context, in *absenceWith[MoveAbsence]) (PlannedAbsence, error) {
	b := in.Body
	meant := custody.Meant{From: b.From, Until: b.Until, Zone: b.Zone, AllDay: b.AllDay}
	from, until, err := wall.Instants(meant)
	if err != nil {
		return PlannedAbsence{}, err
	}
	return s.changeAbsence(ctx, in.ID, b.TOTP, custody.MoveAbsence{Plan: in.ID, From: from, Until: until, Meant: meant, HandOver: b.Offer})
}

func (s *Server) signAbsence(ctx context.Context, in *absenceWith[Confirmation]) (PlannedAbsence, error) {
	return s.changeAbsence(ctx, in.ID, in.Body.TOTP, custody.HandOverAhead{Plan: in.ID})
}

// changeAbsence carries out a command about an absence of one's own, "" for a new one, and
// shows it, with what it signed.
func (s *Server) changeAbsence(ctx context.Context, id string, code Secret, action custody.Action) (PlannedAbsence, error) {
	outcome, err := s.Desk.Do(ctx, by(ctx, action, code), action)
	if err != nil {
		return PlannedAbsence{}, err
	}
	answer := PlannedAbsence{Handovers: []Handover{}}
	for _, event := range outcome.Events {
		switch f := event.Fact.(type) {
		case custody.AbsencePlanned:
			id = f.Plan
		case custody.HandoverPlanned:
			h, err := s.handover(ctx, f.Handover)
			if err != nil {
				return answer, err
			}
			answer.Handovers = append(answer.Handovers, h)
		}
	}
	if len(answer.Handovers) > 0 {
		answer.Handover = &answer.Handovers[0]
	}
	answer.Absence, err = s.absence(ctx, edge.Of(ctx).Person.Username, id)
	return answer, err
}

func (s *Server) cancelAbsence(ctx context.Context, in *absenceWith[Confirmation]) (struct{}, error) {
	action := custody.CancelAbsence{Plan: in.ID}
	_, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	return struct{}{}, err
}

func (s *Server) endAbsence(ctx context.Context, in *absenceOf) (struct{}, error) {
	action := custody.EndAbsence{Person: in.Username, Plan: in.ID, Reason: desk.NewNote(in.Body.Reason)}
	_, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	return struct{}{}, err
}

func (s *Server) swapAbsences(ctx context.Context, in *bodyOnly[SwapAbsences]) (SwappedAbsence, error) {
	action := custody.SwapAbsences{Plan: in.Body.Absence, Person: in.Body.Person, With: in.Body.With}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return SwappedAbsence{}, err
	}
	answer := SwappedAbsence{}
	for _, event := range outcome.Events {
		if _, swapped := event.Fact.(custody.AbsencesSwapped); swapped {
			answer.Swapped = true
		}
	}
	answer.Absence, err = s.absence(ctx, edge.Of(ctx).Person.Username, in.Body.Absence)
	return answer, err
}

func (s *Server) signHandover(ctx context.Context, in *handoverWith[Confirmation]) (Handover, error) {
	return s.changeHandover(ctx, custody.SignHandover{Handover: in.ID}, in.Body.TOTP)
}

// absence shows one of somebody's.
func (s *Server) absence(ctx context.Context, username, id string) (Absence, error) {
	p, err := s.Queries.Person(ctx, username)
	if err != nil {
		return Absence{}, err
	}
	views, err := s.viewAbsences(ctx, p)
	if err != nil {
		return Absence{}, err
	}
	at := slices.IndexFunc(views, func(a Absence) bool { return a.ID == id })
	if at < 0 {
		return Absence{}, desk.ErrNotFound
	}
	return views[at], nil
}

func (s *Server) viewAbsences(ctx context.Context, p custody.Person) ([]Absence, error) {
	views := []Absence{}
	if len(p.Plans) == 0 {
		return views, nil
	}
	prepared, err := PreparedFor(ctx, s.Queries, p)
	if err != nil {
		return nil, err
	}
	for i, plan := range p.Plans {
		view := Absence{
			ID: plan.ID, Person: p.Username, From: plan.From, Until: plan.Until, Meant: plan.Meant, Reason: plan.Reason.String(),
			Revision: plan.Revision, Status: AbsenceStatus(p, plan), Offer: plan.HandsOver, Unsigned: prepared[i].Unsigned,
			Handovers: each(prepared[i].Handovers, viewHandover),
		}
		if plan.Swap.Person != "" {
			view.Swap = &AskedSwap{plan.Swap.Person, plan.Swap.Plan}
		}
		views = append(views, view)
	}
	return views, nil
}

// AbsenceStatus is planned, begun or away.
func AbsenceStatus(p custody.Person, plan custody.Plan) string {
	switch {
	case plan.Begun.IsZero():
		return "planned"
	case p.Away:
		return Away
	}
	return "begun"
}

// Prepared is how far somebody's plan is prepared.
type Prepared struct {
	Handovers []custody.Handover // that wait for it, or came of it and are open
	Unsigned  int64              // what they hold that none of those passes on which both signed; 0 once it has begun
	Left      int64              // and of that, what they have not signed for themselves
}

// PreparedFor says that of each of somebody's plans.
func PreparedFor(ctx context.Context, q Queries, p custody.Person) ([]Prepared, error) {
	open := []custody.HandoverStatus{custody.HandoverPrepared, custody.HandoverSignedAhead, custody.Offered, custody.Accepted, custody.Returned}
	handovers, err := AllHandovers(ctx, q, desk.HandoverQuery{Status: open, Person: p.Username})
	if err != nil {
		return nil, err
	}
	charges, err := q.FindCredentials(ctx, desk.CredentialQuery{Person: p.Username})
	if err != nil {
		return nil, err
	}
	all := make([]Prepared, len(p.Plans))
	for i, plan := range p.Plans {
		signed, waits := map[string]bool{}, map[string]bool{}
		for _, h := range handovers {
			if h.From != p.Username || h.Ahead.Plan != plan.ID {
				continue
			}
			all[i].Handovers = append(all[i].Handovers, h)
			for _, name := range h.Credentials {
				signed[name] = signed[name] || h.Status == custody.HandoverSignedAhead
				waits[name] = waits[name] || h.Status.Waits()
			}
		}
		for _, c := range charges {
			if plan.Begun.IsZero() && c.HeldFor() == p.Username && !signed[c.Name] {
				all[i].Unsigned++
				if !waits[c.Name] {
					all[i].Left++
				}
			}
		}
	}
	return all, nil
}

// longestCalendar is how much of one is given at once.
const longestCalendar = 366 * 24 * time.Hour

func (s *Server) calendar(ctx context.Context, in *calendarFilter) (Calendar, error) {
	now := time.Now()
	from, until := in.From, in.Until
	if from.IsZero() {
		from = now
	}
	if until.IsZero() {
		until = from.AddDate(0, 0, 14)
	}
	if !from.Before(until) || until.Sub(from) > longestCalendar {
		return Calendar{}, custody.Invalid("until", "a_year_of_calendar")
	}
	view := Calendar{From: from.UTC(), Until: until.UTC(), Absences: []TimeAway{}, Pairs: []Covered{}}
	people, credentials, err := CalendarOf(ctx, s.known(ctx), edge.Of(ctx).Person)
	if err != nil {
		return view, err
	}
	for _, p := range people {
		view.Absences = append(view.Absences, awayIn(p, from, until)...)
	}
	slices.SortStableFunc(view.Absences, func(a, b TimeAway) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Person, b.Person)) })
	for _, c := range custody.Coverage(people, credentials, now, from, until) {
		view.Pairs = append(view.Pairs, Covered{
			Custodians:  slices.DeleteFunc([]string{c.Pair[0], c.Pair[1]}, func(name string) bool { return name == "" }),
			Credentials: c.Credentials, Gaps: each(c.Gaps, func(s custody.Span) Gap { return Gap(s) }),
		})
	}
	return view, nil
}

// awayIn gives when somebody is away in a time.
func awayIn(p custody.Person, from, until time.Time) (all []TimeAway) {
	for _, plan := range p.Plans {
		if plan.From.Before(until) && from.Before(plan.Until) {
			all = append(all, TimeAway{Person: p.Username, From: plan.From, Until: plan.Until, Absence: plan.ID})
		}
	}
	planned := slices.ContainsFunc(p.Plans, func(plan custody.Plan) bool { return !plan.Begun.IsZero() })
	if p.Away && !planned && p.AwaySince.Before(until) {
		all = append(all, TimeAway{Person: p.Username, From: p.AwaySince, Until: p.AwayUntil})
	}
	return all
}

// CalendarOf gives the people and credentials that somebody's calendar is of: everybody for
// whoever sees everything or runs the system, otherwise what they look after themselves, and
// with whom.
func CalendarOf(ctx context.Context, q Queries, viewer custody.Person) ([]custody.Person, []custody.Credential, error) {
	people, err := q.People(ctx)
	if err != nil {
		return nil, nil, err
	}
	if viewer.SeesEverything() || viewer.Is(custody.Admin) {
		credentials, err := q.Credentials(ctx)
		return people, credentials, err
	}
	credentials, err := q.FindCredentials(ctx, desk.CredentialQuery{Person: viewer.Username})
	credentials = slices.DeleteFunc(credentials, func(c custody.Credential) bool { return !c.HasCustodian(viewer.Username) })
	people = slices.DeleteFunc(people, func(p custody.Person) bool {
		shared := func(c custody.Credential) bool { return c.HasCustodian(p.Username) }
		return p.Username != viewer.Username && !slices.ContainsFunc(credentials, shared)
	})
	return people, credentials, err
}

// AheadOf is the absence that a handover was signed for, or offered because of.
type AheadOf struct {
	Absence  string         `json:"absence"`
	Revision int64          `json:"revision,omitzero"`
	Begins   time.Time      `json:"begins,omitzero"`
	Giver    *Signature     `json:"giver,omitzero"`
	Receiver *Signature     `json:"receiver,omitzero"`
	Why      custody.Broken `json:"why,omitzero" enum:"plan,enrolment,custodians,age,unsigned,away,empty,withdrawn" doc:"Why it is void"`
}

// Signature is the entry of the ledger in which somebody signed.
type Signature struct {
	Index int64     `json:"index"`
	At    time.Time `json:"at"`
}

func viewAhead(a custody.Ahead) *AheadOf {
	if a.Plan == "" {
		return nil
	}
	signed := func(s custody.Signature) *Signature {
		if s.Entry == 0 {
			return nil
		}
		return &Signature{s.Entry, s.At}
	}
	return &AheadOf{a.Plan, a.Revision, a.Begins, signed(a.Giver), signed(a.Receiver), a.Why}
}
