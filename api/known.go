package api

import (
	"context"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Known gives of what the queries give what somebody may know: see custody.Sight. All
// that API and pages show to a person is asked for through it.
func Known(q Queries, d Desk, viewer custody.Person) Queries {
	if viewer.SeesEverything() {
		return q
	}
	return known{q, d, viewer}
}

// known is Known of everybody but those who see everything.
type known struct {
	Queries
	desk   Desk // says who decides about what
	viewer custody.Person
}

// known gives the queries of whoever asks.
func (s *Server) known(ctx context.Context) Queries {
	return Known(s.Queries, s.Desk, edge.Of(ctx).Person)
}

// charges gives the names of the credentials that the viewer is custodian of, and who is
// it with them.
func (k known) charges(ctx context.Context) (names, partners []string, err error) {
	mine, err := k.Queries.FindCredentials(ctx, desk.CredentialQuery{Person: k.viewer.Username})
	for _, c := range mine {
		if c.HasCustodian(k.viewer.Username) {
			names, partners = append(names, c.Name), append(partners, c.Other(k.viewer.Username))
		}
	}
	return names, partners, err
}

func (k known) People(ctx context.Context) ([]custody.Person, error) {
	people, err := k.Queries.People(ctx)
	if err != nil {
		return nil, err
	}
	_, partners, err := k.charges(ctx)
	return each(people, func(p custody.Person) custody.Person { return p.KnownTo(k.viewer, partners) }), err
}

func (k known) Person(ctx context.Context, username string) (custody.Person, error) {
	person, err := k.Queries.Person(ctx, username)
	if err != nil {
		return custody.Person{}, err
	}
	_, partners, err := k.charges(ctx)
	return person.KnownTo(k.viewer, partners), err
}

func (k known) credential(c custody.Credential) custody.Credential { return c.KnownTo(k.viewer) }

func (k known) Credentials(ctx context.Context) ([]custody.Credential, error) {
	all, err := k.Queries.Credentials(ctx)
	return each(all, k.credential), err
}

func (k known) Credential(ctx context.Context, name string) (custody.Credential, error) {
	c, err := k.Queries.Credential(ctx, name)
	return c.KnownTo(k.viewer), err
}

func (k known) FindCredentials(ctx context.Context, q desk.CredentialQuery) ([]custody.Credential, error) {
	q.KnownTo = k.viewer.Username
	found, err := k.Queries.FindCredentials(ctx, q)
	return each(found, k.credential), err
}

// Handovers asks for those that there is something to see of, so that a page is full.
func (k known) Handovers(ctx context.Context, q desk.HandoverQuery) ([]custody.Handover, error) {
	q.KnownTo = k.viewer.Username
	if !k.viewer.Is(custody.Admin) {
		q.Party = k.viewer.Username
	}
	found, err := k.Queries.Handovers(ctx, q)
	var seen []custody.Handover
	for _, h := range found {
		if h, sees := h.KnownTo(k.viewer); sees {
			seen = append(seen, h)
		}
	}
	return seen, err
}

func (k known) Handover(ctx context.Context, id string) (custody.Handover, error) {
	h, err := k.Queries.Handover(ctx, id)
	if err != nil {
		return custody.Handover{}, err
	}
	h, sees := h.KnownTo(k.viewer)
	if !sees {
		return custody.Handover{}, custody.RefuseUnknown()
	}
	return h, nil
}

// Proposals reads on until a page is full of those that there is something to see of.
func (k known) Proposals(ctx context.Context, q desk.ProposalQuery) ([]custody.Proposal, error) {
	names, _, err := k.charges(ctx)
	if err != nil {
		return nil, err
	}
	can, err := k.desk.Approvers(ctx)
	var seen []custody.Proposal
	for wanted := q.Limit; err == nil; {
		var found []custody.Proposal
		if found, err = k.Queries.Proposals(ctx, q); err != nil {
			break
		}
		for _, p := range found {
			if p, sees := p.KnownTo(k.viewer, names, CanApprove(can[p.ID], k.viewer.Username)); sees {
				seen = append(seen, p)
			}
		}
		if wanted > 0 && len(seen) >= wanted {
			return seen[:wanted], nil
		}
		if q.Limit < 1 || len(found) < q.Limit {
			return seen, nil
		}
		q.Before = found[len(found)-1].ID
	}
	return nil, err
}

func (k known) Proposal(ctx context.Context, id string) (custody.Proposal, error) {
	p, err := k.Queries.Proposal(ctx, id)
	if err != nil {
		return custody.Proposal{}, err
	}
	names, _, err := k.charges(ctx)
	if err != nil {
		return custody.Proposal{}, err
	}
	can, err := k.desk.Approvers(ctx)
	if err != nil {
		return custody.Proposal{}, err
	}
	p, sees := p.KnownTo(k.viewer, names, CanApprove(can[p.ID], k.viewer.Username))
	if !sees {
		return custody.Proposal{}, custody.RefuseUnknown()
	}
	return p, nil
}

// Incidents reads on until a page is full of those that there is something to see of.
func (k known) Incidents(ctx context.Context, q desk.IncidentQuery) ([]custody.Incident, error) {
	theirs, err := k.desk.ToAssess(ctx, k.viewer.Username)
	if err != nil {
		return nil, err
	}
	if !k.viewer.Is(custody.Admin) && len(theirs) <= desk.MaxPage { // a query names no more; of more, most are theirs
		q.KnownTo, q.Theirs = k.viewer.Username, theirs
	}
	var seen []custody.Incident
	for wanted := q.Limit; ; {
		found, err := k.Queries.Incidents(ctx, q)
		if err != nil {
			return nil, err
		}
		last := q.Before
		for _, i := range found {
			last = i.ID
			if i, sees := i.KnownTo(k.viewer, slices.Contains(theirs, i.ID)); sees {
				seen = append(seen, i)
			}
		}
		if wanted > 0 && len(seen) >= wanted {
			return seen[:wanted], nil
		}
		if q.Limit < 1 || len(found) < q.Limit {
			return seen, nil
		}
		q.Before = last
	}
}

func (k known) Incident(ctx context.Context, id string) (custody.Incident, error) {
	i, err := k.Queries.Incident(ctx, id)
	if err != nil {
		return custody.Incident{}, err
	}
	can, err := k.desk.Assessors(ctx, id)
	if err != nil {
		return custody.Incident{}, err
	}
	i, sees := i.KnownTo(k.viewer, slices.Contains(can, k.viewer.Username))
	if !sees {
		return custody.Incident{}, custody.RefuseUnknown()
	}
	return i, nil
}

func (k known) Entries(ctx context.Context, q desk.EntryQuery) ([]desk.StoredEntry, error) {
	q.KnownTo = k.viewer.Username
	return k.Queries.Entries(ctx, q)
}

func (k known) Entry(ctx context.Context, index int64) (desk.StoredEntry, error) {
	if _, err := k.Queries.Entry(ctx, index); err != nil {
		return desk.StoredEntry{}, err
	}
	found, err := k.Entries(ctx, desk.EntryQuery{From: index, Before: index + 1, Limit: 1})
	switch {
	case err != nil:
		return desk.StoredEntry{}, err
	case len(found) == 0:
		return desk.StoredEntry{}, custody.RefuseUnknown()
	}
	return found[0], nil
}

// EntriesAbout is for the pictures: of the viewer's own credentials, and of who was away,
// without what people wrote.
func (k known) EntriesAbout(ctx context.Context, q desk.AboutQuery) ([]desk.StoredEntry, []string, error) {
	if len(q.Credentials) > 0 {
		names, _, err := k.charges(ctx)
		if q.Credentials = both(q.Credentials, names); err != nil || len(q.Credentials) == 0 {
			return nil, nil, err
		}
	}
	found, cut, err := k.Queries.EntriesAbout(ctx, q)
	if len(q.Credentials) == 0 {
		for i := range found {
			found[i].Texts = nil
		}
	}
	return found, cut, err
}

func (k known) LatestAbout(ctx context.Context, credentials, types []string, before int64) ([]desk.StoredEntry, error) {
	names, _, err := k.charges(ctx)
	if credentials = both(credentials, names); err != nil || len(credentials) == 0 {
		return nil, err
	}
	return k.Queries.LatestAbout(ctx, credentials, types, before)
}

// both gives what is in both lists.
func both(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return !slices.Contains(other, name) })
}

func (k known) Exposure(ctx context.Context, credential string, at time.Time) (custody.Exposure, error) {
	c, err := k.Queries.Credential(ctx, credential)
	switch {
	case err != nil:
		return custody.Exposure{}, err
	case k.viewer.SightOfCredential(c) != custody.SeesAll:
		return custody.Exposure{}, custody.RefuseUnknown()
	}
	return k.Queries.Exposure(ctx, credential, at)
}

// WholeLedger refuses whoever may not read all of the ledger at once: tiles and exports.
func WholeLedger(viewer custody.Person) error {
	if !viewer.SeesEverything() {
		return custody.RefuseUnknown()
	}
	return nil
}

// Provable refuses to prove an entry to whoever may not read it.
func Provable(ctx context.Context, q Queries, index int64) error {
	_, err := q.Entry(ctx, index)
	return err
}
