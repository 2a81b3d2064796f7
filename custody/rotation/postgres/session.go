package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// connectTimeout bounds a connection from the first packet to the end of the
// log-in; the server's own authentication_timeout is a minute.
const connectTimeout = 20 * time.Second

// maxMessage bounds what a server can have us keep of one message, in bytes.
const maxMessage = 1 << 20

// server is where to log in.
type server struct {
	endpoint.Endpoint
	database string
}

// connect logs a role in, by one try. Its errors are rotation.ErrUnreachable,
// rotation.ErrHostKey, rotation.ErrRefused, or say how the server behaved
// otherwise than it must.
func (s server) connect(ctx context.Context, role string, password custody.Secret) (*pgconn.PgConn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	config, err := s.config(role, password)
	if err != nil {
		return nil, err
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	return conn, nil
}

// config sets everything that pgconn would otherwise take from the environment
// or from files, in which another server's settings may be.
func (s server) config(role string, password custody.Secret) (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig("host=127.0.0.1 sslmode=disable passfile=/dev/null servicefile=/dev/null")
	if err != nil {
		return nil, errors.New("the environment has settings for PostgreSQL (PG…) that cannot be read")
	}
	config.Host, config.Port, config.TLSConfig, config.Fallbacks = s.Host, s.Port, s.TLS, nil
	config.SSLNegotiation, config.SSLCertMode = "postgres", "disable"
	config.Database, config.User, config.Password = s.database, role, password.Reveal()
	config.RuntimeParams = map[string]string{"application_name": "tandem", "client_encoding": "UTF8"}
	config.ValidateConnect, config.AfterConnect = nil, nil
	config.KerberosSrvName, config.KerberosSpn = "", ""
	config.MinProtocolVersion, config.MaxProtocolVersion = "3.0", "3.0"
	config.MaxProtocolMessageBodyLen = maxMessage
	config.ConnectTimeout = 0 // ctx has one
	// Any list but the empty one also refuses a server that asks for nothing.
	config.RequireAuth, config.ChannelBinding = "scram-sha-256", "prefer"
	if s.TLS != nil {
		config.RequireAuth = "scram-sha-256,md5,password"
	}
	return config, nil
}

// explain says what it means that a log-in failed, without repeating err: that
// can hold text from the server. The codes are those of PostgreSQL's
// documentation, appendix A.
func (s server) explain(ctx context.Context, err error) error {
	var (
		said    *pgconn.PgError
		network net.Error
	)
	switch {
	case endpoint.WrongHost(err):
		return fmt.Errorf("%w: %s", rotation.ErrHostKey, s.Address)
	case errors.As(err, &said):
		return s.explainCode(said.Code)
	case ctx.Err() != nil:
		return fmt.Errorf("%w: log-in at %s: %w", rotation.ErrUnreachable, s.Address, ctx.Err())
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %s does not answer, or ended the connection before the log-in", rotation.ErrUnreachable, s.Address)
	}
	// What is left are the driver's own sentences, which hold nothing of the server's.
	if strings.Contains(err.Error(), "server refused TLS connection") {
		return rotation.Because(rotation.TLSRequired, fmt.Errorf("%w: %s has no TLS", rotation.ErrHostKey, s.Address))
	}
	return rotation.Because(rotation.PasswordOff, fmt.Errorf("%s does not log in as it must: it lets in without a password, "+
		"or asks for it in a way that would show it, or is not the server that has it", s.Address))
}

func (s server) explainCode(code string) error {
	switch {
	case code == "28P01":
		return fmt.Errorf("%w: %s", rotation.ErrRefused, s.Address)
	case code == "28000": // pg_hba.conf has no line for it, or it may not log in: with any password
		return rotation.Because(rotation.NotAllowed, fmt.Errorf("%s does not let this role log in from here, whatever the password", s.Address))
	case code == "3D000", code == "42501": // both come after the password was right
		return rotation.Because(rotation.NotAllowed, fmt.Errorf("%s has no such database, or does not let this role into it", s.Address))
	case code == "08P01": // which PgBouncer says, up to 1.18, to any log-in that it refuses
		return rotation.Because(rotation.Pooler, fmt.Errorf("%w: %s answers the log-in as a pooler does that refuses it", rotation.ErrUnreachable, s.Address))
	case code == "53300", strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "08"):
		return fmt.Errorf("%w: %s has no connection to give (SQLSTATE %s)", rotation.ErrUnreachable, s.Address, code)
	}
	return fmt.Errorf("%s refuses to begin a session (SQLSTATE %s)", s.Address, printable(code))
}

// direct says that it is the server itself that has the session: a pooler gives sessions
// numbers of its own. Where that cannot be asked, it is.
func (s server) direct(ctx context.Context, conn *pgconn.PgConn) error {
	results, err := conn.Exec(ctx, "SELECT pg_backend_pid()").ReadAll()
	if err != nil || len(results) != 1 || len(results[0].Rows) != 1 || string(results[0].Rows[0][0]) == strconv.FormatUint(uint64(conn.PID()), 10) {
		return nil
	}
	return rotation.Because(rotation.Pooler, fmt.Errorf("%s is a pooler, which keeps passwords of its own", s.Address))
}

// explainChange says what it means that a statement which changes a password
// failed. Where the code leaves it open whether it took effect, so does it.
func (s server) explainChange(ctx context.Context, err error) error {
	var said *pgconn.PgError
	switch {
	case !errors.As(err, &said) && ctx.Err() != nil:
		return fmt.Errorf("change on %s: %w", s.Address, ctx.Err())
	case said == nil:
		return fmt.Errorf("%s ended the connection before it answered the change", s.Address)
	case said.Code == "22023": // contrib/passwordcheck and its kin
		return fmt.Errorf("%w: %s", rotation.ErrValue, s.Address)
	case said.Code == "25006", strings.HasPrefix(said.Code, "42"): // read-only, a standby; no such role, no right to do it
		return fmt.Errorf("%w: %s (SQLSTATE %s)", rotation.ErrDeclined, s.Address, printable(said.Code))
	}
	return fmt.Errorf("the change failed on %s (SQLSTATE %s)", s.Address, printable(said.Code))
}

// printable gives a code only if it is one: it comes from the server.
func printable(code string) string {
	if len(code) != 5 || strings.Trim(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "unknown"
	}
	return code
}
