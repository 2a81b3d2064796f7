package ssh_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
)

// What hosts ask by keyboard-interactive depends on their PAM stack. A server
// that is made for it asks what a test machine's sshd would not.
func TestKeyboardInteractive(t *testing.T) {
	right := custody.SecretString("right")
	password := func(ask gossh.KeyboardInteractiveChallenge) error {
		answers, err := ask("", "", []string{"Password: "}, []bool{false})
		if err == nil && answers[0] != right.Reveal() {
			err = errors.New("wrong")
		}
		return err
	}
	for name, test := range map[string]struct {
		talk         func(gossh.KeyboardInteractiveChallenge) error
		right, wrong error
	}{
		"a password": {password, nil, rotation.ErrRefused},
		"notices around it": {func(ask gossh.KeyboardInteractiveChallenge) error {
			_, before := ask("", "Authorised use only", nil, nil)
			err := password(ask)
			_, after := ask("", "Last log-in: yesterday", nil, nil)
			return errors.Join(before, err, after)
		}, nil, rotation.ErrRefused},
		"a code after it": {func(ask gossh.KeyboardInteractiveChallenge) error {
			if err := password(ask); err != nil {
				return err
			}
			_, err := ask("", "", []string{"Verification code: "}, []bool{true})
			return err
		}, errAnother, rotation.ErrRefused},
		"a code with it": {func(ask gossh.KeyboardInteractiveChallenge) error {
			_, err := ask("", "", []string{"Password: ", "Verification code: "}, []bool{false, true})
			return err
		}, errAnother, errAnother},
	} {
		t.Run(name, func(t *testing.T) {
			target := serve(t, test.talk)
			for given, wanted := range map[string]error{"right": test.right, "wrong": test.wrong} {
				err := target.Verify(t.Context(), custody.SecretString(given))
				if wanted == errAnother {
					if err == nil || errors.Is(err, rotation.ErrRefused) || errors.Is(err, rotation.ErrUnreachable) {
						t.Errorf("%s password: %v", given, err)
					}
					continue
				}
				want(t, given+" password", err, wanted)
			}
		})
	}
}

// errAnother stands for an error that is none of those a target can give.
var errAnother = errors.New("another")

// serve starts a server that only knows keyboard-interactive.
func serve(t *testing.T, talk func(gossh.KeyboardInteractiveChallenge) error) rotation.Target {
	t.Helper()
	return serveAs(t, "shell", talk)
}

// serveAs is serve for an account with another setting: shell "false" or own "true".
// Nobody answers who wants a session.
func serveAs(t *testing.T, setting string, talk func(gossh.KeyboardInteractiveChallenge) error) rotation.Target {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config := &gossh.ServerConfig{
		KeyboardInteractiveCallback: func(_ gossh.ConnMetadata, ask gossh.KeyboardInteractiveChallenge) (*gossh.Permissions, error) {
			return nil, talk(ask)
		},
	}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if served, _, _, err := gossh.NewServerConn(conn, config); err == nil {
					served.Wait()
				}
			}()
		}
	}()
	target, err := ssh.Open(custody.Target{
		Kind: ssh.Kind, Address: l.Addr().String(), Account: "somebody",
		Settings: map[string]string{
			"host_key": strings.TrimSpace(string(gossh.MarshalAuthorizedKey(signer.PublicKey()))),
			setting:    map[string]string{"shell": "false", "own": "true"}[setting],
		},
	}, marshal(t, func() (*pem.Block, error) { return gossh.MarshalPrivateKey(private, "") }))
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// TestAHostThatOpensNoSessionIsLeftWhenTheTimeIsOver, and that is said.
func TestAHostThatOpensNoSessionIsLeftWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	ctx, over := context.WithCancel(t.Context())
	target := serveAs(t, "own", func(ask gossh.KeyboardInteractiveChallenge) error {
		_, err := ask("", "", []string{"Password: "}, []bool{false})
		time.AfterFunc(100*time.Millisecond, over) // before or after the log-in is through: both are the same
		return err
	})
	want(t, "change", target.Change(ctx, sshtest.NewPassword(), sshtest.NewPassword()), context.Canceled)
}
