package custody

import (
	"slices"
	"testing"
	"time"
)

func TestAnAccountIsGivenUp(t *testing.T) {
	off := note("host gone")
	givenUp := func(name string) func(*office) bool {
		return func(o *office) bool {
			c := o.credential(name)
			return c.Phase == Retired && c.Abandoned && c.Handover == "" && o.state.inCustodyAs(c.Target) == "" &&
				!slices.Contains(o.state.Charges(c.Primary), name) && !slices.Contains(o.state.Charges(c.Backup), name)
		}
	}
	check(t, []clause{
		{"by an admin, while it may have reached the target", cutShort, "ada", Abandon{"db01", off}, "", givenUp("db01")},
		{"by an admin, while it is paused", pausedByAnn, "ada", Abandon{"db01", off}, "", givenUp("db01")},
		{"by who would hold it", stagedAndUnreachable, "ann", Abandon{"db01", off}, Forbidden, nil},
		{"by a manager", stagedAndUnreachable, "max", Abandon{"db01", off}, Forbidden, nil},
		{"what is held is retired", nil, "ada", Abandon{"db01", off}, Conflict, nil},
		{"without a reason", stagedAndUnreachable, "ada", Abandon{"db01", note("")}, InvalidRequest, nil},
		{"what is not there", nil, "ada", Abandon{"db77", off}, NotFound, nil},
		{"after a return", annTookBack, "ada", Abandon{"db01", off}, "", func(o *office) bool {
			return givenUp("db01")(o) && o.handover("handover-1").Status == Returned
		}},
		{"the last of a return", func(o *office) { annTookBack(o); o.rotates("db02") }, "ada", Abandon{"db01", off}, "", func(o *office) bool {
			return givenUp("db01")(o) && !o.handover("handover-1").Status.Open()
		}},
		{"what is handed over is given back first", func(o *office) {
			annHandedOver(o)
			o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")})
		}, "ada", Abandon{"db01", off}, HandoverOpen, nil},
	})
}

// A name comes again for the account that it had, and for any where nothing of the
// first was ever changed.
func TestANameComesAgain(t *testing.T) {
	retired := func(o *office) { o.does("ada", Retire{"db01", note("scrapped")}) }
	abandoned := func(o *office) { cutShort(o); o.does("ada", Abandon{"db01", note("host gone")}) }
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
		{"the same account, when it was retired", retired, "ada", server("db01", "ann", "ben"), "", in("db01", 2, true)},
		{"another account, when it was retired", retired, "ada", another, Conflict, nil},
		{"the same account, when it was given up", abandoned, "ada", server("db01", "ann", "ben"), "", in("db01", 4, true)},
		{"another account, when it was given up", abandoned, "ada", another, Conflict, nil},
		{"another account, when its first change was called off", calledOff, "ada", corrected, "", in("db09", 2, false)},
		{"another account, when its first change was given up", func(o *office) {
			db09ComesIn(o)
			o.does("ada", Abandon{"db09", note("wrong address")})
		}, "ada", corrected, Conflict, nil},
		{"what is in custody", nil, "ada", another, Conflict, nil},
	})
	o := newOffice(t)
	abandoned(o)
	o.does("ada", server("db01", "ann", "ben"))
	if _, err := o.do(System, ReportStaged{Rotation: RotationID{"db01", 4}}); CodeOf(err) != Conflict {
		t.Errorf("staged before it is known what counts: %v", err)
	}
	o.does(System, ReportArrived{"db01"})
	o.rotates("db01")
	if c := o.credential("db01"); c.Again || c.Holder != "ann" || c.Version != 1 {
		t.Errorf("%+v", c)
	}
}

func TestForgedAbandonment(t *testing.T) {
	reason := note("x").bare()
	again := func(edit func(*CredentialAdded)) Fact {
		f := CredentialAdded{Credential: "db01", Target: server("db01", "", "").Target, Primary: "ann", Backup: "ben", Successor: "ann",
			Deadline: epoch.Add(time.Hour), Brings: true, Again: true}
		edit(&f)
		return f
	}
	retired := func(o *office) { o.does("ada", Retire{"db01", note("scrapped")}) }
	caught(t, []forgery{
		{"given up by who would hold it", stagedAndUnreachable, "ann", CredentialAbandoned{"db01", 2, reason}, "I6", "done by somebody whose it was not"},
		{"given up while it is held", func(*office) {}, "ada", CredentialAbandoned{"db01", 1, reason}, "I4", "the rotation was not at"},
		{"given up, of another rotation", stagedAndUnreachable, "ada", CredentialAbandoned{"db01", 1, reason}, "I4", "the rotation was not at"},
		{"given up out of a handover", func(o *office) {
			annHandedOver(o)
			o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")})
		}, "ada", CredentialAbandoned{"db01", 2, reason}, "I1", "open handover"},
		{"again, silent on what it was", retired, "ada", again(func(f *CredentialAdded) { f.Again = false }), "I4", "silent"},
		{"again, before it is known what counts", retired, "ada", again(func(f *CredentialAdded) { f.Brings = false }), "I4", "silent"},
		{"again, what never was", func(*office) {}, "ada", again(func(f *CredentialAdded) {
			f.Credential, f.Target = "db09", server("db09", "", "").Target
		}), "I4", "silent"},
		{"again, while it is in custody", func(*office) {}, "ada", again(func(*CredentialAdded) {}), "I7", "added twice"},
	})
	o := newOffice(t)
	stagedAndUnreachable(o)
	e := o.forge("ada", CredentialAbandoned{"db01", 2, reason})
	e.Confirm = nil
	if err := CheckEvent(o.state, e); !violation(err, "I6", "not confirmed") {
		t.Errorf("without a code: %v", err)
	}
}
