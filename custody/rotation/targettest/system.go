package targettest

import (
	"errors"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// System is a real system and the ways in which Tandem changes passwords there.
// Where a field may be left out, what needs it is not tested.
type System struct {
	Ways []Way

	Parallel    bool                                          // what does not stop it may run at the same time
	Stop, Start func()                                        // may be left out, for Journal
	Replace     func(names ...string)                         // has another host take its address, with a certificate for names; as Stop
	Tried       func() (logIns int)                           // by a network, since it began, refused ones too; goes with Replace
	NoTrace     func(t testing.TB, secrets ...custody.Secret) // looks into all that it writes; may be left out
	Refused     func(account string) (logIns int)             // of a name, that it refused since it began, by its own log; for Lockout
	Says        []string                                      // words of its own, which no error may repeat
	Takes       []string                                      // values that it must take, besides those of the suite
	Refuses     map[string]string                             // what is wrong -> a value for which rotation.ErrValue must come
}

// Way is one way.
type Way struct {
	Name   string
	Add    func(t *testing.T) *Account // makes an account there that is changed so
	Does   rotation.Description
	Alone  bool                            // the account changes its own password
	Admin  func(custody.Target) string     // how the log names the second account; for Lockout, where a wrong one is refused
	Wrong  func(testing.TB) custody.Secret // what is no longer the second account's; nil: any password
	Makes  bool                            // its target is a rotation.Maker: for Journal only
	Cut    int64                           // the connection is cut every so many bytes; 0: in another way
	Except map[Exception]string            // what does not hold here, and why
}

// Exception is something that the suite expects of every Way but those that say
// why it is not so there.
type Exception string

const (
	// DeclinesReconcile: where there is no second account, Reconcile says
	// ErrDeclined. Without it: any error, because it is never called there.
	DeclinesReconcile Exception = "no reconciliation without a second account"

	// Pinned: secrets are sent to the described host only. Without it: to
	// whoever listens at the address.
	Pinned Exception = "the host is pinned"
)

func (w Way) holds(e Exception) bool { return w.Except[e] == "" }

// Account is an account on a real system.
type Account struct {
	Password custody.Secret             // that it has
	Describe func() custody.Target      // with what makes the system known now
	Open     rotation.Opener            // of the kind
	Key      custody.Secret             // zero: the description has no second account
	Login    func(custody.Secret) error // nil: it opens it; by a client that shares no code with the target
	Set      func(custody.Secret)       // changes it behind everybody's back; may be left out, for Journal
	Made     func() custody.Secret      // what the system made last, where Way.Makes
}

func (a *Account) open(t *testing.T, described custody.Target) rotation.Target {
	t.Helper()
	target, err := a.Open(described, a.Key)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// Want wants an error, or nil.
func Want(t *testing.T, what string, got, wanted error) {
	t.Helper()
	if !errors.Is(got, wanted) {
		t.Errorf("%s: %v, not %v", what, got, wanted)
	}
}

// WantWhy wants an error of which people are told this.
func WantWhy(t *testing.T, what string, got error, why rotation.Failure) {
	t.Helper()
	if got == nil || rotation.FailureOf(got) != why {
		t.Errorf("%s: %v, of which people are told %q, not %q", what, got, rotation.FailureOf(got), why)
	}
}

// WantUnknown wants an error that says nothing for certain.
func WantUnknown(t *testing.T, what string, got error) {
	t.Helper()
	for _, certain := range []error{
		nil, rotation.ErrRefused, rotation.ErrValue, rotation.ErrDeclined, rotation.ErrHostKey, rotation.ErrUnreachable,
	} {
		if errors.Is(got, certain) {
			t.Errorf("%s: %v, not an unknown outcome", what, got)
		}
	}
}

// WantClean wants an error, if there is one, to hold none of the texts and no secret.
func WantClean(t *testing.T, what string, err error, texts []string, secrets ...custody.Secret) {
	t.Helper()
	if err == nil {
		return
	}
	for _, text := range texts {
		if strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error holds %q: %v", what, text, err)
		}
	}
	for _, secret := range secrets {
		if form := servertest.Trace([]byte(err.Error()), secret); form != "" {
			t.Errorf("%s: the error holds a secret %s", what, form)
		}
	}
}
