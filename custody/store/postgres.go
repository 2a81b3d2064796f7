package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// All that is particular to PostgreSQL is in the files called postgres and in
// migrations/postgres.

// postgresDialect is PostgreSQL's entry.
var postgresDialect = dialect{
	connect: postgresConnect,
	hold:    postgresHold,
	folder:  "postgres", goose: goose.DialectPostgres,
	guard: guard{computed: postgresComputed, elements: postgresElements, lifted: withTriggersOff},
	place: func(at string) place { return remote{at} },
	time:  postgresTime, listen: postgresListen, announce: postgresAnnounce,
}

const (
	minPostgres = 150000 // server_version_num
	writers     = 4      // connections; the lock on the head lets one at a time decide

	// connectTimeout is how long a server may take to answer a new connection, where
	// the address does not say.
	connectTimeout = 10 * time.Second
)

// isPostgres says whether an address is that of a PostgreSQL server.
func isPostgres(at string) bool {
	return strings.HasPrefix(at, "postgres://") || strings.HasPrefix(at, "postgresql://")
}

// parsePostgres reads an address: a URL as psql takes it, but with no password in it.
// password_file names the file that has it, and is read again for each connection;
// without it PGPASSWORD or PGPASSFILE counts. No error repeats more of an address than
// user, host and name.
func parsePostgres(at string) (config *pgx.ConnConfig, passwordFile string, err error) {
	u, err := url.Parse(at)
	if err != nil { // which repeats it, with whatever stands in it
		return nil, "", errors.New("the address of the database is not written as postgres://USER@HOST/NAME")
	}
	u.RawQuery = strings.ReplaceAll(u.RawQuery, "+", "%2B") // which is no space in such a URL
	options := u.Query()
	if _, has := u.User.Password(); has || options.Has("password") {
		return nil, "", errors.New("the address of the database has a password in it, where anybody may read it: name a file with password_file")
	}
	passwordFile = options.Get("password_file")
	options.Del("password_file")
	u.RawQuery = strings.ReplaceAll(options.Encode(), "+", "%20")
	if config, err = pgx.ParseConfig(u.String()); err != nil {
		return nil, "", err
	}
	config.DialFunc = dialPostgres
	// A pooler between us knows nothing of statements that are prepared by name.
	if !options.Has("default_query_exec_mode") {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	if !options.Has("connect_timeout") {
		config.ConnectTimeout = connectTimeout
	}
	return config, passwordFile, nil
}

// postgresConnect opens connections to the server that decides: one that only follows
// another would answer with what was before.
func postgresConnect(at string, use use) (*gorm.DB, error) {
	config, passwordFile, err := parsePostgres(at)
	if err != nil {
		return nil, err
	}
	if use != asEvidence && config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	config.OnNotice = func(c *pgconn.PgConn, n *pgconn.Notice) {
		if n.SeverityUnlocalized == "WARNING" {
			c.CustomData()[warned] = n.Message
		}
	}
	pool := sql.OpenDB(&postgresConnector{use != toWrite, stdlib.GetConnector(*config,
		stdlib.OptionBeforeConnect(func(_ context.Context, c *pgx.ConnConfig) error { return withPassword(c, passwordFile) }),
		stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error { return checkServer(ctx, c, use) }))})
	most := readers
	if use == toWrite {
		most = writers
	}
	pool.SetMaxOpenConns(most)
	pool.SetMaxIdleConns(most)
	db, err := gorm.Open(quietPostgres{&postgres.Dialector{Config: &postgres.Config{Conn: pool}}}, gormConfig())
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// quietPostgres is as quiet is.
type quietPostgres struct{ *postgres.Dialector }

// Explain gives the statement as it was prepared.
func (quietPostgres) Explain(sql string, _ ...any) string { return sql }

// checkServer refuses a server that would not keep what it is given, or not as it is.
func checkServer(ctx context.Context, c *pgx.Conn, use use) error {
	var version int
	var encoding, fsync, pages, commit string
	err := c.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
		current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')`).
		Scan(&version, &encoding, &fsync, &pages, &commit)
	switch {
	case err != nil:
		return err
	case version < minPostgres:
		return fmt.Errorf("store: PostgreSQL 15 or later is needed, and this is %d", version/10000)
	case encoding != "UTF8":
		return fmt.Errorf("store: the database has the encoding %s and must have UTF8", encoding)
	case use == asEvidence:
		return nil
	case fsync != "on":
		return errors.New("store: fsync is off: a power cut would take what was committed")
	case pages != "on":
		return errors.New("store: full_page_writes is off: a power cut could damage what was committed")
	case commit == "off":
		return errors.New("store: synchronous_commit is off: a crash would take what was committed")
	}
	return nil
}

// postgresHold locks the ledger's head. Where it ends is read by a statement of its own,
// later: this one would say what was there before the wait.
func postgresHold(ctx context.Context, db *gorm.DB) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	return execute(db.WithContext(ctx), "lock the ledger's head", "SELECT id FROM ledger_head FOR UPDATE")
}

