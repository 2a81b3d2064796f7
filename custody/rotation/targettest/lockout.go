package targettest

import (
	"context"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// Lockout counts the log-ins that the system refused, in its own log, while rotations
// do not get through: no attempt may cost an account more than one, nor its second
// account, and none follows before somebody says so. It needs System.Refused.
func Lockout(t *testing.T, s System) {
	for _, way := range s.Ways {
		t.Run(way.Name, func(t *testing.T) {
			s.parallel(t)
			if way.Alone {
				t.Run("its password was changed by somebody", func(t *testing.T) { s.changedBySomebody(t, way) })
			}
			if way.Admin != nil {
				t.Run("the password of the second account was changed", func(t *testing.T) { s.secondChanged(t, way) })
			}
			for _, step := range []string{"staged-reported", "changed", "applied-reported"} {
				t.Run("a worker was killed at "+step, func(t *testing.T) { s.killed(t, way, step) })
			}
			t.Run("the new password was undone", func(t *testing.T) { s.undone(t, way) })
		})
	}
}

// refused gives how many log-ins were refused, of the account and of the second one.
func (s System) refused(t *testing.T, c *Custody, way Way) (account, second int) {
	t.Helper()
	account = s.Refused(c.Describe().Account)
	if way.Admin != nil {
		second = s.Refused(way.Admin(c.Describe()))
	}
	return account, second
}

func (s System) wantRefused(t *testing.T, c *Custody, way Way, what string, before [2]int, account, second int) {
	t.Helper()
	a, b := s.refused(t, c, way)
	// A server may answer before it writes that down.
	for limit := time.Now().Add(servertest.Patience); a+b-before[0]-before[1] < account+second && time.Now().Before(limit); a, b = s.refused(t, c, way) {
		time.Sleep(interval)
	}
	if a -= before[0]; a != account {
		t.Errorf("%s: %d log-ins of the account were refused, not %d", what, a, account)
	}
	if b -= before[1]; b != second {
		t.Errorf("%s: %d log-ins of the second account were refused, not %d", what, b, second)
	}
}

func (s System) changedBySomebody(t *testing.T, way Way) {
	a := way.Add(t)
	c := TakeOver(t, a)
	theirs := servertest.NewPassword()
	a.Set(theirs)
	before := counted(s.refused(t, c, way))
	c.Work("", Failed(rotation.CurrentRefused))
	s.wantRefused(t, c, way, "at first", before, 1, 0)
	c.Idle(24 * time.Hour)
	s.wantRefused(t, c, way, "a day later", before, 1, 0)
	Want(t, "the password that somebody set", c.Login(theirs), nil)

	a.Set(c.Password) // set back
	c.Desk.Act(rotationtest.Primary, custody.ResumeRotation{Credential: credential})
	c.Work("", Held)
	c.Settled(1)
}

func (s System) secondChanged(t *testing.T, way Way) {
	a := way.Add(t)
	right := a.Key
	a.Key = servertest.NewPassword()
	if way.Wrong != nil {
		a.Key = way.Wrong(t)
	}
	c := TakeOver(t, a)
	before := counted(s.refused(t, c, way))
	c.Work("", Failed(rotation.AdminRefused))
	s.wantRefused(t, c, way, "at first", before, 0, 1)
	c.Idle(24 * time.Hour)
	s.wantRefused(t, c, way, "a day later", before, 0, 1)

	c.PutKey(right)
	c.Desk.Act(rotationtest.Primary, custody.ResumeRotation{Credential: credential})
	c.Work("", Held)
	c.Settled(1)
}

func (s System) killed(t *testing.T, way Way, step string) {
	c := TakeOver(t, way.Add(t))
	before := counted(s.refused(t, c, way))
	c.Work(step, nil)
	s.wantRefused(t, c, way, "until it was killed", before, 0, 0)
	c.Work("", Held)
	failed := 0
	if way.Alone && step == "staged-reported" { // the value that was never sent, in an attempt of its own
		failed = 1
	}
	if n := c.Failures(rotation.NewRefused); n != failed {
		t.Errorf("%d attempts failed, not %d", n, failed)
	}
	s.wantRefused(t, c, way, "until it was proved", before, failed+1, 0) // one is the old password's
	c.Settled(1)
}

// undone: somebody puts the old password back before the new one is proved.
func (s System) undone(t *testing.T, way Way) {
	a := way.Add(t)
	c := TakeOver(t, a)
	c.Work("applied-reported", nil)
	a.Set(c.Password)
	before := counted(s.refused(t, c, way))
	c.Work("", Failed(rotation.NewRefused))
	s.wantRefused(t, c, way, "the first attempt", before, 1, 0)
	c.Work("", Held)
	if n := c.Failures(rotation.NewRefused); n != 1 {
		t.Errorf("%d attempts failed", n)
	}
	s.wantRefused(t, c, way, "until it was proved", before, 2, 0)
	c.Settled(1)
}

func counted(account, second int) [2]int { return [2]int{account, second} }

// Idle has a worker run while a time goes by, in which it is to do nothing that counts.
func (c *Custody) Idle(passes time.Duration) {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	defer stop()
	const looks = 20
	go func() {
		defer stop()
		for range looks {
			c.clock.Advance(passes / looks)
			select {
			case <-ctx.Done():
			case <-time.After(2 * interval):
			}
		}
	}()
	_ = rotation.New(c.config()).Run(ctx) // its error is that it was told to end
}
