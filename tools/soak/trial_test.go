package soak

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

// trial is what one place goes through, rotation by rotation.
type trial struct {
	*place
	spec
	tally

	t       *testing.T
	notes   *notes
	process *process // nil: none is running
	said    []string // what went wrong, in words
	rested  values   // when the last rotation had come to its end
	read    int64    // entries of the ledger that were looked at
	noted   int      // notes about log-ins that were
}

// tally is what went wrong, and what became of it.
type tally struct {
	kills, failures, timeouts int
	missed                    int // faults that the rotation never came to
	rotations                 int
	stranded                  int
	took                      time.Duration
}

// begin takes the account into custody.
func begin(t *testing.T, p *place) *trial {
	t.Helper()
	r := &trial{place: p, t: t}
	r.spec = spec{
		Name: p.name, Vault: p.vault, Target: p.target,
		Dir: filepath.Join(t.TempDir(), "tandem"), Notes: filepath.Join(t.TempDir(), "notes"),
	}
	if err := errors.Join(os.Mkdir(r.Dir, 0o700), os.Mkdir(r.Notes, 0o700)); err != nil {
		t.Fatal(err)
	}
	r.notes = &notes{r.Notes}
	t.Cleanup(func() {
		if r.process != nil {
			r.process.end()
		}
		if t.Failed() {
			t.Logf("end of Tandem's log:\n%s", r.logEnd())
		}
	})
	r.rested = values{Version: 1, Current: []string{p.password.Reveal()}}
	r.start()
	r.process.must(t, order{Do: "found", Password: p.password.Reveal(), Key: p.key.Reveal()})
	r.process.must(t, order{Do: "finish"})
	r.settled(fault{})
	return r
}

func (r *trial) start() {
	r.t.Helper()
	if r.process == nil {
		r.process = startProcess(r.t, r.spec, &r.said, func(value string) { r.set(custody.SecretString(value)) })
	}
}

// suffer goes through one rotation in which these faults happen one after the
// other: each after the first while it is recovering from the one before.
func (r *trial) suffer(faults ...fault) {
	r.t.Helper()
	began := time.Now()
	do := "rotate"
	for _, f := range append(slices.Clone(faults), fault{}) {
		a, err := r.process.do(order{Do: do, Fault: f})
		do = "finish"
		switch {
		case errors.Is(err, errKilled) && f.kills():
			r.kills++
			r.process = nil
			r.start()
			r.readable(f)
		case err != nil:
			r.t.Fatalf("%v: %v", f, err)
		default:
			r.count(f, a.Fired)
		}
	}
	r.settled(faults...)
	r.rotations++
	r.took += time.Since(began)
}

func (r *trial) count(f fault, fired bool) {
	switch {
	case f == fault{}:
	case !fired:
		r.missed++
	case f.Mode == hangAfter:
		r.timeouts++
	default:
		r.failures++
	}
}

// measure goes through a rotation in which nothing goes wrong, and gives how
// often it passes each point and how long it takes.
func (r *trial) measure() (calls map[string]int, took time.Duration) {
	r.t.Helper()
	a := r.process.must(r.t, order{Do: "rotate"})
	r.process.must(r.t, order{Do: "finish"})
	r.settled()
	if !r.key.IsZero() {
		a.Calls[reconciling] = 1 // in a rotation of another kind
	}
	return a.Calls, a.Took
}

// readable is the first oracle: right after the process died, and before anybody
// repairs anything, some value that can be read opens the account.
func (r *trial) readable(f fault) {
	r.t.Helper()
	v := r.process.must(r.t, order{Do: "values"}).Values
	known := slices.Concat(v.Staged, v.Current)
	slices.Reverse(known) // the newest current one first: most are killed early
	if v.Step == custody.StepApplied || v.Step == custody.StepVerified {
		slices.Reverse(known)
	}
	var err error
	for limit := time.Now().Add(r.patience()); ; time.Sleep(100 * time.Millisecond) {
		tried := known
		if r.made != nil {
			tried = append(slices.Clone(known), r.made().Reveal())
		}
		for _, value := range tried {
			if err = r.opens(custody.SecretString(value)); err == nil {
				return
			}
		}
		if time.Now().After(limit) {
			break
		}
	}
	r.stranded++
	r.t.Fatalf("STRANDED by %v: none of %d values opens the account (step %q): %v", f, len(known), v.Step, err)
}

