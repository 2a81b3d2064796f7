package vaulttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/vault/api"
)

// Plugin is one that tools/vault/plugins.sh builds.
type Plugin struct {
	Name string // in Vault's catalogue
	kind api.PluginType
	file string // in the cache
}

// The plug-ins, which the minimal Vault does not have built in.
var (
	OpenLDAP   = Plugin{"openldap", api.PluginTypeSecrets, "openldap-0.17.0"}
	PostgreSQL = Plugin{"postgresql-database-plugin", api.PluginTypeDatabase, "postgresql-database-plugin-1.21.4"}
)

// Register puts a plug-in into the server's catalogue, so that an engine can be made with its name. Where it was not
// built the test is skipped, or fails if TANDEM_TEST_ALL is "1".
func (s *Server) Register(t testing.TB, p Plugin) {
	t.Helper()
	program, err := os.ReadFile(filepath.Join(cache(), "vault-plugins", p.file))
	if err != nil {
		missing := "Vault's plug-in " + p.file + " is not built; `make test` builds it"
		if os.Getenv("TANDEM_TEST_ALL") == "1" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	// Vault runs nothing that is elsewhere, or reached by a link.
	if err := os.WriteFile(filepath.Join(s.plugins(), p.file), program, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	sum := sha256.Sum256(program)
	if err := s.client.Sys().RegisterPluginWithContext(ctx, &api.RegisterPluginInput{
		Name: p.Name, Type: p.kind, Command: p.file, SHA256: hex.EncodeToString(sum[:]),
	}); err != nil {
		t.Fatalf("register Vault's plug-in %s: %v", p.Name, err)
	}
}

// plugins is the only folder that Vault runs plug-ins from.
func (s *Server) plugins() string { return filepath.Join(s.dir, "plugins") }
