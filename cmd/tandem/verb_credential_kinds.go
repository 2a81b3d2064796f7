package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func credentialKindsVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "kinds",
		Short: "List the kinds of targets, and what credential add needs for each",
		Long: "List the kinds of targets, and what credential add needs for each: --address and --account as in the examples, " +
			"each setting as --set NAME=VALUE, and what administers the target, if anything does, in the file of --admin-key-file. " +
			"Those of Vault's engines are there where Vault is the secret store.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all := described(allKinds())
			var rows [][]string
			for _, k := range all {
				rows = append(rows, []string{k.Name, k.Address, k.Account, string(k.Admin), k.Limits(), strings.Join(k.SettingNames(), ", ")})
			}
			return c.show(all, []string{"KIND", "ADDRESS", "ACCOUNT", "ADMIN", "PASSWORDS", "SETTINGS"}, rows...)
		},
	}
}
