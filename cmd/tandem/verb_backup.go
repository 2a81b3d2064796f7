package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/store"
)

func backupVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "backup FOLDER",
		Short: "Copy database and secrets into a new folder, while the server runs",
		Long: `Copies the database and, with the embedded secret store, its file: still
encrypted. What opens it, the key file or the passphrase, is not copied: keep it
elsewhere. A Vault has backups of its own.`,
		Args: cobra.ExactArgs(1),
	}
	load := configFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		return c.backup(cmd.Context(), cfg, args[0])
	}
	return verb
}

// backup copies the database first: the secret store then has every version
// that the database speaks of, and at worst newer ones beside.
func (c *cli) backup(ctx context.Context, cfg config.Config, folder string) (err error) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	database, err := store.OpenReadOnly(ctx, cfg.SQLitePath(), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	if err := database.Backup(ctx, filepath.Join(folder, "tandem.db")); err != nil {
		return err
	}
	if cfg.Secrets == config.Vault {
		c.note("The database is in %s. The secrets are in Vault: back that up too.", folder)
		return nil
	}
	if err := copyFile(cfg.Embedded.Path, filepath.Join(folder, "secrets")); err != nil {
		return err
	}
	c.note("Database and secrets are in %s. What opens the secrets is not: keep it elsewhere.", folder)
	return nil
}

// copyFile copies a file that is only ever replaced as a whole.
func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeDurably(to, content)
}
