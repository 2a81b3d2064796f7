package rotation

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// keepDrilling tries the passwords of which two keyholders have opened the envelope in a
// drill: at once, and whether others are tried regularly or not.
func (w *Worker) keepDrilling(ctx context.Context) {
	look := time.NewTimer(0)
	defer look.Stop()
	for {
		committed := w.Desk.Follow() // before looking, so that no commit falls between
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		next := w.Interval
		credentials, err := w.credentials(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("which envelopes were opened in a drill could not be read", "error", err)
		}
		for _, c := range credentials {
			if c.Envelope.Drill != (custody.Drill{}) && c.AtRest() && ctx.Err() == nil {
				w.drill(ctx, c.Name)
			}
		}
		look.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-committed:
			look.Reset(settle)
		case <-look.C:
			look.Reset(0)
		}
	}
}

// drill tries one. What nothing can be learnt of is said to be unknown: the drill is over all
// the same, and the password is changed.
func (w *Worker) drill(ctx context.Context, name string) {
	err := w.claimed(ctx, name, func(ctx context.Context) error {
		c, err := w.credential(ctx, name)
		if err != nil || c.Envelope.Drill == (custody.Drill{}) || !c.AtRest() {
			return err
		}
		ctx = desk.WithRequest(ctx, "drill-"+name+"-"+rand.Text())
		if w.unprobed(c) {
			return w.enter(ctx, custody.EndVerification{Credential: c.Name, Version: c.Version, Target: c.Retargeted, Result: custody.VerificationUnknown})
		}
		return w.verify(ctx, c)
	})
	if err != nil && ctx.Err() == nil && !errors.Is(err, errOvertaken) && !errors.Is(err, errClaimed) {
		w.Log.Warn("the password of an envelope that was opened in a drill could not be tried", "credential", name, "error", err)
	}
}
