package manual

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/password"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// Kind is the custody.Target.Kind of this package's targets.
const Kind = custody.Manual

// The probes that are this package's own.
const (
	noProbe    = "none"
	httpsProbe = "https"
)

var (
	errByHand   = errors.New("this password is changed by hand")
	errUnprobed = errors.New("nothing was described that could log in")
)

// settings say what a device takes of a password, which its manual tells; those of its probe
// come besides.
var settings = []desk.TargetSetting{{Name: "most", Example: "20"}, {Name: "specials", Example: "-._"}}

func limits(t custody.Target) (password.Limits, error) {
	return password.ParseLimits("target.settings.", t.Settings["most"], t.Settings["specials"])
}

// target is an account that a person changes and a probe can log in to.
type target struct {
	byHand
	probe      rotation.Target
	identities []string
}

// Connector is this kind of target, probed by https or by one of these.
func Connector(probes []rotation.Connector) rotation.Connector {
	c := rotation.Connector{Open: Opener(probes), Limits: limits, TargetKind: desk.TargetKind{
		Name: Kind, Address: "sw1.example:22", Account: "admin", Settings: settings, Password: true, ByHand: true,
		Probes: []desk.TargetProbe{{Name: httpsProbe, Settings: httpsSettings}},
	}}
	for _, p := range probes {
		c.Probes = append(c.Probes, desk.TargetProbe{Name: p.Name, Settings: p.Settings})
	}
	return c
}

// Opener gives the rotation.Opener for targets that are probed by one of these
// kinds, by https, or not at all. A probe gets the target as if it were of its
// own kind, and no administrator's secret.
func Opener(probes []rotation.Connector) rotation.Opener {
	known := rotation.Openers(probes)
	known[noProbe], known[httpsProbe] = openUnprobed, openHTTPS
	return func(t custody.Target, _ custody.Secret) (rotation.Target, error) {
		if t.Kind != Kind {
			return nil, custody.Invalid("target.kind", "must_be", custody.Args{"value": Kind})
		}
		if _, err := limits(t); err != nil {
			return nil, err
		}
		probe := t.Settings["probe"]
		if probe == "" {
			probe = noProbe
		}
		open, is := known[probe]
		if !is {
			return nil, custody.Invalid("target.settings.probe", "one_of", custody.Args{"names": slices.Sorted(maps.Keys(known))})
		}
		identities := []string{endpoint.Identity(Kind, t.Account, t.Address)}
		t.Kind, t.Settings = probe, maps.Clone(t.Settings)
		for _, own := range append(settings, desk.TargetSetting{Name: "probe"}) {
			delete(t.Settings, own.Name)
		}
		opened, err := open(t, custody.Secret{})
		if err != nil {
			return nil, err
		}
		return &target{probe: opened, identities: append(identities, rotation.Identities(opened)...)}, nil
	}
}

// Identities is as rotation.Identified has it. What a
// machine logs in to is the account that a machine may have in custody, too.
func (t *target) Identities() []string { return t.identities }

// Fingerprints is as rotation.Pinned has it.
func (t *target) Fingerprints() []string { return rotation.Fingerprints(t.probe) }

// Describe is as rotation.Target has it.
func (t *target) Describe() rotation.Description {
	return rotation.Description{ByHand: true, Unprobed: t.probe.Describe().Unprobed}
}

// Verify is as rotation.Target has it.
func (t *target) Verify(ctx context.Context, secret custody.Secret) error {
	return t.probe.Verify(ctx, secret)
}

// byHand is what no machine does.
type byHand struct{}

// Change only says why it does nothing, and so does Reconcile.
func (byHand) Change(context.Context, custody.Secret, custody.Secret) error { return errByHand }

// Reconcile is as Change.
func (byHand) Reconcile(context.Context, custody.Secret) error { return errByHand }

// unprobed is the probe "none".
type unprobed struct{ byHand }

// openUnprobed is a rotation.Opener.
func openUnprobed(t custody.Target, _ custody.Secret) (rotation.Target, error) {
	if len(t.Settings) > 0 {
		return nil, custody.Invalid("target.settings", "only_probe")
	}
	return unprobed{}, nil
}

// Describe is as rotation.Target has it.
func (unprobed) Describe() rotation.Description {
	return rotation.Description{ByHand: true, Unprobed: true}
}

// Verify only says why it does nothing.
func (unprobed) Verify(context.Context, custody.Secret) error { return errUnprobed }
