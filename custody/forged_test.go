package custody

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-custody/tandem/audit"
)

// The forger of these tests has everything: the database, the tree, the seals and
// the ledger's key. Whatever they write, they can sign. What is left against them
// is that only what a command leads to is accepted.

// forgedStory is a ledger in which almost everything happens that can.
func forgedStory(t *testing.T) []Event {
	o := &office{newWorldUnder(func() Policy { p := DefaultPolicy(); p.LockAfter = 2; return p }()), t}
	// Codes are real here: each has its time.
	act := func(who string, a Action) {
		t.Helper()
		if err := o.later(who, a); err != nil {
			t.Fatalf("%s %+v: %v", who, a, err)
		}
	}
	refused := func(who string, a Action, proof Proof) {
		t.Helper()
		o.now = o.now.Add(31 * time.Second)
		c := o.with(who, a)
		c.Proof = proof
		if _, err := o.run(c); CodeOf(err) == "" {
			t.Fatalf("%s %+v: granted", who, a)
		}
	}
	rotates := func(name string) {
		t.Helper()
		c := o.credential(name)
		id := RotationID{Credential: name, Number: c.Rotation.Number}
		act(System, ReportStaged{Rotation: id})
		act(System, ReportApplied{id})
		act(System, ReportVerified{Rotation: id, OldRefused: c.Version > 0})
		act(System, ReportPromoted{id, c.Version + 1})
	}
	for name, role := range map[string]Role{"ada": Admin, "ann": Technician, "ben": Technician, "dot": Director, "max": Manager} {
		act(System, AddPerson{Username: name, Name: name, Roles: []Role{role}, TOTPPeriod: 30})
		act(name, SignIn{})
	}
	add := server("x", "ann", "ben")
	add.Policy = CredentialPolicy{RotateOnTransfer: true, Dependents: []string{"app"}, LeaseSeconds: 3600}
	add.Reconciles = true
	act(System, add)
	act(System, ReportFailed{Rotation: RotationID{Credential: "x", Number: 1}, Failure: "unreachable", NextTry: o.now.Add(time.Minute)})
	act("ada", PauseRotation{"x", note("host gone")})
	act("ann", ResumeRotation{"x"})
	rotates("x")
	act(System, ReportNotUpdated{"x", "app", 1, "failed", o.now.Add(time.Minute)})
	act(System, ReportUpdated{"x", "app", 1})
	act("ann", CheckOut{"x", note("ticket 1")})
	refused("ben", CheckOut{"x", note("curious")}, noCode())
	refused("ann", CheckOut{"x", note("again")}, Proof{Given: true, Enrolment: 1})
	act("ann", CheckIn{"x"})
	act("ann", CheckOut{"x", note("ticket 2")})
	o.passes(2 * time.Hour) // the lease ends
	act("ann", Offer{Credentials: []string{"x"}, Reason: note("lunch")})
	act("ben", Decline{"handover-1", note("busy")})
	act("ann", Offer{All: true, Leave: true, Reason: note("dentist"), ExpectedReturn: o.now.Add(time.Hour)})
	act("ben", Accept{"handover-2"})
	rotates("x")
	refused("ben", GoAway{}, noCode())
	o.passes(2 * time.Hour) // overdue
	act("ann", ComeBack{TakeBack: true})
	rotates("x")
	act(System, StartVerification{Credential: "x", Version: 3})
	act(System, EndVerification{Credential: "x", Version: 3, Result: VerificationRefused})
	act("ann", Reconcile{"x", note("drifted")})
	rotates("x")
	act("ann", RequestRotation{Credential: "x", Reason: note("worn")})
	act(System, ReportStaged{Rotation: RotationID{Credential: "x", Number: 5}, Sending: true})
	act(System, ReportFailed{Rotation: RotationID{Credential: "x", Number: 5}, Failure: "unreachable", NextTry: o.now.Add(time.Minute), Unsent: true})
	act(System, ReportSending{RotationID{Credential: "x", Number: 5}})
	act(System, ReportFailed{Rotation: RotationID{Credential: "x", Number: 5}, Failure: "unreachable", NextTry: o.now.Add(time.Minute), Unsent: true})
	act("ann", CancelRotation{"x", note("not now")})
	act("ann", RequestRotation{All: true, Reason: note("worn")})
	o.passes(2 * time.Hour) // past its deadline
	rotates("x")
	act(System, ResetOnHost{Person: "ben"})
	act("ben", SignIn{})
	refused("ben", RequestRotation{Credential: "x", Reason: note("x")}, noCode())
	refused("ann", Retire{"x"}, noCode())
	refused("ada", ChangePolicy{"x", CredentialPolicy{Dependents: []string{"web"}}}, noCode())
	refused("ann", CheckOut{"x", note("tired")}, Proof{Given: true, Enrolment: 1})
	refused("ann", CheckOut{"x", note("tired")}, Proof{Given: true, Enrolment: 1}) // and locked
	act("ada", ChangePolicy{"x", CredentialPolicy{RotateOnTransfer: true, RotateOnCheckin: true, LeaseSeconds: 3600}})
	agreed := func(a Proposable) {
		t.Helper()
		act("ada", Propose{Change{a}, note("decided")})
		id := proposalID(o.state.Proposals)
		act("max", o.approval(id))
		act("dot", o.approval(id))
	}
	agreed(ChangePolicy{"x", CredentialPolicy{RotateOnCheckin: true}})
	agreed(Retire{"x"})
	act("max", ChangeSealKey{"0123abcd", "4567cdef"})
	refused("ann", ChangeSealKey{"4567cdef", "89abcdef"}, noCode())
	act("max", ChangeSealKey{"4567cdef", "89abcdef"})
	add.Brings = true
	agreed(add)
	act(System, ReportArrived{"x"})
	agreed(Abandon{"x"})
	act("ann", SignOut{})
	idle := o.state.Sessions("ben")[0]
	act(System, EndIdle{"ben", idle.Token, o.now.Add(-time.Hour)})
	return o.history
}

