package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/store"
)

// verification is what a person wants to have verified, and against what.
type verification struct {
	database    string   // path; "": a server
	checkpoints []string // paths
	keys        []string
}

// verified is the answer of ledger verify.
type verified struct {
	Size     int64     `json:"size"`
	Root     string    `json:"root"`
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Signed   int64     `json:"signed"` // entries that a checkpoint vouches for
	Nodes    int64     `json:"nodes"`  // of the stored tree, compared
	Tables   bool      `json:"tables"` // compared with the fold
	Replayed bool      `json:"replayed"`
}

func ledgerVerifyVerb(c *cli) *cobra.Command {
	var v verification
	verb := &cobra.Command{
		Use:   "verify [--database FILE] [--checkpoint FILE]... [--key KEY]",
		Short: "Check everything: entries, tree, signatures, rules, tables",
		Long: `Hashes every entry again, rebuilds the tree, checks the signed checkpoints, and
replays history: each step must have been allowed, and the outcome is what the
tables say. With --database it needs no server and changes nothing. Without, it
reads the ledger through the API and checks it against the server's checkpoint.

A checkpoint that was kept elsewhere proves that nothing before it was changed or
cut off since; without one, only that the ledger is whole in itself.`,
		Example: `  tandem ledger verify --database tandem.db --checkpoint june.txt --key "$KEY"
  tandem ledger verify`,
		Args: cobra.NoArgs,
	}
	flags := verb.Flags()
	flags.StringVar(&v.database, "database", "", "database file, read only")
	flags.StringArrayVar(&v.checkpoints, "checkpoint", nil, "file with a checkpoint; can be repeated")
	flags.StringArrayVar(&v.keys, "key", nil, "the ledger's key, from where you trust it; can be repeated")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		report, err := c.verify(cmd.Context(), v)
		if err != nil {
			return err
		}
		if report.Signed < report.Size {
			c.note("No checkpoint vouches for entries from %d on: a change there that is whole in itself cannot be seen.", report.Signed)
		}
		return c.show(report, []string{"ENTRIES", "ROOT", "FIRST", "LAST", "SIGNED"}, []string{
			strconv.FormatInt(report.Size, 10), report.Root, moment(report.First), moment(report.Last),
			strconv.FormatInt(report.Signed, 10),
		})
	}
	return verb
}

func (c *cli) verify(ctx context.Context, v verification) (verified, error) {
	opts := audit.VerifyOptions{Keys: v.keys, Prepare: prepareEvent}
	for _, path := range v.checkpoints {
		text, err := os.ReadFile(path)
		if err != nil {
			return verified{}, err
		}
		opts.Checkpoints = append(opts.Checkpoints, text)
	}
	var done func()
	opts.Progress, done = c.verifyProgress()
	defer done()
	if v.database != "" {
		return verifyDatabase(ctx, strings.TrimPrefix(v.database, "sqlite:"), opts)
	}
	server, err := c.connect()
	if err != nil {
		return verified{}, err
	}
	return verifyServer(ctx, server, opts)
}

// verifyDatabase verifies a database file: tree and tables too.
func verifyDatabase(ctx context.Context, path string, opts audit.VerifyOptions) (verified, error) {
	if len(opts.Checkpoints) > 0 && len(opts.Keys) == 0 {
		return verified{}, usagef("a checkpoint says nothing without the ledger's key: add --key")
	}
	database, err := store.OpenReadOnly(ctx, path, slog.New(slog.DiscardHandler))
	if err != nil {
		return verified{}, err
	}
	defer database.Close()
	tables, err := database.Compare(ctx)
	if err != nil {
		return verified{}, err
	}
	defer tables.Close()
	opts.StoredNodes = database.HashReader(ctx)
	opts.Step = func(_ int64, _ audit.Entry, prepared any) error {
		event := prepared.(custody.Event)
		if err := custody.CheckEvent(tables.State(), event); err != nil {
			return err
		}
		if err := tables.Apply(event); err != nil {
			return err
		}
		return custody.CheckAfter(tables.State(), event)
	}
	report, err := audit.Verify(ctx, tables, opts)
	if err != nil {
		return verified{}, err
	}
	if err := tables.Finish(); err != nil {
		return verified{}, verificationError{fmt.Errorf("after entry %d: %w", report.Size-1, err)}
	}
	return newVerified(report, true), nil
}

func newVerified(r audit.Report, tables bool) verified {
	return verified{
		Size: r.Size, Root: r.Root.String(), First: r.First, Last: r.Last,
		Signed: r.Signed(), Nodes: r.Nodes, Tables: tables, Replayed: true,
	}
}

// verifyProgress shows on a terminal how far a verification is.
func (c *cli) verifyProgress() (progress func(done, total int64), finish func()) {
	if !isTerminal(c.err) {
		return nil, func() {}
	}
	var bar *progressbar.ProgressBar
	return func(done, total int64) {
			if bar == nil {
				bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(c.err),
					progressbar.OptionSetDescription("verifying"), progressbar.OptionShowCount(),
					progressbar.OptionShowIts(), progressbar.OptionSetItsString("entries"),
					progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
			}
			_ = bar.Set64(done)
		}, func() {
			if bar != nil {
				_ = bar.Finish()
			}
		}
}
