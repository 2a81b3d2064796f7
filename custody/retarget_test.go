package custody

import (
	"slices"
	"testing"
	"time"
)

// How db01 is reached changes: root@db01.example.org:22, which ann holds and ben has the
// other seat of.

// moved is db01 at another address.
func moved(edits ...func(*Retarget)) Retarget {
	return movedTo("db01", "new.example.org:2222", edits...)
}

func movedTo(name, address string, edits ...func(*Retarget)) Retarget {
	a := Retarget{Credential: name, Target: target(Target{Kind: "ssh", Address: address, Account: "root"})}
	for _, edit := range edits {
		edit(&a)
	}
	return a
}

// asItIs is db01 where it is.
func asItIs(edits ...func(*Retarget)) Retarget {
	return movedTo("db01", "db01.example.org:22", edits...)
}

func pinned(a *Retarget)       { a.Pinned = true }
func withPassword(a *Retarget) { a.Password = true }
func withKey(a *Retarget)      { a.Key = true }

// agreedTo has something approved that ada asked for.
func agreedTo(a Proposable) func(*office) { return func(o *office) { o.agreed("ada", a) } }

func db01Moved(o *office) { o.agreed("ada", moved()) }

// refusedLogIn is db01 being changed, with a current password that was refused.
func refusedLogIn(o *office) {
	annWantsNewPassword(o)
	id := RotationID{Credential: "db01", Number: 2}
	o.does(System, ReportStaged{Rotation: id, Sending: true})
	o.does(System, ReportFailed{Rotation: id, Failure: string(CurrentRefused), NextTry: o.now.Add(time.Hour), Unsent: true})
}

// db01Parked is db01 held by nobody: ann left while ben was away, who is back.
func db01Parked(o *office) {
	benIsAway(o)
	annHasLeft(o)
	o.rotates("db01")
	o.rotates("db02")
	o.does("ben", ComeBack{})
}

