package desk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
)

// office is a desk on a real database and a real secret store, with people in
// it, and a clock that only moves when it is told to.
type office struct {
	t       *testing.T
	path    string // of the database
	desk    *desk.Desk
	store   *store.Store
	gate    *gate
	secrets *breakable
	clock   *clock
	config  desk.Config

	passwords map[string]custody.Secret
	seeds     map[string]custody.Secret
}

const period = 30

// newOffice has an admin and two technicians; tech-a holds "db01".
func newOffice(t *testing.T, edits ...func(*desk.Config)) *office {
	t.Helper()
	o := emptyOffice(t, edits...)
	o.hire("admin", custody.Admin)
	o.hire("tech-a", custody.Technician)
	o.hire("tech-b", custody.Technician)
	o.onboard("db01")
	return o
}

func emptyOffice(t *testing.T, edits ...func(*desk.Config)) *office {
	t.Helper()
	dir := t.TempDir()
	o := &office{
		t: t, clock: &clock{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)},
		passwords: map[string]custody.Secret{}, seeds: map[string]custody.Secret{},
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	o.path = filepath.Join(dir, "tandem.db")
	db, err := store.Open(t.Context(), o.path, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	secrets, err := embedded.OpenOrCreate(filepath.Join(dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(dir, "key")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = secrets.Close() })
	o.path, o.store, o.gate, o.secrets = filepath.Join(dir, "tandem.db"), db, &gate{Store: db}, &breakable{Secrets: secrets}
	o.config = desk.Config{
		Store: o.gate, Accounts: db, Secrets: o.secrets, Clock: o.clock,
		Policy: custody.DefaultPolicy(), Origin: "test.example/ledger", Log: log,
		SessionTTL: 12 * time.Hour,
		CheckTarget: func(custody.Target, custody.Secret) (desk.CheckedTarget, error) {
			return desk.CheckedTarget{Reconciles: true}, nil
		},
		CheckPolicy: func(custody.CredentialPolicy) error { return nil },
	}
	for _, edit := range edits { // before the first policy is adopted
		edit(&o.config)
	}
	o.desk = o.open()
	return o
}

// open starts another desk on the same database, as another replica would.
func (o *office) open() *desk.Desk {
	o.t.Helper()
	d, err := desk.Open(o.t.Context(), o.config)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = d.Close() })
	return d
}

func (o *office) hire(username string, roles ...custody.Role) {
	o.t.Helper()
	login, err := o.desk.AddPerson(o.t.Context(), desk.By{Actor: custody.System, Request: "hire-" + username}, custody.AddPerson{Username: username, Name: "Person " + username, Roles: roles, TOTPPeriod: period})
	if err != nil {
		o.t.Fatal(err)
	}
	o.passwords[username] = login.Password
	o.seeds[username] = seedOf(o.t, login.OTPAuth)
	if _, err := o.signIn(username); err != nil {
		o.t.Fatal(err)
	}
}

func seedOf(t *testing.T, uri custody.Secret) custody.Secret {
	t.Helper()
	u, err := url.Parse(uri.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return custody.SecretString(u.Query().Get("secret"))
}

func (o *office) signIn(username string) (desk.SignedIn, error) {
	return o.desk.SignIn(o.t.Context(), desk.SignInRequest{
		Username: username, Password: o.passwords[username], Code: o.code(username), Request: unique("sign-in"),
	})
}

// code moves the clock to a fresh step and gives what the person's
// authenticator shows then.
func (o *office) code(username string) string {
	o.t.Helper()
	o.clock.add(period * time.Second)
	return o.codeNow(username)
}

func (o *office) codeNow(username string) string {
	o.t.Helper()
	code, err := totp.Code(o.seeds[username], totp.Step(period, o.clock.Now()))
	if err != nil {
		o.t.Fatal(err)
	}
	return code
}

// onboard puts a credential under the custody of tech-a (who holds it) and tech-b.
func (o *office) onboard(name string) {
	o.t.Helper()
	_, err := o.desk.AddCredential(o.t.Context(), desk.By{Actor: "admin", Request: "onboard-" + name}, custody.AddCredential{
		Name: name, Primary: "tech-a", Backup: "tech-b",
		Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: "db01.example:22", Account: "root"}),
	}, custody.SecretString("before-custody"), custody.Secret{})
	if err != nil {
		o.t.Fatal(err)
	}
	o.rotate(name)
}

