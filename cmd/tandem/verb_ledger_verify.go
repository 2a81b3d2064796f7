package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/auditor"
)

// verification is what a person wants to have verified, and against what.
type verification struct {
	database, export, url string   // one of them; none: a server, by log-in
	checkpoints           []string // paths
	keys                  []string
	witnesses             audit.Quorum
}

func ledgerVerifyVerb(c *cli) *cobra.Command {
	var v verification
	verb := &cobra.Command{
		Use:   "verify [--database DATABASE | --export FILE | --url URL] [--since CHECKPOINT]... [--key KEY]",
		Short: "Check everything: entries, tree, signatures, rules, tables",
		Long: `Hashes every entry again, rebuilds the tree, checks the signed checkpoints, and
replays history: each step must have been allowed. It changes nothing.

  --database  a database, without Tandem's server: the stored tree and the tables too.
              A file, or postgres://USER@HOST/NAME with a role that may read; its
              password in the file that TANDEM_DATABASE_PASSWORD_FILE names
  --export    JSON lines, as tandem ledger export --format jsonl writes them
  --url       a C2SP tlog-tiles log, whoever serves it; Tandem's own is below
              https://SERVER/api/v1/ledger, and wants your log-in
  none        a Tandem server, with your log-in

A checkpoint that was kept elsewhere (--since, or --checkpoint) proves that nothing
before it was changed or cut off since; without one, only that the ledger is whole
in itself. What was wrong first is named by its index and the check that failed,
with exit code 4. docs/audit.md tells how to read it.`,
		Example: `  tandem ledger verify --database tandem.db --since june.txt --key "$KEY"
  tandem ledger verify --database 'postgres://auditor@db/tandem?sslmode=verify-full'
  tandem ledger verify --export ledger.jsonl --since june.txt --key "$KEY" -o json
  tandem ledger verify`,
		Args: cobra.NoArgs,
	}
	flags := verb.Flags()
	flags.StringVar(&v.database, "database", "", "database file, or postgres://USER@HOST/NAME; read only")
	flags.StringVar(&v.export, "export", "", "file with one entry a line, from the first on")
	flags.StringVar(&v.url, "url", "", "prefix of a tlog-tiles log")
	flags.StringArrayVar(&v.checkpoints, "since", nil, "file with one or many checkpoints; can be repeated")
	flags.StringArrayVar(&v.keys, "key", nil, "the ledger's key, from where you trust it; can be repeated")
	flags.StringArrayVar(&v.witnesses.Keys, "witness-key", nil, "the key of a witness that must have cosigned; can be repeated")
	flags.IntVar(&v.witnesses.Need, "quorum", 0, "so many of the witnesses must have (default: all)")
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "checkpoint" {
			name = "since"
		}
		return pflag.NormalizedName(name)
	})
	verb.MarkFlagsMutuallyExclusive("database", "export", "url")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		if !flags.Changed("quorum") {
			v.witnesses.Need = len(v.witnesses.Keys)
		}
		answer, err := c.verify(cmd.Context(), v)
		if err != nil {
			return c.showFailure(err)
		}
		return c.showVerified(answer)
	}
	return verb
}

func (c *cli) showVerified(v auditor.Verified) error {
	if c.output != asJSON {
		for _, note := range v.Notes {
			c.note("%s", note)
		}
	}
	headers := []string{"ENTRIES", "ROOT", "FIRST", "LAST", "SIGNED"}
	row := []string{strconv.FormatInt(v.Size, 10), v.Root, moment(v.First), moment(v.Last), strconv.FormatInt(v.Signed, 10)}
	for _, w := range v.Witnesses {
		headers = append(headers, "WITNESS")
		row = append(row, fmt.Sprintf("%s: %d at %s", w.Name, v.Witnessed, moment(w.At)))
	}
	if err := c.show(v, headers, row); err != nil || c.output == asJSON {
		return err
	}
	_, err := fmt.Fprintln(c.out, v.Rests())
	return err
}

