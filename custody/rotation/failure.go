package rotation

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tandem-custody/tandem/custody/desk"
)

// Failure is the kind of a failed attempt: all that people and the ledger learn
// of it. The cause is in the log.
type Failure string

// The closed list.
const (
	Unreachable      Failure = "unreachable"        // no answer from the target, or none in time
	WrongHost        Failure = "host_key"           // it is not the host that was pinned
	LoginRefused     Failure = "login_refused"      // of the privileged account, or with the new value
	ValueRefused     Failure = "value_refused"      // the target's own policy; another value comes next
	OldStillAccepted Failure = "old_still_accepted" // beside the new one
	SecretStore      Failure = "secret_store"       // sealed, unreachable, or it lost something
	TargetError      Failure = "target_error"       // anything else that went wrong there
	Unsupported      Failure = "unsupported"        // no connector can work with the description
	NoAddress        Failure = "no_address"         // where the target is, is not known for certain any more
)

// kindOf gives the kind of a target's error, or a dependent's.
func kindOf(err error) Failure {
	switch {
	case errors.Is(err, ErrHostKey):
		return WrongHost
	case errors.Is(err, ErrRefused):
		return LoginRefused
	case errors.Is(err, ErrValue):
		return ValueRefused
	case errors.Is(err, ErrUnreachable), errors.Is(err, context.DeadlineExceeded):
		return Unreachable
	case errors.Is(err, desk.ErrSecretsUnavailable):
		return SecretStore
	case errors.Is(err, ErrNoAddress):
		return NoAddress
	case errors.Is(err, errUnsupported):
		return Unsupported
	}
	return TargetError
}

// retryAfter says how long to wait after the nth failed attempt (n from 0).
func (c Config) retryAfter(n int) time.Duration {
	b := backoff.ExponentialBackOff{
		InitialInterval: c.BackoffBase, MaxInterval: c.BackoffMax,
		Multiplier: 2, RandomizationFactor: 0.5,
	}
	wait := b.NextBackOff()
	for range min(n, 62) { // by then any base has doubled to any maximum
		wait = b.NextBackOff()
	}
	return min(wait, c.BackoffMax)
}
