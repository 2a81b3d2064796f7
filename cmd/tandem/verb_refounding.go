package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func personRefoundVerb(c *cli) *cobra.Command {
	return newRefoundingVerb(c, &cobra.Command{
		Use:   "refound USERNAME --role manager|director --reason TEXT",
		Short: "Propose that somebody gets the approving role that nobody has any more",
		Long: `For when no manager, or no director, is left who could act, so that nothing can be
approved that takes both. The administrator, whichever approver is left and an auditor
confirm it (tandem proposal approve), each where there is one; whoever asks counts as one
of them. Then everybody has seven days' notice, in which anybody active says no (tandem
proposal reject), and after them it takes effect by itself.`,
	}, func(server *client.Client, ctx context.Context, username string, in api.Refound) (api.Proposal, error) {
		return server.Refound(ctx, desk.Username(username), in)
	})
}

// newRefoundingVerb takes which role somebody is to get.
func newRefoundingVerb(c *cli, verb *cobra.Command, ask func(*client.Client, context.Context, string, api.Refound) (api.Proposal, error)) *cobra.Command {
	var in api.Refound
	var role string
	verb = c.proposes(verb, &in.Reason, func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
		in.Role, in.TOTP = custody.Role(role), code
		return ask(server, ctx, args[0], in)
	})
	verb.Flags().StringVar(&role, "role", "", "manager or director: the one that nobody has")
	_ = verb.MarkFlagRequired("role")
	return verb
}

func personLeavesVerb(c *cli) *cobra.Command {
	return newDepartureVerb(c, &cobra.Command{
		Use:   "leaves USERNAME --on TIME|--cancel --reason TEXT",
		Short: "Propose the date on which somebody's access ends, another one, or none any more",
		Long: `Once it is approved their access ends on that date as with tandem person disable, which
ends it at once at any time before.`,
	}, func(server *client.Client, ctx context.Context, username string, in api.PlanDeparture) (api.Proposal, error) {
		return server.PlanDeparture(ctx, desk.Username(username), in)
	})
}

// newDepartureVerb takes the date on which somebody's access ends.
func newDepartureVerb(c *cli, verb *cobra.Command, ask func(*client.Client, context.Context, string, api.PlanDeparture) (api.Proposal, error)) *cobra.Command {
	var in api.PlanDeparture
	var until string
	var cancel bool
	verb = c.proposes(verb, &in.Reason, func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
		in.TOTP = code
		return ask(server, ctx, args[0], in)
	})
	verb.Flags().StringVar(&until, "on", "", "when, "+timeForms)
	verb.Flags().BoolVar(&cancel, "cancel", false, "call the date off that there is")
	verb.MarkFlagsMutuallyExclusive("on", "cancel")
	verb.MarkFlagsOneRequired("on", "cancel")
	verb.PreRunE = func(*cobra.Command, []string) (err error) {
		in.At, err = parseUntil(until, time.Now())
		return err
	}
	return verb
}

func personStopRecoveryVerb(c *cli) *cobra.Command {
	var in api.ConfirmedReason
	verb := &cobra.Command{
		Use:   "stop-recovery USERNAME --reason TEXT",
		Short: "Stop a new log-in that was asked for on the server's machine",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				in.TOTP = code
				return c.showPerson(server.StopRecovery(ctx, desk.Username(args[0]), in))
			})
		},
	}
	verb.Flags().StringVar(&in.Reason, "reason", "", "why")
	_ = verb.MarkFlagRequired("reason")
	return verb
}
