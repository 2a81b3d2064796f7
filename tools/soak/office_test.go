package soak

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/manual"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/vaultrole"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
	"github.com/tandem-custody/tandem/custody/vault"
)

// spec says what an office is about, and where it keeps what it has.
type spec struct {
	Name   string // of the credential, and the beginning of its custodians' names
	Dir    string // what Tandem writes
	Notes  string
	Vault  *vaultSpec // nil: the embedded secret store
	Target custody.Target
}

// vaultSpec is how a Vault lets the office in.
type vaultSpec struct {
	Address, CAFile, RoleID, SecretIDFile string
	Names                                 vault.Names
}

const period = 30 // of the authenticators, seconds

func (s spec) holder() string   { return s.Name + "-a" }
func (s spec) backup() string   { return s.Name + "-b" }
func (s spec) database() string { return filepath.Join(s.Dir, "tandem.db") }

type secretStore interface {
	desk.Secrets
	Close() error
}

// office is the process under test: one account in the custody of two people.
type office struct {
	spec
	store   *store.Store
	secrets secretStore
	desk    *desk.Desk
	targets map[string]rotation.Opener
	clock   *clock
	fuse    *fuse
	notes   *notes
	log     *slog.Logger
}

func openOffice(ctx context.Context, s spec) (*office, error) {
	o := &office{spec: s, fuse: new(fuse), notes: &notes{s.Notes}}
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	o.log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.clock, err = openClock(filepath.Join(s.Notes, "clock")); err != nil {
		return nil, err
	}
	if err := o.openSecrets(ctx); err != nil {
		return nil, fmt.Errorf("open the secret store: %w", err)
	}
	if o.store, err = store.Open(ctx, s.database(), o.log); err != nil {
		return nil, err
	}
	o.desk, err = desk.Open(ctx, desk.Config{
		Store: fusedStore{o.store, o.fuse}, Accounts: o.store, Secrets: o.secrets, Clock: o.clock,
		Policy: custody.DefaultPolicy(), Origin: "soak.example/ledger", Log: o.log, SessionTTL: time.Hour,
		CheckTarget: func(t custody.Target, key custody.Secret) (desk.CheckedTarget, error) {
			opened, err := o.targets[t.Kind](t, key)
			if err != nil {
				return desk.CheckedTarget{}, err
			}
			return desk.CheckedTarget{Reconciles: opened.Describe().Reconciles, Identities: rotation.Identities(opened)}, nil
		},
		CheckPolicy: func(custody.CredentialPolicy) error { return nil },
	})
	return o, err
}

// openSecrets opens the secret store, and what the targets need of it.
func (o *office) openSecrets(ctx context.Context) (err error) {
	kinds := []rotation.Connector{ssh.Connector, postgres.Connector, mysql.Connector, ldap.Connector}
	o.targets = rotation.Openers(append(slices.Clone(kinds), manual.Connector(rotation.Probes(kinds))))
	if o.Vault == nil {
		o.secrets, err = embedded.OpenOrCreate(filepath.Join(o.Dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(o.Dir, "key")})
		return err
	}
	kept, err := vault.Open(ctx, vault.Config{
		Address: o.Vault.Address, CAFile: o.Vault.CAFile, Names: o.Vault.Names, RequestID: desk.RequestOf, Log: o.log,
		AppRole: &vault.AppRole{RoleID: o.Vault.RoleID, SecretIDFile: o.Vault.SecretIDFile},
	})
	if err != nil {
		return err
	}
	o.secrets = kept
	maps.Copy(o.targets, rotation.Openers(vaultrole.Connectors(kept.Engines(), rotation.Probes(kinds))))
	return nil
}

