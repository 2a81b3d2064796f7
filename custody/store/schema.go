package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// lastReaders are the last revisions of Tandem that read a schema: it is entered
// when the next migration is added. Schemas 4 and 5 were never alone.
var lastReaders = map[int64]string{1: "3cb942d", 2: "81a272f", 3: "029668f", 6: "73f8f20", 7: "07bc9bc", 8: "e3e53d1", 9: "0b3e43c", 10: "a0cafe9", 11: "28ecad9", 12: "29d1a62", 13: "fa43b2b", 14: "5d631a4", 15: "12c9db5", 16: "fa88721", 17: "ad9d516", 18: "da1b82e", 19: "7f29406", 20: "1199ac0", 21: "fdc2a40", 22: "559279f", 23: "fd1a699", 24: "be83f12", 25: "d1c4506", 26: "4a3dc47", 27: "afc16f0"}

// boundRules is the first schema whose ledger this program carries out again. What
// an earlier one left out nobody can add, seals neither, and its entries stay as
// they were written.
const boundRules = 21

// SchemaError: the database is another program's. Its text says whose, and what
// to do.
type SchemaError struct {
	Version, Known int64
}

// Error implements error.
func (e *SchemaError) Error() string {
	if e.Version > e.Known {
		return fmt.Sprintf("its schema has version %d, from a later Tandem; this one reads version %d. "+
			"Use the Tandem that wrote it, or a later one (in a backup the file \"version\" names it)", e.Version, e.Known)
	}
	reader, found := lastReaders[e.Version]
	if !found {
		reader = "that wrote it"
	} else {
		reader = "of revision " + reader
	}
	if e.Version < boundRules {
		return fmt.Sprintf("its ledger was written by an earlier Tandem (schema %d), in another format; "+
			"this one (schema %d) cannot verify it. It is read by the Tandem %s (in a backup the file \"version\" names it): "+
			"verify and export it with that one, keep it, and begin a new one", e.Version, e.Known, reader)
	}
	return fmt.Sprintf("its schema has version %d, from an earlier Tandem; this one reads version %d. "+
		"Version %[1]d is read by the Tandem %[3]s (in a backup the file \"version\" names it); "+
		"tandem serve brings the database that it is configured with up to date, and keeps a copy of it as it was", e.Version, e.Known, reader)
}

// Converted says whether Open brings a database of this schema up to date when
// there are entries in it.
func Converted(version int64) bool { return version >= boundRules }

// Schema gives the version of a database's schema and the one that this program
// knows, and changes nothing. The version is 0 where there is no database or nothing
// in it yet.
func Schema(ctx context.Context, at string) (version, known int64, err error) {
	d, at, err := dialectOf(at)
	if err != nil {
		return 0, 0, fmt.Errorf("store: %w", err)
	}
	if known, err = d.newestSchema(); err != nil {
		return 0, 0, err
	}
	there := d.place(at)
	if nothing, err := there.absent(); err == nil && nothing {
		return 0, known, nil
	}
	if version, err = d.schemaOf(ctx, at); err != nil {
		return 0, 0, fmt.Errorf("store: read the version of the schema of %s: %w", there, err)
	}
	return version, known, nil
}

// newestSchema gives the version of the schema that this program knows.
func (d *dialect) newestSchema() (newest int64, err error) {
	files, err := migrations.ReadDir("migrations/" + d.folder)
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file.Name())
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// schemaOf gives the version of a database that is there, and stays as it is.
func (d *dialect) schemaOf(ctx context.Context, at string) (version int64, err error) {
	db, err := d.connect(at, asEvidence)
	if err != nil {
		return 0, err
	}
	pool, err := db.DB()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	if err := pool.PingContext(ctx); err != nil {
		return 0, err
	}
	if !db.WithContext(ctx).Migrator().HasTable(goose.DefaultTablename) {
		return 0, nil
	}
	p, err := d.migrator(pool)
	if err != nil {
		return 0, err
	}
	return p.GetDBVersion(ctx)
}
