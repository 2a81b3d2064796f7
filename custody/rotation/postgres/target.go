package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// Kind is the custody.Target.Kind of this package's targets.
const Kind = "postgres"

// Connector is this kind of target.
var Connector = rotation.Connector{Open: Open, TargetKind: desk.TargetKind{
	Name: Kind, Address: "db01.example:5432", Account: "app", Settings: settings, Admin: desk.AdminPassword, Password: true, Most: maxPassword,
}}

var settings = []desk.TargetSetting{
	{Name: "admin", Example: "tandem"}, {Name: "database", Example: "postgres", Login: true}, endpoint.TLS, endpoint.CA,
}

// maxName is the longest name in bytes: NAMEDATALEN less the terminating NUL.
// The server cuts a longer one short, which may be the name of another role.
const maxName = 63

type target struct {
	server   server
	account  string
	admin    string // "": none
	password custody.Secret
}

// Open is a rotation.Opener.
func Open(t custody.Target, admin custody.Secret) (rotation.Target, error) {
	if t.Kind != Kind {
		return nil, custody.Invalid("target.kind", "must_be", custody.Args{"value": Kind})
	}
	if err := rotation.CheckSettings(t, settings); err != nil {
		return nil, err
	}
	at, err := endpoint.Open(t)
	if err != nil {
		return nil, err
	}
	opened := &target{server: server{Endpoint: at, database: "postgres"}, account: t.Account}
	if database, set := t.Settings["database"]; set {
		opened.server.database = database
	}
	names := map[string]string{"target.account": opened.account, "target.settings.database": opened.server.database}
	role, administered := t.Settings["admin"]
	if administered {
		names["target.settings.admin"] = role
	}
	for field, name := range names {
		if custody.CheckText(field, name) != nil || len(name) > maxName {
			return nil, custody.Invalid(field, "postgres_name")
		}
	}
	opened.admin = role
	opened.password, err = endpoint.AdminPassword(role, admin, role == t.Account, endpoint.AdminRefusals{
		Unnamed: custody.Invalid("target.settings.admin", "name_admin_role"),
		Same:    custody.Invalid("target.settings.admin", "same_role"),
		Missing: custody.Invalid("key", "no_admin_role_password"),
	})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// Identities is as rotation.Identified has it. A role is one in all databases.
func (t *target) Identities() []string {
	return []string{endpoint.Identity(Kind, t.account, t.server.Address)}
}

// Fingerprints is as rotation.Pinned has it.
func (t *target) Fingerprints() []string { return t.server.Endpoint.Fingerprints }

// Describe is as rotation.Target has it.
func (t *target) Describe() rotation.Description {
	return rotation.Description{Reconciles: t.admin != ""}
}

// Verify is as rotation.Target has it.
func (t *target) Verify(ctx context.Context, secret custody.Secret) error {
	conn, err := t.server.connect(ctx, t.account, secret)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) // what that says is no news
	return t.server.direct(ctx, conn)
}

// Change is as rotation.Target has it. With an admin the old password is not
// needed.
func (t *target) Change(ctx context.Context, old, next custody.Secret) error {
	if t.admin != "" {
		return t.Reconcile(ctx, next)
	}
	if err := checkPassword(next); err != nil {
		return err
	}
	conn, err := t.server.connect(ctx, t.account, old)
	if err != nil {
		return err
	}
	if err := t.server.direct(ctx, conn); err != nil {
		_ = conn.Close(ctx)
		return fmt.Errorf("%w: %w", rotation.ErrUnreachable, err)
	}
	return t.change(ctx, conn, next)
}

// Reconcile is as rotation.Target has it.
func (t *target) Reconcile(ctx context.Context, next custody.Secret) error {
	if t.admin == "" {
		return fmt.Errorf("%w: there is no admin role", rotation.ErrDeclined)
	}
	if err := checkPassword(next); err != nil {
		return err
	}
	conn, err := t.server.connect(ctx, t.admin, t.password)
	if err != nil {
		return err
	}
	if err := t.provable(ctx, conn); err != nil {
		_ = conn.Close(ctx) // nothing was changed: what closing says is no news
		return err
	}
	return t.change(ctx, conn, next)
}

// provable says, before the password is changed, that no log-in could prove it: a pooler
// answers, the role may not log in, or its passwords are past their date. ErrUnreachable: nothing was asked.
func (t *target) provable(ctx context.Context, conn *pgconn.PgConn) error {
	if err := t.server.direct(ctx, conn); err != nil {
		return fmt.Errorf("%w: %w", rotation.ErrUnreachable, err)
	}
	found := conn.ExecParams(ctx, "SELECT NOT rolcanlogin OR rolconnlimit = 0, coalesce(rolvaliduntil <= now(), false) FROM pg_catalog.pg_roles WHERE rolname = $1",
		[][]byte{[]byte(t.account)}, nil, nil, nil).Read()
	if found.Err != nil || len(found.Rows) != 1 {
		return nil // the change says why
	}
	const yes = "t"
	switch row := found.Rows[0]; {
	case string(row[0]) == yes:
		return rotation.Because(rotation.NotAllowed, fmt.Errorf("%w: the role may not log in at %s", rotation.ErrUnreachable, t.server.Address))
	case string(row[1]) == yes:
		return rotation.Because(rotation.AccountClosed, fmt.Errorf("%w: the role's passwords are past their date at %s", rotation.ErrUnreachable, t.server.Address))
	}
	return nil
}

// change sets the password in the session, and ends the session.
func (t *target) change(ctx context.Context, conn *pgconn.PgConn, next custody.Secret) error {
	defer conn.Close(ctx)
	stored, err := verifier(next, iterations(ctx, conn))
	if err != nil {
		return fmt.Errorf("%w: %w", rotation.ErrValue, err)
	}
	// ALTER ROLE takes no parameters. By the simple protocol it is one packet
	// each way, and a transaction of its own.
	statement := "ALTER ROLE " + pgx.Identifier{t.account}.Sanitize() + " PASSWORD '" + stored + "'"
	if _, err := conn.Exec(ctx, statement).ReadAll(); err != nil {
		return t.server.explainChange(ctx, err)
	}
	return nil
}

// iterations gives the server's own number for SCRAM, 0 where it has none to
// set (before PostgreSQL 16) or does not tell.
func iterations(ctx context.Context, conn *pgconn.PgConn) int {
	results, err := conn.Exec(ctx, "SELECT current_setting('scram_iterations', true)").ReadAll()
	if err != nil || len(results) != 1 || len(results[0].Rows) != 1 {
		return 0
	}
	n, err := strconv.Atoi(string(results[0].Rows[0][0]))
	if err != nil {
		return 0
	}
	return n
}
