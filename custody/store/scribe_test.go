package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// epoch is when the tests begin.
var epoch = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// scribe decides commands and writes what they lead to, one transaction for
// each batch, as the desk does; and it keeps what it wrote, to compare with.
type scribe struct {
	on       engine
	store    *Store
	path     string        // an address
	log      *bytes.Buffer // what the store logged
	state    *custody.State
	frontier *audit.Frontier
	now      time.Time
	requests int
	records  [][]byte
	events   []custody.Event
}

// newScribe is on SQLite, where no other engine is asked for.
func newScribe(t testing.TB, on ...engine) *scribe {
	t.Helper()
	s := emptyScribe(t, on...)
	policy := custody.DefaultPolicy()
	policy.TOTPSkew = 1 << 40 // so that one code can follow on another without waiting
	s.do(t, step{custody.System, custody.AdoptPolicy{Values: policy}})
	return s
}

func emptyScribe(t testing.TB, on ...engine) *scribe {
	t.Helper()
	if on == nil {
		on = []engine{onSQLite}
	}
	s := &scribe{
		on: on[0], path: on[0].fresh(t), log: &bytes.Buffer{},
		state: custody.NewState(), frontier: &audit.Frontier{}, now: epoch,
	}
	s.store = s.open(t)
	return s
}

