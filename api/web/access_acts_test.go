package web_test

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// prepared is what a route is sent: what stands in its address, and its body or form.
type prepared struct {
	at   map[string]string
	body map[string]any
	form []string
}

// act says how a route is called so that whoever may succeeds.
type act struct {
	custodian string                               // who acts as custodian; "": tech-a
	prepare   func(a *access, who string) prepared // before each call
	after     func(a *access, who string)
	nothing   bool // a conflict says that there is nothing for them
}

// fields are the same in the API's body and the page's form: names and values in turn.
func fields(at map[string]string, pairs ...string) prepared {
	body := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		body[pairs[i]] = pairs[i+1]
	}
	return prepared{at, body, pairs}
}

func called(name string) map[string]string { return map[string]string{"name": name} }
func numbered(id string) map[string]string { return map[string]string{"id": id} }
func person(name string) map[string]string { return map[string]string{"username": name} }

// nothingToSay has no body.
func nothingToSay(at map[string]string) prepared { return prepared{at: at} }

const why = "because"

func (a *access) offered() string {
	return a.Must("tech-a", custody.Offer{Credentials: []string{a.held()}, Reason: desk.NewNote(why)}).Events[0].Fact.Subject()
}

func (a *access) rotating() string {
	name := a.held()
	a.Must("tech-a", custody.RequestRotation{Credential: name, Reason: desk.NewNote(why)})
	return name
}

func (a *access) paused() string {
	name := a.rotating()
	a.Must("tech-a", custody.PauseRotation{Credential: name, Reason: desk.NewNote(why)})
	return name
}

func (a *access) leased() string {
	name := a.held()
	a.Must("tech-a", custody.CheckOut{Credential: name, Purpose: desk.NewNote(why)})
	return name
}

func (a *access) byHand() string {
	a.made++
	name := fmt.Sprintf("hand-%d", a.made)
	a.addByHand(name)
	return name
}

// asks gives a proposal of somebody's own, or an admin's where they ask for none.
func (a *access) asks(who string) custody.Proposal {
	if p, err := a.Store.Person(a.T.Context(), who); who == "" || err != nil || p.Is(custody.Auditor) {
		who = "admin"
	}
	id := a.Must(who, custody.Propose{Change: custody.Change{Proposable: custody.SetCustodians{Credential: a.held(), Primary: "tech-a", Backup: "tech-c"}}, Reason: desk.NewNote(why)}).Events[0].Fact.Subject()
	return a.proposal(id)
}

// newcomer gives somebody who was approved, and the token of their link.
func (a *access) newcomer() (username, token string) {
	username, token, _ = a.newcomerWithCode()
	return username, token
}

func (a *access) newcomerWithCode() (username, token string, release custody.Secret) {
	username = a.approved()
	link, code := a.Link("admin", "manager", username)
	return username, link.Token.Reveal(), code
}

func (a *access) approved() string {
	a.made++
	username := fmt.Sprintf("newcomer-%d", a.made)
	a.Agreed("admin", custody.AddPerson{Username: username, Name: "N", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period})
	return username
}

// opened gives the token of a link that was opened, and a code of its authenticator.
func (a *access) opened() (token, code string) {
	username, token, release := a.newcomerWithCode()
	opened, err := a.Desk.OpenLink(a.T.Context(), desk.SetUp{Token: custody.SecretString(token), Code: release, Password: custody.SecretString(desktest.OwnPassword), Request: "open-" + username})
	if err != nil {
		a.T.Fatal(err)
	}
	a.Seeds[username] = desktest.SeedOf(a.T, opened.OTPAuth)
	return token, a.Code(username)
}

// recoverable gives somebody who has a recovery code.
func (a *access) recoverable() (username, code string) {
	username = a.approved()
	link, release := a.Link("admin", "manager", username)
	return username, a.Joins(username, link, release)[0].Reveal()
}

// elsewhere gives the id of another session of somebody.
func (a *access) elsewhere(who string) string {
	if who == "" {
		who = "tech-o"
	}
	if _, err := a.SignIn(who); err != nil {
		a.T.Fatal(err)
	}
	open, err := a.Desk.Sessions(a.T.Context(), who, custody.SecretString("none"))
	if err != nil {
		a.T.Fatal(err)
	}
	return open[len(open)-1].Token
}

func (a *access) forget(who string) {
	delete(a.tokens, who)
	delete(a.browsers, who)
}

