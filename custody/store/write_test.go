package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func TestEmpty(t *testing.T) { onBoth(t, emptyOnBoth) }

func emptyOnBoth(t *testing.T, on engine) {
	s := emptyScribe(t, on)
	state, frontier, err := s.store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(state, custody.NewState()) || frontier.Size() != 0 {
		t.Errorf("%+v, %+v", state, frontier)
	}
	size, root, err := s.store.Head(t.Context())
	if err != nil || size != 0 {
		t.Errorf("%d, %v", size, err)
	}
	if want, _ := frontier.Root(); root != want {
		t.Errorf("the root of the empty tree is %v, want %v", root, want)
	}
	if err := s.store.Diff(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWriteLeavesNoTrace: whatever ends a transaction before its commit, none
// of it is there afterwards, and the store goes on.
func TestWriteLeavesNoTrace(t *testing.T) { onBoth(t, writeLeavesNoTraceOnBoth) }

func writeLeavesNoTraceOnBoth(t *testing.T, on engine) {
	mistake := errors.New("mistake")
	for name, c := range map[string]struct {
		write func(s *scribe, d *draft, tx desk.Tx, cancel func()) error
		check func(error) bool
	}{
		"its own error": {
			func(_ *scribe, d *draft, tx desk.Tx, _ func()) error { return errors.Join(d.write(tx), mistake) },
			func(err error) bool { return errors.Is(err, mistake) && !errors.Is(err, desk.ErrStoreUnavailable) },
		},
		"panic": {
			func(_ *scribe, d *draft, tx desk.Tx, _ func()) error {
				if err := d.write(tx); err != nil {
					return err
				}
				panic(mistake)
			},
			func(err error) bool { return err == mistake },
		},
		"cancelled": {
			func(_ *scribe, d *draft, tx desk.Tx, cancel func()) error {
				err := d.write(tx)
				cancel()
				return err
			},
			func(err error) bool {
				return errors.Is(err, desk.ErrStoreUnavailable) && errors.Is(err, context.Canceled)
			},
		},
		"an index left out": {
			func(_ *scribe, d *draft, tx desk.Tx, _ func()) error {
				return errors.Join(tx.Append(d.entries[1:], d.nodes, d.root, d.mark()), tx.Save(d.state))
			},
			func(err error) bool { return err != nil },
		},
		"nodes left out": {
			func(_ *scribe, d *draft, tx desk.Tx, _ func()) error {
				return tx.Append(d.entries, d.nodes[1:], d.root, d.mark())
			},
			func(err error) bool { return err != nil },
		},
		"nodes out of order": {
			func(_ *scribe, d *draft, tx desk.Tx, _ func()) error {
				d.nodes = slices.Clone(d.nodes)
				slices.Reverse(d.nodes)
				defer slices.Reverse(d.nodes)
				return tx.Append(d.entries, d.nodes, d.root, d.mark())
			},
			func(err error) bool { return errors.Is(err, desk.ErrStoreUnavailable) },
		},
		"entries without tables": {
			func(_ *scribe, d *draft, tx desk.Tx, _ func()) error {
				return tx.Append(d.entries, d.nodes, d.root, d.mark())
			},
			func(err error) bool { return err != nil },
		},
		"tables without entries": {
			func(_ *scribe, d *draft, tx desk.Tx, _ func()) error { return tx.Save(d.state) },
			func(err error) bool { return err != nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newOffice(t, on)
			before := dump(t, s.store)
			d := s.draft()
			if err := s.decide(d, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}}, step{"tech-c", custody.GoAway{}}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := func() (err error) {
				defer func() {
					if p := recover(); p != nil {
						err = p.(error)
					}
				}()
				return s.store.Write(ctx, func(tx desk.Tx) error {
					if err := tx.Remember("tech-a", "key", desk.Remembered{At: epoch}); err != nil {
						return err
					}
					return c.write(s, d, tx, cancel)
				})
			}()
			if !c.check(err) {
				t.Errorf("got %v", err)
			}
			if after := dump(t, s.store); after != before {
				t.Errorf("it left\n%s\nof\n%s", after, before)
			}
			if err := s.commit(t.Context(), d); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if err := s.store.Diff(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWriteCancelledBefore(t *testing.T) { onBoth(t, writeCancelledBeforeOnBoth) }

func writeCancelledBeforeOnBoth(t *testing.T, on engine) {
	s := newScribe(t, on)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.store.Write(ctx, func(desk.Tx) error { t.Error("called"); return nil })
	if !errors.Is(err, desk.ErrStoreUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestTwoHandles: another process sees what the first appended, as records to
// catch up with, and goes on from there.
func TestTwoHandles(t *testing.T) { onBoth(t, twoHandlesOnBoth) }

func twoHandlesOnBoth(t *testing.T, on engine) {
	a := newOffice(t, on)
	b := a.open(t)
	err := b.Write(t.Context(), func(tx desk.Tx) error {
		size, root := tx.Head()
		if size != int64(len(a.records)) || size > 0 && root == [32]byte{} {
			return fmt.Errorf("size %d of %d", size, len(a.records))
		}
		for from := range size + 1 {
			records, err := tx.Records(from, size)
			if err != nil {
				return err
			}
			if want := a.records[from:]; len(records) != len(want) || len(want) > 0 && !reflect.DeepEqual(records, want) {
				return fmt.Errorf("from %d: other records than were written", from)
			}
		}
		for _, wrong := range [][2]int64{{-1, 1}, {2, 1}, {0, size + 1}} {
			if _, err := tx.Records(wrong[0], wrong[1]); err == nil {
				return fmt.Errorf("records %v", wrong)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a.store, b = b, a.store
	a.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 2")}})
	size, root, err := b.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := a.frontier.Root(); size != a.state.Size || root != want {
		t.Errorf("the first handle sees size %d, root %v", size, root)
	}
}

func TestIdempotencyKeys(t *testing.T) { onBoth(t, idempotencyKeysOnBoth) }

func idempotencyKeysOnBoth(t *testing.T, on engine) {
	s := newScribe(t, on)
	kept := desk.Remembered{Digest: [32]byte{1, 2, 3}, First: 7, Count: 2, At: epoch.Add(123 * time.Millisecond)}
	nothing := desk.Remembered{Digest: [32]byte{4}, At: epoch.Add(24 * time.Hour)}
	recall := func(tx desk.Tx, actor, key string, want desk.Remembered, there bool) {
		t.Helper()
		if got, found, err := tx.Recall(actor, key); err != nil || found != there || got != want {
			t.Errorf("%s %s: %+v, %v, %v", actor, key, got, found, err)
		}
	}
	err := s.store.Write(t.Context(), func(tx desk.Tx) error {
		recall(tx, "tech-a", "k1", desk.Remembered{}, false)
		err := errors.Join(tx.Remember("tech-a", "k1", kept), tx.Remember("tech-a", "k2", nothing))
		recall(tx, "tech-a", "k1", kept, true) // in the same batch already
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	look := func(kept1 desk.Remembered, there bool) {
		t.Helper()
		if err := s.open(t).Write(t.Context(), func(tx desk.Tx) error {
			recall(tx, "tech-a", "k1", kept1, there)
			recall(tx, "tech-a", "k2", nothing, true)
			recall(tx, "tech-b", "k1", desk.Remembered{}, false) // keys are each actor's own
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	look(kept, true)
	if err := s.store.Sweep(t.Context(), epoch.Add(25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	look(desk.Remembered{}, false)
}

// TestKill: after kill -9 in the midst of commits, all that was acknowledged is
// there, and nothing by halves.
func TestKill(t *testing.T) {
	if path := os.Getenv("TANDEM_STORE_VICTIM"); path != "" {
		victim(path)
		return
	}
	onBoth(t, kill)
}

func kill(t *testing.T, on engine) {
	s := newOffice(t, on)
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	var acknowledged int64
	for range 5 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "TANDEM_STORE_VICTIM="+s.path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 20 {
			if !lines.Scan() {
				break
			}
			acknowledged, _ = strconv.ParseInt(lines.Text(), 10, 64)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it said before it died
			if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
				acknowledged = n
			}
		}
		_ = cmd.Wait() // says that it was killed

		again := s.open(t)
		if err := verify(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		state, _, err := again.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if acknowledged == 0 || state.Size < acknowledged {
			t.Fatalf("%d entries were acknowledged, and %d are there", acknowledged, state.Size)
		}
	}
}

// victim writes until it is killed, and says the ledger's size after each commit.
func victim(path string) {
	ctx := context.Background()
	db, err := Open(ctx, path, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	state, frontier, err := db.Load(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s := &scribe{store: db, state: state, frontier: frontier, now: state.Time}
	for {
		d := s.draft()
		for range 10 {
			if err := s.decide(d, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 3")}}); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		if err := s.commit(ctx, d); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = io.WriteString(os.Stdout, strconv.FormatInt(s.state.Size, 10)+"\n")
	}
}
