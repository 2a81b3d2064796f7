package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/store"
)

func maintenanceVerbs(c *cli) *cobra.Command {
	return family("maintenance", "Keep a copy of an installation from acting as if it were the installation",
		maintenanceShowVerb(c), maintenanceEndVerb(c))
}

// maintenanceState is what tandem maintenance show prints.
type maintenanceState struct {
	Maintenance string `json:"maintenance"` // why; "": not in maintenance
}

func maintenanceShowVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "show",
		Short: "Say whether this database starts in maintenance, and why",
		Args:  cobra.NoArgs,
	}
	configured(verb, func(cmd *cobra.Command, _ []string, cfg config.Config) error {
		database, err := store.OpenReadOnly(cmd.Context(), cfg.DatabaseAddress(), newLog(cfg.Log))
		if err != nil {
			return err
		}
		why, err := database.Maintenance(cmd.Context())
		if err := errors.Join(err, database.Close()); err != nil {
			return err
		}
		if why == "" {
			c.note("Not in maintenance.")
		}
		return c.show(maintenanceState{why}, []string{"IN MAINTENANCE"}, []string{why})
	})
	return verb
}

func maintenanceEndVerb(c *cli) *cobra.Command {
	var reason string
	verb := &cobra.Command{
		Use:   "end --reason TEXT",
		Short: "Let this installation change passwords and send mails again, from its next start on",
		Long: `A restored database starts in maintenance, because the installation that it is a
copy of may still run: two of them would change the same passwords. Say with this
that no other one does. It counts from the next start of tandem serve on.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().StringVar(&reason, "reason", "", "why it may, for the log")
	_ = verb.MarkFlagRequired("reason")
	configured(verb, func(cmd *cobra.Command, _ []string, cfg config.Config) error {
		if err := custody.CheckText("reason", reason); err != nil {
			return err
		}
		if err := setMaintenance(cmd.Context(), cfg, ""); err != nil {
			return err
		}
		newLog(cfg.Log).Warn("maintenance was ended", "by", operator(), "reason", reason, "at", time.Now().UTC().Format(time.RFC3339))
		c.note("Maintenance ends with the next start of tandem serve.")
		return nil
	})
	return verb
}

// setMaintenance puts the configured database into maintenance, and takes it out
// for "".
func setMaintenance(ctx context.Context, cfg config.Config, why string) error {
	return changeDatabase(ctx, cfg, func(database *store.Store) error {
		return database.SetMaintenance(ctx, why)
	})
}
