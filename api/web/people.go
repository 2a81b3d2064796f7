package web

import (
	"context"
	"slices"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/search"
)

type personRow struct {
	custody.Person
	Holds   int // credentials now
	Charges int // credentials of which they are a custodian
}

type peoplePage struct {
	Query   string
	Rows    []personRow
	Lacking []custody.Role // that nobody could act in
}

// people says who is here, and who holds how much.
func (p *Pages) people(v *visit) error {
	people, err := v.Queries.People(v.r.Context())
	if err != nil {
		return err
	}
	counts, err := v.Queries.CustodyCounts(v.r.Context())
	if err != nil {
		return err
	}
	holds, charges := map[string]int{}, map[string]int{}
	for _, c := range counts {
		holds[c.Holder] += c.Count
		charges[c.Primary] += c.Count
		charges[c.Backup] += c.Count
	}
	shown := peoplePage{Query: v.r.URL.Query().Get("q")}
	for _, person := range people {
		if !search.In(shown.Query, person.Username, person.Name, person.Email.In("")) {
			continue
		}
		shown.Rows = append(shown.Rows, personRow{person, holds[person.Username], charges[person.Username]})
	}
	if shown.Lacking, err = p.Desk.Lacking(v.r.Context()); err != nil {
		return err
	}
	return v.render("people", shown)
}

// usernameOf gives the username of whom somebody means by what they typed: a
// username, or something that is found in the name of one person only. Otherwise
// it is what was typed.
func (v *visit) usernameOf(ctx context.Context, typed string) (string, error) {
	people, err := v.Queries.People(ctx)
	if err != nil || typed == "" || slices.ContainsFunc(people, func(c custody.Person) bool { return c.Username == typed }) {
		return typed, err
	}
	meant := slices.DeleteFunc(people, func(c custody.Person) bool { return !search.In(typed, c.Username, c.Name) })
	if len(meant) != 1 {
		return typed, nil
	}
	return meant[0].Username, nil
}

// credentialOf is the same of a credential.
func (v *visit) credentialOf(ctx context.Context, typed string) (string, error) {
	if typed == "" {
		return "", nil
	}
	exact, err := v.Queries.FindCredentials(ctx, desk.CredentialQuery{Names: []string{typed}, Limit: 1})
	if err != nil || len(exact) == 1 {
		return typed, err
	}
	meant, err := v.Queries.FindCredentials(ctx, desk.CredentialQuery{Text: typed, Limit: 2})
	if err != nil || len(meant) != 1 {
		return typed, err
	}
	return meant[0].Name, nil
}
