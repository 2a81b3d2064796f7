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
	ends  atomic.Int64      // when the token does, in seconds of Unix's time; 0: never, or there is none
	again chan chan<- error // somebody wants another log-in, and its outcome
	stop  context.CancelFunc
	done  chan struct{} // closed when the goroutine has ended
}

// state is logged in, or not and why.
type state struct {
	auth  *api.SecretAuth // nil: not logged in
	read  *api.Client     // tries again when Vault stumbles; no timeout of its own
	write *api.Client     // never tries again; no timeout of its own

	cause  error // of not being logged in
	trying bool  // the result of a log-in is about to follow

	next chan struct{} // closed when another state has taken the place of this one
}

func (s *session) set(st *state) {
	st.next = make(chan struct{})
	if old := s.state.Swap(st); old != nil {
		close(old.next)
	}
}

// start begins to log in and returns after the first try, successful or not, or
// when ctx ends.
func (s *session) start(ctx context.Context) error {
	running, stop := context.WithCancel(context.Background())
	s.stop, s.done = stop, make(chan struct{})
	first := &state{cause: errors.New("not logged in to Vault yet"), trying: true}
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
	defer s.set(&state{cause: errors.New("the secret store is closed")})
	retry := backoff.NewExponentialBackOff() // with jitter, so that not all come back at once
	retry.InitialInterval, retry.MaxInterval = firstRetry, lastRetry
	for ctx.Err() == nil {
		pause := time.After(minSession)
		st, err := backoff.Retry(ctx, func() (*state, error) { return s.login(ctx) },
			backoff.WithBackOff(retry), backoff.WithMaxElapsedTime(0))
		if err != nil {
			return // only the end of ctx ends the tries
		}
		for st != nil {
			st = s.hold(ctx, st)
		}
		select {
		case <-pause:
		case <-ctx.Done():
		}
	}
}

// login tries once. A failure leaves the state alone while the old token may
// still be good.
func (s *session) login(ctx context.Context) (*state, error) {
	st, err := s.loggedIn(ctx)
	switch {
	case err == nil:
		// Told first: who waits for the state finds in the log what led to it.
		s.log.Info("logged in to Vault", "token_ttl", ttl(st.auth).String())
		s.lasts(ttl(st.auth))
		s.set(st)
	case ctx.Err() == nil:
		s.log.Error("log-in to Vault failed", "error", err, "alarm", errors.Is(err, ErrWrappingToken))
		if s.state.Load().auth == nil {
			s.set(&state{cause: fmt.Errorf("log-in to Vault: %w", err)})
		}
	}
	return st, err
}

func (s *session) loggedIn(ctx context.Context) (*state, error) {
	client, err := s.config.client(s.transport, "", 0, s.config.timeout())
	if err != nil {
		return nil, err
	}
	answer, err := s.method.login(ctx, client)
	if err != nil {
		return nil, err
	}
	if answer == nil || answer.Auth == nil || answer.Auth.ClientToken == "" {
		return nil, errors.New("no token in Vault's answer")
	}
	st := &state{auth: answer.Auth}
	if st.read, err = s.config.client(s.transport, st.auth.ClientToken, readRetries, 0); err != nil {
		return nil, err
	}
	if st.write, err = s.config.client(s.transport, st.auth.ClientToken, 0, 0); err != nil {
		return nil, err
	}
	return st, nil
}

// hold renews the token until that comes to an end, the token was refused, a
// new one is in the token file, or ctx ends. When somebody asked for another log-in
// and it worked, it gives that.
func (s *session) hold(ctx context.Context, st *state) *state {
	var ended <-chan error
	var renewed <-chan *api.RenewOutput
	if ttl(st.auth) > 0 {
		client, err := s.config.client(s.transport, st.auth.ClientToken, 0, s.config.timeout())
		if err != nil {
			return nil
		}
		watcher, err := client.NewLifetimeWatcher(&api.LifetimeWatcherInput{Secret: &api.Secret{Auth: st.auth}})
		if err != nil {
			return nil
		}
		finished := make(chan struct{})
		go func() { defer close(finished); watcher.Start() }()
		defer func() { watcher.Stop(); <-finished }()
		ended, renewed = watcher.DoneCh(), watcher.RenewCh()
	}
	check := time.NewTicker(fileCheck)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-st.next: // a call found the token refused
			return nil
		case asked := <-s.again:
			next, err := s.login(ctx)
			asked <- err
			if err == nil {
				return next
			}
		case <-check.C:
			if s.method.outdated() {
				return nil
			}
		case now := <-renewed:
			if now.Secret != nil && now.Secret.Auth != nil {
				s.lasts(ttl(now.Secret.Auth))
			}
		case err := <-ended:
			// The watcher ends well before the token does, at a moment chosen
			// by chance: the next token is there in time, and not all clients
			// ask for theirs at once. At the maximum TTL err is nil.
			ended = nil
			if err != nil {
				s.log.Warn("renewal of Vault's token failed", "error", explain(ctx, err))
			}
			if s.method.endless() {
				return nil
			}
			s.log.Warn("Vault's token is about to end and the token file has no other")
		}
	}
}

// lasts notes until when the token is good.
func (s *session) lasts(rest time.Duration) {
	if rest <= 0 {
		s.ends.Store(0)
		return
	}
	s.ends.Store(time.Now().Add(rest).Unix())
}

func ttl(auth *api.SecretAuth) time.Duration { return time.Duration(auth.LeaseDuration) * time.Second }

// now gives the log-in to make a call with. It waits for one that is about to
// follow, and for no other.
func (s *session) now(ctx context.Context) (*state, error) {
	st := s.state.Load()
	if st.trying {
		select {
		case <-st.next:
			st = s.state.Load()
		case <-ctx.Done():
		}
	}
	if st.auth == nil {
		return nil, unavailable(st.cause)
	}
	return st, nil
}

// do makes a call. When the token is refused it logs in once and makes the call
// again, which is safe for writes too: a refused one has changed nothing.
func (s *session) do(ctx context.Context, call func(context.Context, *state) error) error {
	st, err := s.attempt(ctx, call)
	if status(err) == http.StatusForbidden && s.refused(ctx, st) {
		_, err = s.attempt(ctx, call)
	}
	return err
}

func (s *session) attempt(ctx context.Context, call func(context.Context, *state) error) (*state, error) {
	limited, cancel := context.WithTimeout(ctx, s.config.timeout())
	defer cancel()
	st, err := s.now(limited)
	if err == nil {
		err = call(limited, st)
	}
	return st, explain(ctx, err)
}

// refused says whether it was the token that Vault refused, rather than what was
// asked, and has the session log in again if it was.
func (s *session) refused(ctx context.Context, st *state) bool {
	if s.state.Load() != st {
		return true // another call found it before
	}
	limited, cancel := context.WithTimeout(ctx, s.config.timeout())
	defer cancel()
	_, err := get(limited, st.read, "auth/token/lookup-self", nil)
	if status(explain(ctx, err)) != http.StatusForbidden {
		return false
	}
	again := &state{cause: errors.New("token refused by Vault"), trying: true, next: make(chan struct{})}
	if s.state.CompareAndSwap(st, again) {
		s.log.Warn("Vault refuses the token: logging in again")
		close(st.next)
	}
	return true
}
