package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/password"
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
		return openVault(ctx, cfg, log)
	}
	policies, err := passwordPolicies(cfg.PasswordPolicies)
	if err != nil {
		return nil, err
	}
	unlock, err := unlockOf(cfg.Embedded)
	if err != nil {
		return nil, err
	}
	open := embedded.Open
	if first {
		open = embedded.OpenOrCreate
	}
	store, err := open(cfg.Embedded.Path, unlock)
	if err != nil {
		return nil, err // as in openVault
	}
	store.Policies = policies
	return store, nil
}

func unlockOf(e config.EmbeddedStore) (u embedded.Unlock, err error) {
	u.KeyFile = e.KeyFile
	if e.PassphraseFile != "" {
		if u.Passphrase, err = secretFile(e.PassphraseFile); err != nil {
			return u, fmt.Errorf("embedded.passphrase_file: %w", err)
		}
	}
	return u, nil
}

// openVault opens the store in Vault, which need not be there yet.
func openVault(ctx context.Context, cfg config.Config, log *slog.Logger) (secretStore, error) {
	c, err := vaultConfig(cfg, log)
	if err != nil {
		return nil, err
	}
	store, err := vault.Open(ctx, c)
	if err != nil {
		return nil, err // not the store: an interface with a nil in it is not nil
	}
	return store, nil
}

// vaultNames is what everything is called in Vault, and its password policies.
func vaultNames(cfg config.Config) (names vault.Names, err error) {
	names = vault.DefaultNames()
	names.Mount, names.Transit, names.TransitKey = cfg.Vault.Mount, cfg.Vault.TransitMount, cfg.Vault.TransitKey
	names.PasswordPolicy, names.AppRole = cfg.Vault.PasswordPolicy, cfg.Vault.Auth.Mount
	names.LDAP, names.Database = cfg.Vault.LDAPMount, cfg.Vault.DatabaseMount
	names.Passwords, err = passwordPolicies(cfg.PasswordPolicies)
	return names, err
}

func vaultConfig(all config.Config, log *slog.Logger) (vault.Config, error) {
	names, err := vaultNames(all)
	if err != nil {
		return vault.Config{}, err
	}
	cfg := all.Vault
	c := vault.Config{
		Address: cfg.Address, Namespace: cfg.Namespace, CAFile: cfg.CA, Names: names, RequestID: desk.RequestOf, Log: log,
	}
	if c.WrapKey, err = wrapKey(cfg.WrapKeyFile); err != nil {
		return c, err
	}
	if cfg.Auth.Method == config.TokenFile {
		c.TokenFile = cfg.Auth.TokenFile
		return c, nil
	}
	c.AppRole = &vault.AppRole{
		RoleID: cfg.Auth.RoleID, RoleIDFile: cfg.Auth.RoleIDFile, SecretIDFile: cfg.Auth.SecretIDFile, Wrapped: cfg.Auth.Wrapped,
	}
	if cfg.Auth.RoleIDFile != "" { // a first look, so that a start names a file that is not there
		if _, err := secretFile(cfg.Auth.RoleIDFile); err != nil {
			return c, fmt.Errorf("vault.auth.role_id_file: %w", err)
		}
	}
	return c, nil
}

// wrapKey reads the key that values are wrapped with; the zero one: they are not.
func wrapKey(file string) (key vault.WrapKey, err error) {
	if file == "" {
		return key, nil
	}
	text, err := secretFile(file)
	if err == nil {
		key, err = vault.ReadWrapKey(text)
	}
	if err != nil {
		return key, fmt.Errorf("vault.wrap_key_file: %w", err)
	}
	return key, nil
}

// passwordPolicies reads the named password policies and checks them. Whichever
// the secret store is, the same files say what its passwords look like.
func passwordPolicies(files []config.PasswordPolicy) (map[string]password.Policy, error) {
	policies := map[string]password.Policy{}
	var wrong []error
	for i, p := range files {
		policy, err := passwordPolicy(p.File)
		if err != nil {
			wrong = append(wrong, &config.Error{Key: fmt.Sprintf("password_policies[%d].file", i), Problem: err.Error()})
		}
		policies[p.Name] = policy
	}
	return policies, errors.Join(wrong...)
}

func passwordPolicy(file string) (password.Policy, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return password.Policy{}, err
	}
	return password.ParseHCL(file, text)
}
