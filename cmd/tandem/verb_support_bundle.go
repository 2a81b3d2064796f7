package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

func supportBundleVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "support-bundle FILE",
		Short: "Gather, without secrets, what somebody who helps will ask for",
		Long: `Writes a compressed tar with the configuration as it counts (without secrets), what was
built, what tandem doctor finds, what the server says of itself (/readyz and /metrics) and,
with --log, the end of its log. Before anything is written it is searched for the secrets
in the files that the configuration names, and for what looks like one; if there is any,
nothing is written, and it is said where it is.

The log has names of people, addresses and credentials: look at it before you send it.`,
		Args: cobra.ExactArgs(1),
	}
	log := verb.Flags().String("log", "", "file with the server's log, of which the last 4 MiB are taken")
	load := configFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if _, err := os.Lstat(args[0]); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, fmt.Errorf("%s is there already: a bundle goes into a new file", args[0]))
		}
		b, err := gather(cmd.Context(), cfg, verb.Flag("config").Value.String(), *log)
		if err != nil {
			return err
		}
		if err := b.leaks(cfg); err != nil {
			return fmt.Errorf("nothing was written, as it would give a secret away:\n%w\nTake it out of the log, change that secret, and report it: it should not have been there", err)
		}
		if err := writeOut(args[0], b.write); err != nil {
			return err
		}
		c.note("%s has %d files. Look at them before you send it: names of people and of credentials are in it.", args[0], len(b.parts)+1)
		return nil
	}
	return verb
}