func TestHowAnAccountIsReachedIsApproved(t *testing.T) {
	const effected = ""
	at := func(address string, unconfirmed bool) func(*office) bool {
		return func(o *office) bool {
			c := o.credential("db01")
			want := target(Target{Kind: "ssh", Address: address, Account: "root"})
			return c.Target.same(want) && c.Unconfirmed.IsZero() != unconfirmed &&
				o.state.inCustodyAs(want) == "db01" && (address == "db01.example.org:22" || o.state.inCustodyAs(server("db01", "", "").Target) == "")
		}
	}
	check(t, []clause{
		{"by an admin", nil, "ada", needed(moved()), effected, nil},
		{"by a technician whom it does not concern", nil, "cay", needed(moved()), effected, nil},
		{"by its holder", nil, "ann", needed(moved()), effected, nil},
		{"not by an auditor, who only looks", nil, "eve", needed(moved()), Forbidden, nil},
		{"by nobody alone", nil, "ada", moved(), ApprovalNeeded, nil},
		{"nor by its holder", nil, "ann", moved(), ApprovalNeeded, nil},
		{"nor by a manager", nil, "max", moved(), ApprovalNeeded, nil},
		{"a manager is not enough", func(o *office) { o.does("ada", needed(moved())) }, "max", Approve{"p-1", digestOf("ada", moved())}, effected, at("db01.example.org:22", false)},
		{"held", askedFor(moved()), "dot", yesTo(moved()), effected, at("new.example.org:2222", true)},
		{"while it is being changed", both(stagedAndUnreachable, askedFor(moved())), "dot", yesTo(moved()), effected, at("new.example.org:2222", true)},
		{"while it comes in", both(db09ComesIn, askedFor(movedTo("db09", "right.example.org:22"))), "dot", yesTo(movedTo("db09", "right.example.org:22")), effected, func(o *office) bool {
			c := o.credential("db09")
			return c.Halted() && c.Rotation.Reason == ForOnboard && c.Rotation.Step == StepPending && !c.Unconfirmed.IsZero()
		}},
		{"while nobody holds it", both(db01Parked, askedFor(moved())), "dot", Approve{"p-1", digestOf("ada", moved())}, effected, at("new.example.org:2222", true)},
		{"while it is given back", both(annTookBack, askedFor(moved())), "dot", yesTo(moved()), effected, at("new.example.org:2222", true)},
		{"a code of the second account alone changes no address", askedFor(asItIs(withKey)), "dot", yesTo(asItIs(withKey)), effected, at("db01.example.org:22", false)},

		{"not part of an offer", annOffered, "ada", needed(moved()), HandoverOpen, nil},
		{"nor of a handover", annHandedOver, "ada", needed(moved()), HandoverOpen, nil},
		{"nor once it was offered since", func(o *office) { askedFor(moved())(o); annOffered(o) }, "dot", yesTo(moved()), effected, func(o *office) bool {
			return at("db01.example.org:22", false)(o) && lastIs[ProposalFailed](o)
		}},
		{"not what left custody", db01IsRetired, "ada", needed(moved()), Conflict, nil},
		{"nor what there is not", nil, "ada", needed(movedTo("db99", "x.example.org:22")), NotFound, nil},
		{"nor to where it is", nil, "ada", needed(asItIs()), Conflict, nil},
		{"nor to another kind", nil, "ada", needed(moved(func(a *Retarget) { a.Target.Kind = "postgres" })), Conflict, nil},
		{"nor to another account", nil, "ada", needed(moved(func(a *Retarget) { a.Target.Account = exact("admin") })), Conflict, nil},
		{"nor to an account that is in custody", nil, "ada", needed(movedTo("db01", "db02.example.org:22")), AccountTaken, nil},
		{"nor to one that came into custody since", func(o *office) {
			askedFor(movedTo("db01", "db09.example.org:22"))(o)
			db09ComesIn(o)
		}, "dot", yesTo(movedTo("db01", "db09.example.org:22")), effected, func(o *office) bool {
			return at("db01.example.org:22", false)(o) && lastIs[ProposalFailed](o)
		}},
		{"to where another was, once that is free", agreedTo(movedTo("db02", "new.example.org:22")), "ada", needed(movedTo("db01", "db02.example.org:22")), effected, nil},
		{"nor by its address alone", nil, "ada", needed(moved(func(a *Retarget) { a.Target.Identities = nil })), InvalidRequest, nil},
		{"nor nowhere", nil, "ada", needed(moved(func(a *Retarget) { a.Target.Address = Note{} })), InvalidRequest, nil},
		{"nor while what came last is on its way", agreedTo(asItIs(withKey)), "ada", needed(moved()), Conflict, nil},
		{"but once it has arrived", both(agreedTo(asItIs(withKey)), func(o *office) { o.does(System, ReportArrived{"db01"}) }), "ada", needed(moved()), effected, nil},
		{"nor while somebody asks for another", func(o *office) { o.does("ann", needed(moved())) }, "ada", needed(movedTo("db01", "x.example.org:22")), Conflict, nil},
	})
}

func lastIs[F Fact](o *office) bool {
	_, is := o.history[len(o.history)-1].Fact.(F)
	return is
}

