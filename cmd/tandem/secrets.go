package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
)

// secretStore is the secret store that the configuration names.
type secretStore interface {
	desk.Secrets
	Close() error
}

// openSecrets opens it. first: the installation has no ledger yet, so an
// embedded store may be made.
func openSecrets(ctx context.Context, cfg config.Config, first bool, log *slog.Logger) (secretStore, error) {
	if cfg.Secrets == config.Vault {
		return openVault(ctx, cfg.Vault, log)
	}
	unlock := embedded.Unlock{KeyFile: cfg.Embedded.KeyFile}
	if cfg.Embedded.PassphraseFile != "" {
		var err error
		if unlock.Passphrase, err = secretFile(cfg.Embedded.PassphraseFile); err != nil {
			return nil, fmt.Errorf("embedded.passphrase_file: %w", err)
		}
	}
	if first {
		return embedded.OpenOrCreate(cfg.Embedded.Path, unlock)
	}
	return embedded.Open(cfg.Embedded.Path, unlock)
}
