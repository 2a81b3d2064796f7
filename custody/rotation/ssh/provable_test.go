package ssh_test

import (
	"errors"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// A host that takes no passwords from the account: nothing is changed there, since it
// could not be proved. No log-in is tried for that.
func TestNothingIsChangedThatCouldNotBeProved(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, "LogLevel VERBOSE", "PasswordAuthentication no\nKbdInteractiveAuthentication no")
	a := byRoot(server).Add(t)
	account := a.Describe().Account
	before := server.Shadow(t, account)
	c := targettest.TakeOver(t, a)
	c.Work("", targettest.Failed(rotation.PasswordOff))
	if server.Shadow(t, account) != before {
		t.Error("the password was changed all the same")
	}
	if n := system(server).Refused(account); n != 0 {
		t.Errorf("%d log-ins were refused", n)
	}
	credential, err := c.Desk.Credential(t.Context(), "an-account")
	if err != nil || !credential.Cancellable() {
		t.Errorf("it cannot be called off: %v", err)
	}

	open := sshtest.Start(t)
	name, _ := open.AddAccount(t)
	for what, described := range map[string]custody.Target{"takes passwords": describe(open, name), "nobody there": describe(open, "tandem-test-nobody")} {
		if err := openAt(t, open, described).Provable(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	open.Stop()
	if err := openAt(t, open, describe(open, name)).Provable(t.Context()); err != nil && !errors.Is(err, rotation.ErrUnreachable) {
		t.Errorf("down: %v", err)
	}
}

func openAt(t *testing.T, s *sshtest.Server, described custody.Target) rotation.Prover {
	t.Helper()
	return open(t, s, described).(rotation.Prover)
}
