package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

func backupVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "backup FOLDER [--unsigned]",
		Short: "Copy database and secrets into a new folder, while the server runs",
		Long: `Copies the database and, with the embedded secret store, its file: still
encrypted. What opens it, the key file or the passphrase, is not copied: keep it
elsewhere. A Vault has backups of its own, and so has a PostgreSQL server: where the
database is on one, this is refused.

The folder also gets a checkpoint, the head of the copied ledger signed with the
ledger's key: tandem restore and tandem ledger verify check the copy against it.
It is only signed if the copy ends under a seal of this installation, is not behind
the anchor in its secret store, and holds the tables that its entries lead to.`,
		Args: cobra.ExactArgs(1),
	}
	unsigned := verb.Flags().Bool("unsigned", false, "without a checkpoint, while the secret store cannot be used")
	configured(verb, func(cmd *cobra.Command, args []string, cfg config.Config) error {
		return c.backup(cmd.Context(), cfg, args[0], !*unsigned)
	})
	return verb
}

func (c *cli) backup(ctx context.Context, cfg config.Config, folder string, signed bool) error {
	if cfg.OnServer() {
		return store.ErrNoCopy
	}
	// A database of another schema is refused before anything is made.
	database, err := store.OpenReadOnly(ctx, cfg.DatabaseAddress(), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	// So is one whose tree is not what its head says: nothing wrong is signed.
	_, _, err = database.Load(ctx)
	if err := errors.Join(err, database.Close()); err != nil {
		return err
	}
	if err := makeBackup(ctx, cfg, folder, signed); err != nil {
		if errors.Is(err, desk.ErrLedgerSuspect) {
			return fmt.Errorf("%w; nothing was left in %s. --unsigned copies it as it is, for the auditor", err, folder)
		}
		if signed {
			return fmt.Errorf("%w; nothing was left in %s. Where the secret store cannot be used, --unsigned makes a backup without a checkpoint", err, folder)
		}
		return err
	}
	if cfg.Secrets == config.Vault {
		c.note("The database is in %s. The secrets are in Vault: back that up too.", folder)
		return nil
	}
	c.note("Database and secrets are in %s. What opens the secrets is not: keep it elsewhere.", folder)
	return nil
}
