package rotation

import (
	"context"
	"errors"

	"github.com/tandem-custody/tandem/custody"
)

// Target is one account on one real system. A target never decides: it tells
// what the system said. Its methods respect ctx and end within its deadline.
// Their errors never hold a secret, nor any text that the system sent.
type Target interface {
	// Verify logs in with the secret, once, in a fresh session that is closed
	// again. nil: the system let it in. ErrRefused: the system is there, is the
	// right one, and refused this secret. Any other error: unknown.
	Verify(ctx context.Context, secret custody.Secret) error

	// Change makes next the account's password. old is the password that was
	// valid last, zero when it is not known; a target with a privileged
	// account of its own does not need it. nil: the system said that it is
	// done. ErrValue, ErrDeclined: it said that it is not. ErrUnreachable,
	// ErrHostKey, ErrRefused (of the privileged log-in): it was not asked. Any
	// other error: unknown, it may have happened.
	Change(ctx context.Context, old, next custody.Secret) error
}

// Opener makes the Target of a credential. admin is the private key at
// desk.KeyPath, zero when there is none. It only looks at what it is given and
// connects nowhere. Its error is a *custody.Refusal that names the field with
// which the description cannot work: an Opener also validates what is added.
type Opener func(t custody.Target, admin custody.Secret) (Target, error)

// What a target can know for certain.
var (
	ErrRefused     = errors.New("the target refused the log-in")
	ErrValue       = errors.New("the target refuses this value")
	ErrDeclined    = errors.New("the target did not make the change, for whatever reason")
	ErrHostKey     = errors.New("the target is not the host that was pinned")
	ErrUnreachable = errors.New("the target could not be reached")
)
