package desk_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// deaf is a store that nobody hears anything of, or says only trouble.
type deaf struct {
	desk.Store
	fails  bool
	listen atomic.Int64
}

func (s *deaf) Listen(ctx context.Context, _ func()) error {
	s.listen.Add(1)
	if s.fails {
		return errors.New("refused")
	}
	<-ctx.Done()
	return ctx.Err()
}

// TestWhatOneReplicaCommitsWakesWhoFollowsAtAnother, without anybody asking there: on a
// server because it is told, and everywhere because it looks.
func TestWhatOneReplicaCommitsWakesWhoFollowsAtAnother(t *testing.T) {
	desktest.OnBoth(t, func(t *testing.T, on desktest.Engine) { wakes(t, newOfficeOn(t, on)) })
	t.Run("where nobody is told", func(t *testing.T) {
		store := &deaf{fails: true}
		wakes(t, newOffice(t, func(c *desk.Config) { store.Store = c.Store; c.Store = store }))
		if store.listen.Load() == 0 {
			t.Error("it did not even try")
		}
	})
}

func wakes(t *testing.T, o *office) {
	t.Helper()
	other := o.Open()
	following := other.Follow()
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-following:
	case <-time.After(time.Minute):
		t.Fatal("waited in vain for the other replica to hear of a check-out")
	}
	if c, err := other.Credential(t.Context(), "db01"); err != nil || c.Lease.Person != "tech-a" {
		t.Errorf("it knows of %+v, %v", c.Lease, err)
	}
	if _, err := other.Do(t.Context(), desk.By{Actor: "tech-a", Request: unique("request")}, custody.CheckIn{Credential: "db01"}); err != nil {
		t.Error(err)
	}
}
