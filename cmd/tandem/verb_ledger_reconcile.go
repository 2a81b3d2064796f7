package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/reconcile"
	"github.com/tandem-custody/tandem/custody/vault"
)

func ledgerReconcileVerb(c *cli) *cobra.Command {
	var files []string
	var database string
	log := vault.AuditLog{Names: vault.DefaultNames()}
	verb := &cobra.Command{
		Use:   "reconcile --vault-audit FILE [--database FILE]",
		Short: "Find what was read in Vault past Tandem",
		Long: `Reads the log of Vault's file audit device and matches every access to a secret of
Tandem's with the entry of the ledger that allows it, by the request's id. What
went past Tandem is a special event: it is listed, and the exit code is 4. Give a
log that was rotated one part after the other, the oldest first, so that nothing
between them is missing. First verify the ledger itself: tandem ledger verify.`,
		Example: "  tandem ledger reconcile --vault-audit audit.log.1 --vault-audit audit.log",
		Args:    cobra.NoArgs,
	}
	flags := verb.Flags()
	flags.StringArrayVar(&files, "vault-audit", nil, "file that Vault's file audit device wrote; can be repeated")
	flags.StringVar(&database, "database", "", "the ledger of this database file instead of the server's")
	flags.StringVar(&log.Names.Mount, "mount", log.Names.Mount, "of the KV v2 engine in Vault")
	flags.StringVar(&log.Names.Transit, "transit-mount", log.Names.Transit, "of the Transit engine")
	flags.StringVar(&log.Names.TransitKey, "transit-key", log.Names.TransitKey, "that signs the ledger")
	flags.StringVar(&log.Names.Role, "role", log.Names.Role, "AppRole by which Tandem logs in")
	flags.StringVar(&log.Names.Policy, "policy", log.Names.Policy, "policy of the token, where Tandem was given one")
	flags.StringVar(&log.Namespace, "namespace", "", "of Vault Enterprise")
	_ = verb.MarkFlagRequired("vault-audit")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		for _, file := range files {
			if err := readAuditLog(&log, file); err != nil {
				return err
			}
		}
		report, err := c.reconcile(cmd.Context(), log.Accesses(), database)
		if err != nil {
			return err
		}
		if log.Hidden {
			c.note("Vault hides the ids of requests as digests: tandem vault setup puts that right, for what comes.")
		}
		return c.showReconciled(report)
	}
	return verb
}

func readAuditLog(log *vault.AuditLog, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return log.Read(file, filepath.Base(path))
}

func (c *cli) reconcile(ctx context.Context, accesses []reconcile.Access, database string) (reconcile.Report, error) {
	ledger, done, err := c.openLedger(ctx, database)
	if err != nil {
		return reconcile.Report{}, err
	}
	defer done()
	return auditor.Crosscheck(ctx, ledger, accesses)
}

func (c *cli) showReconciled(r reconcile.Report) error {
	c.note("%d accesses: %d allowed by an entry, %d routine, %d reads of TOTP seeds not entered, %d passwords read again.",
		r.Accesses, r.Matched, r.Routine, r.NotEntered, r.Repeated)
	if len(r.Remotes) > 0 {
		c.note("Tandem's log-in was used from %s.", strings.Join(r.Remotes, ", "))
	}
	var rows [][]string
	for _, f := range r.Findings {
		rows = append(rows, []string{string(f.Grade), moment(f.Time), string(f.Kind), f.Path, f.Who, f.Remote, f.Line, f.Request, f.Why})
	}
	err := c.show(r, []string{"GRADE", "TIME", "WHAT", "PATH", "WHO", "FROM", "LINE", "REQUEST", "WHY"}, rows...)
	if n := r.Special(); err == nil && n > 0 {
		err = verificationError{fmt.Errorf("%d accesses to Tandem's secrets did not come by way of Tandem", n)}
	}
	return err
}