// postgresJudge is one of the judges.
func postgresJudge(err error) failure {
	failed, is := errors.AsType[*pgconn.PgError](err)
	if !is {
		return another
	}
	switch failed.Code {
	case "53100": // disk_full
		return full
	case "40001", "40P01", "55P03", "57P03": // serialization, deadlock, lock not available, cannot connect now
		return passes
	}
	return another
}

// postgresConnector opens connections of which nothing is believed too easily.
type postgresConnector struct {
	readsOnly bool
	driver.Connector
}

// Connect implements driver.Connector.
func (c *postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &postgresConn{Conn: conn.(*stdlib.Conn), readsOnly: c.readsOnly}, nil
}

type postgresConn struct {
	*stdlib.Conn
	readsOnly bool
	follows   bool // its server takes no writes any more: another one decides now
}

var errReadsOnly = errors.New("this connection only reads")

// ExecContext refuses a statement that is no question, where the connection only reads.
// No parameter of the connection says so: a pooler between would not take it.
func (c *postgresConn) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	if c.readsOnly {
		return nil, errReadsOnly
	}
	result, err := c.Conn.ExecContext(ctx, statement, args)
	return result, c.heard(err)
}

// QueryContext is that of the driver.
func (c *postgresConn) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.QueryContext(ctx, statement, args)
	return rows, c.heard(err)
}

// heard remembers that a server which decided only follows another one now.
func (c *postgresConn) heard(err error) error {
	if failed, is := errors.AsType[*pgconn.PgError](err); is && failed.Code == "25006" { // read_only_sql_transaction
		c.follows = !c.readsOnly
	}
	return err
}

// IsValid implements driver.Validator: the pool keeps no connection to a server that
// only follows, and looks for the one that decides.
func (c *postgresConn) IsValid() bool { return !c.follows }

// BeginTx begins a transaction that is read-only where the connection is.
func (c *postgresConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	options.ReadOnly = options.ReadOnly || c.readsOnly
	tx, err := c.Conn.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	return &postgresTx{tx, c.Conn.Conn().PgConn()}, nil
}

type postgresTx struct {
	driver.Tx
	conn *pgconn.PgConn
}

// warned is where a connection keeps the last warning of its server.
const warned = "warned"

// Commit takes no COMMIT for certain that was answered with a warning: so a server says
// that the wait for its synchronous standby was cut short, and a fail-over may lose what
// it did commit.
func (t *postgresTx) Commit() error {
	delete(t.conn.CustomData(), warned)
	if err := t.Tx.Commit(); err != nil {
		return err
	}
	if warning, is := t.conn.CustomData()[warned]; is {
		return fmt.Errorf("the server committed with a warning: %v", warning)
	}
	return nil
}
