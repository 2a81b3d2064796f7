package notify

import (
	"context"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// concerned tells those whom it concerns of what was done as the rules have it: their
// custody begins, ends or has other terms, or the other one of two has acted.
func (f *Follower) concerned(ctx context.Context, about concerns, fact custody.Fact) ([]notice, error) {
	actor := about.entry.Actor
	switch fact := fact.(type) {
	case custody.CredentialAdded:
		v := values{Credential: fact.Credential, Primary: fact.Primary, Backup: fact.Backup, To: fact.Successor}
		about.tell("added", "/credentials/"+fact.Credential, v, fact.Primary, fact.Backup)
	case custody.CredentialRetired:
		return about.toCustodians(ctx, f, "retired", fact.Credential, values{Credential: fact.Credential})
	case custody.CredentialPolicyChanged:
		return about.toCustodians(ctx, f, "terms", fact.Credential, values{Credential: fact.Credential, Actor: actor, Proposal: fact.Proposal})
	case custody.CredentialTaken:
		c, err := f.Directory.Credential(ctx, fact.Credential)
		if err != nil {
			return nil, err
		}
		about.tell("taken", "/credentials/"+fact.Credential, values{Credential: fact.Credential, Person: fact.Person}, c.Other(fact.Person))
	case custody.HandoverReturned:
		v := values{Handover: fact.Handover, From: fact.From, To: fact.To, Credentials: fact.Credentials, Actor: actor}
		others := slices.DeleteFunc([]string{fact.From, fact.To}, func(name string) bool { return name == actor })
		about.tell("returned", handoverPage(fact.Handover), v, others...)
	case custody.PolicyAdopted:
		to := about.everybody(custody.Manager, custody.Director, custody.Admin, custody.Auditor)
		about.tell("policy_adopted", "/policy", values{Proposal: fact.Proposal}, to...)
	}
	return about.notices, nil
}
