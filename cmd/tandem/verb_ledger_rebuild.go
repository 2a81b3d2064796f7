package main

import (
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/custody/store"
)

func ledgerRebuildVerb(c *cli) *cobra.Command {
	var database string
	var check bool
	verb := &cobra.Command{
		Use:   "rebuild --database DATABASE [--check]",
		Short: "Make the tables anew from the ledger, or only compare them",
		Long: `Folds the ledger into empty tables, in one transaction. It believes the ledger:
run tandem ledger verify before. With --check nothing is changed, and tables
that are not what the ledger gives end with exit code 4.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().StringVar(&database, "database", "", "database file, or postgres://USER@HOST/NAME")
	verb.Flags().BoolVar(&check, "check", false, "only compare")
	_ = verb.MarkFlagRequired("database")
	verb.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		ctx, log := cmd.Context(), slog.New(slog.DiscardHandler)
		path := addressOf(database)
		opened, err := store.OpenReadOnly(ctx, path, log) // never makes a file
		if err == nil && !check {
			err = opened.Close()
			if err == nil {
				opened, err = store.Open(ctx, path, log)
			}
		}
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, opened.Close()) }()
		if !check {
			if err := opened.Rebuild(ctx); err != nil {
				return err
			}
			c.note("The tables are rebuilt.")
			return nil
		}
		err = opened.Diff(ctx)
		if err == nil {
			c.note("The tables are what the ledger gives.")
		}
		return err
	}
	return verb
}
