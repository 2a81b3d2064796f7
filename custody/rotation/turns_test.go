package rotation

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

// hanging is a target at a host that does not answer before its time is up.
type hanging struct {
	mu   *sync.Mutex
	now  *int
	most *int
}

func (hanging) Describe() Description { return Description{} }

func (h hanging) Verify(ctx context.Context, _ custody.Secret) error { return h.wait(ctx) }

func (h hanging) Change(ctx context.Context, _, _ custody.Secret) error { return h.wait(ctx) }

func (h hanging) Reconcile(ctx context.Context, _ custody.Secret) error { return h.wait(ctx) }

func (h hanging) wait(ctx context.Context) error {
	h.mu.Lock()
	*h.now++
	*h.most = max(*h.most, *h.now)
	h.mu.Unlock()
	<-ctx.Done()
	h.mu.Lock()
	*h.now--
	h.mu.Unlock()
	return fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
}

// A thousand hosts that hang, and one that does not: its turn comes at once, whether the
// others were tried before or are all new.
func TestDeadHostsDoNotHoldUpAHealthyOne(t *testing.T) {
	const dead = 1000
	for what, c := range map[string]struct{ tried bool }{"which were tried before": {true}, "all new": {false}} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.finish()
			hang := hanging{new(sync.Mutex), new(int), new(int)}
			now := w.clock.Now()
			for i := range dead {
				name := fmt.Sprintf("dead-%04d", i)
				w.desk.Add(name, custody.Target{Kind: "hanging", Address: fmt.Sprintf("gone-%d:22", i), Account: name})
				if c.tried {
					id := custody.RotationID{Credential: name, Number: 1}
					w.desk.Act(custody.System, custody.ReportFailed{Rotation: id, Failure: string(Unreachable), NextTry: now, Unsent: true})
				}
			}
			config := w.config(nil)
			config.StepTimeout, config.Interval = 5*time.Minute, 10*time.Millisecond
			config.Targets["hanging"] = func(custody.Target, custody.Secret) (Target, error) { return hang, nil }
			if !c.tried { // its host has answered this worker
				w.desk.Rotate(name)
			}
			run(t, config)
			reached := func(n int) func() bool {
				return func() bool {
					hang.mu.Lock()
					defer hang.mu.Unlock()
					return *hang.now >= n
				}
			}
			full := config.Parallel - config.Parallel/4
			if c.tried {
				full = config.Parallel / 4
			}
			eventually(t, "what hangs has taken the slots that it may", reached(full))
			if !c.tried {
				w.desk.Await(name, held)
			}
			w.desk.Rotate(name)
			w.desk.Await(name, held)
			hang.mu.Lock()
			defer hang.mu.Unlock()
			if *hang.most > full {
				t.Errorf("%d hung at once, not %d", *hang.most, full)
			}
		})
	}
}

// fleet is a number of accounts that a second one changes.
type fleet struct {
	mu      sync.Mutex
	refuses bool
	tried   []string // log-ins of the second account, by whose sake
	now     int
	most    int // at once
}

type ofFleet struct {
	*fleet
	account string
}

func (ofFleet) Describe() Description { return Description{Reconciles: true} }

func (ofFleet) Verify(context.Context, custody.Secret) error { return nil }

func (f ofFleet) Reconcile(ctx context.Context, next custody.Secret) error {
	return f.Change(ctx, custody.Secret{}, next)
}

func (f ofFleet) Change(context.Context, custody.Secret, custody.Secret) error {
	f.mu.Lock()
	f.tried = append(f.tried, f.account)
	f.now++
	f.most = max(f.most, f.now)
	refuses := f.refuses
	f.mu.Unlock()
	time.Sleep(time.Millisecond) // so that others could come: how many at once is what is counted
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now--
	if refuses {
		return ErrRefused
	}
	return nil
}

func (f *fleet) logIns() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.tried)
}

