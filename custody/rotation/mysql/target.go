package mysql

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// Kind is the custody.Target.Kind of this package's targets.
const Kind = "mysql"

// Connector is this kind of target.
var Connector = rotation.Connector{Open: Open, TargetKind: desk.TargetKind{
	Name: Kind, Address: "db01.example:3306", Account: "app", Settings: settings, Admin: desk.AdminPassword, Password: true, Most: maxPassword,
}}

var settings = []desk.TargetSetting{
	{Name: "host", Example: "%", Login: true}, {Name: "admin", Example: "tandem"}, endpoint.TLS, endpoint.CA,
}

// Names go into statements between single quotes, where nothing of these has a
// meaning, whatever the server's sql_mode. A user name has at most 80
// characters in MariaDB (32 in MySQL), a host name 255. A question mark is none,
// because the driver counts them.
var (
	validUser = regexp.MustCompile(`^[^\pC'"` + "`" + `\\?]{1,80}$`)
	validHost = regexp.MustCompile(`^[A-Za-z0-9._:%/-]{1,255}$`)
)

type target struct {
	endpoint endpoint.Endpoint
	user     string
	host     string
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
	opened := &target{endpoint: at, user: t.Account, host: "%"}
	if host, set := t.Settings["host"]; set {
		opened.host = host
	}
	if !validHost.MatchString(opened.host) {
		return nil, custody.Invalid("target.settings.host", "mysql_host")
	}
	names := map[string]string{"target.account": opened.user}
	user, administered := t.Settings["admin"]
	if administered {
		names["target.settings.admin"] = user
	}
	for field, name := range names {
		if !utf8.ValidString(name) || !validUser.MatchString(name) {
			return nil, custody.Invalid(field, "mysql_user")
		}
	}
	opened.admin = user
	opened.password, err = endpoint.AdminPassword(user, admin, user == t.Account, endpoint.AdminRefusals{
		Unnamed: custody.Invalid("target.settings.admin", "name_admin_user"),
		Same:    custody.Invalid("target.settings.admin", "same_user"),
		Missing: custody.Invalid("key", "no_admin_user_password"),
	})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// Identities is as rotation.Identified has it.
func (t *target) Identities() []string {
	return []string{endpoint.Identity(Kind, t.user+"@"+strings.ToLower(t.host), t.endpoint.Address)}
}

// Fingerprints is as rotation.Pinned has it.
func (t *target) Fingerprints() []string { return t.endpoint.Fingerprints }

// Describe is as rotation.Target has it.
func (t *target) Describe() rotation.Description {
	return rotation.Description{Reconciles: t.admin != ""}
}

// Verify is as rotation.Target has it. It asks the server which account the
// password opened: several can have the user name, and a server that runs with
// skip-grant-tables lets in everybody.
func (t *target) Verify(ctx context.Context, secret custody.Secret) error {
	s, err := connect(ctx, t.endpoint, t.user, secret)
	if err != nil {
		return err
	}
	defer s.close()
	current, err := s.ask(ctx, "SELECT CURRENT_USER()")
	if err != nil {
		return err
	}
	if !sameAccount(current, t.user, t.host) {
		return rotation.Because(rotation.OtherAccount, fmt.Errorf("%s lets in, but by another account than the one with the host %s", t.endpoint.Address, t.host))
	}
	if s.hasSeveral(ctx) {
		return rotation.Because(rotation.OldStillAccepted, fmt.Errorf("the account has several passwords on %s, of which one is changed", t.endpoint.Address))
	}
	return nil
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
	s, err := connect(ctx, t.endpoint, t.user, old)
	if err != nil {
		return err
	}
	defer s.close()
	// One that has expired may not ask, and may not change another account either.
	if current, err := s.ask(ctx, "SELECT CURRENT_USER()"); err == nil && !sameAccount(current, t.user, t.host) {
		return rotation.Because(rotation.OtherAccount, fmt.Errorf("%w: %s lets in, but by another account than the one with the host %s", rotation.ErrUnreachable, s.Address, t.host))
	}
	if s.hasSeveral(ctx) {
		return rotation.Because(rotation.OldStillAccepted, fmt.Errorf("%w: the account has several passwords on %s", rotation.ErrUnreachable, t.endpoint.Address))
	}
	return t.change(ctx, s, next)
}

// Reconcile is as rotation.Target has it.
func (t *target) Reconcile(ctx context.Context, next custody.Secret) error {
	if t.admin == "" {
		return fmt.Errorf("%w: there is no admin user", rotation.ErrDeclined)
	}
	if err := checkPassword(next); err != nil {
		return err
	}
	s, err := connect(ctx, t.endpoint, t.admin, t.password)
	if err != nil {
		return err
	}
	defer s.close()
	if err := t.provable(ctx, s); err != nil {
		return err
	}
	return t.change(ctx, s, next)
}

// change sets the password in the session. It names the account always: then a
// session of another account with the user name needs the right to change it.
func (t *target) change(ctx context.Context, s *session, next custody.Secret) error {
	err := t.setHash(ctx, s, nativeHash(next))
	switch number(err) {
	case hashLength: // the account's plug-in has other hashes
		var hash string
		if hash, err = ed25519Hash(next); err == nil {
			err = t.setHash(ctx, s, hash)
		}
	case syntax:
		if mysql, asked := isMySQL(ctx, s); asked != nil {
			err = asked
		} else if mysql {
			err = t.setPassword(ctx, s, next)
		}
	}
	if err != nil {
		return explainChange(ctx, s.Address, err)
	}
	return nil
}

// setHash sets what MariaDB stores. MySQL sees no value there, and refuses.
func (t *target) setHash(ctx context.Context, s *session, hash string) error {
	_, err := s.conn.ExecContext(ctx, fmt.Sprintf("SET PASSWORD FOR '%s'@'%s' = /*M! '%s' */", t.user, t.host, hash))
	return err
}

// setPassword sets the password itself, quoted by the driver, on MySQL.
func (t *target) setPassword(ctx context.Context, s *session, next custody.Secret) error {
	_, err := s.conn.ExecContext(ctx, fmt.Sprintf("ALTER USER '%s'@'%s' IDENTIFIED BY ?", t.user, t.host), next.Reveal())
	return err
}

// isMySQL asks once more before MariaDB, of a kind that did not understand a
// hash, would be told the password: only MariaDB executes such a comment.
func isMySQL(ctx context.Context, s *session) (bool, error) {
	var maria bool
	err := s.conn.QueryRowContext(ctx, "SELECT 0 /*M! + 1 */").Scan(&maria)
	return !maria, err
}
