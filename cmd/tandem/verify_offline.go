package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/jsonl"
	"github.com/tandem-custody/tandem/audit/remote"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

// What a verification does not prove, said to whoever reads the answer.
const (
	nothingSigned = "The ledger is whole in itself. Nothing signed was given: a roll-back, or a history that was written anew, " +
		"cannot be seen. Give the ledger's key with --key and a checkpoint that was kept elsewhere with --since."
	onlyOwnHead = "The only checkpoint is the one that the ledger signed just now: a roll-back cannot be seen. " +
		"Give a checkpoint that was kept elsewhere with --since."
	ownKey = "The key is the one that the server gave: it proves only that the server agrees with itself. " +
		"Give the key from where you trust it with --key."
	closedSeals = "seals: not checked (no key). That each batch has one was looked at; whether it was made with the key in the secret store, " +
		"the server looks at itself."
	noTables = "Only the ledger was looked at, not the tables of the server that it came from."
)

// verifyDatabase verifies a database file: tree and tables too.
func verifyDatabase(ctx context.Context, v verification, opts audit.VerifyOptions) (verified, error) {
	database, err := store.OpenReadOnly(ctx, strings.TrimPrefix(v.database, "sqlite:"), slog.New(slog.DiscardHandler))
	if err != nil {
		return verified{}, err
	}
	defer database.Close()
	defer collectLess()()
	report, err := database.Verify(ctx, opts)
	if err != nil {
		return verified{}, err
	}
	answer := newVerified(report.Report, report.Tally, report.Policy, opts)
	answer.Tables, answer.Texts = true, &report.Texts
	answer.Notes = append(answer.Notes, closedSeals)
	if len(v.witnesses.Keys) == 0 {
		return answer, nil
	}
	if err := answer.hear(v.witnesses, report.Checkpoints...); err != nil {
		return answer, err
	}
	for before := report.Size + 1; ; { // what the database has itself, the greatest first
		kept, err := database.Cosigned(ctx, before, desk.MaxPage)
		if err != nil {
			return answer, err
		}
		if err := answer.hear(v.witnesses, kept...); err != nil {
			return answer, err
		}
		if len(kept) == 0 || answer.Witnessed > 0 {
			return answer, answer.heardEnough(v.witnesses)
		}
		before = kept[len(kept)-1].Size
	}
}

// collectLess has garbage collected less often, until the function that it gives is
// called: a verification keeps so little that it would otherwise be collected after
// every four megabytes. It takes some 30 MB more.
func collectLess() (end func()) {
	before := debug.SetGCPercent(500)
	return func() { debug.SetGCPercent(before) }
}

