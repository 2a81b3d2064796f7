package web

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// twice is for how long the same form that comes again is answered as it was the
// first time.
const twice = 30 * time.Second

// shared carries something out once for a form that an impatient finger sends
// twice: the browser shows the answer to the second, which is the same. Only what
// was done is kept, for a short time; what failed is asked for again. It is safe
// for use by several goroutines.
type shared[A any] struct {
	mu      sync.Mutex
	answers map[[sha256.Size]byte]*sharedAnswer[A]
}

type sharedAnswer[A any] struct {
	done   chan struct{}
	answer A
	err    error
	ended  time.Time
}

// do carries f out, or waits for what the same form has led to. f is not stopped
// when the browser gives its first request up.
func (s *shared[A]) do(ctx context.Context, form [sha256.Size]byte, now func() time.Time, f func(context.Context) (A, error)) (A, error) {
	s.mu.Lock()
	for other, a := range s.answers {
		if !a.ended.IsZero() && now().Sub(a.ended) >= twice {
			delete(s.answers, other)
		}
	}
	a, again := s.answers[form]
	if !again {
		a = &sharedAnswer[A]{done: make(chan struct{})}
		if s.answers == nil {
			s.answers = map[[sha256.Size]byte]*sharedAnswer[A]{}
		}
		s.answers[form] = a
	}
	s.mu.Unlock()
	if again {
		select {
		case <-a.done:
			return a.answer, a.err
		case <-ctx.Done():
			var none A
			return none, ctx.Err()
		}
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if a.ended = now(); a.err != nil {
			delete(s.answers, form)
		}
		close(a.done)
	}()
	a.err = fmt.Errorf("cut short") // if f panics
	working, cancel := context.WithTimeout(context.WithoutCancel(ctx), twice)
	defer cancel()
	a.answer, a.err = f(working)
	return a.answer, a.err
}

// entered is what becomes of the log-in form: a session that may be given twice to
// whoever sends that form twice. Its key is in no other page, so a code that
// somebody has seen being typed opens nothing.
func (p *Pages) entered(v *visit, in desk.SignInRequest) (desk.SignedIn, error) {
	form, ours := v.secretForm(in.Username, in.Password.Reveal(), in.Code)
	if !ours {
		return p.Desk.SignIn(v.r.Context(), in)
	}
	return p.signedIn.do(v.r.Context(), form, p.Clock, func(ctx context.Context) (desk.SignedIn, error) { return p.Desk.SignIn(ctx, in) })
}

// replaced is entered for the form of a lost authenticator: the first to come uses
// the recovery code up, and the new seed is shown once.
func (p *Pages) replaced(v *visit, in desk.RecoverRequest) (desk.NewAuthenticator, error) {
	form, ours := v.secretForm(in.Username, in.Password.Reveal(), in.Code.Reveal())
	if !ours {
		return p.Desk.Recover(v.r.Context(), in)
	}
	return p.regained.do(v.r.Context(), form, p.Clock, func(ctx context.Context) (desk.NewAuthenticator, error) { return p.Desk.Recover(ctx, in) })
}

// proved is entered for the form that proves a new authenticator: its recovery codes are
// shown once.
func (p *Pages) proved(v *visit) ([]custody.Secret, error) {
	form, ours := v.secretForm(v.Person.Username, v.code())
	by := v.by(custody.ProveAuthenticator{})
	if !ours {
		return p.Desk.ProveAuthenticator(v.r.Context(), by, v.Token)
	}
	return p.showed.do(v.r.Context(), form, p.Clock, func(ctx context.Context) ([]custody.Secret, error) {
		return p.Desk.ProveAuthenticator(ctx, by, v.Token)
	})
}

// secretForm names a form by its key and by all that was typed. ours is false for
// a form without a key of ours, which is carried out each time.
func (v *visit) secretForm(typed ...string) (form [sha256.Size]byte, ours bool) {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q", v.Key.Name, typed)), v.Key.Name != ""
}
