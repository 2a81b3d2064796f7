package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody/desk"
)

func personDeputyVerb(c *cli) *cobra.Command {
	verb := newDeputyVerb(c, &cobra.Command{
		Use:   "deputy USERNAME --deputy PERSON --ends DAY --reason TEXT",
		Short: "Propose who decides about proposals in the place of a manager or a director while they are away",
		Long: `A manager and a director approve it, neither of the two among them. Where the principal
is the only one at their level, they ask for it themselves, and that is their yes. What a
deputy does counts only while the principal has marked themselves away.`,
	}, func(ctx context.Context, server *client.Client, username string, in api.NameDeputy) (api.Proposal, error) {
		return server.NameDeputy(ctx, desk.Username(username), in)
	})
	verb.AddCommand(&cobra.Command{
		Use: "end USERNAME", Short: "End it at once: either of the two, an admin, a manager or a director", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				return c.showPerson(server.EndDeputy(ctx, desk.Username(args[0]), code))
			})
		},
	})
	return verb
}

// newDeputyVerb takes who is to be somebody's deputy, and for how long.
func newDeputyVerb(c *cli, verb *cobra.Command, ask func(context.Context, *client.Client, string, api.NameDeputy) (api.Proposal, error)) *cobra.Command {
	var in api.NameDeputy
	var starts, ends string
	c.proposes(verb, &in.Reason, func(ctx context.Context, server *client.Client, args []string, code api.Secret) (p api.Proposal, err error) {
		in.Deputy, in.TOTP = desk.Username(in.Deputy), code
		if in.Starts, _, err = readTime(starts, time.Now()); err != nil { // a day as it begins
			return p, err
		}
		if in.Ends, err = parseUntil(ends, time.Now()); err != nil {
			return p, err
		}
		return ask(ctx, server, args[0], in)
	})
	flags := verb.Flags()
	flags.StringVar(&in.Deputy, "deputy", "", "who: not an auditor, nor an admin where the policy excludes that")
	flags.StringVar(&starts, "starts", "", "when it starts, such as 2026-12-24 (left out: as soon as it is approved)")
	flags.StringVar(&ends, "ends", "", "when it ends, such as 2027-01-07 (at most a year ahead)")
	for _, name := range []string{"deputy", "ends"} {
		_ = verb.MarkFlagRequired(name)
	}
	return verb
}

// inPlaceOf names who did something, and for whom.
func inPlaceOf(person, principal string) string {
	if principal == "" {
		return person
	}
	return fmt.Sprintf("%s for %s", person, principal)
}

// fewCan says where too few people could approve.
func fewCan(w api.FewerThanTwo) string {
	what := "anything"
	if w.Credential != "" {
		what = w.Credential
	}
	who := "nobody"
	if len(w.Able) > 0 {
		who = "only " + strings.Join(w.Able, ", ")
	}
	return fmt.Sprintf("%s could approve about %s as %s", who, what, w.Level)
}
