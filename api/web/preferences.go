package web

import (
	"errors"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

// prefer speaks to who is logged in as they chose. Pages for strangers go by the
// browser.
func (v *visit) prefer() error {
	v.zone = v.browserZone()
	if v.Person.Username == "" {
		return nil
	}
	chosen, err := v.Desk.Preference(v.r.Context(), v.Person.Username)
	if err != nil {
		return err
	}
	if slices.Contains(words.Languages, chosen.Language) {
		v.lang = chosen.Language
	}
	v.zone = chosen.In(v.zone)
	return nil
}

// zoneCookie is where a browser says its time zone, which counts for who has chosen
// none. It is no secret, and only valid names count.
const zoneCookie = "tandem-zone"

// browserZone gives it, or the server's zone.
func (v *visit) browserZone() *time.Location {
	if said, err := v.r.Cookie(zoneCookie); err == nil {
		return desk.Preference{Zone: said.Value}.In(v.Zone)
	}
	return v.Zone
}

// zoneOf gives the zone of this name; nil for none.
func (v *visit) zoneOf(name string) *time.Location {
	if name == v.Zone.String() {
		return v.Zone
	}
	return desk.Preference{Zone: name}.In(nil)
}

// chooseLanguage remembers a language for who is logged in, in pages and e-mails.
func (v *visit) chooseLanguage(lang string) error {
	if v.Person.Username == "" {
		return nil
	}
	if err := v.PaceCommand(); err != nil {
		return err
	}
	chosen, err := v.Desk.Preference(v.r.Context(), v.Person.Username)
	if err != nil {
		return err
	}
	chosen.Language = lang
	return v.Desk.SetPreference(v.r.Context(), v.Person.Username, chosen)
}

type preferencesPage struct {
	desk.Preference
	Languages []string
	Zones     []string // to choose from; others can be typed
	Here      string   // the zone of those who choose none
	Sessions  []desk.OpenSession
}

// zones are offered as they are typed: some of each part of the world.
var zones = []string{
	"Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Kolkata", "Asia/Dubai", "Europe/Berlin",
	"Europe/London", "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "Australia/Sydney", "UTC",
}

func (p *Pages) preferences(v *visit) error {
	chosen, err := p.Desk.Preference(v.r.Context(), v.Person.Username)
	if err != nil {
		return err
	}
	if v.sent != nil { // refused: what was typed is shown again
		chosen = desk.Preference{Language: v.field("language"), Zone: v.field("zone")}
	}
	open, err := p.Desk.Sessions(v.r.Context(), v.Person.Username, v.Token)
	if err != nil {
		return err
	}
	return v.render("preferences", preferencesPage{chosen, words.Languages, zones, zoneName(v.now.In(v.browserZone())), open})
}

func (p *Pages) changePreferences(v *visit) error {
	chosen := desk.Preference{Language: v.field("language"), Zone: v.field("zone")}
	if err := p.Desk.SetPreference(v.r.Context(), v.Person.Username, chosen); err != nil {
		return v.again(err, p.preferences)
	}
	if slices.Contains(words.Languages, chosen.Language) {
		v.setCookie(languageCookie, chosen.Language, oneYear)
	}
	return v.redirect("/preferences", "preferred")
}

func (p *Pages) endSession(v *visit) error {
	meant := func(o desk.OpenSession) bool {
		return !o.Here && (v.field("session") == "" || o.Token == v.field("session"))
	}
	if err := api.EndSessions(v.r.Context(), p.Desk, meant); err != nil && !errors.Is(err, desk.ErrNotFound) { // over already
		return err
	}
	return v.redirect("/preferences", "session_ended")
}

func (p *Pages) passwordForm(v *visit) error { return v.render("password", nil) }

func (p *Pages) changePassword(v *visit) error {
	if v.field("new") != v.field("new_again") {
		return v.again(custody.Invalid("new_again", "passwords_differ"), p.passwordForm)
	}
	err := p.Desk.ChangePassword(v.r.Context(), v.by(custody.ChangePassword{}), desk.PasswordChange{
		Current: custody.SecretString(v.field("current")), New: custody.SecretString(v.field("new")), Session: v.Token, From: v.place(),
	})
	if err != nil {
		return v.again(err, p.passwordForm)
	}
	return v.redirect("/preferences", "password_changed")
}
