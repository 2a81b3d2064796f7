// Command envelope opens an envelope of Tandem's, and does nothing else: one static file
// for a keyholder's laptop or a stick, which needs no server, no network and no library of
// the machine's.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/cmd/opening"
)

// The exit codes, as those of tandem.
const (
	exitFailed = 1
	exitUsage  = 2
)

type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	err := command().ExecuteContext(ctx)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "envelope:", err)
	if _, misused := errors.AsType[usageError](err); misused {
		os.Exit(exitUsage)
	}
	os.Exit(exitFailed)
}

func command() *cobra.Command {
	output := "table"
	root := &cobra.Command{
		Use: "envelope", Short: "Opens the envelopes of Tandem, without a server",
		SilenceErrors: true, SilenceUsage: true, CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.PersistentFlags().StringVarP(&output, "output", "o", output, "how to print an answer: table or json")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(opening.Verb(opening.Console{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, JSON: func() bool { return output == "json" },
		Usage: func(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} },
	}))
	return root
}
