package custody

import "testing"

// TestSecondCredentialOnTheSameAccount: with two, the one's new password would make
// the other's wrong. It is refused, and a ledger with it does not verify, until the
// first is retired.
func TestSecondCredentialOnTheSameAccount(t *testing.T) {
	spelled := func(name string, identities ...string) AddCredential {
		a := server(name, "ann", "ben")
		a.Target.Identities = called(identities...)
		return a
	}
	for what, x := range map[string]struct {
		first, second AddCredential
		taken         bool
	}{
		"as it stands":         {server("one", "ann", "ben"), func() AddCredential { a := server("one", "ann", "ben"); a.Name = "two"; return a }(), true},
		"another account":      {server("one", "ann", "ben"), server("two", "ann", "ben"), false},
		"another spelling":     {spelled("one", "ssh root@host:22"), spelled("two", "ssh root@host:22"), true},
		"one of several names": {spelled("one", "a", "b"), spelled("two", "c", "b"), true},
		"no name in common":    {spelled("one", "a", "b"), spelled("two", "c", "d"), false},
		"once more":            {server("one", "ann", "ben"), spelled("two", "root@one.example.org:22"), true},
	} {
		o := newOffice(t)
		o.addServer(x.first)
		if !x.taken {
			o.does(System, x.second)
			continue
		}
		if _, err := o.do(System, x.second); CodeOf(err) != AccountTaken {
			t.Errorf("%s: %v", what, err)
		}
		// A ledger in which it stands all the same.
		forged := o.forge(System, CredentialAdded{
			Credential: "two", Target: x.second.Target, Primary: "ann", Backup: "ben", Successor: "ann",
		})
		bad := clone(o.state)
		if err := CheckEvent(bad, forged); !violation(err, "I7", "in custody as one") {
			t.Errorf("%s: an auditor sees %v", what, err)
		}
		Apply(bad, forged)
		if err := Check(bad); err == nil {
			t.Errorf("%s: nothing is wrong with the state", what)
		}
		// Once the first is retired the account is free.
		o.does("ada", Retire{"one"})
		o.addServer(x.second)
	}
}

// TestTheLedgerVerifiesAfterAMistypedCode: whoever proposes an account with a wrong code is
// refused for that, and whoever carries the refused command out again finds the same.
func TestTheLedgerVerifiesAfterAMistypedCode(t *testing.T) {
	for _, a := range []Proposable{server("db09", "ann", "ben"), moved()} {
		o := newOffice(t)
		c := o.with("ada", needed(a))
		c.Proof.Steps = nil
		if _, err := o.run(c); CodeOf(err) != TOTPInvalid {
			t.Errorf("%s: %v", a.Verb(), err)
		}
	}
}

// TestNoAccountIsWithoutAnIdentity, also not by the mark of what was refused.
func TestNoAccountIsWithoutAnIdentity(t *testing.T) {
	o := newOffice(t)
	f := CredentialAdded{Credential: "db09", Target: server("db09", "", "").Target, Primary: "ann", Backup: "ben", Successor: "ann", Deadline: epoch}
	for _, identities := range [][]string{nil, {absent}, {"x"}} {
		f.Target.Identities = identities
		if err := CheckEvent(o.state, o.forge(System, f)); !violation(err, "I7", "which it is") {
			t.Errorf("%q: %v", identities, err)
		}
	}
}
