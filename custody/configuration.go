package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// The configuration is an operator's, and part of it decides who is given passwords and
// by whom people are told of things. That part stands on record, as digests. Once the
// installation is founded, another one than that in force is serious until a manager has
// looked at it: nothing that was changed is given a password before.

// Setting is one part of it, which changes as a whole.
type Setting struct {
	Key    string `json:"key"`    // "notify", or "dependents." and a name
	Digest string `json:"digest"` // hex of an HMAC-SHA256 of all that counts of it, with a key of the installation's
	Said   Note   `json:"said"`   // what of it people are shown: no secret
}

// MaxSettings bounds one entry: more do not fit.
const MaxSettings = 120

// DependentSetting is the key of what a dependent is: such a setting is given passwords.
func DependentSetting(name string) string { return "dependents." + name }

// ChannelSetting is the key of what a channel is: whom a message reaches by it.
func ChannelSetting(name string) string { return "notify.channels." + name }

// ChannelOf gives the channel that a setting is of; "": it is of none.
func ChannelOf(key string) string {
	name, of := strings.CutPrefix(key, ChannelSetting(""))
	if !of {
		return ""
	}
	return name
}

var (
	settingKey    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,79}$`)
	settingDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Configuration is what is on record of it. The zero one: nothing yet.
type Configuration struct {
	Seen    []Setting `json:"seen"`     // by the last start that had another one, by key
	InForce []Setting `json:"in_force"` // what was acknowledged last, or was there first
	Since   time.Time `json:"since,omitzero"`
}

// Changed gives the keys of what was seen and is not in force, or is in force and was not
// seen, sorted. Nothing: there is nothing to acknowledge.
func (c Configuration) Changed() []string { return differing(c.InForce, c.Seen) }

// Pair is a setting as it is in force and as it was seen; the zero one: it was not there.
type Pair struct {
	Key           string
	Before, After Setting
	Changed       bool
}

// Pairs gives all settings, by key.
func (c Configuration) Pairs() (pairs []Pair) {
	of := map[string]Pair{}
	for _, s := range c.InForce {
		of[s.Key] = Pair{Key: s.Key, Before: s}
	}
	for _, s := range c.Seen {
		p := of[s.Key]
		p.Key, p.After = s.Key, s
		of[s.Key] = p
	}
	for _, key := range keys(of) {
		p := of[key]
		p.Changed = p.Before.Digest != p.After.Digest
		pairs = append(pairs, p)
	}
	return pairs
}

// InForceAs says whether a setting is in force with this digest.
func (c Configuration) InForceAs(key, digest string) bool {
	return slices.ContainsFunc(c.InForce, func(s Setting) bool { return s.Key == key && s.Digest == digest })
}

// Digest is what an acknowledgement is of: hex of the SHA-256 of keys and digests of
// what was seen, as JSON.
func (c Configuration) Digest() string {
	type one struct {
		Key    string `json:"key"`
		Digest string `json:"digest"`
	}
	all := []one{}
	for _, s := range c.Seen {
		all = append(all, one{s.Key, s.Digest})
	}
	text, err := json.Marshal(all)
	if err != nil { // keys and digests can be written
		panic("custody: digest of the configuration: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// differing gives the keys of settings that only one of them has, or both with another
// digest, sorted. What is said of one does not count.
func differing(a, b []Setting) (changed []string) {
	for _, p := range (Configuration{InForce: a, Seen: b}).Pairs() {
		if p.Changed {
			changed = append(changed, p.Key)
		}
	}
	return changed
}

// Configuration gives what is on record. Its slices must not be changed.
func (s *State) Configuration() Configuration {
	for at := s; at != nil; at = at.base {
		if at.configuration != nil {
			return *at.configuration
		}
	}
	return Configuration{}
}

// ConfigurationChanged gives it where a fork changed it, or nil; of a root, what there is.
func (s *State) ConfigurationChanged() *Configuration { return s.configuration }

// RestoreConfiguration is Restore for it.
func (s *State) RestoreConfiguration(c Configuration) { s.configuration = &c }

// checkConfiguration: nothing is in force that nobody has seen.
func (s *State) checkConfiguration() error {
	c := s.Configuration()
	if len(c.Seen) == 0 && len(c.InForce) > 0 || !settings(c.Seen) || !settings(c.InForce) {
		return &Violation{Invariant: "I7", Detail: "a configuration that no entry can have brought"}
	}
	return nil
}

// settings says whether they look like some, each once, by key.
func settings(all []Setting) bool {
	for i, s := range all {
		if !settingKey.MatchString(s.Key) || !settingDigest.MatchString(s.Digest) || i > 0 && all[i-1].Key >= s.Key {
			return false
		}
	}
	return len(all) <= MaxSettings
}

// ReportConfiguration says with which configuration a service has started, or goes on.
type ReportConfiguration struct {
	Settings []Setting `json:"settings"` // by key
}

var _ = action(ReportConfiguration{})

func (ReportConfiguration) Verb() string         { return "report_configuration" }
func (ReportConfiguration) Subject() string      { return "" }
func (ReportConfiguration) givers() givers       { return theSystem }
func (a ReportConfiguration) bare(*State) Action { return a }

func (a ReportConfiguration) decide(d *decision) error {
	if len(a.Settings) == 0 || !settings(a.Settings) {
		return Invalid("configuration", "no_settings")
	}
	for _, s := range a.Settings {
		if err := checkNote("configuration", s.Said); err != nil {
			return err
		}
	}
	if len(differing(d.state.Configuration().Seen, a.Settings)) > 0 {
		d.happen(ServiceStarted{Settings: a.Settings, Changed: d.state.unacknowledged(a.Settings)})
	}
	return nil
}

// unacknowledged gives the keys of what a manager has to look at. As long as nobody is
// there who could, and the first time, nothing: it is in force at once.
func (s *State) unacknowledged(seen []Setting) []string {
	c := s.Configuration()
	if len(c.InForce) == 0 || !s.Founded() {
		return nil
	}
	return differing(c.InForce, seen)
}

// ServiceStarted: a service runs with another configuration than the last one that ran.
type ServiceStarted struct {
	Settings []Setting `json:"settings"`
	Changed  []string  `json:"changed,omitzero"` // keys of what is not in force
}

var _ = fact(ServiceStarted{})

func (ServiceStarted) Type() string             { return "service.started" }
func (ServiceStarted) Subject() string          { return "" }
func (ServiceStarted) concerns(*State) Concerns { return Concerns{} }
func (ServiceStarted) by(*State, Event) Who     { return bySystem() }

func (f ServiceStarted) grade() Grade {
	if len(f.Changed) > 0 {
		return Serious
	}
	return Ordinary
}

func (f ServiceStarted) allowed(s *State, e Event) error {
	switch {
	case len(f.Settings) == 0 || !settings(f.Settings) || len(differing(s.Configuration().Seen, f.Settings)) == 0:
		return e.violates("I7", "with what is no configuration, or with the one that was on record")
	case !slices.Equal(f.Changed, s.unacknowledged(f.Settings)):
		return e.violates("I10", "with changes that are not those from the configuration in force")
	}
	return nil
}

func (f ServiceStarted) apply(s *State, e Event) {
	c := Configuration{InForce: s.Configuration().InForce, Since: e.Time}
	for _, setting := range f.Settings {
		setting.Said = setting.Said.bare()
		c.Seen = append(c.Seen, setting)
	}
	if len(f.Changed) == 0 {
		c.InForce = c.Seen
	}
	s.configuration = &c
}

// AcknowledgeConfiguration puts the configuration that was seen last in force, by whoever
// looked at it.
type AcknowledgeConfiguration struct {
	Digest string `json:"digest"` // Configuration.Digest of what they looked at
}

var _ = action(AcknowledgeConfiguration{})

func (AcknowledgeConfiguration) Verb() string    { return "acknowledge_configuration" }
func (AcknowledgeConfiguration) Subject() string { return "" }
func (AcknowledgeConfiguration) givers() givers  { return people }

func (a AcknowledgeConfiguration) bare(s *State) Action {
	if a.Digest == s.Configuration().Digest() {
		return a
	}
	return AcknowledgeConfiguration{}
}

func (a AcknowledgeConfiguration) decide(d *decision) error {
	c := d.state.Configuration()
	switch {
	case !slices.ContainsFunc(d.state.acknowledgers(), d.actor.Is):
		return refuseNotAcknowledger(d.state.Acknowledgers())
	case len(c.Changed()) == 0:
		return refuseNothingToAcknowledge()
	case a.Digest != c.Digest():
		return refuseOtherConfiguration()
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(ConfigurationAcknowledged{Digest: a.Digest, Changed: c.Changed()})
	return nil
}

// acknowledgers gives the roles that can acknowledge a configuration. A director stands
// in for the managers while none of them is there who could, as with proposals that
// need one approval.
func (s *State) acknowledgers() []Role {
	for p := range s.People() {
		if p.Is(Manager) && p.Enrolled && p.Present() {
			return []Role{Manager}
		}
	}
	return []Role{Manager, Director}
}

// Acknowledgers names who can acknowledge a configuration now.
func (s *State) Acknowledgers() (usernames []string) {
	roles := s.acknowledgers()
	for p := range s.People() {
		if p.CanConfirm() && slices.ContainsFunc(roles, p.Is) {
			usernames = append(usernames, p.Username)
		}
	}
	return usernames
}

// ConfigurationAcknowledged: what was seen last is in force. Dependents that were waited
// with are told their passwords now.
type ConfigurationAcknowledged struct {
	Digest  string   `json:"digest"`
	Changed []string `json:"changed"` // keys
}

var _ = fact(ConfigurationAcknowledged{})

func (ConfigurationAcknowledged) Type() string             { return "configuration.acknowledged" }
func (ConfigurationAcknowledged) Subject() string          { return "" }
func (ConfigurationAcknowledged) concerns(*State) Concerns { return Concerns{} }
func (ConfigurationAcknowledged) grade() Grade             { return Ordinary }

func (ConfigurationAcknowledged) by(s *State, _ Event) Who {
	return byRole(s.acknowledgers()...).confirmed()
}

func (f ConfigurationAcknowledged) allowed(s *State, e Event) error {
	c := s.Configuration()
	if len(f.Changed) == 0 || f.Digest != c.Digest() || !slices.Equal(f.Changed, c.Changed()) {
		return e.violates("I10", "of another configuration than was seen, or of one that is in force")
	}
	return nil
}

func (f ConfigurationAcknowledged) apply(s *State, _ Event) {
	c := s.Configuration()
	c.InForce = c.Seen
	s.configuration = &c
	for credential := range s.Credentials() {
		if !slices.ContainsFunc(credential.Updates, f.letsIn) {
			continue
		}
		s.editCredential(credential.Name, func(c *Credential) {
			c.Updates = slices.Clone(c.Updates) // shared with other states
			for i := range c.Updates {
				if f.letsIn(c.Updates[i]) {
					c.Updates[i].NextTry = time.Time{}
				}
			}
		})
	}
}

// letsIn says whether an update waits for a dependent that was changed.
func (f ConfigurationAcknowledged) letsIn(u Update) bool {
	return !u.NextTry.IsZero() && slices.Contains(f.Changed, DependentSetting(u.Dependent))
}

func refuseNotAcknowledger(people []string) *Refusal {
	return &Refusal{Code: NotEligible, Rule: "3.1", Key: "not_acknowledger", Args: Args{"people": people}}
}

func refuseNothingToAcknowledge() *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "nothing_to_acknowledge"}
}

func refuseOtherConfiguration() *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Field: "digest", Key: "other_configuration"}
}

// DependentOf gives the dependent that a setting is of; "": it is of none.
func DependentOf(key string) string {
	name, of := strings.CutPrefix(key, DependentSetting(""))
	if !of {
		return ""
	}
	return name
}
