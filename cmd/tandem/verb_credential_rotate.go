package main

import (
	"context"
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
)

func credentialRotateVerb(c *cli) *cobra.Command {
	var reason string
	var all bool
	var patience waiting
	verb := &cobra.Command{
		Use:   "rotate (NAME | --all) --reason TEXT",
		Short: "Have the password changed",
		Long: `Has the password of one credential changed, or with --all those of everything
that you may ask it for: what you hold, and as a manager whatever is held.
Nobody can check them out until their servers have accepted the new ones.`,
		Args: cobra.MaximumNArgs(1),
	}
	verb.Flags().StringVar(&reason, "reason", "", "why")
	verb.Flags().BoolVar(&all, "all", false, "everything that you may ask it for")
	_ = verb.MarkFlagRequired("reason")
	patience.addFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if all == (len(args) == 1) {
			return usagef("name a credential, or say --all")
		}
		if !all {
			return c.changeCredential(cmd.Context(), patience, args[0], func(ctx context.Context, server *client.Client, code api.Secret) (api.Credential, error) {
				return server.Rotate(ctx, args[0], api.ConfirmedReason{Reason: reason, TOTP: code})
			})
		}
		var rotating []api.Credential
		err := c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (err error) {
			if rotating, err = server.RotateAll(ctx, api.RotateAll{Reason: reason, TOTP: code}); err != nil {
				return err
			}
			return c.showCredentials(rotating, rotating...)
		})
		if err != nil {
			return err
		}
		return c.waitFleet(cmd.Context(), patience, rotating)
	}
	return verb
}

// waitFleet waits for many rotations at once, with one bar for all.
func (c *cli) waitFleet(ctx context.Context, w waiting, fleet []api.Credential) error {
	if !w.wanted || len(fleet) == 0 {
		return nil
	}
	server, err := c.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, w.limit, fmt.Errorf("not done after %s; it goes on by itself", w.limit))
	defer cancel()
	bar := progressbar.NewOptions(len(fleet), progressbar.OptionSetWriter(c.err),
		progressbar.OptionSetVisibility(isTerminal(c.err)), progressbar.OptionShowCount(),
		progressbar.OptionSetDescription("passwords changed"), progressbar.OptionClearOnFinish())
	defer bar.Exit()
	waits := map[string]int64{} // credential -> the version that it had
	for _, credential := range fleet {
		waits[credential.Name] = credential.Version
	}
	for {
		stuck, err := c.stillRotating(ctx, server, waits)
		if err != nil {
			return because(ctx, err)
		}
		_ = bar.Set(len(fleet) - len(waits))
		if len(waits) == 0 {
			_ = bar.Finish()
			c.note("%d passwords were changed and proved.", len(fleet))
			return nil
		}
		select {
		case <-time.After(4 * pollEvery):
		case <-ctx.Done():
			return fmt.Errorf("%w: %d of %d passwords are still being changed%s", context.Cause(ctx), len(waits), len(fleet), stuck)
		}
	}
}

// stillRotating takes what is done off waits, and says what became of one of the
// others that does not get through.
func (c *cli) stillRotating(ctx context.Context, server *client.Client, waits map[string]int64) (stuck string, err error) {
	all, err := server.Credentials(ctx)
	for _, credential := range all {
		before, waited := waits[credential.Name]
		switch {
		case !waited:
		case credential.Phase != custody.Rotating || credential.Version > before:
			delete(waits, credential.Name)
		case credential.Rotation.Failure != "" && stuck == "":
			stuck = fmt.Sprintf(" (%s failed %d times, the last: %s)", credential.Name, credential.Rotation.Attempts, credential.Rotation.Failure)
		}
	}
	return stuck, err
}
