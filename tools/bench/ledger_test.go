//go:build bench

package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

// millionEntries is the size of a long ledger: that of an office with ten
// thousand handovers a year in 26 years.
const millionEntries = 1_000_000

// kept is the folder of the long ledger in the cache. Its number is raised when
// one that is kept from an earlier run is of no use any more; what a later schema
// changes is no reason, because the store brings it up to date.
const kept = "ledger-3"

// The files of a ledger that is kept, beside those of an office.
const (
	pairsFile      = "pairs.json"
	checkpointFile = "checkpoint"
	verifierFile   = "verifier"
)

// longLedger gives the folder of an office whose ledger has a million entries.
// They are made once, by the desk itself, and kept.
func longLedger(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(cache(t), kept)
	if isKept(t, folder) {
		return folder
	}
	others, _ := filepath.Glob(filepath.Join(cache(t), "ledger-*"))
	for _, old := range others {
		if err := os.RemoveAll(old); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("making a ledger of %d entries in %s: once, a minute or two", millionEntries, folder)
	if err := os.Rename(ledger(t, millionEntries), folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

// isKept says whether there is such a folder, and has its database get today's
// schema.
func isKept(t *testing.T, folder string) bool {
	t.Helper()
	if _, err := os.Stat(folder); err != nil {
		return false
	}
	db, err := store.Open(t.Context(), databaseIn(folder), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return true
}

// ledger makes an office whose ledger has at least that many entries, and gives
// its folder. Everybody in it holds one server more, which nothing was done with.
func ledger(t *testing.T, entries int) string {
	t.Helper()
	dir := onDisk(t)
	r := newRoutine(t, dir)
	const ofAllPairs = entriesOfRound * routinePairs
	if _, err := r.goRound(t.Context(), 64, (entries+ofAllPairs-1)/ofAllPairs); err != nil {
		t.Fatal(err)
	}
	for i, p := range r.pairs {
		p.Server = fmt.Sprintf("measured-%03d", i)
		if err := r.onboard(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	checkpoint, err := r.desk.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, err := r.desk.LedgerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := json.Marshal(r.pairs)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{pairsFile: pairs, checkpointFile: checkpoint.Text, verifierFile: []byte(key)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// reopen opens the office of a kept ledger on the real clock. Its last entry is of the day
// that the turns came to, years ago: somebody says on the host that today is today.
func reopen(t *testing.T, dir string) *office {
	t.Helper()
	db, err := store.Open(t.Context(), databaseIn(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	size, err := db.Size(t.Context())
	if err == nil {
		err = db.ConfirmClock(t.Context(), desk.ClockConfirmation{At: time.Now(), Size: size})
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	o := openOffice(t, dir, desk.ClockFunc(time.Now), routinePeriod)
	pairs, err := os.ReadFile(filepath.Join(dir, pairsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(pairs, &o.pairs); err != nil {
		t.Fatal(err)
	}
	return o
}

// copied gives a copy of a folder, so that what is kept stays as it is.
func copied(t *testing.T, from string) string {
	t.Helper()
	to := onDisk(t)
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := copyFile(filepath.Join(from, f.Name()), filepath.Join(to, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// copyFile waits for the disk, so that the copy does not go on beside what is
// measured.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}
