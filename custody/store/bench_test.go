package store

import (
	"context"
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// BenchmarkWrite is what the store takes for one command: check-outs by 64
// people of 64 credentials, in batches as the desk makes them. The deciding and
// encoding is done before. Compare with BenchmarkBareInsert of the same run.
func BenchmarkWrite(b *testing.B) {
	for _, on := range []engine{onSQLite, onPostgres} {
		for _, size := range []int{1, 8, 64, 256} {
			b.Run(fmt.Sprintf("%s/batch=%d", on.name, size), func(b *testing.B) { crowd(b, on).benchWrite(b, size) })
		}
	}
}

func (s *scribe) benchWrite(b *testing.B, size int) {
	var spent, cpu time.Duration
	for b.Loop() {
		b.StopTimer()
		d := s.checkOuts(b, size)
		b.StartTimer()
		start, used := time.Now(), processTime()
		if err := s.store.Write(b.Context(), d.write); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(start)
		cpu += processTime() - used
		s.state.Merge(d.state)
		s.frontier = d.frontier
	}
	commands := float64(b.N * size)
	b.ReportMetric(commands/spent.Seconds(), "commands/s")
	b.ReportMetric(float64(cpu.Microseconds())/commands, "cpu-µs/command")
}

// checkOuts decides the next check-outs, everybody's in turn.
func (s *scribe) checkOuts(t testing.TB, n int) *draft {
	t.Helper()
	d := s.draft()
	for range n {
		k := s.requests % crowdSize
		if err := s.decide(d, step{holder(k), custody.CheckOut{Credential: server(k), Purpose: desk.NewNote("ticket 4711: the queue is stuck")}}); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// BenchmarkBareInsert is the yardstick: one row of an entry's size in a
// transaction of its own, with the same connection.
func BenchmarkBareInsert(b *testing.B) {
	for _, on := range []engine{onSQLite, onPostgres} {
		b.Run(on.name, func(b *testing.B) { newScribe(b, on).bareInserts(b) })
	}
}

func (s *scribe) bareInserts(b *testing.B) {
	db := s.store.writer
	if err := db.Exec(s.on.bare).Error; err != nil {
		b.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		b.Fatal(err)
	}
	record := make([]byte, 400)
	used := processTime()
	for b.Loop() {
		tx, err := pool.Begin()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := tx.Exec("INSERT INTO bare (record) VALUES ($1)", record); err != nil {
			b.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
	b.ReportMetric(float64((processTime()-used).Microseconds())/float64(b.N), "cpu-µs/command")
}

const crowdSize = 64

func holder(k int) string { return fmt.Sprintf("holder-%02d", k) }
func server(k int) string { return fmt.Sprintf("server-%02d", k) }

// crowd is an office in which everybody holds one credential.
func crowd(t testing.TB, on ...engine) *scribe {
	t.Helper()
	s := newScribe(t, on...)
	s.hire(t, custody.Technician, "deputy")
	for k := range crowdSize {
		s.hire(t, custody.Technician, holder(k))
		s.onboard(t, server(k), holder(k), "deputy")
	}
	return s
}

func processTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkLong is what a ledger of a million entries costs at the start, in a
// transaction, in a query and in a verification (-short: of 50,000).
func BenchmarkLong(b *testing.B) {
	size := 1_000_000
	if testing.Short() {
		size = 50_000
	}
	s := crowd(b)
	for s.state.Size < int64(size) {
		d := s.checkOuts(b, 512)
		if err := s.store.Write(b.Context(), d.write); err != nil {
			b.Fatal(err)
		}
		s.state.Merge(d.state)
		s.frontier = d.frontier
	}
	b.Run("open and load", func(b *testing.B) {
		for b.Loop() {
			again, err := Open(b.Context(), s.path, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := again.Load(b.Context()); err != nil {
				b.Fatal(err)
			}
			if err := again.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, size := range []int{1, 64} {
		b.Run(fmt.Sprintf("write/batch=%d", size), func(b *testing.B) { s.benchWrite(b, size) })
	}
	b.Run("page of a credential", func(b *testing.B) {
		for b.Loop() {
			page, err := s.store.Entries(b.Context(), desk.EntryQuery{Credential: server(7), From: s.state.Size / 2, Limit: 50})
			if err != nil || len(page) != 50 {
				b.Fatalf("%d entries, %v", len(page), err)
			}
		}
	})
	b.Run("compare", func(b *testing.B) {
		for b.Loop() {
			if err := s.store.Diff(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(s.state.Size)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if err := verify(b.Context(), s.store); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(s.state.Size)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("rebuild", func(b *testing.B) {
		for b.Loop() {
			if err := s.store.Rebuild(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// verify is what "tandem ledger verify" does with a database.
func verify(ctx context.Context, s *Store) error {
	_, err := s.Verify(ctx, audit.VerifyOptions{})
	return err
}
