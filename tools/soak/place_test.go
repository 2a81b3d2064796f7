package soak

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/manual"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/mysql/mysqltest"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/vaultrole"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// place is an account on a real server, in one of the ways in which Tandem can
// change its password.
type place struct {
	name     string
	target   custody.Target
	password custody.Secret // what opens it at first
	key      custody.Secret // of its administration
	vault    *vaultSpec     // where secrets are; nil: embedded
	unproved bool           // Tandem cannot log in there: what it says is attested

	// opens says whether a value opens the account: nil if it does. What is
	// asked shares nothing with Tandem.
	opens func(custody.Secret) error

	// set is what a person does by hand; nil where nobody does.
	set func(custody.Secret)

	// made is what the system that makes the values made last; nil where
	// Tandem makes them.
	made func() custody.Secret

	// traces is all that the server wrote, by where: files, and folders of them.
	traces func() map[string][]byte

	// plant gets a text into what the server writes, as a leak would.
	plant func(text string)
}

// places are all of them by the servers that they need, each to be called in a
// test of its own: it starts the servers.
var places = map[string]func(*testing.T) []*place{
	"ssh": onSSH, "postgres": onPostgres, "mysql": onMySQL, "ldap": onLDAP, "vault": onVault,
}

func onSSH(t *testing.T) []*place {
	s := sshtest.Start(t, "LogLevel DEBUG1")
	account := func(name string, settings ...string) *place {
		p := &place{name: name, key: s.AdminKey}
		var account string
		account, p.password = s.AddAccount(t)
		home := s.GiveHome(t, account)
		p.target = custody.Target{
			Kind: ssh.Kind, Address: s.Addr, Account: account, Settings: map[string]string{"host_key": s.HostKey},
		}
		for i := 0; i < len(settings); i += 2 {
			p.target.Settings[settings[i]] = settings[i+1]
		}
		p.opens = func(secret custody.Secret) error { return sshtest.Login(s.Addr, s.HostKey, account, secret) }
		p.traces = func() map[string][]byte {
			found := map[string][]byte{"sshd's log": s.Log()}
			collect(t, home, found) // a shell's history
			return found
		}
		p.plant = func(text string) { // a password that somebody types where the name goes
			_ = sshtest.Login(s.Addr, s.HostKey, text, custody.SecretString("none"))
		}
		return p
	}
	root := account("ssh-root")
	sudo := account("ssh-sudo", "admin", s.AddSudoAdmin(t), "sudo", "true")
	own := account("ssh-own", "own", "true")
	own.key = custody.Secret{}
	inVault, v := account("ssh-in-vault"), startVault(t)
	inVault.vault, inVault.traces = v.spec(t), both(inVault.traces, v.traces)

	byHand := account("manual-ssh", "probe", ssh.Kind)
	unproved := account("manual")
	for _, p := range []*place{byHand, unproved} {
		account := p.target.Account
		p.target.Kind, p.key = manual.Kind, custody.Secret{}
		p.set = func(secret custody.Secret) { s.SetPassword(t, account, secret) }
	}
	unproved.target.Settings, unproved.unproved = nil, true
	return []*place{root, sudo, own, inVault, byHand, unproved}
}

func onPostgres(t *testing.T) []*place {
	s := postgrestest.Start(t)
	var all []*place
	for name, admin := range map[string]string{"postgres-admin": postgrestest.Admin, "postgres-own": ""} {
		account, password := s.AddAccount(t)
		p := &place{name: name, password: password}
		p.target = custody.Target{
			Kind: postgres.Kind, Address: s.Addr, Account: account, Settings: map[string]string{"ca": onOneLine(s.CA)},
		}
		if admin != "" {
			p.target.Settings["admin"], p.key = admin, s.AdminPassword
		}
		p.opens = func(secret custody.Secret) error { return s.Login(account, secret) }
		p.traces = func() map[string][]byte { return collected(t, s.Dir) }
		p.plant = func(text string) { s.SQL(fmt.Sprintf("SELECT '%s'", text)) }
		all = append(all, p)
	}
	return all
}

