package notify

import (
	"context"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// incident tells of one: those who decide about it when it is reported, those whom it
// concerns when it was assessed. Of what an entry raised it was told with that entry.
func (f *Follower) incident(ctx context.Context, about concerns, id string) ([]notice, error) {
	i, err := f.Directory.Incident(ctx, id)
	if err != nil {
		return nil, err
	}
	page, actor := "/incidents/"+id, about.entry.Actor
	v := values{Incident: id, Grade: i.Stands(), Actor: actor}
	lookers := about.everybody(custody.Manager, custody.Director, custody.Auditor)
	everybody := about.everybody(custody.Manager, custody.Director, custody.Admin, custody.Auditor)
	others := func(lists ...[]string) []string { // whose deed it was knows
		return slices.DeleteFunc(slices.Concat(lists...), func(name string) bool { return name == actor })
	}
	switch fact := about.entry.Fact.(type) {
	case custody.IncidentReported:
		able, err := f.Directory.Assessors(ctx, id)
		if err != nil {
			return nil, err
		}
		to := able
		if v.Grade = fact.Rated; fact.Rated == custody.Special {
			to = slices.Concat(able, everybody)
		}
		about.tell("incident_reported", page, v, others(to)...)
	case custody.IncidentAssessed:
		if v.Grade = fact.To; fact.Alone {
			about.tell("incident_alone", page, v, others(lookers)...)
		}
		about.tell("incident_assessed", page, v, others(i.People, []string{i.Reporter})...)
	case custody.IncidentUnanswered:
		able, err := f.Directory.Assessors(ctx, id)
		if err != nil {
			return nil, err
		}
		about.tell("incident_unanswered", page, v, slices.Concat(able, everybody)...)
	default: // acknowledged or closed by whom it is about, or there is nothing to tell
		about.tell("incident_alone", page, v, others(lookers)...)
	}
	return about.notices, nil
}
