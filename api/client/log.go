package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/desk"
)

// serverLog is the log of a server up to a checkpoint, read through its API.
type serverLog struct {
	server *Client
	size   int64
	*auditor.Beside
}

var _ auditor.Ledger = serverLog{}

// Log gives the first so many entries of the server's ledger, for an auditor.
func (c *Client) Log(size int64) auditor.Ledger { return serverLog{c, size, auditor.NewBeside()} }

// Size implements audit.Source.
func (l serverLog) Size(context.Context) (int64, error) { return l.size, nil }

// Records implements audit.Source. audit.Verify counts the entries: it finds out
// when the server leaves one out.
func (l serverLog) Records(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
	for from < to {
		page, err := l.page(ctx, from, to-from)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, entry := range page {
			record, err := entry.Record()
			if err != nil {
				return fmt.Errorf("entry %d: %w", entry.Index, err)
			}
			l.Put(entry.Index, entry.Texts)
			if err := yield(entry.Index, record); err != nil {
				return err
			}
		}
		from = page[len(page)-1].Index + 1
	}
	return nil
}

// page reads some entries, as fast as the server lets us.
func (l serverLog) page(ctx context.Context, from, most int64) ([]api.Entry, error) {
	for {
		page, err := l.server.WholeEntries(ctx, desk.EntryQuery{From: from, Limit: int(min(most, maxPage))})
		problem, ok := errors.AsType[*edge.Problem](err)
		if !ok || problem.Code != edge.RateLimited {
			return page, err
		}
		select {
		case <-time.After(time.Duration(problem.RetryAfter) * time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

var _ auditor.Prover = (*Client)(nil)

// About implements auditor.Prover.
func (c *Client) About(ctx context.Context, subject, only string) iter.Seq2[auditor.Entry, error] {
	return proved(c.EachEntry(ctx, desk.EntryQuery{Subject: subject, Type: only}))
}

// belowPage is how many entries Below asks for at once: seldom are more wanted.
const belowPage = 50

// Below implements auditor.Prover.
func (c *Client) Below(ctx context.Context, index int64) iter.Seq2[auditor.Entry, error] {
	return proved(c.EachEntry(ctx, desk.EntryQuery{Newest: true, Before: index, Limit: belowPage}))
}

func proved(entries iter.Seq2[api.Entry, error]) iter.Seq2[auditor.Entry, error] {
	return func(yield func(auditor.Entry, error) bool) {
		for entry, err := range entries {
			var record []byte
			if err == nil {
				record, err = entry.Record()
			}
			if !yield(auditor.Entry{Index: entry.Index, Time: entry.Time, Type: entry.Type, Record: record, Texts: entry.Texts}, err) || err != nil {
				return
			}
		}
	}
}
