package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/reconcile"
)

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

// history is an office's day: db01 comes into custody, is checked out for an
// hour, is handed over, comes back.
var history = []custody.Event{
	{Time: at(0), Actor: "admin", Request: "hire", Fact: custody.PersonAdded{Username: "tech-a"}},
	{Time: at(1), Actor: "tech-a", Request: "login", Fact: custody.SessionOpened{Person: "tech-a"}},
	{Time: at(1), Actor: "admin", Request: "asked", Fact: custody.ProposalMade{Proposal: "p-1", Change: custody.Change{Proposable: custody.AddCredential{Name: "db01", Brings: true}}}},
	{Time: at(1), Actor: "admin", Request: "other roles", Fact: custody.ProposalMade{Proposal: "p-2", Change: custody.Change{Proposable: custody.SetRoles{Person: "tech-a"}}}},
	{Time: at(1), Actor: "tech-b", Request: "moved", Fact: custody.ProposalMade{Proposal: "p-3", Change: custody.Change{Proposable: custody.Retarget{Credential: "db01", Key: true}}}},
	{Time: at(1), Actor: "tech-b", Request: "moved, with nothing", Fact: custody.ProposalMade{Proposal: "p-4", Change: custody.Change{Proposable: custody.Retarget{Credential: "db01"}}}},
	{Time: at(2), Actor: "admin", Request: "add", Fact: custody.CredentialAdded{Credential: "db01"}},
	{Time: at(2), Actor: "admin", Request: "not added", Fact: custody.CommandRefused{Command: "propose", On: "db01"}},
	{Time: at(210), Actor: custody.System, Request: "add", Fact: custody.SecretsArrived{Credential: "db01"}},
	{Time: at(3), Actor: custody.System, Request: "rotation-db01-1", Fact: custody.RotationPromoted{Credential: "db01", Rotation: 1}},
	{Time: at(60), Actor: "tech-a", Request: "out", Fact: custody.CheckoutGranted{Credential: "db01", Until: at(120)}},
	{Time: at(100), Actor: "tech-a", Request: "again", Fact: custody.CheckoutShown{Credential: "db01"}},
	{Time: at(61), Actor: "tech-b", Request: "no", Fact: custody.CommandRefused{Command: "checkout", On: "db01"}},
	{Time: at(61), Actor: "manager", Request: "yes", Fact: custody.ProposalApproved{Proposal: "p-1"}},
	{Time: at(61), Actor: "manager", Request: "urgent", Fact: custody.EmergencyApproved{Emergency: "e-1"}},
	{Time: at(61), Actor: custody.System, Request: "twins", Fact: custody.SameSeed{Person: "manager", Other: "tech-a"}},
	{Time: at(61), Actor: "manager", Request: "not yes", Fact: custody.CommandRefused{Command: "approve"}},
	{Time: at(61), Actor: "manager", Request: "not urgent", Fact: custody.CommandRefused{Command: "approve_emergency"}},
	{Time: at(62), Actor: custody.System, Request: "guesses", Fact: custody.SignInLocked{Person: "tech-b"}},
	{Time: at(63), Actor: custody.System, Request: "strangers", Fact: custody.SignInLocked{}},
	{Time: at(64), Actor: custody.System, Request: "recover", Fact: custody.EnrolmentReset{Person: "tech-a", Recovery: true}},
	{Time: at(65), Actor: "admin", Request: "enrol", Fact: custody.EnrolmentReset{Person: "tech-b"}},
	{Time: at(130), Actor: custody.System, Request: "check", Fact: custody.VerificationStarted{Credential: "db01", Version: 1}},
	{Time: at(140), Actor: "admin", Request: "more", Fact: custody.CredentialPolicyChanged{Credential: "db01", Policy: custody.CredentialPolicy{Dependents: []string{"app", "web"}}}},
	{Time: at(200), Actor: "tech-b", Request: "back", Fact: custody.HandoverReturned{Credentials: []string{"db01"}}},

	{Time: at(300), Actor: "admin", Request: "add sw", Fact: custody.CredentialAdded{Credential: "sw01", Policy: custody.CredentialPolicy{Dependents: []string{"app", "web"}}}},
	{Time: at(310), Actor: "tech-a", Request: "show", Fact: custody.RotationShown{Credential: "sw01", Rotation: 1}},
	{Time: at(320), Actor: custody.System, Request: "rotation-sw01-1", Fact: custody.RotationPromoted{Credential: "sw01", Rotation: 1, Version: 1}},
	{Time: at(330), Actor: custody.System, Request: "rotation-sw01-1", Fact: custody.DependentUpdated{Credential: "sw01", Dependent: "app", Version: 1}},
	{Time: at(400), Actor: custody.System, Request: "rotation-sw01-1", Fact: custody.DependentUpdated{Credential: "sw01", Dependent: "web", Version: 1}},
}

