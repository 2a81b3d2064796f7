package main

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	rotationssh "github.com/tandem-custody/tandem/custody/rotation/ssh"
)

// connectors are what there is outside that a credential can name: the kinds of
// targets, the dependents, and the password policies.
type connectors struct {
	targets    map[string]rotation.Opener    // by custody.Target.Kind
	dependents map[string]rotation.Dependent // by their names in the configuration
	policies   []string
}

func openConnectors(cfg config.Config) (connectors, error) {
	c := connectors{targets: map[string]rotation.Opener{
		rotationssh.Kind: rotationssh.Open,
	}}
	for _, p := range cfg.PasswordPolicies {
		c.policies = append(c.policies, p.Name)
	}
	return c, nil
}

func (c connectors) open(t custody.Target, admin custody.Secret) (rotation.Target, error) {
	open, known := c.targets[t.Kind]
	if !known {
		return nil, notAmong("target.kind", maps.Keys(c.targets))
	}
	return open(t, admin)
}

// checkTarget is desk.Config.CheckTarget.
func (c connectors) checkTarget(t custody.Target, admin custody.Secret) (reconciles bool, err error) {
	target, err := c.open(t, admin)
	if err != nil {
		return false, err
	}
	return target.Describe().Reconciles, nil
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

func notAmong(field string, known iter.Seq[string]) *custody.Refusal {
	names := slices.Sorted(known)
	if len(names) == 0 {
		return custody.Invalid(field, custody.Text{En: "names something, but none is configured", Zh: "指定了名称，但尚未配置任何此类项"})
	}
	list := strings.Join(names, ", ")
	return custody.Invalid(field, custody.Text{En: "must be one of " + list, Zh: "必须为以下之一：" + list})
}
