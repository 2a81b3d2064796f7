package rotation

import (
	"context"
	"crypto/rand"
	"errors"
	"hash/fnv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// verifying is how many passwords are tried at once, beside the rotations.
const verifying = 4

// keepVerifying tries every password that is held on its target, once in each
// period. Each credential has its own place in the period, given by its name: a
// fleet is not tried all at once, and nothing has to be remembered about any.
// What fell into a time when no worker ran is tried in the next period.
func (w *Worker) keepVerifying(ctx context.Context) {
	if w.VerifyEvery <= 0 {
		return
	}
	look := time.NewTicker(max(min(time.Minute, w.VerifyEvery/60), time.Millisecond))
	defer look.Stop()
	for from := w.Clock.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		to := w.Clock.Now()
		if err := w.verifyDue(ctx, from, to); err != nil {
			w.Log.Warn("which passwords are to be verified could not be read", "error", err)
			continue // the next look is at this time, too
		}
		from = to
	}
}

// verifyDue verifies those whose place is in (from, to].
func (w *Worker) verifyDue(ctx context.Context, from, to time.Time) error {
	credentials, err := w.credentials(ctx)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(verifying)
	for _, c := range credentials {
		if c.AtRest() && c.Unconfirmed.IsZero() && w.hasPlace(c.Name, from, to) && ctx.Err() == nil {
			group.Go(func() error { w.verifyOne(ctx, c.Name); return nil })
		}
	}
	return group.Wait()
}

func (w *Worker) hasPlace(name string, from, to time.Time) bool {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // never fails
	period := int64(w.VerifyEvery)
	place := int64(hash.Sum64() % uint64(period))
	return (from.UnixNano()-place)/period < (to.UnixNano()-place)/period
}

func (w *Worker) verifyOne(ctx context.Context, name string) {
	err := w.claimed(ctx, name, func(ctx context.Context) error {
		c, err := w.credential(ctx, name)
		if err != nil || !c.AtRest() || w.unprobed(c) {
			return err
		}
		return w.verify(desk.WithRequest(ctx, "verification-"+name+"-"+rand.Text()), c)
	})
	switch {
	case err == nil, ctx.Err() != nil:
	case errors.Is(err, errOvertaken), errors.Is(err, errClaimed):
		w.Log.Debug("a password was not verified: it is being changed", "credential", name)
	default:
		w.Log.Warn("a password could not be verified", "credential", name, "error", err)
	}
}

// unprobed says that nothing could be learnt. What can be opened without its
// administrator says so before any secret is read.
func (w *Worker) unprobed(c custody.Credential) bool {
	if _, known := w.Targets[c.Target.Kind]; !known {
		return true
	}
	target, err := w.opened(c, custody.Secret{})
	return err == nil && target.Describe().Unprobed
}

// verify tries a password once, between two entries: no entry, no secret.
func (w *Worker) verify(ctx context.Context, c custody.Credential) error {
	if err := w.enter(ctx, custody.StartVerification{Credential: c.Name, Version: c.Version, Target: c.Retargeted}); err != nil {
		return err
	}
	result, remaining, cause := w.ask(ctx, c)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if result != custody.VerificationAccepted {
		w.Log.Warn("a password was not accepted where it should be", "credential", c.Name, "result", result, "error", cause)
	}
	if err := w.enter(ctx, custody.EndVerification{Credential: c.Name, Version: c.Version, Target: c.Retargeted, Result: result, Remaining: remaining}); err != nil {
		return err
	}
	if result == custody.VerificationRefused && c.Policy.AutoReconcile {
		return w.enter(ctx, custody.Reconcile{Credential: c.Name})
	}
	return nil
}

func (w *Worker) ask(ctx context.Context, c custody.Credential) (custody.VerificationResult, custody.Remaining, error) {
	var none custody.Remaining
	ctx, cancel := context.WithTimeout(ctx, w.StepTimeout)
	defer cancel()
	key, err := w.Secrets.Read(ctx, desk.KeyPath(c.Name))
	if err != nil && !errors.Is(err, desk.ErrNoSecret) {
		return custody.VerificationUnknown, none, err
	}
	target, err := w.opened(c, key.Value)
	if err != nil {
		return custody.VerificationUnknown, none, err
	}
	current, err := w.currentOf(ctx, c)
	if err != nil {
		return custody.VerificationUnknown, none, err
	}
	switch remaining, err := verifyListing(ctx, target, current); {
	case err == nil:
		return custody.VerificationAccepted, remaining, nil
	case errors.Is(err, ErrRefused):
		return custody.VerificationRefused, none, err
	default:
		return custody.VerificationUnknown, none, err
	}
}