// rotate goes through the journal as the worker does when all goes well.
func (o *office) rotate(name string) {
	o.t.Helper()
	ctx := o.t.Context()
	c, err := o.store.Credential(ctx, name)
	if err != nil {
		o.t.Fatal(err)
	}
	id := custody.RotationID{Credential: name, Number: c.Rotation.Number}
	current, err := o.secrets.Read(ctx, desk.CredentialPath(name))
	if err != nil && !errors.Is(err, desk.ErrNoSecret) {
		o.t.Fatal(err)
	}
	version, err := o.secrets.Write(ctx, desk.CredentialPath(name), o.password(name, c.Rotation.Number), current.Version, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, report := range []custody.Action{
		custody.ReportStaged{Rotation: id}, custody.ReportApplied{Rotation: id},
		custody.ReportVerified{Rotation: id, OldRefused: true}, custody.ReportPromoted{Rotation: id, Version: version},
	} {
		if _, err := o.desk.Do(ctx, desk.By{Actor: custody.System}, report); err != nil {
			o.t.Fatal(err)
		}
	}
}

// password is what the nth rotation sets.
func (o *office) password(name string, n int64) custody.Secret {
	return custody.SecretString(fmt.Sprintf("password-%s-%d", name, n))
}

// do carries out an action with a fresh code.
func (o *office) do(actor string, action custody.Action) (desk.Outcome, error) {
	o.t.Helper()
	return o.desk.Do(o.t.Context(), desk.By{Actor: actor, Request: unique("request"), Code: o.code(actor)}, action)
}

func (o *office) must(actor string, action custody.Action) desk.Outcome {
	o.t.Helper()
	outcome, err := o.do(actor, action)
	if err != nil {
		o.t.Fatalf("%s, %s: %v", actor, action.Verb(), err)
	}
	return outcome
}

// writes has the system enter something that changes nothing: whoever waits for an
// entry, of whatever kind, has one.
func (o *office) writes(d *desk.Desk) error {
	o.t.Helper()
	_, err := d.Do(o.t.Context(), desk.By{Actor: custody.System, Request: unique("write")},
		custody.LockSignIn{Person: "tech-a", Failures: 5, Until: o.clock.Now()})
	return err
}

// enters has something entered, a step later.
func (o *office) enters() {
	o.t.Helper()
	o.clock.add(period * time.Second)
	if err := o.writes(o.desk); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) refused(want custody.Code, err error) {
	o.t.Helper()
	if custody.CodeOf(err) != want {
		o.t.Fatalf("got %v, want a refusal %s", err, want)
	}
}

func (o *office) checkOut(actor, name string) (desk.Revealed, error) {
	o.t.Helper()
	return o.desk.CheckOut(o.t.Context(), desk.By{Actor: actor, Request: unique("request"), Code: o.code(actor)}, custody.CheckOut{Credential: name, Purpose: desk.NewNote("ticket 4711")})
}

func (o *office) size() int64 {
	o.t.Helper()
	size, _, err := o.store.Head(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return size
}

func (o *office) person(username string) custody.Person {
	o.t.Helper()
	p, err := o.store.Person(o.t.Context(), username)
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

func (o *office) credential(name string) custody.Credential {
	o.t.Helper()
	c, err := o.store.Credential(o.t.Context(), name)
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

// types lists the types of the entries from an index on.
func (o *office) types(from int64) []string {
	o.t.Helper()
	entries, err := o.store.Entries(o.t.Context(), desk.EntryQuery{From: from, Limit: 1000})
	if err != nil {
		o.t.Fatal(err)
	}
	var types []string
	for _, e := range entries {
		types = append(types, decodeEntry(o.t, e.Record).Type)
	}
	return types
}

// clock is a desk.Clock that stands still.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	passed time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passed
}

// add lets time pass.
func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.passed = c.now.Add(d), c.passed+d
}

// jump sets the clock without any time passing.
func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// gate is the real store with a door: closed, it holds transactions back, so
// that commands pile up; told so, it loses the answer of a commit.
type gate struct {
	desk.Store
	mu     sync.Mutex
	writes int
	door   chan struct{} // nil: open
	lose   bool
}

func (g *gate) close() (open func()) {
	door := make(chan struct{})
	g.mu.Lock()
	g.door = door
	g.mu.Unlock()
	return func() {
		g.mu.Lock()
		g.door = nil
		g.mu.Unlock()
		close(door)
	}
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.writes
}

func (g *gate) loseNextAnswer() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lose = true
}

var errLost = errors.New("connection reset while waiting for COMMIT")

func (g *gate) Write(ctx context.Context, fn func(desk.Tx) error) error {
	g.mu.Lock()
	door := g.door
	g.writes++
	lose := g.lose
	g.lose = false
	g.mu.Unlock()
	if door != nil {
		<-door
	}
	err := g.Store.Write(ctx, fn)
	if lose && err == nil {
		return errLost
	}
	return err
}

// breakable is the real secret store with a switch, and an ear on reads.
type breakable struct {
	desk.Secrets
	mu     sync.Mutex
	broken bool
	held   bool // the anchor stays where it is
	onRead func(path string)
}

func (b *breakable) set(broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
}

func (b *breakable) listen(onRead func(path string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onRead = onRead
}

func (b *breakable) ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error) {
	b.mu.Lock()
	broken, onRead := b.broken, b.onRead
	b.mu.Unlock()
	if broken {
		return custody.Secret{}, fmt.Errorf("%w: sealed", desk.ErrSecretsUnavailable)
	}
	if onRead != nil {
		onRead(path)
	}
	return b.Secrets.ReadVersion(ctx, path, version)
}

var unique = func() func(string) string {
	var mu sync.Mutex
	n := 0
	return func(prefix string) string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("%s-%d", prefix, n)
	}
}()
