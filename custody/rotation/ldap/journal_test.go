package ldap_test

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
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

const credential = "directory-app"

// custodied is an account on a real server under custody in memory.
type custodied struct {
	t       *testing.T
	server  *ldaptest.Server
	account string
	old     custody.Secret
	clock   *rotationtest.Clock
	desk    *rotationtest.Desk
	secrets *rotationtest.Secrets
	weak    []custody.Secret // generated before any other
	log     strings.Builder
}

// takeOver gives Tandem the second account's password, too, where one is described.
func takeOver(t *testing.T, server *ldaptest.Server, describe func(*ldaptest.Server, string, ...string) custody.Target) *custodied {
	c := &custodied{t: t, server: server, clock: rotationtest.NewClock(), secrets: rotationtest.NewSecrets()}
	c.account, c.old = server.AddAccount(t)
	c.desk = rotationtest.NewDesk(t, c.clock)
	c.put(desk.CredentialPath(credential), c.old)
	described := describe(server, c.account)
	if described.Settings["admin"] != "" {
		c.put(desk.KeyPath(credential), server.AdminPassword)
	}
	c.desk.Add(credential, described)
	return c
}

func (c *custodied) put(path string, secret custody.Secret) {
	c.t.Helper()
	if _, err := c.secrets.Write(c.t.Context(), path, secret, 0, nil); err != nil {
		c.t.Fatal(err)
	}
}

// generator makes some values before those that the secret store would.
type generator struct {
	*rotationtest.Secrets
	first []custody.Secret
}

func (g *generator) Generate(ctx context.Context, policy string) (custody.Secret, error) {
	if len(g.first) == 0 {
		return g.Secrets.Generate(ctx, policy)
	}
	value := g.first[0]
	g.first = g.first[1:]
	return value, nil
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
		Desk: c.desk, Queue: c.desk, Secrets: &generator{c.secrets, c.weak}, Clock: c.clock,
		Targets:     map[string]rotation.Opener{ldap.Kind: ldap.Open},
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
	staged := desk.StagedPath(credential, 1)
	for _, path := range []string{staged, desk.CredentialPath(credential)} {
		for _, secret := range c.secrets.Versions(path) {
			if c.server.Login(c.t, c.account, secret) == nil {
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
	if err := c.server.Login(c.t, c.account, versions[1]); err != nil {
		c.t.Errorf("the current password: %v", err)
	}
	if err := c.server.Login(c.t, c.account, c.old); err == nil {
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
	// With a history, so that a value that was changed to once is refused the second time.
	server := ldaptest.Start(t, "pwdInHistory: 5", "pwdCheckQuality: 2")
	for _, step := range []string{
		"", "staged-written", "staged-reported", "changed", "applied-reported", "new-proved",
		"old-refused", "verified-reported", "promoted-written", "promoted-reported", "cleared",
	} {
		for by, describe := range map[string]func(*ldaptest.Server, string, ...string) custody.Target{
			"the second account": describe, "the account itself": alone,
		} {
			t.Run("crash "+step+" by "+by, func(t *testing.T) {
				t.Parallel()
				c := takeOver(t, server, describe)
				if step != "" {
					c.work(step, nil)
					c.opens()
				}
				c.work("", held)
				c.settled()
			})
		}
	}
}

// A directory that refuses values gets others.
func TestWeakValuesAreReplaced(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdCheckQuality: 2", "pwdMinLength: 20")
	for _, describe := range []func(*ldaptest.Server, string, ...string) custody.Target{describe, alone} {
		c := takeOver(t, server, describe)
		c.weak = []custody.Secret{custody.SecretString("abc"), custody.SecretString("12345")}
		c.work("", held)
		c.settled()
		refused := 0
		for _, e := range c.desk.Events() {
			if f, is := e.Fact.(custody.RotationFailed); is && f.Failure == string(rotation.ValueRefused) {
				refused++
			}
		}
		if refused != len(c.weak) {
			t.Errorf("refused %d values, not %d", refused, len(c.weak))
		}
	}
}

// failed waits for a failed attempt of a kind.
func failed(kind rotation.Failure) func(custody.Credential) bool {
	return func(c custody.Credential) bool { return c.Rotation.Failure == string(kind) }
}

func TestRotationOutlastsTheServer(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	c := takeOver(t, server, describe)
	c.work("applied-reported", nil)
	server.Stop()
	c.work("", failed(rotation.Unreachable))
	server.Start()
	c.work("", held)
	c.settled()
}

func TestRotationMeetsAnotherHost(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	c := takeOver(t, server, describe)
	server.ReplaceCertificate()
	c.work("", failed(rotation.WrongHost))
	if err := server.Login(t, c.account, c.old); err != nil {
		t.Errorf("the old password: %v", err)
	}
	if strings.Contains(string(server.Log()), `BIND dn="`+ldaptest.Admin) {
		t.Error("Tandem logged in to a host that is not the pinned one")
	}
}
