package web

import (
	"slices"
	"strings"

	"github.com/tandem-custody/tandem/custody/desk"
)

// kindOf gives the kind of a name if it is offered.
func (p *Pages) kindOf(name string) (desk.TargetKind, bool) {
	at := slices.IndexFunc(p.Offered.Kinds, func(k desk.TargetKind) bool { return k.Name == name })
	if at < 0 {
		return desk.TargetKind{}, false
	}
	return p.Offered.Kinds[at], true
}

// setting is one of a target's settings as a form has it.
type setting struct{ desk.TargetSetting }

func settingsOf(all []desk.TargetSetting) []setting {
	shown := make([]setting, len(all))
	for i, s := range all {
		shown[i] = setting{s}
	}
	return shown
}

// probeOf gives what a log-in by another kind needs; nothing for a probe that is
// not among the kind's.
func probeOf(k desk.TargetKind, name string) (settings []setting, known bool) {
	at := slices.IndexFunc(k.Probes, func(p desk.TargetProbe) bool { return p.Name == name })
	if at < 0 {
		return nil, false
	}
	return settingsOf(k.Probes[at].Settings), true
}

// HintKey gives where it is explained, below "setting.".
func (s setting) HintKey() string {
	if s.Hint != "" {
		return s.Hint
	}
	return s.Name
}

// Label gives how it is called, below "field.target.settings.".
func (s setting) Label() string { return strings.TrimPrefix(s.Name, "probe.") }

// value reads what was typed for it. A setting has no line breaks, since it
// stands in an entry.
func (s setting) value(typed string) string {
	if s.Join == "" {
		return strings.TrimSpace(typed)
	}
	var lines []string
	for line := range strings.Lines(typed) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, s.Join)
}
