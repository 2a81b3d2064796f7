package web

import (
	"cmp"
	"slices"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type refoundingPage struct {
	Lacking []custody.Role   // what nobody could act as
	Roles   []custody.Role   // those that approve, first what is missing
	Named   []custody.Person // who could be given it
}

// refoundingForm says what is missing, and asks for somebody who gets it.
func (p *Pages) refoundingForm(v *visit) error {
	lacking, err := p.Desk.Lacking(v.r.Context())
	if err != nil {
		return err
	}
	people, err := v.Queries.People(v.r.Context())
	if err != nil {
		return err
	}
	named := slices.DeleteFunc(people, func(c custody.Person) bool {
		return !c.CanConfirm() || c.Username == v.Person.Username || c.Is(custody.Manager) || c.Is(custody.Director) || c.Is(custody.Auditor)
	})
	roles := []custody.Role{custody.Manager, custody.Director}
	slices.SortStableFunc(roles, func(a, b custody.Role) int {
		return cmp.Compare(slices.Index(lacking, b), slices.Index(lacking, a))
	})
	return v.render("refounding", refoundingPage{lacking, roles, named})
}

func (p *Pages) refound(v *visit) error {
	return p.propose(v, custody.Refound{Person: v.field("person"), Role: custody.Role(v.field("role"))}, p.refoundingForm)
}

// departureForm shows the date on which somebody's access ends, what would still be theirs
// then, and asks for another.
func (p *Pages) departureForm(v *visit) (err error) {
	shown := disablePage{Looks: v.Person.LooksAtLeavings() == nil}
	if shown.Person, err = v.Queries.Person(v.r.Context(), v.r.PathValue("username")); err != nil {
		return err
	}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	if shown.Looks && !shown.Person.Disabled {
		if shown.Prospect, err = p.Desk.Prospect(v.r.Context(), shown.Person.Username); err != nil {
			return err
		}
	}
	return v.render("departure", shown)
}

// planDeparture proposes a date, or that there is none any more.
func (p *Pages) planDeparture(v *visit) error {
	change := custody.PlanDeparture{Person: v.r.PathValue("username")}
	if v.field("cancel") == "" {
		at, err := v.instant("at")
		if err == nil && at.IsZero() {
			err = custody.Invalid("at", "not_a_date_and_time")
		}
		if err != nil {
			return v.again(err, p.departureForm)
		}
		change.At = custody.Instant(at)
	}
	return p.propose(v, change, p.departureForm)
}

// recoveryStopForm shows a log-in of somebody that was asked for on the server's machine.
func (p *Pages) recoveryStopForm(v *visit) error {
	return p.aboutPerson("recovery_stop")(v)
}

func (p *Pages) stopRecovery(v *visit) error {
	if _, err := v.do(custody.StopRecovery{Person: v.r.PathValue("username"), Reason: desk.NewNote(v.field("reason"))}); err != nil {
		return v.again(err, p.recoveryStopForm)
	}
	return v.redirect("/people/"+v.r.PathValue("username")+"/recovery", "recovery_stopped")
}
