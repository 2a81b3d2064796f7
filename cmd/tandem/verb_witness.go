package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
	"github.com/tandem-custody/tandem/audit/witness/keeper"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/store"
)

// witnessFlags are the flags of tandem witness.
type witnessFlags struct {
	listen   string
	key      string // path
	database string // path
	name     string
	origins  []string // verifier keys
	log      config.Log
}

// witnessAnnouncement is what tandem witness says first.
type witnessAnnouncement struct {
	Name string `json:"name"`
	Key  string `json:"key"` // verifier key, for who wants to check its cosignatures
	URL  string `json:"url"` // of the listener, for who wants to ask for them
}

func witnessVerb(c *cli) *cobra.Command {
	f := witnessFlags{log: config.Log{Level: "info", Format: "text"}}
	verb := &cobra.Command{
		Use:   "witness --origin KEY... [--name NAME]",
		Short: "Cosign the checkpoints of ledgers, on a machine that is not theirs",
		Long: `Runs a witness (C2SP tlog-witness): it cosigns each checkpoint of a ledger that
proves to go on where the last one ended, and refuses every other. What the
ledger has signed and no honest one would have is kept: tandem witness evidence.

It needs no entry of the ledger and no secret, only the ledger's key. It belongs
on another machine, under another administrator. Its own key is made at the first
start; what it has cosigned is in its database, and it must lose neither.`,
		Example: `  tandem witness --name witness.example --origin "$LEDGER_KEY"`,
		Args:    cobra.NoArgs,
	}
	flags := verb.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8701", "host:port")
	flags.StringVar(&f.key, "key", "witness.key", "file with its private key")
	flags.StringVar(&f.name, "name", "", "its name, when the key is made")
	flags.StringArrayVar(&f.origins, "origin", nil, "the key of a ledger to cosign; can be repeated")
	flags.StringVar(&f.log.Format, "log-format", f.log.Format, "text or json")
	verb.PersistentFlags().StringVar(&f.database, "database", "witness.db", "file with what it has cosigned")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		if len(f.origins) == 0 {
			return usagef("name the ledgers to cosign: --origin KEY, as tandem ledger checkpoint prints it")
		}
		return c.witness(cmd.Context(), f)
	}
	verb.AddCommand(witnessEvidenceVerb(c, &f))
	return verb
}

// witness runs a witness until ctx ends.
func (c *cli) witness(ctx context.Context, f witnessFlags) (err error) {
	key, err := keeper.OpenKey(f.key, f.name, writeDurably)
	if errors.Is(err, keeper.ErrName) {
		return usagef("--name must be like witness.example, without spaces and plus signs")
	}
	if err != nil {
		return err
	}
	memory, err := keeper.OpenMemory(ctx, f.database, witnessConnector)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, memory.Close()) }()
	log := newLog(f.log)
	w, err := witness.New(ctx, witness.Config{Name: key.Name, Key: key, Logs: f.origins, Store: memory, Now: time.Now, Log: log})
	if errors.Is(err, audit.ErrKey) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	said := witnessAnnouncement{key.Name, w.Key(), "http://" + listener.Addr().String()}
	if err := c.show(said, []string{"NAME", "KEY", "URL"}, []string{said.Name, said.Key, said.URL}); err != nil {
		return errors.Join(err, listener.Close())
	}
	asked, deaf := hangups()
	defer deaf()
	group, stopping := errgroup.WithContext(ctx)
	go (&reloader{log: log}).run(stopping, asked) // nothing is read again, and nothing ends by it
	(&program{log: log}).serve(group, stopping, w.Handler(), listener)
	return group.Wait()
}

func witnessConnector(dsn string) driver.Connector { return store.Connector(dsn, nil) }

// keptEvidence is a witness.Evidence as tandem witness evidence prints it.
type keptEvidence struct {
	Kind     witness.Kind `json:"kind"`
	Origin   string       `json:"origin"`
	Seen     time.Time    `json:"seen"`
	Cosigned string       `json:"cosigned"`
	Refused  string       `json:"refused"`
}

func witnessEvidenceVerb(c *cli, f *witnessFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "evidence",
		Short: "Print what ledgers have signed and this witness has refused",
		Long: `Prints pairs of signed checkpoints that do not agree, the cosigned one and the
refused one. A fork is proof by itself: two roots of the same size. The other
kinds are a question to the ledger, which can answer it with a consistency proof
between the two if it is honest.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat(f.database); err != nil {
				return err // opening it would make it
			}
			memory, err := keeper.OpenMemory(cmd.Context(), f.database, witnessConnector)
			if err != nil {
				return err
			}
			defer memory.Close()
			all, err := memory.Evidence(cmd.Context())
			if err != nil {
				return err
			}
			kept := []keptEvidence{}
			for _, e := range all {
				kept = append(kept, keptEvidence{e.Kind, e.Origin, e.Seen, string(e.Cosigned), string(e.Refused)})
			}
			if c.output == asJSON {
				return c.showJSON(kept)
			}
			for _, e := range kept {
				fmt.Fprintf(c.out, "%s of %s, refused at %s\n\nCosigned:\n%s\nRefused:\n%s\n", e.Kind, e.Origin, moment(e.Seen), e.Cosigned, e.Refused)
			}
			return nil
		},
	}
}
