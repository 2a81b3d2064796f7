package rotation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/password"
)

// maxValues is how many values one rotation tries on a target that refuses
// them. After that it goes on trying the last: what is in the way then is no
// bad luck with a password, and every value must stay readable.
const maxValues = 8

// How an attempt ends that did not get through.
var (
	errFailed    = errors.New("the attempt failed, and that is entered")
	errOvertaken = errors.New("another worker is further on, or somebody paused or called it off")
	errLost      = errors.New("the staged value is not in the secret store any more")
	errRepeats   = errors.New("the password policy only makes passwords that the account has had")
)

// attempt is one go at a rotation, from wherever its journal stands.
type attempt struct {
	Config
	credential custody.Credential // as committed when the attempt began
	id         custody.RotationID
	step       custody.RotationStep // as committed by now

	target     Target
	current    desk.Versioned // at desk.CredentialPath; zero when there is none
	staged     desk.Versioned // at StagedPath, its latest version
	announced  bool           // this attempt has entered that it tells the target
	asked      bool           // the target may have been told, by this attempt or one that was cut short
	proved     bool           // in this attempt staged was let in, and current was not
	oldRefused bool           // the current value was refused, by a log-in of this attempt
	newRefused bool           // so was staged: there is no second try of it
	failed     Failure        // how it ended, as far as that is entered; "": well
	reached    bool           // the target answered
	admitted   bool           // and let its second account in

	remaining custody.Remaining // what opens the account beside its password, when it was let in last
}

func (c Config) newAttempt(credential custody.Credential) *attempt {
	return &attempt{
		Config:     c,
		credential: credential,
		id:         custody.RotationID{Credential: credential.Name, Number: credential.Rotation.Number, Target: credential.Retargeted},
		step:       credential.Rotation.Step,
		asked:      credential.Rotation.Sending,
	}
}

