package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

// keptOffice is an installation with people, an embedded secret store and no server.
type keptOffice struct {
	t      *testing.T
	folder string
	cfg    config.Config
}

func newKept(t *testing.T) *keptOffice {
	t.Helper()
	k := &keptOffice{t: t, folder: filepath.Dir(newOfficeDatabase(t))}
	var err error
	if k.cfg, err = config.Load(config.Sources{File: k.file("tandem.yaml")}); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *keptOffice) file(name string) string { return filepath.Join(k.folder, name) }

// tandem runs it and gives what it said and its exit code.
func (k *keptOffice) tandem(args ...string) (said string, code int) {
	k.t.Helper()
	command := exec.Command("tandem", args...)
	command.Dir = k.folder
	out, err := command.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return string(out), 0
}

func (k *keptOffice) must(args ...string) string {
	k.t.Helper()
	said, code := k.tandem(args...)
	if code != 0 {
		k.t.Fatalf("tandem %s ended with %d: %s", strings.Join(args, " "), code, said)
	}
	return said
}

// add puts one more person into the ledger.
func (k *keptOffice) add(n int) {
	k.t.Helper()
	p, err := openProgram(k.t.Context(), k.cfg, newLog(config.Log{Level: "error"}))
	if err != nil {
		k.t.Fatal(err)
	}
	_, err = p.desk.AddPerson(k.t.Context(), desk.By{Actor: custody.System, Request: "add"}, custody.AddPerson{
		Username: fmt.Sprint("person-", n), Name: "P", Roles: []custody.Role{custody.Technician}, TOTPPeriod: installationPeriod,
	})
	if err := errors.Join(err, p.close()); err != nil {
		k.t.Fatal(err)
	}
}

// names gives what is in the folder.
func (k *keptOffice) names() (names []string) {
	k.t.Helper()
	entries, err := os.ReadDir(k.folder)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "tandem.db-") { // SQLite's own
			names = append(names, e.Name())
		}
	}
	return names
}

// moveAway makes the installation empty, but for its configuration and key.
func (k *keptOffice) moveAway() {
	k.t.Helper()
	for _, name := range []string{"tandem.db", "tandem.db-wal", "tandem.db-shm", "secrets"} {
		if err := os.Remove(k.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.t.Fatal(err)
		}
	}
}

