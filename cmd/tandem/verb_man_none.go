//go:build !manpages

package main

import "github.com/spf13/cobra"

// manVerbs: see verb_man.go.
func manVerbs(*cli) []*cobra.Command { return nil }