// forgedProposals is one in which others say who is custodian, and in every way in
// which they can.
func forgedProposals(t *testing.T) []Event {
	o := sixHired(t)
	act, refused := o.acts, o.refused
	act(System, server("x", "ann", "ben"))
	o.rotates("x")
	proposes := func(who string, a SetCustodians) string {
		t.Helper()
		act(who, Propose{Change{a}, note("change of post")})
		return proposalID(o.state.Proposals)
	}
	refused("ben", pairOf("x", "ben", "cay"))
	id := proposes("ben", pairOf("x", "cay", "ann"))
	act("dot", o.approval(id))
	act("ben", Revise{id, Change{pairOf("x", "ann", "cay")}, note("the other way round")})
	refused("max", Approve{id, "of the first one"})
	refused("cay", o.approval(id))
	act("max", o.approval(id))
	act("dot", o.approval(id)) // ben never saw it: nothing is changed
	refused("max", o.approval(id))
	id = proposes("ada", pairOf("x", "ben", "cay"))
	act("dot", o.approval(id))
	act("max", o.approval(id)) // ann held it
	o.rotates("x")
	id = proposes("ann", pairOf("x", "ann", "cay"))
	act("max", Reject{id, o.approval(id).Digest, note("not again")})
	id = proposes("ann", pairOf("x", "ann", "cay"))
	act("ann", Withdraw{id})
	id = proposes("ann", pairOf("x", "ann", "cay"))
	act("max", o.approval(id))
	act("ben", RequestRotation{Credential: "x", Reason: note("worn")})
	act("dot", o.approval(id)) // which cannot be now
	o.rotates("x")
	proposes("ada", pairOf("x", "cay", "ben"))
	o.passes(proposalTTL)
	return o.history
}

