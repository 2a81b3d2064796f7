// Package desktest has the office in which tests of the desk, and of all that stands
// on it, take place.
package desktest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
)

// Office is a desk on a real database and a real secret store, with people in it, and
// a clock that only moves when it is told to. What is refused where it must not be
// ends the test.
type Office struct {
	T       testing.TB
	On      Engine
	Path    string // of the database; on a server, its address
	Desk    *desk.Desk
	Store   *store.Store
	Gate    *Gate // before the store
	Secrets *Breakable
	Clock   *Clock
	Config  desk.Config // of Desk, and of what Open opens

	Passwords map[string]custody.Secret // of people, by username
	Seeds     map[string]custody.Secret

	// Password is what the nth rotation of a credential sets.
	Password func(credential string, n int64) custody.Secret
}

// CheapHashing makes a log-in cost tests next to nothing.
var CheapHashing = desk.Hashing{MemoryKiB: 64, Passes: 1}

// Period is how long everybody's codes last, in seconds.
const Period = 30

// Origin is that of an office's ledger.
const Origin = "test.example/ledger"

// New has an admin and two technicians; tech-a holds "db01". Its database is a file.
func New(t testing.TB, edits ...func(*desk.Config)) *Office {
	t.Helper()
	return NewOn(t, SQLite, edits...)
}

// NewOn is New on an engine.
func NewOn(t testing.TB, on Engine, edits ...func(*desk.Config)) *Office {
	t.Helper()
	o := EmptyOn(t, on, edits...)
	o.Hire("admin", custody.Admin)
	o.Hire("tech-a", custody.Technician)
	o.Hire("tech-b", custody.Technician)
	o.Onboard("db01")
	return o
}

// Empty has nobody yet. edits change the configuration before the first policy is
// adopted.
func Empty(t testing.TB, edits ...func(*desk.Config)) *Office {
	t.Helper()
	return EmptyOn(t, SQLite, edits...)
}

// EmptyOn is Empty on an engine.
func EmptyOn(t testing.TB, on Engine, edits ...func(*desk.Config)) *Office {
	t.Helper()
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	o := &Office{
		T: t, On: on, Path: on.New(t), Clock: NewClock(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)),
		Passwords: map[string]custody.Secret{}, Seeds: map[string]custody.Secret{},
		Password: func(credential string, n int64) custody.Secret {
			return custody.SecretString(fmt.Sprintf("password-%s-%d", credential, n))
		},
	}
	var err error
	if o.Store, err = store.Open(t.Context(), o.Path, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Store.Close() })
	secrets, err := embedded.OpenOrCreate(filepath.Join(dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(dir, "key")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = secrets.Close() })
	o.Gate, o.Secrets = &Gate{Store: o.Store}, &Breakable{Secrets: secrets}
	o.Config = desk.Config{
		Store: o.Gate, Accounts: o.Store, Secrets: o.Secrets, Clock: o.Clock,
		Policy: custody.DefaultPolicy(), Origin: Origin, Log: log, SessionTTL: 12 * time.Hour, Hashing: CheapHashing,
		CheckTarget: func(t custody.Target, _ custody.Secret) (desk.CheckedTarget, error) {
			return desk.CheckedTarget{Reconciles: t.Kind != custody.Manual}, nil
		},
		CheckPolicy: func(custody.CredentialPolicy) error { return nil },
	}
	for _, edit := range edits {
		edit(&o.Config)
	}
	o.Desk = o.Open()
	return o
}

// Open starts another desk on the same database, as another replica would.
func (o *Office) Open() *desk.Desk {
	o.T.Helper()
	d, err := desk.Open(o.T.Context(), o.Config)
	if err != nil {
		o.T.Fatal(err)
	}
	o.T.Cleanup(func() { _ = d.Close() })
	return d
}

// Hire opens an account for somebody, who proves their authenticator by a log-in.
func (o *Office) Hire(username string, roles ...custody.Role) {
	o.T.Helper()
	o.HireAs(username, "Person "+username, roles...)
}

// HireAs hires somebody of another name.
func (o *Office) HireAs(username, name string, roles ...custody.Role) {
	o.T.Helper()
	login, err := o.Desk.AddPerson(o.T.Context(), desk.By{Actor: custody.System, Request: "hire-" + username}, custody.AddPerson{Username: username, Name: name, Roles: roles, TOTPPeriod: Period})
	if err != nil {
		o.T.Fatal(err)
	}
	o.Passwords[username] = login.Password
	o.Seeds[username] = SeedOf(o.T, login.OTPAuth)
	if _, err := o.SignIn(username); err != nil {
		o.T.Fatal(err)
	}
}

// SeedOf gives the seed in an otpauth URI.
func SeedOf(t testing.TB, uri custody.Secret) custody.Secret {
	t.Helper()
	u, err := url.Parse(uri.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return custody.SecretString(u.Query().Get("secret"))
}

// SignIn logs somebody in with a fresh code.
func (o *Office) SignIn(username string) (desk.SignedIn, error) {
	return o.Desk.SignIn(o.T.Context(), desk.SignInRequest{
		Username: username, Password: o.Passwords[username], Code: o.Code(username), Request: Unique("sign-in"),
	})
}

// Code moves the clock to a fresh step and gives what the person's authenticator
// shows then.
func (o *Office) Code(username string) string {
	o.T.Helper()
	o.Clock.Add(Period * time.Second)
	return o.CodeNow(username)
}

// CodeNow gives what the person's authenticator shows, used or not.
func (o *Office) CodeNow(username string) string {
	o.T.Helper()
	code, err := totp.Code(o.Seeds[username], totp.Step(Period, o.Clock.Now()))
	if err != nil {
		o.T.Fatal(err)
	}
	return code
}

// Onboard puts a credential under the custody of tech-a (who holds it) and tech-b.
func (o *Office) Onboard(name string) {
	o.T.Helper()
	o.Add(name, "tech-a", "tech-b")
}

// Add puts a credential under the custody of two people; the primary holds it.
func (o *Office) Add(name, primary, backup string) {
	o.T.Helper()
	_, err := o.Desk.AddCredential(o.T.Context(), desk.By{Actor: custody.System, Request: "onboard-" + name}, custody.AddCredential{
		Name: name, Primary: primary, Backup: backup,
		Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: name + ".example:22", Account: "root"}),
	}, custody.SecretString("before-custody"), custody.Secret{})
	if err != nil {
		o.T.Fatal(err)
	}
	o.Rotate(name)
}

