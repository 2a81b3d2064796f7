package targettest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// Conform runs the suite for the port. Every test has an account of its own.
func Conform(t *testing.T, s System) {
	if !slices.ContainsFunc(s.Ways, func(w Way) bool { return w.Cut > 0 }) {
		t.Fatal("no way is cut off")
	}
	for _, way := range s.Ways {
		t.Run(way.Name, func(t *testing.T) {
			s.parallel(t)
			for _, test := range []struct {
				name  string
				run   func(*trial)
				tried bool
			}{
				{"Change", change, true},
				{"PasswordLost", passwordLost, true},
				{"Values", values, !way.Alone},
				{"ContextEnded", contextEnded, true},
				{"CutOff", cutOff, way.Cut > 0},
			} {
				if test.tried {
					t.Run(test.name, func(t *testing.T) {
						s.parallel(t)
						test.run(s.trial(t, way))
					})
				}
			}
		})
	}
	t.Run("Stopped", s.stopped)
	t.Run("AnotherHost", s.anotherHost)
}

func (s System) parallel(t *testing.T) {
	if s.Parallel {
		t.Parallel()
	}
}

// trial is a test of one target. It looks into every error that it is shown.
type trial struct {
	*testing.T
	*Account
	system  System
	way     Way
	target  rotation.Target
	secrets []custody.Secret // that have been in use
}

func (s System) trial(t *testing.T, way Way) *trial {
	t.Helper()
	a := way.Add(t)
	secrets := []custody.Secret{a.Password}
	if !a.Key.IsZero() {
		secrets = append(secrets, a.Key)
	}
	return &trial{T: t, Account: a, system: s, way: way, target: a.open(t, a.Describe()), secrets: secrets}
}

// fresh gives a password that was never used.
func (c *trial) fresh() custody.Secret {
	password := servertest.NewPassword()
	c.secrets = append(c.secrets, password)
	return password
}

func (c *trial) want(what string, got, wanted error) {
	c.Helper()
	what = c.way.Name + ", " + what
	Want(c.T, what, got, wanted)
	WantClean(c.T, what, got, c.system.Says, c.secrets...)
}

// wantLogin wants what the system itself says of a password.
func (c *trial) wantLogin(what string, password custody.Secret, opens bool) {
	c.Helper()
	if err := c.Login(password); (err == nil) != opens {
		c.Errorf("%s, %s, seen from outside: %v", c.way.Name, what, err)
	}
}

// wantEach wants the same error of all that asks the system.
func (c *trial) wantEach(ctx context.Context, what string, wanted ...error) {
	c.Helper()
	for name, call := range map[string]func() error{
		"verify":    func() error { return c.target.Verify(ctx, c.Password) },
		"change":    func() error { return c.target.Change(ctx, c.Password, c.fresh()) },
		"reconcile": func() error { return c.target.Reconcile(ctx, c.fresh()) },
	} {
		if name == "reconcile" && !c.way.Does.Reconciles {
			continue
		}
		err := call()
		for _, w := range wanted {
			c.want(name+", "+what, err, w)
		}
	}
}

func change(c *trial) {
	if does := c.target.Describe(); does != c.way.Does {
		c.Errorf("it describes itself as %+v, not %+v", does, c.way.Does)
	}
	ctx, old, next := c.Context(), c.Password, c.fresh()
	c.want("the old password before", c.target.Verify(ctx, old), nil)
	c.want("change", c.target.Change(ctx, old, next), nil)
	c.want("the new password", c.target.Verify(ctx, next), nil)
	c.want("the old password after", c.target.Verify(ctx, old), rotation.ErrRefused)
	c.wantLogin("the new password", next, true)
	c.wantLogin("the old password", old, false)

	var again error  // as after a crash, with what was valid before it
	if c.way.Alone { // the worker tries the new one by itself, in an attempt of its own
		again = rotation.ErrRefused
	}
	c.want("the same change again", c.target.Change(ctx, old, next), again)
	if !c.way.Alone {
		c.want("and without the old password", c.target.Change(ctx, custody.Secret{}, next), nil)
	}
	c.want("the new password then", c.target.Verify(ctx, next), nil)
	if c.system.NoTrace != nil {
		c.system.NoTrace(c, c.secrets...)
	}
}