// found takes the account into custody; its first rotation is due then.
func (o *office) found(ctx context.Context, password, key custody.Secret) error {
	for _, name := range []string{o.holder(), o.backup()} {
		seed := totp.NewSeed()
		if _, err := o.secrets.Write(ctx, desk.SeedPath(name), desk.StoredSeed(1, seed), 0, nil); err != nil {
			return err
		}
		o.notes.made(seed)
		if _, err := o.desk.Do(ctx, desk.By{Actor: custody.System, Request: rand.Text()}, custody.AddPerson{
			Username: name, Name: name, Roles: []custody.Role{custody.Technician}, TOTPPeriod: period,
		}); err != nil {
			return err
		}
		if err := o.confirmed(ctx, name, o.signIn()); err != nil {
			return err
		}
	}
	_, err := o.desk.AddCredential(ctx, desk.By{Actor: custody.System, Request: rand.Text()}, custody.AddCredential{
		Name: o.Name, Primary: o.holder(), Backup: o.backup(), Target: desk.NewTarget(o.Target),
	}, password, key)
	return err
}

// signIn opens a session of which nobody has the token.
func (o *office) signIn() custody.SignIn {
	token := make([]byte, 32)
	_, _ = rand.Read(token) // never fails, see crypto/rand
	return custody.SignIn{Session: hex.EncodeToString(token), Until: o.clock.Now().Add(12 * time.Hour)}
}

// confirmed does something with a fresh code.
func (o *office) confirmed(ctx context.Context, person string, a custody.Action) error {
	by, err := o.fresh(ctx, person)
	if err != nil {
		return err
	}
	_, err = o.desk.Do(ctx, by, a)
	return err
}

// fresh gives a person with a code that was never used: a minute goes by.
func (o *office) fresh(ctx context.Context, person string) (desk.By, error) {
	if err := o.clock.advance(time.Minute); err != nil {
		return desk.By{}, err
	}
	seed, err := o.secrets.Read(ctx, desk.SeedPath(person))
	if err != nil {
		return desk.By{}, err
	}
	_, base32, _ := strings.Cut(seed.Value.Reveal(), ".") // behind the enrolment's number
	code, err := totp.Code(custody.SecretString(base32), totp.Step(period, o.clock.Now()))
	return desk.By{Actor: person, Request: rand.Text(), Code: code}, err
}

// rotate asks for a rotation, or for one through the second account, and has it
// carried out, with a fault in it.
func (o *office) rotate(ctx context.Context, what fault, set func(custody.Secret) error) error {
	var wish custody.Action = custody.RequestRotation{Credential: o.Name, Reason: desk.NewNote("soak")}
	if what.Point == reconciling {
		wish = custody.Reconcile{Credential: o.Name, Reason: desk.NewNote("soak")}
	}
	if err := o.confirmed(ctx, o.holder(), wish); err != nil {
		return err
	}
	return o.work(ctx, what, set, func(context.Context, custody.Credential) bool { return true })
}

// finish has what is under way carried out; without a fault in it, also cleared up.
func (o *office) finish(ctx context.Context, what fault, set func(custody.Secret) error) error {
	return o.work(ctx, what, set, func(ctx context.Context, c custody.Credential) bool {
		if what != (fault{}) {
			return true // what is left then is cleared up after the next start
		}
		_, err := o.secrets.Read(ctx, desk.StagedPath(o.Name, c.Rotation.Number))
		return errors.Is(err, desk.ErrNoSecret)
	})
}

const enough = 3 * time.Minute // for any rotation, however slow the machine

// work runs a worker until the account is held and also is as wanted. Where a
// person sets the password, set does what that person does.
func (o *office) work(ctx context.Context, what fault, set func(custody.Secret) error, wanted func(context.Context, custody.Credential) bool) error {
	ctx, stop := context.WithTimeout(ctx, enough)
	defer stop()
	watched := fusedQueue{rotation.Worklist{Desk: o.desk, Leases: o.store}, o.fuse, make(chan bool, 1)}
	watched.busy <- false
	targets := map[string]rotation.Opener{}
	for kind, open := range o.targets {
		targets[kind] = guarded(open, o.fuse, o.notes)
	}
	o.fuse.arm(what)
	worker := rotation.New(rotation.Config{
		Desk: fusedDesk{o.desk, o.fuse, o.notes}, Queue: watched, Secrets: fusedSecrets{o.secrets, o.fuse, o.notes},
		Targets: targets, Clock: o.clock, Log: o.log, Hook: o.fuse.step,
		Interval: 100 * time.Millisecond, BackoffBase: 10 * time.Millisecond, BackoffMax: 200 * time.Millisecond, LockoutWindow: 200 * time.Millisecond,
	})
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { _ = worker.Run(ctx) })
	for look := time.NewTicker(5 * time.Millisecond); ; <-look.C {
		c, err := o.store.Credential(ctx, o.Name)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("STUCK: it does not come to its end in %v", enough)
		case err != nil:
			return err
		case c.AwaitsPerson():
			if err := o.setByHand(ctx, set); err != nil {
				o.log.Warn("a password could not be set by hand", "error", err) // and is tried again
			}
		case c.Rotation.Stopped():
			if err := o.confirmed(ctx, o.holder(), custody.ResumeRotation{Credential: o.Name}); err != nil {
				o.log.Warn("a rotation that stopped could not be let go on", "error", err)
			}
		case c.Phase == custody.Held && !watched.isBusy() && wanted(ctx, c):
			return nil
		}
	}
}

