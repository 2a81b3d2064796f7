package targettest

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// Journal takes accounts into custody and rotates them again, by the real
// worker: as it should be, with the worker killed in both rotations at every
// step, while the system is away, and with another host at its address.
func Journal(t *testing.T, s System) {
	if s.Stop != nil {
		t.Run("Outage", s.outage)
	}
	if s.Replace != nil {
		t.Run("AnotherHost", s.journalAtAnotherHost)
	}
	for _, way := range s.Ways {
		for _, step := range steps {
			if step == "made" && !way.Makes {
				continue
			}
			t.Run(way.Name+", crash "+step, func(t *testing.T) {
				s.parallel(t)
				c := TakeOver(t, way.Add(t))
				for n := range 2 {
					if n > 0 {
						c.Desk.Rotate(credential)
					}
					if step != "" {
						c.Work(step, nil)
						c.Opens(n + 1)
					}
					c.Work("", Held)
					c.Settled(n + 1)
				}
				if step == "" && s.NoTrace != nil {
					s.NoTrace(t, c.Used()...)
				}
			})
		}
	}
}

// steps are those of rotation.Config.Hook; "": none.
var steps = []string{
	"", "made", "staged-written", "staged-reported", "changed", "applied-reported", "new-proved",
	"old-refused", "verified-reported", "promoted-written", "promoted-reported", "cleared",
}

// outage: the system goes away before a rotation, or in the middle of it.
func (s System) outage(t *testing.T) {
	for _, step := range []string{"", "applied-reported"} {
		var all []*Custody
		for _, way := range s.Ways {
			c := TakeOver(t, way.Add(t))
			all = append(all, c)
			if step != "" {
				c.Work(step, nil)
			}
		}
		s.Stop()
		for _, c := range all {
			c.Work("", Failed(rotation.Unreachable))
		}
		s.Start()
		for _, c := range all {
			c.Work("", Held)
			c.Settled(1)
			if step == "" && s.NoTrace != nil {
				s.NoTrace(t, c.Used()...)
			}
		}
	}
}

func (s System) journalAtAnotherHost(t *testing.T) {
	var all []*Custody
	for _, way := range s.Ways {
		if way.holds(Pinned) {
			all = append(all, TakeOver(t, way.Add(t)))
		}
	}
	s.Replace()
	before := s.Tried()
	for _, c := range all {
		c.Work("", Failed(rotation.WrongHost))
	}
	s.wantUntried(t, before)
	for _, c := range all {
		Want(t, "the old password", c.Login(c.Password), nil)
	}
}

// Credential is what a Custody's account is called.
const Credential = "an-account"

const credential = Credential

// Custody is an account on a real system under custody in memory.
type Custody struct {
	*Account
	Desk    *rotationtest.Desk
	Secrets *rotationtest.Secrets

	t       *testing.T
	clock   *rotationtest.Clock
	kind    string
	workers int
	log     strings.Builder
}

