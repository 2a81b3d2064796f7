package web

import (
	"github.com/tandem-custody/tandem/custody"
)

// deputyPage says who decides in somebody's place while they are away.
type deputyPage struct {
	Person custody.Person
	People map[string]custody.Person
	Acts   bool // the deputy decides now
	Ends   bool // the visitor may end it
}

func (p *Pages) deputy(v *visit) (err error) {
	shown := deputyPage{}
	if shown.Person, err = v.Queries.Person(v.r.Context(), v.r.PathValue("username")); err != nil {
		return err
	}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	is := shown.Person.Deputy
	shown.Acts = is.Began && shown.Person.Away
	shown.Ends = is.Person != "" && (v.Person.EndsAccess() || v.Person.Username == shown.Person.Username || v.Person.Username == is.Person)
	return v.render("person_deputy", shown)
}

func (p *Pages) proposeDeputy(v *visit) error {
	starts, err := v.instant("starts")
	if err != nil {
		return v.again(err, p.deputy)
	}
	ends, err := v.instant("ends")
	if err != nil {
		return v.again(err, p.deputy)
	}
	deputy, err := v.usernameOf(v.r.Context(), v.field("deputy"))
	if err != nil {
		return err
	}
	return p.propose(v, custody.NameDeputy{Person: v.r.PathValue("username"), Deputy: deputy, Starts: starts, Ends: ends}, p.deputy)
}

func (p *Pages) endDeputy(v *visit) error {
	username := v.r.PathValue("username")
	if _, err := v.do(custody.EndDeputy{Person: username}); err != nil {
		return v.again(err, p.deputy)
	}
	return v.redirect("/people/"+username+"/deputy", "deputy_ended")
}
