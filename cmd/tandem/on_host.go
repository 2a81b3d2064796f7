package main

import (
	"context"
	"errors"
	"os/user"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

// operator is whom the machine knows the person at its terminal as, for the log.
func operator() string {
	by, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return by.Username
}

// changeDatabase opens the configured database for one change, also beside a running
// server. It makes none where there is none.
func changeDatabase(ctx context.Context, cfg config.Config, change func(*store.Store) error) error {
	at := cfg.DatabaseAddress()
	switch version, _, err := store.Schema(ctx, at); {
	case err != nil:
		return err
	case version == 0: // to open it would make one
		return errors.New("there is no database of Tandem's yet: " + cfg.Database)
	}
	database, err := store.Open(ctx, at, newLog(cfg.Log))
	if err != nil {
		return err
	}
	return errors.Join(change(database), database.Close())
}

// onStopped opens database and secret store for what is done to a ledger while no server runs.
func onStopped(ctx context.Context, cfg config.Config, do func(desk.Config, *store.Store) error) (err error) {
	log := newLog(cfg.Log)
	secrets, err := openSecrets(ctx, cfg, false, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, secrets.Close()) }()
	opened, err := store.Open(ctx, cfg.DatabaseAddress(), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	return do(desk.Config{
		Store: opened, Accounts: opened, Secrets: secrets, Clock: machineClock(),
		Policy: policyOf(cfg.Policy), Origin: cfg.Ledger.Origin, Log: log, SessionTTL: cfg.SessionTTL,
	}, opened)
}
