package store

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
)

// older is a database that an earlier Tandem left, with this version of its schema.
func older(t *testing.T, version int64) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "old.db")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	db, err := sqliteWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	p, err := sqliteDialect.migrator(pool)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAnOlderSchemaSaysWhoReadsIt, and stays what it is.
func TestAnOlderSchemaSaysWhoReadsIt(t *testing.T) {
	newest, err := sqliteDialect.newestSchema()
	if err != nil {
		t.Fatal(err)
	}
	for version := int64(1); version < newest; version++ {
		path := older(t, version)
		if got, known, err := Schema(t.Context(), path); err != nil || got != version || known != newest {
			t.Errorf("schema %d, known %d, %v", got, known, err)
		}
		before := contents(t, path)
		_, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
		if _, is := errors.AsType[*SchemaError](err); !is {
			t.Fatalf("%d: %v", version, err)
		}
		reader, found := lastReaders[version]
		if !found && version != 4 && version != 5 { // which were never alone
			t.Errorf("enter in lastReaders which revision was the last to read schema %d: the one before the next migration", version)
		}
		next := "tandem serve" // brings it up to date
		if version < boundRules {
			next = "begin a new one"
		}
		if !strings.Contains(err.Error(), reader) || !strings.Contains(err.Error(), next) {
			t.Errorf("%v", err)
		}
		if string(contents(t, path)) != string(before) {
			t.Errorf("schema %d was changed", version)
		}
		if size, root, err := HeadOf(t.Context(), path); err != nil || size != 0 || root == [32]byte{} {
			t.Errorf("%d %v %v", size, root, err)
		}
		into := filepath.Join(t.TempDir(), "copy.db")
		if err := Copy(context.Background(), path, into); err != nil {
			t.Errorf("copy: %v", err)
		}
		if got, _, err := Schema(t.Context(), into); err != nil || got != version {
			t.Errorf("the copy has schema %d, %v", got, err)
		}
	}
	if got, known, err := Schema(t.Context(), filepath.Join(t.TempDir(), "none.db")); got != 0 || known != newest || err != nil {
		t.Errorf("no file: %d %d %v", got, known, err)
	}
}

// TestAMigrationKeepsTheDocuments of a table that it makes anew.
func TestAMigrationKeepsTheDocuments(t *testing.T) {
	path := older(t, boundRules)
	const doc = `{"name":"db01","primary":"tech-a","backup":"tech-b","target":{"address":"a","account":"b"},"phase":"held","holder":"tech-a"}`
	execAll(t, administrator(t, path), "INSERT INTO credentials (key, doc) VALUES ('db01', '"+doc+"')")
	s, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var kept, holder string
	if err := s.reader.Raw("SELECT doc, holder FROM credentials WHERE key = 'db01'").Row().Scan(&kept, &holder); err != nil || kept != doc || holder != "tech-a" {
		t.Errorf("%q, held by %q, %v", kept, holder, err)
	}
}
