package store

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"gorm.io/gorm"
)

// openThis names, in the environment of a child, the database that it is to open.
const openThis = "TANDEM_TEST_OPEN"

// TestOpenByManyProcesses: several processes that start on a new database, or on
// one that others are leaving, all come in; none says that it is locked.
func TestOpenByManyProcesses(t *testing.T) {
	if path := os.Getenv(openThis); path != "" {
		for range 3 {
			s, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	path := filepath.Join(t.TempDir(), "x.db")
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOpenByManyProcesses$")
			child.Env = append(os.Environ(), openThis+"="+path)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
}

// TestOpenKeepsTheLocksOfOthers: a second opening in the same process must not
// close a descriptor of the file, because that gives up the locks of the first.
func TestOpenKeepsTheLocksOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	first, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	err = first.change(t.Context(), func(db *gorm.DB) error {
		before := locks(t, path)
		if before == 0 {
			return fmt.Errorf("no lock is held at all")
		}
		if err := Create(path); err != nil {
			return err
		}
		if after := locks(t, path); after != before {
			return fmt.Errorf("%d locks are left of %d", after, before)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// locks counts the locks on the database file itself (proc_locks(5)).
func locks(t *testing.T, path string) (n int) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	held, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Fatal(err)
	}
	inode := fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino)
	for line := range strings.Lines(string(held)) {
		if strings.Contains(line, inode) {
			n++
		}
	}
	return n
}