// age makes the database what an earlier Tandem would have left: its content in
// the schema of then.
func (k *keptOffice) age(version int64) {
	k.t.Helper()
	now, old := k.file("tandem.db"), k.file("old.db")
	db, err := sql.Open("sqlite3", old)
	if err != nil {
		k.t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS(filepath.Join("..", "..", "custody", "store", "migrations", "sqlite")),
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := provider.UpTo(k.t.Context(), version); err != nil {
		k.t.Fatal(err)
	}
	run := func(statement string, args ...any) {
		k.t.Helper()
		if _, err := db.Exec(statement, args...); err != nil {
			k.t.Fatalf("%s: %v", statement, err)
		}
	}
	run("ATTACH ? AS later", now)
	for _, table := range texts(k.t, db, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'") {
		// Of what both have; a column that is computed cannot be written.
		columns := texts(k.t, db, "SELECT name FROM pragma_table_info(?, 'main') INTERSECT SELECT name FROM pragma_table_info(?, 'later')", table, table)
		if len(columns) == 0 || table == "sessions" { // there is no such table any more, or it is another one
			continue
		}
		if table == "ledger_head" { // whose one row is there
			list := strings.Join(columns, ", ")
			run(fmt.Sprintf("UPDATE main.ledger_head SET (%[1]s) = (SELECT %[1]s FROM later.ledger_head)", list))
			continue
		}
		order := "1"
		for _, key := range []string{"id", "idx"} { // the ledger only grows at its end
			if slices.Contains(columns, key) {
				order = key
			}
		}
		run(fmt.Sprintf("INSERT OR REPLACE INTO main.%[1]s (%[2]s) SELECT %[2]s FROM later.%[1]s ORDER BY %[3]s", table, strings.Join(columns, ", "), order))
	}
	run("DETACH later")
	if err := errors.Join(db.Close(), os.Rename(old, now)); err != nil {
		k.t.Fatal(err)
	}
	for _, rest := range []string{"-wal", "-shm"} {
		_ = os.Remove(now + rest)
	}
}

func texts(t *testing.T, db *sql.DB, query string, args ...any) (all []string) {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestABackupOfAnEarlierTandem: every verb says which Tandem reads it, changes
// nothing and leaves nothing behind.
func TestABackupOfAnEarlierTandem(t *testing.T) {
	t.Parallel()
	k := newKept(t)
	k.must("backup", "whole", "--config", "tandem.yaml")
	k.age(3)
	old, err := os.ReadFile(k.file("tandem.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(k.file("whole/tandem.db"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	before := k.names()
	for _, args := range [][]string{
		{"backup", "new", "--config", "tandem.yaml"},
		{"ledger", "verify", "--database", "whole/tandem.db"},
		{"ledger", "export", "--database", "whole/tandem.db", "--format", "jsonl", "-O", "out.jsonl"},
		{"ledger", "rebuild", "--database", "whole/tandem.db"},
	} {
		said, code := k.tandem(args...)
		if code != exitFailed || !strings.Contains(said, "read by the Tandem of revision 029668f") {
			t.Errorf("tandem %s ended with %d: %s", strings.Join(args, " "), code, said)
		}
	}
	if after := k.names(); !slices.Equal(before, after) {
		t.Errorf("there was %v, now there is %v", before, after)
	}
	k.moveAway()
	if said, code := k.tandem("restore", "whole", "--config", "tandem.yaml"); code != exitFailed || !strings.Contains(said, "029668f") {
		t.Errorf("restore ended with %d: %s", code, said)
	}
	if _, err := os.Stat(k.file("secrets")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("restore left the secrets: %v", err)
	}
	if after, err := os.ReadFile(k.file("whole/tandem.db")); err != nil || !bytes.Equal(after, old) {
		t.Errorf("the backup was changed: %v", err)
	}
}

// TestTheSchemaIsChangedOnACopyKept: the first start of a later Tandem keeps the
// database as it was, with its checkpoint, and another start makes no second copy.
// There is no later one yet than the first whose ledger can be carried out again:
// the start is told that this one's schema is old.
func TestTheSchemaIsChangedOnACopyKept(t *testing.T) {
	t.Parallel()
	k := newKept(t)
	version, _, err := store.Schema(t.Context(), k.file("tandem.db"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if err := keepSchema(t.Context(), k.cfg, log, version, version+1); err != nil {
		t.Fatal(err)
	}
	folder := k.file(fmt.Sprintf("tandem.db.schema-%d", version))
	for _, name := range []string{backupDatabase, backupSecrets, backupCheckpoint, backupVersion} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	k.must("ledger", "verify", "--database", filepath.Join(folder, backupDatabase))
	before := k.names()
	if err := keepSchema(t.Context(), k.cfg, log, version, version+1); err != nil {
		t.Fatal(err)
	}
	if after := k.names(); !slices.Equal(before, after) {
		t.Errorf("there was %v, now there is %v", before, after)
	}
}

// TestALedgerWithoutItsCommandsIsNotServed: nobody can add them, so it is left as it
// is, for the Tandem that reads it.
func TestALedgerWithoutItsCommandsIsNotServed(t *testing.T) {
	t.Parallel()
	k := newKept(t)
	k.age(3)
	before := k.names()
	log := slog.New(slog.DiscardHandler)
	p, err := openProgram(t.Context(), k.cfg, log)
	if err == nil {
		_ = p.close()
	}
	if err == nil || !strings.Contains(err.Error(), "read by the Tandem of revision 029668f") {
		t.Errorf("got %v", err)
	}
	if after := k.names(); !slices.Equal(before, after) {
		t.Errorf("there was %v, now there is %v", before, after)
	}
}

// TestTheCheckpointInABackup is checked: a database of before in its place is a
// roll-back, for restore and for ledger verify.
func TestTheCheckpointInABackup(t *testing.T) {
	t.Parallel()
	k := newKept(t)
	k.must("backup", "first", "--config", "tandem.yaml")
	k.add(1)
	k.must("backup", "second", "--config", "tandem.yaml")
	key, err := ledgerKeyOf(t.Context(), k.cfg, k.file("second"))
	if err != nil {
		t.Fatal(err)
	}
	if said := k.must("ledger", "verify", "--database", "second/tandem.db", "--key", key, "-o", "json"); strings.Contains(said, `"signed": 0`) {
		t.Errorf("the checkpoint in the backup was not looked at: %s", said)
	}
	if said := k.must("ledger", "verify", "--database", "second/tandem.db"); !strings.Contains(said, "--key") {
		t.Errorf("nothing says that there is a checkpoint: %s", said)
	}
	earlier, err := os.ReadFile(k.file("first/tandem.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(k.file("second/tandem.db"), earlier, 0o600); err != nil {
		t.Fatal(err)
	}
	k.moveAway()
	for _, args := range [][]string{
		{"ledger", "verify", "--database", "second/tandem.db", "--key", key},
		{"restore", "second", "--config", "tandem.yaml"},
		{"restore", "second", "--config", "tandem.yaml", "--key", key},
	} {
		if said, code := k.tandem(args...); code != exitVerification {
			t.Errorf("tandem %s ended with %d: %s", strings.Join(args, " "), code, said)
		}
	}
	if _, err := os.Stat(k.file("tandem.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the roll-back was restored: %v", err)
	}
	k.must("restore", "first", "--config", "tandem.yaml")
}

// TestAFailedBackupLeavesNothing, wherever it fails.
func TestAFailedBackupLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, missing := range []string{"tandem.db", "secrets", "key"} {
		k := newKept(t)
		if err := os.Rename(k.file(missing), k.file("aside")); err != nil {
			t.Fatal(err)
		}
		before := k.names()
		said, code := k.tandem("backup", "copy", "--config", "tandem.yaml")
		if code != exitFailed {
			t.Errorf("without %s it ended with %d: %s", missing, code, said)
		}
		if after := k.names(); !slices.Equal(before, after) {
			t.Errorf("without %s: there was %v, now there is %v", missing, before, after)
		}
		if missing == "key" { // then there is no checkpoint, but still a backup
			if !strings.Contains(said, "--unsigned") {
				t.Errorf("nothing says how to go on: %s", said)
			}
			k.must("backup", "copy", "--unsigned", "--config", "tandem.yaml")
		}
	}
	k := newKept(t)
	if err := os.Mkdir(k.file("copy"), 0o700); err != nil {
		t.Fatal(err)
	}
	if said, code := k.tandem("backup", "copy/", "--config", "tandem.yaml"); code != exitFailed || !strings.Contains(said, "is there already") {
		t.Errorf("into a folder that is there: %d %s", code, said)
	}
}

// TestAllOfABackupReachesTheDisk: each file as it is in the end, the folder with
// their names, and the folder with its name.
func TestAllOfABackupReachesTheDisk(t *testing.T) {
	t.Parallel()
	k := newKept(t)
	synced := map[string]bool{}
	fsync = func(f *os.File) error {
		synced[f.Name()] = true
		return f.Sync()
	}
	t.Cleanup(func() { fsync = (*os.File).Sync })
	folder := k.file("copy")
	if err := makeBackup(context.Background(), k.cfg, folder, true); err != nil {
		t.Fatal(err)
	}
	count := func(prefix string) (n int) {
		for name := range synced {
			if strings.HasPrefix(name, prefix) {
				n++
			}
		}
		return n
	}
	// The folder, and in it secrets, checkpoint and version; the database is the
	// store's to sync (store.TestABackupReachesTheDisk).
	if n := count(filepath.Join(k.folder, ".tandem-backup-")); n < 4 || !synced[k.folder] {
		t.Errorf("only these were synced: %v", synced)
	}
}

// TestABackupBesideVaultIsSigned by the key in Vault, while the server runs.
func TestABackupBesideVaultIsSigned(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	k := &keptOffice{t: t, folder: in.folder}
	k.must("backup", "copy", "--config", "tandem.yaml")
	key, err := in.people["auditor"].Server.LedgerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if said := k.must("ledger", "verify", "--database", "copy/tandem.db", "--key", key, "-o", "json"); strings.Contains(said, `"signed": 0`) {
		t.Errorf("the checkpoint in the backup was not looked at: %s", said)
	}
	in.vault.Seal()
	before := k.names()
	if said, code := k.tandem("backup", "again", "--config", "tandem.yaml"); code != exitFailed || !strings.Contains(said, "--unsigned") {
		t.Errorf("with Vault sealed: %d %s", code, said)
	}
	if after := k.names(); !slices.Equal(before, after) {
		t.Errorf("there was %v, now there is %v", before, after)
	}
	k.must("backup", "again", "--unsigned", "--config", "tandem.yaml")
}

// TestABackupOfASuspectLedgerIsNotSigned: neither of one with a changed row, nor of an
// older file, nor of one whose last batch is under no seal of ours; it says why. The
// same file is copied without a checkpoint.
func TestABackupOfASuspectLedgerIsNotSigned(t *testing.T) {
	t.Parallel()
	k := newKept(t)
	yesterday, err := os.ReadFile(k.file("tandem.db"))
	if err != nil {
		t.Fatal(err)
	}
	k.add(1)
	today, err := os.ReadFile(k.file("tandem.db"))
	if err != nil {
		t.Fatal(err)
	}
	k.must("backup", "good", "--config", "tandem.yaml")
	execute := func(statements ...string) {
		t.Helper()
		db, err := sql.Open("sqlite3", k.file("tandem.db"))
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range statements {
			if _, err := db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		spoil func()
		why   string
	}{
		"a row": {func() {
			execute("UPDATE people SET doc = json_set(doc, '$.roles', json('[\"admin\"]')) WHERE key = 'person-1'")
		}, "its tables hold another state"},
		"yesterday's file": {func() {
			if err := os.WriteFile(k.file("tandem.db"), yesterday, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "it was rolled back"},
		"a seal": {func() {
			execute("DROP TRIGGER "+trigger(t, k.file("tandem.db"), "ledger_seals"),
				"UPDATE ledger_seals SET mark = replace(mark, '.', '.00') WHERE size = (SELECT max(size) FROM ledger_seals)")
		}, "not sealed with this installation's key"},
	} {
		if err := os.WriteFile(k.file("tandem.db"), today, 0o600); err != nil {
			t.Fatal(err)
		}
		c.spoil()
		before := k.names()
		if said, code := k.tandem("backup", "bad", "--config", "tandem.yaml"); code != exitFailed || !strings.Contains(said, c.why) {
			t.Errorf("%s: %d %s", name, code, said)
		}
		if after := k.names(); !slices.Equal(before, after) {
			t.Errorf("%s: there was %v, now there is %v", name, before, after)
		}
		k.must("backup", "as it is", "--unsigned", "--config", "tandem.yaml")
		if err := os.RemoveAll(k.file("as it is")); err != nil {
			t.Fatal(err)
		}
	}
}

// trigger names the one that keeps rows of a table as they are.
func trigger(t *testing.T, database, table string) (name string) {
	t.Helper()
	db, err := sql.Open("sqlite3", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? AND sql LIKE '%UPDATE%'", table).Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}
