package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
)

func statusVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Who you are, what you hold, what waits for you",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			me, err := server.Me(cmd.Context())
			if err != nil {
				return err
			}
			return c.showMe(me)
		},
	}
}

func (c *cli) showMe(me api.Me) error {
	c.note("%s (%s) is %s and holds %d.", me.Person.Username, join(me.Person.Roles), presence(me.Presence), len(me.Holdings))
	if me.Maintenance != "" {
		c.note("The server is in maintenance (%s): no password is changed, and nothing is sent.", me.Maintenance)
	}
	if !me.ReviewDue.IsZero() {
		c.note("The policy should have been reviewed by %s (rule 4.1): tell a manager.", moment(me.ReviewDue))
	}
	if open := me.Incidents; open != nil && open.Open > 0 {
		c.note("Open incidents: %d, of which %d special and %d serious; %d that nobody has acknowledged (tandem incident list --open).",
			open.Open, open.Grade[custody.Special], open.Grade[custody.Serious], open.Waits)
	}
	if waits := me.Configuration; waits != nil {
		c.note("The configuration was changed, and is not in force: %s. Until it is acknowledged, what was changed is given no password. Who can acknowledge it: %s (tandem configuration show).",
			strings.Join(waits.Waiting, ", "), whoAcknowledges(waits.ByWhom))
	}
	for _, few := range me.FewApprovers {
		c.note("Fewer than two: %s.", fewCan(few))
	}
	for _, item := range me.Inbox {
		c.note("Waiting for you: %s from %s, %s: %s. Use tandem handover accept %s (or decline).",
			item.ID, item.From, strings.Join(item.Credentials, ", "), item.Reason, item.ID)
	}
	return c.showCredentials(me, append(me.Holdings, me.Changing...)...)
}

// presence puts a presence into words.
func presence(p api.Presence) string {
	words := p.State
	if !p.Until.IsZero() {
		words += " until " + moment(p.Until)
	}
	if p.Reason != "" {
		words += " (" + p.Reason + ")"
	}
	return words
}
