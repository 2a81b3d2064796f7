package main

import (
	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/cmd/opening"
)

func envelopeVerbs(c *cli) *cobra.Command {
	return family("envelope", "Envelopes: passwords for when Tandem itself is down", envelopeOpenVerb(c))
}

func envelopeOpenVerb(c *cli) *cobra.Command { return opening.Verb(c.opening()) }

func (c *cli) opening() opening.Console {
	return opening.Console{In: c.in, Out: c.out, Err: c.err, JSON: func() bool { return c.output == asJSON }, Usage: usagef}
}
