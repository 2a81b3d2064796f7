package config

import (
	"reflect"
	"testing"
)

// TestEveryFileWithASecretIsNamed: those in lists and the private keys too, and no others.
func TestEveryFileWithASecretIsNamed(t *testing.T) {
	c := Default()
	c.TLS = TLS{Cert: "/c", Key: "/k"}
	c.DatabasePasswordFile = "/database"
	c.Embedded.KeyFile = "/embedded"
	c.Vault.Auth.RoleIDFile, c.Vault.Auth.SecretIDFile = "/role", "/secret-id"
	c.Dependents = []Dependent{{Name: "a", CA: "/ca"}, {Name: "b", TokenFile: "/token"}}
	c.Ledger.Stream.Key = "/stream"
	got := map[string]string{}
	for _, f := range c.SecretFiles() {
		got[f.Key] = f.Path
	}
	want := map[string]string{
		"tls.key": "/k", "database_password_file": "/database", "embedded.key_file": "/embedded", "vault.auth.secret_id_file": "/secret-id",
		"dependents[1].token_file": "/token", "ledger.stream.key": "/stream",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("named %v, not %v", got, want)
	}
}
