package ssh

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// What is run on the host. chpasswd reads "account:password\n", passwd the old
// password and twice the new one, a line each.
const (
	ChangeCommand    = "env LC_ALL=C chpasswd"
	OwnChangeCommand = "env LC_ALL=C passwd"
	proofCommand     = "echo " // and what is to come back
)

// maxPassword is the longest password in bytes: PAM_MAX_RESP_SIZE is 512 with
// the terminating NUL (Linux-PAM, _pam_types.h).
const maxPassword = 511

var (
	errNobody       = errors.New("nobody is known who may change this password")
	errSwallowed    = errors.New("what was sent to be run did not run, though something ended well: a start-up file of the shell, or a forced command")
	errOpensNothing = errors.New("the password is let in, but then no command runs: it has expired, or the account has no shell")
)

type target struct {
	host      host
	account   string
	own       bool           // the account changes its own password
	shell     bool           // it runs commands
	rootLogin bool           // somebody saw that root may log in with a password
	admin     *administrator // nil: there is none
}

// administrator changes the password of any account.
type administrator struct {
	user string
	key  ssh.Signer
	sudo bool // root's work is done by sudo
}

// Identities is as rotation.Identified has it.
func (t *target) Identities() []string {
	return []string{endpoint.Identity(Kind, t.account, t.host.address)}
}

// Fingerprints is as rotation.Pinned has it.
func (t *target) Fingerprints() (all []string) {
	for _, key := range t.host.keys {
		all = append(all, key.Type()+" "+ssh.FingerprintSHA256(key))
	}
	return all
}

// Describe is as rotation.Target has it.
func (t *target) Describe() rotation.Description {
	return rotation.Description{Reconciles: t.admin != nil, Own: t.own, ByHand: t.admin == nil && !t.own}
}

// Verify is as rotation.Target has it. Where the account has a shell, being let
// in is not enough: sshd lets an expired password in, and then runs nothing.
func (t *target) Verify(ctx context.Context, secret custody.Secret) error {
	_, err := t.VerifyListing(ctx, secret)
	return err
}

// runs shows that the account runs what it is sent: a start-up file of its shell that
// ends before, or a forced command, ends with 0 as well.
func (t *target) runs(ctx context.Context, client *ssh.Client) error {
	nonce := "tandem-" + rand.Text()
	said, err := t.run(ctx, client, proofCommand+nonce, "")
	switch {
	case errors.Is(err, rotation.ErrDeclined):
		return rotation.Because(rotation.MustChange, fmt.Errorf("%s: %w", t.host.address, errOpensNothing))
	case err != nil:
		return fmt.Errorf("%w: after the log-in: %w", rotation.ErrUnreachable, err)
	case !slices.Contains(strings.Fields(said), nonce):
		return rotation.Because(rotation.StartupFiles, fmt.Errorf("%s: %w", t.host.address, errSwallowed))
	}
	return nil
}

// Change is as rotation.Target has it.
func (t *target) Change(ctx context.Context, old, next custody.Secret) error {
	if t.own {
		return t.changeOwn(ctx, old, next)
	}
	return t.Reconcile(ctx, next)
}

// Reconcile is as rotation.Target has it. Without a setting "own" it is what
// Change does as well.
func (t *target) Reconcile(ctx context.Context, next custody.Secret) error {
	switch {
	case t.admin == nil:
		return errNobody
	case !fits(next):
		return rotation.ErrValue
	}
	client, err := t.connect(ctx, t.admin.user, &keyLogin{signer: t.admin.key})
	if err != nil {
		return err
	}
	defer client.Close()
	command, line, err := t.telling(ctx, client, next)
	if err != nil {
		return err
	}
	_, err = t.run(ctx, client, command, line)
	return err
}

// changeOwn has the account change its own password. passwd would not ask root
// for the old one, so root does by chpasswd what it may do with any account.
func (t *target) changeOwn(ctx context.Context, old, next custody.Secret) error {
	switch {
	case !fits(next):
		return rotation.ErrValue
	case old.IsZero():
		return fmt.Errorf("%w: no password is known to log in with", rotation.ErrRefused)
	}
	client, err := t.connect(ctx, t.account, &passwordLogin{secret: old})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := t.runs(ctx, client); err != nil { // before any password is on its way there
		return fmt.Errorf("%w: %w", rotation.ErrDeclined, err)
	}
	if t.account == "root" {
		_, err = t.run(ctx, client, ChangeCommand, "root:"+next.Reveal()+"\n")
		return err
	}
	_, err = t.run(ctx, client, OwnChangeCommand, old.Reveal()+"\n"+next.Reveal()+"\n"+next.Reveal()+"\n")
	if errors.Is(err, rotation.ErrDeclined) { // PAM's rules, in the most cases
		return rotation.Because(rotation.ValueRefused, err)
	}
	return err
}

// fits says whether a password can be told in one line.
func fits(password custody.Secret) bool {
	text := password.Reveal()
	return text != "" && len(text) <= maxPassword && !strings.ContainsFunc(text, unicode.IsControl)
}

func (t *target) connect(ctx context.Context, user string, try login) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return t.host.connect(ctx, user, try)
}

// maxSaid is how much of what a command says is kept, in bytes.
const maxSaid = 64 << 10

// run runs a command without a terminal, and gives the beginning of what it says, to be
// compared and shown to nobody. rotation.ErrDeclined: it ended with a status other than
// 0. Any other error: it may have done what it does.
func (t *target) run(ctx context.Context, client *ssh.Client, command, stdin string) (said string, err error) {
	defer context.AfterFunc(ctx, func() { client.Close() })()
	session, err := client.NewSession()
	switch {
	case err != nil && ctx.Err() != nil: // which closed the connection
		return "", fmt.Errorf("%s opened no session: %w", t.host.address, ctx.Err())
	case err != nil:
		return "", fmt.Errorf("%s opened no session", t.host.address)
	}
	var out beginning
	session.Stdin, session.Stdout = strings.NewReader(stdin), &out
	err = session.Run(command)
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return string(out), nil
	case errors.As(err, &exit) && exit.Signal() == "":
		return string(out), fmt.Errorf("%w: %q on %s ended with status %d", rotation.ErrDeclined, command, t.host.address, exit.ExitStatus())
	case ctx.Err() != nil:
		return "", fmt.Errorf("%q on %s: %w", command, t.host.address, ctx.Err())
	}
	return "", fmt.Errorf("%q on %s ended without a status", command, t.host.address)
}

// beginning keeps the first maxSaid bytes that are written to it.
type beginning []byte

func (b *beginning) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), maxSaid-len(*b))]...)
	return len(p), nil
}
