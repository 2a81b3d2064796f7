package web

import (
	"strconv"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type newPersonPage struct{ Roles []custody.Role }

func (p *Pages) newPerson(v *visit) error {
	return v.render("person_new", newPersonPage{custody.Roles})
}

// defaultPeriod is what every authenticator takes, in seconds (RFC 6238, 5.2).
const defaultPeriod = 30

func (p *Pages) addPerson(v *visit) error {
	add := custody.AddPerson{
		Username: desk.Username(v.field("username")), Name: v.field("name"), Email: desk.NewNote(v.field("email")), TOTPPeriod: defaultPeriod,
	}
	for _, role := range v.r.PostForm["roles"] {
		add.Roles = append(add.Roles, custody.Role(role))
	}
	login, err := p.Desk.AddPerson(v.r.Context(), v.by(add), add)
	if err != nil {
		return v.again(err, p.newPerson)
	}
	return v.showLogin(add.Username, login)
}

type enrolPage struct{ Person custody.Person }

func (p *Pages) newEnrolment(v *visit) error {
	person, err := p.Queries.Person(v.r.Context(), v.r.PathValue("username"))
	if err != nil {
		return err
	}
	return v.render("person_enrol", enrolPage{person})
}

func (p *Pages) enrol(v *visit) error {
	username := v.r.PathValue("username")
	action := custody.ResetEnrolment{Person: username}
	login, err := p.Desk.ResetEnrolment(v.r.Context(), v.by(action), action)
	if err != nil {
		return v.again(err, p.newEnrolment)
	}
	return v.showLogin(username, login)
}

// newLoginPage is shown once.
type newLoginPage struct {
	Person   custody.Person
	While    string // see credentialPage
	Password string
	authenticator
}

func (v *visit) showLogin(username string, login desk.NewLogin) error {
	person, err := v.Queries.Person(v.r.Context(), username)
	if err != nil {
		return err
	}
	shown := newLoginPage{Person: person, Password: login.Password.Reveal()}
	if shown.While, err = v.unproved(person); err != nil {
		return err
	}
	v.showsSecret("/admin/people/"+username+"/login", time.Time{})
	if shown.authenticator, err = v.authenticator(login.OTPAuth); err != nil {
		return err
	}
	return v.render("login_new", shown)
}

// shownLogin is the page of a new log-in without it, for an open one to ask.
func (p *Pages) shownLogin(v *visit) error {
	person, err := p.Queries.Person(v.r.Context(), v.r.PathValue("username"))
	if err != nil {
		return err
	}
	shown := newLoginPage{Person: person}
	if shown.While, err = v.unproved(person); err != nil {
		return err
	}
	return v.render("login_new", shown)
}

// unproved names the log-in that somebody was given and has not used yet, by the
// entry that gave it; "" for none.
func (v *visit) unproved(person custody.Person) (string, error) {
	if person.Enrolled {
		return "", nil
	}
	given := int64(-1)
	for _, fact := range []custody.Fact{custody.PersonAdded{}, custody.EnrolmentReset{}} {
		last, err := v.Queries.Entries(v.r.Context(), desk.EntryQuery{Subject: person.Username, Type: fact.Type(), Newest: true, Limit: 1})
		if err != nil {
			return "", err
		}
		for _, entry := range last {
			given = max(given, entry.Index)
		}
	}
	return strconv.FormatInt(given, 10), nil
}
