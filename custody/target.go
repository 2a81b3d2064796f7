package custody

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Target is the account that a credential opens, as its connector is told: nothing
// here is secret.
type Target struct {
	Kind     string // which connector: "ssh", Manual
	Address  string // host:port
	Account  string // whose password it is
	Settings map[string]string
}

// TargetNotes is a target as an entry and a State have it. Where it is and what it is
// called there are committed to, and so is what its settings say: the ledger can be
// shown to who must not learn that.
type TargetNotes struct {
	Kind     string          `json:"kind"`
	Address  Note            `json:"address"`
	Account  Note            `json:"account"`
	Settings map[string]Note `json:"settings,omitempty"` // by name, from the connector's list

	// Identities are what the account is called however its address is spelled, as
	// its connector says: two targets that share one are the same account. Each is
	// the digest of a name, which only who has the installation's salt can work out;
	// sorted, each once.
	Identities []string `json:"identities,omitzero"`
}

// Plain gives what a connector is told; known is false where a text is not there,
// since nothing may be sent to what is not known for certain.
func (t TargetNotes) Plain() (plain Target, known bool) {
	known = true
	plain = t.told(func(n Note) string {
		w, there := n.Words()
		known = known && (there || n.IsZero())
		return w.Text
	})
	return plain, known
}

// In gives the target for people to read, or what is to be said in the place of a
// text that is not there.
func (t TargetNotes) In(redacted string) Target {
	return t.told(func(n Note) string { return n.In(redacted) })
}

func (t TargetNotes) told(say func(Note) string) Target {
	plain := Target{Kind: t.Kind, Address: say(t.Address), Account: say(t.Account)}
	for name, n := range t.Settings {
		if plain.Settings == nil {
			plain.Settings = map[string]string{}
		}
		plain.Settings[name] = say(n)
	}
	return plain
}

// bare is the target as the ledger and a State have it: without the texts.
func (t TargetNotes) bare() TargetNotes {
	t.Address, t.Account = t.Address.bare(), t.Account.bare()
	if t.Settings != nil {
		settings := make(map[string]Note, len(t.Settings))
		for name, n := range t.Settings {
			settings[name] = n.bare()
		}
		t.Settings = settings
	}
	return t
}

const (
	maxSettings     = 32      // of a target
	maxSettingsSize = 8 << 10 // bytes of what they say together
)

// validSetting is what the names of settings look like: no place for what somebody
// wants to write.
var validSetting = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// checkTarget looks at the form only; whether it can work is for its connector.
func checkTarget(t TargetNotes) *Refusal {
	if err := checkName("target.kind", t.Kind); err != nil {
		return err
	}
	if err := checkNote("target.address", t.Address); err != nil {
		return err
	}
	if err := checkNote("target.account", t.Account); err != nil {
		return err
	}
	if len(t.Settings) > maxSettings {
		return Invalid("target.settings", "too_many_settings")
	}
	size := 0
	for name, n := range t.Settings {
		if !validSetting.MatchString(name) {
			return Invalid("target.settings", "setting_names")
		}
		w, _ := n.Words()
		size += len(w.Text)
		if !utf8.ValidString(w.Text) || strings.ContainsFunc(w.Text, isControl) {
			return Invalid("target.settings", "control_characters")
		}
	}
	if size > maxSettingsSize {
		return Invalid("target.settings", "settings_too_long")
	}
	return nil
}
