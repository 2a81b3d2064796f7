package main

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/tandem-custody/tandem/api/web"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/password"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/hook"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/manual"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	rotationssh "github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/vaultrole"
	"github.com/tandem-custody/tandem/custody/vault"
)

// kinds are the targets on which Tandem changes passwords itself: a new kind is a
// line here.
var kinds = []rotation.Connector{rotationssh.Connector, postgres.Connector, mysql.Connector, ldap.Connector}

// probes can log in for the kinds on which something else changes passwords, Vault by
// its own engines or a person: by the same code, without its administrator.
var probes = rotation.Probes(kinds)

// withOthers adds those kinds; Vault's where it is the secret store.
func withOthers(vaults []rotation.Connector) []rotation.Connector {
	return append(slices.Concat(kinds, vaults), manual.Connector(probes))
}

// allKinds are those that there can be.
func allKinds() []rotation.Connector { return withOthers(vaultrole.Connectors(nil, probes)) }

// connectors are what there is outside that a credential can name: the kinds of
// targets, the dependents, and the password policies.
type connectors struct {
	targets    []rotation.Connector
	dependents map[string]rotation.Dependent // by their names in the configuration
	policies   []string
	passwords  map[string]password.Policy // by those names; "": the general one
	again      []reloadable               // of what is configured by a file
}

// openConnectors makes them all.
func openConnectors(cfg config.Config, secrets secretStore) (connectors, error) {
	var vaults []rotation.Connector
	if in, is := secrets.(*vault.Store); is {
		vaults = vaultrole.Connectors(in.Engines(), probes)
	}
	c := connectors{targets: withOthers(vaults)}
	var err error
	if c.passwords, err = passwordPolicies(cfg.PasswordPolicies); err != nil {
		return connectors{}, err
	}
	c.passwords[""] = password.Default()
	for _, p := range cfg.PasswordPolicies {
		c.policies = append(c.policies, p.Name)
	}
	return c, c.openDependents(cfg.Dependents, secrets)
}

// openDependents makes the dependents. Those that are posted something need the
// secret store, so they come after it.
func (c *connectors) openDependents(all []config.Dependent, secrets secretStore) error {
	c.dependents = map[string]rotation.Dependent{}
	for i, d := range all {
		at := fmt.Sprintf("dependents[%d]", i)
		var err error
		if len(d.Command) > 0 {
			c.dependents[d.Name], err = hook.NewCommand(d.Command, d.Timeout)
		} else {
			var receiver *newest[rotation.Dependent]
			receiver, err = newNewest(func() (rotation.Dependent, error) { return openReceiver(d, secrets) })
			c.dependents[d.Name] = newestDependent{receiver}
			c.again = append(c.again, reloadable{at, receiver.load})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return nil
}

func openReceiver(d config.Dependent, secrets secretStore) (rotation.Dependent, error) {
	wrapper, wraps := secrets.(hook.Wrapper)
	if !wraps { // the configuration has been checked for it
		return nil, errors.New("the secret store makes no one-time tokens")
	}
	to := hook.Receiver{URL: d.URL, Timeout: d.Timeout}
	var err error
	if d.URLFile != "" {
		address, err := secretFile(d.URLFile)
		if err != nil {
			return nil, fmt.Errorf("url_file: %w", err)
		}
		to.URL = address.Reveal()
	}
	if d.CA != "" {
		if to.Roots, err = authorities(d.CA); err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
	}
	if d.TokenFile != "" {
		if to.Bearer, err = secretFile(d.TokenFile); err != nil {
			return nil, fmt.Errorf("token_file: %w", err)
		}
	}
	return hook.NewRequest(to, wrapper)
}

func (c connectors) open(t custody.Target, admin custody.Secret) (rotation.Target, error) {
	kind, known := c.kind(t.Kind)
	if !known {
		var names []string
		for _, k := range c.targets {
			names = append(names, k.Name)
		}
		return nil, notAmong("target.kind", slices.Values(names))
	}
	return kind.Open(t, admin)
}

func (c connectors) kind(name string) (rotation.Connector, bool) {
	at := slices.IndexFunc(c.targets, func(k rotation.Connector) bool { return k.Name == name })
	if at < 0 {
		return rotation.Connector{}, false
	}
	return c.targets[at], true
}

// standIn is desk.Config.StandIn.
func (c connectors) standIn(name string) custody.Secret {
	kind, _ := c.kind(name)
	return kind.StandIn()
}

// fingerprints is desk.Config.Fingerprints.
func (c connectors) fingerprints(t custody.Target) []string {
	kind, known := c.kind(t.Kind)
	if !known {
		return nil
	}
	return kind.Fingerprints(t)
}

// described gives what each kind asks for.
func described(all []rotation.Connector) []desk.TargetKind {
	var kinds []desk.TargetKind
	for _, k := range all {
		kinds = append(kinds, k.TargetKind)
	}
	return kinds
}

// checkTarget is desk.Config.CheckTarget.
func (c connectors) checkTarget(t custody.Target, admin custody.Secret) (desk.CheckedTarget, error) {
	target, err := c.open(t, admin)
	if err != nil {
		return desk.CheckedTarget{}, err
	}
	return desk.CheckedTarget{Reconciles: target.Describe().Reconciles, Identities: rotation.Identities(target), Fingerprints: rotation.Fingerprints(target)}, nil
}

// checkPolicy is desk.Config.CheckPolicy.
func (c connectors) checkPolicy(p custody.CredentialPolicy) error {
	if p.Password != "" && !slices.Contains(c.policies, p.Password) {
		return notAmong("policy.password", slices.Values(c.policies))
	}
	for _, name := range p.Dependents {
		if _, known := c.dependents[name]; !known {
			return notAmong("policy.dependents", maps.Keys(c.dependents))
		}
	}
	return nil
}

// checkPasswords is desk.Config.CheckPasswords. Passwords that the target's own system
// makes need no policy of ours.
func (c connectors) checkPasswords(policy string, t custody.Target) error {
	at := slices.IndexFunc(c.targets, func(k rotation.Connector) bool { return k.Name == t.Kind })
	if at < 0 {
		return nil // which checkTarget says
	}
	limits, err := c.targets[at].LimitsOf(t)
	if err != nil {
		return err
	}
	return c.passwords[policy].Fits(limits)
}

// offered is what the pages let an admin choose from.
func (c connectors) offered() web.Offered {
	return web.Offered{
		Kinds: described(c.targets), PasswordPolicies: c.policies, Dependents: slices.Sorted(maps.Keys(c.dependents)),
	}
}

func notAmong(field string, known iter.Seq[string]) *custody.Refusal {
	names := slices.Sorted(known)
	if len(names) == 0 {
		return custody.Invalid(field, "none_configured")
	}
	return custody.Invalid(field, "one_of", custody.Args{"names": names})
}
