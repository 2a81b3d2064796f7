package custody

import (
	"slices"
	"testing"
	"time"
)

func TestAnAccountIsGivenUp(t *testing.T) {
	givenUp := func(name string) func(*office) bool {
		return func(o *office) bool {
			c := o.credential(name)
			return c.Phase == Retired && c.Abandoned && c.Handover == "" && o.state.inCustodyAs(c.Target) == "" &&
				!slices.Contains(o.state.Charges(c.Primary), name) && !slices.Contains(o.state.Charges(c.Backup), name)
		}
	}
	check(t, []clause{
		{"while it may have reached the target", both(cutShort, askedFor(Abandon{"db01"})), "dot", yesTo(Abandon{"db01"}), "", givenUp("db01")},
		{"while it is paused", both(pausedByAnn, askedFor(Abandon{"db01"})), "dot", yesTo(Abandon{"db01"}), "", givenUp("db01")},
		{"by nobody alone", stagedAndUnreachable, "ada", Abandon{"db01"}, ApprovalNeeded, nil},
		{"nor by who would hold it", stagedAndUnreachable, "ann", Abandon{"db01"}, ApprovalNeeded, nil},
		{"what is held is retired", nil, "ada", needed(Abandon{"db01"}), Conflict, nil},
		{"what is not there", nil, "ada", needed(Abandon{"db77"}), NotFound, nil},
		{"after a return", both(annTookBack, askedFor(Abandon{"db01"})), "dot", yesTo(Abandon{"db01"}), "", func(o *office) bool {
			return givenUp("db01")(o) && o.handover("handover-1").Status == Returned
		}},
		{"the last of a return", both(func(o *office) { annTookBack(o); o.rotates("db02") }, askedFor(Abandon{"db01"})), "dot", yesTo(Abandon{"db01"}), "", func(o *office) bool {
			return givenUp("db01")(o) && !o.handover("handover-1").Status.Open()
		}},
		{"what is handed over is given back first", func(o *office) {
			annHandedOver(o)
			o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")})
		}, "ada", needed(Abandon{"db01"}), HandoverOpen, nil},
	})
}

// A name comes again for the account that it had, and for any where nothing of the
// first was ever changed.
func TestANameComesAgain(t *testing.T) {
	retired := func(o *office) { o.does("ada", Retire{"db01"}) }
	abandoned := func(o *office) { cutShort(o); o.does("ada", Abandon{"db01"}) }
	calledOff := func(o *office) {
		db09ComesIn(o)
		o.does("ada", CancelRotation{"db09", note("wrong address")})
	}
	another := server("db01", "ann", "ben")
	another.Target = target(Target{Kind: "ssh", Address: "elsewhere.example.org:22", Account: "root"})
	corrected := another
	corrected.Name = "db09"
	in := func(name string, number int64, again bool) func(*office) bool {
		return func(o *office) bool {
			c := o.credential(name)
			return c.Phase == Rotating && c.Rotation.Number == number && c.Again == again && c.Version == 0 && !c.Abandoned && c.Arriving != ""
		}
	}
	check(t, []clause{
		{"the same account, when it was retired", retired, System, server("db01", "ann", "ben"), "", in("db01", 2, true)},
		{"another account, when it was retired", retired, System, another, Conflict, nil},
		{"the same account, when it was given up", abandoned, System, server("db01", "ann", "ben"), "", in("db01", 4, true)},
		{"another account, when it was given up", abandoned, System, another, Conflict, nil},
		{"another account, when its first change was called off", calledOff, System, corrected, "", in("db09", 2, false)},
		{"another account, when its first change was given up", func(o *office) {
			db09ComesIn(o)
			o.does("ada", Abandon{"db09"})
		}, System, corrected, Conflict, nil},
		{"what is in custody", nil, System, another, Conflict, nil},
	})
	o := newOffice(t)
	abandoned(o)
	o.does(System, server("db01", "ann", "ben"))
	if _, err := o.do(System, ReportStaged{Rotation: RotationID{Credential: "db01", Number: 4}}); CodeOf(err) != Conflict {
		t.Errorf("staged before it is known what counts: %v", err)
	}
	o.does(System, ReportArrived{"db01"})
	o.rotates("db01")
	if c := o.credential("db01"); c.Again || c.Holder != "ann" || c.Version != 1 {
		t.Errorf("%+v", c)
	}
}

func TestForgedAbandonment(t *testing.T) {
	again := func(edit func(*CredentialAdded)) Fact {
		f := CredentialAdded{Credential: "db01", Target: server("db01", "", "").Target, Primary: "ann", Backup: "ben", Successor: "ann",
			Deadline: epoch.Add(time.Hour), Brings: true, Again: true}
		edit(&f)
		return f
	}
	retired := func(o *office) { o.does("ada", Retire{"db01"}) }
	caught(t, []forgery{
		{"given up by who would hold it", stagedAndUnreachable, "ann", CredentialAbandoned{"db01", 2, "p-1"}, "I6", "done by somebody whose it was not"},
		{"given up while it is held", approvedNow(Retire{"db01"}), "dot", CredentialAbandoned{"db01", 1, "p-1"}, "I4", "the rotation was not at"},
		{"given up, of another rotation", both(stagedAndUnreachable, approvedNow(Abandon{"db01"})), "dot", CredentialAbandoned{"db01", 1, "p-1"}, "I4", "the rotation was not at"},
		{"another given up than was approved", both(stagedAndUnreachable, approvedNow(Retire{"db02"})), "dot", CredentialAbandoned{"db01", 2, "p-1"}, "I10", "just this"},
		{"given up out of a handover", func(o *office) {
			approvedNow(Retire{"web01"})(o)
			annHandedOver(o)
			o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")})
		}, "dot", CredentialAbandoned{"db01", 2, "p-1"}, "I1", "open handover"},
		{"again, silent on what it was", retired, System, again(func(f *CredentialAdded) { f.Again = false }), "I4", "silent"},
		{"again, before it is known what counts", retired, System, again(func(f *CredentialAdded) { f.Brings = false }), "I4", "silent"},
		{"again, what never was", func(*office) {}, System, again(func(f *CredentialAdded) {
			f.Credential, f.Target = "db09", server("db09", "", "").Target
		}), "I4", "silent"},
		{"again, while it is in custody", func(*office) {}, System, again(func(*CredentialAdded) {}), "I7", "added twice"},
	})
	o := newOffice(t)
	stagedAndUnreachable(o)
	e := o.forge("dot", CredentialAbandoned{"db01", 2, "p-1"})
	e.Confirm = nil
	if err := CheckEvent(o.state, e); !violation(err, "I6", "not confirmed") {
		t.Errorf("without a code: %v", err)
	}
}
