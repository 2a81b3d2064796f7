package notify

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// custodians tells those who are custodians now, and those who were.
func (c *concerns) custodians(fact custody.CustodiansChanged) {
	kind, v := "custodians", values{Credential: fact.Credential, Primary: fact.Primary, Backup: fact.Backup, Proposal: fact.Proposal}
	if fact.Substitute != "" && fact.Original != "" {
		kind, v.From, v.To, v.Until = "substitute", fact.Original, fact.Substitute, fact.Until
	}
	c.tell(kind, "/credentials/"+fact.Credential, v, append([]string{fact.Primary, fact.Backup, fact.Original}, fact.Before...)...)
}

// substitute tells of the date of who stands in: them, whose seat it is again, and the
// other custodian; and if the seat stayed, whoever can see to it.
func (f *Follower) substitute(ctx context.Context, about concerns, fact custody.Fact) ([]notice, error) {
	now, err := f.Directory.Credential(ctx, fact.Subject())
	if err != nil {
		return nil, err
	}
	kind, v := "", values{Credential: now.Name}
	var seeToIt []string
	switch fact := fact.(type) {
	case custody.SubstituteNear:
		kind, v.From, v.To, v.Until = "substitute_near", fact.Original, fact.Person, fact.Until
	case custody.SeatGivenBack:
		kind, v.From, v.To = "seat_given_back", fact.Person, fact.From
	case custody.SubstituteStays:
		kind, v.From, v.To = "substitute_stays", fact.Original, fact.Person
		seeToIt = about.everybody(custody.Manager, custody.Director)
	}
	about.tell(kind, "/credentials/"+now.Name, v, append([]string{v.From, v.To, now.Primary, now.Backup}, seeToIt...)...)
	return about.notices, nil
}
