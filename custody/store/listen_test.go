package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestACommitIsHeardOfByWhoListens, once it is one, and what was not committed is not.
func TestACommitIsHeardOfByWhoListens(t *testing.T) {
	s := newOffice(t, onPostgres)
	heard := make(chan struct{}, 10)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.store.Listen(ctx, func() { heard <- struct{}{} }) }()
	within := func(what string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; {
			if err := s.store.change(t.Context(), s.store.announce); err != nil {
				t.Fatal(err)
			}
			select {
			case <-heard:
				return
			case <-time.After(100 * time.Millisecond): // it may not have begun to listen
			}
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain for %s", what)
			}
		}
	}
	within("a commit to be heard of")
	for len(heard) > 0 {
		<-heard
	}
	s.hire(t, custody.Technician, "tech-z")
	select {
	case <-heard:
	case <-time.After(time.Minute):
		t.Fatal("waited in vain for an entry to be heard of")
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// TestAServerSaysWhatTimeItIs, and a file has no clock.
func TestAServerSaysWhatTimeItIs(t *testing.T) {
	s := newOffice(t, onPostgres)
	before := time.Now().Add(-time.Minute)
	at, its, err := s.store.Time(t.Context())
	if err != nil || !its || at.Before(before) || at.After(time.Now().Add(time.Minute)) {
		t.Errorf("%s, %t, %v", at, its, err)
	}
	file := newOffice(t, onSQLite)
	if _, its, err := file.store.Time(t.Context()); its || err != nil {
		t.Errorf("a file's: %t, %v", its, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := file.store.Listen(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a file is listened to: %v", err)
	}
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.store.Time(t.Context()); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("one that is away: %v", err)
	}
}
