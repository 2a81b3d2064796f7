package store

import (
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/desk"
)

// everything is an office that has a row in every table that is copied as it stands.
func everything(t *testing.T) *scribe {
	t.Helper()
	s := newOffice(t)
	ctx := t.Context()
	for _, err := range []error{
		s.store.SeeDevice(ctx, "tech-a", [32]byte{1}, epoch, "mark"),
		s.store.UseSession(ctx, strings.Repeat("a", 64), epoch, "mark"),
		s.store.SetPreference(ctx, "tech-a", desk.Preference{Language: "zh", Zone: "Asia/Shanghai"}, "mark"),
		s.store.BeginArrival(ctx, "request", epoch),
		s.store.Bind(ctx, desk.Binding{}, desk.Binding{Sentinel: "sentinel", Origin: "origin", LedgerKey: []byte("key"), Bound: true}),
		s.store.Write(ctx, func(tx desk.Tx) error {
			return tx.Remember("tech-a", "key", desk.Remembered{At: epoch, Mark: "mark", Digest: [32]byte{7}})
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.store.UpdateThrottle(ctx, "throttle", func(desk.Throttle) desk.Throttle { return desk.Throttle{Failures: 3, Touched: epoch} }); err != nil {
		t.Fatal(err)
	}
	at, _, err := s.store.Take(ctx, "mail", "here", epoch, epoch.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Advance(ctx, "mail", at.Epoch, 2, epoch); err != nil {
		t.Fatal(err)
	}
	return s
}

func receiver(t *testing.T) (to *Store, at string) {
	t.Helper()
	at = onPostgres.fresh(t)
	to, err := OpenToReceive(t.Context(), at, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = to.Close() })
	return to, at
}

// TestAnOfficeMovesToAServer with all that it has, and the file that it was in refuses to go
// on: whoever has it open, and whoever opens it.
func TestAnOfficeMovesToAServer(t *testing.T) {
	s := everything(t)
	to, at := receiver(t)
	before, root, err := s.store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	moved, err := s.store.MoveTo(t.Context(), to, "the server")
	if err != nil {
		t.Fatal(err)
	}
	if moved.Size != before || moved.Root != root {
		t.Errorf("moved %d entries of %d", moved.Size, before)
	}
	for _, m := range moves {
		if m.table != "cosignatures" && m.table != "cosigned_checkpoints" && moved.Rows[m.table] == 0 {
			t.Errorf("nothing of %s was moved", m.table)
		}
	}
	if err := s.store.Ready(t.Context()); !errors.Is(err, desk.ErrStoreUnavailable) || !strings.Contains(err.Error(), "is in force") {
		t.Errorf("ready: %v", err)
	}
	if err := s.store.change(t.Context(), rebuild); err == nil || !strings.Contains(err.Error(), "is in force") {
		t.Errorf("its head moves: %v", err)
	}
	if _, err := Open(t.Context(), s.path, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrMoved) || !strings.Contains(err.Error(), "the server") {
		t.Errorf("opened again: %v", err)
	}
	old, err := OpenReadOnly(t.Context(), s.path, slog.New(slog.DiscardHandler)) // as evidence it stays
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if _, err := old.Verify(t.Context(), audit.VerifyOptions{}); err != nil {
		t.Errorf("the old one: %v", err)
	}
	now, err := Open(t.Context(), at, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	if err := now.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	for what, ask := range map[string]func(s *Store) (any, error){
		"binding": func(s *Store) (any, error) { return s.Binding(t.Context()) },
		"people":  func(s *Store) (any, error) { return s.People(t.Context()) },
		"devices": func(s *Store) (any, error) { return s.Devices(t.Context(), [32]byte{1}) },
		"use":     func(s *Store) (any, error) { return s.SessionUse(t.Context(), strings.Repeat("a", 64)) },
		"preference": func(s *Store) (any, error) {
			p, mark, err := s.Preference(t.Context(), "tech-a")
			return []any{p, mark}, err
		},
		"throttle": func(s *Store) (any, error) {
			if s == old { // which cannot be written to
				return desk.Throttle{Failures: 3, Touched: epoch}, nil
			}
			return s.UpdateThrottle(t.Context(), "throttle", func(t desk.Throttle) desk.Throttle { return t })
		},
		"arrivals": func(s *Store) (any, error) { return s.Arrivals(t.Context()) },
		"place":    func(s *Store) (any, error) { return s.Place(t.Context(), "mail") },
	} {
		a, errA := ask(old)
		b, errB := ask(now)
		if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %+v, %v became %+v, %v", what, a, errA, b, errB)
		}
	}
	err = now.Write(t.Context(), func(tx desk.Tx) error {
		if r, found, err := tx.Recall("tech-a", "key"); !found || err != nil || r.Digest != [32]byte{7} {
			t.Errorf("an idempotency key: %+v, %v", r, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, held, err := now.Take(t.Context(), "mail", "there", epoch, epoch.Add(time.Minute)); !held || err != nil {
		t.Errorf("a follower's lease came along: %v", err)
	}
	if _, err := s.store.MoveTo(t.Context(), to, "the server"); err != nil { // there it is already
		t.Errorf("again: %v", err)
	}
	if _, err := s.store.MoveTo(t.Context(), to, "another"); !errors.Is(err, ErrMoved) {
		t.Errorf("somewhere else: %v", err)
	}
	empty, _ := receiver(t)
	if _, err := s.store.MoveTo(t.Context(), empty, "the server"); !errors.Is(err, ErrMoved) {
		t.Errorf("to an empty one that is called the same: %v", err)
	}
}

// TestAMoveThatWasCutShortIsDoneAgain: until then neither refuses nor goes on alone: the old
// one is in force, and the new one opens for nobody.
func TestAMoveThatWasCutShortIsDoneAgain(t *testing.T) {
	s := everything(t)
	to, at := receiver(t)
	cut := errors.New("cut short")
	err := s.store.change(t.Context(), func(db *gorm.DB) error {
		head, err := readHead(db)
		if err == nil {
			err = to.receive(t.Context(), db, head)
		}
		return errors.Join(err, cut)
	})
	if !errors.Is(err, cut) {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), at, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrMoved) || !strings.Contains(err.Error(), "run tandem database copy again") {
		t.Errorf("what is incomplete opens: %v", err)
	}
	if err := s.store.Ready(t.Context()); err != nil {
		t.Errorf("the old one: %v", err)
	}
	if _, err := s.store.MoveTo(t.Context(), to, "the server"); err != nil {
		t.Fatal(err)
	}
	now, err := Open(t.Context(), at, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_ = now.Close()
}

// TestAMoveIsProved: whatever is not as it was there stops it, and the old one goes on.
func TestAMoveIsProved(t *testing.T) {
	for name, spoil := range map[string]string{
		"a row of a table":  `UPDATE credentials SET doc = replace(doc::text, '"holder":"tech-a"', '"holder":"tech-b"')::json`,
		"a seal":            `ALTER TABLE ledger_seals DISABLE TRIGGER USER; UPDATE ledger_seals SET mark = 'another' WHERE size = (SELECT max(size) FROM ledger_seals)`,
		"a preference less": `DELETE FROM preferences`,
		"a text less":       `DELETE FROM ledger_texts WHERE commitment = (SELECT min(commitment) FROM ledger_texts)`,
	} {
		t.Run(name, func(t *testing.T) {
			s := everything(t)
			to, _ := receiver(t)
			err := s.store.change(t.Context(), func(db *gorm.DB) error {
				head, err := readHead(db)
				if err != nil {
					return err
				}
				return to.receive(t.Context(), db, head)
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := to.writer.Exec(spoil).Error; err != nil {
				t.Fatal(err)
			}
			if _, err := s.store.MoveTo(t.Context(), to, "the server"); err == nil {
				t.Error("nobody noticed")
			}
			if err := s.store.Ready(t.Context()); err != nil {
				t.Errorf("the old one: %v", err)
			}
		})
	}
	t.Run("another ledger", func(t *testing.T) {
		s, other := everything(t), newOffice(t, onPostgres)
		if _, err := s.store.MoveTo(t.Context(), other.store, "the server"); err == nil {
			t.Error("it was taken for the same")
		}
	})
}
