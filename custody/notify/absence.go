package notify

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// aboutAbsence says whether a fact about a planned absence, or what was signed for one,
// calls for a mail.
func aboutAbsence(fact custody.Fact) bool {
	switch fact := fact.(type) {
	case custody.HandoverPlanned, custody.HandoverSigned, custody.HandoverBroken, custody.HandoverCarriedOut,
		custody.AbsenceHeldUp, custody.SwapAsked, custody.AbsencesSwapped:
		return true
	case custody.AbsenceReminded:
		return fact.Unsigned > 0
	case custody.AbsenceEnded:
		return fact.How == custody.EndedByManager || fact.How == custody.Missed || fact.Away
	}
	return false
}

const absencesPage = "/absences"

// absence tells of those.
func (f *Follower) absence(ctx context.Context, about concerns, fact custody.Fact) ([]notice, error) {
	switch fact := fact.(type) {
	case custody.HandoverPlanned:
		about.tell("sign_ahead", handoverPage(fact.Handover), values{
			From: fact.From, To: fact.To, Handover: fact.Handover, Credentials: fact.Credentials, Reason: fact.Reason, Until: fact.Begins, Back: fact.Until, Expires: fact.Expires,
		}, fact.To)
	case custody.HandoverSigned:
		about.tell("signed_ahead", handoverPage(fact.Handover), values{To: fact.To, Handover: fact.Handover, Credentials: fact.Credentials, Until: fact.Begins}, fact.From)
	case custody.HandoverCarriedOut:
		about.tell("carried_out", handoverPage(fact.Handover), values{From: fact.From, To: fact.To, Handover: fact.Handover, Credentials: fact.Credentials}, fact.From, fact.To)
	case custody.HandoverBroken:
		h, err := f.Directory.Handover(ctx, fact.Handover)
		if err != nil {
			return nil, err
		}
		v := values{From: h.From, To: h.To, Handover: h.ID, Credentials: h.Credentials}
		for _, party := range []string{h.From, h.To} {
			if party != about.entry.Actor {
				about.tell("broken_ahead", handoverPage(h.ID), v, party)
			}
		}
	case custody.AbsenceReminded:
		about.tell("absence_soon", absencesPage, values{}, fact.Person)
	case custody.AbsenceHeldUp:
		about.tell("absence_held_up", absencesPage, values{}, fact.Person)
		if about.entry.Grade() != custody.Ordinary {
			about.tell("absence_held_up_other", absencesPage, values{Person: fact.Person}, about.everybody(custody.Manager)...)
		}
	case custody.SwapAsked:
		about.tell("swap_asked", absencesPage, values{Person: fact.Person}, fact.Other)
	case custody.AbsencesSwapped:
		about.tell("swapped", absencesPage, values{Person: fact.Person}, fact.Other)
	case custody.AbsenceEnded:
		about.absenceEnded(fact)
	}
	return about.notices, nil
}

func (c *concerns) absenceEnded(fact custody.AbsenceEnded) {
	v := values{Person: fact.Person, Actor: c.entry.Actor, Reason: fact.Reason}
	switch {
	case fact.How == custody.EndedByManager:
		c.tell("absence_ended", absencesPage, v, append([]string{fact.Person}, fact.Partners...)...)
	case fact.How == custody.Missed:
		c.tell("absence_missed", absencesPage, v, append([]string{fact.Person}, c.everybody(custody.Manager)...)...)
	default: // over, and they have not said that they are back
		c.tell("absence_over", "/back", v, fact.Person)
	}
}
