package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/cmd/clipboard"
)

func checkoutVerb(c *cli) *cobra.Command {
	var purpose string
	var to delivery
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
	to.addFlags(verb)
	_ = verb.MarkFlagRequired("purpose")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if err := to.check(c); err != nil {
			return err
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
		return to.deliver(cmd.Context(), c, out)
	}
	return verb
}

func showAgainVerb(c *cli) *cobra.Command {
	var to delivery
	verb := &cobra.Command{
		Use:   "show-again NAME",
		Short: "Get the password of your check-out once more",
		Long: `Shows the password that you have checked out again, as checkout does, with a
code and an entry of its own. The check-out ends when it would have ended.`,
		Args: cobra.ExactArgs(1),
	}
	to.addFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if err := to.check(c); err != nil {
			return err
		}
		var out api.Checkout
		err := c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (err error) {
			out, err = server.ShowAgain(ctx, args[0], code)
			return err
		})
		if err != nil {
			return err
		}
		c.note("%s, version %d, is yours until %s.", args[0], out.Version, moment(out.Lease.ExpiresAt))
		return to.deliver(cmd.Context(), c, out)
	}
	return verb
}

// delivery is where a password goes that was shown: the clipboard, or stdout.
type delivery struct {
	reveal bool
	keep   time.Duration
}

func (d *delivery) addFlags(verb *cobra.Command) {
	verb.Flags().BoolVar(&d.reveal, "reveal", false, "print the password on stdout")
	verb.Flags().DurationVar(&d.keep, "clear-after", 30*time.Second, "empty the clipboard after this")
}

// check comes first: nothing is entered as shown that could then not be delivered.
func (d *delivery) check(c *cli) error {
	if !d.reveal && (!isTerminal(c.out) || clipboard.Lacking()) {
		return usagef("there is no terminal with a clipboard here: add --reveal to have the password on stdout")
	}
	return nil
}

func (d *delivery) deliver(ctx context.Context, c *cli, out api.Checkout) error {
	if d.reveal {
		return c.reveal(out)
	}
	return c.copy(ctx, out, d.keep)
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
	return clipboard.Lend(ctx, string(out.Password), keep, "show it again with --reveal: tandem credential show-again", func() error {
		if c.output == asJSON {
			out.Password = ""
			if err := c.showJSON(out); err != nil {
				return err
			}
		}
		c.note("The password is on the clipboard for %s.", keep)
		return nil
	})
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
