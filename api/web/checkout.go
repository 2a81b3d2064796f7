package web

import (
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// revealed is a password on its way to its holder: in one answer, and nowhere
// else.
type revealed struct {
	Password string
	Version  int64
	Until    time.Time
}

func (p *Pages) checkOut(v *visit) error {
	action := custody.CheckOut{Credential: v.r.PathValue("name"), Purpose: v.field("purpose")}
	in := v.intent(action)
	got, err := p.Desk.CheckOut(v.r.Context(), in)
	if err != nil {
		return v.again(err, p.credential)
	}
	shown, err := p.credentialPage(v)
	if err != nil {
		return err
	}
	shown.Revealed = &revealed{Password: got.Password.Reveal(), Version: got.Version, Until: got.Lease.Until}
	return v.render("checkout", shown)
}

func (p *Pages) checkIn(v *visit) error {
	return p.changeCredential(v, custody.CheckIn{Credential: v.r.PathValue("name")}, "checked_in")
}

func (p *Pages) rotate(v *visit) error {
	return p.changeCredential(v, custody.RequestRotation{Credential: v.r.PathValue("name"), Reason: v.field("reason")}, "rotating")
}

func (p *Pages) reconcile(v *visit) error {
	return p.changeCredential(v, custody.Reconcile{Credential: v.r.PathValue("name"), Reason: v.field("reason")}, "reconciling")
}

func (p *Pages) retire(v *visit) error {
	return p.changeCredential(v, custody.Retire{Credential: v.r.PathValue("name"), Reason: v.field("reason")}, "retired")
}

// offerOne hands one credential over, without going out.
func (p *Pages) offerOne(v *visit) error {
	back, err := v.instant("until")
	if err != nil {
		return v.again(err, p.credential)
	}
	name := v.r.PathValue("name")
	return p.changeCredential(v, custody.Offer{Credentials: []string{name}, Reason: v.field("reason"), ExpectedReturn: back}, "offered")
}

func (p *Pages) changeCredential(v *visit, action custody.Action, done string) error {
	if _, err := v.do(action); err != nil {
		return v.again(err, p.credential)
	}
	return v.redirect("/credentials/"+v.r.PathValue("name"), done)
}
