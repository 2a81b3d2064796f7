package ssh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/unixcrypt"
)

// What an administrator with sudo runs on the host. Where sudo logs what commands read
// (log_input of sudoers(5)), a password would stay in a file there: so chpasswd gets a
// hash where sudo lets it have one, and the password itself only where sudo says that it
// keeps no input.
const (
	SudoChangeCommand     = "env LC_ALL=C sudo -n chpasswd"
	SudoHashChangeCommand = "env LC_ALL=C sudo -n chpasswd -e"
	sudoMayCommand        = "env LC_ALL=C sudo -n -l chpasswd -e" // prints that with its path, and ends with 0, where it may be run
	sudoListCommand       = "env LC_ALL=C sudo -n -l"             // prints the administrator's rules
)

var errInputKept = errors.New("sudo lets no hash be set and keeps what commands read, or does not say that it does not")

// telling gives the command by which the account's password is changed, and what that
// reads. rotation.ErrUnreachable: the host was not told.
func (t *target) telling(ctx context.Context, client *ssh.Client, next custody.Secret) (command, line string, err error) {
	if !t.admin.sudo {
		return ChangeCommand, t.account + ":" + next.Reveal() + "\n", nil
	}
	hashed, err := t.takesHash(ctx, client)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("%w: %w", rotation.ErrUnreachable, err)
	case !hashed:
		return SudoChangeCommand, t.account + ":" + next.Reveal() + "\n", nil
	}
	hash, err := unixcrypt.Hash(next)
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", rotation.ErrValue, err)
	}
	return SudoHashChangeCommand, t.account + ":" + hash + "\n", nil
}

// takesHash says whether sudo lets the administrator set a hash. An error: it does not,
// and it is not known that it would not keep a password.
func (t *target) takesHash(ctx context.Context, client *ssh.Client) (bool, error) {
	said, err := t.run(ctx, client, sudoMayCommand, "")
	switch {
	case err == nil && isHashCommand(said):
		return true, nil
	case err != nil && !errors.Is(err, rotation.ErrDeclined):
		return false, err
	}
	switch said, err = t.run(ctx, client, sudoListCommand, ""); {
	case errors.Is(err, rotation.ErrDeclined): // it has no rules, or may not see them
		return false, rotation.Because(rotation.Declined, err)
	case err != nil:
		return false, err
	case !keepsNoInput(said):
		return false, rotation.Because(rotation.InputKept, fmt.Errorf("%s: %w", t.host.address, errInputKept))
	}
	return false, nil
}

// isHashCommand says that sudo named the command that was asked for: a forced command
// that ends well names none.
func isHashCommand(said string) bool {
	words := strings.Fields(said)
	return len(words) == 2 && isChpasswd(words[0]) && words[1] == "-e"
}

func isChpasswd(word string) bool { return word == "chpasswd" || strings.HasSuffix(word, "/chpasswd") }

// keepsNoInput reads the words of sudoers in a list of rules, not the sentences between
// them: nothing switches the log of inputs on, or the one rule with chpasswd switches it
// off again. Whatever is doubtful counts as kept, and so does a list without that rule.
func keepsNoInput(list string) bool {
	words := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
	rules, spared := 0, 0
	for _, word := range words {
		switch {
		case isChpasswd(word):
			rules++
		case word == "NOLOG_INPUT:":
			spared++
		}
	}
	switch {
	case rules == 0, slices.Contains(words, "LOG_INPUT:"):
		return false
	case slices.Contains(words, "log_input"), slices.Contains(words, "log_stdin"):
		return rules == 1 && spared == 1
	}
	return true
}