func passwordLost(c *trial) {
	ctx, lost, next := c.Context(), c.fresh(), c.fresh()
	c.Set(lost)
	if c.way.Alone {
		c.want("change with a wrong password", c.target.Change(ctx, c.fresh(), next), rotation.ErrRefused)
		c.want("change without a password", c.target.Change(ctx, custody.Secret{}, next), rotation.ErrRefused)
	}
	if err := c.target.Verify(ctx, custody.Secret{}); err == nil {
		c.Error("no password at all is let in")
	}
	c.want("the lost password", c.target.Verify(ctx, lost), nil)

	err := c.target.Reconcile(ctx, next)
	if c.way.Does.Reconciles {
		c.want("reconcile", err, nil)
		c.want("the new password", c.target.Verify(ctx, next), nil)
		c.want("the lost password after", c.target.Verify(ctx, lost), rotation.ErrRefused)
		c.wantLogin("the new password", next, true)
		c.wantLogin("the lost password", lost, false)
		return
	}
	if c.way.holds(DeclinesReconcile) {
		c.want("reconcile without a second account", err, rotation.ErrDeclined)
	} else if err == nil {
		c.Error("it reconciles without a second account")
	}
	c.want("the lost password after", c.target.Verify(ctx, lost), nil)
	c.wantLogin("the lost password", lost, true)
}

// awkward are values that somebody on the way could cut, end, quote or prepare.
var awkward = []string{
	" leading and trailing ", "tab\tinside", "two\nlines", "returned\r", "ended\x00early", "\xff\xfe not UTF-8",
	"密码-пароль-é", "e\u0301 not composed", "ﬁ, a ligature", "'; DROP TABLE x; -- \"$$\" \\'\\\\", "{SSHA}looks-like-a-hash",
	"%s%n%00 ${HOME} `id` = , : # *", strings.Repeat("x", 72) + "y", strings.Repeat("x", 256) + "y", strings.Repeat("x", 1024) + "y",
}

// values: each works as it is, or is refused as a value and changes nothing.
func values(c *trial) {
	ctx, current := c.Context(), c.Password
	take := func(value string) error {
		next := custody.SecretString(value)
		if err := c.target.Change(ctx, current, next); err != nil {
			return err
		}
		current = next
		Want(c.T, value+", verify", c.target.Verify(ctx, next), nil)
		c.wantLogin(value, next, true)
		for _, less := range shortened(value) {
			Want(c.T, value+", cut to "+less, c.target.Verify(ctx, custody.SecretString(less)), rotation.ErrRefused)
		}
		return nil
	}
	for _, value := range c.system.Takes {
		Want(c.T, value, take(value), nil)
	}
	for what, value := range c.system.Refuses {
		Want(c.T, what, take(value), rotation.ErrValue)
	}
	Want(c.T, "the password after those", c.target.Verify(ctx, current), nil)
	Want(c.T, "nothing", take(""), rotation.ErrValue)
	for _, value := range awkward {
		if err := take(value); err != nil {
			Want(c.T, fmt.Sprintf("%q", value), err, rotation.ErrValue)
		}
	}
	Want(c.T, "the password after all those", c.target.Verify(ctx, current), nil)
	c.wantLogin("the password after all those", current, true)
}

// shortened gives what a value may become on its way.
func shortened(value string) (less []string) {
	candidates := []string{strings.TrimSpace(value)}
	if i := strings.IndexAny(value, "\x00\r\n"); i >= 0 {
		candidates = append(candidates, value[:i])
	}
	if len(value) > 72 { // where bcrypt ends
		candidates = append(candidates, value[:len(value)-1])
	}
	for _, c := range candidates {
		if c != value && c != "" {
			less = append(less, c)
		}
	}
	return less
}