// TestNothingIsSentWhereNobodyHasLooked: between a new address and its confirmation, all
// that follows from a log-in is refused, and everything else goes on.
func TestNothingIsSentWhereNobodyHasLooked(t *testing.T) {
	id := RotationID{Credential: "db01", Number: 2, Target: 1}
	changing := both(annWantsNewPassword, db01Moved)
	at := func(step RotationStep) func(*office) {
		return func(o *office) {
			annWantsNewPassword(o)
			o.to("db01", step)
			db01Moved(o)
		}
	}
	byHand := func(o *office) {
		sw := server("sw09", "ann", "ben")
		sw.Target.Kind = Manual
		o.does(System, sw)
		o.does(System, ReportStaged{Rotation: RotationID{Credential: "sw09", Number: 1}})
		to := movedTo("sw09", "new.example.org:22")
		to.Target.Kind = Manual
		o.agreed("ada", to)
		o.does("ann", ShowNew{"sw09"})
	}
	check(t, []clause{
		{"nothing is staged", changing, System, ReportStaged{Rotation: id}, RotationPending, nil},
		{"nothing is sent", at(StepStaged), System, ReportSending{id}, RotationPending, nil},
		{"nothing was", at(StepStaged), System, ReportApplied{id}, RotationPending, nil},
		{"nothing is proved", at(StepApplied), System, ReportVerified{Rotation: id, OldRefused: true}, RotationPending, nil},
		{"nothing counts", at(StepVerified), System, ReportPromoted{id, 2}, RotationPending, nil},
		{"nothing fails there", changing, System, ReportFailed{Rotation: id, Failure: "unreachable", NextTry: epoch}, RotationPending, nil},
		{"nothing is verified", db01Moved, System, StartVerification{"db01", 1, 1}, RotationPending, nil},
		{"nor was", db01Moved, System, EndVerification{Credential: "db01", Version: 1, Target: 1, Result: VerificationRefused}, "", func(o *office) bool {
			return o.credential("db01").Drifted.IsZero()
		}},
		{"nobody sets it by hand", byHand, "ann", ConfirmSet{"sw09"}, RotationPending, nil},
		{"nobody asks for a change", db01Moved, "ann", RequestRotation{Credential: "db01", Reason: note("worn")}, RotationPending, nil},
		{"nor for all", db01Moved, "ann", RequestRotation{All: true, Reason: note("worn")}, "", func(o *office) bool {
			return o.credential("db01").Phase == Held && o.credential("db02").Phase == Rotating
		}},
		{"nor through the second account", agreedTo(moved(func(a *Retarget) { a.Reconciles = true })), "ann", Reconcile{"db01", note("lost")}, RotationPending, nil},
		{"nor does the worker", func(o *office) {
			o.state.editCredential("db01", func(c *Credential) { c.Policy.AutoReconcile, c.Drifted = true, epoch })
			o.agreed("ada", moved(func(a *Retarget) { a.Reconciles = true }))
		}, System, Reconcile{Credential: "db01"}, "", func(o *office) bool { return o.credential("db01").Phase == Held }},
		{"its holder checks it out", db01Moved, "ann", CheckOut{"db01", note("ticket 1")}, "", nil},
		{"and hands it over", db01Moved, "ann", Offer{Credentials: []string{"db01"}, Reason: note("leave")}, "", nil},
		{"a change can be called off", changing, "ann", CancelRotation{"db01", note("no")}, "", func(o *office) bool {
			c := o.credential("db01")
			return c.Phase == Held && !c.Unconfirmed.IsZero()
		}},
		{"and the account given up", changing, "ada", needed(Abandon{"db01"}), "", nil},
		{"or reached in a third way", changing, "ada", needed(movedTo("db01", "third.example.org:22")), "", nil},
		{"what goes on elsewhere is refused to a worker", func(o *office) {
			changing(o)
			o.does("ann", ConfirmTarget{"db01", 1})
		}, System, ReportStaged{Rotation: RotationID{Credential: "db01", Number: 2}}, Conflict, nil},
		{"and its failure", func(o *office) {
			changing(o)
			o.does("ann", ConfirmTarget{"db01", 1})
		}, System, ReportFailed{Rotation: RotationID{Credential: "db01", Number: 2}, Failure: "unreachable", NextTry: epoch}, Conflict, nil},
		{"and what a verification heard elsewhere", func(o *office) {
			o.does(System, StartVerification{Credential: "db01", Version: 1})
			db01Moved(o)
			o.does("ann", ConfirmTarget{"db01", 1})
		}, System, EndVerification{Credential: "db01", Version: 1, Result: VerificationRefused}, "", func(o *office) bool {
			return o.credential("db01").Drifted.IsZero()
		}},
		{"or begins there", both(db01Moved, func(o *office) { o.does("ann", ConfirmTarget{"db01", 1}) }), System, StartVerification{Credential: "db01", Version: 1}, Conflict, nil},
		{"once it is confirmed it goes on", func(o *office) { changing(o); o.does("ann", ConfirmTarget{"db01", 1}) }, System, ReportStaged{Rotation: id, Sending: true}, "", nil},
		{"and what is held is verified", func(o *office) { db01Moved(o); o.does("ann", ConfirmTarget{"db01", 1}) }, System, StartVerification{"db01", 1, 1}, "", nil},
	})
}

// to brings the rotation of a credential to a step.
func (o *office) to(credential string, step RotationStep) {
	o.t.Helper()
	c := o.credential(credential)
	id := RotationID{Credential: credential, Number: c.Rotation.Number, Target: c.Retargeted}
	for _, report := range []struct {
		step   RotationStep
		action Action
	}{{StepStaged, ReportStaged{Rotation: id, Sending: true}}, {StepApplied, ReportApplied{id}}, {StepVerified, ReportVerified{Rotation: id, OldRefused: true}}} {
		if o.credential(credential).Rotation.Step == step {
			return
		}
		o.does(System, report.action)
	}
}