// setByHand is what the person does who the password is changed for.
func (o *office) setByHand(ctx context.Context, set func(custody.Secret) error) error {
	by, err := o.fresh(ctx, o.holder())
	if err != nil {
		return err
	}
	shown, err := o.desk.ShowNew(ctx, by, custody.ShowNew{Credential: o.Name})
	if err != nil {
		return err
	}
	if err := set(shown.Next); err != nil {
		return err
	}
	return o.confirmed(ctx, o.holder(), custody.ConfirmSet{Credential: o.Name})
}

// values are all that the secret store has of the account.
type values struct {
	Step    custody.RotationStep // of the rotation under way, "" when there is none
	Number  int64                // of rotations, ever
	Version int64                // of the password, as the ledger has it
	Stored  int64                // the same as the secret store has it
	Current []string             // the newest versions, the oldest of them first
	Staged  []string             // by the rotation under way, or by the last one
}

func (o *office) values(ctx context.Context) (v values, err error) {
	c, err := o.store.Credential(ctx, o.Name)
	if err != nil {
		return v, err
	}
	v.Version, v.Number = c.Version, c.Rotation.Number
	if c.Phase == custody.Rotating {
		v.Step = c.Rotation.Step
	}
	if v.Current, v.Stored, err = o.versions(ctx, desk.CredentialPath(o.Name)); err != nil {
		return v, err
	}
	v.Staged, _, err = o.versions(ctx, desk.StagedPath(o.Name, c.Rotation.Number))
	return v, err
}

// versions gives the newest values at a path, the oldest of them first, and the
// number of the last.
func (o *office) versions(ctx context.Context, path string) (values []string, last int64, err error) {
	const newest = 8 // no rotation stages more
	current, err := o.secrets.Read(ctx, path)
	if errors.Is(err, desk.ErrNoSecret) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	for version := max(1, current.Version-newest+1); version <= current.Version; version++ {
		value, err := o.secrets.ReadVersion(ctx, path, version)
		if errors.Is(err, desk.ErrNoSecret) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		values = append(values, value.Reveal())
	}
	return values, current.Version, nil
}

// clock is the machine's, put forward by all the minutes that nobody wants to
// wait for: until the next code, until a dead worker's lease is over.
type clock struct {
	file string

	mu    sync.Mutex
	ahead time.Duration
}

func openClock(file string) (*clock, error) {
	c := &clock{file: file}
	text, err := os.ReadFile(file)
	if err == nil {
		var seconds int64
		seconds, err = strconv.ParseInt(string(text), 10, 64)
		c.ahead = time.Duration(seconds) * time.Second
	}
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return c, c.advance(2 * time.Minute) // longer than any lease here
}

// Elapsed is as desk.Clock has it: what the clock is put ahead passes.
func (c *clock) Elapsed() time.Duration { return c.Now().Sub(time.Unix(0, 0)) }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(by time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += by
	// A kill leaves the file as it was, or as it is to be.
	next := c.file + ".next"
	if err := os.WriteFile(next, strconv.AppendInt(nil, int64(c.ahead/time.Second), 10), 0o600); err != nil {
		return err
	}
	return os.Rename(next, c.file)
}
