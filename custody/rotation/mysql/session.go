package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-sql-driver/mysql"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// connectTimeout bounds a connection from the first packet to the end of the
// log-in; the server's own connect_timeout is ten seconds.
const connectTimeout = 20 * time.Second

// maxChallenges is how often a server is asked for one that the driver can read.
const maxChallenges = 4

// session is one connection, logged in.
type session struct {
	endpoint.Endpoint
	pool *sql.DB // of this one connection
	conn *sql.Conn
}

// connect logs a user in, by one try: database/sql comes back after a connection
// that broke, never after an answer. Its errors are rotation.ErrUnreachable,
// rotation.ErrHostKey, rotation.ErrRefused, or say how the server behaved
// otherwise than it must.
func connect(ctx context.Context, at endpoint.Endpoint, user string, password custody.Secret) (*session, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.TLS = "tcp", at.Address, at.TLS
	config.User, config.Passwd = user, password.Reveal()
	config.Logger = &mysql.NopLogger{} // the default is stderr
	config.InterpolateParams = true    // ALTER USER takes no parameters
	config.AllowCleartextPasswords, config.AllowOldPasswords, config.AllowFallbackToPlaintext = false, false, false
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, errors.New("the driver does not take the address") // its error may hold the password
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	pool := sql.OpenDB(connector)
	conn, err := backoff.Retry(ctx, func() (*sql.Conn, error) {
		conn, err := pool.Conn(ctx)
		if errors.Is(err, mysql.ErrMalformPkt) {
			// The driver (1.10.1, readAuthResult) cuts a zero off the end of any
			// challenge, and one in 256 of ed25519's random ones ends with its own.
			// It has answered nothing then: that was no try.
			return nil, err
		}
		if err != nil {
			return nil, backoff.Permanent(err)
		}
		return conn, nil
	}, backoff.WithBackOff(&backoff.ZeroBackOff{}), backoff.WithMaxTries(maxChallenges))
	if err != nil {
		pool.Close()
		return nil, explain(ctx, at.Address, err)
	}
	return &session{Endpoint: at, pool: pool, conn: conn}, nil
}

// close ends the session. What it says is no news.
func (s *session) close() {
	_ = s.conn.Close()
	_ = s.pool.Close()
}

// ask gives the one value that a query has.
func (s *session) ask(ctx context.Context, query string) (value string, err error) {
	if err := s.conn.QueryRowContext(ctx, query).Scan(&value); err != nil {
		if number(err) == mustChange {
			return "", rotation.Because(rotation.MustChange, fmt.Errorf("the account's password has expired on %s: all that it may do is change it", s.Address))
		}
		return "", fmt.Errorf("%s did not answer a question: %w", s.Address, plain(ctx, err))
	}
	return value, nil
}

// quotedText is a text in a statement of MariaDB's own: hashes, with nothing escaped.
var quotedText = regexp.MustCompile("'[^']*'|`[^`]*`")

// hasSeveral says that MariaDB lets the account in by one of several methods, each with a
// password of its own: IDENTIFIED VIA one OR another. What it says has hashes in it and is
// kept nowhere. MySQL, and who may not ask, say nothing.
func (s *session) hasSeveral(ctx context.Context) bool {
	created, err := s.ask(ctx, "SHOW CREATE USER")
	return err == nil && strings.Contains(quotedText.ReplaceAllString(created, ""), " OR ")
}

// Error numbers: up to 2000 of both servers, from 3000 of MySQL, from 4000 of
// MariaDB, as their manuals list them.
const (
	tooManyConnections = 1040
	noRights           = 1044
	refused            = 1045
	shuttingDown       = 1053
	syntax             = 1064
	hostBlocked        = 1129
	hostUnknown        = 1130
	noSuchUser         = 1133
	tableDenied        = 1142
	tooManyOfUser      = 1203
	resourceLimit      = 1226
	privilegeNeeded    = 1227
	notInThisMode      = 1290
	hashLength         = 1372
	operationFailed    = 1396
	noPassword         = 1698
	notForThisPlugin   = 1699
	weakPassword       = 1819
	mustChange         = 1820
	readOnly           = 1836
	expired            = 1862
	insecureTransport  = 3159
	reused             = 3638
	locked             = 3118
	blockedMaria       = 4150
	lockedMaria        = 4151
)

