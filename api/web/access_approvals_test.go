package web_test

import (
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// nobodyAsks takes back whatever waits that is about the policy or about a person.
func (a *access) nobodyAsks() {
	open, err := a.Store.Proposals(a.T.Context(), desk.ProposalQuery{Open: true, Limit: 1000})
	if err != nil {
		a.T.Fatal(err)
	}
	for _, p := range open {
		if p.Change.Subject() == "" || p.Change.Verb() == (custody.NameDeputy{}).Verb() {
			a.Must(p.Requester, custody.Withdraw{Proposal: p.ID})
		}
	}
}

// principal is whose deputy somebody can ask for so that one of each level is left.
func principal(who string) string {
	if who == "director" {
		return "manager-2"
	}
	return "director-2"
}

// asksFor has somebody ask for a change, or an admin in the place of who may not.
func (a *access) asksFor(who string, change custody.Proposable) map[string]string {
	if who == "" || who == "auditor" {
		who = "admin"
	}
	outcome := a.Must(who, custody.Propose{Change: custody.Change{Proposable: change}, Reason: desk.NewNote(why)})
	return numbered(outcome.Events[0].Fact.Subject())
}

func init() {
	month := func(a *access) time.Time { return a.Clock.Now().AddDate(0, 1, 0).UTC().Truncate(time.Minute) }
	deputy := func(a *access, at map[string]string) prepared {
		p := fields(at, "deputy", "tech-f", "reason", why, "ends", month(a).Format("2006-01-02T15:04"), "zone", "UTC")
		p.body = map[string]any{"deputy": "tech-f", "reason": why, "ends": month(a)}
		return p
	}
	does(act{prepare: func(a *access, who string) prepared {
		a.nobodyAsks()
		return deputy(a, person(principal(who)))
	}}, "POST /api/v1/people/{username}/deputy", "POST /people/{username}/deputy")
	does(act{prepare: func(a *access, _ string) prepared {
		a.nobodyAsks()
		if p, err := a.Store.Person(a.T.Context(), "director-2"); err != nil || p.Deputy.Person == "" {
			a.Agreed("admin", custody.NameDeputy{Person: "director-2", Deputy: "tech-a", Ends: month(a)})
		}
		return fields(person("director-2"))
	}}, "POST /api/v1/people/{username}/deputy/end", "POST /people/{username}/deputy/end")

	// What somebody asked for they revise, and nobody else.
	revises := func(kind string, prepare func(a *access, who string) (custody.Proposable, map[string]any)) {
		does(act{prepare: func(a *access, who string) prepared {
			a.nobodyAsks()
			change, body := prepare(a, who)
			body["reason"] = why
			return prepared{at: a.asksFor(who, change), body: body}
		}}, "POST /api/v1/proposals/{id}/"+kind)
	}
	revises("deputy", func(a *access, who string) (custody.Proposable, map[string]any) {
		return custody.NameDeputy{Person: principal(who), Deputy: "tech-e", Ends: month(a)}, map[string]any{"deputy": "tech-f", "ends": month(a)}
	})
	revises("person", func(a *access, _ string) (custody.Proposable, map[string]any) {
		a.made++
		name := fmt.Sprintf("revised-%d", a.made)
		return custody.AddPerson{Username: name, Name: "N", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period}, map[string]any{"username": name, "name": "M", "roles": []string{"technician"}}
	})
	revises("roles", func(a *access, _ string) (custody.Proposable, map[string]any) {
		return custody.SetRoles{Person: a.leaver(""), Roles: []custody.Role{custody.Auditor}}, map[string]any{"roles": []string{"technician", "manager"}}
	})
	revises("credential_policy", func(a *access, _ string) (custody.Proposable, map[string]any) {
		return custody.ChangePolicy{Credential: a.held(), Policy: custody.CredentialPolicy{MaxExposed: 2}}, map[string]any{"policy": map[string]any{"max_exposed": 1}}
	})
	revises("adopt_policy", func(a *access, _ string) (custody.Proposable, map[string]any) {
		values := a.Desk.PolicyInForce().Values
		values.Lease = 2 * time.Hour
		shorter := values
		shorter.Lease = time.Hour
		return custody.AdoptPolicy{Values: values, ReviewBy: month(a)}, map[string]any{"review_by": month(a), "values": api.ValuesOf(shorter)}
	})
	revises("retarget", func(a *access, _ string) (custody.Proposable, map[string]any) {
		name := a.held()
		was, err := a.Store.Credential(a.T.Context(), name)
		if err != nil {
			a.T.Fatal(err)
		}
		to := desk.NewTarget(custody.Target{Kind: "ssh", Address: name + ":2022"})
		to.Account, to.Identities = was.Target.Account, was.Target.Identities
		return custody.Retarget{Credential: name, Target: to}, map[string]any{"address": name + ":2222"}
	})
	revises("change_email", func(a *access, _ string) (custody.Proposable, map[string]any) {
		return custody.ChangeEmail{Person: a.leaver(""), Email: desk.NewNote("typo@example.org")}, map[string]any{"email": "right@example.org"}
	})
	revises("plan_departure", func(a *access, _ string) (custody.Proposable, map[string]any) {
		return custody.PlanDeparture{Person: a.leaver(""), At: month(a)}, map[string]any{"at": month(a).AddDate(0, 1, 0)}
	})
	does(act{prepare: func(a *access, who string) prepared {
		missing := a.lacking(who)
		return prepared{at: a.asksFor(who, custody.Refound{Person: "tech-f", Role: missing}), body: map[string]any{"role": string(missing), "reason": why + " still"}}
	}, after: (*access).thereAgain}, "POST /api/v1/proposals/{id}/refound")
	revises("review_policy", func(a *access, _ string) (custody.Proposable, map[string]any) {
		version := a.Desk.PolicyInForce().Version
		return custody.ReviewPolicy{Version: version, ReviewBy: month(a)}, map[string]any{"review_by": month(a).AddDate(0, 1, 0), "version": version}
	})
	revises("credential", func(a *access, _ string) (custody.Proposable, map[string]any) {
		a.made++
		name := fmt.Sprintf("revised-%d", a.made)
		target := custody.Target{Kind: "ssh", Address: name + ":22", Account: "root"}
		add := custody.AddCredential{Name: name, Primary: "tech-a", Backup: "tech-b", Target: desk.NewTarget(target)}
		add.Target.Identities = desk.Identities(nil, name)
		return add, map[string]any{"name": name, "primary": "tech-b", "backup": "tech-a", "secret": "s", "target": map[string]any{"kind": "ssh", "address": name + ":22", "account": "root"}}
	})
}
