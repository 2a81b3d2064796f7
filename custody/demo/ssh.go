package demo

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/net/netutil"

	rotationssh "github.com/tandem-custody/tandem/custody/rotation/ssh"
)

// SSH is a real SSH server with the accounts of the demo. People log in
// with a password and are greeted. The administrator logs in with a key and can
// do one thing, change passwords through chpasswd. Nothing that anybody sends is
// ever run on this machine.
type SSH struct {
	server   ssh.Server
	accounts *Accounts
	admin    ssh.PublicKey
	changing chan struct{} // holds a token while a password is being changed
}

const (
	// sshAdmin has a key and no password. It is an account of its own because
	// the library remembers the last key that a client offered, not the one
	// that it proved to have (CVE-2024-45337): only the account says how
	// somebody logged in.
	sshAdmin = "tandem"

	sshConnections = 32 // at once
	sshIdle        = time.Minute
	sshLongest     = 10 * time.Minute
	sshMaxInput    = 4 << 10 // bytes on the standard input of chpasswd
)

// NewSSH makes a server that knows these accounts and lets the owner of the
// admin key change their passwords.
func NewSSH(accounts *Accounts, host gossh.Signer, admin gossh.PublicKey) *SSH {
	d := &SSH{accounts: accounts, admin: admin, changing: make(chan struct{}, 1)}
	d.server = ssh.Server{
		HostSigners: []ssh.Signer{host},
		Version:     "Tandem-demo",
		IdleTimeout: sshIdle,
		MaxTimeout:  sshLongest,
		PasswordHandler: func(ctx ssh.Context, password string) bool {
			return ctx.User() != sshAdmin && accounts.opens(ctx.User(), password)
		},
		PublicKeyHandler: func(ctx ssh.Context, key ssh.PublicKey) bool {
			return ctx.User() == sshAdmin && ssh.KeysEqual(key, admin)
		},
		ServerConfigCallback: func(ssh.Context) *gossh.ServerConfig {
			return &gossh.ServerConfig{MaxAuthTries: 3}
		},
		Handler: func(s ssh.Session) {
			if s.User() == sshAdmin {
				d.administer(s)
			} else {
				greet(s)
			}
		},
	}
	return d
}

// Serve serves until ctx is done, then closes every connection.
func (d *SSH) Serve(ctx context.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = d.server.Close() })
	defer stop()
	err := d.server.Serve(netutil.LimitListener(listener, sshConnections))
	if errors.Is(err, ssh.ErrServerClosed) {
		return nil
	}
	return err
}

// Hold keeps passwords from being changed until release is called: a server
// that takes its time, for whoever wants to look at what happens meanwhile.
func (d *SSH) Hold() (release func()) {
	d.changing <- struct{}{}
	return func() { <-d.changing }
}

// greet is all that a person gets. What comes after the log-in is no part of
// the demo, so only commands with a known answer are answered.
func greet(s ssh.Session) {
	command := strings.TrimSpace(s.RawCommand())
	if text, is := strings.CutPrefix(command, "echo "); is {
		fmt.Fprintln(s, text)
		_ = s.Exit(0)
		return
	}
	switch command {
	case "":
		fmt.Fprintf(s, "Welcome, you are %s. Tandem's demo server has no shell: the log-in is all there is to see. Good-bye.\n", s.User())
		_ = s.Exit(0)
	case "true":
		_ = s.Exit(0)
	case "whoami", "id -un":
		fmt.Fprintln(s, s.User())
		_ = s.Exit(0)
	default:
		fmt.Fprintln(s.Stderr(), "Tandem's demo server runs no commands.")
		_ = s.Exit(126)
	}
}

// administer does what chpasswd(8) does, says that root may log in with a password, and
// nothing else.
func (d *SSH) administer(s ssh.Session) {
	switch s.RawCommand() {
	case rotationssh.ChangeCommand:
	case rotationssh.RootCommand:
		fmt.Fprintln(s, "permitrootlogin yes")
		_ = s.Exit(0)
		return
	default:
		fmt.Fprintln(s.Stderr(), "This key may only run: "+rotationssh.ChangeCommand)
		_ = s.Exit(126)
		return
	}
	passwords, err := readPasswords(s)
	if err == nil {
		err = d.change(s.Context(), passwords)
	}
	if err != nil {
		fmt.Fprintln(s.Stderr(), "chpasswd: "+err.Error())
		_ = s.Exit(1)
		return
	}
	_ = s.Exit(0)
}

func (d *SSH) change(ctx context.Context, passwords map[string]string) error {
	select {
	case d.changing <- struct{}{}:
		defer func() { <-d.changing }()
		return d.accounts.change(passwords)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readPasswords reads account:password lines, all or none.
func readPasswords(from io.Reader) (map[string]string, error) {
	text, err := io.ReadAll(io.LimitReader(from, sshMaxInput+1))
	if err != nil {
		return nil, err
	}
	if len(text) > sshMaxInput {
		return nil, errors.New("too much input")
	}
	passwords := map[string]string{}
	for line := range strings.Lines(string(text)) {
		account, password, found := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !found || password == "" {
			return nil, errors.New("a line is not account:password")
		}
		passwords[account] = password
	}
	if len(passwords) == 0 {
		return nil, errors.New("nothing to change")
	}
	return passwords, nil
}

// Key reads an Ed25519 private key (OpenSSH PEM), or makes it when there is
// none, and gives it with its text.
func Key(path string, write Write) (gossh.Signer, []byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = newSSHKey(path, write)
	}
	if err != nil {
		return nil, nil, err
	}
	signer, err := gossh.ParsePrivateKey(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return signer, text, nil
}

func newSSHKey(path string, write Write) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	block, err := gossh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(block)
	return text, write(path, text)
}
