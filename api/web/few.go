package web

import "github.com/tandem-custody/tandem/custody"

// fewApprovers gives where fewer than two could approve, for those who can do something
// about it. Of credentials it names only the first, so that a page stays one.
func (p *Pages) fewApprovers(v *visit) []custody.Shortage {
	if v.Person.LooksAtLeavings() != nil {
		return nil
	}
	return fewest(p.Desk.Approving().Few)
}

const mostFew = 8

func fewest(all []custody.Shortage) []custody.Shortage { return all[:min(len(all), mostFew)] }

// fewWithout gives where fewer than two could approve if somebody could not any more.
func (p *Pages) fewWithout(v *visit, person custody.Person) ([]custody.Shortage, error) {
	if person.Disabled || v.Person.LooksAtLeavings() != nil {
		return nil, nil
	}
	few, err := p.Desk.ShortagesAfter(v.r.Context(), custody.Disable{Person: person.Username})
	return fewest(few), err
}