func TestEveryAccessNeedsAnEntryThatAllowsIt(t *testing.T) {
	own := func(minute int, path, request string) reconcile.Access {
		return reconcile.Access{Time: at(minute), Kind: reconcile.Read, Path: path, Request: request, Own: true, Remote: "192.0.2.7"}
	}
	write := func(a reconcile.Access) reconcile.Access { a.Kind = reconcile.Write; return a }
	foreign := func(a reconcile.Access) reconcile.Access { a.Own = false; return a }
	refused := func(a reconcile.Access) reconcile.Access { a.Refused = true; return a }
	for _, test := range []struct {
		what   string
		access reconcile.Access
		grade  custody.Grade // "": in order
		why    string
	}{
		{"the check-out's read", own(60, "credentials/db01", "out"), "", ""},
		{"shown again, while the lease stands", own(100, "credentials/db01", "again"), "", ""},
		{"its confirmation", own(60, "seeds/tech-a", "out"), "", ""},
		{"a refusal's confirmation", own(61, "seeds/tech-b", "no"), "", ""},
		{"a seed beside that of who approves: yes", own(61, "seeds/tech-a", "yes"), "", ""},
		{"an account beside it: yes", own(61, "accounts/tech-a", "yes"), custody.Special, "did not allow"},
		{"a seed written: yes", write(own(61, "seeds/tech-a", "yes")), custody.Special, "did not allow"},
		{"a seed beside that of who approves: urgent", own(61, "seeds/tech-a", "urgent"), "", ""},
		{"an account beside it: urgent", own(61, "accounts/tech-a", "urgent"), custody.Special, "did not allow"},
		{"a seed written: urgent", write(own(61, "seeds/tech-a", "urgent")), custody.Special, "did not allow"},
		{"a seed beside that of who approves: twins", own(61, "seeds/tech-a", "twins"), "", ""},
		{"an account beside it: twins", own(61, "accounts/tech-a", "twins"), custody.Special, "did not allow"},
		{"a seed written: twins", write(own(61, "seeds/tech-a", "twins")), custody.Special, "did not allow"},
		{"a seed beside that of who approves: not yes", own(61, "seeds/tech-a", "not yes"), "", ""},
		{"an account beside it: not yes", own(61, "accounts/tech-a", "not yes"), custody.Special, "did not allow"},
		{"a seed written: not yes", write(own(61, "seeds/tech-a", "not yes")), custody.Special, "did not allow"},
		{"a seed beside that of who approves: not urgent", own(61, "seeds/tech-a", "not urgent"), "", ""},
		{"an account beside it: not urgent", own(61, "accounts/tech-a", "not urgent"), custody.Special, "did not allow"},
		{"a seed written: not urgent", write(own(61, "seeds/tech-a", "not urgent")), custody.Special, "did not allow"},
		{"a seed beside that of whom something else was refused", own(61, "seeds/tech-a", "no"), custody.Special, "did not allow"},
		{"a lock-out", own(62, "seeds/tech-b", "guesses"), "", ""},
		{"a lock-out of names that nobody has", own(63, "seeds/-", "strangers"), "", ""},
		{"the throttle at a lock-out", own(63, "internal/throttle", "strangers"), "", ""},
		{"the throttle at an enrolment by an admin, which unlocks", own(65, "internal/throttle", "enrol"), "", ""},
		{"the throttle at a recovery", own(64, "internal/throttle", "recover"), "", ""},
		{"the key of the throttle made at a recovery", write(own(64, "internal/throttle", "recover")), "", ""},
		{"the seed after a recovery", write(own(64, "seeds/tech-a", "recover")), "", ""},
		{"the seed before it, for its version", own(64, "seeds/tech-a", "recover"), "", ""},
		{"the seed after a new enrolment", write(own(65, "seeds/tech-b", "enrol")), "", ""},
		{"onboarding", write(own(2, "credentials/db01", "add")), "", ""},
		{"its key", write(own(2, "keys/db01", "add")), "", ""},
		{"what came with it", write(own(2, desk.ArrivingPath("add")+"password", "add")), "", ""},
		{"what came with it, moved late", own(209, desk.ArrivingPath("add")+"key", "add"), "", ""},
		{"where it is moved to, late", write(own(210, "credentials/db01", "add")), "", ""},
		{"what came with a refused one", write(own(2, desk.ArrivingPath("not added")+"password", "not added")), "", ""},
		{"which account is asked for", own(1, "internal/identity", "asked"), "", ""},
		{"the first look at which account it is", write(own(1, "internal/identity", "asked")), "", ""},
		{"which account it is, long after", own(60, "internal/identity", "asked"), custody.Special, "did not allow"},
		{"which account it is, for other roles", own(1, "internal/identity", "other roles"), custody.Special, "did not allow"},
		{"what came with what was asked for, until it is approved", own(1500, desk.ArrivingPath("asked")+"password", "asked"), "", ""},
		{"what came with what asks for roles", own(1, desk.ArrivingPath("other roles")+"password", "other roles"), custody.Special, "did not allow"},
		{"which account it is at another address", own(1, "internal/identity", "moved"), "", ""},
		{"a key that comes for another address", own(1500, desk.ArrivingPath("moved")+"key", "moved"), "", ""},
		{"a key that does not", own(1, desk.ArrivingPath("moved, with nothing")+"key", "moved, with nothing"), custody.Special, "did not allow"},
		{"which account a refused one was", own(2, "internal/identity", "not added"), "", ""},
		{"what came with one that was not entered", write(own(2, desk.ArrivingPath("lost")+"password", "lost")), custody.Ordinary, "not entered"},
		{"what came with another", own(2, desk.ArrivingPath("add")+"password", "not added"), custody.Special, "did not allow"},
		{"what nobody brought with a check-out", own(60, desk.ArrivingPath("out")+"password", "out"), custody.Special, "did not allow"},
		{"the place of what a refused one brought", write(own(2, "credentials/db01", "not added")), custody.Special, "did not allow"},
		{"a new seed", write(own(0, "seeds/tech-a", "hire")), "", ""},
		{"a rotation", write(own(3, "credentials/db01", "rotation-db01-1")), "", ""},
		{"its key", own(3, "keys/db01", "rotation-db01-1"), "", ""},
		{"what it staged", own(3, "staged/db01-1", "rotation-db01-1"), "", ""},
		{"tidying up much later", write(own(500, "staged/db01-1", "rotation-db01-1")), "", ""},
		{"a rotation that has not reported yet", own(201, "credentials/db01", "rotation-db01-2"), "", ""},
		{"what it had before", own(3, "history/db01", "rotation-db01-1"), "", ""},
		{"a verification", own(130, "credentials/db01", "check"), "", ""},
		{"its key", own(130, "keys/db01", "check"), "", ""},
		{"what is to be set by hand", own(310, "staged/sw01-1", "show"), "", ""},
		{"what it replaces", own(310, "credentials/sw01", "show"), "", ""},
		{"a dependent that is told late", own(390, "credentials/sw01", "rotation-sw01-1"), "", ""},
		{"the throttle at a log-in", own(1, "internal/throttle", "login"), "", ""},
		{"the store's own refusal", refused(own(9, "credentials/db01", "unknown")), "", ""},
		{"the mail server in force", write(own(9, "internal/relay", "")), "", ""},
		{"a channel in force", write(own(9, "internal/channels/ops", "")), "", ""},
		{"a channel in force, past Tandem", foreign(own(9, "internal/channels/ops", "")), custody.Special, "past Tandem"},
		{"the mail server in force, past Tandem", foreign(own(9, "internal/relay", "")), custody.Special, "past Tandem"},
		{"a signature", reconcile.Access{Time: at(9), Kind: reconcile.Sign, Own: true}, "", ""},
		{"a look whether the store is there", foreign(reconcile.Access{Kind: reconcile.Probe}), "", ""},

		{"a failed log-in", own(9, "seeds/tech-a", "unknown"), custody.Ordinary, "not entered"},

		{"a foreign read", foreign(own(60, "credentials/db01", "out")), custody.Special, "past Tandem"},
		{"a foreign seed", foreign(write(own(60, "seeds/tech-a", ""))), custody.Special, "past Tandem"},
		{"a foreign signature", reconcile.Access{Kind: reconcile.Sign}, custody.Special, "past Tandem"},
		{"below all rules", reconcile.Access{Kind: reconcile.Bypass}, custody.Special, "past Tandem"},
		{"the log switched off", reconcile.Access{Kind: reconcile.Blinded}, custody.Special, "audit log"},
		{"an attempt", foreign(refused(own(60, "credentials/db01", ""))), custody.Serious, "refused"},
		{"a line that is none", reconcile.Access{Kind: reconcile.Unread}, custody.Serious, "cannot be read"},
		{"no id", own(60, "credentials/db01", ""), custody.Special, "for no request"},
		{"an unknown id", own(60, "credentials/db01", "unknown"), custody.Special, "does not have"},
		{"an unknown id that writes a seed", write(own(60, "seeds/tech-a", "unknown")), custody.Special, "does not have"},
		{"after the lease", own(126, "credentials/db01", "out"), custody.Special, "not then"},
		{"later than it was shown, under the lease", own(100, "credentials/db01", "out"), custody.Special, "not then"},
		{"another's password shown again", own(100, "credentials/db02", "again"), custody.Special, "did not allow"},
		{"what is shown again written", write(own(100, "credentials/db01", "again")), custody.Special, "did not allow"},
		{"before the entry", own(50, "credentials/db01", "out"), custody.Special, "not then"},
		{"another's seed", own(60, "seeds/tech-b", "out"), custody.Special, "did not allow"},
		{"another's seed under a recovery", own(64, "seeds/tech-b", "recover"), custody.Special, "did not allow"},
		{"a seed under a lock-out of strangers", own(63, "seeds/tech-a", "strangers"), custody.Special, "did not allow"},
		{"the throttle at a check-out", own(60, "internal/throttle", "out"), custody.Special, "did not allow"},
		{"a password under a recovery", own(64, "credentials/db01", "recover"), custody.Special, "did not allow"},
		{"another's password", own(60, "credentials/db02", "out"), custody.Special, "did not allow"},
		{"a check-out that writes", write(own(60, "credentials/db01", "out")), custody.Special, "did not allow"},
		{"a refused check-out that reads", own(61, "credentials/db01", "no"), custody.Special, "did not allow"},
		{"a rotation that is over", own(60, "credentials/db01", "rotation-db01-1"), custody.Special, "not then"},
		{"dependents that all know", own(406, "credentials/sw01", "rotation-sw01-1"), custody.Special, "not then"},
		{"a dependent that is told by writing", write(own(390, "credentials/sw01", "rotation-sw01-1")), custody.Special, "not then"},
		{"a verification that writes", write(own(130, "credentials/db01", "check")), custody.Special, "did not allow"},
		{"what another was to set by hand", own(310, "staged/sw01-2", "show"), custody.Special, "did not allow"},
		{"a history after its rotation", own(60, "history/db01", "rotation-db01-1"), custody.Special, "not then"},
		{"a rotation that never was", own(201, "credentials/db01", "rotation-db01-3"), custody.Special, "does not have"},
		{"a rotation of another", own(3, "credentials/db02", "rotation-db01-1"), custody.Special, "did not allow"},
	} {
		t.Run(test.what, func(t *testing.T) {
			r := compare(test.access)
			if test.grade == "" {
				if len(r.Findings) != 0 || r.Matched+r.Routine != 1 {
					t.Fatalf("%+v", r)
				}
				return
			}
			if len(r.Findings) != 1 || r.Findings[0].Grade != test.grade || !strings.Contains(r.Findings[0].Why, test.why) {
				t.Fatalf("%+v, want %s: %s", r, test.grade, test.why)
			}
			if (r.Special() == 1) != (test.grade == custody.Special) {
				t.Errorf("%d special", r.Special())
			}
		})
	}
}

func TestASecondReadUnderOneCheckOutIsShown(t *testing.T) {
	a := reconcile.Access{Time: at(60), Kind: reconcile.Read, Path: "credentials/db01", Request: "out", Own: true}
	if r := compare(a, a); r.Matched != 2 || r.Repeated != 1 || r.Special() != 0 || len(r.Findings) != 1 {
		t.Errorf("%+v", r)
	}
}

func compare(accesses ...reconcile.Access) reconcile.Report {
	l := reconcile.NewLedger(accesses)
	for _, e := range history {
		l.Add(e)
	}
	return l.Compare(accesses)
}
