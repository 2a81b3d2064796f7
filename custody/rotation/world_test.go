package rotation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

// steps are all places where a Hook is called, in order.
var steps = []string{
	"staged-written", "staged-reported", "changed", "applied-reported", "new-proved",
	"old-refused", "verified-reported", "promoted-written", "promoted-reported", "cleared",
}

// world is one account on a system in memory, and Tandem around it. After every
// change of the account and of the secret store it looks whether the secret
// store still has what opens the account.
type world struct {
	t       testing.TB
	clock   *rotationtest.Clock
	desk    *rotationtest.Desk
	secrets *rotationtest.Secrets
	account *account
	log     *bytes.Buffer
	logger  *slog.Logger // into log
	kind    Opener       // of the account
	workers int
}

const name, address = "db01-root", "db01:22"

func newWorld(t testing.TB) *world { return newWorldOf(t, "memory") }

func newWorldOf(t testing.TB, kind string) *world {
	w := &world{t: t, clock: rotationtest.NewClock(), secrets: rotationtest.NewSecrets(), log: new(bytes.Buffer)}
	w.logger = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.desk = rotationtest.NewDesk(t, w.clock)
	w.account = &account{password: custody.SecretString("before Tandem came"), changed: w.look}
	if _, err := w.secrets.Write(t.Context(), desk.CredentialPath(name), w.account.password, 0, nil); err != nil {
		t.Fatal(err)
	}
	w.secrets.Changed = w.look
	w.desk.Add(name, custody.Target{Kind: kind, Address: address, Account: "root"})
	w.of(w.account)
	return w
}

// look is the oracle (I9).
func (w *world) look() {
	w.t.Helper()
	if !w.secrets.Holds(w.account.opens()) {
		w.t.Error("the password is stranded: nothing in the secret store opens the account")
	}
}

func (w *world) config(hook func(string)) Config {
	w.workers++
	return New(Config{
		Desk: w.desk, Queue: w.desk, Secrets: w.secrets, Clock: w.clock,
		Targets: map[string]Opener{"memory": w.kind, custody.Manual: w.kind},
		Log:     w.logger,
		Owner:   fmt.Sprintf("worker-%d", w.workers),
		Hook:    hook,
	}).Config
}

// attempt has a worker make one attempt as soon as it may. When it comes to the
// step crash it dies there, and the attempt ends once its claim does.
func (w *world) attempt(crash string) {
	w.t.Helper()
	w.attemptOf(name, crash)
}

func (w *world) attemptOf(name, crash string) {
	w.t.Helper()
	w.clock.Advance(max(0, w.credentialOf(name).Rotation.NextTry.Sub(w.clock.Now())))
	refused := w.account.refused
	defer func() {
		if n := w.account.refused - refused; n > 1 {
			w.t.Errorf("%d refused log-ins in one attempt", n)
		}
	}()
	var worker *Worker
	c := w.config(func(step string) {
		if step == crash {
			w.desk.Bury(worker.Owner)
			runtime.Goexit()
		}
	})
	worker = New(c)
	var done sync.WaitGroup
	done.Go(func() { worker.attempt(w.t.Context(), name) })
	done.Wait()
	if crash != "" {
		w.clock.Advance(worker.Lease)
	}
}

// resume has the holder to be let a rotation go on that stopped.
func (w *world) resume() {
	w.t.Helper()
	w.desk.Act(rotationtest.Primary, custody.ResumeRotation{Credential: name})
}

// finish makes attempts until the credential is held.
func (w *world) finish() {
	w.t.Helper()
	for range 50 {
		w.attempt("")
		if w.credential().Phase == custody.Held {
			w.settled()
			return
		}
	}
	w.t.Fatalf("still at %+v\n%s", w.credential().Rotation, w.log)
}

