package custody

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// withPolicy gives a credential another policy, as the admin.
func withPolicy(name string, p CredentialPolicy) func(*office) {
	return func(o *office) { o.does("ada", ChangePolicy{name, p}) }
}

func reasonIs(name string, want RotationReason) func(*office) bool {
	return func(o *office) bool {
		c := o.credential(name)
		return c.Phase == Rotating && c.Rotation.Reason == want
	}
}

func stillHeld(name string) func(*office) bool {
	return func(o *office) bool { return o.credential(name).Phase == Held }
}

// TestAge: "changed regularly" (rules, 2), but not under the hands of who works
// with it, as long as that can wait.
func TestAge(t *testing.T) {
	const day = 24 * time.Hour
	monthly := withPolicy("db01", CredentialPolicy{MaxAgeSeconds: int64(30 * day / time.Second)})
	after := func(d time.Duration) func(*office) {
		return func(o *office) { monthly(o); o.passes(d) }
	}
	worksOnDay := func(n time.Duration) func(*office) {
		return func(o *office) { after(n * day)(o); annWorks(o) }
	}
	check(t, []clause{
		{"young", after(26 * day), System, Tick{}, "", stillHeld("db01")},
		{"as old as it may be", after(30 * day), System, Tick{}, "", reasonIs("db01", ForAge)},
		{"no greatest age", func(o *office) { o.passes(10 * 365 * day) }, System, Tick{}, "", stillHeld("db01")},
		{"checked in after it had come due", func(o *office) {
			withPolicy("db01", CredentialPolicy{MaxAgeSeconds: int64(30 * day / time.Second), LeaseSeconds: 7 * 24 * 3600})(o)
			o.passes(26 * day)
			annWorks(o)
			o.now = o.now.Add(4*day - time.Minute) // due by now, the greatest age not reached
			o.does(System, Tick{})
		}, "ann", CheckIn{"db01"}, "", reasonIs("db01", ForAge)},
		{"while somebody works, until it is as old as it may be", func(o *office) {
			withPolicy("db01", CredentialPolicy{MaxAgeSeconds: int64(30 * day / time.Second), LeaseSeconds: 7 * 24 * 3600})(o)
			o.passes(26 * day)
			annWorks(o)
			o.passes(4 * day)
		}, System, Tick{}, "", reasonIs("db01", ForAge)},
		{"not what is being changed already", func(o *office) { after(day)(o); annWantsNewPassword(o); o.passes(29 * day) }, System, Tick{}, "", reasonIs("db01", ForRequested)},
		{"a lease that ends with the day", worksOnDay(20), System, Tick{}, "", stillHeld("db01")},
	})
}

// A fleet that was taken in on one day is not changed on one day, and every
// version of a password has another place.
func TestAgesAreSpread(t *testing.T) {
	const greatest = 10_000 * time.Hour
	places := map[time.Duration]int{}
	for i := range 1000 {
		c := Credential{Name: fmt.Sprintf("db%d", i), Version: 1, RotatedAt: epoch, Policy: CredentialPolicy{MaxAgeSeconds: int64(greatest / time.Second)}}
		age := c.ages().Sub(epoch)
		if age > greatest || age < greatest*9/10 {
			t.Fatalf("%s is changed at the age of %s, of %s", c.Name, age, greatest)
		}
		places[age.Truncate(100*time.Hour)]++
		if next := c; i == 0 {
			next.Version++
			if next.ages().Equal(c.ages()) {
				t.Error("the next version has the same place")
			}
		}
	}
	for at, n := range places {
		if n > 250 { // of 1,000 over ten hundreds of hours
			t.Errorf("%d around %s", n, at)
		}
	}
}

func TestExposureLimit(t *testing.T) {
	one := withPolicy("db01", CredentialPolicy{MaxExposed: 1})
	bothKnow := func(o *office) {
		one(o)
		annWorks(o)
		o.does("ann", CheckIn{"db01"})
		o.handsOver("ann", "ben", "db01")
		o.does("ben", CheckOut{"db01", note("ticket 2")})
	}
	check(t, []clause{
		{"one knows it and may", both(one, annWorks), "ann", CheckIn{"db01"}, "", stillHeld("db01")},
		{"the second checks it in", bothKnow, "ben", CheckIn{"db01"}, "", reasonIs("db01", ForExposure)},
		{"the second's lease ends", func(o *office) { bothKnow(o); o.passes(8 * time.Hour) }, System, Tick{}, "", reasonIs("db01", ForExposure)},
		{"not while the second works", bothKnow, System, Tick{}, "", stillHeld("db01")},
		{"without a limit", func(o *office) { bothKnow(o); withPolicy("db01", CredentialPolicy{})(o) }, "ben", CheckIn{"db01"}, "", stillHeld("db01")},
	})
}

