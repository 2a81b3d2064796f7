package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/mysql/mysqltest"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
)

// kind is one account on a real system of another kind than db01's.
type kind struct {
	add   api.AddCredential
	login func(custody.Secret) error // by a client that shares no code with Tandem
}

func kindsOf(t *testing.T, in *installation) map[string]kind {
	pg, maria, directory := postgrestest.Start(t), mysqltest.Start(t), ldaptest.Start(t)
	role, rolePassword := pg.AddAccount(t)
	user, userPassword := maria.AddAccount(t, mysqltest.Native)
	dn, dnPassword := directory.AddAccount(t)
	console, consolePassword := in.sshd.AddAccount(t)
	oneLine := func(pem string) string { return strings.ReplaceAll(strings.TrimSpace(pem), "\n", " ") }
	return map[string]kind{
		"pg01": {
			add: api.AddCredential{
				Target: api.Target{Kind: postgres.Kind, Address: pg.Addr, Account: role,
					Settings: map[string]string{"ca": oneLine(pg.CA), "admin": postgrestest.Admin}},
				Secret: api.Secret(rolePassword.Reveal()), AdminKey: api.Secret(pg.AdminPassword.Reveal()),
			},
			login: func(s custody.Secret) error { return pg.Login(role, s) },
		},
		"my01": {
			add: api.AddCredential{
				Target: api.Target{Kind: mysql.Kind, Address: maria.Addr, Account: user,
					Settings: map[string]string{"ca": oneLine(maria.CA), "admin": mysqltest.Admin}},
				Secret: api.Secret(userPassword.Reveal()), AdminKey: api.Secret(maria.AdminPassword.Reveal()),
			},
			login: func(s custody.Secret) error { return maria.Login(user, s) },
		},
		"ldap01": {
			add: api.AddCredential{
				Target: api.Target{Kind: ldap.Kind, Address: directory.Addr, Account: dn,
					Settings: map[string]string{"ca": oneLine(directory.CA), "admin": ldaptest.Admin}},
				Secret: api.Secret(dnPassword.Reveal()), AdminKey: api.Secret(directory.AdminPassword.Reveal()),
			},
			login: func(s custody.Secret) error { return directory.Login(t, dn, s) },
		},
		"sw01": {
			add: api.AddCredential{
				Target: api.Target{Kind: custody.Manual, Address: in.sshd.Addr, Account: console,
					Settings: map[string]string{"probe": "ssh", "host_key": in.sshd.HostKey}},
				Secret: api.Secret(consolePassword.Reveal()),
			},
			login: func(s custody.Secret) error {
				err := sshtest.Login(in.sshd.Addr, in.sshd.HostKey, console, s)
				return err
			},
		},
	}
}

// TestEveryKind: accounts on PostgreSQL, MariaDB, OpenLDAP and one that a person
// sets by hand come into custody, are refused where they cannot work, are handed
// out and changed, all at once in the end.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	ctx := t.Context()
	asks := func(account api.AddCredential) error {
		return in.as("admin", func(admin *client.Client, code api.Secret) error {
			account.Reason, account.TOTP = "new account", code
			_, err := admin.AddCredential(ctx, account)
			return err
		})
	}
	kinds := kindsOf(t, in)
	for name, k := range kinds {
		k.add.Name, k.add.Primary, k.add.Backup = name, "tech-a", "tech-b"
		wrong := k.add
		wrong.Target.Settings = map[string]string{"nonsense": "1"}
		wantCode(t, asks(wrong), custody.InvalidRequest)
		wrong = k.add
		wrong.Policy.Dependents = []string{"nobody"}
		wantCode(t, asks(wrong), custody.InvalidRequest)
		in.add(k.add)
		if name == "sw01" {
			in.setByHand(name, k)
		}
		in.waitHeldOf(name)
		in.onlyOpensWith(name, k, custody.SecretString(string(k.add.Secret)))
	}
	first := map[string]custody.Secret{}
	for name := range kinds {
		out, err := in.checkOutOf("tech-a", name)
		if err != nil {
			t.Fatal(err)
		}
		first[name] = custody.SecretString(string(out.Password))
	}
	in.must("manager", func(who *client.Client, code api.Secret) error {
		rotating, err := who.RotateAll(ctx, api.RotateAll{Reason: "somebody may have seen them", TOTP: code})
		if err == nil && len(rotating) != len(kinds)+1 {
			t.Errorf("%d of %d passwords are being changed", len(rotating), len(kinds)+1)
		}
		return err
	})
	in.setByHand("sw01", kinds["sw01"])
	for name, k := range kinds {
		in.waitHeldOf(name)
		in.onlyOpensWith(name, k, first[name])
	}
	in.verify()
}

