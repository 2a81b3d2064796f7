package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// mortal is a process that dies at one of the calls that change something: from then
// on none has an effect. after: that call has had its effect, and nobody hears of it.
type mortal struct {
	mu    sync.Mutex
	left  int // calls until then
	after bool
}

var errDead = errors.New("the process is dead")

func (m *mortal) call(do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left--
	if m.left > 0 || m.left == 0 && m.after {
		if err := do(); m.left > 0 {
			return err
		}
	}
	return errDead
}

func (m *mortal) survived() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left > 0
}

type mortalStore struct {
	desk.Store
	*mortal
}

func (s mortalStore) Write(ctx context.Context, fn func(desk.Tx) error) error {
	return s.call(func() error { return s.Store.Write(ctx, fn) })
}
func (s mortalStore) BeginArrival(ctx context.Context, request string, at time.Time) error {
	return s.call(func() error { return s.Store.BeginArrival(ctx, request, at) })
}
func (s mortalStore) EndArrival(ctx context.Context, request string) error {
	return s.call(func() error { return s.Store.EndArrival(ctx, request) })
}

type mortalSecrets struct {
	desk.Secrets
	*mortal
}

func (s mortalSecrets) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (version int64, err error) {
	err = s.call(func() error { version, err = s.Secrets.Write(ctx, path, value, cas, labels); return err })
	return version, err
}
func (s mortalSecrets) Delete(ctx context.Context, path string) error {
	return s.call(func() error { return s.Secrets.Delete(ctx, path) })
}

// mortally gives a desk of a process that dies so.
func (o *office) mortally(left int, after bool) (*desk.Desk, *mortal) {
	o.T.Helper()
	m := &mortal{left: 1 << 30, after: after}
	config := o.Config
	defer func() { o.Config = config }()
	o.Config.Store, o.Config.Secrets = mortalStore{config.Store, m}, mortalSecrets{config.Secrets, m}
	d := o.Open()
	m.mu.Lock()
	m.left = left
	m.mu.Unlock()
	return d, m
}

// under gives what a request has under its own path.
func (o *office) under(request string) (left []string) {
	o.T.Helper()
	for _, end := range []string{"password", "key"} {
		v, err := o.Secrets.Read(o.T.Context(), desk.ArrivingPath(request)+end)
		if err != nil && !errors.Is(err, desk.ErrNoSecret) {
			o.T.Fatal(err)
		}
		if err == nil {
			left = append(left, v.Value.Reveal())
		}
	}
	return left
}

// TestAKillWhileACredentialIsAdded, at each place between two steps: afterwards it is
// either in custody with its secrets, or there is nothing of it anywhere.
func TestAKillWhileACredentialIsAdded(t *testing.T) {
	o := newOffice(t)
	cut, whole := 0, 0
	for _, after := range []bool{false, true} {
		for left := 1; ; left++ {
			name := fmt.Sprintf("kill-%d-%t", left, after)
			request := "bring-" + name
			dying, m := o.mortally(left, after)
			_, err := dying.AddCredential(t.Context(), desk.By{Actor: custody.System, Request: request}, onboarding(name),
				custody.SecretString("password of "+name), custody.SecretString("key of "+name))
			survived := m.survived()
			_ = dying.Close()
			if survived && err != nil {
				t.Fatal(err)
			}

			// The next start: the worker settles what is in the ledger before it begins.
			o.Desk = o.Open()
			c, err := o.Store.Credential(t.Context(), name)
			added := err == nil
			if added && c.Arriving != "" {
				_, err := o.Desk.Do(t.Context(), desk.By{Actor: custody.System, Request: unique("r")}, custody.ReportStaged{Rotation: custody.RotationID{Credential: name, Number: 1}})
				o.Refused(custody.Conflict, err)
				if err := o.Desk.Settle(t.Context(), name); err != nil {
					t.Fatal(err)
				}
			}
			o.Clock.Add(11 * time.Minute)
			if err := o.Desk.ClearArrivals(t.Context()); err != nil {
				t.Fatal(err)
			}
			password, key := o.kept(name)
			switch {
			case added && (password.Reveal() != "password of "+name || key.Reveal() != "key of "+name || o.Credential(name).Arriving != ""):
				t.Errorf("%s: in custody, and its secrets are not in their place", name)
			case !added && (!password.IsZero() || !key.IsZero()):
				t.Errorf("%s: not in custody, and has secrets", name)
			}
			if left := o.under(request); len(left) != 0 {
				t.Errorf("%s: %d secrets are left under the request's own path", name, len(left))
			}
			if rows, err := o.Store.Arrivals(t.Context()); err != nil || len(rows) != 0 {
				t.Errorf("%s: %v, %v", name, rows, err)
			}
			if survived {
				break
			}
			if added {
				whole++
			} else {
				cut++
			}
		}
	}
	if cut < 6 || whole < 8 {
		t.Errorf("killed %d times before the entry and %d times after it", cut, whole)
	}
}

