package rotationtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// The two custodians of every credential on a Desk.
const (
	Primary = "tech-a"
	Backup  = "tech-b"
)

// Desk is a desk and a queue of rotations. Its state moves only by Decide and
// Apply, and every event is held against the invariants; a violation fails the
// test. Its operations are called do and claim.
type Desk struct {
	Faults Faults

	t     testing.TB
	clock desk.Clock

	mu     sync.Mutex
	state  *custody.State
	events []custody.Event
	commit chan struct{} // closed by the next commit
	claims map[string]claim
	dead   map[string]bool
	texts  map[string]custody.Words // beside the ledger, by commitment

	// Unacknowledged names dependents that may be given no password: to be set under no lock,
	// before a worker runs, or between two attempts.
	Unacknowledged []string
}

type claim struct {
	owner string
	until time.Time
}

// NewDesk makes one with two technicians.
func NewDesk(t testing.TB, clock desk.Clock) *Desk {
	d := &Desk{
		t: t, clock: clock, state: custody.NewState(), commit: make(chan struct{}),
		claims: map[string]claim{}, dead: map[string]bool{}, texts: map[string]custody.Words{},
	}
	policy := custody.DefaultPolicy()
	policy.TOTPSkew = 1 << 40 // so that one code can follow on another without waiting
	policy.Approvals = custody.ApprovedByNone
	d.Act(custody.System, custody.AdoptPolicy{Values: policy})
	for _, name := range []string{Primary, Backup} {
		d.Act(custody.System, custody.AddPerson{
			Username: name, Name: name, Roles: []custody.Role{custody.Technician}, TOTPPeriod: 30,
		})
		d.Act(name, SignIn(d.clock.Now()))
	}
	return d
}

// SignIn opens a session, for an hour, of which nobody has the token.
func SignIn(now time.Time) custody.SignIn {
	token := make([]byte, 32)
	_, _ = rand.Read(token) // never fails, see crypto/rand
	return custody.SignIn{Session: hex.EncodeToString(token), Until: now.Add(time.Hour)}
}

// Add puts an account under custody, which starts its first rotation.
func (d *Desk) Add(credential string, target custody.Target) {
	d.t.Helper()
	described := desk.NewTarget(target)
	described.Identities = desk.Identities(nil, credential)
	d.Act(custody.System, custody.AddCredential{Name: credential, Target: described, Primary: Primary, Backup: Backup})
}

// Retarget has the account be reached in another way, which nobody has confirmed. What comes
// with it is in its place already.
func (d *Desk) Retarget(credential string, target custody.Target, edits ...func(*custody.Retarget)) {
	d.t.Helper()
	c, err := d.Credential(d.t.Context(), credential)
	if err != nil {
		d.t.Fatal(err)
	}
	change := custody.Retarget{Credential: credential, Target: desk.NewTarget(target), Reconciles: c.Reconciles}
	change.Target.Account, change.Target.Identities = c.Target.Account, c.Target.Identities
	if was, known := c.Target.Plain(); known && reflect.DeepEqual(was, target) {
		change.Target = c.Target
	}
	for _, edit := range edits {
		edit(&change)
	}
	d.Act(Primary, custody.Propose{Change: custody.Change{Proposable: change}, Reason: desk.NewNote("test")})
}

// Rotate has the holder ask for another rotation.
func (d *Desk) Rotate(credential string) {
	d.t.Helper()
	d.Act(Primary, custody.RequestRotation{Credential: credential, Reason: desk.NewNote("test")})
}

// Act has somebody, with a right code, or the system do something.
func (d *Desk) Act(actor string, action custody.Action) {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.decide(actor, rand.Text(), action); err != nil {
		d.t.Fatalf("%T: %v", action, err)
	}
}

// MayTell is rotation.Desk.
func (d *Desk) MayTell(_ context.Context, dependent string) error {
	if slices.Contains(d.Unacknowledged, dependent) {
		return desk.ErrUnacknowledged
	}
	return nil
}

