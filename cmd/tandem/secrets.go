package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/vault"
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

// openVault opens the store in Vault, which need not be there yet.
func openVault(ctx context.Context, cfg config.VaultStore, log *slog.Logger) (secretStore, error) {
	c, err := vaultConfig(cfg, log)
	if err != nil {
		return nil, err
	}
	return vault.Open(ctx, c)
}

func vaultConfig(cfg config.VaultStore, log *slog.Logger) (vault.Config, error) {
	names := vault.DefaultNames()
	names.Mount, names.Transit, names.TransitKey = cfg.Mount, cfg.TransitMount, cfg.TransitKey
	names.PasswordPolicy, names.AppRole = cfg.PasswordPolicy, cfg.Auth.Mount
	c := vault.Config{
		Address: cfg.Address, Namespace: cfg.Namespace, CAFile: cfg.CA, Names: names, RequestID: desk.RequestOf, Log: log,
	}
	if cfg.Auth.Method == config.TokenFile {
		c.TokenFile = cfg.Auth.TokenFile
		return c, nil
	}
	c.AppRole = &vault.AppRole{RoleID: cfg.Auth.RoleID, SecretIDFile: cfg.Auth.SecretIDFile, Wrapped: cfg.Auth.Wrapped}
	if cfg.Auth.RoleIDFile != "" {
		id, err := secretFile(cfg.Auth.RoleIDFile)
		if err != nil {
			return c, fmt.Errorf("vault.auth.role_id_file: %w", err)
		}
		c.AppRole.RoleID = id.Reveal()
	}
	return c, nil
}