// forgedPeople is one in which people come in, get other roles and set up their log-ins,
// in every way in which they can.
func forgedPeople(t *testing.T) []Event {
	o := &office{newWorldUnder(DefaultPolicy()), t}
	act, refused := o.acts, o.refused
	asks := func(who string, a Proposable) string {
		t.Helper()
		act(who, needed(a))
		return proposalID(o.state.Proposals)
	}
	joins := func(who, issuer, link string) {
		t.Helper()
		act(issuer, IssueLink{who, link})
		act(System, RefuseLink{who, link})
		act(System, OpenLink{who, link})
		act(who, Join{link, o.person(who).Account + 1})
	}
	person := func(name string, role Role) AddPerson {
		return AddPerson{Username: name, Name: name, Email: note(name + "@example.org"), Roles: []Role{role}, TOTPPeriod: 30}
	}
	for name, role := range map[string]Role{"ada": Admin, "ann": Technician} {
		add := person(name, role)
		add.Account = 1
		act(System, add)
		act(name, SignIn{})
	}
	refused("ada", needed(person("cay", Technician))) // nobody is there who could approve
	asks("ada", person("max", Manager))
	joins("max", "ada", sessionNumber(1001))
	asks("ada", person("dot", Director))
	joins("dot", "ada", sessionNumber(1002))
	refused("ada", person("ben", Technician))
	id := asks("ada", person("ben", Technician))
	refused("ada", needed(person("ben", Technician))) // which waits already
	act("max", o.approval(id))
	joins("ben", "ada", sessionNumber(1003))
	act("max", ConfirmFounding{o.state.FoundingDigest()})
	refused("ada", ConfirmFounding{o.state.FoundingDigest()})
	act("dot", ConfirmFounding{o.state.FoundingDigest()})
	act(System, seen("a", "b"))
	act(System, seen("a", "c"))
	refused("ann", o.acknowledgement())
	act("max", o.acknowledgement())
	act(System, seen("a"))
	id = asks("ada", server("x", "ann", "ben"))
	act("max", o.approval(id))
	act("dot", o.approval(id))
	o.rotates("x")
	act("max", o.approval(asks("ben", ResetEnrolment{"ann"})))
	o.rotates("x")
	refused("max", IssueLink{"ann", sessionNumber(1004)})
	joins("ann", "ada", sessionNumber(1004))
	act("ann", SignIn{})
	act("ann", ChangePassword{o.state.Sessions("ann")[0].Token, o.person("ann").Account + 1})
	refused("ann", ProveAuthenticator{"", o.person("ann").Account + 1})
	act("ann", ReplaceAuthenticator{o.person("ann").Account + 1})
	act("ann", ProveAuthenticator{o.state.Sessions("ann")[0].Token, o.person("ann").Account + 1})
	elsewhere := o.logIn()
	elsewhere.Device, elsewhere.Address, elsewhere.Unseen = note("Firefox, Windows"), note("192.0.2.7"), true
	act("ann", elsewhere)
	id = asks("ann", SetRoles{"ben", []Role{Technician, Manager}})
	act("max", o.approval(id))
	act("dot", o.approval(id))
	return o.history
}

// forgedLeaving is one in which people leave, and what they leave is taken, parked and
// given to others.
func forgedLeaving(t *testing.T) []Event {
	o := sixHired(t)
	act, refused := o.acts, o.refused
	agreed := func(a Proposable) {
		t.Helper()
		act("ada", needed(a))
		id := proposalID(o.state.Proposals)
		for _, who := range []string{"max", "dot"} {
			if p, _ := o.state.Proposal(id); p.Status == Open {
				act(who, o.approval(id))
			}
		}
	}
	act(System, server("x", "ann", "ben"))
	o.rotates("x")
	act("ann", CheckOut{"x", note("ticket 1")})
	act("ben", needed(pairOf("x", "cay", "ben")))
	act("ann", Offer{All: true, Leave: true, Reason: note("dentist")})
	act("ben", Accept{"handover-1"})
	refused("ann", gone("ben"))
	act("max", gone("ben")) // ann is away: it is parked
	o.rotates("x")
	refused("ann", Take{"x"})
	act("ann", ComeBack{})
	act("ann", Take{"x"})
	refused("ann", GoAway{})
	agreed(Park{"x"})
	o.rotates("x")
	act("ann", GoAway{})
	act("ann", ComeBack{})
	agreed(pairOf("x", "ann", "cay"))
	act("cay", Take{"x"})
	refused("ada", SettleItem{Person: "ben", Item: 0, How: HowNone})
	act("ada", SettleItem{Person: "ben", Item: 1, How: HowNone})
	o.passes(leavingTime) // overdue
	act("ada", SettleItem{Person: "ben", Item: 2, How: HowChanged})
	act("max", SettleItem{Person: "ben", Item: 3, How: HowNone})
	act("dot", SettleItem{Person: "ben", Item: 4, How: HowTelephone, At: o.now.Add(-time.Hour)})
	o.passes(0) // and done
	agreed(Reinstate{"ben"})
	agreed(ChangeEmail{Person: "ben", Email: note("ben@example.org"), Mailbox: mailbox(1)})
	act("ben", SignIn{})
	act("ben", ChangeEmail{Person: "ben", Email: note("own@example.org"), Mailbox: mailbox(2)})
	agreed(SetRoles{"cay", []Role{Auditor}}) // a change of post
	agreed(Disable{Person: "cay"})
	return o.history
}

