// Package postgrestest gives tests empty databases of their own on a real PostgreSQL
// server, which is started once for a test binary, when the first test asks for it.
//
// It knows how databases are made, copied and dropped. It must not know what is kept in
// them. Only test code may import it; a package that does ends its TestMain with Main.
package postgrestest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// patience bounds each statement of this package's own.
const patience = time.Minute

var (
	binary  owner
	start   sync.Once
	started *postgrestest.Server
	made    atomic.Int64
)

// Main runs a binary's tests, and ends the server.
func Main(m *testing.M) {
	code := m.Run()
	binary.end()
	os.Exit(code)
}

// owner is what a server belongs to that outlives a test: the test binary.
type owner struct {
	testing.TB // nil: what is not said below is not asked of it
	cleanups   []func()
}

func (*owner) Helper()                    {}
func (*owner) Failed() bool               { return false }
func (*owner) Fatal(args ...any)          { panic(fmt.Sprint(args...)) }
func (*owner) Fatalf(f string, a ...any)  { panic(fmt.Sprintf(f, a...)) }
func (*owner) Errorf(f string, a ...any)  { panic(fmt.Sprintf(f, a...)) }
func (*owner) Logf(f string, args ...any) { fmt.Fprintf(os.Stderr, f+"\n", args...) }
func (o *owner) Cleanup(f func())         { o.cleanups = append(o.cleanups, f) }

func (o *owner) end() {
	for len(o.cleanups) > 0 {
		last := len(o.cleanups) - 1
		f := o.cleanups[last]
		o.cleanups = o.cleanups[:last]
		f()
	}
}

// New makes an empty database, which is dropped with the test, and gives its address.
// The test is skipped where there is no PostgreSQL: see package servertest.
func New(t testing.TB) (at string) {
	t.Helper()
	servertest.Require(t, []string{"/usr/lib/postgresql/*/bin"}, "initdb", "postgres", "psql")
	start.Do(func() {
		// As an installation has it, where the others are quick and talkative.
		started = postgrestest.Start(&binary, "fsync = on", "max_connections = 400", "max_wal_size = '256MB'",
			"log_statement = 'none'", "log_min_duration_statement = -1", "log_min_error_statement = 'panic'", "log_connections = off")
	})
	return create(t, "TEMPLATE template0 ENCODING 'UTF8'")
}

// Copy makes a copy of a database that nobody has open now.
func Copy(t testing.TB, at string) (copied string) {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return create(t, "TEMPLATE "+strings.Trim(u.Path, "/"))
}

func create(t testing.TB, from string) (at string) {
	t.Helper()
	name := fmt.Sprintf("tandem_%d", made.Add(1))
	run(t, "CREATE DATABASE "+name+" "+from)
	t.Cleanup(func() { run(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return address(name)
}

// address is of a database for the superuser, who only comes in by the server's socket.
func address(name string) string {
	_, port, _ := strings.Cut(started.Addr, ":")
	return "postgres://postgres@/" + name + "?" + url.Values{"host": {started.Dir}, "port": {port}, "sslmode": {"disable"}}.Encode()
}

func run(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	db, err := pgx.Connect(ctx, address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
