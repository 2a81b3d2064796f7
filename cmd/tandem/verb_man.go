//go:build manpages

package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manVerbs writes manual pages. Only the packaging builds a program that has it: what makes
// them is of no use on a server.
func manVerbs(*cli) []*cobra.Command {
	return []*cobra.Command{{
		Use: "man FOLDER", Short: "Write a manual page for each verb", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			made := time.Unix(0, 0).UTC() // the same for each build of one source
			cmd.Root().DisableAutoGenTag = true
			return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "TANDEM", Section: "1", Date: &made, Source: "tandem " + built().Version, Manual: "Tandem"}, args[0])
		},
	}}
}
