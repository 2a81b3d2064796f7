package web

import "github.com/tandem-custody/tandem/custody"

type personRow struct {
	custody.Person
	Holds   int // credentials now
	Charges int // credentials of which they are a custodian
}

type peoplePage struct{ Rows []personRow }

// people says who is here, and who holds how much.
func (p *Pages) people(v *visit) error {
	people, err := p.Queries.People(v.r.Context())
	if err != nil {
		return err
	}
	counts, err := p.Queries.CustodyCounts(v.r.Context())
	if err != nil {
		return err
	}
	holds, charges := map[string]int{}, map[string]int{}
	for _, c := range counts {
		holds[c.Holder] += c.Count
		charges[c.Primary] += c.Count
		charges[c.Backup] += c.Count
	}
	shown := peoplePage{}
	for _, person := range people {
		shown.Rows = append(shown.Rows, personRow{person, holds[person.Username], charges[person.Username]})
	}
	return v.render("people", shown)
}

func (p *Pages) policy(v *visit) error { return v.render("policy", p.Policy) }
