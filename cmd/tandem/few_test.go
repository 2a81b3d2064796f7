package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// TestConfigCheckSaysWhereFewCouldApprove: of the installation whose database it names, if
// there is one; a database that cannot be read takes nothing from the configuration.
func TestConfigCheckSaysWhereFewCouldApprove(t *testing.T) {
	t.Parallel()
	o := desktest.New(t)
	o.HireAs("max", "Max", custody.Manager)
	folder := t.TempDir()
	check := func(database string) (said string, code int) {
		t.Helper()
		file := filepath.Join(folder, "tandem.yaml")
		text := "secrets: embedded\nembedded: {path: " + folder + "/secrets, key_file: " + folder + "/key}\nledger: {origin: ledger.example.org/tandem}\ndatabase: sqlite:" + database + "\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, said, code := tandemTo(t, nil, nil, []string{"config", "check", "--config", file})
		if code == 0 && !strings.Contains(out, "origin: ledger.example.org/tandem") {
			t.Errorf("it prints %s", out)
		}
		return said, code
	}
	if said, code := check(o.Path); code != 0 || !strings.Contains(said, "only max could approve about anything as manager") || !strings.Contains(said, "nobody could approve about anything as director") {
		t.Errorf("exit %d, %s", code, said)
	}
	absent := filepath.Join(folder, "absent.db")
	if said, code := check(absent); code != 0 || strings.Contains(said, "approve") {
		t.Errorf("of none: exit %d, %s", code, said)
	}
	if _, err := os.Stat(absent); err == nil {
		t.Error("it made a database")
	}
	broken := filepath.Join(folder, "broken.db")
	if err := os.WriteFile(broken, []byte("no database at all, and long enough to be looked at as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, code := check(broken); code != 0 || !strings.Contains(said, "Who could approve cannot be said") {
		t.Errorf("of what cannot be read: exit %d, %s", code, said)
	}
}
