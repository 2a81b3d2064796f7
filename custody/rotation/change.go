package rotation

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// apply makes the staged value the account's password.
func (a *attempt) apply(ctx context.Context) error {
	if err := a.announce(ctx); err != nil {
		return err
	}
	if err := a.change(ctx); err != nil {
		return err
	}
	if err := a.report(ctx, custody.ReportApplied{Rotation: a.id}, custody.StepApplied); err != nil {
		return err
	}
	a.credential.Rotation.Failure = "" // as in the ledger
	a.hook("applied-reported")
	return nil
}

// change tells the target, and finds out whether it happened where that is open. An
// account has few wrong log-ins before it is locked: one attempt makes one at most.
func (a *attempt) change(ctx context.Context) error {
	if a.mayHaveIt() {
		switch err := a.tryNew(ctx); {
		case err == nil:
			return nil
		case !errors.Is(err, ErrRefused):
			return a.fail(ctx, FailureOf(err), err)
		case a.byItself():
			return a.fail(ctx, NewRefused, err) // the next attempt has the value before it
		}
	}
	if err := a.provable(ctx); err != nil {
		return a.fail(ctx, FailureOf(err), err)
	}
	// Whoever was stopped for a while, and does not know it, is not to change what another
	// worker has begun.
	if err := a.claim(ctx, a.credential.Name); err != nil {
		return err
	}
	err := a.answered(a.tell(ctx))
	switch {
	case err == nil:
		a.hook("changed")
		return nil
	case errors.Is(err, ErrUnreachable), errors.Is(err, ErrHostKey):
		return a.fail(ctx, FailureOf(err), err) // it was not even asked
	case errors.Is(err, ErrRefused):
		return a.refused(ctx, err)
	}
	// It may have happened in spite of the error. That is found out when it comes
	// again: a target that remembers values may refuse this one for it.
	if !a.byItself() && a.sentBefore() && !a.newRefused && a.tryNew(ctx) == nil {
		return nil
	}
	another := errors.Is(err, ErrValue) || errors.Is(err, ErrDeclined)
	if another && a.staged.Version < maxValues {
		if kind, err := a.stageAnother(ctx); err != nil {
			return a.fail(ctx, kind, err)
		}
	}
	return a.fail(ctx, FailureOf(err), err)
}

// byItself says that the account changes its own password, with what it has, and
// that nobody else can.
func (a *attempt) byItself() bool { return !a.target.Describe().Reconciles }

// mayHaveIt says that the staged value is to be tried before the target is told: an
// account that changes its own may have it. A second account sets it whatever the
// password is, so there only where a person may have set it by hand.
func (a *attempt) mayHaveIt() bool {
	if a.byItself() {
		return a.sentBefore()
	}
	return len(a.credential.Rotation.ShownTo) > 0 && a.step == custody.StepStaged
}

// sentBefore says that the target may have been told this very value, by an attempt
// before this one: not where that one found that it does not have it, or had it staged
// only then, because the one before it was declined.
func (a *attempt) sentBefore() bool {
	r := a.credential.Rotation
	switch Failure(r.Failure) {
	case NewRefused:
		return r.Sending // cut short since
	case ValueRefused, Declined:
		return r.Sending || a.staged.Version >= maxValues // which is told again
	}
	return r.MayHaveReached()
}

// tryNew logs in with the staged value: nil, the account has it.
func (a *attempt) tryNew(ctx context.Context) error {
	err := a.logIn(ctx, a.staged.Value)
	if err == nil {
		a.hook("changed")
	}
	return err
}

// refused is for a change whose own log-in was refused: that of the second account,
// or of the account itself, which somebody changed. Then only the second account
// helps, or a person.
func (a *attempt) refused(ctx context.Context, cause error) error {
	switch does := a.target.Describe(); {
	case !does.Reconciles:
		return a.fail(ctx, refusedBy(cause, CurrentRefused), cause)
	case !does.Own || a.sentBefore(): // it was the second account's: once is enough
		return a.fail(ctx, AdminRefused, cause)
	}
	a.oldRefused = !a.current.Value.IsZero()
	if err := a.reconcile(ctx); err != nil {
		return a.fail(ctx, refusedBy(err, AdminRefused), err)
	}
	a.hook("changed")
	return nil
}

// answered takes note of what a target said when it was told: only of some errors it
// is certain that it was not even asked.
func (a *attempt) answered(err error) error {
	a.heard(err)
	if !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrHostKey) && !errors.Is(err, ErrRefused) {
		a.asked = true
		a.admitted = !a.byItself() && !a.target.Describe().Own
	}
	return err
}

// heard takes note of whether the target answered at all.
func (a *attempt) heard(err error) {
	a.reached = a.reached || !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrHostKey)
}

// tell gives the target the staged value: as the account itself, or through the
// second account where the password is lost, or may be another by now.
func (a *attempt) tell(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.StepTimeout)
	defer cancel()
	if _, makes := a.target.(Maker); makes {
		return nil // it has it from where it was made
	}
	c := a.credential
	lost := c.Rotation.Reason == custody.ForDrift || a.current.Value.IsZero() || a.sentBefore() ||
		c.Rotation.Reason == custody.ForRecovery && !c.Drifted.IsZero() // the target may have a later one
	if lost && a.target.Describe().Reconciles {
		return a.target.Reconcile(ctx, a.staged.Value)
	}
	old, err := a.opening(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, Because(SecretStore, err)) // the target was not asked
	}
	return a.target.Change(ctx, old, a.staged.Value)
}

// opening is the value by which an account changes its own password: the current
// one, or, where that was refused and the staged one too, an earlier one of this
// rotation that it may have taken after all that it seemed to decline. Each attempt
// has one.
func (a *attempt) opening(ctx context.Context) (custody.Secret, error) {
	r := a.credential.Rotation
	back := int64(r.Attempts/2) % a.staged.Version // of each two attempts the other one tries the staged value
	if Failure(r.Failure) != NewRefused || back == 0 {
		return a.current.Value, nil
	}
	return a.Secrets.ReadVersion(ctx, stagedPath(a.id), a.staged.Version-back)
}

func (a *attempt) reconcile(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.StepTimeout)
	defer cancel()
	return a.answered(a.target.Reconcile(ctx, a.staged.Value))
}

func (a *attempt) logIn(ctx context.Context, secret custody.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, a.StepTimeout)
	defer cancel()
	remaining, err := verifyListing(ctx, a.target, secret)
	a.heard(err)
	if err == nil {
		a.remaining = remaining
	}
	a.newRefused = a.newRefused || errors.Is(err, ErrRefused) && secret.Equal(a.staged.Value)
	if a.credential.ByHand() { // what it was probed with is what its person set
		a.asked = a.asked || a.reached
	}
	return err
}
