package ssh

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody/rotation"
)

// What the second account asks its host before the first change. Root's log-in is told to
// sshd -T as it would come from here: SSH_CLIENT begins with our address as the host sees it.
const (
	RootCommand     = "env LC_ALL=C " + rootQuestion
	sudoRootCommand = "env LC_ALL=C sudo -n " + rootQuestion
	rootQuestion    = `sshd -T -C "user=root,host=${SSH_CLIENT%% *},addr=${SSH_CLIENT%% *}"`
	entryCommand    = "getent passwd "                 // and the account
	expiryCommand   = "getent shadow %s | cut -d: -f8" // so that no hash leaves the host
)

// Provable is as rotation.Prover has it: whether the host takes passwords from the
// account at all, and what the second account can see of it. A log-in of the second
// account that is refused here is none of the change's.
func (t *target) Provable(ctx context.Context) error {
	if err := t.takesPasswords(ctx); err != nil {
		return err
	}
	if t.own || t.admin == nil {
		return nil // the log-in that changes it is one by password
	}
	client, err := t.connect(ctx, t.admin.user, &keyLogin{signer: t.admin.key})
	switch {
	case errors.Is(err, rotation.ErrRefused):
		return rotation.Because(rotation.AdminRefused, err)
	case err != nil:
		return err
	}
	defer client.Close()
	return t.seen(ctx, client)
}

// takesPasswords asks without a log-in.
func (t *target) takesPasswords(ctx context.Context) error {
	var look lookAround
	client, err := t.connect(ctx, t.account, &look)
	switch {
	case err == nil: // it lets in without anything
		client.Close()
		return rotation.Because(rotation.PasswordOff, fmt.Errorf("%s lets the account in without a password", t.host.address))
	case len(look.offered) == 0, slices.Contains(look.offered, "password"), slices.Contains(look.offered, "keyboard-interactive"):
		return nil // or nobody answered: what comes next says why
	}
	return err
}

// seen looks at the account as its second one can. What a forced command does not let it
// see is not known, and in the way of root only.
func (t *target) seen(ctx context.Context, client *ssh.Client) error {
	said, err := t.see(ctx, client, entryCommand+t.account)
	if err != nil {
		return err
	}
	entry := strings.Split(said, ":") // passwd(5)
	known := len(entry) == 7 && entry[0] == t.account
	if known && t.shell && slices.Contains([]string{"nologin", "false"}, path.Base(entry[6])) {
		return rotation.Because(rotation.MustChange, fmt.Errorf("%s: the account has no shell", t.host.address))
	}
	if !t.admin.sudo {
		said, err := t.see(ctx, client, fmt.Sprintf(expiryCommand, t.account))
		if err != nil {
			return err
		}
		if days, err := strconv.Atoi(said); err == nil && !time.Now().Before(time.Unix(int64(days)*86400, 0)) {
			return rotation.Because(rotation.AccountClosed, fmt.Errorf("%s: the account has expired", t.host.address))
		}
	}
	if (t.account == "root" || known && entry[2] == "0") && !t.rootLogin {
		return t.rootAllowed(ctx, client)
	}
	return nil
}

// rootAllowed asks sshd whether it lets root in with a password: it offers that to root
// either way, and a refusal looks like a wrong password.
func (t *target) rootAllowed(ctx context.Context, client *ssh.Client) error {
	command := RootCommand
	if t.admin.sudo {
		command = sudoRootCommand
	}
	said, err := t.see(ctx, client, command)
	if err != nil {
		return err
	}
	for line := range strings.Lines(said) {
		switch value, is := strings.CutPrefix(strings.TrimSpace(line), "permitrootlogin "); {
		case is && value == "yes":
			return nil
		case is:
			return rotation.Because(rotation.PasswordOff, fmt.Errorf("%s lets root in by something else than a password: PermitRootLogin", t.host.address))
		}
	}
	return rotation.Because(rotation.RootUnknown, fmt.Errorf("%s: whether root may log in with a password could not be asked", t.host.address))
}

// see gives what a command says, without white space around it; nothing where it may not
// be run. rotation.ErrUnreachable: the host did not answer.
func (t *target) see(ctx context.Context, client *ssh.Client, command string) (string, error) {
	said, err := t.run(ctx, client, command, "")
	switch {
	case errors.Is(err, rotation.ErrDeclined):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("%w: %w", rotation.ErrUnreachable, err)
	}
	return strings.TrimSpace(said), nil
}