// open gives one more handle on the same database.
func (s *scribe) open(t testing.TB) *Store {
	t.Helper()
	db, err := Open(t.Context(), s.path, slog.New(slog.NewTextHandler(s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// draft is what one transaction adds.
type draft struct {
	state    *custody.State
	frontier *audit.Frontier
	entries  []desk.Appended
	nodes    []audit.Node
	root     audit.Hash
}

func (s *scribe) draft() *draft {
	return &draft{state: s.state.Fork(), frontier: s.frontier.Clone()}
}

func (d *draft) happen(events []custody.Event) error {
	for _, e := range events {
		if err := custody.Replay(d.state, e); err != nil {
			return err
		}
		entry, err := e.Record()
		if err != nil {
			return err
		}
		record, err := entry.Encode()
		if err != nil {
			return err
		}
		index := d.frontier.Size()
		nodes, err := d.frontier.Append(record)
		if err != nil {
			return err
		}
		d.entries = append(d.entries, desk.Appended{Index: index, Event: e, Record: record})
		d.nodes = append(d.nodes, nodes...)
	}
	var err error
	d.root, err = d.frontier.Root()
	return err
}

// mark seals the batch, with a key that everybody knows.
func (d *draft) mark() string {
	return testMark(audit.Batch{From: d.entries[0].Index, Size: d.frontier.Size(), Root: d.root})
}

func testMark(b audit.Batch) string {
	b.FromRoot = audit.Hash{} // which a draft does not know
	sum := sha256.Sum256(b.Text(tamperOrigin))
	return "test." + hex.EncodeToString(sum[:])
}

// checkTestMark is an audit.VerifyOptions.CheckSeal.
func checkTestMark(b audit.Batch, mark string) error {
	if mark != testMark(b) {
		return errors.New("another mark")
	}
	return nil
}

// write is the body of a transaction.
func (d *draft) write(tx desk.Tx) error {
	if len(d.entries) == 0 {
		return nil
	}
	if err := tx.Append(d.entries, d.nodes, d.root, d.mark()); err != nil {
		return err
	}
	return tx.Save(d.state)
}

// commit writes the draft and keeps it.
func (s *scribe) commit(ctx context.Context, d *draft) error {
	if err := s.store.Write(ctx, d.write); err != nil {
		return err
	}
	s.keep(d)
	return nil
}

func (s *scribe) keep(d *draft) {
	s.state.Merge(d.state)
	s.frontier = d.frontier
	for _, e := range d.entries {
		s.records = append(s.records, e.Record)
		s.events = append(s.events, e.Event)
	}
}

// step is one command of somebody.
type step struct {
	actor  string
	action custody.Action
}

// decide carries the steps out in a draft, refusals included.
func (s *scribe) decide(d *draft, steps ...step) error {
	for _, step := range steps {
		s.requests++
		c := custody.Command{Actor: step.actor, Request: fmt.Sprintf("request-%d", s.requests), Action: step.action}
		switch step.action {
		case custody.SignIn{}:
			c.Action = custody.SignIn{Session: fmt.Sprintf("%064x", s.requests), Until: s.now.Add(12 * time.Hour)}
		case custody.SignOut{}:
			if open := d.state.Sessions(step.actor); len(open) > 0 {
				c.Action = custody.SignOut{Session: open[0].Token}
			}
		}
		if p, ok := d.state.Person(step.actor); ok {
			c.Proof = custody.Proof{Given: true, Steps: []int64{p.LastStep + 1}, Enrolment: p.Number}
		}
		if err := d.happen(d.state.LetTimeAct(s.now)); err != nil {
			return err
		}
		events, err := custody.Decide(d.state, c, s.now)
		if refusal, ok := errors.AsType[*custody.Refusal](err); ok {
			events = custody.Refused(d.state, c, refusal, s.now)
		} else if err != nil {
			return err
		}
		if err := d.happen(events); err != nil {
			return err
		}
	}
	return nil
}

// do carries the steps out in one transaction.
func (s *scribe) do(t testing.TB, steps ...step) {
	t.Helper()
	d := s.draft()
	if err := s.decide(d, steps...); err != nil {
		t.Fatal(err)
	}
	if err := s.commit(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// hire opens accounts and enrols them.
func (s *scribe) hire(t testing.TB, role custody.Role, people ...string) {
	t.Helper()
	for _, p := range people {
		s.do(t,
			step{custody.System, custody.AddPerson{Username: p, Name: "Person " + p, Roles: []custody.Role{role}, TOTPPeriod: 30}},
			step{p, custody.SignIn{}})
	}
}

// onboard puts a credential under custody; the primary holds it.
func (s *scribe) onboard(t testing.TB, name, primary, backup string) {
	t.Helper()
	s.do(t, step{custody.System, custody.AddCredential{
		Name: name, Primary: primary, Backup: backup,
		Target: identified(custody.Target{Kind: "ssh", Address: name + ".example.org:22", Account: "root",
			Settings: map[string]string{"sudo": "yes", "host_key": "ssh-ed25519 AAAA"}}),
		Policy: custody.CredentialPolicy{RotateOnCheckin: name == "web01", LeaseSeconds: 5400},
	}})
	s.change(t, name)
}

// change carries the rotation in progress of a credential through.
func (s *scribe) change(t testing.TB, name string) {
	t.Helper()
	c, _ := s.state.Credential(name)
	s.do(t, rotate(c)...)
}

func rotate(c custody.Credential) []step {
	id := custody.RotationID{Credential: c.Name, Number: c.Rotation.Number}
	return []step{
		{custody.System, custody.ReportStaged{Rotation: id}},
		{custody.System, custody.ReportApplied{Rotation: id}},
		{custody.System, custody.ReportVerified{Rotation: id, OldRefused: c.Version > 0}},
		{custody.System, custody.ReportPromoted{Rotation: id, Version: c.Version + 1}},
	}
}

// newOffice has three technicians and two credentials.
func newOffice(t testing.TB, on ...engine) *scribe {
	t.Helper()
	s := newScribe(t, on...)
	s.hire(t, custody.Technician, "tech-a", "tech-b", "tech-c")
	s.hire(t, custody.Admin, "admin")
	s.onboard(t, "db01", "tech-a", "tech-b")
	s.onboard(t, "web01", "tech-b", "tech-c")
	return s
}

// identified is a target whose account is called by its address as it stands: what
// a desk finds out before it gives the command.
func identified(t custody.Target) custody.TargetNotes {
	target := desk.NewTarget(t)
	target.Identities = desk.Identities(nil, t.Account+"@"+t.Address)
	return target
}
