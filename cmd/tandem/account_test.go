package main

import (
	"errors"
	"net"
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/vault"
)

// TestSecondCredentialOnTheSameAccount: an admin adds an account that is in custody
// already, under another name and spelled otherwise. It is refused, the holder's
// password goes on to open it, and once the first credential is retired the account
// may be taken again.
func TestSecondCredentialOnTheSameAccount(t *testing.T) {
	t.Parallel()
	d := startDemoFor(t, t.TempDir()+"/data")
	people := demoPlayers(t, d)
	admin := people["admin"]
	_, port, err := net.SplitHostPort(d.SSH)
	if err != nil {
		t.Fatal(err)
	}
	again := api.AddCredential{Name: "again", Primary: "tech-a", Backup: "tech-b", Reason: "again", Target: api.Target{
		Kind: "ssh", Account: play.Account, Settings: map[string]string{"host_key": d.HostKey, "own": "true"},
	}}
	for _, address := range []string{d.SSH, "[::ffff:127.0.0.1]:" + port, "127.0.0.1:0" + port} {
		again.Target.Address = address
		err := admin.Confirm(t.Context(), func(code api.Secret) error {
			again.TOTP = code
			_, err := admin.Server.AddCredential(t.Context(), again)
			return err
		})
		if problem, is := errors.AsType[*edge.Problem](err); !is || problem.Code != custody.AccountTaken || problem.Status != 409 {
			t.Errorf("%s: %v", address, err)
		}
	}
	password := testPlayer{people["tech-a"]}.checkOut(t)
	if seen, err := demo.LogIn(d.HostKey, d.SSH, play.Account, string(password)); seen != demo.LoggedIn(play.Account) {
		t.Errorf("the holder's password: %s, %v", seen, err)
	}
	if _, err := people["tech-a"].Server.CheckIn(t.Context(), play.Credential); err != nil {
		t.Fatal(err)
	}
	agreed(t, people, func(admin *client.Client, code api.Secret) (api.Proposal, error) {
		return admin.Retire(t.Context(), play.Credential, api.ConfirmedReason{Reason: "replaced", TOTP: code})
	})
	again.Secret = password
	agreed(t, people, func(admin *client.Client, code api.Secret) (api.Proposal, error) {
		again.TOTP = code
		return admin.AddCredential(t.Context(), again)
	})
	if c, err := admin.Server.Credential(t.Context(), again.Name); err != nil || c.Phase != custody.Rotating && c.Phase != custody.Held {
		t.Errorf("after retirement: %+v, %v", c, err)
	}
}

// TestOneAccountHoweverDescribed: which descriptions are of the same account.
func TestOneAccountHoweverDescribed(t *testing.T) {
	t.Parallel()
	c, err := openConnectors(config.Config{}, new(vault.Store))
	if err != nil {
		t.Fatal(err)
	}
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOvWdgivnXcxL0O92AwLpROOu7Lqpg+PA5DcNWQYHbW"
	target := func(kind, address, account string, settings ...string) custody.Target {
		t := custody.Target{Kind: kind, Address: address, Account: account, Settings: map[string]string{}}
		for i := 0; i < len(settings); i += 2 {
			t.Settings[settings[i]] = settings[i+1]
		}
		return t
	}
	identities := func(described custody.Target) []string {
		t.Helper()
		checked, err := c.checkTarget(described, custody.Secret{})
		if err != nil || len(checked.Identities) == 0 {
			t.Fatalf("%+v: %d names, %v", described, len(checked.Identities), err)
		}
		return checked.Identities
	}
	role := target("vault-database", "db01.example:5432", "app", "role", "app")
	for what, x := range map[string]struct {
		one, other custody.Target
		same       bool
	}{
		"ssh, spelled otherwise":   {target("ssh", "db01.example:22", "root", "host_key", key, "own", "true"), target("ssh", "DB01.example.:22", "root", "host_key", key, "own", "true"), true},
		"ssh, another account":     {target("ssh", "db01.example:22", "root", "host_key", key, "own", "true"), target("ssh", "db01.example:22", "Root", "host_key", key, "own", "true"), false},
		"a role in two databases":  {target("postgres", "db01.example:5432", "app", "database", "one"), target("postgres", "db01.example.:5432", "app", "database", "two"), true},
		"mysql, the usual host":    {target("mysql", "db01.example:3306", "app"), target("mysql", "db01.example:3306", "app", "host", "%"), true},
		"mysql, two hosts":         {target("mysql", "db01.example:3306", "app", "host", "10.0.0.1"), target("mysql", "db01.example:3306", "app", "host", "10.0.0.2"), false},
		"a DN, spelled otherwise":  {target("ldap", "dir.example:636", "uid=app,dc=example,dc=com", "tls", "ldaps"), target("ldap", "dir.example:636", "UID=App, DC=example, DC=com", "tls", "ldaps"), true},
		"by hand":                  {target("manual", "Core Switch", "admin"), target("manual", "core switch ", "admin"), true},
		"by hand and by a machine": {target("manual", "db01.example:22", "root", "probe", "ssh", "host_key", key), target("ssh", "db01.example:22", "root", "host_key", key, "own", "true"), true},
		"by hand, another account": {target("manual", "Core Switch", "admin"), target("manual", "Core Switch", "operator"), false},
		"one role of Vault's":      {role, target("vault-database", "db02.example:5432", "app2", "role", "app", "mount", "database"), true},
		"two roles, one account":   {role, target("vault-database", "DB01.example:5432", "app", "role", "other"), true},
		"two roles, two accounts":  {role, target("vault-database", "db01.example:5432", "app2", "role", "other"), false},
		"a role at another mount":  {role, target("vault-database", "db02.example:5432", "app", "role", "app", "mount", "team/database"), false},
		"by Vault and by ourselves": {
			target("vault-database", "db01.example:5432", "app", "role", "app", "probe", "postgres"), target("postgres", "db01.example:5432", "app"), true},
	} {
		one, other := identities(x.one), identities(x.other)
		same := slices.ContainsFunc(one, func(name string) bool { return slices.Contains(other, name) })
		if same != x.same {
			t.Errorf("%s: %q and %q", what, one, other)
		}
	}
}
