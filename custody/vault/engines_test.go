package vault_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// The database engine without a database stands for all engines here: what is
// looked at is how Vault's answers come through.
func prepareEngine(t *testing.T, server *vaulttest.Server) prepared {
	t.Helper()
	p := prepare(t, server)
	p.config.Names.Database = "team/database"
	if _, err := vault.Setup(t.Context(), p.root, p.config.Names); err != nil {
		t.Fatal(err)
	}
	if err := p.root.Sys().MountWithContext(t.Context(), "team/database", &api.MountInput{Type: "database"}); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEngines(t *testing.T) {
	p := prepareEngine(t, vaulttest.StartPersistent(t))
	engines, ctx := p.open(t).Engines(), t.Context()
	want := func(what string, err error, status int, unavailable bool) {
		t.Helper()
		answer, answered := errors.AsType[interface {
			error
			Status() int
		}](err)
		if answered != (status != 0) || answered && answer.Status() != status {
			t.Errorf("%s: %v, not the status %d", what, err, status)
		}
		if errors.Is(err, desk.ErrSecretsUnavailable) != unavailable {
			t.Errorf("%s: %v, unavailable should be %t", what, err, unavailable)
		}
	}
	_, err := engines.Read(ctx, "team/database/static-creds/none")
	want("read of a role that is not there", err, http.StatusBadRequest, false)
	_, err = engines.Write(ctx, "team/database/rotate-role/none", nil)
	want("rotation of a role that is not there", err, http.StatusBadRequest, false)
	_, err = engines.Write(ctx, "team/database/rotate-root/none", nil)
	want("what Tandem may not", err, http.StatusForbidden, false)
	// Of a log-in that is refused nothing is an answer to what was asked.
	file := p.config.AppRole.SecretIDFile
	writeFile(t, file, "no-such-secret-id")
	_, err = p.open(t).Engines().Write(ctx, "team/database/rotate-role/none", nil)
	if !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("not logged in: %v", err)
	}
	p.Seal()
	_, err = engines.Write(ctx, "team/database/rotate-role/none", nil)
	want("sealed", err, http.StatusServiceUnavailable, true)
	p.Stop()
	// The connection may still look open, and what is written to it lost: that
	// outcome is unknown. There is none after it.
	if _, err := engines.Write(ctx, "team/database/rotate-role/none", nil); err == nil {
		t.Error("written to a Vault that is stopped")
	}
	_, err = engines.Write(ctx, "team/database/rotate-role/none", nil)
	want("stopped", err, 0, true)
}

func TestPolicyAllowsNothingElseOfEngines(t *testing.T) {
	p := prepareEngine(t, vaulttest.StartDev(t))
	if findings := vault.Check(t.Context(), tandemClient(t, p), p.config.Names); len(findings) > 0 {
		t.Errorf("findings: %v", findings)
	}
	client := tandemClient(t, p)
	for _, path := range []string{
		"team/database/config/pg", "team/database/static-roles/app", "team/database/creds/app", "team/database/roles/app", "team/database/static-creds",
	} {
		_, err := client.Logical().ReadWithContext(t.Context(), path)
		if answer, ok := errors.AsType[*api.ResponseError](err); !ok || answer.StatusCode != http.StatusForbidden {
			t.Errorf("read of %s: %v, want 403", path, err)
		}
		_, err = client.Logical().WriteWithContext(t.Context(), path, map[string]any{"a": "b"})
		if answer, ok := errors.AsType[*api.ResponseError](err); !ok || answer.StatusCode != http.StatusForbidden {
			t.Errorf("write to %s: %v, want 403", path, err)
		}
	}
	// Without a mount that is named there are no rights.
	if hcl := vault.PolicyHCL(vault.DefaultNames()); strings.Contains(hcl, "rotate-role") {
		t.Errorf("rights in engines that nobody named:\n%s", hcl)
	}
	names := vault.DefaultNames()
	names.LDAP = "ldap/../sys"
	if _, err := vault.Setup(t.Context(), p.root, names); err == nil {
		t.Error("a mount that climbs was taken")
	}
}
