package rotation

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"slices"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/password"
)

// Connector is a kind of target: what it asks for, and how it is opened.
type Connector struct {
	desk.TargetKind
	Open  Opener
	Probe Opener // of an account that it only logs in to; nil: Open

	// Limits gives what one target takes of a password, where its settings say that; nil:
	// what the kind says.
	Limits func(t custody.Target) (password.Limits, error)
}

// LimitsOf gives what a target takes of a password.
func (c Connector) LimitsOf(t custody.Target) (password.Limits, error) {
	if c.Limits == nil {
		return password.Limits{Most: c.Most}, nil
	}
	return c.Limits(t)
}

// Fingerprints gives what the host of a target is known by, by its description alone: nobody
// is connected to, and what administers it is not needed.
func (c Connector) Fingerprints(t custody.Target) []string {
	open := c.Open
	if c.Admin != desk.NoAdmin {
		if c.Probe != nil {
			open = c.Probe
		}
		needed := map[string]string{}
		for _, s := range LoginSettings(c.Settings) {
			if value, set := t.Settings[s.Name]; set {
				needed[s.Name] = value
			}
		}
		t.Settings = needed
	}
	target, err := open(t, custody.Secret{})
	if err != nil {
		return nil
	}
	return Fingerprints(target)
}

// StandIn gives what has the form of this kind's admin secret, and opens nothing.
func (c Connector) StandIn() custody.Secret {
	switch c.Admin {
	case desk.AdminPassword:
		return custody.SecretString("stands in")
	case desk.AdminKey:
		_, key, _ := ed25519.GenerateKey(nil) // never fails: see crypto/rand
		der, _ := x509.MarshalPKCS8PrivateKey(key)
		return custody.NewSecret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	return custody.Secret{}
}

// Openers gives how each kind is opened, by its name.
func Openers(all []Connector) map[string]Opener {
	openers := map[string]Opener{}
	for _, c := range all {
		openers[c.Name] = c.Open
	}
	return openers
}

// Probes gives those of the connectors by which a password can be proved that is
// changed in another way, those named first before the others.
func Probes(all []Connector, first ...string) []Connector {
	probes := slices.Clone(all)
	for i := range probes {
		if probes[i].Probe != nil {
			probes[i].Open = probes[i].Probe
		}
		probes[i].Settings = LoginSettings(probes[i].Settings)
	}
	rank := func(c Connector) int {
		if at := slices.Index(first, c.Name); at >= 0 {
			return at
		}
		return len(first)
	}
	slices.SortStableFunc(probes, func(a, b Connector) int { return rank(a) - rank(b) })
	return probes
}

// LoginSettings gives what is needed where Tandem only logs in.
func LoginSettings(all []desk.TargetSetting) []desk.TargetSetting {
	return slices.DeleteFunc(slices.Clone(all), func(s desk.TargetSetting) bool { return !s.Login })
}

// CheckSettings refuses settings that are none of the known ones.
func CheckSettings(t custody.Target, known []desk.TargetSetting) error {
	var names []string
	for _, s := range known {
		names = append(names, s.Name)
	}
	for name := range t.Settings {
		if !slices.Contains(names, name) {
			return custody.Invalid("target.settings", "knows_only", custody.Args{"names": names})
		}
	}
	return nil
}