func (c *cli) verify(ctx context.Context, v verification) (auditor.Verified, error) {
	var err error
	if v.keys, err = auditor.VerifierKeys(v.keys); err != nil {
		return auditor.Verified{}, err
	}
	for i, key := range v.witnesses.Keys {
		v.witnesses.Keys[i] = strings.TrimSpace(key)
	}
	if err := v.validate(); err != nil {
		return auditor.Verified{}, err
	}
	// A million entries leave much to collect and little to keep: that took an
	// eighth of the processors' time, and takes 80 MB instead.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	opts := audit.VerifyOptions{Keys: v.keys}
	var notes []string
	if beside := checkpointBeside(strings.TrimPrefix(v.database, "sqlite:")); v.database != "" && beside != "" {
		if len(v.keys) > 0 {
			if len(v.checkpoints) == 0 {
				notes = append(notes, onlyBackupsOwn)
			}
			v.checkpoints = append(v.checkpoints, beside)
		} else {
			notes = append(notes, beside+" is the backup's checkpoint: give the ledger's key with --key to have it checked.")
		}
	}
	for _, path := range v.checkpoints {
		texts, left, err := auditor.ReadCheckpoints(path, v.keys)
		if err != nil {
			return auditor.Verified{}, err
		}
		if left {
			notes = append(notes, path+": something in it is no whole checkpoint, and was not used.")
		}
		opts.Checkpoints = append(opts.Checkpoints, texts...)
	}
	var done func()
	opts.Progress, done = c.verifyProgress()
	defer done()
	answer, err := c.look(ctx, v, opts)
	if v.database == "" && v.export == "" && len(v.checkpoints) == 0 {
		notes = append(notes, auditor.OnlyOwnHead)
	}
	answer.Notes = append(notes, answer.Notes...)
	return answer, err
}

func (c *cli) look(ctx context.Context, v verification, opts audit.VerifyOptions) (auditor.Verified, error) {
	against := auditor.Request{Options: opts, Witnesses: v.witnesses, Now: time.Now()}
	switch {
	case v.database != "":
		return verifyDatabase(ctx, v.database, against)
	case v.export != "":
		return against.Export(ctx, v.export)
	case v.url != "":
		return against.Tiles(ctx, v.url, c.transportTo(v.url))
	}
	server, err := c.connect()
	if err != nil {
		return auditor.Verified{}, err
	}
	return against.Server(ctx, server)
}

// verifyDatabase verifies a database.
func verifyDatabase(ctx context.Context, path string, against auditor.Request) (auditor.Verified, error) {
	database, err := openDatabase(ctx, path)
	if err != nil {
		return auditor.Verified{}, err
	}
	defer database.Close()
	return against.Database(ctx, database)
}

// showFailure writes, as JSON, what is wrong with a ledger; the error goes on.
func (c *cli) showFailure(err error) error {
	if f := auditor.FailureOf(err); f != nil && c.output == asJSON {
		return errors.Join(err, c.showJSON(struct {
			Verified bool             `json:"verified"`
			Failure  *auditor.Failure `json:"failure"`
		}{false, f}))
	}
	return err
}

// transportTo sends the log-in along to the server that gave it, when that is
// where the URL leads; otherwise it is nil.
func (c *cli) transportTo(address string) http.RoundTripper {
	s, err := c.saved()
	if err != nil || !strings.HasPrefix(address, s.Server+"/") {
		return nil
	}
	return bearer{api.Secret(s.Token)}
}

type bearer struct{ token api.Secret }

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b.token))
	return http.DefaultTransport.RoundTrip(r)
}

func (v verification) validate() error {
	offline := v.database != "" || v.export != ""
	switch {
	case v.url != "" && len(v.keys) == 0:
		return usagef("a log that anybody can serve says nothing without its key: add --key")
	case offline && len(v.keys) == 0 && len(v.checkpoints)+len(v.witnesses.Keys) > 0:
		return usagef("a checkpoint says nothing without the ledger's key: add --key")
	}
	if err := v.witnesses.Validate(); err != nil {
		return usageError{err}
	}
	return nil
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
