package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func doctorVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything around the server, and say what to do about each thing that is not well",
		Long: `Looks, on the server's machine and as its user, at the configuration and the files that
it names, who else can read them, certificates, the clock, the database, the rights in the
secret store, the server itself and the backups. It changes nothing and sends nothing, and
can be run beside a server. With --reach it also connects to the mail server, the channels,
the witnesses and the SIEM, without saying anything there.

Exit code 0: no problem, though there may be warnings; 1: a problem.`,
		Args: cobra.NoArgs,
	}
	reach := verb.Flags().Bool("reach", false, "also connect to what is on other machines")
	load := configFlags(verb)
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		var found []diagnosis
		if err != nil {
			for _, problem := range eachOf(err) {
				found = append(found, diagnosis{"configuration", ailing, problem.Error(), "put it right: nothing else was looked at"})
			}
		} else {
			d := doctor{cfg: cfg, file: verb.Flag("config").Value.String(), reach: *reach, now: time.Now()}
			found = d.examine(cmd.Context())
		}
		rows, problems := [][]string{}, 0
		for _, one := range found {
			if one.Verdict == ailing {
				problems++
			}
			what := one.What
			if one.Next != "" {
				what += "\n→ " + one.Next
			}
			rows = append(rows, []string{one.Part, string(one.Verdict), strings.TrimSpace(what)})
		}
		if err := c.show(found, []string{"PART", "VERDICT", "WHAT, AND WHAT TO DO"}, rows...); err != nil {
			return err
		}
		if problems > 0 {
			return fmt.Errorf("%d of %d things are not well", problems, len(found))
		}
		return nil
	}
	return verb
}
