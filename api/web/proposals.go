package web

import (
	"fmt"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type proposalsPage struct {
	People map[string]custody.Person
	Rows   []custody.Proposal
	Next   string // id: the next page has older ones
}

// proposals lists all of them, the newest first.
func (p *Pages) proposals(v *visit) error {
	var list proposalsPage
	var err error
	if list.People, err = v.directory(); err != nil {
		return err
	}
	list.Rows, err = v.Queries.Proposals(v.r.Context(), desk.ProposalQuery{Before: v.r.URL.Query().Get("before"), Limit: pageSize + 1})
	if len(list.Rows) > pageSize {
		list.Rows = list.Rows[:pageSize]
		list.Next = list.Rows[pageSize-1].ID
	}
	if err != nil {
		return err
	}
	return v.render("proposals", list)
}

// toApprove gives the proposals that the visitor can decide about, the newest first.
func (v *visit) toApprove() ([]custody.Proposal, error) {
	can, err := v.Desk.Approvers(v.r.Context())
	if err != nil {
		return nil, err
	}
	ids := api.ToApprove(can, v.Person.Username)
	if len(ids) == 0 {
		return nil, nil
	}
	return v.Queries.Proposals(v.r.Context(), desk.ProposalQuery{IDs: ids, Limit: pageSize})
}

// beside says of proposals who asked for them, or approved them, in the visitor's device.
func (p *Pages) beside(v *visit, all []custody.Proposal) (map[string][]string, error) {
	others := map[string][]string{}
	for _, asked := range all {
		here, err := p.Desk.SameDevice(v.r.Context(), v.Asks(), asked.ID)
		if err != nil {
			return nil, err
		}
		others[asked.ID] = here
	}
	return others, nil
}

type proposalPage struct {
	custody.Proposal
	People   map[string]custody.Person
	Changes  []custody.Difference
	Can      map[custody.Role][]string // who can approve it, at each level that is missing
	Decides  bool                      // the visitor can
	Beside   []string                  // who asked for it, or approved it, in the visitor's device
	Requests bool                      // the visitor asked for it
	Revises  bool                      // and can ask for something else in it
	Few      []custody.Shortage        // that it would bring about
	Reads    bool                      // the visitor has a release code to read to somebody
	Vetoes   bool                      // the visitor can say no to what takes effect by time
	Leave    []custody.Person          // who would get a seat, and leaves on a date
	Prospect custody.Prospect          // of whoever leaves on a date
	History  []entryRow                // newest first
}

func (p *Pages) proposal(v *visit) error {
	ctx := v.r.Context()
	asked, err := v.Queries.Proposal(ctx, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	shown := proposalPage{Proposal: asked, Requests: asked.Requester == v.Person.Username}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	now, err := api.NowOf(ctx, v.Queries, p.Desk.PolicyInForce(), asked)
	if err != nil {
		return err
	}
	can, err := p.Desk.Approvers(ctx)
	if err != nil {
		return err
	}
	shown.Changes, shown.Can = asked.Differences(now), can[asked.ID]
	shown.Decides = api.CanApprove(shown.Can, v.Person.Username)
	if asked.Status == custody.Open {
		if shown.Beside, err = p.Desk.SameDevice(ctx, v.Asks(), asked.ID); err != nil {
			return err
		}
		if shown.Few, err = p.Desk.ShortagesAfter(ctx, asked.Change.Proposable); err != nil {
			return err
		}
		_, _, _, shown.Revises = v.asking(asked.Change)
		shown.Revises = shown.Revises && shown.Requests
	}
	if asked.Status == custody.Effected && asked.Change.OfPerson() {
		if _, shown.Reads, err = p.Desk.ReleaseCode(ctx, v.Person.Username, asked.Change.Subject()); err != nil {
			return err
		}
	}
	shown.Vetoes = asked.Status == custody.Open && asked.Change.Noticed() && !shown.Requests
	if shown.Leave, err = api.DepartingBy(ctx, v.Queries, asked); err != nil {
		return err
	}
	if plan, is := asked.Change.Proposable.(custody.PlanDeparture); is && asked.Status == custody.Open && v.Person.LooksAtLeavings() == nil {
		if shown.Prospect, err = p.Desk.Prospect(ctx, plan.Person); err != nil {
			return err
		}
	}
	if shown.History, err = v.entries(desk.EntryQuery{Subject: asked.ID, Newest: true, Limit: historyRows}); err != nil {
		return err
	}
	return v.render("proposal", shown)
}

// proposeCustodians is sent from the page of a credential.
func (p *Pages) proposeCustodians(v *visit) error {
	until, err := v.instant("until")
	if err != nil {
		return v.again(err, p.credential)
	}
	change := custody.SetCustodians{Credential: v.r.PathValue("name"), Primary: v.field("primary"), Backup: v.field("backup"), Until: custody.Instant(until)}
	return p.propose(v, change, p.credential)
}

// propose asks for a command that others have to approve; page is where it was typed.
func (p *Pages) propose(v *visit, change custody.Proposable, page handler) error {
	if id := v.field(reviseField); id != "" {
		outcome, err := v.do(custody.Revise{Proposal: id, Change: custody.Change{Proposable: change}, Reason: desk.NewNote(v.field("reason"))})
		return v.revised(outcome, err, page)
	}
	outcome, err := v.do(custody.Propose{Change: custody.Change{Proposable: change}, Reason: desk.NewNote(v.field("reason"))})
	return p.proposed(v, outcome, err, page)
}

// proposed shows what was asked for, or what is wrong with it where it was typed.
func (p *Pages) proposed(v *visit, outcome desk.Outcome, err error, page handler) error {
	if err != nil {
		return v.again(err, page)
	}
	return v.redirect("/proposals/"+outcome.Events[0].Fact.Subject(), "proposed")
}

func (p *Pages) approve(v *visit) error {
	return p.decide(v, custody.Approve{Proposal: v.r.PathValue("id"), Digest: v.field("digest")}, "approved")
}

func (p *Pages) reject(v *visit) error {
	return p.decide(v, custody.Reject{Proposal: v.r.PathValue("id"), Digest: v.field("digest"), Reason: desk.NewNote(v.field("reason"))}, "rejected")
}

func (p *Pages) withdraw(v *visit) error {
	return p.decide(v, custody.Withdraw{Proposal: v.r.PathValue("id")}, "withdrawn")
}

func (p *Pages) decide(v *visit, action custody.Action, done string) error {
	if _, err := v.do(action); err != nil {
		return v.again(err, p.proposal)
	}
	return v.redirect(fmt.Sprintf("/proposals/%s", v.r.PathValue("id")), done)
}
