package custody

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// forge makes an entry that Decide did not: at the present instant, by an actor
// whose authenticator shows a fresh code.
func (o *office) forge(actor string, f Fact) Event {
	e := Event{Time: o.state.Time, Actor: actor, Request: "forged", Fact: f}
	if p, ok := o.state.Person(actor); ok {
		e.Confirm = &Confirmation{Person: actor, Step: p.LastStep + 1}
	}
	return e
}

// violation says whether err is the violation that is meant.
func violation(err error, invariant, detail string) bool {
	var v *Violation
	return errors.As(err, &v) && v.Invariant == invariant && strings.Contains(v.Detail, detail)
}

// forgery is a fact that nobody decided, put into the history after what is given, and
// the violation that catches it.
type forgery struct {
	name              string
	given             func(*office)
	actor             string
	fact              Fact
	invariant, detail string
}

func caught(t *testing.T, forgeries []forgery) {
	t.Helper()
	for _, c := range forgeries {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			c.given(o)
			e := o.forge(c.actor, c.fact)
			if err := CheckEvent(o.state, e); !violation(err, c.invariant, c.detail) {
				t.Errorf("got %v, want %s: %s", err, c.invariant, c.detail)
			}
		})
	}
}

// TestForgedEvents puts into the history what did not happen. Each case is
// caught by one rule of CheckEvent, named by a part of what it says.
func TestForgedEvents(t *testing.T) {
	offer := func(edit func(*HandoverOffered)) Fact {
		f := HandoverOffered{Handover: "handover-1", From: "ann", To: "ben", Credentials: []string{"db01"}, Reason: note("x"), Expires: epoch.Add(time.Hour)}
		if edit != nil {
			edit(&f)
		}
		return f
	}
	offered := func(edit func(*Event)) func(*office) Event {
		return func(o *office) Event {
			e := o.forge("ann", offer(nil))
			edit(&e)
			return e
		}
	}
	by := func(actor string, f Fact) func(*office) Event {
		return func(o *office) Event { return o.forge(actor, f) }
	}
	later := func(d time.Duration, actor string, f Fact) func(*office) Event {
		return func(o *office) Event {
			e := o.forge(actor, f)
			e.Time = e.Time.Add(d)
			return e
		}
	}
	unconfirmed := func(actor string, f Fact) func(*office) Event {
		return func(o *office) Event {
			e := o.forge(actor, f)
			e.Confirm = nil
			return e
		}
	}
	accepted := HandoverAccepted{"handover-1", "ann", "ben", []string{"db01"}}
	returned := HandoverReturned{"handover-1", "ann", "ben", []string{"db01", "db02"}, epoch.Add(time.Hour)}
	granted := CheckoutGranted{"db01", "lease-1", note("x"), 1, epoch.Add(time.Hour)}
	started := RotationStarted{Credential: "db01", Rotation: 2, Reason: ForRequested, Successor: "ann", Deadline: epoch.Add(time.Hour)}
	reason := func(r RotationReason) RotationStarted { f := started; f.Reason = r; return f }
	annLeaves := func(o *office) { o.does("ann", Offer{All: true, Leave: true, Reason: note("leave")}) }
	rotationAt := func(step RotationStep) func(*office) {
		return func(o *office) {
			annTookBack(o)
			o.state.editCredential("db01", func(c *Credential) { c.Rotation.Step = step })
		}
	}
	disabled := func(name string) func(*office) {
		return func(o *office) { o.state.editPerson(name, func(p *Person) { p.Disabled = true }) }
	}
	const (
		somebodyElse = "done by somebody whose it was not"
		notConfirmed = "not confirmed"
	)
	for _, c := range []struct {
		name      string
		given     func(*office)
		event     func(*office) Event
		invariant string
		detail    string
	}{
		// Time.
		{"time that goes back", nil, offered(func(e *Event) { e.Time = e.Time.Add(-time.Millisecond) }), "I7", "time went back"},
		{"a clock said to stand still that ran on", nil, offered(func(e *Event) { e.Stalled, e.Time = true, e.Time.Add(time.Millisecond) }), "I7", "did not stand still"},

		// Confirmations.
		{"a check-out without a code", nil, unconfirmed("ann", granted), "I6", notConfirmed},
		{"an offer without a code", nil, unconfirmed("ann", offer(nil)), "I6", notConfirmed},
		{"an acceptance without a code", annOffered, unconfirmed("ben", accepted), "I6", notConfirmed},
		{"a return without a code", annHandedOver, unconfirmed("ann", returned), "I6", notConfirmed},
		{"away without a code", nil, unconfirmed("cay", PersonAway{Person: "cay"}), "I6", notConfirmed},
		{"a log-in without a code", nil, unconfirmed("cay", openedBy("cay")), "I6", notConfirmed},
		{"a seed proved without a code", nil, unconfirmed("cay", PersonEnrolled{"cay"}), "I6", notConfirmed},
		{"retired without a code", approvedNow(Retire{"db01"}), unconfirmed("dot", CredentialRetired{"db01", "p-1"}), "I6", notConfirmed},
		{"a change asked for without a code", nil, unconfirmed("ann", started), "I6", notConfirmed},
		{"a code of somebody else", nil, offered(func(e *Event) { e.Confirm.Person = "ben" }), "I6", "confirmed by somebody else"},
		{"a code of nobody", nil, offered(func(e *Event) { e.Actor, e.Confirm.Person = "mallory", "mallory" }), "I6", "confirmed by somebody else"},
		{"a code of a seed that was replaced", func(o *office) { o.does(System, ResetOnHost{Person: "ann"}) }, offered(func(*Event) {}), "I6", "seed that was not proved"},
		{"a code that was used", nil, offered(func(e *Event) { e.Confirm.Step-- }), "I6", "had confirmed something before"},
		{"an older code", nil, offered(func(e *Event) { e.Confirm.Step -= 2 }), "I6", "had confirmed something before"},
		{"an older code of the same request", func(o *office) { o.offers("ann", "db02") }, offered(func(e *Event) {
			e.Confirm.Step, e.Request = e.Confirm.Step-2, "request-17"
		}), "I6", "had confirmed something before"},
		{"a used code where there is no request", func(o *office) { o.state.editPerson("ann", func(p *Person) { p.LastRequest = "" }) }, offered(func(e *Event) {
			e.Confirm.Step, e.Request = e.Confirm.Step-1, ""
		}), "I6", "had confirmed something before"},

		// Actors.
		{"done by nobody who is known", nil, by("mallory", PersonPresent{"mallory"}), "I6", somebodyElse},
		{"done by somebody who is disabled", disabled("cay"), by("cay", PersonPresent{"cay"}), "I6", somebodyElse},
		{"a person added by a manager", nil, by("max", PersonAdded{Username: "zoe"}), "I6", somebodyElse},
		{"a credential added by an admin alone", nil, by("ada", CredentialAdded{Credential: "db09", Primary: "ann", Backup: "ben", Successor: "ann"}), "I6", somebodyElse},
		{"a credential added by its custodian", nil, by("ann", CredentialAdded{Credential: "db09", Primary: "ann", Backup: "ben", Successor: "ann"}), "I6", somebodyElse},
		{"a seed reset by its owner", nil, by("ann", EnrolmentReset{Person: "ann"}), "I6", somebodyElse},
		{"a seed reset by the system", nil, by(System, EnrolmentReset{Person: "ann"}), "I6", somebodyElse},
		{"retired by the holder", approvedNow(Retire{"db01"}), by("ann", CredentialRetired{"db01", "p-1"}), "I6", somebodyElse},
		{"retired, and nobody approved it", nil, by("ada", CredentialRetired{"db01", "p-1"}), "I6", somebodyElse},
		{"another retired than was approved", approvedNow(Retire{"db01"}), by("dot", CredentialRetired{"db02", "p-1"}), "I10", "just this"},
		{"present by another", annIsAway, by("ben", PersonPresent{"ann"}), "I6", somebodyElse},
		{"a session of another", nil, by("ben", openedBy("ann")), "I6", somebodyElse},
		{"locked out by another", nil, by("ben", PersonLocked{Person: "ann"}), "I6", somebodyElse},
		{"away by another", nil, by("ben", PersonAway{Person: "cay"}), "I6", somebodyElse},
		{"away by a receiver, without having asked for it", annHandedOver, by("ben", PersonAway{Person: "ann"}), "I6", somebodyElse},
		{"away by a receiver, some time after", func(o *office) { annLeaves(o); o.does("ben", Accept{"handover-1"}); o.does("ann", ComeBack{}) },
			later(time.Second, "ben", PersonAway{Person: "ann"}), "I6", somebodyElse},
		{"away by a receiver, before accepting", annLeaves, by("ben", PersonAway{Person: "ann"}), "I6", somebodyElse},
		{"the system refused something", nil, by(System, CommandRefused{Command: "checkout", Code: NotHolder}), "I6", somebodyElse},
		{"checked in by the other custodian", annWorks, by("ben", CheckoutEnded{"db01", "lease-1", "checkin"}), "I6", somebodyElse},
		{"checked in by the system", annWorks, by(System, CheckoutEnded{"db01", "lease-1", "checkin"}), "I6", somebodyElse},
		{"run out by a person", annWorks, later(8*time.Hour, "ann", CheckoutEnded{"db01", "lease-1", "expired"}), "I6", somebodyElse},
		{"ended in a way that there is not", annWorks, by("ann", CheckoutEnded{"db01", "lease-1", "lost"}), "I6", somebodyElse},
		{"offered by the receiver", nil, by("ben", offer(nil)), "I6", somebodyElse},
		{"accepted by the giver", annOffered, by("ann", accepted), "I6", somebodyElse},
		{"accepted by the admin", annOffered, by("ada", accepted), "I6", somebodyElse},
		{"returned by no party", annHandedOver, by("cay", returned), "I6", somebodyElse},
		{"declined by the giver", annOffered, by("ann", HandoverEnded{Handover: "handover-1", How: Declined}), "I6", somebodyElse},
		{"cancelled by the receiver", annOffered, by("ben", HandoverEnded{Handover: "handover-1", How: Cancelled}), "I6", somebodyElse},
		{"expired by a person", annOffered, later(24*time.Hour, "ann", HandoverEnded{Handover: "handover-1", How: Expired}), "I6", somebodyElse},
		{"an offer ended by being accepted", annOffered, by("ben", HandoverEnded{Handover: "handover-1", How: Accepted}), "I6", somebodyElse},
		{"closed by a person", annTookBack, by("ann", HandoverClosed{Handover: "handover-1"}), "I6", somebodyElse},
		{"overdue by a person", annHandedOver, by("ann", HandoverOverdue{"handover-1"}), "I6", somebodyElse},
		{"a change asked for by the backup", nil, by("ben", started), "I6", somebodyElse},
		{"a change after a transfer that the system made", nil, by(System, reason(ForTransfer)), "I6", somebodyElse},
		{"a change after a check-in by another", nil, by("ben", reason(ForCheckin)), "I6", somebodyElse},
		{"a change after a return without a return", nil, by(System, reason(ForReturn)), "I6", somebodyElse},
		{"onboarded again", nil, by("ada", reason(ForOnboard)), "I6", somebodyElse},
		{"a step of a rotation by a person", annTookBack, by("ann", RotationStaged{Credential: "db01", Rotation: 2}), "I6", somebodyElse},
		{"promoted by a person", rotationAt(StepVerified), by("ann", RotationPromoted{Credential: "db01", Rotation: 2, Version: 2, Holder: "ann"}), "I6", somebodyElse},
		{"a log-in locked by a person", nil, by("ada", SignInLocked{Person: "ann"}), "I6", somebodyElse},
		{"a witness's conflict by a person", nil, by("ada", LedgerConflict{"w1", 5, 10}), "I6", somebodyElse},

		// People.
		{"a person added twice", nil, by(System, PersonAdded{Username: "ann"}), "I7", "added twice"},
		{"the seed of nobody reset", nil, by(System, EnrolmentReset{Person: "mallory", OnHost: true}), "I7", "about nobody"},
		{"away while holding", nil, by("ann", PersonAway{Person: "ann"}), "I3", "away while holding db01"},

		// Sessions.
		{"a session of a seed that nobody proved", func(o *office) { o.does(System, ResetOnHost{Person: "cay"}) }, by("cay", openedBy("cay")), "I6", "seed that was not proved"},
		{"a session that is open already", nil, func(o *office) Event {
			return o.forge("cay", SessionOpened{Person: "cay", Session: o.state.Sessions("ann")[0].Token, Until: epoch})
		}, "I6", "a token that somebody has"},
		{"a session of no token", nil, by("cay", SessionOpened{Person: "cay", Until: epoch}), "I6", "a token that somebody has, or none"},
		{"a session for more than a month", nil, by("cay", SessionOpened{Person: "cay", Session: sessionNumber(99), Until: epoch.AddDate(0, 0, 31)}), "I6", "without an end"},
		{"another's session ended", nil, func(o *office) Event { return o.forge("cay", SessionClosed{"cay", o.state.Sessions("ann")[0].Token}) }, "I6", "that was not open"},
		{"a session ended that is none", nil, by("cay", SessionClosed{Person: "cay"}), "I6", "that was not open"},

		{"a session ended as idle that was used", nil, func(o *office) Event {
			return o.forge(System, SessionIdled{"ann", o.state.Sessions("ann")[0].Token, o.now.Add(time.Millisecond - 15*time.Minute)})
		}, "I6", "or was used"},
		{"a session ended as idle from before it was", nil, func(o *office) Event {
			return o.forge(System, SessionIdled{"ann", o.state.Sessions("ann")[0].Token, o.now.Add(-24 * time.Hour)})
		}, "I6", "or was used"},
		{"another's session ended as idle", nil, func(o *office) Event {
			return o.forge(System, SessionIdled{"ben", o.state.Sessions("ann")[0].Token, o.now.Add(-time.Hour)})
		}, "I6", "that was not open"},
		{"a session ended as idle that is none", nil, by(System, SessionIdled{Person: "ann"}), "I6", "that was not open"},
		{"a session ended as idle by a person", nil, func(o *office) Event {
			return o.forge("ann", SessionIdled{"ann", o.state.Sessions("ann")[0].Token, o.now.Add(-time.Hour)})
		}, "I6", somebodyElse},

		// Credentials.
		{"an account of which nobody says which", nil, by(System, CredentialAdded{Credential: "again", Target: TargetNotes{Kind: "ssh"}, Primary: "ann", Backup: "ben", Successor: "ann"}), "I7", "which it is"},
		{"an account added twice", nil, by(System, CredentialAdded{Credential: "again", Target: server("db01", "", "").Target, Primary: "ann", Backup: "ben", Successor: "ann"}), "I7", "in custody as db01"},
		{"a credential added twice", nil, by(System, CredentialAdded{Credential: "db01", Primary: "ann", Backup: "ben", Successor: "ann"}), "I7", "added twice"},
		{"retired while rotating", both(approvedNow(Retire{"db01"}), annWantsNewPassword), by("dot", CredentialRetired{"db01", "p-1"}), "I1", "not simply held"},
		{"retired out of an open handover", both(approvedNow(Retire{"db01"}), annHandedOver), by("dot", CredentialRetired{"db01", "p-1"}), "I1", "not simply held"},
		{"retired without being there", approvedNow(Retire{"db01"}), by("dot", CredentialRetired{"db09", "p-1"}), "I1", "not simply held"},
		{"a check-out by the backup", nil, by("ben", granted), "I5", "does not hold it"},
		{"a check-out by the admin", nil, by("ada", granted), "I5", "does not hold it"},
		{"a check-out by the giver after the handover", annHandedOver, by("ann", granted), "I5", "does not hold it"},
		{"a check-out between return and promoted", annTookBack, by("ann", granted), "I5", "does not hold it"},
		{"a check-out of a version that was not promoted", nil, by("ann", CheckoutGranted{"db01", "lease-1", note("x"), 2, epoch}), "I5", "another version"},
		{"staged before its secrets were there", func(o *office) {
			rotationAt(StepPending)(o)
			o.state.editCredential("db01", func(c *Credential) { c.Arriving = "r" })
		}, by(System, RotationStaged{Credential: "db01", Rotation: 2}), "I4", "in their place"},
		{"arrived, and nothing was on its way", nil, by(System, SecretsArrived{"db01"}), "I4", "nothing was on its way"},
		{"arrived, as somebody says", nil, by("ada", SecretsArrived{"db01"}), "I6", somebodyElse},
		{"brought under no request", nil, func(o *office) Event {
			e := o.forge(System, CredentialAdded{Credential: "db09", Target: target(Target{Kind: "ssh", Address: "x:22", Account: "root"}), Primary: "ann", Backup: "ben", Successor: "ann", Brings: true})
			e.Request = ""
			return e
		}, "I4", "under no request"},
		{"shown again without a code", annWorks, unconfirmed("ann", CheckoutShown{"db01", "lease-1", 1}), "I6", notConfirmed},
		{"shown again to somebody else", annWorks, by("ben", CheckoutShown{"db01", "lease-1", 1}), "I6", somebodyElse},
		{"shown again without a check-out", nil, by("ann", CheckoutShown{"db01", "", 1}), "I6", somebodyElse},
		{"another version shown again", annWorks, by("ann", CheckoutShown{"db01", "lease-1", 2}), "I5", "another version"},
		{"shown again under another check-out", annWorks, by("ann", CheckoutShown{"db01", "lease-2", 1}), "I5", "was over"},
		{"shown again when the time is over", annWorks, later(9*time.Hour, "ann", CheckoutShown{"db01", "lease-1", 1}), "I5", "was over"},
		{"shown again while it is changed", func(o *office) {
			annWorks(o)
			o.state.editCredential("db01", func(c *Credential) { c.Phase = Rotating })
		}, by("ann", CheckoutShown{"db01", "lease-1", 1}), "I5", "does not hold it"},
		{"a check-out under the name of another", nil, by("ann", CheckoutGranted{"db01", "lease-2", note("x"), 1, epoch}), "I5", "the name of another"},
		{"an end of what was not lent", nil, by("ann", CheckoutEnded{"db01", "", "checkin"}), "I6", somebodyElse},
		{"an end of nothing by time", nil, by(System, CheckoutEnded{"db01", "", "expired"}), "I3", "was over"},
		{"an older lease that acts on the next one", both(annWorks, annWorks), by("ann", CheckoutEnded{"db01", "lease-1", "checkin"}), "I3", "was over"},
		{"a lease that runs out too early", annWorks, by(System, CheckoutEnded{"db01", "lease-1", "expired"}), "I3", "before its time"},

		// Handovers.
		{"an offer of nothing", nil, by("ann", offer(func(f *HandoverOffered) { f.Credentials = nil })), "I1", "offers nothing"},
		{"an offer under the name of another", annOffered, by("ann", offer(func(f *HandoverOffered) { f.Credentials = []string{"db02"} })), "I1", "the name of another"},
		{"an offer that skips a number", nil, by("ann", offer(func(f *HandoverOffered) { f.Handover = "handover-3" })), "I1", "the name of another"},
		{"an offer to somebody who is away", benIsAway, by("ann", offer(func(f *HandoverOffered) { f.Handover = "handover-2" })), "I3", "away or disabled"},
		{"an offer to somebody who is disabled", disabled("ben"), by("ann", offer(nil)), "I3", "away or disabled"},
		{"an offer of what another holds", nil, by("ben", offer(func(f *HandoverOffered) { f.From, f.To = "ben", "ann" })), "I1", "does not hold db01"},
		{"an offer of what nobody holds", annWantsNewPassword, by("ann", offer(nil)), "I1", "does not hold db01"},
		{"an offer to no custodian", nil, by("ann", offer(func(f *HandoverOffered) { f.To = "cay" })), "I1", "its other custodian"},
		{"an offer of what is offered", annOffered, by("ann", offer(func(f *HandoverOffered) { f.Handover = "handover-2" })), "I1", "does not hold db01"},
		{"accepted after it expired", annOffered, later(24*time.Hour, "ben", accepted), "I1", "had expired"},
		{"accepted, more than was offered", annOffered, by("ben", HandoverAccepted{"handover-1", "ann", "ben", []string{"db01", "db02"}}), "I1", "does not follow"},
		{"accepted, less than was offered", func(o *office) { o.offers("ann", "db01", "db02") }, by("ben", accepted), "I1", "does not follow"},
		{"accepted by one to whom it was not offered", annOffered, by("cay", HandoverAccepted{"handover-1", "ann", "cay", []string{"db01"}}), "I1", "does not follow"},
		{"accepted from one who did not offer it", annOffered, by("ben", HandoverAccepted{"handover-1", "cay", "ben", []string{"db01"}}), "I1", "does not follow"},
		{"accepted twice", func(o *office) { o.handsOver("ann", "ben", "db01") }, by("ben", accepted), "I1", "does not follow"},
		{"accepted without an offer", nil, by("ben", accepted), "I1", "had expired"},
		{"accepted while it rotates", both(annOffered, annWantsNewPassword), by("ben", accepted), "I4", "was being changed"},
		{"returned before it was accepted", func(o *office) { o.offers("ann", "db01", "db02") }, by("ann", returned), "I1", "does not follow"},
		{"returned twice", annTookBack, by("ann", returned), "I1", "does not follow"},
		{"returned in part", annHandedOver, by("ann", HandoverReturned{"handover-1", "ann", "ben", []string{"db01"}, epoch}), "I1", "does not follow"},
		{"cancelled after it was accepted", annHandedOver, by("ann", HandoverEnded{Handover: "handover-1", How: Cancelled}), "I1", "on offer"},
		{"expired before its time", annOffered, by(System, HandoverEnded{Handover: "handover-1", How: Expired}), "I1", "before its time"},
		{"overdue before its time", func(o *office) {
			o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("x"), ExpectedReturn: o.now.Add(time.Hour)})
			o.does("ben", Accept{"handover-1"})
		}, by(System, HandoverOverdue{"handover-1"}), "I1", "overdue before its time"},
		{"overdue without a time", annHandedOver, by(System, HandoverOverdue{"handover-1"}), "I1", "overdue before its time"},
		{"overdue while it is only offered", annOffered, by(System, HandoverOverdue{"handover-1"}), "I1", "overdue before its time"},
		{"overdue twice", func(o *office) {
			o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("x"), ExpectedReturn: o.now.Add(time.Hour)})
			o.does("ben", Accept{"handover-1"})
			o.passes(time.Hour)
		}, by(System, HandoverOverdue{"handover-1"}), "I1", "or twice"},
		{"closed before it was returned", annHandedOver, by(System, HandoverClosed{Handover: "handover-1"}), "I4", "closed before"},
		{"closed before all was changed", func(o *office) { annTookBack(o); o.rotates("db01") }, by(System, HandoverClosed{Handover: "handover-1"}), "I4", "closed before"},

		// By hand, drift, age, exposure, dependents.
		{"shown without a code", switchAdded, unconfirmed("ann", RotationShown{"sw01", 1, 0}), "I6", notConfirmed},
		{"shown to the other custodian", switchAdded, by("ben", RotationShown{"sw01", 1, 0}), "I6", somebodyElse},
		{"shown beside another version", switchAdded, by("ann", RotationShown{"sw01", 1, 1}), "I5", "another version"},
		{"shown of another rotation", switchAdded, by("ann", RotationShown{"sw01", 2, 0}), "I4", `not at "staged"`},
		{"set by hand by the worker", switchShown, by(System, RotationApplied{"sw01", 1}), "I6", somebodyElse},
		{"set by hand without a code", switchShown, unconfirmed("ann", RotationApplied{"sw01", 1}), "I6", notConfirmed},
		{"set by hand unseen", switchAdded, by("ann", RotationApplied{"sw01", 1}), "I4", "had not been shown"},
		{"promoted, silent on who knows it", func(o *office) {
			switchShown(o)
			o.does("ann", ConfirmSet{"sw01"})
			o.does(System, ReportVerified{Rotation: RotationID{Credential: "sw01", Number: 1}, Attested: true})
		}, by(System, RotationPromoted{Credential: "sw01", Rotation: 1, Version: 1, Holder: "ann"}), "I4", "silent on who knows it"},
		{"changed for an age that is allowed", nil, by(System, RotationStarted{Credential: "db01", Rotation: 2, Reason: ForAge, Successor: "ann"}), "I4", "the policy allows"},
		{"changed for an exposure that is allowed", nil, by(System, RotationStarted{Credential: "db01", Rotation: 2, Reason: ForExposure, Successor: "ann"}), "I4", "the policy allows"},
		{"repaired without a second account", nil, by("ann", RotationStarted{Credential: "db01", Rotation: 2, Reason: ForDrift, Successor: "ann"}), "I4", "without a second account"},
		{"repaired by the system, unasked", drifted, by(System, RotationStarted{Credential: "web01", Rotation: 2, Reason: ForDrift, Successor: "ben"}), "I6", somebodyElse},
		{"repaired without a code", drifted, unconfirmed("ben", RotationStarted{Credential: "web01", Rotation: 2, Reason: ForDrift, Successor: "ben"}), "I6", notConfirmed},
		{"an onboarding started again", nil, by("ann", RotationStarted{Credential: "db01", Rotation: 2, Reason: ForOnboard, Successor: "ann"}), "I6", somebodyElse},
		{"a looser policy by one person", func(o *office) { o.does("ada", ChangePolicy{"db01", CredentialPolicy{RotateOnCheckin: true}}) }, by("ada", CredentialPolicyChanged{Credential: "db01"}), "I10", "a looser policy"},
		{"a policy that was not approved", approvedNow(ChangePolicy{"db01", CredentialPolicy{Password: "long"}}), by("dot", CredentialPolicyChanged{Credential: "db01", Proposal: "p-1"}), "I10", "just this"},
		{"a policy changed by its custodian", nil, by("ann", CredentialPolicyChanged{Credential: "db01"}), "I6", somebodyElse},
		{"a policy changed without a code", nil, unconfirmed("ada", CredentialPolicyChanged{Credential: "db01"}), "I6", notConfirmed},
		{"the policy of what is retired", db01IsRetired, by("ada", CredentialPolicyChanged{Credential: "db01"}), "I7", "not in custody"},
		{"verified in another version", nil, by(System, VerificationStarted{Credential: "db01", Version: 2}), "I5", "another version"},
		{"verified while it is being changed", annWantsNewPassword, by(System, VerificationStarted{Credential: "db01", Version: 1}), "I5", "what is not kept now"},
		{"verified by a person", nil, by("ann", VerificationStarted{Credential: "db01", Version: 1}), "I6", somebodyElse},
		{"the result for another version", nil, by(System, VerificationEnded{Credential: "db01", Version: 2, Result: VerificationRefused}), "I7", "another version"},
		{"a dependent told what it knew", nil, by(System, DependentUpdated{"db01", "app", 1}), "I7", "what it knew"},
		{"a dependent not told what it knew", nil, by(System, DependentFailed{"db01", "app", 1, "x", epoch}), "I7", "what it knew"},
		{"unlocked by a technician", nil, by("ben", PersonUnlocked{"ann"}), "I6", somebodyElse},
		{"unlocked without a code", nil, unconfirmed("max", PersonUnlocked{"ann"}), "I6", notConfirmed},
		{"nobody unlocked", nil, by("max", PersonUnlocked{"mallory"}), "I7", "about nobody"},
		{"an address changed by another technician", nil, by("ben", EmailChanged{Person: "ann", Email: note("b@example.org"), Before: note("")}), "I6", somebodyElse},
		{"an address changed without a code", nil, unconfirmed("ann", EmailChanged{Person: "ann", Email: note("b@example.org"), Before: note("")}), "I6", notConfirmed},
		{"a seed reset on the host by an admin", nil, by("ada", EnrolmentReset{Person: "ann", OnHost: true}), "I6", somebodyElse},
		{"a seed reset on the host by a recovery code", nil, by(System, EnrolmentReset{Person: "ann", OnHost: true, Recovery: true}), "I6", somebodyElse},
		{"a seed recovered by an admin", nil, by("ada", EnrolmentReset{Person: "ann", Recovery: true}), "I6", somebodyElse},

		// Rotations.
		{"a rotation started twice", annWantsNewPassword, by("ann", RotationStarted{Credential: "db01", Rotation: 3, Reason: ForRequested, Successor: "ann"}), "I4", "started twice"},
		{"a rotation with the number of an old one", nil, by("ann", RotationStarted{Credential: "db01", Rotation: 1, Reason: ForRequested, Successor: "ann"}), "I4", "started twice"},
		{"a rotation that makes another the holder", nil, by("max", RotationStarted{Credential: "db01", Rotation: 2, Reason: ForRequested, Successor: "ben"}), "I4", "somebody else than the holder"},
		{"staged when nothing rotates", nil, by(System, RotationStaged{Credential: "db01", Rotation: 1}), "I4", `not at "pending"`},
		{"staged by a worker that was overtaken", annTookBack, by(System, RotationStaged{Credential: "db01", Rotation: 1}), "I4", `not at "pending"`},
		{"staged twice", rotationAt(StepStaged), by(System, RotationStaged{Credential: "db01", Rotation: 2}), "I4", `not at "pending"`},
		{"applied before it was staged", annTookBack, by(System, RotationApplied{"db01", 2}), "I4", `not at "staged"`},
		{"verified before it was applied", rotationAt(StepStaged), by(System, RotationVerified{Credential: "db01", Rotation: 2, OldRefused: true}), "I4", `not at "applied"`},
		{"promoted before it was verified", rotationAt(StepApplied), by(System, RotationPromoted{Credential: "db01", Rotation: 2, Version: 2, Holder: "ann"}), "I4", `not at "verified"`},
		{"promoted with the old version", rotationAt(StepVerified), by(System, RotationPromoted{Credential: "db01", Rotation: 2, Version: 1, Holder: "ann"}), "I4", "without a higher version"},
		{"promoted to the receiver", rotationAt(StepVerified), by(System, RotationPromoted{Credential: "db01", Rotation: 2, Version: 2, Holder: "ben"}), "I4", "somebody else than the successor"},
		{"failed when nothing rotates", nil, by(System, RotationFailed{Credential: "db01", Rotation: 1, Failure: "x", NextTry: epoch}), "I4", "the rotation was not at"},
		{"failed, of another rotation", annTookBack, by(System, RotationFailed{Credential: "db01", Rotation: 1, Failure: "x", NextTry: epoch}), "I4", "the rotation was not at"},
		{"a rotation overdue before its time", annTookBack, by(System, RotationOverdue{"db01", 2}), "I4", "overdue before its time"},
		{"a rotation overdue twice", func(o *office) { annTookBack(o); o.passes(time.Hour) }, by(System, RotationOverdue{"db01", 2}), "I4", "or twice"},
		{"overdue, of another rotation", annTookBack, later(time.Hour, System, RotationOverdue{"db01", 1}), "I4", "the rotation was not at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			if c.given != nil {
				c.given(o)
			}
			e := c.event(o)
			if err := CheckEvent(o.state, e); !violation(err, c.invariant, c.detail) {
				t.Errorf("%+v: got %v, want %s: %s", e, err, c.invariant, c.detail)
			}
			before := o.state.Size
			if err := Replay(o.state, e); err == nil || o.state.Size != before {
				t.Errorf("replayed: %v", err)
			}
		})
	}
}