// forgedRefounding is one of an office that loses its director, has another after a week,
// agrees on the date on which somebody leaves, and has its only admin lose everything.
func forgedRefounding(t *testing.T) []Event {
	o := &office{newWorldUnder(DefaultPolicy()), t}
	act, refused := o.acts, o.refused
	for _, p := range []struct {
		name string
		role Role
	}{{"ada", Admin}, {"ann", Technician}, {"ben", Technician}, {"dot", Director}, {"eve", Auditor}, {"max", Manager}} {
		act(System, AddPerson{Username: p.name, Name: p.name, Roles: []Role{p.role}, TOTPPeriod: 30})
		act(p.name, SignIn{})
	}
	for _, who := range []string{"max", "dot"} {
		act(who, ConfirmFounding{o.state.FoundingDigest()})
	}
	act("max", gone("dot"))
	asks := Refound{"ann", Director}
	act("ada", needed(asks))
	act("ben", Reject{"p-1", o.approval("p-1").Digest, note("nobody asked us")})
	act("ada", needed(asks))
	refused("ben", o.approval("p-2"))
	act("max", o.approval("p-2"))
	act("eve", o.approval("p-2"))
	o.passes(refoundNotice - noticeNear)
	o.passes(noticeNear)
	act("ada", needed(PlanDeparture{"ben", o.now.Add(48 * time.Hour).Truncate(time.Hour)}))
	act("max", o.approval("p-3"))
	act(System, SeekRecovery{"ada"})
	act("ann", StopRecovery{"ada", note("she is here")})
	refused("ann", StopRecovery{"ada", note("again")})
	act(System, SeekRecovery{"ada"})
	o.passes(24 * time.Hour) // ben leaves within a day
	o.passes(48 * time.Hour) // and has
	act(System, ResetOnHost{Person: "ada", Account: 2})
	return o.history
}

// forgedSubstitutes is one in which somebody has another's seat until a date: it is given
// back, and another time it stays, as whose it was is away.
func forgedSubstitutes(t *testing.T) []Event {
	o := sixHired(t)
	act := o.acts
	act(System, server("x", "ann", "ben"))
	o.rotates("x")
	until := func(days int) time.Time { return o.now.AddDate(0, 0, days).Truncate(time.Hour) }
	agreed := func(a Proposable) {
		t.Helper()
		act("ada", needed(a))
		id := proposalID(o.state.Proposals)
		act("max", o.approval(id))
		act("dot", o.approval(id))
	}
	agreed(standIn("x", "cay", "ben", until(5)))
	o.rotates("x")
	agreed(standIn("x", "cay", "ben", until(6))) // for longer
	act("cay", Offer{Credentials: []string{"x"}, Reason: note("lunch")})
	act("ben", Accept{"handover-1"})
	o.passes(5 * 24 * time.Hour) // near
	o.passes(24 * time.Hour)     // ann's again; the handover is over
	act("ben", Offer{Credentials: []string{"x"}, Reason: note("lunch")})
	agreed(standIn("x", "ann", "cay", until(3))) // what was on offer is not any more
	o.rotates("x")
	act("ben", GoAway{})
	o.passes(3 * 24 * time.Hour) // and the seat stays
	agreed(pairOf("x", "ann", "cay"))
	return o.history
}

