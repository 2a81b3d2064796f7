package storetest

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/tandem-custody/tandem/custody/store"
)

func openAt(t *testing.T, path string) Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSQLite(t *testing.T) {
	Conform(t, func(t *testing.T) Store { return openAt(t, filepath.Join(t.TempDir(), "tandem.db")) })
}

func TestTwoOnSQLite(t *testing.T) {
	var path string
	ConformTwo(t,
		func(t *testing.T) Store {
			path = filepath.Join(t.TempDir(), "tandem.db")
			return openAt(t, path)
		},
		func(t *testing.T) Store { return openAt(t, path) })
}