func TestWhoseTheNewAddressIsToConfirm(t *testing.T) {
	confirmed := func(o *office) bool { return o.credential("db01").Unconfirmed.IsZero() }
	check(t, []clause{
		{"its holder", db01Moved, "ann", ConfirmTarget{"db01", 1}, "", confirmed},
		{"not the other custodian", db01Moved, "ben", ConfirmTarget{"db01", 1}, Forbidden, nil},
		{"not a stranger", db01Moved, "cay", ConfirmTarget{"db01", 1}, NotCustodian, nil},
		{"not who asked for it", db01Moved, "ada", ConfirmTarget{"db01", 1}, NotCustodian, nil},
		{"nor who approved it", db01Moved, "max", ConfirmTarget{"db01", 1}, NotCustodian, nil},
		{"nor the system", db01Moved, System, ConfirmTarget{"db01", 1}, Forbidden, nil},
		{"not one that is not the one there is", db01Moved, "ann", ConfirmTarget{"db01", 0}, Conflict, nil},
		{"nor twice", func(o *office) { db01Moved(o); o.does("ann", ConfirmTarget{"db01", 1}) }, "ann", ConfirmTarget{"db01", 1}, Conflict, nil},
		{"nor where nothing was changed", nil, "ann", ConfirmTarget{"db01", 0}, Conflict, nil},
		{"nor of what there is not", nil, "ann", ConfirmTarget{"db99", 0}, NotFound, nil},
		{"while it is changed, who holds it then", both(annTookBack, db01Moved), "ann", ConfirmTarget{"db01", 1}, "", confirmed},
		{"and not who had it", both(annTookBack, db01Moved), "ben", ConfirmTarget{"db01", 1}, Forbidden, nil},
		{"who took it over since", both(db01Moved, func(o *office) { o.handsOver("ann", "ben", "db01") }), "ben", ConfirmTarget{"db01", 1}, "", confirmed},
		{"where nobody holds it, a custodian", both(db01Parked, db01Moved), "ben", ConfirmTarget{"db01", 1}, "", confirmed},
		{"who is there", both(db01Parked, both(func(o *office) {
			o.agreed("ada", Park{"db01"})
			o.agreed("ada", Park{"db02"})
		}, func(o *office) { db01Moved(o); o.does("ben", GoAway{}) })), "ben", ConfirmTarget{"db01", 1}, Conflict, nil},

		// Who asked for it, with what the host is known by, has looked at it.
		{"its holder asked for it", func(o *office) { o.agreed("ann", moved(pinned)) }, "ann", ConfirmTarget{"db01", 1}, Conflict, confirmed},
		{"with nothing that the host is known by", func(o *office) { o.agreed("ann", moved()) }, "ann", ConfirmTarget{"db01", 1}, "", confirmed},
		{"the other custodian asked for it", func(o *office) { o.agreed("ben", moved(pinned)) }, "ann", ConfirmTarget{"db01", 1}, "", confirmed},
		{"an admin asked for it", func(o *office) { o.agreed("ada", moved(pinned)) }, "ann", ConfirmTarget{"db01", 1}, "", confirmed},
		{"who asked for it holds it no more", func(o *office) {
			id := o.does("ann", needed(moved(pinned)))[0].Fact.Subject()
			o.does("max", o.approval(id))
			o.agreed("ada", ResetEnrolment{"ann"})
			o.does("dot", o.approval(id))
		}, "ben", ConfirmTarget{"db01", 1}, "", confirmed},
		{"where nobody holds it, a custodian asked for it", both(db01Parked, func(o *office) { o.agreed("ben", moved(pinned)) }), "ben", ConfirmTarget{"db01", 1}, Conflict, confirmed},

		{"what nobody had confirmed is not by another key", func(o *office) { db01Moved(o); o.agreed("ada", moved(withKey)) }, "ann", ConfirmTarget{"db01", 2}, "", confirmed},
		{"nor by the first number", func(o *office) { db01Moved(o); o.agreed("ada", moved(withKey)) }, "ann", ConfirmTarget{"db01", 1}, Conflict, nil},
		{"but by its holder's own", func(o *office) { db01Moved(o); o.agreed("ann", movedTo("db01", "third.example.org:22", pinned)) }, "ann", ConfirmTarget{"db01", 2}, Conflict, confirmed},
		{"what was confirmed is anew", func(o *office) {
			db01Moved(o)
			o.does("ann", ConfirmTarget{"db01", 1})
			o.agreed("ada", movedTo("db01", "third.example.org:22"))
		}, "ann", ConfirmTarget{"db01", 2}, "", confirmed},
		{"also back to where it was", func(o *office) {
			db01Moved(o)
			o.does("ann", ConfirmTarget{"db01", 1})
			o.agreed("ada", asItIs())
		}, "ann", ConfirmTarget{"db01", 2}, "", confirmed},
		{"a setting is as good as an address", agreedTo(asItIs(func(a *Retarget) { a.Target.Settings = map[string]Note{"host_key": exact("ssh-ed25519 AAAA")} })), "ann", ConfirmTarget{"db01", 1}, "", confirmed},
	})
}

