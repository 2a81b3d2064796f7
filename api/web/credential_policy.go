package web

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Offered names what there is to choose from when a credential is added or its
// policy changed: the installation's configuration has it.
type Offered struct {
	Kinds            []string // of targets; nil: all that there is a form for
	PasswordPolicies []string
	Dependents       []string
}

func (o Offered) has(kind string) bool { return o.Kinds == nil || slices.Contains(o.Kinds, kind) }

// policyForm is what differs from credential to credential, to be filled in.
type policyForm struct {
	OnTransfer, OnCheckin, AutoReconcile bool

	Typed       bool // in a form that was refused
	Reconciles  bool // without a second account there is nothing to choose
	MaxAgeDays  string
	LeaseHours  string
	MaxExposed  string
	Password    string
	Chosen      []string // dependents
	Passwords   []string // to choose from, what is chosen now among them
	AllDepended []string
}

// policyForm shows a policy, or what was typed in its place in a form that was
// refused.
func (v *visit) policyForm(now custody.CredentialPolicy, reconciles, typed bool) policyForm {
	f := policyForm{
		OnTransfer: now.RotateOnTransfer, OnCheckin: now.RotateOnCheckin, AutoReconcile: now.AutoReconcile, Reconciles: reconciles,
		MaxAgeDays: inUnits(now.MaxAgeSeconds, day), LeaseHours: inUnits(now.LeaseSeconds, time.Hour),
		MaxExposed: inUnits(now.MaxExposed, time.Second), Password: now.Password, Chosen: now.Dependents,
		Passwords: alsoOffered(v.Offered.PasswordPolicies, now.Password), AllDepended: alsoOffered(v.Offered.Dependents, now.Dependents...),
	}
	if typed {
		f.Typed = true
		f.OnTransfer, f.OnCheckin, f.AutoReconcile = v.field("rotate_on_transfer") != "", v.field("rotate_on_checkin") != "", v.field("auto_reconcile") != ""
		f.MaxAgeDays, f.LeaseHours, f.MaxExposed = v.field("max_age_days"), v.field("lease_hours"), v.field("max_exposed")
		f.Password, f.Chosen = v.field("password_policy"), v.r.PostForm["dependents"]
	}
	return f
}

// alsoOffered adds what is chosen now but no longer configured, so that a form
// shows it and can take it off.
func alsoOffered(offered []string, chosen ...string) []string {
	all := slices.Concat(offered, chosen)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return name == "" })
}

// policyTyped reads the fields of a policy.
func (v *visit) policyTyped() (policy custody.CredentialPolicy, err error) {
	policy = custody.CredentialPolicy{
		RotateOnTransfer: v.field("rotate_on_transfer") != "", RotateOnCheckin: v.field("rotate_on_checkin") != "",
		AutoReconcile: v.field("auto_reconcile") != "", Password: v.field("password_policy"),
	}
	if policy.MaxAgeSeconds, err = v.units("max_age_days", day); err != nil {
		return policy, err
	}
	if policy.LeaseSeconds, err = v.units("lease_hours", time.Hour); err != nil {
		return policy, err
	}
	if policy.MaxExposed, err = v.units("max_exposed", time.Second); err != nil {
		return policy, err
	}
	policy.Dependents = alsoOffered(v.r.PostForm["dependents"])
	if len(policy.Dependents) == 0 {
		policy.Dependents = nil
	}
	return policy, nil
}

const day = 24 * time.Hour

// inUnits shows a number of seconds as so many hours or days; 0 as "".
func inUnits(seconds int64, unit time.Duration) string {
	if seconds == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(seconds)/unit.Seconds(), 'f', -1, 64)
}

// units reads what inUnits shows. What is beyond every limit is for the domain.
func (v *visit) units(field string, unit time.Duration) (int64, error) {
	typed := v.field(field)
	if typed == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(typed, 64)
	if err != nil || !(n >= 0 && n < 1e9) {
		return 0, custody.Invalid(field, custody.Text{En: "must be a number from 0", Zh: "必须是不小于 0 的数字"})
	}
	return int64(math.Round(n * unit.Seconds())), nil
}

// changePolicy replaces the policy of a credential.
func (p *Pages) changePolicy(v *visit) error {
	name := v.r.PathValue("name")
	policy, err := v.policyTyped()
	if err == nil {
		_, err = p.Desk.ChangePolicy(v.r.Context(), v.intent(custody.ChangePolicy{Credential: name, Policy: policy}))
	}
	if err != nil {
		return v.again(err, p.credential)
	}
	return v.redirect("/credentials/"+name, "policy_changed")
}
