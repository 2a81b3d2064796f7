package vaultrole_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
	"github.com/tandem-custody/tandem/custody/rotation/vaultrole"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// world is a real Vault with one of its engines on a real system, and Tandem's
// own log-in to it, which has the rights of vault.PolicyHCL and no others.
type world struct {
	vault   *vaulttest.Server
	root    *api.Client
	store   *vault.Store
	opener  rotation.Opener
	account string         // on the system
	first   custody.Secret // its password before Vault got the role
	target  custody.Target
	login   func(custody.Secret) error // on the system, by its own client
	stop    func()                     // the system
	start   func()
}

var probes = []rotation.Connector{ldap.Connector, postgres.Connector}

const role = "team/app"

var (
	want    = targettest.Want
	unknown = targettest.WantUnknown
)

// onLDAP has the role of an account in a directory, whose second account is Vault's.
func onLDAP(t *testing.T, directory *ldaptest.Server, server *vaulttest.Server) *world {
	t.Helper()
	w := newWorld(t, server, vaulttest.OpenLDAP)
	w.account, w.first = directory.AddAccount(t)
	w.write(t, "ldap/config", map[string]any{
		"url": "ldap://" + directory.Addr, "schema": "openldap",
		"binddn": ldaptest.Admin, "bindpass": directory.AdminPassword.Reveal(),
	})
	w.addRole(t, w.account)
	w.target = custody.Target{
		Kind: vaultrole.KindLDAP, Address: directory.Addr, Account: w.account,
		Settings: map[string]string{"role": role, "probe": "ldap", "probe.ca": directory.CA},
	}
	w.login = func(secret custody.Secret) error { return directory.Login(t, w.account, secret) }
	w.stop, w.start = directory.Stop, directory.Start
	return w
}

func (w *world) addRole(t *testing.T, dn string) {
	t.Helper()
	w.write(t, "ldap/static-role/"+role, map[string]any{"dn": dn, "username": dn, "rotation_period": "87600h"})
}

// onPostgres has the role of an account in a database.
func onPostgres(t *testing.T, database *postgrestest.Server, server *vaulttest.Server) *world {
	t.Helper()
	w := newWorld(t, server, vaulttest.PostgreSQL)
	w.account, w.first = database.AddAccount(t)
	w.write(t, "database/config/pg", map[string]any{
		"plugin_name": vaulttest.PostgreSQL.Name, "allowed_roles": "*", "password_authentication": "scram-sha-256",
		"connection_url": fmt.Sprintf("postgresql://{{username}}:{{password}}@%s/postgres?sslmode=require", database.Addr),
		"username":       postgrestest.Admin, "password": database.AdminPassword.Reveal(),
	})
	w.write(t, "database/static-roles/app", map[string]any{
		"db_name": "pg", "username": w.account, "rotation_period": "87600h",
	})
	w.target = custody.Target{
		Kind: vaultrole.KindDatabase, Address: database.Addr, Account: w.account,
		Settings: map[string]string{"role": "app", "probe": "postgres", "probe.ca": strings.ReplaceAll(database.CA, "\n", " ")},
	}
	w.login = func(secret custody.Secret) error { return database.Login(w.account, secret) }
	w.stop, w.start = database.Stop, database.Start
	return w
}

func newWorld(t *testing.T, server *vaulttest.Server, plugin vaulttest.Plugin) *world {
	t.Helper()
	w := &world{vault: server, root: server.Client(t)}
	server.Register(t, plugin)
	mount, kind := "ldap", plugin.Name
	if plugin == vaulttest.PostgreSQL {
		mount, kind = "database", "database"
	}
	if err := w.root.Sys().MountWithContext(t.Context(), mount, &api.MountInput{Type: kind}); err != nil {
		t.Fatal(err)
	}
	names := vault.DefaultNames()
	names.LDAP, names.Database = "ldap", "database"
	report, err := vault.Setup(t.Context(), w.root, names)
	if err != nil {
		t.Fatal(err)
	}
	id, err := vault.NewSecretID(t.Context(), w.root, names, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secret_id")
	if err := os.WriteFile(file, id.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	w.store, err = vault.Open(t.Context(), vault.Config{
		Address: server.Address, CAFile: server.CAFile, Names: names,
		AppRole: &vault.AppRole{RoleID: report.RoleID, SecretIDFile: file},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	if findings := w.store.Check(t.Context()); len(findings) > 0 {
		t.Fatalf("Tandem's rights in Vault: %v", findings)
	}
	w.opener = vaultrole.Opener(w.store.Engines(), probes)
	return w
}

// write writes to Vault as its root.
func (w *world) write(t *testing.T, path string, fields map[string]any) {
	t.Helper()
	if _, err := w.root.Logical().WriteWithContext(t.Context(), path, fields); err != nil {
		t.Fatal(err)
	}
}

func (w *world) open(t *testing.T) rotation.Maker {
	t.Helper()
	target, err := w.opener(w.target, custody.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	maker, makes := target.(rotation.Maker)
	if !makes {
		t.Fatal("it does not make the passwords")
	}
	return maker
}
