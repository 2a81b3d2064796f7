package rotation

import (
	"context"
	"errors"

	"github.com/tandem-custody/tandem/custody"
)

// Target is one account on one real system. A target never decides: it tells
// what the system said. All methods respect ctx and end within its deadline.
type Target interface {
	// Verify logs in with the secret, in a fresh session that is closed again.
	// nil: the system let it in. ErrRefused: the system is there, is the right
	// one, and refused this secret. Any other error: unknown.
	Verify(ctx context.Context, secret custody.Secret) error

	// Change makes next the account's password. old is the password that was
	// valid last, zero when it is not known; a target with a privileged
	// account of its own does not need it. nil: the system said that it is
	// done. ErrValue: the system refuses this value for good (its own policy).
	// Any other error: unknown, it may have happened.
	Change(ctx context.Context, old, next custody.Secret) error
}

// Opener makes the Target of a credential. admin is the private key at
// desk.KeyPath, zero when there is none. It only looks at what it is given and
// connects nowhere; an error means that the description cannot work.
type Opener func(t custody.Target, admin custody.Secret) (Target, error)

// What a target can know for certain.
var (
	ErrRefused = errors.New("the target refused the log-in")
	ErrValue   = errors.New("the target refuses this value")
	ErrHostKey = errors.New("the target is not the host that was pinned")
)