// TestTheNextAttemptGoesByIt: what was in the way is forgotten, and nothing of what may
// have reached the account.
func TestTheNextAttemptGoesByIt(t *testing.T) {
	for _, c := range []struct {
		name          string
		given         func(*office)
		to            Retarget
		paused        bool
		reason        RotationReason
		sent, touched bool
		step          RotationStep
	}{
		{"the host did not answer", stagedAndUnreachable, moved(), false, ForRequested, false, false, StepStaged},
		{"a log-in was refused", refusedLogIn, asItIs(withPassword), false, ForRetarget, false, false, StepStaged},
		{"the second account's was", refusedLogIn, asItIs(withKey), false, ForRequested, false, false, StepStaged},
		{"somebody paused it", pausedByAnn, moved(), true, ForRequested, false, false, StepStaged},
		{"an attempt was cut short", cutShort, moved(), false, ForRequested, true, false, StepStaged},
		{"another was not, and may have got through", func(o *office) {
			cutShort(o)
			o.does(System, ReportFailed{Rotation: RotationID{Credential: "db01", Number: 2}, Failure: "target_error", NextTry: o.now.Add(time.Hour)})
		}, moved(), false, ForRequested, false, true, StepStaged},
		{"it was told", func(o *office) { annWantsNewPassword(o); o.to("db01", StepApplied) }, moved(), false, ForRequested, true, false, StepApplied},
		{"it is given back, with a password that somebody brings", annTookBack, asItIs(withPassword), false, ForReturn, false, false, StepPending},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			c.given(o)
			before := o.credential("db01").Rotation
			o.agreed("ada", c.to)
			r := o.credential("db01").Rotation
			if r.Attempts != 0 || r.Failure != "" || !r.NextTry.IsZero() || r.Paused != c.paused || r.Reason != c.reason {
				t.Errorf("%+v", r)
			}
			if r.Sending != c.sent || r.Touched != c.touched || r.Step != c.step || r.Number != before.Number || !r.Deadline.Equal(before.Deadline) || r.Successor != before.Successor {
				t.Errorf("%+v, was %+v", r, before)
			}
		})
	}
	check(t, []clause{
		{"what somebody brought a password for is not called off", both(stagedAndUnreachable, agreedTo(asItIs(withPassword))), "ann", CancelRotation{"db01", note("no")}, RotationPending, nil},
		{"but what comes in is", both(db09ComesIn, agreedTo(movedTo("db09", "db09.example.org:22", withPassword))), "ada", CancelRotation{"db09", note("no")}, "", func(o *office) bool {
			c := o.credential("db09")
			return c.Phase == Retired && c.Arriving == "" && o.state.inCustodyAs(c.Target) == ""
		}},
		{"nothing goes on before the secrets are there", both(stagedAndUnreachable, agreedTo(asItIs(withKey))), System, ReportSending{RotationID{Credential: "db01", Number: 2, Target: 1}}, Conflict, nil},
		{"nor was told", both(stagedAndUnreachable, agreedTo(asItIs(withKey))), System, ReportApplied{RotationID{Credential: "db01", Number: 2, Target: 1}}, Conflict, nil},
		{"that they are not says the worker", both(stagedAndUnreachable, agreedTo(asItIs(withKey))), System, ReportFailed{Rotation: RotationID{Credential: "db01", Number: 2, Target: 1}, Failure: "secret_store", NextTry: epoch}, "", nil},
		{"nor is verified", agreedTo(asItIs(withKey)), System, StartVerification{"db01", 1, 1}, Conflict, nil},
		{"and then is", both(agreedTo(asItIs(withKey)), func(o *office) { o.does(System, ReportArrived{"db01"}) }), System, StartVerification{"db01", 1, 1}, "", nil},
		{"nothing arrives where nothing came", agreedTo(moved()), System, ReportArrived{"db01"}, Conflict, nil},
		{"what left custody waits for nobody", both(db01Moved, func(o *office) { o.agreed("ada", Retire{"db01"}) }), "ann", ConfirmTarget{"db01", 1}, Conflict, func(o *office) bool {
			return o.state.inCustodyAs(moved().Target) == ""
		}},
	})
}

