package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/cenkalti/backoff/v5"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to what this program knows. GORM's AutoMigrate
// could not: it knows no triggers, and no history.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := migrator(db)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: read the schema's version: %w", err)
	}
	if current > target {
		return fmt.Errorf("store: the schema has version %d, from a later Tandem; this one knows %d", current, target)
	}
	// Another process may be at it at the same moment. Each migration is one
	// transaction, so trying again goes on where the two are then.
	up := func() ([]*goose.MigrationResult, error) { return p.Up(ctx) }
	if _, err := backoff.Retry(ctx, up, backoff.WithMaxTries(5)); err != nil {
		return fmt.Errorf("store: migrate the schema: %w", err)
	}
	return nil
}

// checkSchema refuses a schema that is not the one of this program.
func checkSchema(ctx context.Context, db *sql.DB) error {
	p, err := migrator(db)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: not a database of Tandem: %w", err)
	}
	if current != target {
		return fmt.Errorf("store: the schema has version %d, this program knows %d", current, target)
	}
	return nil
}

func migrator(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
}
