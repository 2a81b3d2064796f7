package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

func ledgerRecoverVerb(c *cli) *cobra.Command {
	var by []string
	var reason, dump string
	verb := &cobra.Command{
		Use:   "recover [--by NAME --by NAME --reason TEXT]",
		Short: "On the server's machine: go on from what was last known as the ledger's own",
		Long: `For a ledger that is suspect (ledger_suspect at /readyz). Stop the server first. If
the right file is still there, put it back instead: then nothing has to be recovered.

Alone it shows how many entries are sealed, follow from their commands and agree
with the anchor in the secret store, and what would be lost; it changes nothing.

With two people, one of them a manager or a director, and a code of each of them,
it keeps a copy of the whole database beside it, cuts the ledger back to there,
enters that at grade special, and ends every log-in. The server then changes every
password by itself. Where the secret store has a later version of one than the
ledger speaks of, the target may have that one: it is marked as drifted, and is
changed through the target's second account where there is one.

A database on a PostgreSQL server cannot be copied so: make a dump of it with pg_dump
first, and name that with --dump.

The codes are asked for on a terminal; TANDEM_TOTP may have both, with a comma
between them.`,
		Args: cobra.NoArgs,
	}
	load := configFlags(verb)
	verb.Flags().StringArrayVar(&by, "by", nil, "username of somebody who confirms it; twice")
	verb.Flags().StringVar(&reason, "reason", "", "why, for the ledger")
	verb.Flags().StringVar(&dump, "dump", "", "of a database on a server: file with a dump of it as it is now")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		if len(by) > 0 && (len(by) != 2 || strings.TrimSpace(reason) == "") {
			return usagef("give --by twice, and --reason")
		}
		cfg, err := load()
		if err != nil {
			return err
		}
		if len(by) > 0 && cfg.OnServer() != (dump != "") {
			return usagef("--dump is for a database on a server, and there it is needed: make a dump of the database as it is with pg_dump, and name it")
		}
		return onStopped(cmd.Context(), cfg, func(on desk.Config, opened *store.Store) error {
			return c.recoverLedger(cmd.Context(), cfg, on, opened, by, reason, dump)
		})
	}
	return verb
}

// recoverable is the answer of ledger recover.
type recoverable struct {
	Kept      int64    `json:"kept"` // entries
	Root      string   `json:"root"`
	Present   int64    `json:"present"`
	Anchored  int64    `json:"anchored"`
	Lost      int64    `json:"lost"`
	Ahead     []string `json:"ahead,omitempty"` // credentials of which the secret store has a later version
	Why       string   `json:"why,omitempty"`   // what is behind does not stay
	Aside     string   `json:"aside,omitempty"` // file with the database as it was
	Recovered bool     `json:"recovered"`
}

func (c *cli) recoverLedger(ctx context.Context, cfg config.Config, on desk.Config, opened *store.Store, by []string, reason, dump string) error {
	plan, err := desk.PlanRecovery(ctx, on, opened)
	if err != nil {
		return err
	}
	answer := recoverable{Kept: plan.Kept, Root: plan.Root.String(), Present: plan.Present, Anchored: plan.Anchored, Lost: plan.Lost(), Ahead: plan.Ahead}
	if plan.Refused != nil {
		answer.Why = plan.Refused.Error()
	}
	if len(by) > 0 {
		if err := confirmEach(c, by, func(name, code string) error { return plan.Confirm(ctx, name, code) }); err != nil {
			return err
		}
		if answer.Aside, err = keepAside(ctx, cfg, opened, dump); err != nil {
			return err
		}
		if err := plan.CarryOut(ctx, reason, rand.Text()); err != nil {
			return err
		}
		answer.Recovered = true
		c.note("Recovered. The database as it was is in %s: keep it for the auditor. The server changes every password when it is started.", answer.Aside)
	}
	return c.show(answer, []string{"KEPT", "ROOT", "PRESENT", "ANCHORED", "LOST", "AHEAD", "WHY"}, []string{
		strconv.FormatInt(answer.Kept, 10), answer.Root, strconv.FormatInt(answer.Present, 10), strconv.FormatInt(answer.Anchored, 10),
		strconv.FormatInt(answer.Lost, 10), strings.Join(answer.Ahead, " "), answer.Why,
	})
}

// keepAside keeps the database as it is, and says in which file: a copy, or the dump that
// somebody has made.
func keepAside(ctx context.Context, cfg config.Config, database *store.Store, dump string) (aside string, err error) {
	if cfg.OnServer() {
		made, err := os.Stat(dump)
		if err == nil && (!made.Mode().IsRegular() || made.Size() == 0) {
			err = fmt.Errorf("%s is no dump", dump)
		}
		return dump, err
	}
	aside = fmt.Sprintf("%s.refused-%s", cfg.SQLitePath(), time.Now().UTC().Format("20060102T150405Z"))
	return aside, database.Backup(ctx, aside)
}
