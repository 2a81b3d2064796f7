package web

import (
	"slices"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// configurationPage is what of the configuration stands on record.
type configurationPage struct {
	desk.Configuration
	Asks bool // the visitor can acknowledge what was changed
}

func (p *Pages) configuration(v *visit) (err error) {
	var shown configurationPage
	if shown.Configuration, err = p.Desk.ConfigurationSaid(v.r.Context(), v.Person); err != nil {
		return err
	}
	shown.Asks = len(shown.Changed()) > 0 && slices.Contains(shown.By, v.Person.Username)
	return v.render("configuration", shown)
}

func (p *Pages) acknowledgeConfiguration(v *visit) error {
	if _, err := v.do(custody.AcknowledgeConfiguration{Digest: v.field("digest")}); err != nil {
		return v.again(err, p.configuration)
	}
	return v.redirect("/configuration", "acknowledged")
}
