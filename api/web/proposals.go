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
	list.Rows, err = p.Queries.Proposals(v.r.Context(), desk.ProposalQuery{Before: v.r.URL.Query().Get("before"), Limit: pageSize + 1})
	if len(list.Rows) > pageSize {
		list.Rows = list.Rows[:pageSize]
		list.Next = list.Rows[pageSize-1].ID
	}
	if err != nil {
		return err
	}
	return v.render("proposals", list)
}

type proposalPage struct {
	custody.Proposal
	People   map[string]custody.Person
	Change   []api.Difference
	Can      map[custody.Role][]string // who can approve it, at each level that is missing
	Decides  bool                      // the visitor can
	Requests bool                      // the visitor asked for it
	History  []entryRow                // newest first
}

func (p *Pages) proposal(v *visit) error {
	ctx := v.r.Context()
	asked, err := p.Queries.Proposal(ctx, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	shown := proposalPage{Proposal: asked, Requests: asked.Requester == v.Person.Username}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	now, err := p.Queries.Credential(ctx, asked.Change.Subject())
	if err != nil {
		return err
	}
	can, err := p.Desk.Approvers(ctx)
	if err != nil {
		return err
	}
	shown.Change, shown.Can = api.Differences(asked, now), can[asked.ID]
	shown.Decides = api.CanApprove(shown.Can, v.Person.Username)
	if shown.History, err = v.entries(desk.EntryQuery{Subject: asked.ID, Newest: true, Limit: historyRows}); err != nil {
		return err
	}
	return v.render("proposal", shown)
}

// proposeCustodians is sent from the page of a credential.
func (p *Pages) proposeCustodians(v *visit) error {
	change := custody.SetCustodians{Credential: v.r.PathValue("name"), Primary: v.field("primary"), Backup: v.field("backup")}
	outcome, err := v.do(custody.Propose{Change: custody.Change{Proposable: change}, Reason: desk.NewNote(v.field("reason"))})
	if err != nil {
		return v.again(err, p.credential)
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
