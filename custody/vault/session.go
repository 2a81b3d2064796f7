package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hashicorp/vault/api"
)

const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = 30 * time.Second // between two tries to log in, give or take half
	minSession = time.Second      // log-ins do not follow each other faster
	fileCheck  = 2 * time.Second  // between two looks at a token file
)

// session keeps a store logged in. Its state is replaced as a whole, so that a
// call works with one token from its start to its end.
type session struct {
	config    Config
	transport http.RoundTripper
	method    method
	log       *slog.Logger

	state atomic.Pointer[state]
	stop  context.CancelFunc
	done  chan struct{} // closed when the goroutine has ended
}

// state is logged in, or not and why.
type state struct {
	in    *loggedIn
	cause error
	next  chan struct{} // closed when another state has taken the place of this one
}

// loggedIn is Vault, for as long as one token is good. Neither client has a
// timeout of its own.
type loggedIn struct {
	read  *api.Client // tries again when Vault stumbles
	write *api.Client // never does
}

func (s *session) set(next *state) {
	next.next = make(chan struct{})
	if old := s.state.Swap(next); old != nil {
		close(old.next)
	}
}

// start begins to log in and returns after the first try, successful or not, or
// when ctx ends.
func (s *session) start(ctx context.Context) error {
	running, stop := context.WithCancel(context.Background())
	s.stop, s.done = stop, make(chan struct{})
	first := &state{cause: errors.New("vault: not logged in yet")}
	s.set(first)
	go s.run(running)
	select {
	case <-first.next:
		return nil
	case <-ctx.Done():
		s.close()
		return ctx.Err()
	}
}

func (s *session) close() {
	s.stop()
	<-s.done
}

// run logs in again and again until ctx ends.
func (s *session) run(ctx context.Context) {
	defer close(s.done)
	retry := backoff.NewExponentialBackOff() // with jitter, so that not all come back at once
	retry.InitialInterval, retry.MaxInterval = firstRetry, lastRetry
	for {
		pause := time.NewTimer(minSession)
		auth, err := backoff.Retry(ctx, func() (*api.SecretAuth, error) { return s.login(ctx) },
			backoff.WithBackOff(retry), backoff.WithMaxElapsedTime(0))
		if err == nil {
			s.hold(ctx, auth)
		}
		select {
		case <-ctx.Done():
			pause.Stop()
			s.set(&state{cause: errors.New("vault: the store is closed")})
			return
		case <-pause.C:
		}
	}
}

// login tries once. A failure leaves the state alone while the old token may
// still be good.
func (s *session) login(ctx context.Context) (_ *api.SecretAuth, err error) {
	defer func() {
		if err == nil || ctx.Err() != nil {
			return
		}
		s.log.Error("log-in to Vault failed", "error", err, "alarm", errors.Is(err, ErrWrappingToken))
		if s.state.Load().in == nil {
			s.set(&state{cause: fmt.Errorf("log-in to Vault: %w", err)})
		}
	}()
	client, err := s.config.client(s.transport, "", 0, s.config.timeout())
	if err != nil {
		return nil, err
	}
	answer, err := s.method.login(ctx, client)
	if err != nil {
		return nil, err
	}
	if answer == nil || answer.Auth == nil || answer.Auth.ClientToken == "" {
		return nil, errors.New("Vault gave no token")
	}
	in := &loggedIn{}
	if in.read, err = s.config.client(s.transport, answer.Auth.ClientToken, readRetries, 0); err != nil {
		return nil, err
	}
	if in.write, err = s.config.client(s.transport, answer.Auth.ClientToken, 0, 0); err != nil {
		return nil, err
	}
	s.set(&state{in: in})
	s.log.Info("logged in to Vault", "token_ttl", time.Duration(answer.Auth.LeaseDuration)*time.Second)
	return answer.Auth, nil
}

// hold renews the token until that comes to an end, the token was refused, a
// new one is in the token file, or ctx ends.
func (s *session) hold(ctx context.Context, auth *api.SecretAuth) {
	now := s.state.Load()
	var ended <-chan error
	if auth.LeaseDuration > 0 {
		client, err := s.config.client(s.transport, auth.ClientToken, 0, s.config.timeout())
		if err != nil {
			return
		}
		watcher, err := client.NewLifetimeWatcher(&api.LifetimeWatcherInput{Secret: &api.Secret{Auth: auth}})
		if err != nil {
			return
		}
		go watcher.Start()
		ended = watcher.DoneCh()
		defer func() { // Start gives its result once, into a buffer: here, or above
			watcher.Stop()
			if ended != nil {
				<-ended
			}
		}()
	}
	check := time.NewTicker(fileCheck)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-now.next: // a call found the token refused
			return
		case <-check.C:
			if s.method.outdated() {
				return
			}
		case err := <-ended:
			ended = nil
			// Also without an error: the watcher ends well before the token
			// does, at a moment chosen by chance, so that the next one is there
			// in time and not all clients ask for theirs at once.
			if err != nil {
				s.log.Warn("renewal of Vault's token ended", "error", explain(ctx, err))
			}
			if s.method.renewsItself() {
				return
			}
			s.log.Warn("Vault's token comes to its end and the token file has no other")
		}
	}
}

// now gives Vault as it is logged in at this instant.
func (s *session) now() (*state, error) {
	if st := s.state.Load(); st.in != nil {
		return st, nil
	} else {
		return nil, unavailable(st.cause)
	}
}

// do makes a call. When the token is refused, it waits for one new log-in and
// makes the call once more: a refused call has changed nothing.
func (s *session) do(ctx context.Context, call func(context.Context, *loggedIn) error) error {
	st, err := s.now()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, s.config.timeout())
	defer cancel()
	err = explain(ctx, call(limited, st.in))
	if status(err) != http.StatusForbidden {
		return err
	}
	again, failed := s.after(ctx, st)
	if failed != nil {
		return failed
	}
	if again == nil {
		return err // the token is good: it is the policy that refuses
	}
	limited, cancel = context.WithTimeout(ctx, s.config.timeout())
	defer cancel()
	return explain(ctx, call(limited, again.in))
}

// after gives the state that follows one in which a call was refused, nil when
// its token is good.
func (s *session) after(ctx context.Context, refused *state) (*state, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.timeout())
	defer cancel()
	if s.state.Load() == refused {
		_, err := get(ctx, refused.in.read, "auth/token/lookup-self", nil)
		switch err = explain(ctx, err); {
		case err == nil:
			return nil, nil
		case status(err) != http.StatusForbidden:
			return nil, unavailable(err)
		}
		waiting := &state{cause: errors.New("Vault refuses the token"), next: make(chan struct{})}
		if s.state.CompareAndSwap(refused, waiting) {
			close(refused.next)
			s.log.Warn("Vault refuses the token: logging in again")
		}
	}
	if st := s.state.Load(); st.in == nil {
		select {
		case <-st.next:
		case <-ctx.Done():
			return nil, unavailable(st.cause)
		}
	}
	return s.now()
}
