package main

import (
	"context"
	"fmt"
	"time"

	"github.com/atotto/clipboard"
	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

func checkoutVerb(c *cli) *cobra.Command {
	var purpose string
	var reveal bool
	var keep time.Duration
	verb := &cobra.Command{
		Use:   "checkout NAME --purpose TEXT",
		Short: "Get the password that you hold",
		Long: `Checks the password out. On a terminal it goes to the clipboard, which is
emptied after a while; with --reveal it goes to stdout, and nothing else does.`,
		Example: `  tandem checkout db01-root --purpose "ticket 4711"
  tandem checkout db01-root --purpose "ticket 4711" --reveal`,
		Args: cobra.ExactArgs(1),
	}
	verb.Flags().StringVar(&purpose, "purpose", "", "what it is for, such as a ticket number")
	verb.Flags().BoolVar(&reveal, "reveal", false, "print the password on stdout")
	verb.Flags().DurationVar(&keep, "clear-after", 30*time.Second, "empty the clipboard after this")
	_ = verb.MarkFlagRequired("purpose")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		// Nothing is checked out that could then not be delivered.
		if !reveal && (!isTerminal(c.out) || clipboard.Unsupported) {
			return usagef("there is no terminal with a clipboard here: add --reveal to have the password on stdout")
		}
		var out api.Checkout
		err := c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (err error) {
			out, err = server.CheckOut(ctx, args[0], api.CheckOut{Purpose: purpose, TOTP: code})
			return err
		})
		if err != nil {
			return err
		}
		c.note("%s, version %d, is yours until %s; tandem checkin %s ends it before.",
			args[0], out.Version, moment(out.Lease.ExpiresAt), args[0])
		if reveal {
			return c.reveal(out)
		}
		return c.copy(cmd.Context(), out, keep)
	}
	return verb
}

func (c *cli) reveal(out api.Checkout) error {
	if c.output == asJSON {
		return c.showJSON(out)
	}
	_, err := fmt.Fprintln(c.out, string(out.Password))
	return err
}

// copy puts the password on the clipboard and takes it off again, also when the
// person does not want to wait.
func (c *cli) copy(ctx context.Context, out api.Checkout, keep time.Duration) error {
	password := string(out.Password)
	if err := clipboard.WriteAll(password); err != nil {
		return fmt.Errorf("the clipboard does not work (%w): check out again with --reveal", err)
	}
	defer func() {
		if now, err := clipboard.ReadAll(); err == nil && now == password {
			_ = clipboard.WriteAll("")
		}
	}()
	if c.output == asJSON {
		out.Password = ""
		if err := c.showJSON(out); err != nil {
			return err
		}
	}
	c.note("The password is on the clipboard for %s.", keep)
	select {
	case <-time.After(keep):
	case <-ctx.Done():
	}
	return nil
}

func checkinVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "checkin NAME",
		Short: "End your check-out before its time",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.act(cmd.Context(), func(ctx context.Context, server *client.Client) error {
				credential, err := server.CheckIn(ctx, args[0])
				if err != nil {
					return err
				}
				return c.showCredentials(credential, credential)
			})
		},
	}
}
