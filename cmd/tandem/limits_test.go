package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/vault"
)

// What a target takes of a password bounds the policy that a credential on it may have:
// an iDRAC with 20 characters does not take the general one of 24.
func TestPoliciesThatATargetCannotTake(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "short.hcl")
	short := `length = 20
rule "charset" {
  charset = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
  min-chars = 1
}
rule "charset" {
  charset = "23456789"
  min-chars = 1
}
rule "charset" {
  charset = "-_"
  min-chars = 1
}
`
	if err := os.WriteFile(file, []byte(short), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := openConnectors(config.Config{PasswordPolicies: []config.PasswordPolicy{{Name: "short", File: file}}}, new(vault.Store))
	if err != nil {
		t.Fatal(err)
	}
	device := func(settings ...string) custody.Target {
		d := custody.Target{Kind: "manual", Address: "idrac.example", Account: "root", Settings: map[string]string{}}
		for i := 0; i < len(settings); i += 2 {
			d.Settings[settings[i]] = settings[i+1]
		}
		return d
	}
	for what, x := range map[string]struct {
		policy string
		target custody.Target
		field  string // "": it fits
	}{
		"any device":                       {"", device(), ""},
		"one with 20, the general one":     {"", device("most", "20"), "policy.password"},
		"one with 20, a short one":         {"short", device("most", "20"), ""},
		"its specials, the general one":    {"", device("specials", "-_"), "policy.password"},
		"its specials, a short one":        {"short", device("most", "20", "specials", "-_"), ""},
		"no length":                        {"short", device("most", "x"), "target.settings.most"},
		"a kind that makes them itself":    {"", custody.Target{Kind: "vault-ldap"}, ""},
		"a kind that there is not, either": {"", custody.Target{Kind: "telnet"}, ""},
	} {
		err := c.checkPasswords(x.policy, x.target)
		refusal, is := errors.AsType[*custody.Refusal](err)
		if x.field == "" && err != nil || x.field != "" && (!is || refusal.Field != x.field) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, k := range c.targets { // every kind takes what the general policy makes
		limits, err := k.LimitsOf(custody.Target{Kind: k.Name})
		if err != nil || c.passwords[""].Fits(limits) != nil {
			t.Errorf("%s does not take the general policy: %+v, %v", k.Name, limits, err)
		}
	}
}
