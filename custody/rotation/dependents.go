package rotation

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Dependent is something that uses a password beside the people: a service, a
// job, another host's configuration. It is told each new one after its rotation
// and never stands in the way of custody.
type Dependent interface {
	// Update gives it the current password of a credential. To be told the same
	// one again must be harmless. Its error never holds a secret, nor any text
	// that the dependent sent; ErrDeclined and ErrUnreachable are told apart.
	Update(ctx context.Context, c custody.Credential, current custody.Secret) error
}

// errOther: the secret store has another version than the ledger.
var errOther = errors.New("the secret store has another version as the current one")

// updateDependents tells those that are due the current password, all at once:
// however many of them hang, a rotation that is due meanwhile waits for one step.
func (w *Worker) updateDependents(ctx context.Context, c custody.Credential) error {
	id := custody.RotationID{Credential: c.Name, Number: c.Rotation.Number}
	ctx = desk.WithRequest(ctx, RequestID(id))
	current, unread := w.currentOf(ctx, c)
	var group errgroup.Group
	for _, update := range c.Updates {
		if !update.NextTry.After(w.Clock.Now()) {
			group.Go(func() error { return w.updateDependent(ctx, c, update, current, unread) })
		}
	}
	return group.Wait()
}

// updateDependent tells one, and enters what came of it. unread is why there is
// no current password to tell; nil: there is.
func (w *Worker) updateDependent(ctx context.Context, c custody.Credential, u custody.Update, current custody.Secret, unread error) error {
	kind, err := SecretStore, unread
	switch dependent, known := w.Dependents[u.Dependent]; {
	case !known:
		kind, err = Unsupported, errors.New("no dependent of this name is configured")
	case unread == nil:
		err = w.tellDependent(ctx, u.Dependent, dependent, c, current)
		kind = FailureOf(err)
	}
	var report custody.Action = custody.ReportUpdated{Credential: c.Name, Dependent: u.Dependent, Version: c.Version}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		wait := w.retryAfter(u.Attempts)
		w.Log.Warn("a dependent could not be told its new password", "credential", c.Name, "dependent", u.Dependent,
			"failure", kind, "error", err, "next_in", wait)
		report = custody.ReportNotUpdated{
			Credential: c.Name, Dependent: u.Dependent, Version: c.Version,
			Failure: string(kind), NextTry: w.Clock.Now().Add(wait),
		}
	}
	return w.enter(ctx, report)
}

func (w *Worker) tellDependent(ctx context.Context, name string, d Dependent, c custody.Credential, current custody.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, w.StepTimeout)
	defer cancel()
	if err := w.Desk.MayTell(ctx, name); err != nil { // as it is at this moment
		return err
	}
	return d.Update(ctx, c, current)
}

// currentOf reads the password that the ledger says is the current one.
func (w *Worker) currentOf(ctx context.Context, c custody.Credential) (custody.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, w.StepTimeout)
	defer cancel()
	current, err := w.Secrets.Read(ctx, desk.CredentialPath(c.Name))
	if err == nil && current.Version != c.Version {
		err = errOther
	}
	return current.Value, err
}
