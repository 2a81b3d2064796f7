package auditor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/jsonl"
	"github.com/tandem-custody/tandem/audit/remote"
	"github.com/tandem-custody/tandem/custody"
)

// What a verification does not prove, said to whoever reads the answer.
const (
	nothingSigned = "The ledger is whole in itself. Nothing signed was given: a roll-back, or a history that was written anew, " +
		"cannot be seen. Give the ledger's key with --key and a checkpoint that was kept elsewhere with --since."
	OnlyOwnHead = "The only checkpoint is the one that the ledger signed just now: a roll-back cannot be seen. " +
		"Give a checkpoint that was kept elsewhere with --since."
	ownKey = "The key is the one that the server gave: it proves only that the server agrees with itself. " +
		"Give the key from where you trust it with --key."
	closedSeals = "seals: not checked (no key). That each batch has one was looked at; whether it was made with the key in the secret store, " +
		"the server looks at itself."
	noTables = "Only the ledger was looked at, not the tables of the server that it came from."
)

// Request says what a ledger is verified against.
type Request struct {
	Options   audit.VerifyOptions // keys and checkpoints
	Witnesses audit.Quorum        // who must have cosigned, and how many of them
	Now       time.Time           // by which the policy's review is due or not
}

// Database verifies a database: tree and tables too.
func (r Request) Database(ctx context.Context, database Database) (Verified, error) {
	defer collectLess()()
	found, err := database.Verify(ctx, r.Options)
	if err != nil {
		return Verified{}, err
	}
	answer := r.answer(found.Report, found.Tally, found.Policy)
	answer.Tables, answer.Texts = true, &found.Texts
	answer.Notes = append(answer.Notes, closedSeals)
	if len(r.Witnesses.Keys) == 0 {
		return answer, nil
	}
	if err := answer.hear(r.Witnesses, found.Checkpoints...); err != nil {
		return answer, err
	}
	for before := found.Size + 1; ; { // what the database has itself, the greatest first
		kept, err := database.Cosigned(ctx, before, maxKept)
		if err != nil {
			return answer, err
		}
		if err := answer.hear(r.Witnesses, kept...); err != nil {
			return answer, err
		}
		if len(kept) == 0 || answer.Witnessed > 0 {
			return answer, answer.heardEnough(r.Witnesses)
		}
		before = kept[len(kept)-1].Size
	}
}

// maxKept is how many checkpoints are read at once.
const maxKept = 1000

// collectLess has garbage collected less often, until the function that it gives is
// called: a verification keeps so little that it would otherwise be collected after
// every four megabytes. It takes some 30 MB more.
func collectLess() (end func()) {
	before := debug.SetGCPercent(500)
	return func() { debug.SetGCPercent(before) }
}

