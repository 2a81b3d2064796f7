package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// pageSize is the number of rows of a list.
const pageSize = 100

type credentialsPage struct {
	People map[string]custody.Person
	Rows   []custody.Credential
	Query  string
	Phase  string
	Phases []custody.Phase
	Next   string // name after which the next page begins
}

// credentials says who holds what now.
func (p *Pages) credentials(v *visit) error {
	query := v.r.URL.Query()
	list := credentialsPage{
		Query: query.Get("q"), Phase: query.Get("phase"),
		Phases: []custody.Phase{custody.Held, custody.Rotating, custody.Parked, custody.Retired},
	}
	var err error
	list.Rows, err = v.Queries.FindCredentials(v.r.Context(), desk.CredentialQuery{
		Text: strings.TrimSpace(list.Query), Phase: custody.Phase(list.Phase), After: query.Get("after"), Limit: pageSize + 1,
	})
	if err != nil {
		return err
	}
	if len(list.Rows) > pageSize {
		list.Rows = list.Rows[:pageSize]
		list.Next = list.Rows[pageSize-1].Name
	}
	if list.People, err = v.directory(); err != nil {
		return err
	}
	return v.render("credentials", list)
}

type credentialPage struct {
	custody.Credential
	People    map[string]custody.Person
	Handover  *custody.Handover // the open one
	Since     time.Time         // when the holder got it
	Holds     bool              // the visitor does
	Custodian bool              // the visitor is one
	Whole     bool              // the visitor may know all of it
	Shown     bool              // the visitor saw the password in the making
	Other     custody.Person    // the custodian who would receive it
	History   []entryRow        // newest first
	Lease     time.Duration     // how long a check-out lasts

	Enveloped api.EnvelopeState // "": nobody wants envelopes, or it is not for the visitor

	PolicyForm policyForm

	Picture  *picture
	While    string // what has to stay so for a password that is shown to count; "": it counts no more
	Revealed *revealed
	ToSet    *toSet
}

// historyRows is how much of its history a credential's page shows.
const historyRows = 20

func (p *Pages) credential(v *visit) error {
	shown, err := p.credentialPage(v)
	if err != nil {
		return err
	}
	if shown.Whole {
		if shown.Picture, err = v.picture([]custody.Credential{shown.Credential}); err != nil {
			return err
		}
	}
	return v.render("credential", shown)
}

func (p *Pages) credentialPage(v *visit) (*credentialPage, error) {
	ctx := v.r.Context()
	c, err := v.Queries.Credential(ctx, v.r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	me := v.Person.Username
	shown := &credentialPage{
		Credential: c, Since: c.RotatedAt, Holds: c.Phase == custody.Held && c.Holder == me,
		Custodian:  c.HasCustodian(me),
		Whole:      v.Person.SightOfCredential(c) == custody.SeesAll,
		Shown:      slices.Contains(c.Rotation.ShownTo, me),
		PolicyForm: v.policyForm(c.Policy, c.Reconciles, v.sent != nil && strings.HasSuffix(v.sent.path, "/policy")),
		Lease:      cmp.Or(time.Duration(c.Policy.LeaseSeconds)*time.Second, p.Desk.PolicyInForce().Values.Lease),
	}
	if e, wanted := p.Desk.Enveloped(c); wanted && shown.Whole && c.Active() {
		shown.Enveloped = api.EnvelopeStateOf(e)
	}
	if shown.People, err = v.directory(); err != nil {
		return nil, err
	}
	shown.Other = shown.People[c.Other(me)]
	if c.Handover != "" {
		h, err := v.Queries.Handover(ctx, c.Handover)
		if err != nil {
			return nil, err
		}
		shown.Handover = &h
		if h.AcceptedAt.After(shown.Since) {
			shown.Since = h.AcceptedAt
		}
	}
	shown.History, err = v.entries(desk.EntryQuery{Credential: c.Name, Newest: true, Limit: historyRows})
	return shown, err
}
