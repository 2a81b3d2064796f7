package web

import (
	"cmp"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

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
	credentials, err := p.Queries.Credentials(v.r.Context())
	if err != nil {
		return err
	}
	holds, charges := map[string]int{}, map[string]int{}
	for _, c := range credentials {
		if !c.Active() {
			continue
		}
		holds[c.Holder]++
		charges[c.Primary]++
		charges[c.Backup]++
	}
	shown := peoplePage{}
	for _, person := range people {
		shown.Rows = append(shown.Rows, personRow{person, holds[person.Username], charges[person.Username]})
	}
	slices.SortFunc(shown.Rows, func(a, b personRow) int { return cmp.Compare(a.Username, b.Username) })
	return v.render("people", shown)
}

func (p *Pages) policy(v *visit) error { return v.render("policy", p.Policy) }