// run goes on from the step that the ledger says. nil: the rotation is over, or
// a person comes next.
func (a *attempt) run(ctx context.Context) error {
	ctx = desk.WithRequest(ctx, RequestID(a.id))
	if a.credential.Arriving != "" {
		if err := a.Desk.Settle(ctx, a.id.Credential); err != nil {
			return a.fail(ctx, SecretStore, err)
		}
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	for {
		var err error
		switch a.step {
		case custody.StepPending:
			err = a.stage(ctx)
		case custody.StepStaged:
			if a.target.Describe().ByHand {
				return nil // whoever sets it says when that is done
			}
			err = a.apply(ctx)
		case custody.StepApplied:
			err = a.verify(ctx)
		case custody.StepVerified:
			return a.promote(ctx)
		default:
			err = fmt.Errorf("a journal at %q", a.step)
		}
		if err != nil {
			return err
		}
	}
}

// open reads what there is and makes the target of it.
func (a *attempt) open(ctx context.Context) error {
	var key desk.Versioned
	for path, secret := range map[string]*desk.Versioned{
		desk.KeyPath(a.id.Credential):        &key,
		desk.CredentialPath(a.id.Credential): &a.current,
		stagedPath(a.id):                     &a.staged,
	} {
		var err error
		if *secret, err = a.read(ctx, path); err != nil {
			return a.fail(ctx, SecretStore, err)
		}
	}
	target, err := a.opened(a.credential, key.Value)
	if err != nil {
		return a.fail(ctx, FailureOf(err), err)
	}
	a.target = target
	if a.staged.Version == 0 && a.step != custody.StepPending {
		return a.replaceLost(ctx)
	}
	return nil
}

// replaceLost stages another value for one that somebody else deleted. The
// ledger is asked first: as long as it takes reports of this rotation, no
// worker has finished it and cleared up, so the value really is lost. Only the
// next attempt, which sees the ledger afresh, tells the target.
func (a *attempt) replaceLost(ctx context.Context) error {
	failed := a.fail(ctx, SecretStore, errLost)
	if !errors.Is(failed, errFailed) {
		return failed
	}
	if _, err := a.stageAnother(ctx); err != nil {
		return err
	}
	return failed
}

// stage puts a new value beside the current one.
func (a *attempt) stage(ctx context.Context) error {
	if before := (custody.RotationID{Credential: a.id.Credential, Number: a.id.Number - 1}); before.Number > 0 {
		if err := a.clear(ctx, before); err != nil { // what a crash left
			return a.fail(ctx, SecretStore, err)
		}
	}
	_, makes := a.target.(Maker)
	if makes { // to make a value is to change the password
		if err := a.announce(ctx); err != nil {
			return err
		}
	}
	if a.staged.Version == 0 {
		if kind, err := a.stageAnother(ctx); err != nil {
			return a.fail(ctx, kind, err)
		}
	}
	a.hook("staged-written")
	tells := !makes && !a.credential.ByHand() // at once
	if err := a.report(ctx, custody.ReportStaged{Rotation: a.id, Sending: tells}, custody.StepStaged); err != nil {
		return err
	}
	a.announced = a.announced || tells
	a.hook("staged-reported")
	return nil
}

// announce enters, before the target is told anything, that it is: once in each
// attempt. Whoever called the rotation off, or paused it, was first.
func (a *attempt) announce(ctx context.Context) error {
	if a.announced {
		return nil
	}
	a.announced = true
	return a.report(ctx, custody.ReportSending{Rotation: a.id}, a.step)
}

// stageAnother adds a new value to those that are staged. With an error it says
// of which kind the failure is.
func (a *attempt) stageAnother(ctx context.Context) (Failure, error) {
	ctx, cancel := context.WithTimeout(ctx, a.StepTimeout)
	defer cancel()
	var value custody.Secret
	var err error
	if maker, makes := a.target.(Maker); makes {
		// From here on this opens the account. Until it is staged, and should
		// that never be, the system that made it still has it.
		if value, err = maker.Make(ctx); a.answered(err) != nil {
			return refusedBy(err, AdminRefused), err
		}
		a.hook("made")
	} else if value, err = a.neverUsed(ctx); err != nil {
		return SecretStore, err
	}
	version, err := a.Secrets.Write(ctx, stagedPath(a.id), value, a.staged.Version, a.labels())
	if err != nil {
		return SecretStore, err
	}
	a.staged = desk.Versioned{Value: value, Version: version}
	return "", nil
}

// neverUsed makes a password that the account has not had before, and enters it
// in the account's history. It is entered before it is staged, so that whatever
// may have reached the target is in there.
func (a *attempt) neverUsed(ctx context.Context) (custody.Secret, error) {
	path := desk.HistoryPath(a.id.Credential)
	kept, err := a.read(ctx, path)
	if err != nil {
		return custody.Secret{}, err
	}
	history := password.NewHistory()
	if kept.Version > 0 {
		if history, err = password.ParseHistory(kept.Value); err != nil {
			return custody.Secret{}, err
		}
	}
	if !a.current.Value.IsZero() && !history.Contains(a.current.Value) {
		history.Add(a.current.Value) // from before custody
	}
	var value custody.Secret
	for range maxValues {
		if value, err = a.Secrets.Generate(ctx, a.credential.Policy.Password); err != nil {
			return custody.Secret{}, err
		}
		if !history.Contains(value) {
			history.Add(value)
			_, err = a.Secrets.Write(ctx, path, history.Marshal(), kept.Version, nil)
			return value, err
		}
	}
	return custody.Secret{}, errRepeats
}

// promote makes the staged value the current version and ends the rotation.
func (a *attempt) promote(ctx context.Context) error {
	// After a restart it is proved afresh: what is staged now need not be what
	// was proved then, should a stalled worker have staged another meanwhile.
	if !a.proved {
		if err := a.prove(ctx); err != nil {
			return err
		}
	}
	version, err := a.makeCurrent(ctx)
	if err != nil {
		return a.fail(ctx, SecretStore, err)
	}
	a.hook("promoted-written")
	if err := a.report(ctx, custody.ReportPromoted{Rotation: a.id, Version: version}, ""); err != nil {
		return err
	}
	a.hook("promoted-reported")
	a.Log.Info("a password was changed", a.names(), "version", version)
	if err := a.clear(ctx, a.id); err != nil { // the next rotation does it
		a.Log.Warn("what a rotation had staged could not be deleted yet", a.names(), "error", err)
	}
	a.hook("cleared")
	return nil
}

// makeCurrent writes the staged value where the current one is, unless a crash
// came after that. It writes more than once only where the secret store is
// older than the ledger (it was restored): versions must count up (I4).
func (a *attempt) makeCurrent(ctx context.Context) (version int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.StepTimeout)
	defer cancel()
	path := desk.CredentialPath(a.id.Credential)
	for !a.current.Value.Equal(a.staged.Value) || a.current.Version <= a.credential.Version {
		version, err = a.Secrets.Write(ctx, path, a.staged.Value, a.current.Version, a.labels())
		if err != nil {
			return 0, err
		}
		a.current = desk.Versioned{Value: a.staged.Value, Version: version}
	}
	return a.current.Version, nil
}

