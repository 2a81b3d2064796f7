package ldap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/password"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// Kind is the custody.Target.Kind of this package's targets.
const Kind = "ldap"

// Connector is this kind of target.
var Connector = rotation.Connector{Open: Open, Limits: limits, TargetKind: desk.TargetKind{
	Name: Kind, Address: "ldap.example.com:389", Account: "uid=app,ou=people,dc=example,dc=com", Settings: settings, Admin: desk.AdminPassword, Password: true, Most: maxPassword,
}}

var settings = []desk.TargetSetting{
	{Name: "admin", Hint: "ldap_admin", Example: "cn=tandem,dc=example,dc=com"}, {Name: "method", Choices: []string{byExop, byUserPassword, byUnicodePwd}},
	{Name: "tls", Hint: "ldap_tls", Choices: []string{startTLS, ldaps, "off"}, Login: true}, endpoint.CA,
}

// The setting method: how a password is changed.
const (
	byExop         = "exop"         // the Password Modify operation (RFC 3062)
	byUserPassword = "userPassword" // a hash that is made here
	byUnicodePwd   = "unicodePwd"   // of Active Directory
)

// maxPassword is the longest password in bytes: where crypt(3) is behind the
// directory, CRYPT_MAX_PASSPHRASE_SIZE is 512 with the terminating NUL, and a
// longer one is never let in (libxcrypt, crypt.h).
const maxPassword = 511

// limits is what one target takes of a password.
func limits(t custody.Target) (password.Limits, error) {
	if t.Settings["method"] == byUnicodePwd {
		return password.Limits{Most: maxUnicode}, nil // what is made has one byte for each sign
	}
	return password.Limits{Most: maxPassword}, nil
}

// errEmpty: a bind without a password succeeds as nobody (RFC 4513, 5.1.2).
var errEmpty = errors.New("an empty password proves nothing")

type target struct {
	directory directory
	account   string
	admin     string         // DN; "": the account changes its own password
	password  custody.Secret // of admin
	method    string
}

// Open is a rotation.Opener.
func Open(t custody.Target, admin custody.Secret) (rotation.Target, error) {
	if t.Kind != Kind {
		return nil, custody.Invalid("target.kind", "must_be", custody.Args{"value": Kind})
	}
	if err := rotation.CheckSettings(t, settings); err != nil {
		return nil, err
	}
	where, err := parseDirectory(t)
	if err != nil {
		return nil, err
	}
	opened := &target{directory: where, account: t.Account, admin: t.Settings["admin"]}
	account, err := parseDN("target.account", opened.account)
	if err != nil {
		return nil, err
	}
	same := false
	if opened.admin != "" {
		second, err := parseDN("target.settings.admin", opened.admin)
		if err != nil {
			return nil, err
		}
		same = second.EqualFold(account)
	}
	opened.password, err = endpoint.AdminPassword(opened.admin, admin, same, endpoint.AdminRefusals{
		Unnamed: custody.Invalid("target.settings.admin", "name_admin_account"),
		Same:    custody.Invalid("target.settings.admin", "same_account"),
		Missing: custody.Invalid("key", "no_admin_password"),
	})
	if err != nil {
		return nil, err
	}
	switch opened.method = cmp.Or(t.Settings["method"], byExop); opened.method {
	case byExop, byUserPassword:
	case byUnicodePwd:
		if where.TLS == nil { // no domain controller takes it so, and a log-in before would have been sent
			return nil, custody.Invalid("target.settings.tls", "ldap_unicode_tls")
		}
	default:
		return nil, custody.Invalid("target.settings.method", "ldap_method")
	}
	return opened, nil
}

// parseDN refuses the empty DN too, with which everybody is let in as nobody.
func parseDN(field, dn string) (*ldap.DN, error) {
	parsed, err := ldap.ParseDN(dn)
	if err != nil || len(parsed.RDNs) == 0 {
		return nil, custody.Invalid(field, "no_dn")
	}
	return parsed, nil
}

// Identities is as rotation.Identified has it. A
// directory tells no names apart by their case.
func (t *target) Identities() []string {
	name := t.account
	if parsed, err := ldap.ParseDN(name); err == nil {
		name = parsed.String()
	}
	return []string{endpoint.Identity(Kind, strings.ToLower(name), t.directory.Address)}
}

// Fingerprints is as rotation.Pinned has it.
func (t *target) Fingerprints() []string { return t.directory.Endpoint.Fingerprints }

