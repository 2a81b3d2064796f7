package main

import (
	"context"
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
)

// waiting is how a person wants to wait for a rotation.
type waiting struct {
	wanted bool
	limit  time.Duration
}

func (w *waiting) addFlags(verb *cobra.Command) {
	verb.Flags().BoolVar(&w.wanted, "wait", false, "wait until the server has accepted the new password")
	verb.Flags().DurationVar(&w.limit, "timeout", 5*time.Minute, "with --wait: give up after this")
}

const pollEvery = 250 * time.Millisecond

// steps of a rotation, in order, for the progress bar.
var rotationSteps = []custody.RotationStep{
	custody.StepPending, custody.StepStaged, custody.StepApplied, custody.StepVerified,
}

// waitHeld waits until somebody holds each credential, or it is parked. Until then nothing has
// been taken back: only the server itself can say so.
func (c *cli) waitHeld(ctx context.Context, w waiting, names ...string) error {
	if !w.wanted || len(names) == 0 {
		return nil
	}
	server, err := c.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, w.limit, fmt.Errorf("not done after %s; it goes on by itself", w.limit))
	defer cancel()
	for _, name := range names {
		if err := c.waitOne(ctx, server, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (c *cli) waitOne(ctx context.Context, server *client.Client, name string) error {
	bar := progressbar.NewOptions(len(rotationSteps), progressbar.OptionSetWriter(c.err),
		progressbar.OptionSetVisibility(isTerminal(c.err)), progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish())
	defer bar.Exit()
	var last string
	for {
		credential, err := server.Credential(ctx, name)
		if err != nil {
			return because(ctx, err)
		}
		if credential.Phase != custody.Rotating {
			_ = bar.Finish()
			if credential.Holder == "" {
				c.note("%s: %s, version %d.", name, credential.Phase, credential.Version)
			} else {
				c.note("%s: held by %s, version %d.", name, credential.Holder, credential.Version)
			}
			return nil
		}
		last = c.progress(bar, credential, last)
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return fmt.Errorf("%w (last seen: %s)", context.Cause(ctx), last)
		}
	}
}

// progress shows how far a rotation is, and gives it in words.
func (c *cli) progress(bar *progressbar.ProgressBar, credential api.Credential, last string) string {
	r := credential.Rotation
	words := fmt.Sprintf("%s: changing the password, %s", credential.Name, r.Step)
	if r.Failure != "" {
		words += fmt.Sprintf(", %d failed, the last: %s, next try %s", r.Attempts, r.Failure, moment(r.NextTry))
	}
	if !credential.UnconfirmedSince.IsZero() {
		words = credential.Name + ": " + unconfirmed(credential)
	}
	if words == last {
		return last
	}
	for done, step := range rotationSteps {
		if step == r.Step {
			bar.Describe(words)
			_ = bar.Set(done)
		}
	}
	if !isTerminal(c.err) {
		c.note("%s", words)
	}
	return words
}

// because gives the reason for which ctx ended, if it did, instead of what came
// of that.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