func contextEnded(c *trial) {
	cancelled, cancel := context.WithCancel(c.Context())
	cancel()
	c.wantEach(cancelled, "cancelled before", context.Canceled)
	expired, stop := context.WithTimeout(c.Context(), 0)
	defer stop()
	c.wantEach(expired, "past its deadline", context.DeadlineExceeded)

	// Nobody answers: it was not asked.
	for name, call := range map[string]func(context.Context, rotation.Target) error{
		"verify": func(ctx context.Context, to rotation.Target) error { return to.Verify(ctx, c.Password) },
		"change": func(ctx context.Context, to rotation.Target) error { return to.Change(ctx, c.Password, c.fresh()) },
	} {
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		to := c.Describe()
		to.Address = Silent(c.T, cancel)
		err := call(ctx, c.open(c.T, to))
		c.want(name+", cancelled meanwhile", err, context.Canceled)
		c.want(name+", cancelled meanwhile", err, rotation.ErrUnreachable)

		ctx, stop := context.WithTimeout(c.Context(), 100*time.Millisecond)
		defer stop()
		to.Address = Silent(c.T, func() {})
		err = call(ctx, c.open(c.T, to))
		c.want(name+", at its deadline", err, context.DeadlineExceeded)
		c.want(name+", at its deadline", err, rotation.ErrUnreachable)
	}
	c.want("the password after all that", c.target.Verify(c.Context(), c.Password), nil)
}

// cutOff: somewhere the bytes run out. Before the change it was not asked; in
// it, it may have happened or not, and must not be called either.
func cutOff(c *trial) {
	next, cut, changed := c.fresh(), 0, false
	for limit := int64(0); limit < 16<<10 && !changed; limit += c.way.Cut {
		broken := c.Describe()
		broken.Address = Relay(c.T, broken.Address, limit)
		err := c.open(c.T, broken).Change(c.Context(), c.Password, next)
		what := fmt.Sprintf("the connection ends after %d bytes", limit)
		switch {
		case err == nil:
			changed = true
		case errors.Is(err, rotation.ErrUnreachable):
		default:
			WantUnknown(c.T, what, err)
			cut++
		}
		WantClean(c.T, what, err, c.system.Says, c.secrets...)
	}
	if !changed || cut == 0 {
		c.Errorf("changed: %v; cut in the change: %d times", changed, cut)
	}
	c.want("the new password", c.target.Verify(c.Context(), next), nil)
}

func (s System) stopped(t *testing.T) {
	var all []*trial
	for _, way := range s.Ways {
		all = append(all, s.trial(t, way))
	}
	s.Stop()
	for _, c := range all {
		c.wantEach(t.Context(), "stopped", rotation.ErrUnreachable)
	}
	s.Start()
	for _, c := range all {
		c.want("verify, started again", c.target.Verify(t.Context(), c.Password), nil)
	}
}

func (s System) anotherHost(t *testing.T) {
	var all []*trial
	for _, way := range s.Ways {
		if !way.holds(Pinned) {
			continue
		}
		c := s.trial(t, way)
		all = append(all, c)
		before := s.Tried()
		c.want("the pinned host", c.target.Verify(t.Context(), c.Password), nil)
		if s.Tried() == before {
			t.Fatal("a log-in does not count: this test shows nothing")
		}
	}
	s.Replace()
	before := s.Tried()
	for _, c := range all {
		c.wantEach(t.Context(), "another host", rotation.ErrHostKey)
		if unpinned := c.Describe(); unpinned.Settings["ca"] != "" {
			delete(unpinned.Settings, "ca")
			c.want("by the system's authorities", c.open(t, unpinned).Verify(t.Context(), c.Password), rotation.ErrHostKey)
		}
	}
	s.wantUntried(t, before)
	for _, c := range all {
		c.wantLogin("the password", c.Password, true)
		c.want("described anew", c.open(t, c.Describe()).Verify(t.Context(), c.Password), nil)
	}
	s.Replace("another.example")
	before = s.Tried()
	for _, c := range all {
		if renamed := c.Describe(); renamed.Settings["ca"] != "" {
			c.want("a certificate for another name", c.open(t, renamed).Verify(t.Context(), c.Password), rotation.ErrHostKey)
		}
	}
	s.wantUntried(t, before)
	s.Replace()
}

func (s System) wantUntried(t *testing.T, before int) {
	t.Helper()
	if s.Tried() != before {
		t.Error("Tandem logged in to a host that is not the pinned one")
	}
}