// passwords gives the present one of somebody, and another.
func (a *access) passwords(who string) (current, next string) {
	if who == "" {
		return "x", "y"
	}
	a.made++
	return a.Passwords[who].Reveal(), fmt.Sprintf("kupfer-%d-Laterne!", a.made)
}

// acts are how everything is done that changes something. A route that is not here fails.
var acts = map[string]act{}

// does enters an act for the API's route, the page's, or both.
func does(f act, rows ...string) {
	for _, row := range rows {
		acts[row] = f
	}
}

// setting is a credential whose new password tech-a was shown, to set it by hand.
func (a *access) setting() string {
	name := a.byHand()
	a.showNew(name)
	return name
}

func init() {
	of := func(make func(*access) string, pairs ...string) act {
		return act{prepare: func(a *access, _ string) prepared { return fields(called(make(a)), pairs...) }}
	}
	does(of((*access).held, "purpose", why), "POST /api/v1/credentials/{name}/checkout", "POST /credentials/{name}/checkout")
	does(of((*access).leased), "POST /api/v1/credentials/{name}/show", "POST /credentials/{name}/show")
	does(act{prepare: func(a *access, _ string) prepared { return nothingToSay(called(a.leased())) }}, "POST /api/v1/credentials/{name}/checkin", "POST /credentials/{name}/checkin")
	does(of((*access).held, "reason", why), "POST /api/v1/credentials/{name}/rotate", "POST /credentials/{name}/rotate",
		"POST /api/v1/credentials/{name}/reconcile", "POST /credentials/{name}/reconcile", "POST /api/v1/credentials/{name}/retire", "POST /credentials/{name}/retire",
		"POST /credentials/{name}/offer")
	does(act{nothing: true, prepare: func(a *access, _ string) prepared { a.held(); return fields(nil, "reason", why) }}, "POST /api/v1/credentials/rotate", "POST /rotations")
	does(of((*access).byHand), "POST /api/v1/credentials/{name}/new-password", "POST /credentials/{name}/new-password")
	does(of((*access).setting), "POST /api/v1/credentials/{name}/set", "POST /credentials/{name}/set")
	does(act{prepare: func(a *access, _ string) prepared {
		name := a.setting()
		return prepared{nil, map[string]any{"credentials": []string{name}}, []string{"credential", name}}
	}}, "POST /api/v1/credentials/set", "POST /inbox/set")
	does(of((*access).rotating, "reason", why), "POST /api/v1/credentials/{name}/pause", "POST /credentials/{name}/pause", "POST /api/v1/credentials/{name}/cancel", "POST /credentials/{name}/cancel",
		"POST /api/v1/credentials/{name}/abandon", "POST /credentials/{name}/abandon")
	does(of((*access).paused), "POST /api/v1/credentials/{name}/resume", "POST /credentials/{name}/resume")
	does(act{prepare: func(a *access, _ string) prepared {
		return prepared{called(a.held()), map[string]any{"policy": map[string]any{"rotate_on_checkin": true}}, []string{"rotate_on_checkin", "yes", "reason", why}}
	}}, "POST /api/v1/credentials/{name}/policy", "POST /credentials/{name}/policy")
	does(of((*access).held, "primary", "tech-a", "backup", "tech-c", "reason", why), "POST /api/v1/credentials/{name}/custodians", "POST /credentials/{name}/custodians")
	does(act{prepare: func(a *access, _ string) prepared {
		a.made++
		name := fmt.Sprintf("added-%d", a.made)
		return prepared{nil, map[string]any{"name": name, "primary": "tech-a", "backup": "tech-b", "secret": "s", "reason": why, "target": map[string]any{"kind": "ssh", "address": name + ":22", "account": "root"}},
			[]string{"kind", "ssh", "name", name, "address", name + ":22", "account", "root", "set.host_key", "k", "primary", "tech-a", "backup", "tech-b", "password", "s", "reason", why, "do", "add"}}
	}}, "POST /api/v1/credentials", "POST /admin/credentials/new")

	handover := func(custodian string, make func(*access) string, pairs ...string) act {
		return act{custodian: custodian, prepare: func(a *access, _ string) prepared { return fields(numbered(make(a)), pairs...) }}
	}
	does(act{prepare: func(a *access, _ string) prepared {
		return prepared{nil, map[string]any{"credentials": []string{a.held()}, "reason": why}, nil}
	}}, "POST /api/v1/handovers")
	does(handover("tech-b", (*access).offered), "POST /api/v1/handovers/{id}/accept", "POST /handovers/{id}/accept")
	does(act{custodian: "tech-b", prepare: func(a *access, _ string) prepared {
		id := a.offered()
		return prepared{nil, map[string]any{"handovers": []string{id}}, []string{"handover", id}}
	}}, "POST /api/v1/handovers/accept", "POST /inbox/accept")
	does(handover("tech-b", (*access).offered, "reason", why), "POST /api/v1/handovers/{id}/decline", "POST /handovers/{id}/decline")
	does(handover("", (*access).offered, "reason", why), "POST /api/v1/handovers/{id}/cancel", "POST /handovers/{id}/cancel")
	does(handover("", func(a *access) string {
		id := a.offered()
		a.Must("tech-b", custody.Accept{Handover: id})
		return id
	}), "POST /api/v1/handovers/{id}/return", "POST /handovers/{id}/return")

	does(act{prepare: func(a *access, _ string) prepared {
		return prepared{nil, map[string]any{"from": 0, "to": 3, "text": why}, []string{"from", "0", "to", "3", "text", why}}
	}}, "POST /api/v1/reviews", "POST /ledger/reviews")
	digest := func(pairs ...string) act {
		return act{prepare: func(a *access, _ string) prepared {
			p := a.asks("admin")
			return fields(numbered(p.ID), append([]string{"digest", p.Digest()}, pairs...)...)
		}}
	}
	does(digest(), "POST /api/v1/proposals/{id}/approve", "POST /proposals/{id}/approve")
	does(digest("reason", why), "POST /api/v1/proposals/{id}/reject", "POST /proposals/{id}/reject")
	does(act{prepare: func(a *access, who string) prepared { return nothingToSay(numbered(a.asks(who).ID)) }}, "POST /api/v1/proposals/{id}/withdraw", "POST /proposals/{id}/withdraw")
	does(act{prepare: func(a *access, who string) prepared {
		return fields(numbered(a.asks(who).ID), "primary", "tech-c", "backup", "tech-b", "reason", why)
	}}, "POST /api/v1/proposals/{id}/custodians")

	does(act{prepare: func(a *access, _ string) prepared {
		a.made++
		name := fmt.Sprintf("asked-%d", a.made)
		return prepared{nil, map[string]any{"username": name, "name": "N", "roles": []string{"technician"}, "reason": why}, []string{"username", name, "name", "N", "roles", "technician", "reason", why}}
	}}, "POST /api/v1/people", "POST /admin/people/new")
	does(act{prepare: func(*access, string) prepared {
		return prepared{person("tech-c"), map[string]any{"roles": []string{"technician", "manager"}, "reason": why}, []string{"roles", "technician", "roles", "manager", "reason", why}}
	}}, "POST /api/v1/people/{username}/roles", "POST /admin/people/{username}/roles")
	does(act{prepare: func(*access, string) prepared { return fields(person("tech-c"), "reason", why) }}, "POST /api/v1/people/{username}/enrolment", "POST /admin/people/{username}/enrolment")
	does(act{prepare: func(a *access, _ string) prepared { return fields(person(a.approved())) }}, "POST /api/v1/people/{username}/activation", "POST /admin/people/{username}/link")
	does(act{prepare: func(*access, string) prepared { return fields(person("tech-c")) }}, "POST /api/v1/people/{username}/unlock", "POST /admin/people/{username}/unlock")
	address := func(at map[string]string) act {
		return act{prepare: func(a *access, _ string) prepared {
			a.made++
			return fields(at, "email", fmt.Sprintf("at-%d@example.org", a.made))
		}}
	}
	does(act{prepare: func(a *access, who string) prepared {
		a.made++
		return fields(person(cmp.Or(who, "tech-c")), "email", fmt.Sprintf("at-%d@example.org", a.made))
	}}, "PATCH /api/v1/people/{username}")
	does(act{prepare: func(a *access, _ string) prepared {
		a.made++
		return fields(person("tech-c"), "email", fmt.Sprintf("at-%d@example.org", a.made), "reason", why)
	}}, "POST /api/v1/people/{username}/email", "POST /admin/people/{username}/email")
	does(address(nil), "PATCH /api/v1/me", "POST /preferences/email")

	does(act{custodian: "tech-f", prepare: func(*access, string) prepared {
		return prepared{nil, map[string]any{"state": "away"}, []string{"reason", why}}
	}}, "POST /api/v1/me/presence", "POST /leave")
	does(act{custodian: "tech-f", prepare: func(a *access, who string) prepared {
		if who != "" {
			a.Must(who, custody.GoAway{})
		}
		return nothingToSay(nil)
	}}, "POST /back")
	does(act{prepare: func(*access, string) prepared { return fields(nil, "language", "en", "zone", "UTC") }}, "PUT /api/v1/me/preferences", "POST /preferences", "POST /language")
	password := func(a *access, who string) prepared {
		current, next := a.passwords(who)
		a.Passwords["next of "+who] = custody.SecretString(next)
		return prepared{nil, map[string]any{"current": current, "new": next}, []string{"current", current, "new", next, "new_again", next}}
	}
	does(act{prepare: password, after: func(a *access, who string) {
		if who != "" {
			a.Passwords[who] = a.Passwords["next of "+who]
		}
		a.forget(who)
	}}, "POST /api/v1/me/password", "POST /preferences/password")
	does(act{prepare: func(*access, string) prepared { return fields(nil) }}, "POST /api/v1/me/calendar", "POST /preferences/calendar")
	does(act{prepare: func(*access, string) prepared { return nothingToSay(nil) }}, "DELETE /api/v1/me/calendar", "POST /preferences/calendar/close")
	does(act{prepare: func(a *access, who string) prepared { a.elsewhere(who); return nothingToSay(nil) }, after: (*access).forget}, "DELETE /api/v1/me/sessions")
	does(act{prepare: func(a *access, who string) prepared {
		id := a.elsewhere(who)
		return prepared{numbered(id), nil, []string{"session", id}}
	}, after: (*access).forget}, "DELETE /api/v1/me/sessions/{id}", "POST /preferences/sessions")
	does(act{prepare: func(*access, string) prepared { return nothingToSay(nil) }, after: (*access).forget}, "DELETE /api/v1/sessions/current", "POST /logout")

	does(act{prepare: func(a *access, _ string) prepared {
		return fields(nil, "username", "tech-e", "password", a.Passwords["tech-e"].Reveal(), "totp", a.Code("tech-e"))
	}, after: (*access).forget}, "POST /api/v1/sessions", "POST /login")
	does(act{prepare: func(a *access, _ string) prepared {
		username, code := a.recoverable()
		return fields(nil, "username", username, "password", desktest.OwnPassword, "recovery_code", code)
	}, after: (*access).forget}, "POST /api/v1/sessions/recovery", "POST /recovery")
	does(act{prepare: func(a *access, _ string) prepared {
		_, token, release := a.newcomerWithCode()
		return prepared{map[string]string{"token": token}, map[string]any{"release_code": release.Reveal(), "password": desktest.OwnPassword},
			[]string{"release_code", release.Reveal(), "password", desktest.OwnPassword, "password_again", desktest.OwnPassword}}
	}}, "POST /api/v1/activation/{token}", "POST /activation/{token}")
	does(act{prepare: func(a *access, _ string) prepared {
		token, code := a.opened()
		return fields(map[string]string{"token": token}, "totp", code)
	}}, "POST /api/v1/activation/{token}/confirm", "POST /activation/{token}/confirm")
	does(act{prepare: func(a *access, _ string) prepared {
		founding, err := a.Desk.Founding(a.T.Context())
		if err != nil {
			a.T.Fatal(err)
		}
		return fields(nil, "digest", founding.Digest)
	}}, "POST /api/v1/founding/confirm", "POST /founding")
	does(act{prepare: func(a *access, _ string) prepared {
		index := a.Must("tech-a", custody.CheckOut{Credential: a.held(), Purpose: desk.NewNote("typed by mistake")}).Events[0].Index
		return fields(map[string]string{"index": fmt.Sprint(index)}, "reason", why)
	}}, "POST /api/v1/ledger/entries/{index}/redact", "POST /ledger/{index}/redact")

	// Who leaves, and what they leave.
	does(act{prepare: func(a *access, _ string) prepared { return fields(person(a.leaver("")), "reason", why) }},
		"POST /api/v1/people/{username}/disable", "POST /admin/people/{username}/disable", "POST /api/v1/people/{username}/disable/proposal")
	does(act{prepare: func(a *access, _ string) prepared { return fields(person(a.gone("")), "reason", why) }},
		"POST /api/v1/people/{username}/reinstate", "POST /admin/people/{username}/reinstate")
	does(act{prepare: func(a *access, _ string) prepared {
		p := fields(person(a.leaver("")), "reason", why, "at", "2036-03-01T08:00")
		p.body["at"] = "2036-03-01T08:00:00Z"
		return p
	}}, "POST /api/v1/people/{username}/departure", "POST /admin/people/{username}/departure")
	does(act{prepare: func(a *access, who string) prepared {
		missing := a.lacking(who)
		p := fields(person("tech-f"), "reason", why, "role", string(missing))
		p.form = append(p.form, "person", "tech-f")
		return p
	}, after: (*access).thereAgain}, "POST /api/v1/people/{username}/refound", "POST /people/refound")
	does(act{prepare: func(a *access, _ string) prepared {
		if admin, err := a.Store.Person(a.T.Context(), "admin"); err != nil || !admin.Recovery.Open(a.Clock.Now()) {
			a.Must(custody.System, custody.SeekRecovery{Person: "admin"})
		}
		return fields(person("admin"), "reason", why)
	}}, "POST /api/v1/people/{username}/recovery/stop", "POST /people/{username}/recovery")
	does(act{prepare: func(a *access, _ string) prepared {
		return fields(map[string]string{"username": a.gone(""), "n": "0"}, "how", "none")
	}}, "POST /api/v1/offboardings/{username}/items/{n}", "POST /offboardings/{username}/items/{n}")
	does(of((*access).vacant, "reason", why), "POST /api/v1/credentials/{name}/park", "POST /credentials/{name}/park")
	does(of(func(a *access) string {
		name := a.vacant()
		a.Agreed("admin", custody.Park{Credential: name})
		return name
	}), "POST /api/v1/credentials/{name}/take", "POST /credentials/{name}/take")

	// How an account is reached.
	does(act{prepare: func(a *access, _ string) prepared {
		name := a.held()
		return prepared{called(name), map[string]any{"address": name + ".example:2222", "reason": why}, []string{"address", name + ".example:2222", "reason", why}}
	}}, "POST /api/v1/credentials/{name}/target", "POST /credentials/{name}/target")
	does(act{prepare: func(a *access, _ string) prepared {
		name := a.held()
		target := a.Credential(name).Target
		target.Address = desk.NewNote(name + ".example:2222")
		a.Agreed("admin", custody.Retarget{Credential: name, Target: target, Reconciles: true})
		return prepared{called(name), map[string]any{"target": 1}, []string{"target", "1"}}
	}}, "POST /api/v1/credentials/{name}/target/confirm", "POST /credentials/{name}/target/confirm")
	// Emergencies: of what tech-a holds, asked for by tech-b.
	asked := func(a *access) string {
		return a.Must("tech-b", custody.RequestEmergency{Credentials: []string{a.held()}, Reason: desk.NewNote(why)}).Events[0].Fact.(custody.EmergencyRequested).Emergency
	}
	granted := func(a *access) string {
		id := asked(a)
		a.Must("manager-2", custody.ApproveEmergency{Emergency: id})
		return id
	}
	does(act{custodian: "tech-b", prepare: func(a *access, _ string) prepared {
		name := a.held()
		return prepared{nil, map[string]any{"credentials": []string{name}, "reason": why}, []string{"credential", name, "reason", why}}
	}}, "POST /api/v1/emergencies", "POST /emergencies/new")
	emergency := func(custodian string, make func(a *access) string, pairs ...string) act {
		return act{custodian: custodian, prepare: func(a *access, _ string) prepared { return fields(numbered(make(a)), pairs...) }}
	}
	does(emergency("", asked), "POST /api/v1/emergencies/{id}/approve", "POST /emergencies/{id}/approve")
	does(emergency("", asked), "POST /api/v1/emergencies/{id}/reject", "POST /api/v1/emergencies/{id}/veto", "POST /emergencies/{id}/reject")
	does(act{custodian: "tech-b", prepare: func(a *access, _ string) prepared { return nothingToSay(numbered(asked(a))) }}, "POST /api/v1/emergencies/{id}/withdraw", "POST /emergencies/{id}/withdraw")
	does(emergency("tech-b", granted), "POST /api/v1/emergencies/{id}/end", "POST /emergencies/{id}/end")
	does(emergency("", func(a *access) string {
		id := granted(a)
		a.Must("tech-b", custody.EndEmergency{Emergency: id})
		return id
	}, "verdict", "justified", "text", why), "POST /api/v1/emergencies/{id}/review", "POST /emergencies/{id}/review")

	// Incidents: reported by one technician after the other, of whom none has too many open.
	does(act{prepare: func(a *access, _ string) prepared { return fields(nil, "text", why, "grade", "serious") }}, "POST /api/v1/incidents", "POST /incidents/new")
	reported := func(a *access) string {
		a.made++
		who := []string{"tech-b", "tech-c", "tech-d", "tech-e", "tech-f", "director-2"}[a.made%6]
		return a.Must(who, custody.ReportIncident{Text: desk.NewNote(why), Grade: custody.Serious}).Events[0].Fact.Subject()
	}
	rated := func(a *access) string {
		id := reported(a)
		a.Must("manager-2", custody.AssessIncident{Incident: id, Grade: custody.Ordinary, Text: desk.NewNote(why)})
		return id
	}
	does(act{prepare: func(a *access, _ string) prepared { return nothingToSay(numbered(reported(a))) }}, "POST /api/v1/incidents/{id}/ack", "POST /incidents/{id}/ack")
	does(act{prepare: func(a *access, _ string) prepared {
		return fields(numbered(reported(a)), "grade", "special", "text", why)
	}}, "POST /api/v1/incidents/{id}/assess", "POST /incidents/{id}/assess")
	does(act{prepare: func(a *access, _ string) prepared { return fields(numbered(rated(a)), "text", why) }}, "POST /api/v1/incidents/{id}/close", "POST /incidents/{id}/close")
	// Envelopes: of keyholders who are manager-2 and tech-b, opened by both.
	enveloped := func(a *access) string {
		now := a.Desk.PolicyInForce().Values
		if len(now.Keyholders.List()) == 0 {
			a.withdrawn()
			now.Keyholders, _ = custody.KeyholdersOf([]custody.Keyholder{{Person: "manager-2", Recipient: "age1manager2"}, {Person: "tech-b", Recipient: "age1technicianb"}})
			a.Agreed("admin", custody.AdoptPolicy{Values: now, ReviewBy: a.Clock.Now().AddDate(0, 6, 0)})
		}
		name := a.held()
		a.Must(custody.System, custody.IntendEnvelope{Credential: name, Version: a.Credential(name).Version})
		sum := sha256.Sum256([]byte("token"))
		digest := hex.EncodeToString(sum[:])
		a.Must(custody.System, custody.SealEnvelope{Credential: name, Envelope: a.Credential(name).Envelope.Number, Digest: digest, Proof: digest})
		return name
	}
	does(act{custodian: "tech-b", prepare: func(a *access, _ string) prepared {
		name := enveloped(a)
		return prepared{called(name), map[string]any{"by": []string{"manager-2", "tech-b"}, "reason": why}, []string{"credential", name, "first", "manager-2", "second", "tech-b", "reason", why}}
	}}, "POST /api/v1/credentials/{name}/envelope-opened", "POST /envelopes")
	does(act{custodian: "tech-b", prepare: func(a *access, _ string) prepared {
		return prepared{called(enveloped(a)), map[string]any{"by": []string{"manager-2", "tech-b"}, "proof": "token"}, nil}
	}}, "POST /api/v1/credentials/{name}/envelope-drill")

	// The policy of the installation, and of one credential.
	looser := map[string]any{"policy": map[string]any{"password": "strong"}, "reason": why}
	does(act{prepare: func(a *access, _ string) prepared { return prepared{called(a.held()), looser, nil} }}, "POST /api/v1/credentials/{name}/policy/proposal")
	policy := func(values bool) act {
		return act{prepare: func(a *access, _ string) prepared {
			a.withdrawn()
			by, now := a.Clock.Now().AddDate(0, 6, 0), a.Desk.PolicyInForce()
			p := fields(nil, policyFields("reason", why, "review_by", by.Format("2006-01-02"), "approvals", "two", "lease", "1h", "session_idle", "24h")...)
			p.body = map[string]any{"reason": why, "review_by": by, "version": now.Version}
			if values {
				shorter := now.Values
				shorter.Lease = time.Hour
				p.body = map[string]any{"reason": why, "review_by": by, "values": api.ValuesOf(shorter)}
			}
			return p
		}}
	}
	does(policy(true), "POST /api/v1/policy", "POST /policy")
	does(policy(false), "POST /api/v1/policy/review", "POST /policy/review")

	// Another authenticator of one's own.
	does(act{prepare: func(a *access, who string) prepared {
		current, _ := a.passwords(who)
		return fields(nil, "current", current)
	}}, "POST /api/v1/me/authenticator", "POST /preferences/authenticator")
	does(act{prepare: func(a *access, who string) prepared {
		if who == "" {
			return fields(nil)
		}
		current, _ := a.passwords(who)
		by := desk.By{Actor: who, Request: desktest.Unique("authenticator"), Code: a.Code(who)}
		shown, err := a.Desk.ReplaceAuthenticator(a.T.Context(), by, desk.AuthenticatorChange{Current: custody.SecretString(current)})
		if err != nil {
			a.T.Fatal(err)
		}
		a.Seeds[who] = shown.Seed // a code of the new one proves it
		return fields(nil)
	}, after: (*access).forget}, "POST /api/v1/me/authenticator/confirm", "POST /preferences/authenticator/confirm")
	does(act{prepare: func(a *access, _ string) prepared {
		for range 2 { // the first may be the first of all, which nobody has to look at
			a.made++
			a.Must(custody.System, custody.ReportConfiguration{Settings: []custody.Setting{{Key: "notify", Digest: fmt.Sprintf("%064x", a.made), Said: desk.NewNote("mail.example.org")}}})
		}
		return fields(nil, "digest", a.Desk.Configuration().Digest())
	}}, "POST /api/v1/configuration/acknowledge", "POST /configuration")
}

