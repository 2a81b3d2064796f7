package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func handoverVerbs(c *cli) *cobra.Command {
	family := family("handover", "Pass custody to the other custodian, and back",
		offerVerb(c), acceptVerb(c), declineVerb(c), cancelVerb(c), returnVerb(c), handoverListVerb(c), handoverShowVerb(c))
	return family
}

func offerVerb(c *cli) *cobra.Command {
	var in api.OfferHandover
	var until string
	verb := &cobra.Command{
		Use:   "offer (NAME... | --all) --reason TEXT",
		Short: "Ask the other custodian to take over",
		Example: `  tandem handover offer db01-root --reason "training" --until +8h
  tandem handover offer --all --leave --reason "holiday" --until 2026-08-01T08:00:00+02:00`,
	}
	flags := verb.Flags()
	flags.BoolVar(&in.All, "all", false, "everything that you hold")
	flags.BoolVar(&in.AwayWhenAccepted, "leave", false, "with --all: and be away as soon as all is accepted")
	flags.StringVar(&in.Reason, "reason", "", "why")
	flags.StringVar(&until, "until", "", "when you expect to be back: "+timeForms)
	_ = verb.MarkFlagRequired("reason")
	verb.RunE = func(cmd *cobra.Command, names []string) (err error) {
		if in.All == (len(names) > 0) {
			return usagef("name the credentials to hand over, or say --all")
		}
		in.Credentials = names
		if in.ExpectedReturn, err = parseUntil(until, time.Now()); err != nil {
			return err
		}
		c.sayUntil(in.ExpectedReturn)
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			in.TOTP = code
			offered, err := server.OfferHandover(ctx, in)
			if err != nil {
				return err
			}
			for _, h := range offered {
				c.note("You hold it until %s accepts: tandem handover accept %s.", h.To, h.ID)
			}
			return c.showHandovers(offered, offered...)
		})
	}
	return verb
}

func acceptVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "accept ID...",
		Short: "Take over everything in a handover, or in several with one code",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				if len(ids) > 1 {
					all, err := server.AcceptHandovers(ctx, api.AcceptHandovers{Handovers: ids, TOTP: code})
					if err != nil {
						return err
					}
					return c.showHandovers(all, all...)
				}
				h, err := server.AcceptHandover(ctx, ids[0], code)
				if err != nil {
					return err
				}
				return c.showHandovers(h, h)
			})
		},
	}
}

func declineVerb(c *cli) *cobra.Command {
	return endOfferVerb(c, "decline ID", "Do not take over", (*client.Client).DeclineHandover)
}

func cancelVerb(c *cli) *cobra.Command {
	return endOfferVerb(c, "cancel ID", "Withdraw your offer", (*client.Client).CancelHandover)
}

func endOfferVerb(c *cli, use, short string, end func(*client.Client, context.Context, string, string) (api.Handover, error)) *cobra.Command {
	var reason string
	verb := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1)}
	verb.Flags().StringVar(&reason, "reason", "", "why, in a few words")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.act(cmd.Context(), func(ctx context.Context, server *client.Client) error {
			h, err := end(server, ctx, args[0], reason)
			if err != nil {
				return err
			}
			return c.showHandovers(h, h)
		})
	}
	return verb
}

func returnVerb(c *cli) *cobra.Command {
	var patience waiting
	verb := &cobra.Command{
		Use:   "return ID",
		Short: "Give it back, or take it back; the password is changed",
		Args:  cobra.ExactArgs(1),
	}
	patience.addFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		var h api.Handover
		err := c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (err error) {
			h, err = server.ReturnHandover(ctx, args[0], code)
			return err
		})
		if err != nil {
			return err
		}
		if err := c.showHandovers(h, h); err != nil {
			return err
		}
		return c.waitHeld(cmd.Context(), patience, h.Credentials...)
	}
	return verb
}

func handoverListVerb(c *cli) *cobra.Command {
	var status []string
	var query desk.HandoverQuery
	verb := &cobra.Command{Use: "list", Short: "List handovers, the newest first", Args: cobra.NoArgs}
	flags := verb.Flags()
	flags.StringSliceVar(&status, "status", nil, "only these: planned, signed, offered, accepted, returned, closed, declined, cancelled, expired, void")
	flags.StringVar(&query.Person, "person", "", "only those from or to this person")
	limit := flags.Int("limit", 50, "at most so many")
	flags.StringVar(&query.Before, "before", "", "only older ones than this ID")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		for _, s := range status {
			query.Status = append(query.Status, custody.HandoverStatus(s))
		}
		query.Limit = *limit + 1 // one more, to see whether that was all
		return showOlder(c, *limit, server.EachHandover(cmd.Context(), query), c.showHandovers, func(h api.Handover) string { return h.ID })
	}
	return verb
}

func handoverShowVerb(c *cli) *cobra.Command {
	return showVerb(c, "show ID", "Show one handover", (*client.Client).Handover, func(h api.Handover) error { return c.showHandovers(h, h) })
}

// showHandovers writes an answer of the API that is about these handovers.
func (c *cli) showHandovers(answer any, list ...api.Handover) error {
	var rows [][]string
	for _, h := range list {
		rows = append(rows, []string{
			h.ID, string(h.Status), h.From, h.To, strings.Join(h.Credentials, ", "), moment(h.OfferedAt),
			moment(h.ExpectedReturn), h.Reason,
		})
	}
	return c.show(answer, []string{"ID", "STATUS", "FROM", "TO", "CREDENTIALS", "OFFERED", "EXPECTED BACK", "REASON"}, rows...)
}
