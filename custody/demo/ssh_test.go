package demo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	rotationssh "github.com/tandem-custody/tandem/custody/rotation/ssh"
)

// write is enough for a test: its machine does not lose power.
func write(path string, content []byte) error { return os.WriteFile(path, content, 0o600) }

// sshFixture is a demo SSH server on a free port with the accounts root and db.
type sshFixture struct {
	address  string
	accounts string // path
	hostKey  string // as in authorized_keys
	host     gossh.Signer
	admin    gossh.Signer
	adminPEM []byte
	server   *SSH
}

func startDemoSSH(t *testing.T) *sshFixture {
	t.Helper()
	folder := t.TempDir()
	f := &sshFixture{accounts: filepath.Join(folder, "accounts")}
	var err error
	if f.host, _, err = Key(filepath.Join(folder, "host_key"), write); err != nil {
		t.Fatal(err)
	}
	if f.admin, f.adminPEM, err = Key(filepath.Join(folder, "admin_key"), write); err != nil {
		t.Fatal(err)
	}
	accounts, err := CreateAccounts(f.accounts, map[string]string{"root": "first-root", "db": "first-db"}, write)
	if err != nil {
		t.Fatal(err)
	}
	f.hostKey = string(gossh.MarshalAuthorizedKey(f.host.PublicKey()))
	f.server = NewSSH(accounts, f.host, f.admin.PublicKey())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.address = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return f
}

