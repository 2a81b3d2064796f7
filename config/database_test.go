package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheAddressOfADatabase(t *testing.T) {
	for _, test := range []struct{ database, file, want string }{
		{"sqlite:tandem.db", "/run/secrets/database", "sqlite:tandem.db"},
		{"postgres://tandem@db/tandem", "", "postgres://tandem@db/tandem"},
		{"postgres://tandem@db/tandem", "/run/a b", "postgres://tandem@db/tandem?password_file=%2Frun%2Fa%20b"},
		{"postgres://tandem@db/tandem?sslmode=verify-full", "x", "postgres://tandem@db/tandem?sslmode=verify-full&password_file=x"},
		{"postgres://tandem@db/tandem?password_file=y", "x", "postgres://tandem@db/tandem?password_file=y"},
	} {
		c := Config{Database: test.database, DatabasePasswordFile: test.file}
		if got := c.DatabaseAddress(); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// The files of a server's address are looked at too, and a server is no file.
func TestTheFilesOfADatabaseOnAServer(t *testing.T) {
	c, folder := onDisk(t)
	password := filepath.Join(folder, "database-password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := c.Vault.CA
	c.Database, c.DatabasePasswordFile = "postgres://tandem@db/tandem?sslmode=verify-full&sslrootcert="+ca, password
	if err := c.CheckFiles(); err != nil || c.SQLitePath() != "" {
		t.Errorf("all is there: %v", err)
	}
	for _, wrong := range []struct{ database, file, key string }{
		{c.Database, filepath.Join(folder, "none"), "database_password_file"},
		{c.Database, folder, "database_password_file"},
		{"postgres://tandem@db/tandem?sslrootcert=" + password, password, "database"},
		{"postgres://tandem@db/tandem?password_file=" + folder, "", "database"},
	} {
		c.Database, c.DatabasePasswordFile = wrong.database, wrong.file
		if err := c.CheckFiles(); err == nil || !strings.HasPrefix(err.Error(), wrong.key+": ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