func TestChangePolicy(t *testing.T) {
	change := func(p CredentialPolicy) Action { return ChangePolicy{"db01", p} }
	check(t, []clause{
		{"the admin may", nil, "ada", change(CredentialPolicy{MaxAgeSeconds: 3600}), "", func(o *office) bool { return o.credential("db01").Policy.MaxAgeSeconds == 3600 }},
		{"also while the password is being changed", annWantsNewPassword, "ada", change(CredentialPolicy{RotateOnTransfer: true}), "", nil},
		{"the holder may not", nil, "ann", change(CredentialPolicy{}), Forbidden, nil},
		{"the manager may not", nil, "max", change(CredentialPolicy{}), Forbidden, nil},
		{"not of what is retired", db01IsRetired, "ada", change(CredentialPolicy{}), Conflict, nil},
		{"an age of half an hour", nil, "ada", change(CredentialPolicy{MaxAgeSeconds: 1800}), InvalidRequest, nil},
		{"an age below nothing", nil, "ada", change(CredentialPolicy{MaxAgeSeconds: -1}), InvalidRequest, nil},
		{"more exposed than there are custodians", nil, "ada", change(CredentialPolicy{MaxExposed: 3}), InvalidRequest, nil},
		{"a password policy by a path", nil, "ada", change(CredentialPolicy{Password: "../network"}), InvalidRequest, nil},
		{"dependents twice", nil, "ada", change(CredentialPolicy{Dependents: []string{"app", "app"}}), InvalidRequest, nil},
	})
}

// drifted has the target of web01 refuse its password; web01 has a second account.
func drifted(o *office) {
	o.state.editCredential("web01", func(c *Credential) { c.Reconciles = true })
	o.does(System, StartVerification{Credential: "web01", Version: 1})
	o.does(System, EndVerification{Credential: "web01", Version: 1, Result: VerificationRefused})
}

func TestDrift(t *testing.T) {
	repair := Reconcile{"web01", note("changed on the host")}
	automatic := func(o *office) { drifted(o); withPolicy("web01", CredentialPolicy{AutoReconcile: true})(o) }
	isDrifted := func(want bool) func(*office) bool {
		return func(o *office) bool { return !o.credential("web01").Drifted.IsZero() == want }
	}
	result := func(version int64, r VerificationResult) Action {
		return EndVerification{Credential: "web01", Version: version, Result: r}
	}
	check(t, []clause{
		{"refused: it drifted", nil, System, result(1, VerificationRefused), "", isDrifted(true)},
		{"accepted: it did not", nil, System, result(1, VerificationAccepted), "", isDrifted(false)},
		{"not to be asked: nothing is known", nil, System, result(1, VerificationUnknown), "", isDrifted(false)},
		{"accepted again: somebody put it back", drifted, System, result(1, VerificationAccepted), "", isDrifted(false)},
		{"not to be asked: what was known stands", drifted, System, result(1, VerificationUnknown), "", isDrifted(true)},
		{"the result for an old version is none", drifted, System, result(0, VerificationAccepted), "", isDrifted(true)},
		{"the result while it is being changed is none", func(o *office) { o.does("ben", RequestRotation{Credential: "web01", Reason: note("worn")}) },
			System, result(1, VerificationRefused), "", isDrifted(false)},
		{"a verification of an old version", nil, System, StartVerification{Credential: "web01", Version: 0}, Conflict, nil},
		{"not by a person", nil, "ben", StartVerification{Credential: "web01", Version: 1}, Forbidden, nil},

		{"the holder may have it repaired", drifted, "ben", repair, "", reasonIs("web01", ForDrift)},
		{"so may the manager, and the holder stays the holder", drifted, "max", repair, "", func(o *office) bool { return o.credential("web01").Successor() == "ben" }},
		{"the backup may not", drifted, "cay", repair, NotHolder, nil},
		{"not without a reason", drifted, "ben", Reconcile{"web01", note("")}, InvalidRequest, nil},
		{"not without a second account", nil, "ben", repair, Conflict, nil},
		{"repaired is not drifted", func(o *office) { drifted(o); o.does("ben", repair) }, System, Tick{}, "", func(o *office) bool {
			o.rotates("web01")
			return o.credential("web01").Drifted.IsZero()
		}},
		{"the system repairs where the policy says so", automatic, System, Reconcile{Credential: "web01"}, "", reasonIs("web01", ForDrift)},
		{"the system does not where it does not", drifted, System, Reconcile{Credential: "web01"}, "", stillHeld("web01")},
		{"the system does not repair what is whole", withPolicy("web01", CredentialPolicy{AutoReconcile: true}), System, Reconcile{Credential: "web01"}, "", stillHeld("web01")},
	})
}

// switchAdded is a switch whose password a person sets by hand: ann does, the
// first of its custodians.
func switchAdded(o *office) {
	a := server("sw01", "ann", "ben")
	a.Target.Kind = Manual
	o.does("ada", a)
	o.does(System, ReportStaged{Rotation: RotationID{Credential: "sw01", Number: 1}})
}

func switchShown(o *office) { switchAdded(o); o.does("ann", ShowNew{"sw01"}) }

