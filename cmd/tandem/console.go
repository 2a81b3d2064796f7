package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/cmd/unseen"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// console is where a verb reads and writes.
type console struct {
	in  *os.File
	out io.Writer // what was asked for
	err io.Writer // everything else
}

// The environment variables that stand in for a terminal.
const (
	codeVariable        = "TANDEM_TOTP"
	passwordVariable    = "TANDEM_PASSWORD_FILE"
	newPasswordVariable = "TANDEM_NEW_PASSWORD_FILE"
	recoveryVariable    = "TANDEM_RECOVERY_CODE_FILE"
)

// isTerminal says whether a person looks at w.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// note tells the person something that is no part of the answer.
func (c console) note(format string, args ...any) { fmt.Fprintf(c.err, format+"\n", args...) }

// ask reads one line from the terminal.
func (c console) ask(question string) (string, error) {
	fmt.Fprint(c.err, question+": ")
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// code gives the TOTP code without what people paste around and into it: whether it
// is one is for the server to say. A code shows on the screen, because it is worth nothing once used.
func (c console) code() (string, error) {
	if code := os.Getenv(codeVariable); code != "" {
		return totp.Typed(code), nil
	}
	if !isTerminal(c.in) {
		return "", usagef("a TOTP code is needed: set %s, or run this on a terminal", codeVariable)
	}
	typed, err := c.ask("TOTP code")
	return totp.Typed(typed), err
}

// recoveryCode gives a recovery code that was typed or that a file holds. It shows
// on the screen, because it is worth nothing once used.
func (c console) recoveryCode() (custody.Secret, error) {
	if path := os.Getenv(recoveryVariable); path != "" {
		code, err := secretFile(path)
		return custody.SecretString(totp.Typed(code.Reveal())), err
	}
	if !isTerminal(c.in) {
		return custody.Secret{}, usagef("a recovery code is needed: name its file in %s, or run this on a terminal", recoveryVariable)
	}
	typed, err := c.ask("Recovery code")
	return custody.SecretString(totp.Typed(typed)), err
}

// password gives a password that was typed, without echo, or that a file holds.
func (c console) password() (custody.Secret, error) { return c.secret(passwordVariable, "Password: ") }

// newPassword gives one that is chosen. On a terminal it is typed twice, as nobody sees it.
func (c console) newPassword() (custody.Secret, error) {
	first, err := c.secret(newPasswordVariable, "New password: ")
	if err != nil || os.Getenv(newPasswordVariable) != "" {
		return first, err
	}
	second, err := c.secret(newPasswordVariable, "The new password once more: ")
	if err == nil && !second.Equal(first) {
		err = usagef("the two are not the same; nothing was changed")
	}
	return second, err
}

func (c console) secret(variable, question string) (custody.Secret, error) {
	if path := os.Getenv(variable); path != "" {
		return secretFile(path)
	}
	if !isTerminal(c.in) {
		return custody.Secret{}, usagef("a password is needed: name its file in %s, or run this on a terminal", variable)
	}
	typed, err := unseen.Ask(c.in, c.err, question)
	if err != nil {
		return custody.Secret{}, fmt.Errorf("read from the terminal: %w", err)
	}
	return typed, nil
}

// secretFile reads a secret from a file. One line end behind it is not part of
// it, nor is a mark before it: editors add them.
func secretFile(path string) (custody.Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return custody.Secret{}, err
	}
	return custody.SecretString(strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), "\ufeff")), nil
}

// secretFiles are the files that an account's secrets are read from, where they are named.
type secretFiles struct{ password, key string }

// read leaves what no file is named for as it is. Both may name the same file.
func (f secretFiles) read(password, key *api.Secret) error {
	return errors.Join(readSecret(f.password, password), readSecret(f.key, key))
}

func readSecret(path string, into *api.Secret) error {
	if path == "" {
		return nil
	}
	secret, err := secretFile(path)
	if err != nil {
		return err
	}
	*into = api.Secret(secret.Reveal())
	return nil
}
