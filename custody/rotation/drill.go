package rotation

import (
	"context"
	"crypto/rand"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// drill tries the password of which two keyholders have opened the envelope. What nothing can
// be learnt of is said to be unknown: the drill is over all the same, and the password is
// changed.
func (w *Worker) drill(ctx context.Context, c custody.Credential) error {
	ctx = desk.WithRequest(ctx, "drill-"+c.Name+"-"+rand.Text())
	if w.unprobed(c) {
		return w.enter(ctx, custody.EndVerification{Credential: c.Name, Version: c.Version, Target: c.Retargeted, Result: custody.VerificationUnknown})
	}
	return w.verify(ctx, c)
}
