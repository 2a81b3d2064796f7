package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/store"
)

// fewApprovers says of an installation whose database lies on this machine where fewer than
// two people could approve, as its tables have it; none before there is one. A database on a
// server is not asked: who checks a configuration connects to nothing.
func fewApprovers(ctx context.Context, cfg config.Config) ([]string, error) {
	if cfg.OnServer() {
		return nil, nil
	}
	if _, err := os.Stat(cfg.SQLitePath()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	database, err := store.OpenReadOnly(ctx, cfg.DatabaseAddress(), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer func() { _ = database.Close() }()
	state, _, err := database.Load(ctx)
	if err != nil {
		return nil, err
	}
	var said []string
	for _, s := range state.Shortages() {
		said = append(said, fewCan(api.FewerThanTwo{Level: s.Level, Able: s.Able, Credential: s.Credential}))
	}
	return said, nil
}
