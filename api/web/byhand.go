package web

import (
	"fmt"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// toSet is a password on its way to who sets it by hand, and the one that opens
// the target until then: in one answer, and nowhere else.
type toSet struct {
	Current string // "": Tandem does not know it
	Next    string
}

func (p *Pages) showNew(v *visit) error {
	action := custody.ShowNew{Credential: v.r.PathValue("name")}
	got, err := p.Desk.ShowNew(v.r.Context(), v.by(action), action)
	if err != nil {
		return v.again(err, p.credential)
	}
	shown, err := p.credentialPage(v)
	if err != nil {
		return err
	}
	shown.ToSet = &toSet{Current: got.Current.Reveal(), Next: got.Next.Reveal()}
	shown.While = v.setting(shown.Credential)
	v.showsSecret("/credentials/"+shown.Name+"/new-password", time.Time{})
	return v.render("set", shown)
}

// shownNew is the page of a new password without it, for an open one to ask.
func (p *Pages) shownNew(v *visit) error {
	shown, err := p.credentialPage(v)
	if err != nil {
		return err
	}
	shown.While = v.setting(shown.Credential)
	return v.render("set", shown)
}

// setting names the rotation in which the visitor sets a password by hand: the
// passwords that were shown for it count until it goes on. "" for none.
func (v *visit) setting(c custody.Credential) string {
	if c.Phase != custody.Rotating || c.Successor() != v.Person.Username || !slices.Contains(c.Rotation.ShownTo, v.Person.Username) {
		return ""
	}
	return fmt.Sprintf("%d %s %d", c.Rotation.Number, c.Rotation.Step, c.Rotation.Attempts)
}

func (p *Pages) pause(v *visit) error {
	return p.changeCredential(v, custody.PauseRotation{Credential: v.r.PathValue("name"), Reason: desk.NewNote(v.field("reason"))}, "paused")
}

func (p *Pages) resume(v *visit) error {
	return p.changeCredential(v, custody.ResumeRotation{Credential: v.r.PathValue("name")}, "resumed")
}

func (p *Pages) callOff(v *visit) error {
	return p.changeCredential(v, custody.CancelRotation{Credential: v.r.PathValue("name"), Reason: desk.NewNote(v.field("reason"))}, "called_off")
}

func (p *Pages) abandon(v *visit) error {
	return p.propose(v, custody.Abandon{Credential: v.r.PathValue("name")}, p.credential)
}

func (p *Pages) confirmSet(v *visit) error {
	return p.changeCredential(v, custody.ConfirmSet{Credential: v.r.PathValue("name")}, "set")
}

func (p *Pages) confirmSetAll(v *visit) error {
	if _, err := v.do(custody.ConfirmSetAll{Credentials: v.r.PostForm["credential"]}); err != nil {
		return v.again(err, p.inbox)
	}
	return v.redirect("/inbox", "set_all")
}

// toSetByHand gives the credentials whose new password waits for the visitor to
// set it.
func (v *visit) toSetByHand() ([]custody.Credential, error) {
	if !v.Person.Is(custody.Technician) {
		return nil, nil
	}
	coming, err := v.Queries.FindCredentials(v.r.Context(), desk.CredentialQuery{Person: v.Person.Username, Phase: custody.Rotating})
	return slices.DeleteFunc(coming, func(c custody.Credential) bool { return !waitsFor(c, v.Person.Username) }), err
}

// waitsFor says whether a rotation goes on only when this person has set the new
// password by hand.
func waitsFor(c custody.Credential, person string) bool {
	return c.AwaitsPerson() && c.Successor() == person
}