// TestBadStates makes states that no history leads to. The whole check catches
// each of them; the quick one does after an event that can have led to it.
func TestBadStates(t *testing.T) {
	db01 := func(edit func(*Credential)) func(*office) {
		return func(o *office) { o.state.editCredential("db01", edit) }
	}
	person := func(name string, edit func(*Person)) func(*office) {
		return func(o *office) { o.state.editPerson(name, edit) }
	}
	away := func(p *Person) { p.Away = true }
	handover := func(edit func(*Handover)) func(*office) {
		return func(o *office) { o.state.editHandover("handover-1", edit) }
	}
	for _, c := range []struct {
		name      string
		given     func(*office)
		invariant string
		detail    string
	}{
		{"held by nobody", db01(func(c *Credential) { c.Holder = "" }), "I1", `held with holder ""`},
		{"rotating and held", both(annTookBack, db01(func(c *Credential) { c.Holder = "ann" })), "I1", `rotating with holder "ann"`},
		{"retired and held", both(db01IsRetired, db01(func(c *Credential) { c.Holder = "ann" })), "I1", `retired with holder "ann"`},
		{"lent while rotating", both(annTookBack, db01(func(c *Credential) { c.Lease.ID = "lease-1" })), "I4", "rotating with a lease"},
		{"held while its secrets come", db01(func(c *Credential) { c.Arriving = "r" }), "I4", "not in their place"},
		{"staged while its secrets come", both(annTookBack, db01(func(c *Credential) { c.Arriving, c.Version, c.Rotation.Step = "r", 0, StepStaged })), "I4", "not in their place"},
		{"changed again while its first secrets come", both(annTookBack, db01(func(c *Credential) { c.Arriving = "r" })), "I4", "not in their place"},
		{"one custodian for two", db01(func(c *Credential) { c.Backup = "ann" }), "I2", "not two people"},
		{"a custodian who does not exist", db01(func(c *Credential) { c.Backup = "mallory" }), "I2", "not two people"},
		{"the primary does not exist", db01(func(c *Credential) { c.Primary = "mallory" }), "I2", "not two people"},
		{"both away", both(person("ann", away), person("ben", away)), "I2", "ann and ben are both away"},
		{"held by no custodian", db01(func(c *Credential) { c.Holder = "cay" }), "I3", `held by "cay", who is no custodian`},
		{"held by somebody who is away", person("ann", away), "I3", "held by ann, who is away or disabled"},
		{"held by somebody who is disabled", person("ann", func(p *Person) { p.Disabled = true }), "I3", "held by ann, who is away or disabled"},
		{"held before a password was made", db01(func(c *Credential) { c.Version = 0 }), "I4", "before any rotation"},
		{"looked after by somebody who has left", person("cay", func(p *Person) { p.Disabled = true }), "I11", "one has left"},
		{"left alone with both seats taken", db01(func(c *Credential) { c.Unattended = true }), "I12", "both seats are taken"},
		{"known to somebody who left, and not being changed", db01(func(c *Credential) { c.Leavers = []string{"cay"} }), "I13", "cay has left"},
		{"changed for no custodian", both(annTookBack, db01(func(c *Credential) { c.Rotation.Successor = "cay" })), "I3", `will be held by "cay"`},
		{"changed for somebody who is away", both(annTookBack, person("ann", away)), "I3", `will be held by "ann"`},
		{"lent to another than the holder", both(annWorks, db01(func(c *Credential) { c.Lease.Person = "ben" })), "I3", "ben has a lease, ann holds it"},
		{"bound to nothing", db01(func(c *Credential) { c.Handover = "handover-1" }), "I1", "bound to handover-1"},
		{"bound to a handover of something else", both(annOffered, func(o *office) {
			o.state.editCredential("db02", func(c *Credential) { c.Handover = "handover-1" })
		}), "I1", "bound to handover-1"},
		{"offered and not bound", both(annOffered, db01(func(c *Credential) { c.Handover = "" })), "I1", "does not follow its handover handover-1 (offered)"},
		{"offered and held by the receiver", both(annOffered, db01(func(c *Credential) { c.Holder = "ben" })), "I1", "(offered)"},
		{"accepted and not bound", both(annHandedOver, db01(func(c *Credential) { c.Handover = "" })), "I1", "(accepted)"},
		{"accepted and held by the giver", both(annHandedOver, db01(func(c *Credential) { c.Holder = "ann" })), "I1", "(accepted)"},
		{"returned and held", both(annHandedOver, handover(func(h *Handover) { h.Status = Returned })), "I1", "(returned)"},
		{"handed over by a handover that breaks another rule", both(annOffered, person("ann", away)), "I3", "away"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			if err := Check(o.state); err != nil {
				t.Fatal(err)
			}
			c.given(o)
			if err := Check(o.state); !violation(err, c.invariant, c.detail) {
				t.Errorf("Check: got %v, want %s: %s", err, c.invariant, c.detail)
			}
			for h := range o.state.OpenHandovers() { // what makes or ends one touches it
				o.state.touched.handovers = append(o.state.touched.handovers, h.ID)
			}
			if err := o.state.checkTouched(o.state.touched); !violation(err, c.invariant, c.detail) {
				t.Errorf("what was touched: got %v, want %s: %s", err, c.invariant, c.detail)
			}
		})
	}
}

// A handover that ended in a fork is still looked at there: nothing may stay
// bound to it.
func TestBoundToWhatHasEnded(t *testing.T) {
	o := newOffice(t)
	annOffered(o)
	fork := o.state.Fork()
	fork.editHandover("handover-1", func(h *Handover) { h.Status = Declined })
	if err := fork.checkTouched(fork.touched); !violation(err, "I1", "bound to handover-1") {
		t.Error(err)
	}
	fork.editCredential("db01", func(c *Credential) { c.Handover = "" })
	if err := fork.checkTouched(fork.touched); err != nil {
		t.Error(err)
	}
	// In a root it is forgotten, and there is nothing to look at.
	if err := o.state.checkTouched(touched{handovers: []string{"handover-9"}}); err != nil {
		t.Error(err)
	}
}

func TestViolationSaysWhatAndWhere(t *testing.T) {
	o := newOffice(t)
	err := CheckEvent(o.state, o.forge("ann", PersonAway{Person: "ann"}))
	if want := "invariant I3 broken for ann: person.away: away while holding db01"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