// TakeOver puts an account under custody, which starts its first rotation.
func TakeOver(t *testing.T, a *Account) *Custody {
	t.Helper()
	c := &Custody{Account: a, t: t, clock: rotationtest.NewClock(), Secrets: rotationtest.NewSecrets()}
	c.Desk = rotationtest.NewDesk(t, c.clock)
	for path, secret := range map[string]custody.Secret{
		desk.CredentialPath(credential): a.Password, desk.KeyPath(credential): a.Key,
	} {
		if secret.IsZero() {
			continue
		}
		if _, err := c.Secrets.Write(t.Context(), path, secret, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	described := a.Describe()
	c.kind = described.Kind
	if ca, set := described.Settings["ca"]; set {
		described.Settings["ca"] = strings.ReplaceAll(ca, "\n", " ") // as an entry has it
	}
	c.Desk.Add(credential, described)
	return c
}

// Work has a worker run until the credential is as wanted, or until it dies at
// the step crash.
func (c *Custody) Work(crash string, wanted func(custody.Credential) bool) {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	defer stop()
	died := false
	config := c.config()
	config.Hook = func(step string) {
		if step == crash {
			died = true
			c.Desk.Bury(config.Owner)
			stop()
			runtime.Goexit()
		}
	}
	worker := rotation.New(config)
	if crash == "" {
		go func() {
			defer stop()
			c.Desk.Await(credential, wanted)
		}()
	}
	// Time goes by, also on the way to a crash: what failed before it on a busy
	// machine is tried again after a pause, which would last for ever otherwise.
	go func() {
		for ctx.Err() == nil {
			c.clock.Advance(10 * time.Millisecond)
			time.Sleep(time.Millisecond)
		}
	}()
	_ = worker.Run(ctx) // its error is that it was told to end
	if crash != "" && !died {
		c.t.Fatalf("it did not come to %q", crash)
	}
	c.clock.Advance(worker.Lease)
}

// interval is between two looks of a worker, in clock time and in real time.
const interval = 10 * time.Millisecond

func (c *Custody) config() rotation.Config {
	c.workers++
	return rotation.Config{
		Desk: c.Desk, Queue: c.Desk, Secrets: c.Secrets, Clock: c.clock,
		Targets:     map[string]rotation.Opener{c.kind: c.Open},
		Log:         slog.New(slog.NewTextHandler(&c.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Owner:       fmt.Sprintf("worker %d", c.workers),
		Interval:    interval,
		BackoffBase: time.Millisecond,
		BackoffMax:  100 * time.Millisecond,

		LockoutWindow: 100 * time.Millisecond,
	}
}

// PutKey gives the second account another password or key.
func (c *Custody) PutKey(key custody.Secret) {
	c.t.Helper()
	path := desk.KeyPath(credential)
	if _, err := c.Secrets.Write(c.t.Context(), path, key, int64(len(c.Secrets.Versions(path))), nil); err != nil {
		c.t.Fatal(err)
	}
}

// PutPassword says what opens the account now, as somebody who knows it.
func (c *Custody) PutPassword(password custody.Secret) {
	c.t.Helper()
	path := desk.CredentialPath(credential)
	if _, err := c.Secrets.Write(c.t.Context(), path, password, int64(len(c.Secrets.Versions(path))), nil); err != nil {
		c.t.Fatal(err)
	}
}

// Retarget has the account be reached as it is described now, which nobody has confirmed.
func (c *Custody) Retarget(edits ...func(*custody.Retarget)) {
	c.t.Helper()
	second := func(r *custody.Retarget) { r.Reconciles = !c.Key.IsZero() }
	c.Desk.Retarget(credential, c.Describe(), append([]func(*custody.Retarget){second}, edits...)...)
}

// Confirm has whoever holds the account, or will, confirm how it is reached.
func (c *Custody) Confirm() {
	c.t.Helper()
	now := c.now()
	c.Desk.Act(now.HeldFor(), custody.ConfirmTarget{Credential: credential, Target: now.Retargeted})
}

func (c *Custody) now() custody.Credential {
	c.t.Helper()
	now, err := c.Desk.Credential(c.t.Context(), credential)
	if err != nil {
		c.t.Fatal(err)
	}
	return now
}

// Held waits for the end of a rotation.
func Held(c custody.Credential) bool { return c.Phase == custody.Held }

// Failed waits for a failed attempt of a kind.
func Failed(kind rotation.Failure) func(custody.Credential) bool {
	return func(c custody.Credential) bool { return c.Rotation.Failure == string(kind) }
}

// Opens checks that something that can be read opens the account in a rotation,
// counted from 1 (I9): in the secret store, or what the system itself made last.
func (c *Custody) Opens(number int) {
	c.t.Helper()
	readable := append(c.Secrets.Versions(desk.StagedPath(credential, int64(number))),
		c.Secrets.Versions(desk.CredentialPath(credential))...)
	if c.Made != nil {
		readable = append(readable, c.Made())
	}
	if !slices.ContainsFunc(readable, func(secret custody.Secret) bool { return c.Login(secret) == nil }) {
		c.t.Error("the password is stranded: nothing that can be read opens the account")
	}
}

// Settled checks what must be so after a number of rotations.
func (c *Custody) Settled(rotations int) {
	c.t.Helper()
	versions := c.Secrets.Versions(desk.CredentialPath(credential))
	if len(versions) != rotations+1 {
		c.t.Fatalf("%d versions after %d rotations", len(versions), rotations)
	}
	for i, secret := range versions {
		if opens := c.Login(secret) == nil; opens != (i == rotations) {
			c.t.Errorf("version %d opens the account: %v", i, opens)
		}
	}
	verified, promoted := 0, 0
	for _, e := range c.Desk.Events() {
		switch f := e.Fact.(type) {
		case custody.RotationPromoted:
			promoted++
		case custody.RotationVerified:
			verified++
			if !f.OldRefused {
				c.t.Error("verified without a refusal of the old password")
			}
		}
	}
	if verified != rotations || promoted != rotations {
		c.t.Errorf("%d verified and %d promoted of %d", verified, promoted, rotations)
	}
	for _, secret := range c.Used() {
		if form := servertest.Trace([]byte(c.log.String()), secret); form != "" {
			c.t.Errorf("a secret is in Tandem's log %s", form)
		}
	}
}

// Failures gives how many attempts have failed in a way.
func (c *Custody) Failures(kind rotation.Failure) (n int) {
	for _, e := range c.Desk.Events() {
		if f, is := e.Fact.(custody.RotationFailed); is && f.Failure == string(kind) {
			n++
		}
	}
	return n
}

// Used gives the secrets that have been in use.
func (c *Custody) Used() []custody.Secret {
	used := append(c.Secrets.Versions(desk.CredentialPath(credential)), c.Secrets.Made()...)
	return append(used, c.Secrets.Versions(desk.KeyPath(credential))...)
}