// absence has somebody plan one, in so long, and gives its id.
func (a *access) absence(who string, in time.Duration, reason string, sign bool) string {
	a.T.Helper()
	from := a.Clock.Now().Add(in).Truncate(time.Minute).UTC()
	m := custody.Meant{From: from.Format("2006-01-02T15:04"), Until: from.Add(time.Hour).Format("2006-01-02T15:04"), Zone: "UTC"}
	planned := a.Must(who, custody.PlanAbsence{From: from, Until: from.Add(time.Hour), Meant: m, Reason: desk.NewNote(reason), HandOver: sign})
	return planned.Events[0].Fact.(custody.AbsencePlanned).Plan
}

// ahead has somebody plan one of which nobody else has the time; tech-a's where nobody is
// logged in.
func (a *access) ahead(who string, sign bool) string {
	if a.made++; who == "" {
		who = "tech-a"
	}
	return a.absence(who, time.Duration(40*24+2*a.made)*time.Hour, why, sign)
}

// signedAhead gives a handover that waits for the signature of tech-b.
func (a *access) signedAhead() string {
	a.held()
	plan := a.ahead("tech-a", true)
	waiting, err := a.Store.Handovers(a.T.Context(), desk.HandoverQuery{Status: []custody.HandoverStatus{custody.HandoverPrepared}, Person: "tech-b", Limit: 10})
	if err != nil {
		a.T.Fatal(err)
	}
	for _, h := range waiting {
		if h.Ahead.Plan == plan {
			return h.ID
		}
	}
	a.T.Fatal("nothing waits for tech-b")
	return ""
}

