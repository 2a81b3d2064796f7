package vaultrole_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
	"github.com/tandem-custody/tandem/custody/rotation/vaultrole"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// add gives the account of the role, of which there is one, with a password that
// Vault made.
func (w *world) add(t *testing.T) *targettest.Account {
	t.Helper()
	password, err := w.open(t).Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	creds := map[string]string{vaultrole.KindLDAP: "ldap/static-cred/", vaultrole.KindDatabase: "database/static-creds/"}
	return &targettest.Account{
		Password: password, Open: w.opener, Login: w.login,
		Describe: func() custody.Target { return w.target },
		Made: func() custody.Secret {
			kept, err := w.root.Logical().ReadWithContext(t.Context(), creds[w.target.Kind]+w.target.Settings["role"])
			if err != nil {
				t.Fatal(err)
			}
			made, _ := kept.Data["password"].(string)
			return custody.SecretString(made)
		},
	}
}

func TestJournal(t *testing.T) {
	for kind, world := range map[string]func(*testing.T) *world{
		vaultrole.KindLDAP: func(t *testing.T) *world { return onLDAP(t, ldaptest.Start(t), vaulttest.StartDev(t)) },
		vaultrole.KindDatabase: func(t *testing.T) *world {
			return onPostgres(t, postgrestest.Start(t), vaulttest.StartDev(t))
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			way := targettest.Way{Name: "by Vault", Add: world(t).add, Makes: true}
			targettest.Journal(t, targettest.System{Ways: []targettest.Way{way}})
		})
	}
}

func TestRotationOutlastsVault(t *testing.T) {
	t.Parallel()
	w := onLDAP(t, ldaptest.Start(t), vaulttest.StartPersistent(t))
	c := targettest.TakeOver(t, w.add(t))
	w.vault.Kill()
	c.Work("", targettest.Failed(rotation.Unreachable))
	w.vault.Start()
	w.vault.Unseal()
	c.Work("", targettest.Held)
	c.Settled(1)
}
