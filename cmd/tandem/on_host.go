package main

import (
	"context"
	"errors"
	"os/user"

	"github.com/tandem-custody/tandem/config"
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