// explain says what it means that a log-in failed, without repeating err: that
// can hold text from the server.
func explain(ctx context.Context, address string, err error) error {
	switch number(err) {
	case refused:
		return fmt.Errorf("%w: %s", rotation.ErrRefused, address)
	case tooManyConnections, shuttingDown, hostBlocked, tooManyOfUser, resourceLimit:
		return fmt.Errorf("%w: %s has no connection to give (error %d)", rotation.ErrUnreachable, address, number(err))
	case hostUnknown:
		return rotation.Because(rotation.NotAllowed, fmt.Errorf("%s lets nobody log in from here, whatever the password", address))
	case noPassword: // its plug-in asks for none, as unix_socket
		return rotation.Because(rotation.PasswordOff, fmt.Errorf("%s lets the account in by something else than a password", address))
	case insecureTransport:
		return rotation.Because(rotation.TLSRequired, fmt.Errorf("%w: %s takes no log-in without TLS", rotation.ErrUnreachable, address))
	case locked, lockedMaria, blockedMaria: // locked comes after the password was right
		return rotation.Because(rotation.AccountClosed, fmt.Errorf("the account is locked on %s", address))
	case expired, mustChange: // both come after the password was right
		return rotation.Because(rotation.MustChange, fmt.Errorf("the account's password has expired on %s", address))
	case 0:
	default:
		return fmt.Errorf("%s refuses to begin a session (error %d)", address, number(err))
	}
	switch {
	case endpoint.WrongHost(err):
		return fmt.Errorf("%w: %s", rotation.ErrHostKey, address)
	case errors.Is(err, mysql.ErrNoTLS):
		return rotation.Because(rotation.TLSRequired, fmt.Errorf("%w: %s has no TLS", rotation.ErrHostKey, address))
	case errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrOldPassword), errors.Is(err, mysql.ErrUnknownPlugin):
		return rotation.Because(rotation.PasswordOff, fmt.Errorf("%s asks for the password in a way that would show it, or that is not known", address))
	case ctx.Err() != nil:
		return fmt.Errorf("%w: log-in at %s: %w", rotation.ErrUnreachable, address, ctx.Err())
	}
	return fmt.Errorf("%w: %s does not answer, or ended the connection before the log-in", rotation.ErrUnreachable, address)
}

// explainChange says what it means that a statement which changes a password
// failed. Where the number leaves it open whether it took effect, so does it.
func explainChange(ctx context.Context, address string, err error) error {
	switch number(err) {
	case weakPassword, reused:
		return fmt.Errorf("%w: %s", rotation.ErrValue, address)
	case notInThisMode:
		return fmt.Errorf("%w: %s runs in a mode without it: with strict_password_validation and a plug-in for that it takes no hash, "+
			"with skip-grant-tables nothing (error %d)", rotation.ErrDeclined, address, notInThisMode)
	case noRights, refused, syntax, noSuchUser, tableDenied, privilegeNeeded, hashLength, operationFailed, notForThisPlugin, readOnly:
		return fmt.Errorf("%w: %s (error %d)", rotation.ErrDeclined, address, number(err))
	}
	return fmt.Errorf("change on %s: %w", address, plain(ctx, err))
}

// number gives the server's number of an error, 0 if it is none of the server's.
func number(err error) uint16 {
	var said *mysql.MySQLError
	if errors.As(err, &said) {
		return said.Number
	}
	return 0
}

// plain gives an error without any text that the server sent.
func plain(ctx context.Context, err error) error {
	switch {
	case number(err) != 0:
		return fmt.Errorf("error %d", number(err))
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return errors.New("the connection ended before the answer")
}

// sameAccount says whether CURRENT_USER() is the account. A host name has no case.
func sameAccount(current, user, host string) bool {
	at := strings.LastIndexByte(current, '@')
	return at >= 0 && current[:at] == user && strings.EqualFold(current[at+1:], host)
}
