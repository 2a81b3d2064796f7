package store

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// BenchmarkWrite is what the store takes for one command: check-outs by 64
// people of 64 credentials, in batches as the desk makes them. The deciding and
// encoding is done before. Compare with BenchmarkBareInsert of the same run.
func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := crowd(b)
			var spent, cpu time.Duration
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				d := s.draft()
				for i := range size {
					k := (n*size + i) % crowdSize
					if err := s.decide(d, step{holder(k), custody.CheckOut{Credential: server(k), Purpose: "ticket 4711: the queue is stuck"}}); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				start, used := time.Now(), processTime()
				if err := s.store.Write(b.Context(), d.write); err != nil {
					b.Fatal(err)
				}
				spent += time.Since(start)
				cpu += processTime() - used
				b.StopTimer()
				s.state.Merge(d.state)
				s.frontier = d.frontier
				b.StartTimer()
			}
			commands := float64(b.N * size)
			b.ReportMetric(commands/spent.Seconds(), "commands/s")
			b.ReportMetric(float64(cpu.Microseconds())/commands, "cpu-µs/command")
		})
	}
}

// BenchmarkBareInsert is the yardstick: one row of an entry's size in a
// transaction of its own, with the same connection.
func BenchmarkBareInsert(b *testing.B) {
	s := newScribe(b)
	db := s.store.writer
	if err := db.Exec("CREATE TABLE bare (id INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT").Error; err != nil {
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
		if _, err := tx.Exec("INSERT INTO bare (record) VALUES (?)", record); err != nil {
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
func crowd(t testing.TB) *scribe {
	t.Helper()
	s := newScribe(t)
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