// accepts carries a ledger out again as a verifier does, from the bytes of its
// entries on.
func accepts(from *State, entries [][]byte) (*State, error) {
	r := Replayer{State: clone(from)}
	for i, text := range entries {
		entry, err := audit.DecodeEntry(text)
		if err == nil {
			var e Event
			if e, err = FromRecord(entry); err == nil {
				err = r.Add(e)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return r.State, r.End()
}

func entriesOf(t *testing.T, events []Event) (entries [][]byte) {
	for _, e := range events {
		text, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, text)
	}
	return entries
}

// TestForgedFields sets every field of every entry to every other well-formed
// value of its kind, alone and together with all fields of the same command that
// have the same value. What is accepted must be a lie that the rules cannot know,
// and must still be a state that the policy, as the model test says it over again,
// allows.
func TestForgedFields(t *testing.T) {
	t.Parallel()
	t.Run("custody", func(t *testing.T) { t.Parallel(); forgeFields(t, forgedStory(t)) })
	t.Run("proposals", func(t *testing.T) { t.Parallel(); forgeFields(t, forgedProposals(t)) })
	t.Run("people", func(t *testing.T) { t.Parallel(); forgeFields(t, forgedPeople(t)) })
	t.Run("leaving", func(t *testing.T) { t.Parallel(); forgeFields(t, forgedLeaving(t)) })
	t.Run("substitutes", func(t *testing.T) { t.Parallel(); forgeFields(t, forgedSubstitutes(t)) })
	t.Run("refounding", func(t *testing.T) { t.Parallel(); forgeFields(t, forgedRefounding(t)) })
	t.Run("absent", func(t *testing.T) { t.Parallel(); forgeFields(t, forgedAbsent(t)) })
	t.Run("watched", func(t *testing.T) { t.Parallel(); forgeFields(t, forgedWatched(t)) })
}

func forgeFields(t *testing.T, events []Event) {
	entries := entriesOf(t, events)
	if _, err := accepts(NewState(), entries); err != nil {
		t.Fatal(err)
	}
	before := make([]*State, len(events)) // where the command of each entry begins
	state, begins := NewState(), 0
	start := make([]int, len(events))
	fork := clone(state)
	for i, e := range events {
		if e.Cause != nil {
			state, begins = clone(fork), i
		}
		before[i], start[i] = state, begins
		if err := Replay(fork, e); err != nil {
			t.Fatal(err)
		}
	}
	pool := valuesOf(t, entries)
	tried, refused := 0, 0
	believed := map[string]int{}
	for i := range entries {
		for path, value := range leaves(t, entries[i]) {
			for _, other := range pool.others(path, value) {
				for _, together := range []bool{false, true} {
					forged := slices.Clone(entries[start[i]:])
					forged[i-start[i]] = setLeaf(t, forged[i-start[i]], path, other)
					if together { // wherever the same command says the same
						for j := start[i]; j < len(events) && start[j] == start[i]; j++ {
							for p, v := range leaves(t, entries[j]) {
								if v == value && kindOf(p) == kindOf(path) {
									forged[j-start[i]] = setLeaf(t, forged[j-start[i]], p, other)
								}
							}
						}
					}
					tried++
					end, err := accepts(before[i], forged)
					if err != nil {
						refused++
						continue
					}
					name := cmpVerb(events[start[i]]) + " " + path
					believed[name]++
					if err := Check(end); err != nil {
						t.Errorf("%s set to %s: accepted, and %v", name, other, err)
					}
					if !isLie(name) {
						t.Errorf("entry %d, %s: %s set to %s is accepted", i, name, value, other)
					}
				}
			}
		}
	}
	t.Logf("%d tried, %d refused, %d believed:", tried, refused, tried-refused)
	for _, name := range slices.Sorted(maps.Keys(believed)) {
		t.Logf("%5d  %s", believed[name], name)
	}
	if tried < 10_000 {
		t.Errorf("only %d were tried", tried)
	}
}

func cmpVerb(e Event) string { return e.Cause.Action.Verb() }

// isLie says whether a believed change is one of those that docs/audit.md lists.
func isLie(name string) bool {
	verb, path, _ := strings.Cut(name, " ")
	for _, l := range plausible {
		if (l.verb == "*" || l.verb == verb) && slices.Contains(strings.Fields(l.fields), kindOf(path)) {
			return true
		}
	}
	return false
}

// plausible lists what a server can say that nobody can check by the rules alone.
var plausible = []struct{ verb, fields string }{
	{"*", "request time step"},     // its own ids, the instant, the step within the skew
	{"*", "reason purpose note"},   // free text: the person's copy says otherwise
	{"*", "until expected_return"}, // announced by a person
	{"plan_absence", "from zone"},  // the same, of what nobody has signed for
	{"plan_absences", "from zone"},
	{"move_absence", "from zone"}, // as it was meant; the instants go with what both signed
	{"adopt_policy", "lease_ms offer_ttl_ms rotation_deadline_ms lock_after lock_base_ms lock_max_ms totp_skew session_idle_ms approve_within_ms silence_after_ms use_within_ms hold_for_ms review_within_ms signature_ttl_ms absence_wait_ms remind_first_ms remind_last_ms drill_every_ms review_by"},
	{"person", "name email roles totp_period username subject account actor"}, // before the founding: whom whoever operates the machine brought in
	{"credential", "actor kind address account name credential primary backup successor reconciles subject lease_seconds dependents " +
		"rotate_on_transfer rotate_on_checkin max_age_seconds max_exposed auto_reconcile password identities"},
	{"credential_policy", "actor rotate_on_transfer rotate_on_checkin max_age_seconds max_exposed auto_reconcile lease_seconds password dependents"},
	{"retire", "actor"}, {"change_seal_key", "actor"}, {"approve", "actor digest"}, // a refusal before any code was looked at: who tried
	{"issue_link", "actor"}, {"prove_authenticator", "actor"}, {"confirm_founding", "actor digest"}, {"propose", "actor roles"},
	{"custodians", "actor primary backup"},                                                                                        // and what
	{"propose", "primary backup name email"},                                                                                      // what nobody has approved yet, or had to
	{"issue_link", "link"},                                                                                                        // which token it was: a random one
	{"join", "account"}, {"change_password", "account"}, {"replace_authenticator", "account"}, {"prove_authenticator", "account"}, // the secret store counts
	{"disable", "actor"}, {"settle_item", "actor how at"}, // who tried; how, and when, somebody says that it was done
	{"report_failed", "failure next_try unsent"}, {"report_staged", "sending"}, {"report_not_updated", "failure next_try"},
	{"report_verified", "old_refused attested keys listed more"}, // what the target said: its own log knows
	{"report_promoted", "version"},                               // the secret store counts: its audit log knows
	{"end_verification", "result keys listed more"},
	{"report_paged", "person channel"},   // whom a channel took a message for: its own log knows
	{"sign_in", "device address unseen"}, // where from: what the server was told
	{"end_idle", "last_used"},            // when it was used: no entry of the ledger
	{"sign_in", "session"},               // which token it was: a random one, that only the person has
	{"change_seal_key", "from to"},       // ids of keys: a desk compares them with the seals, and with what the secret store has
	{"lock_sign_in", "person failures until subject"},
	{"report_configuration", "key digest said settings changed"}, // what an operator configured: believed
	{"acknowledge_configuration", "actor digest"},                // a refusal: who tried
	{"change_email", "mailbox"},                                  // what digest an address has: the salt is in the secret store
	{"stop_recovery", "actor"}, {"reset_on_host", "account"},     // a refusal: who tried; the secret store counts
	{"envelope_opened", "by actor"}, {"envelope_drill", "actor by"}, // which two keyholders, by the word of one who may say it; a refusal: who tried, and for whom
	{"seal_envelope", "digest"},                                   // what is in the folder: the file itself knows
	{"report_incident", "text grade"}, {"close_incident", "text"}, // what people wrote, and how serious it looked to them
	{"assess_incident", "text actor grade"}, // the same; a refusal: who tried, and to what
	{"acknowledge_incident", "actor"},       // who of the group has seen it, which takes no code
}

// leaves gives every leaf of an entry by its path, as JSON.
func leaves(t *testing.T, entry []byte) map[string]string {
	t.Helper()
	var top any
	if err := json.Unmarshal(entry, &top); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				walk(strings.TrimPrefix(path+"/"+name, "/"), member)
			}
		case []any:
			for i, element := range v {
				walk(fmt.Sprintf("%s/%d", path, i), element)
			}
		default:
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			found[path] = string(text)
		}
	}
	walk("", top)
	return found
}

