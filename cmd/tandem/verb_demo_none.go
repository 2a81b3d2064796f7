//go:build nodemo

package main

import "github.com/spf13/cobra"

// demoVerbs gives none that does anything: what is built for production has neither
// the demo's SSH server nor the passwords in clear that a demo prints.
func demoVerbs(*cli) []*cobra.Command {
	return []*cobra.Command{{
		Use: "demo", Hidden: true, DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return usagef("this tandem is built for production and has no demo: in a clone, go run ./cmd/tandem demo")
		},
	}}
}
