package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/store"
)

func restoreVerb(c *cli) *cobra.Command {
	var v verification
	verb := &cobra.Command{
		Use:   "restore FOLDER [--since CHECKPOINT --key KEY]",
		Short: "Verify a backup and put it where an empty installation has its data",
		Long: `Verifies the backup's ledger and tables, as tandem ledger verify does, and copies
database and embedded secrets to where the configuration has them. Nothing that
is there is replaced: move it away first, with the server stopped.

The checkpoint in the backup is checked too: with --key, or else with the key in the
secret store that the configuration names.

A restored database is a roll-back to when the backup was made. With --since and a
checkpoint from before it, it is at least proved to be your ledger. What happened
in between is lost: passwords that were changed since are found as drift.

It starts in maintenance: nothing is changed on any server, and nothing is sent,
until tandem maintenance end.`,
		Args: cobra.ExactArgs(1),
	}
	verb.Flags().StringArrayVar(&v.checkpoints, "since", nil, "file with one or many checkpoints; can be repeated")
	verb.Flags().StringArrayVar(&v.keys, "key", nil, "the ledger's key, from where you trust it; can be repeated")
	configured(verb, func(cmd *cobra.Command, args []string, cfg config.Config) error {
		if cfg.OnServer() {
			return store.ErrNoCopy
		}
		v.database = filepath.Join(args[0], backupDatabase)
		if checkpointBeside(v.database) != "" && len(v.keys) == 0 {
			key, err := ledgerKeyOf(cmd.Context(), cfg, args[0])
			if err != nil {
				return fmt.Errorf("the key for the backup's checkpoint: %w; give the ledger's key with --key", err)
			}
			v.keys = []string{key}
			c.note("The backup's checkpoint is checked with the key in the secret store.")
		}
		answer, err := c.verify(cmd.Context(), v)
		if err != nil {
			return c.showFailure(err)
		}
		if err := c.restore(cmd.Context(), cfg, args[0]); err != nil {
			return err
		}
		return c.showVerified(answer)
	})
	return verb
}

// restore copies the secrets first: the database then speaks of no version that
// is not there. What it made it takes away again when it fails.
func (c *cli) restore(ctx context.Context, cfg config.Config, folder string) (err error) {
	embedded := cfg.Secrets == config.Embedded
	into := []string{cfg.SQLitePath(), cfg.SQLitePath() + "-wal"}
	if embedded {
		into = append(into, cfg.Embedded.Path)
	}
	for _, path := range into {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%s is there already: stop the server and move it away first", path), err)
		}
	}
	defer func() {
		for _, path := range into {
			if err == nil {
				return
			}
			_ = os.Remove(path)
		}
	}()
	if embedded {
		if err := copyFile(filepath.Join(folder, backupSecrets), cfg.Embedded.Path); err != nil {
			return err
		}
	}
	database, err := store.OpenReadOnly(ctx, filepath.Join(folder, backupDatabase), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if err := errors.Join(database.Backup(ctx, cfg.SQLitePath()), database.Close()); err != nil {
		return err
	}
	// It may be a copy: two that change the same passwords lock each other out.
	if err := setMaintenance(ctx, cfg, "restored from a backup"); err != nil {
		return err
	}
	c.note("Restored. The secrets must be at least as new as the database: tandem serve says at /readyz whether they can be used.")
	c.note("It starts in maintenance: nothing is changed on a server, and nothing is sent. Once no other one runs on the same servers, say so: tandem maintenance end --reason TEXT.")
	return nil
}
