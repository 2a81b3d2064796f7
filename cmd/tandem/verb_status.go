package main

import (
	"strings"
	"time"

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
			envelopes, err := server.Envelopes(cmd.Context())
			if err != nil {
				return err
			}
			c.noteMyEnvelopes(me.Person.Username, envelopes)
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

// noteMyEnvelopes says what is missing of envelopes that somebody may know of, and whether
// a drill of theirs is due.
func (c *cli) noteMyEnvelopes(username string, all api.Envelopes) {
	if len(all.Keyholders) == 0 { // nobody wants any
		return
	}
	lacking := 0
	for _, e := range all.Envelopes {
		if e.State != api.EnvelopeInForce {
			lacking++
		}
	}
	if lacking > 0 || all.Few || len(all.Failing) > 0 {
		c.note("Passwords that are in no envelope in force: %d (tandem envelope list says why).", lacking)
	}
	for _, k := range all.Keyholders {
		switch {
		case k.Person != username || k.Due.IsZero():
		case k.Overdue:
			c.note("You should have opened an envelope in a drill by %s (tandem envelope drill).", moment(k.Due))
		case time.Until(k.Due) < api.DrillSoon:
			c.note("Open an envelope in a drill by %s (tandem envelope drill).", moment(k.Due))
		}
	}
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
