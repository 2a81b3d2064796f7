package desk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// Place says where a log-in comes from.
type Place struct {
	Network string         // what counts as one address
	Address string         // the address itself; "": nobody can say
	Called  string         // what the device says of itself, for people; "": nothing
	Device  custody.Secret // the token of a device in which somebody has logged in; zero: none
}

// everywhere is how many times as many failures lock a name for all strange
// places together. Without that bound, who has many addresses could guess as often
// as they like; with a lower one, a few of them would lock a person out.
const everywhere = 4

// attempt is somebody at the door.
type attempt struct {
	username string
	counts   []count // that their failure adds to
	own      bool    // they have logged in in this device before
}

// count is a throttle, and the number of failures that locks it.
type count struct {
	name  string
	limit int
}

// approach gives the account that a name stands for and what counts its failures,
// or the refusal of what is locked. Failures are counted where they happen: a
// stranger who knows a name locks it in their own network. In a device in which
// this person has logged in, only what fails in that device counts.
func (d *Desk) approach(ctx context.Context, typed string, from Place) (attempt, error) {
	try := attempt{username: Username(typed)}
	if err := d.mayDecide(ctx, custody.SignIn{}); err != nil {
		return attempt{}, err
	}
	// Another process may have enrolled them a moment ago.
	if err := d.catchUpNow(ctx); err != nil {
		return attempt{}, err
	}
	name, err := d.hidden(ctx, try.username)
	if err != nil {
		return attempt{}, err
	}
	home, err := d.inDevice(ctx, from.Device)
	if err != nil {
		return attempt{}, err
	}
	own := slices.Contains(home, try.username)
	where := "network " + from.Network
	if own {
		where = "device " + from.Device.Reveal()
	}
	here, err := d.hidden(ctx, where)
	if err != nil {
		return attempt{}, err
	}
	try.own = own
	try.counts = []count{{name + "/" + here, d.PolicyInForce().Values.LockAfter}}
	if !own {
		try.counts = append(try.counts, count{name, everywhere * d.PolicyInForce().Values.LockAfter})
	}
	for _, c := range try.counts {
		if err := d.checkThrottle(ctx, c.name); err != nil {
			return attempt{}, err
		}
	}
	return try, nil
}

// forgive forgets the failures of who got in.
func (d *Desk) forgive(ctx context.Context, try attempt) error {
	for _, c := range try.counts {
		if _, err := d.Accounts.UpdateThrottle(ctx, c.name, func(Throttle) Throttle { return Throttle{} }); err != nil {
			return err
		}
	}
	return nil
}

// unlock forgets all failures with a name, wherever they happened.
func (d *Desk) unlock(ctx context.Context, username string) error {
	name, err := d.hidden(ctx, username)
	if err != nil {
		return err
	}
	return d.Accounts.DeleteThrottles(ctx, name)
}

func (d *Desk) checkThrottle(ctx context.Context, name string) error {
	t, err := d.Accounts.UpdateThrottle(ctx, name, func(t Throttle) Throttle { return t })
	if err != nil {
		return err
	}
	now := d.Clock.Now()
	if !d.PolicyInForce().Values.Locked(t.LockedUntil, now) {
		return nil
	}
	wait := t.LockedUntil.Sub(now)
	return &custody.Refusal{Code: custody.LockedOut, RetryAfter: wait, Key: "login_locked", Args: custody.Args{"wait": wait}}
}

// failedSignIn counts a failure. The ledger gets one entry for each lock-out;
// names that do not exist share one count for that, so that nobody can fill it
// by making names up.
func (d *Desk) failedSignIn(ctx context.Context, try attempt) error {
	var locked Throttle
	failures := 0
	for _, c := range try.counts {
		t, err := d.countFailure(ctx, c)
		if err != nil {
			return err
		}
		if t.LockedUntil.After(locked.LockedUntil) {
			locked, failures = t, c.limit
		}
	}
	username := try.username
	if _, known := d.person(username); !known {
		var err error
		username, failures = "", d.PolicyInForce().Values.LockAfter
		if locked, err = d.countFailure(ctx, count{strangers, failures}); err != nil {
			return err
		}
	}
	if !locked.LockedUntil.IsZero() {
		action := custody.LockSignIn{Person: username, Failures: failures, Until: locked.LockedUntil}
		if _, err := d.Do(ctx, By{Actor: custody.System, Request: RequestOf(ctx)}, action); err != nil {
			return err
		}
	}
	return &custody.Refusal{Code: custody.Unauthenticated, Key: "login_refused"}
}

// strangers is the throttle of all names that do not exist together. It locks
// nobody out: it only paces their entries.
const strangers = "strangers"

// countFailure gives the throttle if this failure locked it, else a zero one.
func (d *Desk) countFailure(ctx context.Context, c count) (Throttle, error) {
	now, locked := d.Clock.Now(), false
	t, err := d.Accounts.UpdateThrottle(ctx, c.name, func(t Throttle) Throttle {
		t.Touched = now
		if d.PolicyInForce().Values.Locked(t.LockedUntil, now) {
			return t
		}
		t.Failures++
		if t.Failures >= c.limit {
			locked = true
			t.LockedUntil = now.Add(d.PolicyInForce().Values.Lockout(t.Locks))
			t.Locks++
			t.Failures = 0
		}
		return t
	})
	if err != nil || !locked {
		return Throttle{}, err
	}
	return t, nil
}

// hidden stands for something that is to be known again and never read: what was typed as a
// name, which now and then is a password, or the token of a device. It is an HMAC with a key
// that only the secret store has.
func (d *Desk) hidden(ctx context.Context, what string) (string, error) {
	key, err := d.throttleKey(ctx)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(what))
	return hex.EncodeToString(mac.Sum(nil)), nil
}

func (d *Desk) throttleKey(ctx context.Context) ([]byte, error) {
	if key, ok := d.seeds.get(ThrottlePath, d.remembered()); ok {
		return key.Bytes(), nil
	}
	v, err := makeOnce(ctx, d.Secrets, ThrottlePath)
	if err != nil {
		return nil, err
	}
	d.seeds.put(ThrottlePath, v.Value, d.remembered().Add(seedTTL))
	return v.Value.Bytes(), nil
}