func TestByHand(t *testing.T) {
	check(t, []clause{
		{"its successor is shown it", switchAdded, "ann", ShowNew{"sw01"}, "", func(o *office) bool {
			return slices.Equal(o.credential("sw01").Rotation.ShownTo, []string{"ann"}) && slices.Equal(o.credential("sw01").Exposure, []string{"ann"})
		}},
		{"again, as often as it takes", switchShown, "ann", ShowNew{"sw01"}, "", nil},
		{"also when the target does not take it yet", func(o *office) { switchShown(o); o.does("ann", ConfirmSet{"sw01"}) }, "ann", ShowNew{"sw01"}, "", nil},
		{"the other custodian is not", switchAdded, "ben", ShowNew{"sw01"}, RotationPending, nil},
		{"nobody else is", switchAdded, "ada", ShowNew{"sw01"}, NotCustodian, nil},
		{"not before it is staged", func(o *office) {
			a := server("sw01", "ann", "ben")
			a.Target.Kind = Manual
			o.does("ada", a)
		}, "ann", ShowNew{"sw01"}, Conflict, nil},
		{"not what Tandem sets itself", annWantsNewPassword, "ann", ShowNew{"db01"}, Conflict, nil},
		{"not what is not being changed", nil, "ann", ShowNew{"db01"}, Conflict, nil},

		{"who was shown it says that it is set", switchShown, "ann", ConfirmSet{"sw01"}, "", func(o *office) bool { return o.credential("sw01").Rotation.Step == StepApplied }},
		{"not who was not", switchAdded, "ann", ConfirmSet{"sw01"}, Conflict, nil},
		{"not twice", func(o *office) { switchShown(o); o.does("ann", ConfirmSet{"sw01"}) }, "ann", ConfirmSet{"sw01"}, Conflict, nil},
		{"not the other custodian", switchShown, "ben", ConfirmSet{"sw01"}, RotationPending, nil},
		{"not the worker", switchShown, System, ReportApplied{RotationID{Credential: "sw01", Number: 1}}, Conflict, nil},

		{"who set it knows it", func(o *office) { switchShown(o); o.does("ann", ConfirmSet{"sw01"}) }, System, ReportVerified{Rotation: RotationID{Credential: "sw01", Number: 1}, Attested: true}, "",
			func(o *office) bool {
				o.does(System, ReportPromoted{RotationID{Credential: "sw01", Number: 1}, 1})
				c := o.credential("sw01")
				return c.Holder == "ann" && slices.Equal(c.Exposure, []string{"ann"})
			}},
	})
}

func TestDependents(t *testing.T) {
	two := withPolicy("db01", CredentialPolicy{Dependents: []string{"app", "web"}})
	changed := func(o *office) { two(o); annWantsNewPassword(o); o.rotates("db01") }
	waiting := func(want ...string) func(*office) bool {
		return func(o *office) bool {
			var names []string
			for _, u := range o.credential("db01").Updates {
				names = append(names, u.Dependent)
			}
			return slices.Equal(names, want)
		}
	}
	later := epoch.Add(time.Minute)
	check(t, []clause{
		{"each waits for the new password", changed, System, Tick{}, "", waiting("app", "web")},
		{"none waits for the one that was there before it was named", two, System, Tick{}, "", waiting()},
		{"one has it", changed, System, ReportUpdated{"db01", "app", 2}, "", waiting("web")},
		{"one cannot take it yet", changed, System, ReportNotUpdated{"db01", "web", 2, "unreachable", later}, "", func(o *office) bool {
			u := o.credential("db01").Updates[1]
			return u.Attempts == 1 && u.Failure == "unreachable" && u.NextTry.Equal(later)
		}},
		{"a late report about an old version is none", changed, System, ReportUpdated{"db01", "app", 1}, "", waiting("app", "web")},
		{"nor is one about somebody else", changed, System, ReportUpdated{"db01", "mail", 2}, "", waiting("app", "web")},
		{"the holder works meanwhile", changed, "ann", CheckOut{"db01", note("ticket 1")}, "", waiting("app", "web")},
		{"taken off the policy, it waits no more", changed, "ada", ChangePolicy{"db01", CredentialPolicy{Dependents: []string{"web"}}}, "", waiting("web")},
		{"the next change begins anew", func(o *office) {
			changed(o)
			o.does(System, ReportUpdated{"db01", "app", 2})
			annWantsNewPassword(o)
			o.rotates("db01")
		},
			System, Tick{}, "", waiting("app", "web")},
		{"not by a person", changed, "ann", ReportUpdated{"db01", "app", 2}, Forbidden, nil},
	})
}

func TestRecoverEnrolment(t *testing.T) {
	check(t, []clause{
		{"the system forgets the seed", nil, System, RecoverEnrolment{Person: "ann", Enrolment: 1}, "", func(o *office) bool { return !o.person("ann").Enrolled }},
		{"nobody else by this way", nil, "ada", RecoverEnrolment{Person: "ann", Enrolment: 1}, Forbidden, nil},
		{"not of nobody", nil, System, RecoverEnrolment{Person: "nobody", Enrolment: 0}, NotFound, nil},
		{"not what was proved against the seed before", func(o *office) { o.does(System, ResetOnHost{Person: "ann"}) }, System, RecoverEnrolment{Person: "ann", Enrolment: 1}, Conflict,
			func(o *office) bool { return o.person("ann").Number == 2 }},
	})
}
