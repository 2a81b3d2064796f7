package desk

import (
	"fmt"
	"strings"
)

// TargetKind is what a kind of target asks whoever adds an account of it: forms,
// the command line, OpenAPI and the documentation say it from here. Its words are
// in the catalogue, below its name and the names of its settings.
type TargetKind struct {
	Name     string          `json:"name"`    // custody.Target.Kind
	Address  string          `json:"address"` // an example, as is the next
	Account  string          `json:"account"`
	Settings []TargetSetting `json:"settings"`
	Admin    AdminSecret     `json:"admin"`
	Password bool            `json:"password"`         // the present one is asked for
	Most     int             `json:"most,omitzero"`    // bytes that a password can have; 0: whoever changes it there knows
	ByHand   bool            `json:"by_hand,omitzero"` // a person sets each password, and says so
	Probes   []TargetProbe   `json:"probes,omitempty"` // by which somebody else's way to change can be proved; nil: it logs in itself
}

// SettingNames gives what can stand in custody.Target.Settings; what must is marked.
func (k TargetKind) SettingNames() (names []string) {
	for _, s := range k.Settings {
		name := s.Name
		if s.Required {
			name += " (required)"
		}
		names = append(names, name)
	}
	var probes []string
	for _, p := range k.Probes {
		probes = append(probes, p.Name)
	}
	if len(probes) > 0 {
		names = append(names, "probe ("+strings.Join(probes, " or ")+", each with what that one needs to log in)")
	}
	return names
}

// Limits says, for people, what a password of this kind can be, and who sets it.
func (k TargetKind) Limits() string {
	var all []string
	if k.Most > 0 {
		all = append(all, fmt.Sprintf("at most %d bytes", k.Most))
	}
	if k.ByHand {
		all = append(all, "set by hand")
	}
	return strings.Join(all, ", ")
}

// AdminSecret is what administers a target.
type AdminSecret string

// What a kind can ask for. A password belongs to the account in the setting admin.
const (
	NoAdmin       AdminSecret = ""
	AdminKey      AdminSecret = "key" // a private key in PEM
	AdminPassword AdminSecret = "password"
)

// TargetProbe is another kind by which Tandem only logs in.
type TargetProbe struct {
	Name     string          `json:"name"` // value of the setting probe
	Settings []TargetSetting `json:"settings"`
}

// TargetSetting is one of a target's settings.
type TargetSetting struct {
	Name     string   `json:"name"`              // in custody.Target.Settings
	Hint     string   `json:"-"`                 // under which it is explained, where two kinds mean different things; "": Name
	Example  string   `json:"example,omitempty"` // what to type, the same in every language
	Choices  []string `json:"choices,omitempty"` // to choose from; the first is what holds without a choice
	Tick     string   `json:"tick,omitempty"`    // the value of a tick
	Join     string   `json:"join,omitempty"`    // what stands for the line breaks of what can have several lines
	Required bool     `json:"required"`
	Login    bool     `json:"login"` // needed too where Tandem only logs in
}
