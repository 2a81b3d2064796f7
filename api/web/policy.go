package web

import (
	"time"

	"github.com/tandem-custody/tandem/custody"
)

type policyPage struct {
	custody.PolicyInForce
	Overdue bool
	Next    string             // a day within a year, to review it by
	Fields  []policyField      // of what it says, and of the form
	Few     []custody.Shortage // where fewer than two could approve now
	People  map[string]custody.Person
}

// policy shows what is in force, and asks for another or for its yearly review.
func (p *Pages) policy(v *visit) error {
	now := p.Desk.PolicyInForce()
	people, err := v.directory()
	if err != nil {
		return err
	}
	return v.render("policy", policyPage{
		Few: p.fewApprovers(v), People: people,
		PolicyInForce: now, Overdue: now.Unreviewed(v.now), Next: v.now.In(v.zone).AddDate(1, 0, -1).Format(time.DateOnly),
		Fields: policyValues,
	})
}

func (p *Pages) adoptPolicy(v *visit) error {
	values, err := v.typedPolicy()
	if err != nil {
		return v.again(err, p.policy)
	}
	by, err := v.day("review_by")
	if err != nil {
		return v.again(err, p.policy)
	}
	return p.propose(v, custody.AdoptPolicy{Values: values, ReviewBy: by}, p.policy)
}

func (p *Pages) reviewPolicy(v *visit) error {
	by, err := v.day("review_by")
	if err != nil {
		return v.again(err, p.policy)
	}
	return p.propose(v, custody.ReviewPolicy{Version: p.Desk.PolicyInForce().Version, ReviewBy: by}, p.policy)
}

// day reads a field with a day, as it begins in the visitor's zone.
func (v *visit) day(field string) (time.Time, error) {
	at, err := time.ParseInLocation(time.DateOnly, v.field(field), v.zone)
	if err != nil {
		return at, custody.Invalid(field, "not_a_date")
	}
	return at.UTC(), nil
}
