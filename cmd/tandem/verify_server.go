package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/desk"
)

// verifyServer verifies a server's ledger through its API, up to the checkpoint
// that it signs now. Without a key of the caller's own the server's is used.
func verifyServer(ctx context.Context, server *client.Client, v verification, opts audit.VerifyOptions) (verified, error) {
	var notes []string
	if len(opts.Keys) == 0 {
		key, err := server.LedgerKey(ctx)
		if err != nil {
			return verified{}, err
		}
		opts.Keys, notes = []string{key}, append(notes, ownKey)
	}
	signed, err := server.Checkpoint(ctx)
	if err != nil {
		return verified{}, err
	}
	head, err := openHead(signed, opts.Keys)
	if err != nil {
		return verified{}, err
	}
	opts.Checkpoints = append(opts.Checkpoints, signed)
	log := newServerLog(server, head.Size)
	answer, err := verifyLog(ctx, log, log.texts, v, opts)
	answer.Notes = append(notes, answer.Notes...)
	return answer, err
}

// serverLog is the log of a server up to a checkpoint, read through its API.
type serverLog struct {
	server *client.Client
	size   int64
	texts  *besides
}

func newServerLog(server *client.Client, size int64) serverLog {
	return serverLog{server, size, newBesides()}
}

var _ audit.Source = serverLog{}

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
			l.texts.put(entry.Index, entry.Texts)
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
		page, err := l.server.Entries(ctx, desk.EntryQuery{From: from, Limit: int(min(most, maxPage))})
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

// maxPage is the most entries that the API gives at once.
const maxPage = 1000