// Describe is as rotation.Target has it.
func (t *target) Describe() rotation.Description {
	return rotation.Description{Reconciles: t.admin != ""}
}

// Verify is as rotation.Target has it.
func (t *target) Verify(ctx context.Context, secret custody.Secret) error {
	if secret.IsZero() {
		return errEmpty
	}
	conn, err := t.directory.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	refused, err := conn.bind(ctx, t.account, secret)
	switch {
	case err != nil:
		return err
	case refused == nil:
		return nil
	case refused.ofThisSecret():
		return fmt.Errorf("%w: %s", rotation.ErrRefused, t.directory.Address)
	}
	return refused.because()
}

// WhyOld is as rotation.Lenient has it: Active Directory lets the password before in for
// an hour by default (OldPasswordAllowedPeriod).
func (t *target) WhyOld(ctx context.Context) rotation.Failure {
	conn, err := t.directory.connect(ctx)
	if err != nil {
		return rotation.OldStillAccepted
	}
	defer conn.Close()
	if is, err := conn.vendor(); err == nil && is.activeDirectory {
		return rotation.OldValidAnHour
	}
	return rotation.OldStillAccepted
}

// Provable is as rotation.Prover has it: what cannot be changed in the way that is
// described is not even begun, by what the directory says of itself.
func (t *target) Provable(ctx context.Context) error {
	conn, err := t.directory.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	is, err := conn.vendor()
	if err != nil {
		return nil // what comes next says why
	}
	return t.suits(is)
}

// suits says whether a directory that is such sets passwords in the way that is described.
func (t *target) suits(is vendor) error {
	why := ""
	switch {
	case is.activeDirectory && t.method != byUnicodePwd:
		why = "is Active Directory, which sets passwords by unicodePwd"
	case !is.activeDirectory && t.method == byUnicodePwd:
		why = "is not Active Directory"
	case t.method == byExop && len(is.extensions) > 0 && !slices.Contains(is.extensions, passwordModify):
		why = "does not know the Password Modify operation"
	default:
		return nil
	}
	return rotation.Because(rotation.Unsupported, fmt.Errorf("%w: %s %s", rotation.ErrDeclined, t.directory.Address, why))
}

// Change is as rotation.Target has it. With a second account the old password is
// not needed.
func (t *target) Change(ctx context.Context, old, next custody.Secret) error {
	switch {
	case t.admin != "":
		return t.Reconcile(ctx, next)
	case old.IsZero():
		return fmt.Errorf("%w: its password is not known, and there is no second account", rotation.ErrRefused)
	}
	return t.change(ctx, t.account, old, old, next)
}

// Reconcile is as rotation.Target has it.
func (t *target) Reconcile(ctx context.Context, next custody.Secret) error {
	if t.admin == "" {
		return fmt.Errorf("%w: there is no second account", rotation.ErrDeclined)
	}
	return t.change(ctx, t.admin, t.password, custody.Secret{}, next)
}

// change makes next the account's password, logged in as somebody.
func (t *target) change(ctx context.Context, as string, password, old, next custody.Secret) error {
	// An empty one would have the directory make a password itself (RFC 3062, 2).
	// A NUL ends it for crypt(3).
	if value := next.Reveal(); value == "" || len(value) > maxPassword && t.method != byUnicodePwd || strings.ContainsRune(value, 0) {
		return rotation.ErrValue
	}
	ask, err := t.request(old, next)
	switch {
	case errors.Is(err, rotation.ErrValue):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", rotation.ErrDeclined, err)
	}
	conn, err := t.directory.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if t.method != byExop { // what is written then is an attribute like others to another directory, which people may read
		is, err := conn.vendor()
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("%w: %s did not say what it is: %w", rotation.ErrUnreachable, t.directory.Address, ctx.Err())
		case err != nil:
			return fmt.Errorf("%w: %s does not say what it is: %w", rotation.ErrUnreachable, t.directory.Address, err)
		}
		if err := t.suits(is); err != nil {
			return err
		}
	}
	switch refused, err := conn.bind(ctx, as, password); {
	case err != nil:
		return err
	case refused != nil && refused.policy != mustChange: // which is what it does
		return fmt.Errorf("%w: %w", rotation.ErrRefused, refused.because())
	}
	if t.method == byUnicodePwd && t.admin != "" { // its own log-in would have said so
		if err := conn.closed(t.account); err != nil {
			return err
		}
	}
	return conn.explain(ctx, ask(conn.Conn))
}
