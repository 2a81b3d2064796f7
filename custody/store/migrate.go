package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/pressly/goose/v3"
)

const (
	migrationPause = 50 * time.Millisecond
	migrationTries = 20
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate brings the schema up to what this program knows. GORM's AutoMigrate
// could not: it knows no triggers, and no history.
func migrate(ctx context.Context, d *dialect, db *sql.DB) error {
	p, err := d.migrator(db)
	if err != nil {
		return err
	}
	// Another process may be at it at the same moment, and the first to do so also
	// makes the table of versions.
	var current, target int64
	_, err = backoff.Retry(ctx, func() (_ struct{}, err error) {
		current, target, err = p.GetVersions(ctx)
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(migrationPause)), backoff.WithMaxTries(migrationTries))
	if err != nil {
		return fmt.Errorf("store: read the schema's version: %w", err)
	}
	if current > target {
		return &SchemaError{current, target}
	}
	if 0 < current && current < boundRules {
		var entries int64
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM ledger_entries").Scan(&entries); err != nil {
			return fmt.Errorf("store: read the ledger's size: %w", err)
		}
		if entries > 0 {
			return &SchemaError{current, target}
		}
	}
	// Each migration is one transaction, so trying again goes on where all are
	// then. A try in which nobody came further has failed for good.
	_, err = backoff.Retry(ctx, func() ([]*goose.MigrationResult, error) {
		results, err := p.Up(ctx)
		if err == nil {
			return results, nil
		}
		before := current
		if now, _, errNow := p.GetVersions(ctx); errNow == nil {
			current = now
		}
		if current == before && judge(err) != passes {
			return results, backoff.Permanent(err)
		}
		return results, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(migrationPause)), backoff.WithMaxElapsedTime(openingTimeout))
	if err != nil {
		return fmt.Errorf("store: migrate the schema: %w", err)
	}
	return nil
}

// checkSchema refuses a schema that is not the one of this program.
func checkSchema(ctx context.Context, d *dialect, db *sql.DB) error {
	p, err := d.migrator(db)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: not a database of Tandem: %w", err)
	}
	if current != target {
		return &SchemaError{current, target}
	}
	return nil
}

func (d *dialect) migrator(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+d.folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(d.goose, db, files, goose.WithDisableGlobalRegistry(true))
}
