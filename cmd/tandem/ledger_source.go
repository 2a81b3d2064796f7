package main

import (
	"context"
	"log/slog"
	"strings"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/store"
)

// openLedger gives the ledger of a database file, or of the server that this
// machine is logged in at when path is "". The caller calls done.
func (c *cli) openLedger(ctx context.Context, path string) (ledger auditor.Ledger, done func(), err error) {
	if path != "" {
		database, err := openDatabase(ctx, path)
		if err != nil {
			return nil, nil, err
		}
		return database, func() { _ = database.Close() }, nil
	}
	server, err := c.connect()
	if err != nil {
		return nil, nil, err
	}
	key, err := server.LedgerKey(ctx)
	if err != nil {
		return nil, nil, err
	}
	signed, err := server.Checkpoint(ctx)
	if err != nil {
		return nil, nil, err
	}
	head, err := audit.OpenCheckpoint(signed, key)
	if err != nil {
		return nil, nil, verificationError{err}
	}
	return server.Log(head.Size), func() {}, nil
}

// databaseLog is the ledger of a database file, for an auditor.
type databaseLog struct{ *store.Store }

var (
	_ auditor.Ledger   = databaseLog{}
	_ auditor.Database = databaseLog{}
)

// openDatabase opens a database file to be read, whether a server runs on it or not.
func openDatabase(ctx context.Context, path string) (databaseLog, error) {
	database, err := store.OpenReadOnly(ctx, strings.TrimPrefix(path, "sqlite:"), slog.New(slog.DiscardHandler))
	return databaseLog{database}, err
}

// TextsOf implements auditor.Ledger.
func (d databaseLog) TextsOf(ctx context.Context, _ int64, e custody.Event) (map[string]custody.Words, error) {
	return d.Texts(ctx, e.Notes())
}

// Verify implements auditor.Database.
func (d databaseLog) Verify(ctx context.Context, opts audit.VerifyOptions) (auditor.Found, error) {
	found, err := d.Store.Verify(ctx, opts)
	return auditor.Found(found), err
}
