package vaultrole_test

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
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
	"github.com/tandem-custody/tandem/custody/rotation/vaultrole"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

const credential = "behind-vault"

// custodied is a world under custody in memory.
type custodied struct {
	*world
	t       *testing.T
	old     custody.Secret
	clock   *rotationtest.Clock
	desk    *rotationtest.Desk
	secrets *rotationtest.Secrets
	log     strings.Builder
}

func takeOver(t *testing.T, w *world) *custodied {
	t.Helper()
	old, err := w.open(t).Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := &custodied{world: w, t: t, old: old, clock: rotationtest.NewClock(), secrets: rotationtest.NewSecrets()}
	c.desk = rotationtest.NewDesk(t, c.clock)
	if _, err := c.secrets.Write(t.Context(), desk.CredentialPath(credential), old, 0, nil); err != nil {
		t.Fatal(err)
	}
	c.desk.Add(credential, w.target)
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
		Targets:     map[string]rotation.Opener{vaultrole.KindLDAP: c.opener, vaultrole.KindDatabase: c.opener},
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

// opens checks that something that can be read opens the account (I9): in the
// secret store, or what Vault made last.
func (c *custodied) opens() {
	c.t.Helper()
	for _, path := range []string{desk.StagedPath(credential, 1), desk.CredentialPath(credential)} {
		for _, secret := range c.secrets.Versions(path) {
			if c.login(secret) == nil {
				return
			}
		}
	}
	creds := map[string]string{vaultrole.KindLDAP: "ldap/static-cred/", vaultrole.KindDatabase: "database/static-creds/"}
	kept, err := c.root.Logical().ReadWithContext(c.t.Context(), creds[c.target.Kind]+c.target.Settings["role"])
	if err != nil {
		c.t.Fatal(err)
	}
	if made, _ := kept.Data["password"].(string); c.login(custody.SecretString(made)) != nil {
		c.t.Error("the password is stranded: nothing that can be read opens the account")
	}
}

// settled checks what must be so after the first rotation.
func (c *custodied) settled() {
	c.t.Helper()
	versions := c.secrets.Versions(desk.CredentialPath(credential))
	if len(versions) != 2 {
		c.t.Fatalf("%d versions", len(versions))
	}
	if err := c.login(versions[1]); err != nil {
		c.t.Errorf("the current password: %v", err)
	}
	if c.login(c.old) == nil {
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

var steps = []string{
	"", "made", "staged-written", "staged-reported", "changed", "applied-reported", "new-proved",
	"old-refused", "verified-reported", "promoted-written", "promoted-reported", "cleared",
}

func TestCrashWithARealVault(t *testing.T) {
	for kind, world := range map[string]func(*testing.T) *world{
		vaultrole.KindLDAP: func(t *testing.T) *world { return onLDAP(t, ldaptest.Start(t), vaulttest.StartDev(t)) },
		vaultrole.KindDatabase: func(t *testing.T) *world {
			return onPostgres(t, postgrestest.Start(t), vaulttest.StartDev(t))
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			for _, step := range steps { // of one account, one after the other
				t.Run("crash "+step, func(t *testing.T) {
					c := takeOver(t, w)
					if step != "" {
						c.work(step, nil)
						c.opens()
					}
					c.work("", held)
					c.settled()
				})
			}
		})
	}
}

func TestRotationOutlastsVault(t *testing.T) {
	t.Parallel()
	c := takeOver(t, onLDAP(t, ldaptest.Start(t), vaulttest.StartPersistent(t)))
	c.vault.Kill()
	c.work("", func(c custody.Credential) bool { return c.Rotation.Failure == string(rotation.Unreachable) })
	c.vault.Start()
	c.vault.Unseal()
	c.work("", held)
	c.settled()
}