// Settle is as rotation.Desk has it; what came is in its place already.
func (d *Desk) Settle(_ context.Context, credential string) error {
	if d.Faults.next("settle") == Before {
		return ErrFault
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.decide(custody.System, rand.Text(), custody.ReportArrived{Credential: credential})
	return err
}

// Do is as rotation.Desk has it.
func (d *Desk) Do(ctx context.Context, by desk.By, a custody.Action) (desk.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return desk.Outcome{}, err
	}
	fault := d.Faults.next("do")
	if fault == Before {
		return desk.Outcome{}, ErrFault
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	outcome, err := d.decide(by.Actor, by.Request, a)
	if fault == After {
		return desk.Outcome{}, ErrFault
	}
	return outcome, err
}

func (d *Desk) decide(actor, request string, action custody.Action) (desk.Outcome, error) {
	command := custody.Command{Actor: actor, Request: request, Action: action}
	if p, known := d.state.Person(actor); known {
		command.Proof = custody.Proof{Given: true, Steps: []int64{p.LastStep + 1}, Enrolment: p.Number}
	}
	events, err := custody.Decide(d.state, command, d.clock.Now())
	if err != nil {
		return desk.Outcome{}, err
	}
	var outcome desk.Outcome
	for _, e := range events {
		if err := custody.Replay(d.state, e); err != nil {
			d.t.Error(err)
		}
		outcome.Events = append(outcome.Events, desk.Indexed{Index: int64(len(d.events)), Event: e})
		d.events = append(d.events, e)
		for _, n := range e.Written() {
			d.texts[n.Commitment()], _ = n.Words()
		}
	}
	if len(events) > 0 {
		close(d.commit)
		d.commit = make(chan struct{})
	}
	return outcome, nil
}

// Follow is as rotation.Desk has it.
func (d *Desk) Follow() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.commit
}

// Credentials is as rotation.Queue has it, like the methods after it.
func (d *Desk) Credentials(context.Context) ([]custody.Credential, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.Collect(d.state.Credentials())
	custody.Fill(&all, d.texts)
	return all, nil
}

func (d *Desk) Unfinished(ctx context.Context) ([]custody.Credential, error) {
	all, err := d.Credentials(ctx)
	return slices.DeleteFunc(all, func(c custody.Credential) bool { return !c.Unfinished() }), err
}

func (d *Desk) Credential(_ context.Context, name string) (custody.Credential, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, known := d.state.Credential(name)
	if !known {
		return c, errors.New("no such credential")
	}
	custody.Fill(&c, d.texts)
	return c, nil
}

func (d *Desk) Claim(ctx context.Context, credential, owner string, now, until time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if d.Faults.next("claim") != None {
		return false, ErrFault
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if held, ok := d.claims[credential]; ok && held.owner != owner && held.until.After(now) {
		return false, nil
	}
	d.claims[credential] = claim{owner, until}
	return true, nil
}

func (d *Desk) Release(_ context.Context, credential, owner string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.claims[credential].owner == owner && !d.dead[owner] {
		delete(d.claims, credential)
	}
	return nil
}

// Forget takes the texts of a credential's target away from beside the ledger.
func (d *Desk) Forget(credential string) (putBack func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, _ := d.state.Credential(credential)
	taken := map[string]custody.Words{}
	for _, n := range custody.NotesOf(c.Target) {
		taken[n.Commitment()] = d.texts[n.Commitment()]
		delete(d.texts, n.Commitment())
	}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		maps.Copy(d.texts, taken)
	}
}

// Bury has a worker be dead: what it claimed stays claimed until the lease ends.
func (d *Desk) Bury(owner string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead[owner] = true
}

// Steal gives a claim to somebody else, as the end of a lease would.
func (d *Desk) Steal(credential, owner string, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.claims[credential] = claim{owner, until}
}

// Events gives what has happened.
func (d *Desk) Events() []custody.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.events)
}

// Await waits until a credential is as wanted, and fails the test if that does
// not come to pass.
func (d *Desk) Await(credential string, wanted func(custody.Credential) bool) custody.Credential {
	d.t.Helper()
	limit := time.After(3 * time.Minute) // which a busy machine may need
	for {
		committed := d.Follow()
		c, err := d.Credential(d.t.Context(), credential)
		if err == nil && wanted(c) {
			return c
		}
		select {
		case <-committed:
		case <-limit:
			d.t.Fatalf("%s stays as it is: %s, rotation %+v", credential, c.Phase, c.Rotation)
		}
	}
}
