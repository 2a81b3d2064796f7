package ssh

import (
	"errors"
	"slices"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
)

var (
	errNotOffered = errors.New("the host offers no log-in of this kind")
	errMoreAsked  = errors.New("the host asks for more than this to log in")
	errNoAnswer   = errors.New("the host did not answer the log-in")
	errTriedOnce  = errors.New("tried once already")
)

// login is one try to log in, by one method, whatever else the host offers.
//
// x/crypto/ssh reports a refusal and a connection that broke in the middle by
// the same kind of error. They are told apart by having it come back for a
// second secret, which it does only when the host has answered the first with
// SSH_MSG_USERAUTH_FAILURE. It gets none.
type login interface {
	// choose is an ssh.ClientConfig.AuthCallback.
	choose(*ssh.ClientAuthContext) (ssh.AuthMethod, error)

	// refused says that the host answered the try, with a refusal.
	refused() bool

	// sent says that the secret was on its way.
	sent() bool
}

// oneTry is what the log-ins have in common.
type oneTry struct {
	methods int  // how many were chosen
	given   bool // the secret went to x/crypto/ssh
	again   bool // it came back for another
}

func (t *oneTry) refused() bool { return t.again }

func (t *oneTry) sent() bool { return t.given }

// give says whether the secret may be given now: once.
func (t *oneTry) give() error {
	if t.given {
		t.again = true
		return errTriedOnce
	}
	t.given = true
	return nil
}

// keyLogin logs in with a private key.
type keyLogin struct {
	oneTry
	signer ssh.Signer
}

func (l *keyLogin) choose(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	l.methods++
	switch {
	case len(c.PartialSuccessMethods) > 0:
		return nil, errMoreAsked
	case l.methods > 1, len(c.AllowedMethods) == 0:
		return nil, errNoAnswer
	case !slices.Contains(c.AllowedMethods, "publickey"):
		return nil, errNotOffered
	}
	return ssh.RetryableAuthMethod(ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
		if err := l.give(); err != nil {
			return nil, err
		}
		return []ssh.Signer{l.signer}, nil
	}), 2), nil
}

// lookAround logs nobody in: it only sees what the host offers (RFC 4252, 5.2).
type lookAround struct {
	oneTry
	offered []string
}

func (l *lookAround) choose(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	l.offered = slices.Clone(c.AllowedMethods)
	return nil, errNotOffered
}

// passwordLogin logs in with a password.
type passwordLogin struct {
	oneTry
	secret      custody.Secret
	interactive bool // by keyboard-interactive
	moreAsked   bool
}

func (l *passwordLogin) choose(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	l.methods++
	switch {
	case l.moreAsked, len(c.PartialSuccessMethods) > 0:
		return nil, errMoreAsked
	case l.methods == 1 && slices.Contains(c.AllowedMethods, "password"):
		return ssh.RetryableAuthMethod(ssh.PasswordCallback(func() (string, error) {
			if err := l.give(); err != nil {
				return "", err
			}
			return l.secret.Reveal(), nil
		}), 2), nil
	case l.methods == 1 && slices.Contains(c.AllowedMethods, "keyboard-interactive"):
		l.interactive = true
		return ssh.KeyboardInteractive(l.answer), nil
	case l.methods == 1 && len(c.AllowedMethods) > 0:
		return nil, errNotOffered
	case l.methods == 2 && l.interactive && l.given:
		// A second question is a refusal only in a conversation of its own:
		// the host may ask for more than a password in the first.
		return ssh.KeyboardInteractive(func(_, _ string, _ []string, _ []bool) ([]string, error) {
			return nil, l.give()
		}), nil
	}
	return nil, errNoAnswer
}

// answer gives the password to the one question of a host, which may also send
// notices without a question (RFC 4256, 3.3).
func (l *passwordLogin) answer(_, _ string, questions []string, _ []bool) ([]string, error) {
	switch {
	case len(questions) == 0:
		return nil, nil
	case len(questions) > 1, l.given:
		l.moreAsked = true
		return nil, errMoreAsked
	}
	return []string{l.secret.Reveal()}, l.give()
}