// kindOf is the name of a field, wherever it stands.
func kindOf(path string) string {
	parts := strings.Split(path, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if strings.Trim(parts[i], "0123456789") != "" {
			return parts[i]
		}
	}
	return path
}

// fieldValues are all that a field of a kind has anywhere.
type fieldValues map[string]map[string]bool

func valuesOf(t *testing.T, entries [][]byte) fieldValues {
	all := fieldValues{}
	for _, entry := range entries {
		for path, value := range leaves(t, entry) {
			k := kindOf(path)
			if all[k] == nil {
				all[k] = map[string]bool{}
			}
			all[k][value] = true
		}
	}
	return all
}

// others gives what a field is set to: what stands anywhere in a field of its
// name, what is near to it, and what nobody would write.
func (v fieldValues) others(path, value string) (others []string) {
	add := func(texts ...string) {
		for _, text := range texts {
			if text != value && !slices.Contains(others, text) {
				others = append(others, text)
			}
		}
	}
	some := slices.Sorted(maps.Keys(v[kindOf(path)]))
	add(some[:min(len(some), 12)]...)
	switch jsontext.Value(value).Kind() {
	case '"':
		if at, err := time.Parse(`"2006-01-02T15:04:05.999Z"`, value); err == nil {
			for _, d := range []time.Duration{-time.Hour, -time.Millisecond, time.Millisecond, time.Hour, 100 * 365 * 24 * time.Hour} {
				moved := at.Add(d)
				layout := `"2006-01-02T15:04:05.999Z"`
				if kindOf(path) == "time" {
					layout = `"2006-01-02T15:04:05.000Z"`
				}
				add(moved.Format(layout))
			}
		}
		add(`"ann"`, `"ben"`, `"ada"`, `"system"`, `"x"`, `""`)
	case '0':
		var n int64
		_, _ = fmt.Sscan(value, &n)
		add(fmt.Sprint(n+1), fmt.Sprint(max(0, n-1)), "0", "1", fmt.Sprint(int64(1)<<50))
	case 't':
		add("false")
	case 'f':
		add("true")
	}
	return others
}

