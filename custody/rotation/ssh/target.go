package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// Kind is the custody.Target.Kind of this package's targets.
const Kind = "ssh"

// What is run on the host. It reads "account:password\n".
const (
	ChangeCommand     = "env LC_ALL=C chpasswd"
	SudoChangeCommand = "env LC_ALL=C sudo -n chpasswd"
)

// maxPassword is the longest password in bytes: PAM_MAX_RESP_SIZE is 512 with
// the terminating NUL (Linux-PAM, _pam_types.h).
const maxPassword = 511

// validUser is the POSIX portable user name (IEEE 1003.1-2017, 3.437), at most
// as long as Linux has them (useradd(8)).
var validUser = regexp.MustCompile(`^[A-Za-z0-9._][A-Za-z0-9._-]{0,31}$`)

type target struct {
	host    host
	account string
	admin   string
	key     ssh.Signer
	command string
}

// Open is a rotation.Opener.
func Open(t custody.Target, admin custody.Secret) (rotation.Target, error) {
	if t.Kind != Kind {
		return nil, custody.Invalid("target.kind", custody.Text{En: "must be ssh", Zh: "必须为 ssh"})
	}
	for name := range t.Settings {
		if name != "host_key" && name != "admin" && name != "sudo" {
			return nil, custody.Invalid("target.settings", custody.Text{
				En: "knows only host_key, admin and sudo", Zh: "只能包含 host_key、admin 和 sudo"})
		}
	}
	if !validAddress(t.Address) {
		return nil, custody.Invalid("target.address", custody.Text{En: "must be host:port", Zh: "必须为 主机:端口"})
	}
	keys, err := parseHostKeys(t.Settings["host_key"])
	if err != nil {
		return nil, custody.Invalid("target.settings.host_key", custody.Text{
			En: "must be the host's public key, in the format of authorized_keys",
			Zh: "必须为主机公钥（authorized_keys 格式）"})
	}
	opened := &target{
		host:    host{address: t.Address, keys: keys},
		account: t.Account,
		admin:   "root",
		command: ChangeCommand,
	}
	if admin, set := t.Settings["admin"]; set {
		opened.admin = admin
	}
	for field, user := range map[string]string{"target.account": opened.account, "target.settings.admin": opened.admin} {
		if !validUser.MatchString(user) {
			return nil, custody.Invalid(field, custody.Text{En: "must be a POSIX user name", Zh: "必须为 POSIX 用户名"})
		}
	}
	switch t.Settings["sudo"] {
	case "", "false":
	case "true":
		opened.command = SudoChangeCommand
	default:
		return nil, custody.Invalid("target.settings.sudo", custody.Text{En: "must be true or false", Zh: "必须为 true 或 false"})
	}
	// The parser's error may quote the key.
	if opened.key, err = ssh.ParsePrivateKey(admin.Bytes()); err != nil {
		return nil, custody.Invalid("key", custody.Text{
			En: "must be a private key in PEM, without a passphrase", Zh: "必须为不带口令的 PEM 私钥"})
	}
	return opened, nil
}

// Verify is as rotation.Target has it.
func (t *target) Verify(ctx context.Context, secret custody.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	client, err := t.host.connect(ctx, t.account, &passwordLogin{secret: secret})
	if err != nil {
		return err
	}
	// Nothing is left to know: the host let it in. What closing says is no news.
	_ = client.Close()
	return nil
}

// Change is as rotation.Target has it. The old password is not needed.
func (t *target) Change(ctx context.Context, _, next custody.Secret) error {
	password := next.Reveal()
	if password == "" || len(password) > maxPassword || strings.ContainsFunc(password, unicode.IsControl) {
		return rotation.ErrValue
	}
	client, err := t.connectAdmin(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	defer context.AfterFunc(ctx, func() { client.Close() })()
	session, err := client.NewSession()
	if err != nil {
		return fmt.Errorf("%s opened no session", t.host.address)
	}
	session.Stdin = strings.NewReader(t.account + ":" + password + "\n")
	err = session.Run(t.command)
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.Signal() == "":
		return fmt.Errorf("%w: chpasswd on %s ended with status %d", rotation.ErrDeclined, t.host.address, exit.ExitStatus())
	case ctx.Err() != nil:
		return fmt.Errorf("change on %s: %w", t.host.address, ctx.Err())
	}
	return fmt.Errorf("chpasswd on %s ended without a status", t.host.address)
}

func (t *target) connectAdmin(ctx context.Context) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return t.host.connect(ctx, t.admin, &keyLogin{signer: t.key})
}

func validAddress(address string) bool {
	name, port, err := net.SplitHostPort(address)
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}
