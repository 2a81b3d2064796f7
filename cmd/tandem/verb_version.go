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
			built := version()
			return c.show(built, []string{"VERSION", "REVISION", "GO", "PLATFORM"},
				[]string{built.Version, built.Revision, built.Go, built.Platform})
		},
	}
}

// build is what this program was made of.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitzero"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func version() build {
	b := build{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Version = info.Main.Version
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				b.Revision = setting.Value
			}
		}
	}
	return b
}
