//go:build bench

package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/totp"
)

// measureStartUp compares an office whose ledger has a million entries with the
// same office on its first day.
func measureStartUp(t *testing.T, binary string) table {
	long, short := copied(t, longLedger(t)), ledger(t, 0)
	return append(measureLongLedger(t, long, short), measureServe(t, binary, long, short)...)
}

// measureLongLedger compares check-outs in both, by the desk alone: whatever
// else a check-out costs would hide a difference.
func measureLongLedger(t *testing.T, long, short string) []row {
	there, here := reopen(t, long), reopen(t, short)
	defer there.close()
	defer here.close()
	size, err := there.store.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var blocks [2][]block
	// Three codes of a person are good at any moment: that of the step before,
	// of this one, and of the next.
	for step := -1; step <= 1; step++ {
		at := time.Now().Add(time.Duration(step*routinePeriod) * time.Second)
		for i := range routinePairs / 2 {
			for side, o := range []*office{there, here} {
				b, err := callers(1, 1, func(int) error { return o.checkOut(t.Context(), o.pairs[i], at) })
				if err != nil {
					t.Fatal(err)
				}
				blocks[side] = append(blocks[side], b)
			}
		}
	}
	ours, peer, ratio := compared{blocks[0], blocks[1]}.latency()
	return []row{{
		what: fmt.Sprintf("a check-out by the desk, ledger of %d entries : empty ledger", size),
		ours: milliseconds(ours), peer: milliseconds(peer), ratio: times(ratio), goal: atMost(ratio, 1.2, "%.1fx"),
	}}
}

func (o *office) checkOut(ctx context.Context, p *pair, at time.Time) error {
	code, err := p.A.code(totp.Step(o.period, at))
	if err != nil {
		return err
	}
	got, err := o.desk.CheckOut(ctx, desk.By{Actor: p.A.Name, Request: rand.Text(), Code: code}, custody.CheckOut{Credential: p.Server, Purpose: desk.NewNote("ticket 4711: the queue is stuck")})
	if err == nil && got.Password.IsZero() {
		err = fmt.Errorf("%s: a check-out without a password", p.Server)
	}
	return err
}

// measureServe starts the real program on both, again and again, and then has it
// work.
func measureServe(t *testing.T, binary, long, short string) []row {
	office := reopen(t, long)
	var tokens []string
	for _, p := range office.pairs {
		token, err := office.login(t.Context(), p.A)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	if err := office.close(); err != nil {
		t.Fatal(err)
	}
	start := func(dir string) func() (block, error) {
		return func() (block, error) {
			s := serve(t, binary, dir, embeddedSecrets(dir))
			defer s.stop(t)
			return block{p50: s.started}, nil
		}
	}
	startCold := func() (block, error) {
		if err := forget(databaseIn(long)); err != nil {
			return block{}, err
		}
		return start(long)()
	}
	blocks := inTurns(t, 7, start(long), start(short), startCold)
	ours, peer, ratio := compared{blocks[0], blocks[1]}.latency()
	cold, _, coldRatio := compared{blocks[2], blocks[1]}.latency()

	s := serve(t, binary, long, embeddedSecrets(long))
	idle := s.resident(t)
	clients := each(tokens, func(token string) *client.Client { return s.as(t, token) })
	half := len(clients) / 2 // the other half have used their codes
	if _, err := callers(8, half, func(i int) error {
		return s.checkOut(t.Context(), clients[half+i], office, office.pairs[half+i])
	}); err != nil {
		t.Fatal(err)
	}
	return []row{
		{
			what: "start of `tandem serve` until ready, the same ledgers",
			ours: milliseconds(ours), peer: milliseconds(peer), ratio: times(ratio), goal: atMost(ours, time.Second, "%v"),
		},
		{
			what: "start with nothing of the long ledger's file in the page cache",
			ours: milliseconds(cold), peer: milliseconds(peer), ratio: times(coldRatio), goal: atMost(cold, time.Second, "%v"),
		},
		memory("resident memory of it, idle", idle),
		memory(fmt.Sprintf("resident memory of it, after %d check-outs", half), s.resident(t)),
	}
}

// forget has the system drop what it has of a file in memory, as after a reboot.
func forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil { // what is not on the disk yet stays
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

func memory(what string, bytes int64) row {
	megabytes := float64(bytes) / 1e6
	return row{what: what, ours: fmt.Sprintf("%.0f MB", megabytes), goal: atMost(megabytes, 100, "%.0f MB")}
}
