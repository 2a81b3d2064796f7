package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// targetPage is how an account is reached, and the forms that confirm and change it.
type targetPage struct {
	custody.Credential
	Whole        bool // the viewer may know it
	Fingerprints []string
	Confirmers   []string // who can confirm it, where somebody has to
	Mine         bool     // the viewer can

	Kind     desk.TargetKind
	Probe    string
	Settings []setting
	now      url.Values // what there is, by field of the form
}

// AtFirst shows a form as it is at first: with what there is.
func (t targetPage) AtFirst(f form) form {
	if f.sent == nil {
		f.sent = &refusedForm{fields: t.now}
	}
	return f
}

// target shows how an account is reached. Whoever may not know that still learns that
// somebody has to confirm it, and can ask for another way.
func (p *Pages) target(v *visit) error {
	c, err := v.Queries.Credential(v.r.Context(), v.r.PathValue("name"))
	if err != nil {
		return err
	}
	shown := targetPage{Credential: c, Whole: v.Person.SightOfCredential(c) == custody.SeesAll, now: url.Values{}}
	kind, offered := p.kindOf(c.Target.Kind)
	if !shown.Whole && !offered { // of what kind it is, is not for everybody either
		return custody.RefuseUnknown()
	}
	people, err := v.Queries.People(v.r.Context())
	if err != nil {
		return err
	}
	shown.Confirmers, shown.Mine = api.ConfirmersOf(c, people), !c.Unconfirmed.IsZero() && c.MayConfirmTarget(v.Person)
	shown.Kind = kind
	if shown.Whole {
		known := c.Target.In("")
		shown.Fingerprints, shown.Probe = p.Desk.FingerprintsOf(c), known.Settings["probe"]
		shown.now.Set("address", known.Address)
		for _, s := range p.settingsAt(kind, shown.Probe) {
			value := known.Settings[s.Name]
			if s.Join == ";" { // a line each, as they were typed
				value = strings.ReplaceAll(value, s.Join, "\n")
			}
			if value != "" {
				shown.now.Set("set."+s.Name, value)
			}
		}
	}
	shown.Settings = p.settingsAt(kind, shown.Probe)
	return v.render("retarget", shown)
}

// settingsAt gives those of a kind, then of the probe.
func (p *Pages) settingsAt(k desk.TargetKind, probe string) []setting {
	extra, _ := probeOf(k, probe)
	return append(settingsOf(k.Settings), extra...)
}

func (p *Pages) retarget(v *visit) error {
	c, err := p.Queries.Credential(v.r.Context(), v.r.PathValue("name"))
	if err != nil {
		return err
	}
	kind, _ := p.kindOf(c.Target.Kind)
	wanted := desk.Retargeting{Credential: c.Name, Address: strings.TrimSpace(v.field("address")), Settings: map[string]string{}}
	for _, s := range p.settingsAt(kind, v.field("probe")) {
		wanted.Settings[s.Name] = s.value(v.field("set." + s.Name)) // an empty one is taken out
	}
	if kind.Password {
		wanted.Password = custody.SecretString(v.field("password"))
	}
	if kind.Admin != desk.NoAdmin {
		wanted.Key = custody.SecretString(strings.ReplaceAll(v.field("admin_key"), "\r\n", "\n")) // as browsers send lines
	}
	if id := v.field(reviseField); id != "" {
		outcome, err := p.Desk.ReviseRetargeting(v.r.Context(), v.by(custody.Revise{}), id, wanted, desk.NewNote(v.field("reason")))
		return v.revised(outcome, err, p.target)
	}
	outcome, err := p.Desk.ProposeRetargeting(v.r.Context(), v.by(custody.Propose{}), wanted, desk.NewNote(v.field("reason")))
	if err != nil {
		return v.again(err, p.target)
	}
	return v.redirect("/proposals/"+outcome.Events[0].Fact.Subject(), "proposed")
}

func (p *Pages) confirmTarget(v *visit) error {
	number, err := strconv.ParseInt(v.field("target"), 10, 64)
	if err != nil {
		return v.again(custody.Invalid("target", "not_whole"), p.target)
	}
	if _, err := v.do(custody.ConfirmTarget{Credential: v.r.PathValue("name"), Target: number}); err != nil {
		return v.again(err, p.target)
	}
	return v.redirect("/credentials/"+v.r.PathValue("name"), "target_confirmed")
}
