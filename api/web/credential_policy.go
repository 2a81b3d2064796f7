package web

import (
	"math"
	"slices"
	"strconv"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Offered names what there is to choose from when a credential is added or its
// policy changed: the installation's configuration has it.
type Offered struct {
	Kinds            []desk.TargetKind
	PasswordPolicies []string
	Dependents       []string
}

// policyForm is what differs from credential to credential, to be filled in.
type policyForm struct {
	OnTransfer, OnCheckin, AutoReconcile, Silence bool

	Typed      bool // in a form that was refused
	Reconciles bool // without a second account there is nothing to choose
	MaxAgeDays string
	LeaseHours string
	MaxExposed string
	Password   string
	Passwords  []string // to choose from
	Chosen     []string // dependents
	Dependents []string // to choose from
}

// policyForm shows a policy, or what was typed in its place in a form that was
// refused.
func (v *visit) policyForm(now custody.CredentialPolicy, reconciles, typed bool) policyForm {
	f := policyForm{
		OnTransfer: now.RotateOnTransfer, OnCheckin: now.RotateOnCheckin, AutoReconcile: now.AutoReconcile, Silence: now.Silence, Reconciles: reconciles,
		MaxAgeDays: inUnits(now.MaxAgeSeconds, perDay), LeaseHours: inUnits(now.LeaseSeconds, perHour),
		MaxExposed: inUnits(now.MaxExposed, perOne), Password: now.Password, Chosen: now.Dependents,
		Passwords: names(v.Offered.PasswordPolicies, now.Password), Dependents: names(v.Offered.Dependents, now.Dependents...),
	}
	if typed {
		f.Typed = true
		f.OnTransfer, f.OnCheckin, f.AutoReconcile = v.field("rotate_on_transfer") != "", v.field("rotate_on_checkin") != "", v.field("auto_reconcile") != ""
		f.Silence = v.field("silence") != ""
		f.MaxAgeDays, f.LeaseHours, f.MaxExposed = v.field("max_age_days"), v.field("lease_hours"), v.field("max_exposed")
		f.Password, f.Chosen = v.field("password_policy"), v.r.PostForm["dependents"]
	}
	return f
}

// names gives names in order, each once; nil for none. What is chosen now but no
// longer configured is offered too: to be seen, and taken off.
func names(some []string, more ...string) []string {
	all := slices.DeleteFunc(slices.Concat(some, more), func(name string) bool { return name == "" })
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// policyTyped reads the fields of a policy.
func (v *visit) policyTyped() (policy custody.CredentialPolicy, err error) {
	policy = custody.CredentialPolicy{
		RotateOnTransfer: v.field("rotate_on_transfer") != "", RotateOnCheckin: v.field("rotate_on_checkin") != "",
		AutoReconcile: v.field("auto_reconcile") != "", Silence: v.field("silence") != "", Password: v.field("password_policy"),
	}
	if policy.MaxAgeSeconds, err = v.units("max_age_days", perDay); err != nil {
		return policy, err
	}
	if policy.LeaseSeconds, err = v.units("lease_hours", perHour); err != nil {
		return policy, err
	}
	if policy.MaxExposed, err = v.units("max_exposed", perOne); err != nil {
		return policy, err
	}
	policy.Dependents = names(v.r.PostForm["dependents"])
	return policy, nil
}

// How many of what the domain counts there are in what a form asks for.
const perOne, perHour, perDay = 1, 60 * 60, 24 * 60 * 60

// inUnits shows a number in units of so many; 0, which stands for no limit, as "".
func inUnits(n, unit int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(n)/float64(unit), 'f', -1, 64)
}

// units reads what inUnits shows. What is beyond every limit is for the domain.
func (v *visit) units(field string, unit int64) (int64, error) {
	typed := v.field(field)
	if typed == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(typed, 64)
	if err != nil || !(n >= 0 && n < 1e9) {
		return 0, custody.Invalid(field, "from_zero")
	}
	return int64(math.Round(n * float64(unit))), nil
}

// changePolicy replaces the policy of a credential by a stricter one at once, and asks for
// any other.
func (p *Pages) changePolicy(v *visit) error {
	name := v.r.PathValue("name")
	policy, err := v.policyTyped()
	if err == nil {
		action := custody.ChangePolicy{Credential: name, Policy: policy}
		if id := v.field(reviseField); id != "" {
			outcome, err := p.Desk.RevisePolicy(v.r.Context(), v.by(custody.Revise{}), id, action, desk.NewNote(v.field("reason")))
			return v.revised(outcome, err, p.credential)
		}
		_, err = p.Desk.ChangePolicy(v.r.Context(), v.by(action), action)
		if code := custody.CodeOf(err); code == custody.ApprovalNeeded || code == custody.Forbidden {
			return p.propose(v, action, p.credential) // the code is not used up
		}
	}
	if err != nil {
		return v.again(err, p.credential)
	}
	return v.redirect("/credentials/"+name, "policy_changed")
}
