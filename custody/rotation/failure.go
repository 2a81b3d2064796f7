package rotation

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Failure is as custody has it. The cause is in the log.
type Failure = custody.Failure

// The closed list.
const (
	Unreachable      Failure = "unreachable"        // no answer from the target, or none in time
	WrongHost        Failure = "host_key"           // it is not the host that was pinned
	LoginRefused     Failure = "login_refused"      // by a dependent
	ValueRefused     Failure = "value_refused"      // the target's own policy; another value comes next
	OldStillAccepted Failure = "old_still_accepted" // beside the new one
	SecretStore      Failure = "secret_store"       // sealed, unreachable, or it lost something
	TargetError      Failure = "target_error"       // anything else that went wrong there
	Unsupported      Failure = "unsupported"        // no connector can work with the description
	NoAddress        Failure = "no_address"         // where the target is, is not known for certain any more

	AdminRefused   = custody.AdminRefused   // the log-in of the second account
	CurrentRefused = custody.CurrentRefused // the log-in by which the account changes its own password
	NewRefused     = custody.NewRefused     // a log-in with the new value

	Declined        Failure = "declined"           // the target did not make the change: no right to, no such account
	AccountClosed   Failure = "account_closed"     // locked or expired, so that no password opens it
	NotAllowed      Failure = "not_allowed"        // it may not log in from here, or at all
	PasswordOff     Failure = "password_login_off" // the target takes no password from it, or not alone
	TLSRequired     Failure = "tls_required"       // by the target, or by us where it has none
	OtherAccount    Failure = "other_account"      // the target lets in by another account of that name
	OldValidAnHour  Failure = "old_valid_hour"     // Active Directory lets the one before in for about an hour
	MustChange      Failure = "must_change"        // let in to nothing but changing the password
	StartupFiles    Failure = "startup_files"      // of the shell, which swallowed the command
	Unacknowledged  Failure = "unacknowledged"     // by a manager: a dependent that was changed
	AlgorithmNeeded Failure = "no_algorithm"       // it offers no algorithm, or key of a type, that we take
	Pooler          Failure = "pooler"             // what answers is not the server, and keeps passwords of its own
	RootUnknown     Failure = "root_unknown"       // whether root may log in with a password could not be asked
	InputKept       Failure = "input_kept"         // what changes the password would leave it in a log there
)

// Failures are all of them.
var Failures = []Failure{
	Unreachable, WrongHost, LoginRefused, ValueRefused, OldStillAccepted, SecretStore, TargetError, Unsupported, NoAddress,
	AdminRefused, CurrentRefused, NewRefused, Declined, AccountClosed, NotAllowed, PasswordOff, TLSRequired, OtherAccount,
	OldValidAnHour, MustChange, StartupFiles, AlgorithmNeeded, Unacknowledged, InputKept, RootUnknown, Pooler,
}

// because is an error whose kind of failure its target knows.
type because struct {
	failure Failure
	error
}

func (b because) Unwrap() error { return b.error }

// Because gives an error of a target with what people are told of it. What the error
// says for certain stays.
func Because(failure Failure, err error) error { return because{failure, err} }

// FailureOf gives the kind of a target's error, or a dependent's.
func FailureOf(err error) Failure {
	if known, is := errors.AsType[because](err); is {
		return known.failure
	}
	switch {
	case errors.Is(err, desk.ErrUnacknowledged):
		return Unacknowledged
	case errors.Is(err, ErrHostKey):
		return WrongHost
	case errors.Is(err, ErrRefused):
		return LoginRefused
	case errors.Is(err, ErrValue):
		return ValueRefused
	case errors.Is(err, ErrUnreachable), errors.Is(err, context.DeadlineExceeded):
		return Unreachable
	case errors.Is(err, ErrDeclined):
		return Declined
	case errors.Is(err, desk.ErrSecretsUnavailable):
		return SecretStore
	case errors.Is(err, ErrNoAddress):
		return NoAddress
	case errors.Is(err, errUnsupported):
		return Unsupported
	}
	return TargetError
}

// refusedBy gives the kind of an error of a log-in, where it is known whose it was.
func refusedBy(err error, whose Failure) Failure {
	if _, known := errors.AsType[because](err); !known && errors.Is(err, ErrRefused) {
		return whose
	}
	return FailureOf(err)
}

// refusedLogin says that the target answered a log-in, and not by letting it in.
func refusedLogin(f Failure) bool {
	switch f {
	case AdminRefused, CurrentRefused, NewRefused, AccountClosed, NotAllowed:
		return true
	}
	return false
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
