package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func TestBackup(t *testing.T) {
	s := newOffice(t)
	if err := s.store.SetPreference(t.Context(), "tech-a", desk.Preference{Language: "zh"}, "mark"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy 'of' it.db")
	want := dump(t, s.store)
	if err := s.store.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("later")}})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	before := contents(t, path)
	copied, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := dump(t, copied); got != want {
		t.Errorf("the copy has\n%s\ninstead of\n%s", got, want)
	}
	if err := verify(t.Context(), copied); err != nil {
		t.Error(err)
	}
	if err := copied.Write(t.Context(), func(tx desk.Tx) error { return tx.Remember("a", "k", desk.Remembered{}) }); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("written to: %v", err)
	}
	if err := copied.Close(); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(contents(t, path), before) {
		t.Error("to read the copy changed it")
	}

	if err := s.store.Backup(t.Context(), path); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if !bytes.Equal(contents(t, path), before) {
		t.Error("the refused backup changed the file")
	}

	// A backup is a database to go on with.
	again, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := dump(t, again); got != want {
		t.Error("the restored database differs")
	}
	if err := again.Ready(t.Context()); err != nil { // after the dump: it makes a write
		t.Error(err)
	}
}

func TestBackupFails(t *testing.T) {
	s := newOffice(t)
	path := filepath.Join(t.TempDir(), "copy.db")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.store.Backup(ctx, path); !errors.Is(err, desk.ErrStoreUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was left behind: %v", err)
	}
}

// TestOpenReadOnly: of a database in use, and of one that nobody has open.
func TestOpenReadOnly(t *testing.T) {
	s := newOffice(t)
	look := func() {
		t.Helper()
		r, err := OpenReadOnly(t.Context(), s.path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if err := verify(t.Context(), r); err != nil {
			t.Error(err)
		}
		if size, err := r.Size(t.Context()); err != nil || size != s.state.Size {
			t.Errorf("size %d, %v", size, err)
		}
		if err := r.SetPreference(t.Context(), "tech-a", desk.Preference{}, ""); !errors.Is(err, desk.ErrStoreUnavailable) {
			t.Errorf("written to: %v", err)
		}
		if err := r.Rebuild(t.Context()); !errors.Is(err, desk.ErrStoreUnavailable) {
			t.Errorf("rebuilt: %v", err)
		}
	}
	look()
	s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}})
	look()
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	before := contents(t, s.path)
	look()
	if !bytes.Equal(contents(t, s.path), before) {
		t.Error("to read it changed it")
	}
	if _, err := OpenReadOnly(t.Context(), filepath.Join(t.TempDir(), "none.db"), slog.New(slog.DiscardHandler)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestABackupReachesTheDisk: the copy as it is in the end, and its name, are on the
// disk before the backup says that it is done.
func TestABackupReachesTheDisk(t *testing.T) {
	s := newOffice(t)
	synced := map[string]int64{} // sizes
	fsync = func(f *os.File) error {
		info, err := f.Stat()
		if err == nil {
			synced[f.Name()] = info.Size()
		}
		return errors.Join(err, f.Sync())
	}
	t.Cleanup(func() { fsync = (*os.File).Sync })
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := s.store.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if size, is := synced[path]; !is || size != info.Size() {
		t.Errorf("of %d bytes %d were synced, %v", info.Size(), size, is)
	}
	if _, is := synced[filepath.Dir(path)]; !is {
		t.Error("the name of the copy may be lost")
	}

	// What cannot be synced is no backup.
	disk := errors.New("disk")
	fsync = func(*os.File) error { return disk }
	again := filepath.Join(t.TempDir(), "copy.db")
	if err := s.store.Backup(t.Context(), again); !errors.Is(err, disk) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(again); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was left behind: %v", err)
	}
}