// The password of a directory's second account was changed, and all forty accounts are to
// be: it is refused once. When that was put right all of them go on.
func TestASecondAccountIsRefusedOnce(t *testing.T) {
	const accounts = 40
	w := newWorld(t)
	all := &fleet{refuses: true}
	var names []string
	for i := range accounts {
		names = append(names, fmt.Sprintf("app-%02d", i))
		w.desk.Act(custody.System, custody.AddCredential{
			Name: names[i], Target: identified(custody.Target{Kind: "fleet", Address: "ldap:389", Account: names[i], Settings: map[string]string{"admin": "cn=tandem"}}),
			Primary: rotationtest.Primary, Backup: rotationtest.Backup, Reconciles: true,
		})
	}
	c := w.config(nil)
	c.Interval = 10 * time.Millisecond
	c.Targets["fleet"] = func(t custody.Target, _ custody.Secret) (Target, error) { return ofFleet{all, t.Account}, nil }
	looks := looking{Desk: w.desk}
	c.Queue = &looks
	run(t, c)
	eventually(t, "the second account is refused", func() bool { return len(w.failures()) > 0 })
	for range 20 {
		w.clock.Advance(time.Hour)
		looks.await(t, 2) // of which the second began after that hour
	}
	if n := all.logIns(); n != 1 {
		t.Errorf("the second account was tried %d times", n)
	}
	var stopped string
	for _, name := range names {
		if w.credentialOf(name).Rotation.Stopped() {
			stopped = name
		}
	}
	all.mu.Lock()
	all.refuses = false
	all.mu.Unlock()
	w.desk.Act(rotationtest.Primary, custody.ResumeRotation{Credential: stopped})
	for _, name := range names {
		w.desk.Await(name, held)
	}
	if n := all.logIns(); n != 1+accounts {
		t.Errorf("the second account was tried %d times", n)
	}
	if all.most < 2 || all.most > c.PerTarget {
		t.Errorf("%d at once", all.most)
	}
}

// Hosts shut out who fails too often, whatever the account: after a few nobody begins there
// until that is forgotten, and elsewhere they do.
func TestAHostIsLeftAloneAfterAFewRefusals(t *testing.T) {
	w := newWorld(t)
	w.finish()
	theirs := map[string]*account{}
	for i := range 12 {
		name := fmt.Sprintf("svc-%02d", i)
		theirs[name] = &account{password: custody.SecretString("what somebody set")}
		w.desk.Add(name, custody.Target{Kind: "own", Address: "shared:22", Account: name})
	}
	c := w.config(nil)
	c.Interval = 10 * time.Millisecond
	c.Targets["own"] = func(t custody.Target, _ custody.Secret) (Target, error) { return own{theirs[t.Account]}, nil }
	looks := looking{Desk: w.desk}
	c.Queue = &looks
	run(t, c)
	refused := func() (n int) {
		for _, a := range theirs {
			a.mu.Lock()
			n += a.refused
			a.mu.Unlock()
		}
		return n
	}
	eventually(t, "some are refused", func() bool { return refused() >= maxRefused })
	looks.await(t, 10)
	// As many as were on their way together, and no more.
	if n := refused(); n < maxRefused || n > maxRefused-1+c.PerTarget {
		t.Errorf("%d were refused", n)
	}
	w.desk.Rotate(name)
	w.desk.Await(name, held) // elsewhere
	before := refused()
	w.clock.Advance(time.Hour)
	eventually(t, "others have their turn", func() bool { return refused() > before })
}

// Hosts that answered come first, then what is new, then what failed, then what is silent;
// of each the oldest.
func TestTurnsInOrder(t *testing.T) {
	w := newWorld(t)
	worker := New(w.config(nil))
	worker.turns.look(nil, w.clock.Now())
	worker.turns.answered = map[string]bool{"answers:22": true, "silent:22": false}
	at := func(host string, attempts int, since int64) custody.Credential {
		c := w.credential()
		c.Target = identified(custody.Target{Kind: "memory", Address: host, Account: "root"})
		c.Rotation.Attempts, c.Rotation.Since = attempts, time.Unix(since, 0)
		c.Name = fmt.Sprint(host, attempts, since)
		return c
	}
	want := []custody.Credential{
		at("answers:22", 7, 5), at("ANSWERS:22", 0, 6), at("new:22", 0, 3), at("newer:22", 0, 4), at("failed:22", 3, 1), at("silent:22", 0, 0), at("silent:22", 9, 2),
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	worker.turns.sort(got)
	for i := range want {
		if got[i].Name != want[i].Name {
			t.Errorf("%d: %s, not %s", i, got[i].Name, want[i].Name)
		}
	}
}
