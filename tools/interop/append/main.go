// Command append has callers add entries to a Tessera log on disk, each waiting
// for its index before it adds the next, and prints how that went as one JSON
// object. It is the peer of Tandem's append in `make bench`.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// result is what the program prints.
type result struct {
	PerSecond float64       `json:"per_second"`
	CPU       time.Duration `json:"cpu"` // of this process, for each entry, nanoseconds
}

func main() {
	folder := flag.String("folder", "", "empty folder for the log")
	entries := flag.Int64("entries", 10_000, "how many to add")
	size := flag.Int("size", 400, "bytes of an entry")
	callers := flag.Int("callers", 64, "how many add at once")
	batch := flag.Uint("batch", 64, "Tessera's greatest batch")
	age := flag.Duration("age", 5*time.Millisecond, "how long Tessera lets a batch wait")
	flag.Parse()
	got, err := run(context.Background(), *folder, *entries, *size, *callers, *batch, *age)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(got)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder string, entries int64, size, callers int, batch uint, age time.Duration) (result, error) {
	skey, _, err := note.GenerateKey(nil, "tessera.example/log")
	if err != nil {
		return result{}, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return result{}, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: folder})
	if err != nil {
		return result{}, err
	}
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).WithBatching(batch, age))
	if err != nil {
		return result{}, err
	}
	start, used := time.Now(), processorTime()
	var next atomic.Int64
	var failed error
	var once sync.Once
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			for next.Add(1) <= entries {
				entry := make([]byte, size)
				_, _ = rand.Read(entry)
				if _, err := appender.Add(ctx, tessera.NewEntry(entry))(); err != nil {
					once.Do(func() { failed = err })
					return
				}
			}
		})
	}
	running.Wait()
	took := time.Since(start)
	got := result{PerSecond: float64(entries) / took.Seconds(), CPU: (processorTime() - used) / time.Duration(entries)}
	if failed != nil {
		return got, failed
	}
	return got, shutdown(ctx)
}

// processorTime is what this process has used so far, by itself and in the kernel.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