func (f *sshFixture) target(t *testing.T, account string) rotation.Target {
	t.Helper()
	target, err := rotationssh.Open(custody.Target{
		Kind: rotationssh.Kind, Address: f.address, Account: account,
		Settings: map[string]string{"host_key": f.hostKey, "admin": sshAdmin},
	}, custody.NewSecret(f.adminPEM))
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// dial logs in by any methods and gives the error of the log-in.
func (f *sshFixture) dial(user string, methods ...gossh.AuthMethod) (*gossh.Client, error) {
	return gossh.Dial("tcp", f.address, &gossh.ClientConfig{
		User: user, Auth: methods, HostKeyCallback: gossh.FixedHostKey(f.host.PublicKey()),
	})
}

// TestDemoSSHRotates: the rotation's own SSH target changes a password, and the
// change is on disk when it is answered.
func TestDemoSSHRotates(t *testing.T) {
	f := startDemoSSH(t)
	root, db := f.target(t, "root"), f.target(t, "db")
	ctx := t.Context()
	first, second := custody.SecretString("first-root"), custody.SecretString("Zw3?:tes Passwort")

	if err := root.Verify(ctx, first); err != nil {
		t.Fatalf("first password: %v", err)
	}
	if err := root.Change(ctx, first, second); err != nil {
		t.Fatalf("change: %v", err)
	}
	if err := root.Verify(ctx, second); err != nil {
		t.Errorf("new password: %v", err)
	}
	if err := root.Verify(ctx, first); !errors.Is(err, rotation.ErrRefused) {
		t.Errorf("old password: got %v, want %v", err, rotation.ErrRefused)
	}
	if err := db.Verify(ctx, custody.SecretString("first-db")); err != nil {
		t.Errorf("the other account: %v", err)
	}
	reread, err := LoadAccounts(f.accounts, write)
	if err != nil {
		t.Fatal(err)
	}
	if !reread.opens("root", second.Reveal()) || reread.opens("root", first.Reveal()) || !reread.opens("db", "first-db") {
		t.Error("the account file is not what the server knows")
	}
}

// TestDemoSSHHold: a held server answers a change only after release.
func TestDemoSSHHold(t *testing.T) {
	f := startDemoSSH(t)
	root := f.target(t, "root")
	release := f.server.Hold()
	changed := make(chan error, 1)
	go func() { changed <- root.Change(t.Context(), custody.Secret{}, custody.SecretString("second")) }()
	if err := root.Verify(t.Context(), custody.SecretString("first-root")); err != nil {
		t.Errorf("log-in while held: %v", err)
	}
	select {
	case err := <-changed:
		t.Fatalf("changed while held: %v", err)
	default:
	}
	release()
	if err := <-changed; err != nil {
		t.Errorf("after release: %v", err)
	}
}

// TestDemoSSHAdminOnly: only the key changes passwords, and only by the one
// command.
func TestDemoSSHAdminOnly(t *testing.T) {
	f := startDemoSSH(t)
	admin := gossh.PublicKeys(f.admin)

	t.Run("a person who offers the administrator's key without having it", func(t *testing.T) {
		// CVE-2024-45337: the key is asked about, then the password logs in.
		stolen := gossh.PublicKeys(onlyPublic{f.admin.PublicKey()})
		client, err := f.dial("db", stolen, gossh.Password("first-db"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := runOn(t, client, rotationssh.ChangeCommand, "root:mine\n"); exitStatus(err) != 126 {
			t.Errorf("got %v, want exit status 126", err)
		}
	})
	t.Run("the administrator's key for another account", func(t *testing.T) {
		if client, err := f.dial("root", admin); err == nil {
			client.Close()
			t.Error("let in")
		}
	})
	t.Run("no password for the administrator", func(t *testing.T) {
		for _, password := range []string{"", "first-root"} {
			if client, err := f.dial(sshAdmin, gossh.Password(password)); err == nil {
				client.Close()
				t.Error("let in")
			}
		}
	})

	client, err := f.dial(sshAdmin, admin)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, test := range []struct {
		command, input string
		status         int
	}{
		{"id", "", 126},
		{"", "", 126},
		{"chpasswd", "root:x\n", 126},
		{rotationssh.ChangeCommand + " ", "root:x\n", 126},
		{rotationssh.ChangeCommand + "; id", "root:x\n", 126},
		{rotationssh.ChangeCommand, "", 1},
		{rotationssh.ChangeCommand, "root\n", 1},
		{rotationssh.ChangeCommand, "root:\n", 1},
		{rotationssh.ChangeCommand, "nobody:x\n", 1},
		{rotationssh.ChangeCommand, sshAdmin + ":x\n", 1},
		{rotationssh.ChangeCommand, "db:x\nnobody:x\n", 1},
		{rotationssh.ChangeCommand, "root:" + strings.Repeat("x", 2*sshMaxInput), 1},
	} {
		if _, err := runOn(t, client, test.command, test.input); exitStatus(err) != test.status {
			t.Errorf("%q with %.20q: got %v, want exit status %d", test.command, test.input, err, test.status)
		}
	}
	for account, password := range map[string]string{"root": "first-root", "db": "first-db"} {
		if !f.server.accounts.opens(account, password) {
			t.Errorf("%s was changed all the same", account)
		}
	}
}

// TestDemoSSHRunsNothing: a person is greeted by name.
func TestDemoSSHRunsNothing(t *testing.T) {
	f := startDemoSSH(t)
	client, err := f.dial("db", gossh.Password("first-db"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for command, want := range map[string]string{"": "you are db", "whoami": "db\n", "true": ""} {
		out, err := runOn(t, client, command, "")
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%q: got %q, %v", command, out, err)
		}
	}
	if out, err := runOn(t, client, "cat /etc/passwd", ""); exitStatus(err) != 126 || out != "" {
		t.Errorf("got %q, %v", out, err)
	}
}

// onlyPublic is a signer that knows the public half and cannot sign.
type onlyPublic struct{ key gossh.PublicKey }

func (k onlyPublic) PublicKey() gossh.PublicKey { return k.key }
func (k onlyPublic) Sign(io.Reader, []byte) (*gossh.Signature, error) {
	return nil, errors.New("no private key")
}

// runOn runs a command, or asks for a shell when it is "", and gives stdout.
func runOn(t *testing.T, client *gossh.Client, command, input string) (string, error) {
	t.Helper()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	var out bytes.Buffer
	session.Stdout, session.Stdin = &out, strings.NewReader(input)
	if command != "" {
		err = session.Start(command)
	} else {
		err = session.Shell()
	}
	if err != nil {
		return "", err
	}
	err = session.Wait()
	return out.String(), err
}

func exitStatus(err error) int {
	var exit *gossh.ExitError
	if errors.As(err, &exit) {
		return exit.ExitStatus()
	}
	return -1
}
