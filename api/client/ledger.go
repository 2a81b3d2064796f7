package client

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Configuration says what of the configuration stands on record; AcknowledgeConfiguration
// puts in force what was looked at.
func (c *Client) Configuration(ctx context.Context) (api.Configuration, error) {
	return call[api.Configuration](ctx, c, "GET", nil, nil, "configuration")
}

func (c *Client) AcknowledgeConfiguration(ctx context.Context, in api.AcknowledgeConfiguration) (api.Configuration, error) {
	return call[api.Configuration](ctx, c, "POST", in, nil, "configuration", "acknowledge")
}

// Entries gives a page of the entries of the ledger: see EachEntry for all of them.
// The next page begins after the index of the last one, with Newest before it.
func (c *Client) Entries(ctx context.Context, q desk.EntryQuery) ([]api.Entry, error) {
	return c.entries(ctx, q, pageOf(q))
}

// WholeEntries is Entries for who verifies the ledger: refused where something would be
// left out because it is not for whoever asks.
func (c *Client) WholeEntries(ctx context.Context, q desk.EntryQuery) ([]api.Entry, error) {
	v := pageOf(q)
	v.Set("whole", "true")
	return c.entries(ctx, q, v)
}

func (c *Client) entries(ctx context.Context, q desk.EntryQuery, v url.Values) ([]api.Entry, error) {
	setString(v, "actor", q.Actor)
	setString(v, "subject", q.Subject)
	setString(v, "credential", q.Credential)
	setString(v, "type", q.Type)
	return call[[]api.Entry](ctx, c, "GET", nil, v, "ledger", "entries")
}

// Entry gives one entry of the ledger.
func (c *Client) Entry(ctx context.Context, index int64) (api.Entry, error) {
	return call[api.Entry](ctx, c, "GET", nil, nil, "ledger", "entries", strconv.FormatInt(index, 10))
}

// Reviews gives what auditors have signed of the ledger, the newest first: at most limit,
// and only those before an entry; 0: all of the newest.
func (c *Client) Reviews(ctx context.Context, before int64, limit int) ([]api.SignedReview, error) {
	v := url.Values{}
	setInt(v, "before", before)
	setInt(v, "limit", int64(limit))
	return call[[]api.SignedReview](ctx, c, "GET", nil, v, "reviews")
}

// SignReview says which entries were gone through, by an auditor.
func (c *Client) SignReview(ctx context.Context, in api.SignReview) (api.SignedReview, error) {
	return call[api.SignedReview](ctx, c, "POST", in, nil, "reviews")
}

// Redact takes what people wrote out of an entry.
func (c *Client) Redact(ctx context.Context, index int64, in api.Redact) (api.Redacted, error) {
	return call[api.Redacted](ctx, c, "POST", in, nil, "ledger", "entries", strconv.FormatInt(index, 10), "redact")
}

// EntryProof gives the proof that an entry is in the ledger.
func (c *Client) EntryProof(ctx context.Context, index int64) (api.EntryProof, error) {
	return call[api.EntryProof](ctx, c, "GET", nil, nil, "ledger", "entries", strconv.FormatInt(index, 10), "proof")
}

// EntryProofText gives it as a C2SP tlog-proof, which audit.ParseProof reads.
func (c *Client) EntryProofText(ctx context.Context, index int64) ([]byte, error) {
	return c.send(ctx, "GET", "text/plain", nil, nil, "ledger", "entries", strconv.FormatInt(index, 10), "proof")
}

// Checkpoint gives the signed head of the ledger, a C2SP tlog-checkpoint.
func (c *Client) Checkpoint(ctx context.Context) ([]byte, error) {
	return c.send(ctx, "GET", "text/plain", nil, nil, "ledger", "checkpoint")
}

// WitnessedCheckpoint gives the newest that enough witnesses have cosigned, with
// their cosignatures. The error is a *Problem of code not_found if there is none.
func (c *Client) WitnessedCheckpoint(ctx context.Context) ([]byte, error) {
	return c.send(ctx, "GET", "text/plain", nil, url.Values{"witnessed": {"true"}}, "ledger", "checkpoint")
}

// Witnessing says how far the ledger is witnessed.
func (c *Client) Witnessing(ctx context.Context) (api.Witnessing, error) {
	return call[api.Witnessing](ctx, c, "GET", nil, nil, "ledger", "witnesses")
}

// LedgerKey gives the key that checks checkpoints, a signed-note verifier key.
func (c *Client) LedgerKey(ctx context.Context) (string, error) {
	text, err := c.send(ctx, "GET", "text/plain", nil, nil, "ledger", "key")
	return strings.TrimSpace(string(text)), err
}
