package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
)

func ledgerWitnessesVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "witnesses",
		Short: "Show who cosigns the ledger's checkpoints, and up to where",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			w, err := server.Witnessing(cmd.Context())
			if err != nil {
				return err
			}
			return c.showWitnessing(w)
		},
	}
}

func (c *cli) showWitnessing(w api.Witnessing) error {
	var rows [][]string
	for _, one := range w.Witnesses {
		rows = append(rows, []string{
			one.Name, one.State, moment(one.Since), strconv.FormatInt(one.Size, 10), moment(one.Cosigned), one.Reason,
		})
	}
	switch {
	case len(w.Witnesses) == 0:
		c.note("This ledger has no witnesses: ledger.witnesses in the server's configuration names them.")
	case w.Witnessed == 0:
		c.note("%d of %d witnesses cosign; no checkpoint has been cosigned by %d of them.", w.Cosigning, len(w.Witnesses), max(1, w.Need))
	default:
		c.note("%d of %d witnesses cosign; witnessed to %d of %d entries, by %s.",
			w.Cosigning, len(w.Witnesses), w.Witnessed, w.Head, strings.Join(w.By, ", "))
	}
	for _, d := range w.Deliveries {
		c.note("Delivered to %s: %d entries, %s", d.To, d.Size, moment(d.At))
	}
	for _, alert := range w.Alerts {
		c.note("Look at this: %s", alert)
	}
	return c.show(w, []string{"NAME", "STATE", "SINCE", "COSIGNED", "AT", "REASON"}, rows...)
}
