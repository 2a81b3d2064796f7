package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

func ledgerReviewVerb(c *cli) *cobra.Command {
	var in api.SignReview
	verb := &cobra.Command{
		Use:   "review --from INDEX --to INDEX --text TEXT",
		Short: "Sign, as an auditor, which entries you have gone through and what you found",
		Long: `The review stands in the ledger, with your code, and cannot be changed any more. --to is
the index behind the last entry, so that the next review begins there; tandem ledger
reviews lists what was signed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				in.TOTP = code
				signed, err := server.SignReview(ctx, in)
				if err != nil {
					return err
				}
				return c.showReviews(signed, signed)
			})
		},
	}
	flags := verb.Flags()
	flags.Int64Var(&in.From, "from", 0, "index of the first entry")
	flags.Int64Var(&in.To, "to", 0, "index behind the last one")
	flags.StringVar(&in.Text, "text", "", "what was found")
	for _, name := range []string{"from", "to", "text"} {
		_ = verb.MarkFlagRequired(name)
	}
	return verb
}

func ledgerReviewsVerb(c *cli) *cobra.Command {
	var before int64
	verb := &cobra.Command{Use: "reviews", Short: "List what auditors have signed of the ledger, the newest first", Args: cobra.NoArgs}
	limit := verb.Flags().Int("limit", 50, "at most so many")
	verb.Flags().Int64Var(&before, "before", 0, "only those before this entry")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.act(cmd.Context(), func(ctx context.Context, server *client.Client) error {
			signed, err := server.Reviews(ctx, before, *limit)
			if err != nil {
				return err
			}
			return c.showReviews(signed, signed...)
		})
	}
	return verb
}

func (c *cli) showReviews(answer any, reviews ...api.SignedReview) error {
	rows := make([][]string, len(reviews))
	for i, r := range reviews {
		rows[i] = []string{strconv.FormatInt(r.Index, 10), moment(r.At), r.By, strconv.FormatInt(r.From, 10), strconv.FormatInt(r.To, 10), r.Text}
	}
	return c.show(answer, []string{"ENTRY", "TIME", "BY", "FROM", "TO", "FOUND"}, rows...)
}