// TestARefusedCredentialLeavesNothing of what it brought, and no other credential's
// secrets are touched by one that is on its way.
func TestARefusedCredentialLeavesNothing(t *testing.T) {
	o := newOffice(t)
	if err := add(o.Desk, custody.System, "db02", custody.SecretString("first"), custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	by := desk.By{Actor: custody.System, Request: "twice"}
	_, err := o.Desk.AddCredential(t.Context(), by, onboarding("db02"), custody.SecretString("second"), custody.SecretString("key"))
	o.Refused(custody.Conflict, err)
	if left := o.under("twice"); len(left) != 0 {
		t.Errorf("%d secrets are left", len(left))
	}
	if rows, err := o.Store.Arrivals(t.Context()); err != nil || len(rows) != 0 {
		t.Errorf("%v, %v", rows, err)
	}
}

// TestNobodyWaitsWhileSecretsCome: they are written before the command takes its
// place among all others.
func TestNobodyWaitsWhileSecretsCome(t *testing.T) {
	o := newOffice(t)
	began, goOn := make(chan struct{}), make(chan struct{})
	o.Config.Secrets = slowStaging{o.Secrets, sync.OnceFunc(func() { close(began) }), goOn}
	slow := o.Open()
	done := make(chan error, 1)
	go func() { done <- add(slow, custody.System, "db02", custody.SecretString("p"), custody.Secret{}) }()
	<-began
	if _, err := slow.Do(t.Context(), desk.By{Actor: "tech-a", Request: unique("r")}, custody.SignOut{}); err != nil {
		t.Error(err)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

type slowStaging struct {
	desk.Secrets
	began func()
	goOn  chan struct{}
}

func (s slowStaging) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	s.began()
	<-s.goOn
	return s.Secrets.Write(ctx, path, value, cas, labels)
}

// TestSettleAgainTouchesNothing that a rotation has written since.
func TestSettleAgainTouchesNothing(t *testing.T) {
	o := newOffice(t)
	before, err := o.Secrets.Read(t.Context(), desk.CredentialPath("db01"))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Desk.Settle(t.Context(), "db01"); err != nil {
		t.Fatal(err)
	}
	after, err := o.Secrets.Read(t.Context(), desk.CredentialPath("db01"))
	if err != nil || after.Version != before.Version {
		t.Errorf("version %d became %d, %v", before.Version, after.Version, err)
	}
	if types := o.Types(0); !slices.Contains(types, "credential.secrets_arrived") {
		t.Errorf("entries %v", types)
	}
}

// TestAnArrivalThatMayStillCome is not removed: another process may be about to enter it.
func TestAnArrivalThatMayStillCome(t *testing.T) {
	o := newOffice(t)
	if err := o.Store.BeginArrival(t.Context(), "slow", o.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Secrets.Write(t.Context(), desk.ArrivingPath("slow")+"password", custody.SecretString("p"), 0, nil); err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(9 * time.Minute)
	if err := o.Desk.ClearArrivals(t.Context()); err != nil || len(o.under("slow")) != 1 {
		t.Errorf("removed: %v", err)
	}
	o.Clock.Add(2 * time.Minute)
	if err := o.Desk.ClearArrivals(t.Context()); err != nil || len(o.under("slow")) != 0 {
		t.Errorf("kept: %v", err)
	}
}

// unmoved is a secret store that puts nothing in a credential's place.
type unmoved struct{ desk.Secrets }

func (s unmoved) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	if path == desk.CredentialPath("db02") || path == desk.KeyPath("db02") {
		return 0, fmt.Errorf("%w: sealed", desk.ErrSecretsUnavailable)
	}
	return s.Secrets.Write(ctx, path, value, cas, labels)
}

// addUnmoved adds db02, of which nothing is in its place yet.
func (o *office) addUnmoved(request string) {
	o.T.Helper()
	config := o.Config
	o.Config.Secrets = unmoved{config.Secrets}
	d := o.Open()
	o.Config = config
	if _, err := d.AddCredential(o.T.Context(), desk.By{Actor: custody.System, Request: request}, onboarding("db02"),
		custody.SecretString("password"), custody.SecretString("key")); err != nil {
		o.T.Fatal(err)
	}
	_ = d.Close()
	if c := o.Credential("db02"); c.Arriving != request {
		o.T.Fatalf("arriving %q", c.Arriving)
	}
}

// TestWhatIsToBeMovedIsNotRemoved, however long that takes.
func TestWhatIsToBeMovedIsNotRemoved(t *testing.T) {
	o := newOffice(t)
	o.addUnmoved("bring")
	o.Clock.Add(time.Hour)
	if err := o.Desk.ClearArrivals(t.Context()); err != nil || len(o.under("bring")) != 2 {
		t.Fatalf("removed, %v", err)
	}
	if err := o.Desk.Settle(t.Context(), "db02"); err != nil {
		t.Fatal(err)
	}
	if password, key := o.kept("db02"); password.Reveal() != "password" || key.Reveal() != "key" || len(o.under("bring")) != 0 {
		t.Error("not moved")
	}
}

// TestWhatIsInThePlaceAlreadyGivesWay: nothing is in custody under a new name.
func TestWhatIsInThePlaceAlreadyGivesWay(t *testing.T) {
	o := newOffice(t)
	if _, err := o.Secrets.Write(t.Context(), desk.CredentialPath("db02"), custody.SecretString("left over"), 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := add(o.Desk, custody.System, "db02", custody.SecretString("password"), custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	if password, _ := o.kept("db02"); password.Reveal() != "password" || o.Credential("db02").Arriving != "" {
		t.Error("not moved")
	}
}

// overtaken is a secret store that does something right after a path was read.
type overtaken struct {
	desk.Secrets
	path string
	then func()
}

func (s overtaken) Read(ctx context.Context, path string) (desk.Versioned, error) {
	v, err := s.Secrets.Read(ctx, path)
	if path == s.path {
		s.then()
	}
	return v, err
}

// TestALateMoveTouchesNothing: while one process has read what is to be moved, another
// moves it, and the first rotation sets a password.
func TestALateMoveTouchesNothing(t *testing.T) {
	o := newOffice(t)
	o.addUnmoved("bring")
	config := o.Config
	o.Config.Secrets = overtaken{config.Secrets, desk.ArrivingPath("bring") + "key", sync.OnceFunc(func() {
		if err := o.Desk.Settle(t.Context(), "db02"); err != nil {
			t.Error(err)
		}
		o.Rotate("db02")
	})}
	late := o.Open()
	o.Config = config
	if err := late.Settle(t.Context(), "db02"); err != nil {
		t.Error(err)
	}
	if password, _ := o.kept("db02"); !password.Equal(o.Password("db02", 1)) {
		t.Error("the new password was overwritten")
	}
}
