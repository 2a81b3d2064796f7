package sshtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
)

// AddAccount makes an account with a password on this machine, and removes it
// when the test ends.
func (s *Server) AddAccount(t testing.TB) (name string, password custody.Secret) {
	t.Helper()
	name, password = addUser(t), NewPassword()
	SetPassword(t, name, password)
	return name, password
}

// AddSudoAdmin makes an account that AdminKey opens and that may run chpasswd
// as root by sudo, and nothing else.
func (s *Server) AddSudoAdmin(t testing.TB) (name string) {
	t.Helper()
	require(t, "sudo")
	chpasswd := require(t, "chpasswd")[0]
	name = addUser(t)
	rule := "/etc/sudoers.d/" + name
	t.Cleanup(func() { os.Remove(rule) })
	if err := os.WriteFile(rule, fmt.Appendf(nil, "%s ALL=(root) NOPASSWD: %s\n", name, chpasswd), 0o440); err != nil {
		t.Fatal(err)
	}
	return name
}

// NewPassword gives a random password with the signs that could be mistaken
// for something else on its way.
func NewPassword() custody.Secret {
	return custody.SecretString(rand.Text()[:12] + ` :"'$\%#` + rand.Text()[:12])
}

// SetPassword changes an account's password behind everybody's back.
func SetPassword(t testing.TB, name string, password custody.Secret) {
	t.Helper()
	run(t, name+":"+password.Reveal()+"\n", require(t, "chpasswd")[0])
}

// GiveHome gives an account a home of its own, where bash keeps what it keeps.
func GiveHome(t testing.TB, name string) (dir string) {
	t.Helper()
	// Not t.TempDir, which the account may not enter.
	dir, err := os.MkdirTemp("", "sshtest-home-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	Administer(t, "usermod", "--home", dir, "--shell", "/bin/bash", name)
	Administer(t, "chown", name, dir)
	return dir
}

// Administer runs one of the programs that change an account, like chage.
func Administer(t testing.TB, program string, args ...string) {
	t.Helper()
	run(t, "", require(t, program)[0], args...)
}

// Login says whether a password opens an account: nil if it does. It shares no
// code with what it is there to check.
func Login(addr, hostKey, user string, password custody.Secret) error {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(hostKey))
	if err != nil {
		return err
	}
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	client, _, _, err := ssh.NewClientConn(conn, addr, &ssh.ClientConfig{
		User:            user,
		Auth:            []ssh.AuthMethod{ssh.Password(password.Reveal())},
		HostKeyCallback: ssh.FixedHostKey(key),
	})
	if err != nil {
		return err
	}
	return client.Close()
}

func addUser(t testing.TB) (name string) {
	t.Helper()
	programs := require(t, "useradd", "userdel")
	name = "tandem-test-" + strings.ToLower(rand.Text()[:10])
	t.Cleanup(func() { run(t, "", programs[1], "--force", name) }) // also while a session of it ends
	run(t, "", programs[0], "--no-create-home", "--no-user-group", "--home-dir", "/", "--shell", "/bin/sh", name)
	return name
}

// run runs a program that changes the machine's accounts. There is one lock for
// all of them, and they give up at once when a test of another process has it.
func run(t testing.TB, stdin, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
			if !bytes.Contains(out, []byte("lock")) {
				err = backoff.Permanent(err)
			}
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(interval)))
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
}
