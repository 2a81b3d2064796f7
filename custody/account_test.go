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
