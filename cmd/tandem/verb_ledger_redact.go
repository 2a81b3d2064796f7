package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

func ledgerRedactVerb(c *cli) *cobra.Command {
	var reason string
	verb := &cobra.Command{
		Use:   "redact INDEX --reason TEXT",
		Short: "Take what people wrote out of an entry, for good",
		Long: `For a password that was typed into a purpose, say. What stands in the ledger is only
the commitment to the text, and stays: no hash changes, and tandem ledger verify counts
the text as redacted. By a manager or a director, with a code. It is entered in the
ledger, with the reason.

Backups and exports that were made before still have the text.`,
		Args: cobra.ExactArgs(1),
	}
	verb.Flags().StringVar(&reason, "reason", "", "why")
	_ = verb.MarkFlagRequired("reason")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		index, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || index < 0 {
			return usagef("INDEX is the number of an entry, from 0")
		}
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, totp api.Secret) error {
			done, err := server.Redact(ctx, index, api.Redact{Reason: reason, TOTP: totp})
			if err != nil {
				return err
			}
			c.note("%s", done.Next.En)
			return c.show(done, []string{"ENTRY", "TEXTS"}, []string{strconv.FormatInt(done.Index, 10), strconv.Itoa(done.Texts)})
		})
	}
	return verb
}
