package mysql_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/mysql/mysqltest"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

const credential = "db-app"

// custodied is an account on a real server under custody in memory.
type custodied struct {
	t       *testing.T
	server  *mysqltest.Server
	account string
	old     custody.Secret
	clock   *rotationtest.Clock
	desk    *rotationtest.Desk
	secrets *rotationtest.Secrets
	log     strings.Builder
}

func takeOver(t *testing.T, server *mysqltest.Server, plugin string, describe func(*mysqltest.Server, string, ...string) custody.Target) *custodied {
	c := &custodied{t: t, server: server, clock: rotationtest.NewClock(), secrets: rotationtest.NewSecrets()}
	c.account, c.old = server.AddAccount(t, plugin)
	c.desk = rotationtest.NewDesk(t, c.clock)
	described := describe(server, c.account)
	kept := map[string]custody.Secret{desk.CredentialPath(credential): c.old}
	if described.Settings["admin"] != "" {
		kept[desk.KeyPath(credential)] = server.AdminPassword
	}
	for path, secret := range kept {
		if _, err := c.secrets.Write(t.Context(), path, secret, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	described.Settings["ca"] = strings.ReplaceAll(described.Settings["ca"], "\n", " ") // as an entry has it
	c.desk.Add(credential, described)
	return c
}

// work has a worker run until the credential is as wanted.
func (c *custodied) work(wanted func(custody.Credential) bool) {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	defer stop()
	worker := rotation.New(rotation.Config{
		Desk: c.desk, Queue: c.desk, Secrets: c.secrets, Clock: c.clock,
		Targets:     map[string]rotation.Opener{mysql.Kind: mysql.Open},
		Log:         slog.New(slog.NewTextHandler(&c.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Owner:       "worker",
		Interval:    10 * time.Millisecond,
		BackoffBase: time.Millisecond,
		BackoffMax:  100 * time.Millisecond,
	})
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
	_ = worker.Run(ctx)
	c.clock.Advance(worker.Lease)
}

func held(c custody.Credential) bool { return c.Phase == custody.Held }

// settled checks what must be so after a number of rotations.
func (c *custodied) settled(rotations int) {
	c.t.Helper()
	versions := c.secrets.Versions(desk.CredentialPath(credential))
	if len(versions) != rotations+1 {
		c.t.Fatalf("%d versions after %d rotations", len(versions), rotations)
	}
	for i, secret := range versions {
		if opens := c.server.Login(c.account, secret) == nil; opens != (i == rotations) {
			c.t.Errorf("version %d opens the account: %v", i, opens)
		}
	}
	verified := 0
	for _, e := range c.desk.Events() {
		if f, is := e.Fact.(custody.RotationVerified); is && f.OldRefused {
			verified++
		}
	}
	if verified != rotations {
		c.t.Errorf("%d of %d verified, with a refusal of the old password", verified, rotations)
	}
	all := append(versions, c.server.AdminPassword)
	servertest.NoTrace(c.t, c.server.Dir, c.server.Process, all...)
	for _, secret := range all {
		if form := servertest.Trace([]byte(c.log.String()), secret); form != "" {
			c.t.Errorf("a secret is in Tandem's log %s", form)
		}
	}
}

func TestJournal(t *testing.T) {
	server := mysqltest.Start(t)
	for name, describe := range map[string]func(*mysqltest.Server, string, ...string) custody.Target{
		"by the admin": describe, "by itself": alone,
	} {
		for _, plugin := range []string{mysqltest.Native, mysqltest.Ed25519} {
			t.Run(name+" "+plugin, func(t *testing.T) {
				c := takeOver(t, server, plugin, describe)
				c.work(held)
				c.settled(1)
				c.desk.Rotate(credential)
				c.work(held)
				c.settled(2)
			})
		}
	}
}

func TestJournalWhileTheServerIsAway(t *testing.T) {
	server := mysqltest.Start(t)
	c := takeOver(t, server, mysqltest.Native, alone)
	server.Stop()
	c.work(func(c custody.Credential) bool { return c.Rotation.Failure == string(rotation.Unreachable) })
	server.Start()
	c.work(held)
	c.settled(1)
}

// Who lets in everybody proves nothing, so nothing is promoted.
func TestJournalAtAServerThatLetsInEverybody(t *testing.T) {
	server := mysqltest.Start(t)
	c := takeOver(t, server, mysqltest.Native, describe)
	restart := func(options ...string) {
		server.Stop()
		server.Configure(options...)
		server.Start()
	}
	restart("skip-grant-tables")
	c.work(func(c custody.Credential) bool { return c.Rotation.Failure == string(rotation.TargetError) })
	restart()
	c.work(held)
	c.settled(1)
}
