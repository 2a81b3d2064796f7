package vault

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/password"
)

// passwordPolicies names the password policies that Tandem uses: the general
// one, which is "", and those of Passwords.
func (n Names) passwordPolicies() []string {
	return append([]string{""}, slices.Sorted(maps.Keys(n.Passwords))...)
}

// passwordPolicy is where Vault has the policy of that name.
func (n Names) passwordPolicy(name string) string {
	if name != "" {
		name = "-" + name
	}
	return "sys/policies/password/" + n.PasswordPolicy + name
}

func (n Names) generate(name string) string { return n.passwordPolicy(name) + "/generate" }

// Generate implements desk.Secrets, with Vault's password policies; where values are
// wrapped, after the same ones here, as Vault is to know none of them. What Vault
// makes is looked at before it is used: somebody who may change the policy in
// Vault could have made it a weak one.
func (s *Store) Generate(ctx context.Context, policy string) (custody.Secret, error) {
	if err := ctx.Err(); err != nil {
		return custody.Secret{}, err
	}
	if !slices.Contains(s.names.passwordPolicies(), policy) {
		return custody.Secret{}, fmt.Errorf("%w: %q", desk.ErrNoPolicy, policy)
	}
	if !s.wrapKey.IsZero() {
		if policy == "" {
			return password.Default().Generate(), nil
		}
		return s.names.Passwords[policy].Generate(), nil
	}
	got, err := s.get(ctx, s.names.generate(policy), nil)
	if err != nil {
		return custody.Secret{}, unavailable(err)
	}
	made := custody.SecretString(str(got, "password"))
	if err := password.Meets(made); err != nil {
		return custody.Secret{}, unavailable(fmt.Errorf("%s in Vault makes a password %w", s.names.passwordPolicy(policy), err))
	}
	return made, nil
}

// passwordPolicies writes each policy as it is understood here, and not the
// operator's text: so Vault and the embedded store cannot read it differently.
func (s *setup) passwordPolicies(ctx context.Context) error {
	for _, name := range s.names.passwordPolicies() {
		policy := password.Default()
		if name != "" {
			policy = s.names.Passwords[name]
		}
		path, want := s.names.passwordPolicy(name), policy.HCL()
		now, err := s.find(ctx, path)
		if err != nil {
			return err
		}
		changed := str(now, "policy") != want
		if changed {
			if err := s.put(ctx, path, map[string]any{"policy": want}); err != nil {
				return err
			}
		}
		s.done("password policy at "+path, changed)
	}
	return nil
}

// checkPasswords looks at each policy as Vault has it. The general one may be
// the operator's own, if it keeps the clause; a named one is the configured one.
func checkPasswords(ctx context.Context, client *api.Client, n Names) (findings []Finding) {
	for _, name := range n.passwordPolicies() {
		path := n.passwordPolicy(name)
		report := func(format string, args ...any) {
			findings = append(findings, Finding{path, fmt.Sprintf(format, args...)})
		}
		stored, err := get(ctx, client, path, nil)
		if err != nil {
			report("%v", explain(ctx, err))
			continue
		}
		text := str(stored, "policy")
		switch _, err := password.ParseHCL("policy", []byte(text)); {
		case err != nil:
			report("does not keep the company's clause on passwords: %v", err)
		case name != "" && text != n.Passwords[name].HCL():
			report("is not the policy of the configuration")
		}
		made, err := get(ctx, client, n.generate(name), nil)
		if err == nil {
			err = password.Meets(custody.SecretString(str(made, "password")))
		}
		if err != nil {
			report("no password to be used comes of it: %v", explain(ctx, err))
		}
	}
	return findings
}
