package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
)

// configFlags gives a verb the flags of a configuration and reads it.
func configFlags(verb *cobra.Command) func() (config.Config, error) {
	flags := verb.Flags()
	file := flags.String("config", os.Getenv(configVariable), "YAML file, also "+configVariable)
	config.AddFlags(flags)
	return func() (config.Config, error) {
		return config.Load(config.Sources{File: *file, Environ: os.Environ(), Flags: flags})
	}
}

// configured has the verb run with the configuration that it is given.
func configured(verb *cobra.Command, run func(cmd *cobra.Command, args []string, cfg config.Config) error) {
	load := configFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		return run(cmd, args, cfg)
	}
}

// channelsCanBe says which channels' secrets are none. What is wrong with their files, and
// was said, is not said again.
func channelsCanBe(cfg config.Config) (err error) {
	for _, c := range cfg.Notify.Channels {
		r, unread := roomOf(cfg, c)
		if unread != nil {
			continue
		}
		if _, no := r.sender(); no != nil {
			err = errors.Join(err, fmt.Errorf("notify.channels, %s: %w", c.Name, no))
		}
	}
	return err
}

func configVerbs(c *cli) *cobra.Command {
	check := &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong with a configuration, or print what it comes to",
		Long: `Reads the file, the variables and the flags as serve does, and looks at every file
that they name, on this machine: what is there, and can be what it should be. Where the
database is a file that is there it is read as well, beside a server that runs, and it is
said where fewer than two people could approve. It connects to nothing: with a database
on a server tandem status says that.`,
		Args: cobra.NoArgs,
	}
	load := configFlags(check)
	check.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		// All at once, as with the keys.
		_, err = passwordPolicies(cfg.PasswordPolicies)
		if err := errors.Join(cfg.CheckFiles(), err, channelsCanBe(cfg)); err != nil {
			return err
		}
		text, err := cfg.Effective()
		if err != nil {
			return err
		}
		if cfg.Secrets == config.Vault && cfg.Vault.WrapKeyFile == "" && !config.LoopbackURL(cfg.Vault.Address) {
			c.note("vault.wrap_key_file is not set: whoever can read Vault as its administrator reads every password and seed. Recommended for production, from the first start on (tandem vault wrap-key new).")
		}
		switch few, err := fewApprovers(cmd.Context(), cfg); {
		case err != nil: // of a configuration that is right all the same
			c.note("Who could approve cannot be said: %v.", err)
		default:
			for _, said := range few {
				c.note("Fewer than two: %s.", said)
			}
		}
		_, err = c.out.Write(text)
		return err
	}
	return family("config", "Look at the configuration", check)
}
