package web

import (
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// revealed is a password on its way to its holder: in one answer, and nowhere
// else.
type revealed struct {
	Password string
	Version  int64
	Until    time.Time
}

func (p *Pages) checkOut(v *visit) error {
	action := custody.CheckOut{Credential: v.r.PathValue("name"), Purpose: desk.NewNote(v.field("purpose"))}
	got, err := p.Desk.CheckOut(v.r.Context(), v.by(action), action)
	return p.reveal(v, got, err)
}

func (p *Pages) showAgain(v *visit) error {
	action := custody.ShowAgain{Credential: v.r.PathValue("name")}
	got, err := p.Desk.ShowAgain(v.r.Context(), v.by(action), action)
	return p.reveal(v, got, err)
}

// reveal answers with a password, or says why not.
func (p *Pages) reveal(v *visit, got desk.Revealed, err error) error {
	if err != nil {
		return v.again(err, p.credential)
	}
	shown, err := p.credentialPage(v)
	if err != nil {
		return err
	}
	shown.Revealed = &revealed{Password: got.Password.Reveal(), Version: got.Version, Until: got.Lease.Until}
	shown.While = got.Lease.ID
	v.showsSecret("/credentials/"+shown.Name+"/checkout", got.Lease.Until)
	return v.render("checkout", shown)
}

// checkedOut is the page of a check-out without its password: what an open one
// asks, to know whether what it shows is still so.
func (p *Pages) checkedOut(v *visit) error {
	shown, err := p.credentialPage(v)
	if err != nil {
		return err
	}
	if lease := shown.Credential.Lease; lease.Person == v.Person.Username && shown.Holds && lease.Until.After(v.now) {
		shown.While = lease.ID
	}
	return v.render("checkout", shown)
}

// secretsStay is for how long a page with a password stays where no script can ask
// whether it still counts.
const secretsStay = 5 * time.Minute

// showsSecret is for the answer to a form that has a secret in it: the page that
// says the same without it, and when the secret counts no more, zero for no time.
func (v *visit) showsSecret(at string, until time.Time) {
	v.at, v.leaves = at, leaves{min(secretsStay, v.Idle()), at}
	if !until.IsZero() {
		v.leaves.After = max(0, min(v.leaves.After, until.Sub(v.now)))
	}
}

func (p *Pages) checkIn(v *visit) error {
	return p.changeCredential(v, custody.CheckIn{Credential: v.r.PathValue("name")}, "checked_in")
}

func (p *Pages) rotate(v *visit) error {
	return p.changeCredential(v, custody.RequestRotation{Credential: v.r.PathValue("name"), Reason: desk.NewNote(v.field("reason"))}, "rotating")
}

func (p *Pages) reconcile(v *visit) error {
	return p.changeCredential(v, custody.Reconcile{Credential: v.r.PathValue("name"), Reason: desk.NewNote(v.field("reason"))}, "reconciling")
}

func (p *Pages) retire(v *visit) error {
	return p.propose(v, custody.Retire{Credential: v.r.PathValue("name")}, p.credential)
}

// offerOne hands one credential over, without going out.
func (p *Pages) offerOne(v *visit) error {
	back, err := v.instant("until")
	if err != nil {
		return v.again(err, p.credential)
	}
	name := v.r.PathValue("name")
	return p.changeCredential(v, custody.Offer{Credentials: []string{name}, Reason: desk.NewNote(v.field("reason")), ExpectedReturn: back}, "offered")
}

func (p *Pages) changeCredential(v *visit, action custody.Action, done string) error {
	if _, err := v.do(action); err != nil {
		return v.again(err, p.credential)
	}
	return v.redirect("/credentials/"+v.r.PathValue("name"), done)
}