// verifyExport verifies JSON lines.
func verifyExport(ctx context.Context, v verification, opts audit.VerifyOptions) (verified, error) {
	file, err := os.Open(v.export)
	if err != nil {
		return verified{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return verified{}, err
	}
	if !info.Mode().IsRegular() {
		return verified{}, usagef("--export must be a file: it is read from several places at once")
	}
	export, err := jsonl.Open(ctx, file, info.Size())
	if err != nil {
		return verified{}, err
	}
	beside := newBesides()
	export.Beside = beside.read
	return verifyLog(ctx, export, beside, v, opts)
}

// verifyURL verifies a log that is read by its tiles, up to the checkpoint that
// it shows now.
func verifyURL(ctx context.Context, v verification, transport http.RoundTripper, opts audit.VerifyOptions) (verified, error) {
	log, err := remote.New(v.url, transport)
	if err != nil {
		return verified{}, usageError{err}
	}
	signed, err := log.Checkpoint(ctx)
	if err != nil {
		return verified{}, err
	}
	head, err := openHead(signed, v.keys)
	if err != nil {
		return verified{}, err
	}
	source, err := audit.NewTileSource(head.Size, log.Fetch)
	if err != nil {
		return verified{}, err
	}
	opts.Checkpoints = append(opts.Checkpoints, signed)
	opts.StoredNodes = source.HashReader(ctx)
	return verifyLog(ctx, source, nil, v, opts)
}

func openHead(signed []byte, keys []string) (audit.Checkpoint, error) {
	head, err := audit.OpenAnyCheckpoint(signed, keys)
	if err != nil {
		err = &audit.VerifyError{Index: -1, Check: audit.CheckSignature, Err: err}
	}
	return head, err
}

// verifyLog verifies a log of which nothing else is at hand but the texts that came
// with its entries; nil: it gives none, as tiles do.
func verifyLog(ctx context.Context, log audit.Source, beside *besides, v verification, opts audit.VerifyOptions) (verified, error) {
	defer collectLess()()
	again, counted := custody.Replayer{State: custody.NewState()}, custody.Texts{}
	opts.Prepare = func(e audit.Entry) (any, error) { return custody.FromRecord(e) }
	opts.Step = func(index int64, _ audit.Entry, prepared any) error {
		if beside != nil {
			if err := counted.Check(prepared.(custody.Event), beside.take(index)); err != nil {
				return err
			}
		}
		return again.Add(prepared.(custody.Event))
	}
	report, err := audit.Verify(ctx, log, opts)
	if err != nil {
		return verified{}, err
	}
	if err := again.End(); err != nil {
		return verified{}, &audit.VerifyError{Index: report.Size, Check: audit.CheckStep, Err: err}
	}
	answer := newVerified(report, again.Tally, again.State.Policy(), opts)
	if beside != nil {
		answer.Texts = &counted
	}
	answer.Notes = append(answer.Notes, noTables)
	if err := answer.hear(v.witnesses, report.Checkpoints...); err != nil {
		return answer, err
	}
	return answer, answer.heardEnough(v.witnesses)
}

func newVerified(r audit.Report, tally custody.Tally, inForce custody.PolicyInForce, opts audit.VerifyOptions) verified {
	v := verified{
		Verified: true, Size: r.Size, Root: r.Root.String(), First: r.First, Last: r.Last, Stalled: r.Stalled, Corrected: r.Corrected,
		Signed: r.Signed(), Nodes: r.Nodes, Seals: r.Seals, Replayed: true, Notes: []string{},
		Observations: tally.Observations, Confirmed: confirmations{TOTP: tally.TOTP}, ReviewBy: inForce.ReviewBy,
	}
	if inForce.Unreviewed(time.Now()) {
		v.Notes = append(v.Notes, fmt.Sprintf("The policy in force (version %d) should have been reviewed by %s.", inForce.Version, moment(inForce.ReviewBy)))
	}
	switch {
	case len(opts.Checkpoints) == 0:
		v.Notes = append(v.Notes, nothingSigned)
	case v.Signed < v.Size:
		v.Notes = append(v.Notes, fmt.Sprintf("No checkpoint vouches for entries from %d on: a change there that is whole in itself cannot be seen.", v.Signed))
	}
	return v
}

// hear takes down what witnesses have said about checkpoints that hold.
func (v *verified) hear(witnesses audit.Quorum, checkpoints ...audit.Checkpoint) error {
	for _, c := range checkpoints {
		made, err := witnesses.Check(c)
		if errors.Is(err, audit.ErrQuorum) || len(made) == 0 && err == nil {
			continue
		}
		if err != nil {
			return &audit.VerifyError{Index: -1, Check: checkWitness, Err: fmt.Errorf("checkpoint of %d entries: %w", c.Size, err)}
		}
		if c.Size < v.Witnessed {
			continue
		}
		v.Witnessed, v.Witnesses = c.Size, nil
		for _, m := range made {
			v.Witnesses = append(v.Witnesses, testimony{m.Name(), m.Time})
		}
	}
	return nil
}

// heardEnough refuses a ledger of which too few witnesses know.
func (v *verified) heardEnough(witnesses audit.Quorum) error {
	if len(v.Witnesses) < witnesses.Need {
		return &audit.VerifyError{Index: -1, Check: checkWitness,
			Err: fmt.Errorf("%w: none has cosignatures of %d of the %d", audit.ErrQuorum, witnesses.Need, len(witnesses.Keys))}
	}
	return nil
}