// settled checks what must be so when no rotation is in progress.
func (w *world) settled() {
	w.t.Helper()
	c := w.credential()
	current := w.secrets.Versions(desk.CredentialPath(name))
	if c.Holder != rotationtest.Primary || c.Version != int64(len(current)) {
		w.t.Errorf("held by %q at version %d of %d", c.Holder, c.Version, len(current))
	}
	if !current[len(current)-1].Equal(w.account.opens()) {
		w.t.Error("the current version does not open the account")
	}
	if n := w.count("rotation.promoted"); int64(n) != c.Rotation.Number {
		w.t.Errorf("%d promotions of %d rotations", n, c.Rotation.Number)
	}
	w.clean()
}

// clean checks that no secret got out.
func (w *world) clean() {
	w.t.Helper()
	out := w.log.String() + fmt.Sprintf("%+v", w.desk.Events())
	for _, secret := range append(w.secrets.Made(), w.account.passwords()...) {
		if strings.Contains(out, secret.Reveal()) {
			w.t.Error("a secret is in the log or in the ledger")
		}
	}
}

func (w *world) credential() custody.Credential {
	w.t.Helper()
	return w.credentialOf(name)
}

func (w *world) credentialOf(name string) custody.Credential {
	w.t.Helper()
	c, err := w.desk.Credential(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) staged() []custody.Secret {
	c := w.credential()
	return w.secrets.Versions(stagedPath(custody.RotationID{Credential: name, Number: c.Rotation.Number}))
}

func (w *world) count(kind string) (n int) {
	for _, e := range w.desk.Events() {
		if e.Fact.Type() == kind {
			n++
		}
	}
	return n
}

// failures gives the kinds of the failed attempts, in order.
func (w *world) failures() (kinds []Failure) {
	for _, e := range w.desk.Events() {
		if f, ok := e.Fact.(custody.RotationFailed); ok {
			kinds = append(kinds, Failure(f.Failure))
		}
	}
	return kinds
}

// oldRefused gives what the last verification said.
func (w *world) oldRefused() (refused bool) {
	for _, e := range w.desk.Events() {
		if f, ok := e.Fact.(custody.RotationVerified); ok {
			refused = f.OldRefused
		}
	}
	return refused
}

// account is a Target in memory. The functions, when set, say how a call goes
// wrong; they see how many there were before it.
type account struct {
	onVerify func(n int, secret custody.Secret) error // nil: as the password says
	onChange func(n int) (effect bool, err error)
	lenient  bool // it takes old passwords, too
	changed  func()

	mu       sync.Mutex
	password custody.Secret
	former   []custody.Secret
	told     []custody.Secret // what Change was called with
	verifies int
	refused  int
}

func (a *account) Verify(ctx context.Context, secret custody.Secret) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.verifies
	a.verifies++
	if a.onVerify != nil {
		if err := a.onVerify(n, secret); err != nil {
			return err
		}
	}
	if secret.Equal(a.password) || a.lenient && slices.ContainsFunc(a.former, secret.Equal) {
		return nil
	}
	a.refused++
	return fmt.Errorf("in memory: %w", ErrRefused)
}

func (a *account) Change(ctx context.Context, _, next custody.Secret) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.mu.Lock()
	effect, err := true, error(nil)
	if a.onChange != nil {
		effect, err = a.onChange(len(a.told))
	}
	a.told = append(a.told, next)
	if effect && !next.Equal(a.password) {
		a.former, a.password = append(a.former, a.password), next
	}
	a.mu.Unlock()
	if a.changed != nil {
		a.changed()
	}
	return err
}

func (a *account) Describe() Description { return Description{Reconciles: true} }

func (a *account) Reconcile(ctx context.Context, next custody.Secret) error {
	return a.Change(ctx, custody.Secret{}, next)
}

// set changes the password behind Tandem's back.
func (a *account) set(password custody.Secret) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.former, a.password = append(a.former, a.password), password
}

func (a *account) opens() custody.Secret {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.password
}

func (a *account) passwords() []custody.Secret {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append(slices.Clone(a.former), a.password)
}

// errUnknown is an error of a target that says nothing for certain.
var errUnknown = errors.New("something went wrong there")

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("it does not come to pass that %s", what)
		}
	}
}