// setByHand is what the successor does at a console.
func (in *installation) setByHand(name string, k kind) {
	in.t.Helper()
	in.waitFor(name+" to have a new password to set", func() bool {
		r := in.credentialOf(name).Rotation
		return r != nil && r.ByHand && r.Step == custody.StepStaged
	})
	wantCode(in.t, in.as("tech-b", func(who *client.Client, code api.Secret) error {
		_, err := who.NewPassword(in.t.Context(), name, code)
		return err
	}), custody.RotationPending)
	in.must("tech-a", func(who *client.Client, code api.Secret) error {
		shown, err := who.NewPassword(in.t.Context(), name, code)
		if err != nil {
			return err
		}
		if k.login(custody.SecretString(string(shown.Current))) != nil {
			in.t.Error("what is shown as the current password does not open the console")
		}
		in.sshd.SetPassword(in.t, k.add.Target.Account, custody.SecretString(string(shown.Next)))
		return nil
	})
	in.must("tech-a", func(who *client.Client, code api.Secret) error {
		_, err := who.ConfirmSet(in.t.Context(), name, code)
		return err
	})
}

// onlyOpensWith says that the password in custody opens the account, and the one
// before it does not any more.
func (in *installation) onlyOpensWith(name string, k kind, before custody.Secret) {
	in.t.Helper()
	out, err := in.checkOutOf("tech-a", name)
	if err != nil {
		in.t.Fatalf("%s: %v", name, err)
	}
	if err := k.login(custody.SecretString(string(out.Password))); err != nil {
		in.t.Errorf("%s: the password in custody does not open it: %v", name, err)
	}
	if k.login(before) == nil {
		in.t.Errorf("%s: the password from before still opens it", name)
	}
}

// TestDriftIsFoundAndRepaired: somebody changes the password on the host itself.
func TestDriftIsFoundAndRepaired(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "rotation: {verify_every: 3s}")
	in.waitFor("a verification", func() bool { return len(in.entries("verification.ended")) > 0 })
	theirs := custody.SecretString("what somebody set 1!")
	in.sshd.SetPassword(t, in.account, theirs)
	in.waitFor("the drift to be found", func() bool { return !in.credential().DriftedSince.IsZero() })
	found := in.entries("verification.ended")
	if last := found[len(found)-1]; last.Grade != string(custody.Serious) && !strings.Contains(string(last.Data), "refused") {
		t.Errorf("the entry is %s: %s", last.Grade, last.Data)
	}
	history, err := in.people["auditor"].Server.History(t.Context(), installed, desk.EntryQuery{})
	if err != nil || !slices.ContainsFunc(history, func(e api.Entry) bool { return e.Type == "verification.ended" }) {
		t.Errorf("the history of db01 has no verification: %v", err)
	}
	in.must("manager", func(who *client.Client, code api.Secret) error {
		_, err := who.Reconcile(t.Context(), installed, api.ConfirmedReason{Reason: "changed on the host", TOTP: code})
		return err
	})
	in.waitHeld()
	if c := in.credential(); !c.DriftedSince.IsZero() || c.Holder != "tech-a" {
		t.Errorf("after the repair: %+v", c)
	}
	out, err := in.checkOut("tech-a")
	if err != nil || !in.opens(out.Password) || in.opens(api.Secret(theirs.Reveal())) {
		t.Errorf("only the password in custody opens the host; %v", err)
	}
	// From now on by itself, where the policy says so.
	agreed(t, in.people, func(admin *client.Client, code api.Secret) (api.Proposal, error) {
		return admin.ProposePolicy(t.Context(), installed, api.ProposePolicy{Policy: api.Policy{AutoReconcile: true}, Reason: "at night too", TOTP: code})
	})
	version := in.credential().Version
	in.sshd.SetPassword(t, in.account, theirs)
	in.waitFor("the repair", func() bool { c := in.credential(); return c.Version > version && c.Phase == custody.Held })
	in.verify()
}

// entries gives the entries of one type, the oldest first.
func (in *installation) entries(of string) []api.Entry {
	in.t.Helper()
	entries, err := in.people["auditor"].Server.Entries(in.t.Context(), desk.EntryQuery{Type: of})
	if err != nil {
		in.t.Fatal(err)
	}
	return entries
}
