package web

import (
	"slices"
	"strings"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type emergenciesPage struct {
	People map[string]custody.Person
	Rows   []desk.Emergency
}

// emergencies lists those that the visitor may know of.
func (p *Pages) emergencies(v *visit) (err error) {
	var list emergenciesPage
	if list.People, err = v.directory(); err != nil {
		return err
	}
	if list.Rows, err = api.SeenEmergencies(v.r.Context(), p.Desk, v.Person); err != nil {
		return err
	}
	return v.render("emergencies", list)
}

// openEmergencies gives those that somebody still has to do something about.
func (v *visit) openEmergencies() ([]desk.Emergency, error) {
	all, err := api.SeenEmergencies(v.r.Context(), v.Desk, v.Person)
	return slices.DeleteFunc(all, func(e desk.Emergency) bool { return !e.Status.Open() && e.Status != custody.EmergencyOver }), err
}

// urgentPage is where a password is asked for whose holder cannot be reached.
type urgentPage struct {
	Choices     []custody.Credential // that the visitor could ask for
	Chosen      []string
	Substitutes []custody.Person // for whom a manager or a director could ask
	For         string
	People      map[string]custody.Person
}

func (p *Pages) newEmergency(v *visit) (err error) {
	shown := urgentPage{Chosen: v.r.URL.Query()["credential"], For: v.field("for")}
	if v.sent != nil {
		shown.Chosen = v.r.PostForm["credential"]
	}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	ctx, me := v.r.Context(), v.Person.Username
	mine, err := v.Queries.FindCredentials(ctx, desk.CredentialQuery{Person: me})
	if err != nil {
		return err
	}
	for _, c := range mine {
		if c.Active() && c.HeldFor() != me && c.HeldFor() != "" {
			shown.Choices = append(shown.Choices, c)
		}
	}
	for _, name := range shown.Chosen { // of which they are no custodian
		if slices.ContainsFunc(shown.Choices, func(c custody.Credential) bool { return c.Name == name }) {
			continue
		}
		c, err := v.Queries.Credential(ctx, name)
		if err != nil {
			return err
		}
		shown.Choices = append(shown.Choices, c)
	}
	if v.Person.Is(custody.Manager) || v.Person.Is(custody.Director) {
		for _, person := range shown.People {
			if person.Substitutes() {
				shown.Substitutes = append(shown.Substitutes, person)
			}
		}
		slices.SortFunc(shown.Substitutes, func(a, b custody.Person) int { return strings.Compare(a.Username, b.Username) })
	}
	return v.render("emergency_new", shown)
}

func (p *Pages) requestEmergency(v *visit) error {
	action := custody.RequestEmergency{Credentials: v.r.PostForm["credential"], For: v.field("for"), Reason: desk.NewNote(v.field("reason"))}
	outcome, err := v.do(action)
	if err != nil {
		return v.again(err, p.newEmergency)
	}
	asked, _ := outcome.Events[0].Fact.(custody.EmergencyRequested)
	return v.redirect("/emergencies/"+asked.Emergency, "emergency_requested")
}

type emergencyPage struct {
	desk.Emergency
	People   map[string]custody.Person
	Told     []told   // who has to know, and whether it reached them
	Decides  bool     // the visitor can approve it
	Beside   []string // who asked for it, or approved it, in the visitor's device
	Vetoes   bool     // and stop it
	Requests bool     // asked for it
	Has      bool     // has the passwords
	Absent   bool     // is among those who could not be reached
	Reviews  bool
	Either   bool // one of manager and director is enough
	Verdicts []custody.Verdict
}

// told is somebody who has to know of an emergency.
type told struct {
	Person   string
	Channels []custody.Paged
}

func (p *Pages) emergency(v *visit) error {
	e, err := api.SeenEmergency(v.r.Context(), p.Desk, v.Person, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	me := v.Person.Username
	shown := emergencyPage{
		Emergency: e, Requests: e.Requester == me, Has: e.For == me && e.Status == custody.EmergencyOn,
		Decides: api.CanApprove(e.Can, me), Reviews: slices.Contains(e.Reviewers, me),
		Absent: slices.Contains(e.Emergency.Absent, me) && e.Status == custody.EmergencyOn && e.BackAt.IsZero(),
		Either: len(e.Needs) == 1 && e.Requester == e.For, Verdicts: custody.Verdicts,
	}
	custodian := slices.ContainsFunc(e.Of, func(c custody.Credential) bool { return c.HasCustodian(me) })
	shown.Vetoes = e.Status == custody.EmergencyPending && !shown.Requests && e.For != me && (custodian || shown.Decides)
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	if shown.Decides {
		if shown.Beside, err = p.Desk.SameDeviceOf(v.r.Context(), v.Asks(), e.ID); err != nil {
			return err
		}
	}
	for _, person := range toldOf(e) {
		row := told{Person: person}
		for _, page := range e.Paged {
			if page.Person == person {
				row.Channels = append(row.Channels, page)
			}
		}
		shown.Told = append(shown.Told, row)
	}
	return v.render("emergency", shown)
}

// toldOf gives who has to know of an emergency, by name: the custodians, and whoever can
// approve it or was told.
func toldOf(e desk.Emergency) []string {
	var all []string
	for _, c := range e.Of {
		all = append(all, c.Primary, c.Backup)
	}
	for _, people := range e.Can {
		all = append(all, people...)
	}
	for _, page := range e.Paged {
		all = append(all, page.Person)
	}
	all = slices.DeleteFunc(all, func(name string) bool { return name == "" || name == e.Requester })
	slices.Sort(all)
	return slices.Compact(all)
}

func (p *Pages) approveEmergency(v *visit) error {
	return p.decideEmergency(v, custody.ApproveEmergency{Emergency: v.r.PathValue("id")}, "emergency_approved")
}

func (p *Pages) rejectEmergency(v *visit) error {
	return p.decideEmergency(v, custody.RejectEmergency{Emergency: v.r.PathValue("id"), Reason: desk.NewNote(v.field("reason"))}, "emergency_rejected")
}

func (p *Pages) withdrawEmergency(v *visit) error {
	return p.decideEmergency(v, custody.WithdrawEmergency{Emergency: v.r.PathValue("id")}, "emergency_withdrawn")
}

func (p *Pages) endEmergency(v *visit) error {
	return p.decideEmergency(v, custody.EndEmergency{Emergency: v.r.PathValue("id")}, "emergency_ended")
}

func (p *Pages) reviewEmergency(v *visit) error {
	action := custody.ReviewEmergency{Emergency: v.r.PathValue("id"), Verdict: custody.Verdict(v.field("verdict")), Text: desk.NewNote(v.field("text"))}
	return p.decideEmergency(v, action, "emergency_reviewed")
}

func (p *Pages) decideEmergency(v *visit, action custody.Action, done string) error {
	if _, err := v.do(action); err != nil {
		return v.again(err, p.emergency)
	}
	return v.redirect("/emergencies/"+v.r.PathValue("id"), done)
}