func onMySQL(t *testing.T) []*place {
	s := mysqltest.Start(t)
	var all []*place
	for name, how := range map[string]struct{ admin, plugin string }{
		"mysql-admin": {mysqltest.Admin, mysqltest.Ed25519}, "mysql-own": {"", mysqltest.Native},
	} {
		account, password := s.AddAccount(t, how.plugin)
		p := &place{name: name, password: password}
		p.target = custody.Target{
			Kind: mysql.Kind, Address: s.Addr, Account: account, Settings: map[string]string{"ca": onOneLine(s.CA)},
		}
		if how.admin != "" {
			p.target.Settings["admin"], p.key = how.admin, s.AdminPassword
		}
		p.opens = func(secret custody.Secret) error { return s.Login(account, secret) }
		p.traces = func() map[string][]byte { return collected(t, s.Dir) }
		p.plant = func(text string) { s.SQL(fmt.Sprintf("SELECT '%s'", text)) }
		all = append(all, p)
	}
	return all
}

func onLDAP(t *testing.T) []*place {
	s := ldaptest.Start(t)
	account := func(name string, settings ...string) *place {
		account, password := s.AddAccount(t)
		p := &place{name: name, password: password}
		p.target = custody.Target{Kind: ldap.Kind, Address: s.Addr, Account: account, Settings: map[string]string{"ca": s.CA}}
		for i := 0; i < len(settings); i += 2 {
			p.target.Settings[settings[i]] = settings[i+1]
		}
		if p.target.Settings["admin"] != "" {
			p.key = s.AdminPassword
		}
		inDirectory(t, p, s)
		return p
	}
	return []*place{
		account("ldap-admin", "admin", ldaptest.Admin), account("ldap-own"),
		account("ldap-hash", "admin", ldaptest.Admin, "method", "userPassword"),
	}
}

func inDirectory(t *testing.T, p *place, s *ldaptest.Server) {
	account := p.target.Account
	p.opens = func(secret custody.Secret) error { return s.Login(t, account, secret) }
	p.traces = func() map[string][]byte { return map[string][]byte{"slapd's log": s.Log()} }
	p.plant = func(text string) { _ = s.Login(t, "uid="+text+","+ldaptest.People, custody.SecretString("none")) }
}

func onVault(t *testing.T) []*place {
	directory, database, v := ldaptest.Start(t), postgrestest.Start(t), startVault(t)
	behindLDAP, behindPostgres := &place{name: "vault-ldap"}, &place{name: "vault-database"}
	all := []*place{behindLDAP, behindPostgres}

	var dn, user string
	dn, behindLDAP.password = directory.AddAccount(t)
	v.write("ldap/config", map[string]any{
		"url": "ldap://" + directory.Addr, "schema": "openldap",
		"binddn": ldaptest.Admin, "bindpass": directory.AdminPassword.Reveal(),
	})
	v.write("ldap/static-role/app", map[string]any{"dn": dn, "username": dn, "rotation_period": "87600h"})
	behindLDAP.target = custody.Target{
		Kind: vaultrole.KindLDAP, Address: directory.Addr, Account: dn,
		Settings: map[string]string{"role": "app", "probe": ldap.Kind, "probe.ca": directory.CA},
	}
	inDirectory(t, behindLDAP, directory)
	behindLDAP.made = func() custody.Secret { return v.read("ldap/static-cred/app") }

	user, behindPostgres.password = database.AddAccount(t)
	v.write("database/config/pg", map[string]any{
		"plugin_name": vaulttest.PostgreSQL.Name, "allowed_roles": "*", "password_authentication": "scram-sha-256",
		"connection_url": fmt.Sprintf("postgresql://{{username}}:{{password}}@%s/postgres?sslmode=require", database.Addr),
		"username":       postgrestest.Admin, "password": database.AdminPassword.Reveal(),
	})
	v.write("database/static-roles/app", map[string]any{"db_name": "pg", "username": user, "rotation_period": "87600h"})
	behindPostgres.target = custody.Target{
		Kind: vaultrole.KindDatabase, Address: database.Addr, Account: user,
		Settings: map[string]string{"role": "app", "probe": postgres.Kind, "probe.ca": onOneLine(database.CA)},
	}
	behindPostgres.opens = func(secret custody.Secret) error { return database.Login(user, secret) }
	behindPostgres.traces = func() map[string][]byte { return collected(t, database.Dir) }
	behindPostgres.plant = func(text string) { database.SQL(fmt.Sprintf("SELECT '%s'", text)) }
	behindPostgres.made = func() custody.Secret { return v.read("database/static-creds/app") }

	for _, p := range all {
		p.vault, p.password = v.spec(t), p.made() // Vault has changed it
		p.traces = both(p.traces, v.traces)
	}
	return all
}

