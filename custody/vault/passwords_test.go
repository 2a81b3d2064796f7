package vault_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/secretstest"
	"github.com/tandem-custody/tandem/custody/password"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

func TestSetupWritesThePasswordPolicies(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	want := map[string]password.Policy{"tandem": password.Default()}
	for name, policy := range secretstest.Policies {
		want["tandem-"+name] = policy
	}
	for name, policy := range want {
		got, err := p.root.Logical().ReadWithContext(t.Context(), "sys/policies/password/"+name)
		if err != nil || got.Data["policy"] != policy.HCL() {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// Somebody who may change a password policy in Vault must not decide what
// Tandem takes for a password.
func TestWeakenedPasswordPolicy(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	s := p.open(t)
	for text, why := range map[string]string{
		"length = 7\n" + threeClasses:                                      "shorter than 8 characters",
		"length = 12\nrule \"charset\" {\n  charset = \"abcdef\"\n}\n":     "without a digit",
		"length = 12\nrule \"charset\" {\n  charset = \"012345\"\n}\n":     "without a letter",
		"length = 12\nrule \"charset\" {\n  charset = \"密码\"\n}\n":         "without a digit",
		strings.Replace("length = 12\n"+threeClasses, `"-._"`, `"xyz"`, 1): "without a special character",
	} {
		for name, path := range map[string]string{"": "sys/policies/password/tandem", "network": "sys/policies/password/tandem-network"} {
			p.do(t, path, map[string]any{"policy": text})
			made, err := s.Generate(t.Context(), name)
			if want := path + " in Vault makes a password " + why; !errors.Is(err, desk.ErrSecretsUnavailable) || !made.IsZero() || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("policy %q: %v, want %s", name, err, want)
			}
		}
		if findings := s.Check(t.Context()); len(findings) != 4 {
			t.Errorf("findings %v, want what is wrong with both policies and what comes of them", findings)
		}
	}
}

const threeClasses = `
rule "charset" {
  charset   = "abcdefghijklmnopqrstuvwxyz"
  min-chars = 1
}
rule "charset" {
  charset   = "0123456789"
  min-chars = 1
}
rule "charset" {
  charset   = "-._"
  min-chars = 1
}
`

func TestCheckOfPasswordPolicies(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	s := p.open(t)
	const network = "sys/policies/password/tandem-network"
	want := func(words ...string) {
		t.Helper()
		findings := s.Check(t.Context())
		if len(findings) != len(words) {
			t.Errorf("findings %v, want %d", findings, len(words))
			return
		}
		for i, word := range words {
			if !strings.Contains(findings[i].String(), word) {
				t.Errorf("finding %q, want %q in it", findings[i], word)
			}
		}
	}
	want()

	// The clause is kept by chance only: the passwords alone would hardly show it.
	p.do(t, network, map[string]any{"policy": "length = 100\nrule \"charset\" {\n  charset = \"abcdef01234567890-._\"\n}\n"})
	want(network + ": does not keep the company's clause on passwords: policy:1,1-1: a password could be without a digit")

	p.do(t, network, map[string]any{"policy": "length = 20\n" + threeClasses})
	want(network + ": is not the policy of the configuration")

	p.do(t, "sys/policies/password/tandem", map[string]any{"policy": "length = 20\n" + threeClasses})
	want(network + ": is not the policy of the configuration") // the general one may be the operator's

	if _, err := p.root.Logical().DeleteWithContext(t.Context(), network); err != nil {
		t.Fatal(err)
	}
	want(network + ": Vault answered 404: 1 error occurred: * policy does not exist")
	if _, err := s.Generate(t.Context(), "network"); !errors.Is(err, desk.ErrSecretsUnavailable) || errors.Is(err, desk.ErrNoPolicy) {
		t.Errorf("a policy that is missing in Vault: %v", err)
	}
	if _, err := vault.Setup(t.Context(), p.root, p.config.Names); err != nil {
		t.Fatal(err)
	}
	want()

	p.do(t, "sys/policies/acl/tandem", map[string]any{"policy": vault.PolicyHCL(p.config.Names) + `
path "sys/policies/password/tandem-network" { capabilities = ["read", "update"] }`})
	want(network + ": the policy allows too much: update")

	// A Vault that was set up before there were named policies.
	p.do(t, "sys/policies/acl/tandem", map[string]any{"policy": vault.PolicyHCL(vault.DefaultNames())})
	want(
		"sys/policies/password/tandem-awkward/generate: the policy does not allow read", "sys/policies/password/tandem-awkward: the policy does not allow read",
		network+"/generate: the policy does not allow read", network+": the policy does not allow read",
		"sys/policies/password/tandem-awkward: ", network+": ",
	)
}
