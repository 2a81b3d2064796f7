package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print what was built",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			version, revision := "unknown", ""
			if info, ok := debug.ReadBuildInfo(); ok {
				version = info.Main.Version
				for _, setting := range info.Settings {
					if setting.Key == "vcs.revision" {
						revision = setting.Value
					}
				}
			}
			value := struct {
				Version  string `json:"version"`
				Revision string `json:"revision,omitzero"`
				Go       string `json:"go"`
				Platform string `json:"platform"`
			}{version, revision, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			return c.show(value, []string{"VERSION", "REVISION", "GO", "PLATFORM"},
				[]string{value.Version, value.Revision, value.Go, value.Platform})
		},
	}
}
