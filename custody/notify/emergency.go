package notify

import (
	"context"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// emailChannel is what mails are called where a message that was delivered is entered.
const emailChannel = "email"

// urgent tells of an emergency: whoever's custody it is, whoever decides, who asked and
// who has it.
func (f *Follower) urgent(ctx context.Context, about concerns, id, credential string) ([]notice, error) {
	c, err := f.Directory.Credential(ctx, credential)
	if err != nil {
		return nil, err
	}
	e, _ := c.Emergency(id)
	page, actor := "/emergencies/"+id, about.entry.Actor
	v := values{Emergency: id, Credentials: []string{credential}, From: e.Requester, Person: e.For, Actor: actor, Expires: e.Expires, Until: e.Until}
	custodians, parties := []string{c.Primary, c.Backup}, []string{e.Requester, e.For}
	deciders, lookers := about.everybody(custody.Manager, custody.Director), about.everybody(custody.Manager, custody.Director, custody.Auditor)
	others := func(lists ...[]string) []string { // whose deed it was knows
		return slices.DeleteFunc(slices.Concat(lists...), func(name string) bool { return name == actor })
	}
	switch fact := about.entry.Fact.(type) {
	case custody.EmergencyRequested:
		v.From, v.Person = actor, fact.For
		about.tell("emergency_asked", page, v, others(custodians, deciders, []string{fact.For})...)
	case custody.EmergencyGranted:
		v.Person = fact.For
		kind := "emergency_granted"
		if fact.Silent {
			kind = "emergency_silent"
		}
		about.tell(kind, page, v, slices.Concat([]string{fact.For}, custodians, deciders)...)
	case custody.EmergencyRejected:
		about.tell("emergency_rejected", page, v, others(parties, custodians, deciders)...)
	case custody.EmergencyLapsed:
		about.tell("emergency_lapsed", page, v, slices.Concat(parties, custodians)...)
	case custody.EmergencyEnded:
		v.Until = e.ReviewBy
		if fact.How == custody.EndUnused {
			about.tell("emergency_lapsed", page, v, slices.Concat(parties, custodians)...)
			break
		}
		about.tell("emergency_over", page, v, slices.Concat(custodians, parties)...)
		about.tell("emergency_review", page, v, lookers...)
	case custody.EmergencyUnreviewed:
		about.tell("emergency_unreviewed", page, v, lookers...)
	case custody.EmergencyReviewed: // serious, or there is nothing to tell
		about.tell("emergency_unjustified", page, v, others(custodians, parties, lookers)...)
	}
	return about.notices, nil
}

// paged enters that a message about an emergency was delivered. Where that fails it is not
// on record, and nobody's silence counts for it.
func (f *Follower) paged(ctx context.Context, l *letter) {
	if l.emergency == "" || f.Paged == nil {
		return
	}
	if err := f.Paged(ctx, l.emergency, l.username, emailChannel); err != nil && ctx.Err() == nil {
		f.Log.WarnContext(ctx, "that an e-mail about an emergency was taken is not on record", "emergency", l.emergency, "person", l.username, "error", err)
	}
}

// asksFor gives the emergency that some notices ask somebody about; "": none does.
func asksFor(notices []notice) string {
	for _, n := range notices {
		if n.kind == "emergency_asked" {
			return n.values.Emergency
		}
	}
	return ""
}
