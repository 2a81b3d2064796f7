package notify

import "github.com/tandem-custody/tandem/custody"

// departure tells of the date on which somebody's access ends: them, and who sees to it.
func (c *concerns) departure(fact custody.Fact) {
	kind, v := "departure", values{Person: fact.Subject(), Until: c.person(fact.Subject()).Departure.At}
	switch fact := fact.(type) {
	case custody.DeparturePlanned:
		v.Until, v.Proposal = fact.At, fact.Proposal
	case custody.DepartureNear:
		kind = "departure_near"
	}
	c.tell(kind, "/", v, fact.Subject())
	c.tell(kind+"_other", "/admin/people/"+fact.Subject()+"/departure", v, c.everybody(custody.Manager, custody.Director, custody.Admin)...)
}