// vaultServer is a real Vault in which Tandem has what it needs, and no more.
type vaultServer struct {
	*vaulttest.Server
	t     *testing.T
	root  *api.Client
	audit string // file
	names vault.Names

	installations atomic.Int32 // that it has room for: each knows its own
}

func startVault(t *testing.T) *vaultServer {
	v := &vaultServer{Server: vaulttest.StartDev(t), t: t, names: vault.DefaultNames()}
	v.root, v.audit = v.Client(t), v.EnableFileAudit(t)
	v.names.LDAP, v.names.Database = "ldap", "database"
	v.Register(t, vaulttest.OpenLDAP)
	v.Register(t, vaulttest.PostgreSQL)
	for mount, engine := range map[string]string{"ldap": vaulttest.OpenLDAP.Name, "database": "database"} {
		if err := v.root.Sys().MountWithContext(t.Context(), mount, &api.MountInput{Type: engine}); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// spec gives room for one more installation, and a log-in of its own.
func (v *vaultServer) spec(t *testing.T) *vaultSpec {
	t.Helper()
	names, n := v.names, v.installations.Add(1)
	names.Mount = fmt.Sprintf("%s-%d", names.Mount, n)
	names.Policy = fmt.Sprintf("%s-%d", names.Policy, n)
	names.Role = fmt.Sprintf("%s-%d", names.Role, n)
	report, err := vault.Setup(t.Context(), v.root, names)
	if err != nil {
		t.Fatal(err)
	}
	id, err := vault.NewSecretID(t.Context(), v.root, names, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secret_id")
	if err := os.WriteFile(file, id.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return &vaultSpec{Address: v.Address, CAFile: v.CAFile, RoleID: report.RoleID, SecretIDFile: file, Names: names}
}

func (v *vaultServer) write(path string, fields map[string]any) {
	v.t.Helper()
	if _, err := v.root.Logical().Write(path, fields); err != nil {
		v.t.Fatal(err)
	}
}

func (v *vaultServer) read(path string) custody.Secret {
	v.t.Helper()
	got, err := v.root.Logical().Read(path)
	if err != nil {
		v.t.Fatal(err)
	}
	password, _ := got.Data["password"].(string)
	return custody.SecretString(password)
}

func (v *vaultServer) traces() map[string][]byte {
	found := map[string][]byte{}
	for _, file := range []string{v.LogFile, v.audit} {
		text, err := os.ReadFile(file)
		if err != nil {
			v.t.Fatal(err)
		}
		found[filepath.Base(file)] = text
	}
	return found
}

func both(one, other func() map[string][]byte) func() map[string][]byte {
	return func() map[string][]byte {
		found := one()
		maps.Copy(found, other())
		return found
	}
}

// onOneLine is for settings, which have no line breaks.
func onOneLine(pem string) string { return strings.ReplaceAll(pem, "\n", " ") }
