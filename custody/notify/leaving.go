package notify

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// leaving tells of somebody who leaves, and of what has nobody because of that.
func (f *Follower) leaving(ctx context.Context, about concerns, fact custody.Fact) ([]notice, error) {
	seeToIt := about.everybody(custody.Manager, custody.Director, custody.Admin)
	page := "/offboardings/" + fact.Subject()
	switch fact := fact.(type) {
	case custody.PersonDisabled:
		v := values{Person: fact.Person, Actor: about.entry.Actor}
		if fact.Planned != "" { // nobody did it
			v.Actor = ""
		}
		if address, known := about.person(fact.Person).Email.Words(); known { // where they read mails until now
			about.notices = append(about.notices, notice{to: fact.Person, kind: "left", page: "/", values: v, address: address.Text})
		}
		about.tell("left_other", page, v, seeToIt...)
	case custody.PersonReinstated:
		about.tell("reinstated", "/", values{Proposal: fact.Proposal}, fact.Person)
	case custody.OffboardingOverdue:
		about.tell("offboarding_overdue", page, values{Person: fact.Person}, seeToIt...)
	case custody.OffboardingEnded:
		about.tell("offboarding_ended", page, values{Person: fact.Person}, seeToIt...)
	case custody.HandoverVoided:
		h, err := f.Directory.Handover(ctx, fact.Handover)
		if err != nil {
			return nil, err
		}
		other := h.From
		if other == fact.Person {
			other = h.To
		}
		about.tell("voided", handoverPage(h.ID), values{Handover: h.ID, Person: fact.Person, Credentials: h.Credentials}, other)
	case custody.SeatVacated:
		v := values{Credential: fact.Credential, Person: fact.Person, To: fact.Successor}
		return about.toCustodians(ctx, f, "seat_vacated", fact.Credential, v)
	case custody.RotationPromoted:
		return about.toCustodians(ctx, f, "parked", fact.Credential, values{Credential: fact.Credential})
	}
	return about.notices, nil
}

// toCustodians tells those of a credential; where it has none, those who see to that.
func (c *concerns) toCustodians(ctx context.Context, f *Follower, kind, credential string, v values) ([]notice, error) {
	now, err := f.Directory.Credential(ctx, credential)
	if err != nil {
		return nil, err
	}
	to := []string{now.Primary, now.Backup}
	if now.Primary == "" && now.Backup == "" {
		to = c.everybody(custody.Manager, custody.Director)
	}
	c.tell(kind, "/credentials/"+credential, v, to...)
	return c.notices, nil
}
