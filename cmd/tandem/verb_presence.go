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

func awayVerb(c *cli) *cobra.Command {
	var until, reason string
	verb := &cobra.Command{
		Use:   "away",
		Short: "Say that you are going out, holding nothing",
		Long: `Marks you away. Whoever still holds something hands it over first:
tandem handover offer --all --leave does both in one.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().StringVar(&until, "until", "", "when you expect to be back: "+timeForms)
	verb.Flags().StringVar(&reason, "reason", "", "why, in a few words")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		back, err := parseUntil(until, time.Now())
		if err != nil {
			return err
		}
		c.sayUntil(back)
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			changed, err := server.SetPresence(ctx, api.SetPresence{State: api.Away, TOTP: code, Until: back, Reason: reason})
			if err != nil {
				return err
			}
			return c.showPresence(changed)
		})
	}
	return verb
}

func backVerb(c *cli) *cobra.Command {
	var present bool
	var patience waiting
	verb := &cobra.Command{
		Use:   "back",
		Short: "Say that you are back, and take back what you gave",
		Long: `Marks you present and returns everything that you handed over. The passwords
are changed before you hold them again: --wait shows how far that is.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().BoolVar(&present, "only-present", false, "take nothing back")
	patience.addFlags(verb)
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		changed, err := c.comeBack(cmd.Context(), present)
		if err != nil {
			return err
		}
		if err := c.showPresence(changed); err != nil {
			return err
		}
		var names []string
		for _, h := range changed.Handovers {
			names = append(names, h.Credentials...)
		}
		return c.waitHeld(cmd.Context(), patience, names...)
	}
	return verb
}

// comeBack asks for a code only when there is something to take back.
func (c *cli) comeBack(ctx context.Context, onlyPresent bool) (changed api.PresenceChange, err error) {
	in := api.SetPresence{State: api.Present}
	if !onlyPresent {
		if in.TakeBack, err = c.gaveSomething(ctx); err != nil {
			return changed, err
		}
	}
	if !in.TakeBack {
		err = c.act(ctx, func(ctx context.Context, server *client.Client) (err error) {
			changed, err = server.SetPresence(ctx, in)
			return err
		})
		return changed, err
	}
	err = c.confirmed(ctx, func(ctx context.Context, server *client.Client, code api.Secret) (err error) {
		in.TOTP = code
		changed, err = server.SetPresence(ctx, in)
		return err
	})
	return changed, err
}

func (c *cli) gaveSomething(ctx context.Context) (bool, error) {
	server, err := c.connect()
	if err != nil {
		return false, err
	}
	me, err := server.Me(ctx)
	if err != nil {
		return false, err
	}
	accepted := server.EachHandover(ctx, desk.HandoverQuery{
		Person: me.Person.Username, Status: []custody.HandoverStatus{custody.Accepted},
	})
	for h, err := range accepted {
		if err != nil || h.From == me.Person.Username {
			return err == nil, err
		}
	}
	return false, nil
}

func (c *cli) showPresence(changed api.PresenceChange) error {
	c.note("%s is %s.", changed.Person.Username, presence(changed.Person.Presence))
	return c.showHandovers(changed, changed.Handovers...)
}