// Export verifies JSON lines, in the file at path.
func (r Request) Export(ctx context.Context, path string) (Verified, error) {
	file, err := os.Open(path)
	if err != nil {
		return Verified{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Verified{}, err
	}
	if !info.Mode().IsRegular() {
		return Verified{}, misusef("--export must be a file: it is read from several places at once")
	}
	export, err := jsonl.Open(ctx, file, info.Size())
	if err != nil {
		return Verified{}, err
	}
	beside := NewBeside()
	export.Beside = beside.read
	return r.log(ctx, exported{export, beside})
}

// exported is what an export has.
type exported struct {
	audit.Source
	*Beside
}

// Tiles verifies a log that is read by its tiles below a URL, up to the checkpoint that
// it shows now. The transport is that of http.Client; nil is the usual one.
func (r Request) Tiles(ctx context.Context, url string, transport http.RoundTripper) (Verified, error) {
	log, err := remote.New(url, transport)
	if err != nil {
		return Verified{}, Misuse{err}
	}
	signed, err := log.Checkpoint(ctx)
	if err != nil {
		return Verified{}, err
	}
	head, err := openHead(signed, r.Options.Keys)
	if err != nil {
		return Verified{}, err
	}
	source, err := audit.NewTileSource(head.Size, log.Fetch)
	if err != nil {
		return Verified{}, err
	}
	r.Options.Checkpoints = append(r.Options.Checkpoints, signed)
	r.Options.StoredNodes = source.HashReader(ctx)
	return r.log(ctx, source)
}

// Server verifies a server's ledger through its API, up to the checkpoint that it signs
// now. Without a key of the auditor's own the server's is used.
func (r Request) Server(ctx context.Context, server Server) (Verified, error) {
	var notes []string
	if len(r.Options.Keys) == 0 {
		key, err := server.LedgerKey(ctx)
		if err != nil {
			return Verified{}, err
		}
		r.Options.Keys, notes = []string{key}, append(notes, ownKey)
	}
	signed, err := server.Checkpoint(ctx)
	if err != nil {
		return Verified{}, err
	}
	head, err := openHead(signed, r.Options.Keys)
	if err != nil {
		return Verified{}, err
	}
	r.Options.Checkpoints = append(r.Options.Checkpoints, signed)
	answer, err := r.log(ctx, server.Log(head.Size))
	answer.Notes = append(notes, answer.Notes...)
	return answer, err
}

func openHead(signed []byte, keys []string) (audit.Checkpoint, error) {
	head, err := audit.OpenAnyCheckpoint(signed, keys)
	if err != nil {
		err = &audit.VerifyError{Index: -1, Check: audit.CheckSignature, Err: err}
	}
	return head, err
}

// log verifies a log of which nothing else is at hand but, in a Ledger, the texts that
// came with its entries. Tiles have none.
func (r Request) log(ctx context.Context, log audit.Source) (Verified, error) {
	defer collectLess()()
	again, counted := custody.Replayer{State: custody.NewState()}, custody.Texts{}
	ledger, withTexts := log.(Ledger)
	r.Options.Prepare = func(e audit.Entry) (any, error) { return custody.FromRecord(e) }
	r.Options.Step = func(index int64, _ audit.Entry, prepared any) error {
		event := prepared.(custody.Event)
		if withTexts {
			texts, err := ledger.TextsOf(ctx, index, event)
			if err != nil {
				return err
			}
			if err := counted.Check(event, texts); err != nil {
				return err
			}
		}
		return again.Add(event)
	}
	report, err := audit.Verify(ctx, log, r.Options)
	if err != nil {
		return Verified{}, err
	}
	if err := again.End(); err != nil {
		return Verified{}, &audit.VerifyError{Index: report.Size, Check: audit.CheckStep, Err: err}
	}
	answer := r.answer(report, again.Tally, again.State.Policy())
	if withTexts {
		answer.Texts = &counted
	}
	answer.Notes = append(answer.Notes, noTables)
	if err := answer.hear(r.Witnesses, report.Checkpoints...); err != nil {
		return answer, err
	}
	return answer, answer.heardEnough(r.Witnesses)
}

// answer begins what is said of a ledger that is right.
func (r Request) answer(found audit.Report, tally custody.Tally, inForce custody.PolicyInForce) Verified {
	v := Verified{
		Verified: true, Size: found.Size, Root: found.Root.String(), First: found.First, Last: found.Last, Stalled: found.Stalled, Corrected: found.Corrected,
		Signed: found.Signed(), Nodes: found.Nodes, Seals: found.Seals, Replayed: true, Notes: []string{},
		Observations: tally.Observations, Confirmed: Confirmations{TOTP: tally.TOTP}, ReviewBy: inForce.ReviewBy,
	}
	if inForce.Unreviewed(r.Now) {
		v.Notes = append(v.Notes, fmt.Sprintf("The policy in force (version %d) should have been reviewed by %s.", inForce.Version, inForce.ReviewBy.Local().Format("2006-01-02 15:04:05 MST")))
	}
	switch {
	case len(r.Options.Checkpoints) == 0:
		v.Notes = append(v.Notes, nothingSigned)
	case v.Signed < v.Size:
		v.Notes = append(v.Notes, fmt.Sprintf("No checkpoint vouches for entries from %d on: a change there that is whole in itself cannot be seen.", v.Signed))
	}
	return v
}

// hear takes down what witnesses have said about checkpoints that hold.
func (v *Verified) hear(witnesses audit.Quorum, checkpoints ...audit.Checkpoint) error {
	for _, c := range checkpoints {
		made, err := witnesses.Check(c)
		if errors.Is(err, audit.ErrQuorum) || len(made) == 0 && err == nil {
			continue
		}
		if err != nil {
			return &audit.VerifyError{Index: -1, Check: CheckWitness, Err: fmt.Errorf("checkpoint of %d entries: %w", c.Size, err)}
		}
		if c.Size < v.Witnessed {
			continue
		}
		v.Witnessed, v.Witnesses = c.Size, nil
		for _, m := range made {
			v.Witnesses = append(v.Witnesses, Testimony{m.Name(), m.Time})
		}
	}
	return nil
}

// heardEnough refuses a ledger of which too few witnesses know.
func (v *Verified) heardEnough(witnesses audit.Quorum) error {
	if len(v.Witnesses) < witnesses.Need {
		return &audit.VerifyError{Index: -1, Check: CheckWitness,
			Err: fmt.Errorf("%w: none has cosignatures of %d of the %d", audit.ErrQuorum, witnesses.Need, len(witnesses.Keys))}
	}
	return nil
}
