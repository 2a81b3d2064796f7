package rotation

import (
	"context"
	"errors"

	"github.com/tandem-custody/tandem/custody"
)

// provable asks, before anything is changed, whether it could be proved: of an account
// that comes in, or was given another target, and where something is in the way. What was proved
// lately can be.
func (a *attempt) provable(ctx context.Context) error {
	prover, is := a.target.(Prover)
	if proved := a.credential.Version > 0 && a.credential.Retargeted == 0; !is || proved && a.credential.Rotation.Attempts == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.StepTimeout)
	defer cancel()
	err := prover.Provable(ctx)
	if err != nil {
		a.heard(err)
	}
	return err
}

// verify shows that the staged value opens the account and the old one does not.
func (a *attempt) verify(ctx context.Context) error {
	if err := a.prove(ctx); err != nil {
		return err
	}
	report := custody.ReportVerified{Rotation: a.id, OldRefused: a.oldRefused, Attested: a.target.Describe().Unprobed, Remaining: a.remaining}
	if err := a.report(ctx, report, custody.StepVerified); err != nil {
		return err
	}
	a.hook("verified-reported")
	return nil
}

func (a *attempt) prove(ctx context.Context) error {
	does := a.target.Describe()
	if does.Unprobed {
		a.proved = true
		return nil
	}
	if !does.ByHand && a.toldAnew() {
		if err := a.change(ctx); err != nil {
			return err
		}
	}
	switch err := a.logIn(ctx, a.staged.Value); {
	case errors.Is(err, ErrRefused):
		// The change did not take, or somebody undid it. The second account tells the
		// target once more; the account itself does in the next attempt, and a person
		// is asked to look.
		if does.Reconciles {
			if err := a.changeAgain(ctx); err != nil {
				return err
			}
		}
		return a.fail(ctx, NewRefused, err)
	case err != nil:
		return a.fail(ctx, FailureOf(err), err)
	}
	a.hook("new-proved")
	// That the value before it is refused needs no second log-in: a rotation that is
	// verified has had it, and so has one whose own log-in was refused.
	asked := a.oldRefused || a.step == custody.StepVerified
	if !asked && !a.current.Value.IsZero() && !a.current.Value.Equal(a.staged.Value) {
		switch err := a.logIn(ctx, a.current.Value); {
		case err == nil:
			return a.fail(ctx, a.whyOld(ctx), nil)
		case !errors.Is(err, ErrRefused):
			return a.fail(ctx, FailureOf(err), err)
		}
		a.oldRefused = true
		a.hook("old-refused")
	}
	a.proved = true
	return nil
}

// toldAnew says that the target is told the staged value before that is tried, though it was
// told one before: an account that changes its own was found not to have it, or the value
// before this one was not taken, and this one is not there yet.
func (a *attempt) toldAnew() bool {
	switch Failure(a.credential.Rotation.Failure) {
	case NewRefused:
		return a.byItself()
	case ValueRefused, Declined:
		return true
	}
	return false
}

// verifyListing logs in once, and gives what the account lists where it can.
func verifyListing(ctx context.Context, target Target, secret custody.Secret) (custody.Remaining, error) {
	if lister, is := target.(Lister); is {
		return lister.VerifyListing(ctx, secret)
	}
	return custody.Remaining{}, target.Verify(ctx, secret)
}

func (a *attempt) whyOld(ctx context.Context) Failure {
	knows, is := a.target.(Lenient)
	if !is {
		return OldStillAccepted
	}
	ctx, cancel := context.WithTimeout(ctx, a.StepTimeout)
	defer cancel()
	return knows.WhyOld(ctx)
}

// changeAgain is for a value that the target turned out not to have.
func (a *attempt) changeAgain(ctx context.Context) error {
	if _, makes := a.target.(Maker); !makes {
		return a.change(ctx)
	}
	if kind, err := a.stageAnother(ctx); err != nil {
		return a.fail(ctx, kind, err)
	}
	return nil
}