// Rotate goes through the journal as the worker does when all goes well.
func (o *Office) Rotate(name string) {
	o.T.Helper()
	ctx, number := o.T.Context(), o.Credential(name).Rotation.Number
	current, err := o.Secrets.Read(ctx, desk.CredentialPath(name))
	if err != nil && !errors.Is(err, desk.ErrNoSecret) {
		o.T.Fatal(err)
	}
	version, err := o.Secrets.Write(ctx, desk.CredentialPath(name), o.Password(name, number), current.Version, nil)
	if err != nil {
		o.T.Fatal(err)
	}
	for _, report := range Reports(name, number, version) {
		o.Must(custody.System, report)
	}
}

// Reports are those of the worker about a rotation that goes well.
func Reports(credential string, number, version int64) []custody.Action {
	id := custody.RotationID{Credential: credential, Number: number}
	return []custody.Action{
		custody.ReportStaged{Rotation: id}, custody.ReportApplied{Rotation: id},
		custody.ReportVerified{Rotation: id, OldRefused: true}, custody.ReportPromoted{Rotation: id, Version: version},
	}
}

// Do carries out an action; a person's has a fresh code.
func (o *Office) Do(actor string, action custody.Action) (desk.Outcome, error) {
	o.T.Helper()
	by := desk.By{Actor: actor, Request: Unique("request")}
	if actor != custody.System {
		by.Code = o.Code(actor)
	}
	return o.Desk.Do(o.T.Context(), by, action)
}

// Must carries out an action that is not to be refused; what nobody does alone, with
// approvals.
func (o *Office) Must(actor string, action custody.Action) desk.Outcome {
	o.T.Helper()
	outcome, err := o.Do(actor, action)
	if change, is := action.(custody.Proposable); is && custody.CodeOf(err) == custody.ApprovalNeeded {
		o.Agreed(actor, change)
		return outcome
	}
	if err != nil {
		o.T.Fatalf("%s, %s: %v", actor, action.Verb(), err)
	}
	return outcome
}

// Writes has the system enter something that changes nothing: whoever waits for an
// entry, of whatever kind, has one.
func (o *Office) Writes(d *desk.Desk) error {
	o.T.Helper()
	_, err := d.Do(o.T.Context(), desk.By{Actor: custody.System, Request: Unique("write")},
		custody.LockSignIn{Person: "tech-a", Failures: 5, Until: o.Clock.Now()})
	return err
}

// Enters has something entered, a step later.
func (o *Office) Enters() {
	o.T.Helper()
	o.Clock.Add(Period * time.Second)
	if err := o.Writes(o.Desk); err != nil {
		o.T.Fatal(err)
	}
}

// Refused wants a refusal with a code.
func (o *Office) Refused(want custody.Code, err error) {
	o.T.Helper()
	if custody.CodeOf(err) != want {
		o.T.Fatalf("got %v, want a refusal %s", err, want)
	}
}

// CheckOut checks a password out, with a fresh code.
func (o *Office) CheckOut(actor, name string) (desk.Revealed, error) {
	o.T.Helper()
	return o.Desk.CheckOut(o.T.Context(), desk.By{Actor: actor, Request: Unique("request"), Code: o.Code(actor)}, custody.CheckOut{Credential: name, Purpose: desk.NewNote("ticket 4711")})
}

// Size gives how many entries the ledger has.
func (o *Office) Size() int64 {
	o.T.Helper()
	size, err := o.Store.Size(o.T.Context())
	if err != nil {
		o.T.Fatal(err)
	}
	return size
}

// Person gives somebody as the store has them.
func (o *Office) Person(username string) custody.Person {
	o.T.Helper()
	p, err := o.Store.Person(o.T.Context(), username)
	if err != nil {
		o.T.Fatal(err)
	}
	return p
}

// Credential gives a credential as the store has it.
func (o *Office) Credential(name string) custody.Credential {
	o.T.Helper()
	c, err := o.Store.Credential(o.T.Context(), name)
	if err != nil {
		o.T.Fatal(err)
	}
	return c
}

// Types lists the types of the entries from an index on.
func (o *Office) Types(from int64) (types []string) {
	o.T.Helper()
	err := o.Store.Records(o.T.Context(), from, o.Size(), func(_ int64, record []byte) error {
		entry, err := audit.DecodeEntry(record)
		types = append(types, entry.Type)
		return err
	})
	if err != nil {
		o.T.Fatal(err)
	}
	return types
}

// Identified is a target whose account is called by its address as it stands: what a
// desk finds out before it gives the command.
func Identified(t custody.Target) custody.TargetNotes {
	target := desk.NewTarget(t)
	target.Identities = desk.Identities(nil, t.Account+"@"+t.Address)
	return target
}

// Unique gives a text that begins with the prefix and was never given before.
var Unique = func() func(prefix string) string {
	var mu sync.Mutex
	n := 0
	return func(prefix string) string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("%s-%d", prefix, n)
	}
}()
