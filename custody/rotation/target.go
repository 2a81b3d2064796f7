package rotation

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// Target is one account on one real system. A target never decides: it tells
// what the system said. Its methods respect ctx and end within its deadline.
// Their errors never hold a secret, nor any text that the system sent.
type Target interface {
	// Describe says what this target can do. It asks nobody.
	Describe() Description

	// Verify logs in with the secret, once, in a fresh session that is closed
	// again. nil: the system let it in. ErrRefused: the system is there, is the
	// right one, and refused this secret. Any other error: unknown. Not called
	// where Describe says Unprobed.
	Verify(ctx context.Context, secret custody.Secret) error

	// Change makes next the account's password. old is the password that was
	// valid last, zero when it is not known; a target with a privileged
	// account of its own does not need it. nil: the system said that it is
	// done. ErrValue, ErrDeclined: it said that it is not. ErrUnreachable,
	// ErrHostKey, ErrRefused (of the log-in that changes it): it was not asked.
	// Any other error: unknown, it may have happened. Not called where Describe
	// says ByHand.
	Change(ctx context.Context, old, next custody.Secret) error

	// Reconcile makes next the account's password through a second, privileged
	// account, whatever the password is now. Its errors are as Change's. Not
	// called where Describe does not say Reconciles.
	Reconcile(ctx context.Context, next custody.Secret) error
}

// Description is what a target can do.
type Description struct {
	Reconciles bool // there is a second account, for when the password is lost
	Own        bool // Change logs in as the account itself, not as the second one
	Unprobed   bool // nothing here can log in: what is told of it is all there is
	ByHand     bool // a person sets the password, and confirms that
}

// Identified is a Target that knows when another one is the same account, however
// that was described.
type Identified interface {
	Target

	// Identities are what the account is called, however its address is spelled: two
	// targets that share one are the same account. They are not shown to anybody:
	// see custody.TargetNotes.
	Identities() []string
}

// Identities gives those of a target, nil where it has none.
func Identities(t Target) []string {
	if known, is := t.(Identified); is {
		return known.Identities()
	}
	return nil
}

// Pinned is a Target that knows its host by something that was said when it was
// described, and by nothing else.
type Pinned interface {
	Target

	// Fingerprints gives that, as people compare it.
	Fingerprints() []string
}

// Fingerprints gives those of a target, nil where it has none.
func Fingerprints(t Target) []string {
	if known, is := t.(Pinned); is {
		return known.Fingerprints()
	}
	return nil
}

// Lister is a Target whose account can list what opens it besides its password.
type Lister interface {
	Target

	// VerifyListing is as Verify, by the same one log-in, and gives that; not Listed where
	// the account cannot tell.
	VerifyListing(ctx context.Context, secret custody.Secret) (custody.Remaining, error)
}

// Prover is a Target that can find out, with no secret of the account's, that no password
// of it could be proved.
type Prover interface {
	Target

	// Provable gives why none could, nil where that is not known.
	Provable(ctx context.Context) error
}

// Lenient is a Target that may know why the value before is let in beside the new one.
type Lenient interface {
	Target

	// WhyOld says why; OldStillAccepted where that is not known. It tries no secret.
	WhyOld(ctx context.Context) Failure
}

// Maker is a Target whose system makes the passwords itself, and keeps the
// newest readable at least until the next one. Vault's static roles are such.
type Maker interface {
	Target

	// Make has the system change the account's password to one of its own
	// making, and gives that. Every call changes it again. Its errors are as
	// Change's, and Change is not called.
	Make(ctx context.Context) (custody.Secret, error)
}

// Opener makes the Target of a credential. admin is the secret at desk.KeyPath
// by which its target is administered, zero when there is none: a private key
// or a password, as the kind has it. It only looks at what it is given and
// connects nowhere. Its error is a *custody.Refusal that names the field with
// which the description cannot work: an Opener also validates what is added.
type Opener func(t custody.Target, admin custody.Secret) (Target, error)

// ErrNoAddress: a text that says where a target is, or how it is reached, is not
// beside the ledger, or is not what the ledger commits to. A password is sent only to
// where the ledger says.
var ErrNoAddress = errors.New("where the target is, is not beside the ledger any more, or is not what the ledger commits to")

var errUnsupported = errors.New("no connector can work with the description")

// opened makes the target of a credential.
func (c Config) opened(of custody.Credential, admin custody.Secret) (Target, error) {
	open, known := c.Targets[of.Target.Kind]
	if !known {
		return nil, fmt.Errorf("%w: there is none of this kind", errUnsupported)
	}
	described, known := of.Target.Plain()
	if !known {
		return nil, ErrNoAddress
	}
	if of.Retargeted > 0 && !of.Reconciles { // it had one, once
		admin = custody.Secret{}
	}
	target, err := open(described, admin)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnsupported, err)
	}
	return target, nil
}

// What a target can know for certain.
var (
	ErrRefused     = errors.New("the target refused the log-in")
	ErrValue       = errors.New("the target refuses this value")
	ErrDeclined    = errors.New("the target did not make the change, for whatever reason")
	ErrHostKey     = errors.New("the target is not the host that was pinned")
	ErrUnreachable = errors.New("the target could not be reached")
)
