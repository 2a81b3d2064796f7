package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"gorm.io/gorm"
)

// TestAFileThatWasMovedAwayIsNotReplacedByAnEmptyOne: a connection that is opened
// meanwhile fails, so that what was written is there when the file is back.
func TestAFileThatWasMovedAwayIsNotReplacedByAnEmptyOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "away.db")
	for name, open := range map[string]func(string) (*gorm.DB, error){"the writer": sqliteWriter, "a reader": sqliteReaders} {
		if db, err := open(path); err == nil {
			pool, _ := db.DB()
			_ = pool.Close()
			t.Errorf("%s opened a file that is not there", name)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s made a file: %v", name, err)
		}
	}
}
