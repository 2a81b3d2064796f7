package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func credentialExposureVerb(c *cli) *cobra.Command {
	var when string
	verb := &cobra.Command{
		Use:   "exposure NAME [--at TIME]",
		Short: "Who was shown the password, now or then, and which entries prove it",
		Long: `Lists everybody to whom the current password was shown since it was made, each
with the check-outs in the ledger that prove it. With --at, the password that was
current then. A password from before custody has version 0: who knows that one
Tandem cannot say.`,
		Example: "  tandem credential exposure db01 --at '2026-03-02 18:00'",
		Args:    cobra.ExactArgs(1),
	}
	verb.Flags().StringVar(&when, "at", "", "look back to this time")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		var at time.Time
		if when != "" {
			var err error
			if at, err = parsePast(when, time.Now()); err != nil {
				return err
			}
			c.sayThen("As of", at)
		}
		server, err := c.connect()
		if err != nil {
			return err
		}
		x, err := server.Exposure(cmd.Context(), args[0], at)
		if err != nil {
			return err
		}
		c.note("Version %d of %s, current since %s (entry %d).", x.Version, x.Credential, moment(x.Since), x.Entry)
		var rows [][]string
		for _, seen := range x.Known {
			entries := make([]string, len(seen.Entries))
			for i, index := range seen.Entries {
				entries[i] = strconv.FormatInt(index, 10)
			}
			rows = append(rows, []string{seen.Person, moment(seen.First), moment(seen.Last), strings.Join(entries, ", ")})
		}
		if len(rows) == 0 {
			c.note("Nobody was shown it.")
		}
		return c.show(x, []string{"PERSON", "FIRST", "LAST", "ENTRIES"}, rows...)
	}
	return verb
}