// patience is for a server that is too busy to answer, which is no refusal. And
// where the system makes the values, the process may have died in the middle of
// that: Vault then ends by itself what it began, from its write-ahead log, ten
// seconds later.
func (r *trial) patience() time.Duration {
	if r.made != nil {
		return time.Minute
	}
	return 3 * time.Second
}

// settled are the second and the third oracle: the rotation is over, and all is
// as if nothing had happened.
func (r *trial) settled(faults ...fault) {
	r.t.Helper()
	before, now := r.rested, *r.process.must(r.t, order{Do: "values"}).Values
	switch {
	case now.Version != before.Version+1 || now.Stored != now.Version || now.Number != before.Number+1:
		r.t.Fatalf("%v: version %d (%d stored) of rotation %d came after version %d of rotation %d",
			faults, now.Version, now.Stored, now.Number, before.Version, before.Number)
	case len(now.Staged) > 0:
		r.t.Fatalf("%v: %d values are still staged", faults, len(now.Staged))
	case len(now.Current) < 2:
		r.t.Fatalf("%v: the password before is not kept", faults)
	}
	current := custody.SecretString(now.Current[len(now.Current)-1])
	former := custody.SecretString(now.Current[len(now.Current)-2])
	if before.Current[len(before.Current)-1] != former.Reveal() {
		r.t.Errorf("%v: another password than before is kept as the one before", faults)
	}
	if err := r.opens(current); err != nil {
		r.stranded++
		r.t.Fatalf("STRANDED by %v: the current password does not open the account: %v", faults, err)
	}
	if r.opens(former) == nil {
		r.t.Errorf("%v: the password before still opens the account", faults)
	}
	r.rested = now
	if err := r.ledgerHolds(current, former); err != nil {
		r.t.Errorf("%v: %v", faults, err)
	}
}

// ledgerHolds verifies the ledger, its tables, and what it says of the last rotation.
func (r *trial) ledgerHolds(current, former custody.Secret) error {
	ctx := r.t.Context()
	s, err := store.OpenReadOnly(ctx, r.database(), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := s.Verify(ctx, audit.VerifyOptions{}); err != nil {
		return err
	}
	entries, err := s.Entries(ctx, desk.EntryQuery{From: r.read, Credential: r.Name})
	if err != nil {
		return err
	}
	verified, promoted := 0, 0
	for _, stored := range entries {
		r.read = stored.Index + 1
		entry, err := audit.DecodeEntry(stored.Record)
		if err != nil {
			return err
		}
		event, err := custody.FromRecord(entry)
		if err != nil {
			return err
		}
		switch f := event.Fact.(type) {
		case custody.RotationVerified:
			verified++
			if f.Attested != r.unproved || f.OldRefused == r.unproved {
				return fmt.Errorf("the ledger says %+v", f)
			}
		case custody.RotationPromoted:
			promoted++
			if f.Version != r.rested.Version {
				return fmt.Errorf("the ledger says %+v of version %d", f, r.rested.Version)
			}
		}
	}
	if verified != 1 || promoted != 1 {
		return fmt.Errorf("the ledger says verified %d times, promoted %d times", verified, promoted)
	}
	return r.proved(current, former)
}

// proved looks into the notes of what really was tried: nothing was reported
// verified before a log-in, nor promoted before this very value was let in and
// the one before it refused.
func (r *trial) proved(current, former custody.Secret) error {
	all := read[note](r.t, r.notes, "log-ins")
	seen := map[note]bool{}
	for _, n := range all[r.noted:] {
		let, no := seen[note{letIn, digest(current)}], seen[note{refused, digest(former)}]
		switch {
		case r.unproved && (n.What == letIn || n.What == refused):
			return errors.New("somebody logged in where nobody can")
		case r.unproved:
		case n.What == reportsVerified && !(seen[note{What: letIn}] && seen[note{What: refused}]):
			return errors.New("reported as verified before a log-in")
		case n.What == reportsPromoted && !(let && no):
			return errors.New("reported as promoted before a log-in with this value")
		}
		seen[n], seen[note{What: n.What}] = true, true
	}
	if !seen[note{What: reportsVerified}] || !seen[note{What: reportsPromoted}] {
		return errors.New("there are no notes of what was reported")
	}
	r.noted = len(all)
	return nil
}

func (r *trial) logEnd() []byte {
	const shown = 6 << 10
	log, err := os.ReadFile(filepath.Join(r.Dir, "log"))
	if err != nil {
		return []byte(err.Error())
	}
	return log[max(0, len(log)-shown):]
}
