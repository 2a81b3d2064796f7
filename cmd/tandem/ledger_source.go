package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/store"
)

// openLedger gives the ledger of a database, or of the server that this
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

// databaseLog is the ledger of a database, for an auditor.
type databaseLog struct{ *store.Store }

var (
	_ auditor.Ledger   = databaseLog{}
	_ auditor.Database = databaseLog{}
)

// databasePasswordVariable names the file that has the password of a database on a
// server, as the configuration does.
const databasePasswordVariable = "TANDEM_DATABASE_PASSWORD_FILE"

// addressOf is the address of a database that a flag names.
func addressOf(database string) string {
	return config.WithPasswordFile(database, os.Getenv(databasePasswordVariable))
}

// openDatabase opens a database to be read, whether a server runs on it or not.
func openDatabase(ctx context.Context, database string) (databaseLog, error) {
	opened, err := store.OpenReadOnly(ctx, addressOf(database), slog.New(slog.DiscardHandler))
	return databaseLog{opened}, err
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
