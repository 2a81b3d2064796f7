package web

import (
	"strconv"
	"strings"

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

func (p *Pages) addPerson(v *visit) error {
	add := custody.AddPerson{
		Username: v.field("username"), Name: v.field("name"), Email: v.field("email"), TOTPPeriod: defaultPeriod,
	}
	for _, role := range v.r.PostForm["roles"] {
		add.Roles = append(add.Roles, custody.Role(role))
	}
	login, err := p.Desk.AddPerson(v.r.Context(), v.intent(add))
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
	login, err := p.Desk.ResetEnrolment(v.r.Context(), v.intent(custody.ResetEnrolment{Person: username}))
	if err != nil {
		return v.again(err, p.newEnrolment)
	}
	return v.showLogin(username, login)
}

// newLoginPage is shown once.
type newLoginPage struct {
	Person   custody.Person
	Password string
	authenticator
}

func (v *visit) showLogin(username string, login desk.NewLogin) error {
	person, err := v.Queries.Person(v.r.Context(), username)
	if err != nil {
		return err
	}
	shown := newLoginPage{Person: person, Password: login.Password.Reveal()}
	if shown.authenticator, err = v.authenticator(login.OTPAuth); err != nil {
		return err
	}
	return v.render("login_new", shown)
}

type newCredentialPage struct {
	Technicians []custody.Person
	CanTest     bool
	Tested      bool // and it works
	Failed      *custody.Refusal
}

func (p *Pages) newCredential(v *visit) error { return v.credentialForm(newCredentialPage{}) }

func (v *visit) credentialForm(shown newCredentialPage) error {
	people, err := v.Queries.People(v.r.Context())
	if err != nil {
		return err
	}
	shown.CanTest = v.TestTarget != nil
	for _, person := range people {
		if person.Is(custody.Technician) && !person.Disabled {
			shown.Technicians = append(shown.Technicians, person)
		}
	}
	return v.render("credential_new", shown)
}

// addCredential tests the target first, unless the person says not to, or only
// does that.
func (p *Pages) addCredential(v *visit) error {
	if !v.person.Is(custody.Admin) { // before anything is connected to
		return v.again(errOnlyAdmin, p.newCredential)
	}
	add, err := v.credentialAction()
	if err != nil {
		return v.again(err, p.newCredential)
	}
	password, key := custody.SecretString(v.field("password")), custody.SecretString(v.field("admin_key"))
	onlyTest := v.field("do") == "test"
	if p.TestTarget != nil && (onlyTest || v.field("untested") == "") {
		err = p.TestTarget(v.r.Context(), add.Target, key, password)
	}
	if onlyTest {
		shown := newCredentialPage{Tested: err == nil}
		if err != nil {
			shown.Failed = api.RefusalOf(err)
		}
		return v.credentialForm(shown)
	}
	if err == nil {
		_, err = p.Desk.AddCredential(v.r.Context(), v.intent(add), password, key)
	}
	if err != nil {
		return v.again(err, p.newCredential)
	}
	return v.redirect("/credentials/"+add.Name, "added")
}

var errOnlyAdmin = &custody.Refusal{Code: custody.Forbidden, Rule: "3.1",
	What: custody.Text{En: "Only an admin may do this.", Zh: "只有管理员可以执行此操作。"},
	Next: custody.Text{En: "Ask one of them.", Zh: "请联系相应人员。"}}

func (v *visit) credentialAction() (custody.AddCredential, error) {
	add := custody.AddCredential{
		Name: v.field("name"), Primary: v.field("primary"), Backup: v.field("backup"),
		Target: custody.Target{
			Kind: "ssh", Address: v.field("address"), Account: v.field("account"),
			Settings: map[string]string{"host_key": strings.TrimSpace(v.field("host_key"))}, // pasted with its line end
		},
		Policy: custody.CredentialPolicy{
			RotateOnTransfer: v.field("rotate_on_transfer") != "", RotateOnCheckin: v.field("rotate_on_checkin") != "",
		},
	}
	if admin := v.field("admin"); admin != "" {
		add.Target.Settings["admin"] = admin
	}
	if v.field("sudo") != "" {
		add.Target.Settings["sudo"] = "true"
	}
	if hours := v.field("lease_hours"); hours != "" {
		n, err := strconv.ParseInt(hours, 10, 16)
		if err != nil || n < 1 {
			return add, custody.Invalid("lease_hours", custody.Text{En: "must be a whole number of hours", Zh: "必须是整小时数"})
		}
		add.Policy.LeaseSeconds = n * 60 * 60
	}
	return add, nil
}
