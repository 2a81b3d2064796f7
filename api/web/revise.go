package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// A proposal is revised in the form that asked for it, filled in with what it asks for. The
// form says which proposal it revises; what is sent then takes the place of what was asked.

// reviseField names the proposal that a form revises; "": it asks for something new.
const reviseField = "revise"

// asking is the form that asks for a change: its page, the address that it is sent to, and
// what is in it. false: there is nothing in it to edit.
func (v *visit) asking(c custody.Change) (page, path string, fields url.Values, is bool) {
	subject, fields := c.Subject(), url.Values{}
	day := func(t time.Time) string { return t.In(v.zone).Format(time.DateOnly) }
	minute := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(v.zone).Format(dateTime)
	}
	switch a := c.Proposable.(type) {
	case custody.SetCustodians:
		page = "/credentials/" + subject
		path = page + "/custodians"
		fields.Set("primary", a.Primary)
		fields.Set("backup", a.Backup)
		fields.Set("until", minute(a.Until))
		fields.Set(zoneField, v.zone.String())
	case custody.Retarget:
		page = "/credentials/" + subject + "/target"
		path = page
		target := a.Target.In("")
		fields.Set("address", target.Address)
		for name, value := range target.Settings {
			fields.Set("set."+name, value)
		}
	case custody.ChangeEmail:
		page = "/admin/people/" + subject + "/email"
		path = page
		fields.Set("email", a.Email.In(""))
	case custody.PlanDeparture:
		page = "/admin/people/" + subject + "/departure"
		path = page
		fields = url.Values{"at": {minute(a.At)}, zoneField: {v.zone.String()}}
	case custody.Refound:
		page, path = "/people/refound", "/people/refound"
		fields = url.Values{"person": {a.Person}, "role": {string(a.Role)}}
	case custody.ChangePolicy:
		page = "/credentials/" + subject
		path = page + "/policy"
		policyFields(a.Policy, fields)
	case custody.AddPerson:
		page, path = "/admin/people/new", "/admin/people/new"
		fields = url.Values{"username": {a.Username}, "name": {a.Name}, "email": {a.Email.In("")}}
		rolesFields(a.Roles, fields)
	case custody.SetRoles:
		page = "/admin/people/" + subject + "/roles"
		path = page
		rolesFields(a.Roles, fields)
	case custody.NameDeputy:
		page = "/people/" + subject + "/deputy"
		path = page
		fields = url.Values{"deputy": {a.Deputy}, "starts": {minute(a.Starts)}, "ends": {minute(a.Ends)}, zoneField: {v.zone.String()}}
	case custody.AdoptPolicy:
		page, path = "/policy", "/policy"
		fields = policyTexts(a.Values)
		fields.Set("review_by", day(a.ReviewBy))
	case custody.ReviewPolicy:
		page, path = "/policy/review", "/policy/review"
		fields.Set("review_by", day(a.ReviewBy))
	case custody.AddCredential:
		target := a.Target.In("")
		path = "/admin/credentials/new"
		page = path + "?" + url.Values{"kind": {target.Kind}, "probe": {target.Settings["probe"]}}.Encode()
		fields = url.Values{
			"kind": {target.Kind}, "probe": {target.Settings["probe"]}, "name": {a.Name}, "address": {target.Address}, "account": {target.Account},
			"primary": {a.Primary}, "backup": {a.Backup},
		}
		for name, value := range target.Settings {
			fields.Set("set."+name, value)
		}
		policyFields(a.Policy, fields)
	default:
		return "", "", nil, false
	}
	return page, path, fields, true
}

func rolesFields(roles []custody.Role, fields url.Values) {
	for _, role := range roles {
		fields.Add("roles", string(role))
	}
}

// policyFields are what policyTyped reads.
func policyFields(n custody.CredentialPolicy, fields url.Values) {
	for name, ticked := range map[string]bool{"rotate_on_transfer": n.RotateOnTransfer, "rotate_on_checkin": n.RotateOnCheckin, "auto_reconcile": n.AutoReconcile} {
		if ticked {
			fields.Set(name, "yes")
		}
	}
	fields.Set("max_age_days", inUnits(n.MaxAgeSeconds, perDay))
	fields.Set("lease_hours", inUnits(n.LeaseSeconds, perHour))
	fields.Set("max_exposed", inUnits(n.MaxExposed, perOne))
	fields.Set("password_policy", n.Password)
	fields["dependents"] = n.Dependents
}

// revise leads to the form that asked for a proposal, filled in with it.
func (p *Pages) revise(v *visit) error {
	asked, err := v.Queries.Proposal(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page, path, fields, is := v.asking(asked.Change)
	if !is || asked.Status != custody.Open || asked.Requester != v.Person.Username {
		return v.redirect("/proposals/"+asked.ID, "")
	}
	fields.Set(reviseField, asked.ID)
	fields.Set("reason", asked.Reason.In(""))
	to, err := url.Parse(page)
	if err != nil {
		return err
	}
	query := to.Query()
	query.Set(refusedParameter, v.refusals.keep(&refusedForm{who: v.Person.Username, path: path, fields: fields, at: v.now}, v.now, v.Idle()))
	to.RawQuery = query.Encode()
	http.Redirect(v.w, v.r, to.String(), http.StatusSeeOther)
	return nil
}

// revised carries out a revision by some other way than Desk.Do, and leads to it.
func (v *visit) revised(outcome desk.Outcome, err error, page handler) error {
	if err != nil {
		return v.again(err, page)
	}
	return v.redirect("/proposals/"+outcome.Events[0].Fact.Subject(), "revised")
}
