package client

import (
	"context"
	"iter"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody/desk"
)

// maxPage is the most that the API gives at once, of anything.
const maxPage = 1000

// EachEntry gives all entries of the ledger that fit, page by page until the caller
// has enough; after an error nothing more. q.Limit is the size of a page, as large
// as may be for 0.
func (c *Client) EachEntry(ctx context.Context, q desk.EntryQuery) iter.Seq2[api.Entry, error] {
	return eachEntry(q, func(q desk.EntryQuery) ([]api.Entry, error) { return c.Entries(ctx, q) })
}

// EachOfHistory gives all entries about a credential, as EachEntry does.
func (c *Client) EachOfHistory(ctx context.Context, name string, q desk.EntryQuery) iter.Seq2[api.Entry, error] {
	return eachEntry(q, func(q desk.EntryQuery) ([]api.Entry, error) { return c.History(ctx, name, q) })
}

func eachEntry(q desk.EntryQuery, read func(desk.EntryQuery) ([]api.Entry, error)) iter.Seq2[api.Entry, error] {
	return func(yield func(api.Entry, error) bool) {
		q.Limit = pageSize(q.Limit)
		for {
			page, err := read(q)
			if err != nil {
				yield(api.Entry{}, err)
				return
			}
			for _, entry := range page {
				if !yield(entry, nil) {
					return
				}
			}
			if len(page) < q.Limit {
				return
			}
			if last := page[len(page)-1].Index; q.Newest {
				q.Before = last
			} else {
				q.From = last + 1
			}
			if q.Newest && q.Before == 0 { // which would mean: from the newest on
				return
			}
		}
	}
}

// EachHandover gives all handovers that fit, the newest first, as EachEntry does.
func (c *Client) EachHandover(ctx context.Context, q desk.HandoverQuery) iter.Seq2[api.Handover, error] {
	q.Limit = pageSize(q.Limit)
	return eachOlder(q.Limit, q.Before, func(before string) ([]api.Handover, error) {
		q.Before = before
		return c.Handovers(ctx, q)
	}, func(h api.Handover) string { return h.ID })
}

// EachProposal gives all proposals that fit, the newest first, as EachEntry does. forMe:
// only those that I can approve.
func (c *Client) EachProposal(ctx context.Context, q desk.ProposalQuery, forMe bool) iter.Seq2[api.Proposal, error] {
	q.Limit = pageSize(q.Limit)
	return eachOlder(q.Limit, q.Before, func(before string) ([]api.Proposal, error) {
		q.Before = before
		return c.Proposals(ctx, q, forMe)
	}, func(p api.Proposal) string { return p.ID })
}

// EachIncident gives all incidents that fit, the newest first, as EachEntry does.
func (c *Client) EachIncident(ctx context.Context, q desk.IncidentQuery) iter.Seq2[api.Incident, error] {
	q.Limit = pageSize(q.Limit)
	return eachOlder(q.Limit, q.Before, func(before string) ([]api.Incident, error) {
		q.Before = before
		return c.Incidents(ctx, q)
	}, func(i api.Incident) string { return i.ID })
}

// eachOlder goes through pages of so many, each behind the last one of the page before.
func eachOlder[T any](most int, before string, read func(before string) ([]T, error), id func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			page, err := read(before)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			if len(page) < most {
				return
			}
			before = id(page[len(page)-1])
		}
	}
}

func pageSize(asked int) int {
	if asked < 1 || asked > maxPage {
		return maxPage
	}
	return asked
}
