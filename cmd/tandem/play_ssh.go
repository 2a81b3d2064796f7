package main

import (
	"context"
	"strings"

	gossh "golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/api"
)

// What a log-in at the SSH server comes to.
const (
	loggedIn        = "logged in as " + playAccount
	refusedByServer = "refused by the server"
)

// logIn is a step at the SSH server itself.
func (p *play) logIn(ctx context.Context, what string, password *api.Secret, expected string) {
	p.step(ctx, what, expected, func(context.Context) (string, error) {
		return logInBySSH(p.hostKey, p.record.SSH, playAccount, string(*password))
	})
}

// logInBySSH logs in at the demo's SSH server as anybody would, and says what
// came of it. An error is neither a log-in nor a refusal.
func logInBySSH(hostKey, address, account, password string) (string, error) {
	known, _, _, _, err := gossh.ParseAuthorizedKey([]byte(hostKey))
	if err != nil {
		return "", err
	}
	connection, err := gossh.Dial("tcp", address, &gossh.ClientConfig{
		User: account, Auth: []gossh.AuthMethod{gossh.Password(password)},
		HostKeyCallback: gossh.FixedHostKey(known), Timeout: playPatience,
	})
	if err != nil {
		if strings.Contains(err.Error(), "unable to authenticate") {
			return refusedByServer, nil
		}
		return "", err
	}
	defer connection.Close()
	session, err := connection.NewSession()
	if err != nil {
		return "", err
	}
	defer session.Close()
	whoami, err := session.Output("whoami")
	return "logged in as " + strings.TrimSpace(string(whoami)), err
}
