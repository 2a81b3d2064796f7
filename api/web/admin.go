package web

import (
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type newPersonPage struct{ Roles []custody.Role }

func (p *Pages) newPerson(v *visit) error {
	return v.render("person_new", newPersonPage{custody.Roles})
}

// defaultPeriod is what every authenticator takes, in seconds (RFC 6238, 5.2).
const defaultPeriod = 30

func (p *Pages) proposePerson(v *visit) error {
	return p.propose(v, custody.AddPerson{
		Username: desk.Username(v.field("username")), Name: custody.OneLine(v.field("name")), Email: desk.NewNote(v.field("email")),
		Roles: v.roles(), TOTPPeriod: defaultPeriod,
	}, p.newPerson)
}

// roles gives the roles that a form has ticked.
func (v *visit) roles() (roles []custody.Role) {
	for _, role := range v.r.PostForm["roles"] {
		roles = append(roles, custody.Role(role))
	}
	return roles
}

// personPage is a form about somebody.
type personPage struct {
	Person custody.Person
	Roles  []custody.Role // that there are
	Chosen []string       // ticked, or those of the person
	Few    []custody.Shortage
	People map[string]custody.Person
}

// aboutPerson gives the page of a form about the person in the address.
func (p *Pages) aboutPerson(template string) handler {
	return func(v *visit) error {
		person, err := v.Queries.Person(v.r.Context(), v.r.PathValue("username"))
		if err != nil {
			return err
		}
		shown := personPage{Person: person, Roles: custody.Roles, Chosen: v.r.PostForm["roles"]}
		if shown.Few, err = p.fewWithout(v, person); err != nil {
			return err
		}
		if shown.People, err = v.directory(); err != nil {
			return err
		}
		if v.sent == nil {
			shown.Chosen = api.RoleNames(person.Roles)
		}
		return v.render(template, shown)
	}
}

func (p *Pages) proposeRoles(v *visit) error {
	return p.propose(v, custody.SetRoles{Person: v.r.PathValue("username"), Roles: v.roles()}, p.aboutPerson("person_roles"))
}

func (p *Pages) proposeEnrolment(v *visit) error {
	return p.propose(v, custody.ResetEnrolment{Person: v.r.PathValue("username")}, p.aboutPerson("person_enrol"))
}

// linkPage shows a link, once; "": it is not made yet.
type linkPage struct {
	Person custody.Person
	While  string // see credentialPage
	Link   string
	Until  time.Time // it counts before this instant
}

func (p *Pages) linkForm(v *visit) error { return p.showLink(v, linkPage{}) }

func (p *Pages) showLink(v *visit, shown linkPage) (err error) {
	if shown.Person, err = v.Queries.Person(v.r.Context(), v.r.PathValue("username")); err != nil {
		return err
	}
	if shown.Person.Admission.LinkCounts(v.now) {
		shown.While = shown.Person.Admission.Link
	}
	return v.render("person_link", shown)
}

func (p *Pages) issueLink(v *visit) error {
	link, err := p.Desk.IssueLink(v.r.Context(), v.by(custody.IssueLink{}), v.r.PathValue("username"))
	if err != nil {
		return v.again(err, p.linkForm)
	}
	v.showsSecret("/admin/people/"+v.r.PathValue("username")+"/link", time.Time{})
	return p.showLink(v, linkPage{Link: api.LinkTo(v.PublicURL, link.Token), Until: link.Until})
}
