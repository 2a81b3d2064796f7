package web

import (
	"context"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type homePage struct {
	People        map[string]custody.Person
	Guide         *guide
	Holding       []custody.Credential // by me
	ToSet         []custody.Credential // whose new password I am to set by hand
	Coming        []custody.Credential // mine after the rotation in progress
	Elsewhere     []custody.Credential // I am the other custodian
	Waiting       []custody.Handover   // for my decision
	Given         []custody.Handover   // by me, not over
	Received      []custody.Handover   // by me, not over
	Attention     []custody.Credential // rotations past their deadline or failing
	Overdue       []custody.Handover
	ReviewDue     time.Time            // of the policy, once that is past
	ToApprove     []custody.Proposal   // by me
	Beside        map[string][]string  // by the id of such a one: who acted in my device for it
	Leavings      []custody.Person     // who left, with something still to do
	ToTake        []custody.Credential // that nobody holds, and I can take
	ToConfirm     []custody.Credential // that are reached in another way, for me to look at
	Emergencies   []desk.Emergency     // that are open, or to be reviewed
	Incidents     []custody.Incident   // the newest few that are not closed, special ones first
	IncidentCount int                  // of all of these
	Envelopes     *envelopeAlarm       // nil: nothing is wrong, or it is not for me
	Unreachable   bool                 // I count as such for something of mine
	Vacant        []custody.Credential // of mine, with a seat that nobody has
	Alone         bool                 // the policy asks for fewer approvals than two
	Few           []custody.Shortage   // levels at which fewer than two could approve
	Configuration bool                 // a change of the configuration waits for a manager
	Unfounded     bool                 // nobody has confirmed the founding yet, or one of two
}

func (p *Pages) home(v *visit) error {
	ctx, me := v.r.Context(), v.Person.Username
	mine, err := v.Queries.FindCredentials(ctx, desk.CredentialQuery{Person: me})
	if err != nil {
		return err
	}
	rotating, err := v.Queries.FindCredentials(ctx, desk.CredentialQuery{Phase: custody.Rotating})
	if err != nil {
		return err
	}
	open, err := api.AllHandovers(ctx, v.Queries, desk.HandoverQuery{Status: openStatuses})
	if err != nil {
		return err
	}
	home := homePage{Few: p.fewApprovers(v), ReviewDue: p.Desk.ReviewDue(), Configuration: p.Desk.Configuration().Pending(), Alone: p.Desk.PolicyInForce().Values.Approvals != custody.ApprovedByTwo}
	if home.ToApprove, err = v.toApprove(); err != nil {
		return err
	}
	if home.Beside, err = p.beside(v, home.ToApprove); err != nil {
		return err
	}
	if home.Emergencies, err = v.openEmergencies(); err != nil {
		return err
	}
	if home.Incidents, home.IncidentCount, err = v.openIncidents(); err != nil {
		return err
	}
	if home.Envelopes, err = p.envelopeAlarm(v); err != nil {
		return err
	}
	founding, err := p.Desk.Founding(ctx)
	if err != nil {
		return err
	}
	home.Unfounded = !founding.Founded && !v.Person.Is(custody.Technician)
	if home.People, err = v.directory(); err != nil {
		return err
	}
	home.Leavings = v.openLeavings(home.People)
	for _, c := range mine {
		home.Unreachable = home.Unreachable || slices.Contains(c.Unreachable, me)
		if c.Active() && c.SeatVacant() {
			home.Vacant = append(home.Vacant, c)
		}
		if !c.Unconfirmed.IsZero() && c.MayConfirmTarget(v.Person) {
			home.ToConfirm = append(home.ToConfirm, c)
		}
		switch {
		case c.Takeable() && c.HasCustodian(me):
			home.ToTake = append(home.ToTake, c)
		case c.Holder == me:
			home.Holding = append(home.Holding, c)
		case waitsFor(c, me):
			home.ToSet = append(home.ToSet, c)
		case c.Successor() == me:
			home.Coming = append(home.Coming, c)
		case c.Active():
			home.Elsewhere = append(home.Elsewhere, c)
		}
	}
	for _, c := range rotating {
		if c.Rotation.Overdue || c.Rotation.Attempts > 0 {
			home.Attention = append(home.Attention, c)
		}
	}
	for _, h := range open {
		switch {
		case h.To == me && h.Status == custody.Offered:
			home.Waiting = append(home.Waiting, h)
		case h.From == me:
			home.Given = append(home.Given, h)
		case h.To == me:
			home.Received = append(home.Received, h)
		}
		if h.Overdue {
			home.Overdue = append(home.Overdue, h)
		}
	}
	if v.Person.Is(custody.Admin) {
		if home.Guide, err = v.guide(ctx, home.People); err != nil {
			return err
		}
	}
	return v.render("home", home)
}

var openStatuses = []custody.HandoverStatus{custody.Offered, custody.Accepted, custody.Returned}

// directory gives everybody, by username.
func (v *visit) directory() (map[string]custody.Person, error) {
	people, err := v.Queries.People(v.r.Context())
	if err != nil {
		return nil, err
	}
	byName := make(map[string]custody.Person, len(people))
	for _, person := range people {
		byName[person.Username] = person
	}
	return byName, nil
}

// offered gives the handovers that wait for the visitor.
func (v *visit) offered() ([]custody.Handover, error) {
	if v.Person.Username == "" {
		return nil, nil
	}
	offers, err := api.AllHandovers(v.r.Context(), v.Queries, desk.HandoverQuery{
		Status: []custody.HandoverStatus{custody.Offered, custody.HandoverPrepared}, Person: v.Person.Username,
	})
	return slices.DeleteFunc(offers, func(h custody.Handover) bool { return h.To != v.Person.Username }), err
}

// waiting is the number on the inbox.
func (v *visit) waiting() (int, error) {
	offers, err := v.offered()
	if err != nil {
		return 0, err
	}
	byHand, err := v.toSetByHand()
	return len(offers) + len(byHand), err
}

// guide leads through the first five minutes of an installation.
type guide struct {
	SecretsReady bool
	Technicians  int // who have proved their authenticator
	Invited      int // who have not yet
	Credential   bool
	Handover     bool
}

// guide gives nil when all of it is done.
func (v *visit) guide(ctx context.Context, people map[string]custody.Person) (*guide, error) {
	first, err := v.Queries.FindCredentials(ctx, desk.CredentialQuery{Limit: 1})
	if err != nil {
		return nil, err
	}
	g := guide{Credential: len(first) > 0}
	for _, person := range people {
		switch {
		case !person.Is(custody.Technician) || person.Disabled:
		case person.Enrolled:
			g.Technicians++
		default:
			g.Invited++
		}
	}
	ever, err := v.Queries.Handovers(ctx, desk.HandoverQuery{Limit: 1})
	if err != nil {
		return nil, err
	}
	g.Handover = len(ever) > 0
	if g.Technicians >= 2 && g.Credential && g.Handover {
		return nil, nil
	}
	g.SecretsReady = v.Desk.Ready(ctx) == nil
	return &g, nil
}
