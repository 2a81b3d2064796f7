package postgres_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// A PgBouncer that keeps passwords of its own would go on with the old one: by way of it
// nothing is changed, and a log-in that it lets in proves nothing.
func TestAPoolerKeepsPasswordsOfItsOwn(t *testing.T) {
	server := postgrestest.Start(t)
	account, password := server.AddAccount(t)
	pooler := server.StartPooler(t, map[string]custody.Secret{account: password})
	through := func(described custody.Target) custody.Target {
		described.Address = pooler.Addr
		described.Settings["tls"] = "off"
		delete(described.Settings, "ca")
		return described
	}
	for by, described := range map[string]custody.Target{"by the admin": describe(server, account), "by itself": alone(server, account)} {
		target := open(t, server, through(described))
		err := target.Change(t.Context(), password, servertest.NewPassword())
		targettest.WantWhy(t, by, err, rotation.Pooler)
		want(t, by, err, rotation.ErrUnreachable) // as of what was not asked
		want(t, by+": the password", server.Login(account, password), nil)
	}
	target := open(t, server, through(describe(server, account)))
	err := target.Verify(t.Context(), password)
	targettest.WantWhy(t, "the password, by way of it", err, rotation.Pooler)
	wantUnknown(t, "the password, by way of it", err)

	// What would have come of it: the pooler lets the old one in, and not the new one.
	next := servertest.NewPassword()
	direct := open(t, server, describe(server, account))
	want(t, "a change at the server", direct.Change(t.Context(), custody.Secret{}, next), nil)
	want(t, "the new one at the server", direct.Verify(t.Context(), next), nil)
	if pooler.Login(account, next) == nil {
		t.Error("the pooler knows the new password: this test shows nothing")
	}
	targettest.WantWhy(t, "the new one, by way of the pooler", target.Verify(t.Context(), next), rotation.Pooler)

	c := targettest.TakeOver(t, &targettest.Account{
		Password: next, Open: postgres.Open, Key: server.AdminPassword,
		Describe: func() custody.Target { return through(describe(server, account)) },
	})
	c.Work("", targettest.Failed(rotation.Pooler))
	want(t, "the password after that", server.Login(account, next), nil)
	if credential, err := c.Desk.Credential(t.Context(), "an-account"); err != nil || !credential.Cancellable() {
		t.Errorf("it cannot be called off: %v", err)
	}
}