func init() {
	own := func(sign bool, pairs ...string) act {
		return act{nothing: true, prepare: func(a *access, who string) prepared {
			return fields(numbered(a.ahead(who, sign)), pairs...)
		}}
	}
	when := []string{"from", "2026-08-01T08:00", "until", "2026-08-01T09:00", "zone", "UTC"}
	does(act{prepare: func(*access, string) prepared { return fields(nil, when...) }}, "POST /api/v1/me/absences", "POST /absences")
	does(act{prepare: func(*access, string) prepared {
		return prepared{form: []string{"pasted", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"}}
	}}, "POST /absences/import")
	does(act{prepare: func(*access, string) prepared {
		one := map[string]any{"from": "2026-08-01T08:00", "until": "2026-08-01T09:00", "zone": "UTC"}
		return prepared{nil, map[string]any{"absences": []any{one}}, []string{"pick", "from=2026-08-01T08:00&until=2026-08-01T09:00&zone=UTC"}}
	}}, "POST /api/v1/me/absences/several", "POST /absences/import/plan")
	does(own(false, when...), "PATCH /api/v1/me/absences/{id}", "POST /absences/{id}/move")
	does(own(false), "DELETE /api/v1/me/absences/{id}", "POST /absences/{id}/cancel")
	does(act{nothing: true, prepare: func(a *access, who string) prepared { a.held(); return fields(numbered(a.ahead(who, false))) }},
		"POST /api/v1/me/absences/{id}/sign", "POST /absences/{id}/sign")
	does(act{prepare: func(a *access, who string) prepared {
		theirs, mine := a.ahead("tech-e", false), a.ahead(who, false)
		return prepared{numbered(mine), map[string]any{"absence": mine, "person": "tech-e", "with": theirs}, []string{"with", "tech-e " + theirs}}
	}}, "POST /api/v1/me/absences/swap", "POST /absences/{id}/swap")
	does(act{prepare: func(a *access, _ string) prepared {
		at := numbered(a.ahead("tech-a", false))
		at["username"] = "tech-a"
		return prepared{at, map[string]any{"reason": why}, []string{"reason", why}}
	}}, "POST /api/v1/people/{username}/absences/{id}/end", "POST /absences/{id}/end")
	does(act{custodian: "tech-b", prepare: func(a *access, _ string) prepared { return fields(numbered(a.signedAhead())) }},
		"POST /api/v1/handovers/{id}/sign", "POST /handovers/{id}/sign")
}

// leaver hires somebody who is about to leave, with a credential of theirs where it is
// named. Whoever left before comes back, so that one person may still take it from them.
func (a *access) leaver(credential string) string {
	for _, name := range a.left {
		a.Agreed("manager-2", custody.Reinstate{Person: name})
	}
	a.left = nil
	a.made++
	name := fmt.Sprintf("leaver-%d", a.made)
	a.HireAs(name, "L", custody.Technician)
	if credential != "" {
		a.add(credential, "of a leaver", name, "tech-a")
	}
	return name
}

// gone gives somebody who has left.
func (a *access) gone(credential string) string {
	name := a.leaver(credential)
	a.Agreed("manager-2", custody.Disable{Person: name})
	a.left = append(a.left, name)
	return name
}

// vacant gives a credential with one custodian, tech-a, who holds it.
func (a *access) vacant() string {
	a.made++
	name := fmt.Sprintf("vacant-%d", a.made)
	a.gone(name)
	a.Rotate(name)
	return name
}

// approving are those of one of the two roles that approve: the managers for a director,
// and for everybody else the directors.
func approving(who string) (custody.Role, []string) {
	if who == "director" {
		return custody.Manager, []string{"manager", "manager-2"}
	}
	return custody.Director, []string{"director", "director-2"}
}

// lacking leaves nobody who could act in an approving role that somebody does not have.
func (a *access) lacking(who string) custody.Role {
	role, people := approving(who)
	for _, name := range people {
		login, err := a.Desk.ResetOnHost(a.T.Context(), name, desktest.Unique("lacking"))
		if err != nil {
			a.T.Fatal(err)
		}
		a.Passwords[name], a.Seeds[name] = login.Password, desktest.SeedOf(a.T, login.OTPAuth)
	}
	return role
}

// thereAgain lets them act again.
func (a *access) thereAgain(who string) {
	_, people := approving(who)
	for _, name := range people {
		if _, err := a.SignIn(name); err != nil {
			a.T.Fatal(err)
		}
		a.forget(name)
	}
}

// withdrawn takes back what somebody asked for of the policy.
func (a *access) withdrawn() {
	open, err := a.Store.Proposals(a.T.Context(), desk.ProposalQuery{Open: true, Limit: 1000})
	if err != nil {
		a.T.Fatal(err)
	}
	for _, p := range open {
		if p.Change.Subject() == "" {
			a.Must(p.Requester, custody.Withdraw{Proposal: p.ID})
		}
	}
}

// fed opens a feed of tech-a's, and gives what stands in its address.
func (a *access) fed() string {
	token, err := a.Desk.OpenFeed(a.T.Context(), desk.By{Actor: "tech-a", Request: rand.Text(), Code: a.Code("tech-a")})
	if err != nil {
		a.T.Fatal(err)
	}
	return token.Reveal() + ".ics"
}
