package main

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
)

// sendTries is how often a command is sent whose answer does not arrive.
const sendTries = 3

// showVerb makes a verb that reads the one thing that its argument names, and shows it.
func showVerb[T any](c *cli, use, short string, read func(*client.Client, context.Context, string) (T, error), show func(T) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			found, err := read(server, cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return show(found)
		},
	}
}

// act logs on and carries out a command. One whose answer was lost on the way is
// sent again under the same idempotency key, so that it happens once.
func (c *cli) act(ctx context.Context, command func(context.Context, *client.Client) error) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	return sendOnce(ctx, func(ctx context.Context) error { return command(ctx, server) })
}

// confirmed is act for a command that needs a TOTP code.
func (c *cli) confirmed(ctx context.Context, command func(context.Context, *client.Client, api.Secret) error) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	code, err := c.code()
	if err != nil {
		return err
	}
	return sendOnce(ctx, func(ctx context.Context) error { return command(ctx, server, api.Secret(code)) })
}

func sendOnce(ctx context.Context, send func(context.Context) error) error {
	ctx = client.WithIdempotencyKey(ctx, rand.Text())
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = 200 * time.Millisecond
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := send(ctx)
		if _, answered := errors.AsType[*edge.Problem](err); answered {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(sendTries))
	return err
}