// setLeaf gives an entry with one leaf set to another value, in canonical form.
func setLeaf(t *testing.T, entry []byte, path, value string) []byte {
	t.Helper()
	var top any
	if err := json.Unmarshal(entry, &top); err != nil {
		t.Fatal(err)
	}
	var to any
	if err := json.Unmarshal([]byte(value), &to); err != nil {
		t.Fatal(err)
	}
	at := top
	parts := strings.Split(path, "/")
	for i, part := range parts {
		last := i == len(parts)-1
		switch v := at.(type) {
		case map[string]any:
			if last {
				v[part] = to
			}
			at = v[part]
		case []any:
			var n int
			_, _ = fmt.Sscan(part, &n)
			if last {
				v[n] = to
			}
			at = v[n]
		}
	}
	text, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	if err := (*jsontext.Value)(&text).Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(text)
}

// TestForgedOrder drops, repeats, swaps and inserts entries and whole commands.
// Of an entry alone nothing of that is accepted. A whole command can be left out
// or told in another place only where nothing that follows goes by it: a refusal,
// a check-out of which nothing was left, the end of the ledger. That is what
// checkpoints and witnesses are for.
func TestForgedOrder(t *testing.T) {
	t.Parallel()
	events := forgedStory(t)
	entries := entriesOf(t, events)
	var commands [][2]int // [first, behind the last)
	for i, e := range events {
		if e.Cause != nil {
			commands = append(commands, [2]int{i, i + 1})
		} else {
			commands[len(commands)-1][1] = i + 1
		}
	}
	tried, believed := map[string]int{}, map[string]int{}
	try := func(what string, i int, mayBe func(Event) bool, forged ...[][]byte) {
		t.Helper()
		tried[what]++
		end, err := accepts(NewState(), slices.Concat(forged...))
		if err != nil {
			return
		}
		believed[what]++
		if err := Check(end); err != nil {
			t.Errorf("%s at %d: accepted, and %v", what, i, err)
		}
		if !mayBe(events[i]) {
			t.Errorf("%s at %d, %s: accepted", what, i, events[i].Fact.Type())
		}
	}
	never := func(Event) bool { return false }
	// What leaves nothing behind that a later command goes by.
	traceless := func(e Event) bool {
		switch e.Fact.(type) {
		case CommandRefused, SessionOpened, SessionClosed, SessionIdled, VerificationStarted, VerificationEnded, DependentFailed, DependentUpdated,
			RotationFailed, CredentialPolicyChanged, PersonEnrolled, PersonAdded, HandoverOverdue, RotationOverdue, CheckoutEnded, EnrolmentReset,
			PersonLocked, CheckoutGranted, CheckoutShown, SecretsArrived, ProposalApproved, // the last one of what leaves no trace
			SealKeyChanged: // the seals of what follows tell, and are looked at elsewhere
			return true
		}
		return false
	}
	// So does what the worker said of a rotation that was called off.
	calledOff := func(e Event) bool {
		rotation := func(f Fact) RotationID {
			switch f := f.(type) {
			case RotationStaged:
				return RotationID{Credential: f.Credential, Number: f.Rotation}
			case RotationSending:
				return RotationID{Credential: f.Credential, Number: f.Rotation}
			case RotationCancelled:
				return RotationID{Credential: f.Credential, Number: f.Rotation}
			}
			return RotationID{}
		}
		return rotation(e.Fact) != RotationID{} && slices.ContainsFunc(events, func(other Event) bool {
			_, off := other.Fact.(RotationCancelled)
			return off && rotation(other.Fact) == rotation(e.Fact)
		})
	}
	for i := range entries {
		alone := events[i].Cause == nil || i+1 < len(events) && events[i+1].Cause == nil
		if alone { // a part of a longer command
			try("part dropped", i, never, entries[:i], entries[i+1:])
			try("part repeated", i, never, entries[:i+1], entries[i:])
		}
		if i+1 < len(entries) && (events[i].Cause == nil || events[i+1].Cause == nil) {
			try("parts swapped", i, never, entries[:i], [][]byte{entries[i+1], entries[i]}, entries[i+2:])
		}
	}
	for n, c := range commands {
		last := n == len(commands)-1
		try("command dropped", c[0], func(e Event) bool { return last || traceless(e) || calledOff(e) }, entries[:c[0]], entries[c[1]:])
		try("command repeated", c[0], func(e Event) bool { return e.Confirm == nil && traceless(e) }, entries[:c[1]], entries[c[0]:])
		if !last {
			next := commands[n+1]
			try("commands swapped", c[0], func(e Event) bool { return e.Time.Equal(events[next[0]].Time) },
				entries[:c[0]], entries[next[0]:next[1]], entries[c[0]:c[1]], entries[next[1]:])
		}
		try("cut off", c[0], func(Event) bool { return true }, entries[:c[0]])
		for _, from := range commands {
			if from[0] > c[0] { // what is to come, told before
				try("command inserted", from[0], never, entries[:c[0]], entries[from[0]:from[1]], entries[c[0]:])
			}
		}
	}
	for _, what := range slices.Sorted(maps.Keys(tried)) {
		t.Logf("%-18s %5d tried, %5d refused, %5d believed", what, tried[what], tried[what]-believed[what], believed[what])
	}
}
