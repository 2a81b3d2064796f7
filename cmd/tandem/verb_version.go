package main

import (
	"cmp"
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
			b := built()
			return c.show(b, []string{"VERSION", "REVISION", "GO", "PLATFORM"},
				[]string{b.Version, b.Revision, b.Go, b.Platform})
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

// version is set by the linker for a release: -X main.version=v1.2.3.
var version string

func built() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Version = cmp.Or(b.Version, info.Main.Version)
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				b.Revision = setting.Value
			}
		}
	}
	b.Version = cmp.Or(b.Version, "unknown")
	return b
}
