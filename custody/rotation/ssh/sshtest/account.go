package sshtest

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// AddAccount makes an account with a password on the server.
func (s *Server) AddAccount(t testing.TB) (name string, password custody.Secret) {
	t.Helper()
	name, password = s.addUser(t), NewPassword()
	s.SetPassword(t, name, password)
	return name, password
}

// AddSudoAdmin makes an account that AdminKey opens and that may run chpasswd
// as root by sudo, and nothing else.
func (s *Server) AddSudoAdmin(t testing.TB) (name string) {
	t.Helper()
	return s.AddSudoer(t, "NOPASSWD: CHPASSWD")
}

// AddSudoer makes an account that AdminKey opens and that has a rule of sudoers(5), in
// which CHPASSWD stands for that program; defaults are settings for it alone.
func (s *Server) AddSudoer(t testing.TB, rule string, defaults ...string) (name string) {
	t.Helper()
	require(t, "sudo")
	chpasswd := require(t, "chpasswd")[0]
	name = s.addUser(t)
	rules := fmt.Sprintf("%s ALL=(root) %s\n", name, strings.ReplaceAll(rule, "CHPASSWD", chpasswd))
	for _, setting := range defaults {
		rules = fmt.Sprintf("Defaults:%s %s\n", name, setting) + rules
	}
	if err := os.WriteFile(s.root.path("etc/sudoers.d/"+name), []byte(rules), 0o440); err != nil {
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
func (s *Server) SetPassword(t testing.TB, name string, password custody.Secret) {
	t.Helper()
	s.root.run(t, name+":"+password.Reveal()+"\n", require(t, "chpasswd")[0])
}

// GiveHome gives an account a home of its own, where bash keeps what it keeps.
func (s *Server) GiveHome(t testing.TB, name string) (dir string) {
	t.Helper()
	// Not t.TempDir, which the account may not enter.
	dir, err := os.MkdirTemp("", "sshtest-home-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s.Administer(t, "usermod", "--home", dir, "--shell", "/bin/bash", name)
	s.Administer(t, "chown", name, dir)
	return dir
}

// Administer runs one of the programs that change an account, like chage.
func (s *Server) Administer(t testing.TB, program string, args ...string) {
	t.Helper()
	s.root.run(t, "", require(t, program)[0], args...)
}

// Shadow gives the line of an account in the server's shadow.
func (s *Server) Shadow(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(s.root.path("etc/shadow"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, name+":") {
			return line
		}
	}
	t.Fatalf("%s has no line in shadow", name)
	return ""
}

// Login says whether a password opens an account: nil if it does. It shares no
// code with what it is there to check.
func Login(addr, hostKey, user string, password custody.Secret) error {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(hostKey))
	if err != nil {
		return err
	}
	conn, err := net.DialTimeout("tcp", addr, servertest.Patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(servertest.Patience)); err != nil {
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

func (s *Server) addUser(t testing.TB) (name string) {
	t.Helper()
	useradd := require(t, "useradd")[0]
	name = servertest.NewName()
	s.root.accounts = append(s.root.accounts, name)
	s.root.run(t, "", useradd, "--no-create-home", "--no-user-group", "--home-dir", "/", "--shell", "/bin/sh", name)
	return name
}
