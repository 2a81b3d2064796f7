package demo

import (
	"strings"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// Refused is what LogIn says of a password that the server does not take.
const Refused = "refused by the server"

// LoggedIn is what LogIn says where the account opens.
func LoggedIn(account string) string { return "logged in as " + account }

// loginPatience is how long the server may take to answer.
const loginPatience = 30 * time.Second

// LogIn logs in at the demo's SSH server as anybody would, and says what came of it:
// LoggedIn or Refused. An error is neither. The key is as in authorized_keys, the
// address host:port.
func LogIn(hostKey, address, account, password string) (string, error) {
	known, _, _, _, err := gossh.ParseAuthorizedKey([]byte(hostKey))
	if err != nil {
		return "", err
	}
	connection, err := gossh.Dial("tcp", address, &gossh.ClientConfig{
		User: account, Auth: []gossh.AuthMethod{gossh.Password(password)},
		HostKeyCallback: gossh.FixedHostKey(known), Timeout: loginPatience,
	})
	if err != nil {
		if strings.Contains(err.Error(), "unable to authenticate") {
			return Refused, nil
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
	return LoggedIn(strings.TrimSpace(string(whoami))), err
}