// fail enters that the attempt failed and when the next one is.
func (a *attempt) fail(ctx context.Context, kind Failure, cause error) error {
	if ctx.Err() != nil { // stopped, or the lease was lost: nothing is known to have failed
		return context.Cause(ctx)
	}
	wait := a.pause(kind)
	a.Log.Warn("a rotation did not get through", a.names(),
		"step", a.step, "failure", kind, "error", cause, "next_in", wait)
	err := a.report(ctx, custody.ReportFailed{
		Rotation: a.id, Failure: string(kind), NextTry: a.Clock.Now().Add(wait), Unsent: !a.asked,
	}, a.step)
	if err != nil {
		return err
	}
	a.failed = kind
	return errFailed
}

// pause says how long nothing is tried after a failure. A log-in that was refused is
// one of the few that an account has: it needs time to forget it. What a person sets
// by hand is not tried again before they say so.
func (a *attempt) pause(kind Failure) time.Duration {
	wait := a.retryAfter(a.credential.Rotation.Attempts)
	if a.credential.ByHand() && a.asked {
		return 0
	}
	if a.newRefused || refusedLogin(kind) {
		wait = max(wait, a.LockoutWindow)
	}
	return wait
}

// report enters something and takes note of the step that the journal is at then.
func (a *attempt) report(ctx context.Context, action custody.Action, then custody.RotationStep) error {
	if err := a.enter(ctx, action); err != nil {
		return err
	}
	a.step = then
	return nil
}

// enter commits what the system itself did, under the request of ctx.
func (c Config) enter(ctx context.Context, action custody.Action) error {
	ctx, cancel := context.WithTimeout(ctx, c.StepTimeout)
	defer cancel()
	_, err := c.Desk.Do(ctx, desk.By{Actor: custody.System, Request: desk.RequestOf(ctx)}, action)
	switch custody.CodeOf(err) {
	case custody.Conflict, custody.RotationPending: // somebody paused it
		return errOvertaken
	}
	return err
}

// read gives the zero value for what does not exist.
func (a *attempt) read(ctx context.Context, path string) (desk.Versioned, error) {
	ctx, cancel := context.WithTimeout(ctx, a.StepTimeout)
	defer cancel()
	secret, err := a.Secrets.Read(ctx, path)
	if errors.Is(err, desk.ErrNoSecret) {
		return desk.Versioned{}, nil
	}
	return secret, err
}

// clear deletes what a rotation that is over had staged.
func (c Config) clear(ctx context.Context, over custody.RotationID) error {
	ctx, cancel := context.WithTimeout(desk.WithRequest(ctx, RequestID(over)), c.StepTimeout)
	defer cancel()
	return c.Secrets.Delete(ctx, stagedPath(over))
}

// labels tell whoever looks into the secret store what a value came from.
func (a *attempt) labels() map[string]string {
	return map[string]string{"rotation": strconv.FormatInt(a.id.Number, 10)}
}

func (a *attempt) names() slog.Attr {
	return slog.Group("", "credential", a.id.Credential, "rotation", a.id.Number)
}
