package ssh_test

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
)

const credential = "server-root"

// custodied is an account on a real server under custody in memory.
type custodied struct {
	t       *testing.T
	server  *sshtest.Server
	account string
	old     custody.Secret
	clock   *rotationtest.Clock
	desk    *rotationtest.Desk
	secrets *rotationtest.Secrets
	log     strings.Builder
}

func takeOver(t *testing.T, server *sshtest.Server) *custodied {
	c := &custodied{t: t, server: server, clock: rotationtest.NewClock(), secrets: rotationtest.NewSecrets()}
	c.account, c.old = server.AddAccount(t)
	c.desk = rotationtest.NewDesk(t, c.clock)
	for path, secret := range map[string]custody.Secret{
		desk.CredentialPath(credential): c.old,
		desk.KeyPath(credential):        server.AdminKey,
	} {
		if _, err := c.secrets.Write(t.Context(), path, secret, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	c.desk.Add(credential, describe(server, c.account))
	return c
}

// work has a worker run until the credential is as wanted, or until it dies at
// the step crash.
func (c *custodied) work(crash string, wanted func(custody.Credential) bool) {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	defer stop()
	died := false
	owner := "dies at " + crash
	worker := rotation.New(rotation.Config{
		Desk: c.desk, Queue: c.desk, Secrets: c.secrets, Clock: c.clock,
		Targets:     map[string]rotation.Opener{ssh.Kind: ssh.Open},
		Log:         slog.New(slog.NewTextHandler(&c.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Owner:       owner,
		Interval:    10 * time.Millisecond,
		BackoffBase: time.Millisecond,
		BackoffMax:  100 * time.Millisecond,
		Hook: func(step string) {
			if step == crash {
				died = true
				c.desk.Bury(owner)
				stop()
				runtime.Goexit()
			}
		},
	})
	if crash == "" {
		go func() {
			defer stop()
			c.desk.Await(credential, wanted)
		}()
		go func() { // time goes by
			for ctx.Err() == nil {
				c.clock.Advance(10 * time.Millisecond)
				time.Sleep(time.Millisecond)
			}
		}()
	}
	_ = worker.Run(ctx)
	if crash != "" && !died {
		c.t.Fatalf("it did not come to %q", crash)
	}
	c.clock.Advance(worker.Lease)
}

// opens checks that something in the secret store opens the account (I9).
func (c *custodied) opens() {
	c.t.Helper()
	staged := rotation.StagedPath(custody.RotationID{Credential: credential, Number: 1})
	for _, path := range []string{staged, desk.CredentialPath(credential)} {
		for _, secret := range c.secrets.Versions(path) {
			if sshtest.Login(c.server.Addr, c.server.HostKey, c.account, secret) == nil {
				return
			}
		}
	}
	c.t.Error("the password is stranded: nothing in the secret store opens the account")
}

// settled checks what must be so after the first rotation.
func (c *custodied) settled() {
	c.t.Helper()
	versions := c.secrets.Versions(desk.CredentialPath(credential))
	if len(versions) != 2 {
		c.t.Fatalf("%d versions", len(versions))
	}
	if err := sshtest.Login(c.server.Addr, c.server.HostKey, c.account, versions[1]); err != nil {
		c.t.Errorf("the current password: %v", err)
	}
	if err := sshtest.Login(c.server.Addr, c.server.HostKey, c.account, c.old); err == nil {
		c.t.Error("the old password still opens the account")
	}
	promoted := 0
	for _, e := range c.desk.Events() {
		switch f := e.Fact.(type) {
		case custody.RotationPromoted:
			promoted++
		case custody.RotationVerified:
			if !f.OldRefused {
				c.t.Error("verified without a refusal of the old password")
			}
		}
	}
	if promoted != 1 {
		c.t.Errorf("promoted %d times", promoted)
	}
	for _, secret := range versions {
		if strings.Contains(c.log.String(), secret.Reveal()) {
			c.t.Error("a password is in the log")
		}
	}
}

func held(c custody.Credential) bool { return c.Phase == custody.Held }

func TestCrashOnARealServer(t *testing.T) {
	server := sshtest.Start(t)
	for _, step := range []string{
		"", "staged-written", "staged-reported", "changed", "applied-reported", "new-proved",
		"old-refused", "verified-reported", "promoted-written", "promoted-reported", "cleared",
	} {
		t.Run("crash "+step, func(t *testing.T) {
			t.Parallel()
			c := takeOver(t, server)
			if step != "" {
				c.work(step, nil)
				c.opens()
			}
			c.work("", held)
			c.settled()
		})
	}
}

// failed waits for a failed attempt of a kind.
func failed(kind rotation.Failure) func(custody.Credential) bool {
	return func(c custody.Credential) bool { return c.Rotation.Failure == string(kind) }
}

func TestServerGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	c := takeOver(t, server)
	c.work("applied-reported", nil)
	server.Stop()
	c.work("", failed(rotation.Unreachable))
	server.Start()
	c.work("", held)
	c.settled()
}

func TestAnotherHostAtTheAddress(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	c := takeOver(t, server)
	server.ReplaceHostKey()
	c.work("", failed(rotation.WrongHost))
	if err := sshtest.Login(server.Addr, server.HostKey, c.account, c.old); err != nil {
		t.Errorf("the old password: %v", err)
	}
	if strings.Contains(string(server.Log()), "Accepted publickey") {
		t.Error("Tandem logged in to a host that is not the pinned one")
	}
}