// TestWhoeverBringsAPasswordKnowsIt: so it is changed at once, for whoever has it.
func TestWhoeverBringsAPasswordKnowsIt(t *testing.T) {
	for _, c := range []struct {
		name      string
		given     func(*office)
		successor string
	}{{"held", annWorks, "ann"}, {"parked", db01Parked, ""}} {
		o := newOffice(t)
		c.given(o)
		o.state.Reschedule() // so that nothing earlier is waited for
		number := o.credential("db01").Rotation.Number
		o.agreed("ada", asItIs(withPassword))
		got := o.credential("db01")
		if r := got.Rotation; got.Phase != Rotating || r.Reason != ForRetarget || r.Successor != c.successor || r.Number != number+1 || r.Deadline.IsZero() || got.Lease.ID != "" || got.Arriving == "" {
			t.Errorf("%s: %+v", c.name, got)
		}
		if o.state.Due().IsZero() || o.state.Due().After(got.Rotation.Deadline) {
			t.Errorf("%s: nothing waits for %v", c.name, got.Rotation.Deadline)
		}
		o.does(System, ReportArrived{"db01"})
		o.rotates("db01")
		if got := o.credential("db01"); got.Holder != c.successor || got.Arriving != "" {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// TestAPasswordComesUnderTheRequestThatBroughtIt, which the approval is not.
func TestAPasswordComesUnderTheRequestThatBroughtIt(t *testing.T) {
	o := newOffice(t)
	asked := o.does("ada", needed(asItIs(withKey)))[0]
	p, _ := o.state.Proposal("p-1")
	o.does("max", o.approval("p-1"))
	o.does("dot", o.approval("p-1"))
	if c := o.credential("db01"); p.Request != asked.Request || c.Arriving != asked.Request {
		t.Errorf("%q waits as %q, and arrives as %q", asked.Request, p.Request, c.Arriving)
	}
	if o.does("ada", needed(movedTo("db02", "x.example.org:22"))); len(o.state.ProposalsChanged()) != 1 || o.state.ProposalsChanged()[0].Request != "" {
		t.Errorf("nothing came, and it is kept: %+v", o.state.ProposalsChanged())
	}
}

// TestWhatAProposalOfAnotherAddressChanges, as whoever approves it reads it.
func TestWhatAProposalOfAnotherAddressChanges(t *testing.T) {
	was := target(Target{Kind: "ssh", Address: "db01:22", Account: "root", Settings: map[string]string{"host_key": "old", "sudo": "true"}})
	to := Retarget{Credential: "db01", Target: target(Target{Kind: "ssh", Address: "db01:22", Account: "root", Settings: map[string]string{"host_key": "new", "admin": "ops"}}), Password: true, Key: true}
	got := onlyChanged(to.differences(Now{Credential: Credential{Target: was}}))
	want := []Difference{
		{"target.settings.admin", nil, []string{"ops"}},
		{"target.settings.host_key", []string{"old"}, []string{"new"}},
		{"target.settings.sudo", []string{"true"}, nil},
		{"brings_password", nil, []string{"true"}},
		{"brings_key", nil, []string{"true"}},
	}
	if !slices.EqualFunc(got, want, func(a, b Difference) bool {
		return a.Field == b.Field && slices.Equal(a.Before, b.Before) && slices.Equal(a.After, b.After)
	}) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestForgedRetargeting(t *testing.T) {
	deadline := epoch.Add(time.Hour)
	fact := func(edits ...func(*CredentialRetargeted)) Fact {
		f := CredentialRetargeted{Credential: "db01", Target: moved().Target, Unconfirmed: true, Proposal: "p-1"}
		for _, edit := range edits {
			edit(&f)
		}
		return f
	}
	staged := func(o *office) { annWantsNewPassword(o); o.to("db01", StepStaged); db01Moved(o) }
	later := func(step RotationStep) func(*office) {
		return func(o *office) { annWantsNewPassword(o); o.to("db01", step); db01Moved(o) }
	}
	coming := func(step RotationStep) func(*office) {
		return func(o *office) { annWantsNewPassword(o); o.to("db01", step); o.agreed("ada", asItIs(withKey)) }
	}
	caught(t, []forgery{
		{"nobody approved it", func(o *office) { o.does("ada", needed(moved())) }, "dot", fact(), "I6", "whose it was not"},
		{"another than was approved", approvedNow(movedTo("db01", "third.example.org:22")), "dot", fact(), "I10", "just this"},
		{"of another than was approved", approvedNow(movedTo("db02", "new.example.org:2222")), "dot", fact(), "I10", "just this"},
		{"with a key that nobody approved", approvedNow(moved()), "dot", fact(func(f *CredentialRetargeted) { f.Key = true }), "I4", "under no request"},
		{"silent on a key", approvedNow(moved(withKey)), "dot", fact(), "I10", "just this"},
		{"said to be pinned", approvedNow(moved()), "dot", fact(func(f *CredentialRetargeted) { f.Pinned = true }), "I10", "just this"},
		{"said to have a second account", approvedNow(moved()), "dot", fact(func(f *CredentialRetargeted) { f.Reconciles = true }), "I10", "just this"},
		{"by who asked for it", approvedNow(moved()), "ada", fact(), "I6", "whose it was not"},
		{"by the system", approvedNow(moved()), System, fact(), "I6", "whose it was not"},
		{"said to be confirmed", approvedNow(moved(pinned)), "dot", fact(func(f *CredentialRetargeted) { f.Pinned, f.Unconfirmed = true, false }), "I5", "nobody has looked"},
		{"to be confirmed, where it stays", approvedNow(asItIs(withKey)), "dot", fact(func(f *CredentialRetargeted) { f.Target, f.Key = asItIs().Target, true }), "I5", "silent on who has"},
		{"with a password that is not changed", approvedNow(asItIs(withPassword)), "dot", fact(func(f *CredentialRetargeted) {
			f.Target, f.Password, f.Unconfirmed = asItIs().Target, true, false
		}), "I4", "is not changed"},
		{"changed for nothing", approvedNow(moved()), "dot", fact(func(f *CredentialRetargeted) { f.Deadline = deadline }), "I4", "nothing calls for"},
		{"another kind", approvedNow(moved()), "dot", fact(func(f *CredentialRetargeted) { f.Target.Kind = "postgres" }), "I7", "another account"},
		{"another account", approvedNow(moved()), "dot", fact(func(f *CredentialRetargeted) { f.Target.Account = exact("admin") }), "I7", "another account"},
		{"which account is not said", approvedNow(moved()), "dot", fact(func(f *CredentialRetargeted) { f.Target.Identities = nil }), "I7", "which it is"},
		{"an account that is in custody", approvedNow(moved()), "dot", fact(func(f *CredentialRetargeted) { f.Target.Identities = server("db02", "", "").Target.Identities }), "I7", "in custody as db02"},
		{"out of a handover", both(annHandedOver, approvedNow(movedTo("web01", "y:22"))), "dot", fact(), "I1", "part of a handover"},
		{"of what is not in custody", both(db01IsRetired, approvedNow(movedTo("web01", "y:22"))), "dot", fact(func(f *CredentialRetargeted) { f.Proposal = "p-2" }), "I1", "not in custody"},
		{"before what came last is there", both(agreedTo(asItIs(withKey)), approvedNow(movedTo("web01", "y:22"))), "dot", fact(func(f *CredentialRetargeted) { f.Proposal = "p-2" }), "I4", "in its place"},

		{"confirmed by the other custodian", db01Moved, "ben", TargetConfirmed{"db01", 1}, "I5", "whose password it is not"},
		{"confirmed by who asked for it", db01Moved, "ada", TargetConfirmed{"db01", 1}, "I6", "whose it was not"},
		{"confirmed by the system", db01Moved, System, TargetConfirmed{"db01", 1}, "I6", "whose it was not"},
		{"confirmed, another one", db01Moved, "ann", TargetConfirmed{"db01", 0}, "I5", "another one"},
		{"confirmed without need", nothingHappened, "ann", TargetConfirmed{"db01", 0}, "I5", "without need"},

		{"staged where nobody has looked", both(annWantsNewPassword, db01Moved), System, RotationStaged{Credential: "db01", Rotation: 2}, "I4", "staged before"},
		{"sent where nobody has looked", staged, System, RotationSending{"db01", 2}, "I4", "sent at a wrong step"},
		{"told where nobody has looked", staged, System, RotationApplied{"db01", 2}, "I5", "cannot have been told"},
		{"verified where nobody has looked", later(StepApplied), System, RotationVerified{Credential: "db01", Rotation: 2, OldRefused: true}, "I5", "cannot have been asked"},
		{"promoted where nobody has looked", later(StepVerified), System, RotationPromoted{Credential: "db01", Rotation: 2, Version: 2, Holder: "ann"}, "I5", "cannot have been asked"},
		{"failed where nobody has looked", staged, System, RotationFailed{Credential: "db01", Rotation: 2, Failure: "unreachable", NextTry: epoch}, "I5", "nobody has confirmed"},
		{"told before its key is there", coming(StepStaged), System, RotationApplied{"db01", 2}, "I5", "cannot have been told"},
		{"verified before its key is there", coming(StepApplied), System, RotationVerified{Credential: "db01", Rotation: 2, OldRefused: true}, "I5", "cannot have been asked"},
		{"promoted before its key is there", coming(StepVerified), System, RotationPromoted{Credential: "db01", Rotation: 2, Version: 2, Holder: "ann"}, "I5", "cannot have been asked"},
		{"checked where nobody has looked", db01Moved, System, VerificationStarted{"db01", 1, 1}, "I5", "cannot be asked"},
		{"checked elsewhere", both(db01Moved, func(o *office) { o.does("ann", ConfirmTarget{"db01", 1}) }), System, VerificationStarted{"db01", 1, 0}, "I5", "another target"},
		{"drifted where nobody has looked", db01Moved, System, VerificationEnded{Credential: "db01", Version: 1, Target: 1, Result: VerificationRefused}, "I5", "cannot have been asked"},
		{"drifted elsewhere", both(db01Moved, func(o *office) { o.does("ann", ConfirmTarget{"db01", 1}) }), System, VerificationEnded{Credential: "db01", Version: 1, Result: VerificationRefused}, "I5", "another target"},
		{"asked for where nobody has looked", db01Moved, "ann", RotationStarted{Credential: "db01", Rotation: 2, Reason: ForRequested, Successor: "ann", Deadline: deadline}, "I5", "nobody has confirmed"},
		{"set anew where nobody has looked", agreedTo(moved(func(a *Retarget) { a.Reconciles = true })), "ann", RotationStarted{Credential: "db01", Rotation: 2, Reason: ForDrift, Successor: "ann", Deadline: deadline}, "I5", "nobody has confirmed"},
		{"begun because somebody brought a password", nothingHappened, "ann", RotationStarted{Credential: "db01", Rotation: 2, Reason: ForRetarget, Successor: "ann", Deadline: deadline}, "I6", "whose it was not"},
	})
	o := newOffice(t)
	db01Moved(o)
	e := o.forge("ann", TargetConfirmed{"db01", 1})
	e.Confirm = nil
	if err := CheckEvent(o.state, e); !violation(err, "I6", "not confirmed") {
		t.Errorf("without a code: %v", err)
	}
	o.state.editCredential("db01", func(c *Credential) { c.Phase, c.Holder = Retired, "" })
	if err := Check(o.state); !violation(err, "I5", "somebody is to confirm") {
		t.Errorf("waits outside custody: %v", err)
	}
}

func nothingHappened(*office) {}

// TestWhoIsAskedToConfirmATarget that nobody holds: its custodians who are there.
func TestWhoIsAskedToConfirmATarget(t *testing.T) {
	o := newOffice(t)
	db01Parked(o)
	o.agreed("ada", Park{"db01"})
	o.agreed("ada", Park{"db02"})
	db01Moved(o)
	asked := func(who string) bool { return o.credential("db01").MayConfirmTarget(o.person(who)) }
	if !asked("ben") || asked("cay") || asked("ann") || asked("max") {
		t.Error("somebody else than the custodian who is there")
	}
	o.does("ben", GoAway{})
	if asked("ben") {
		t.Error("who is away")
	}
	if err := CheckEvent(o.state, o.forge("ben", TargetConfirmed{"db01", 1})); !violation(err, "I5", "whose password it is not") {
		t.Errorf("confirmed by who is away: %v", err)
	}
}
