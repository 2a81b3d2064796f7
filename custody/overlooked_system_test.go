package custody

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// What only the system finds out nobody else says: neither with a code nor as
// somebody who does not exist.
func TestWhatOnlyTheSystemFindsOutNobodyElseSays(t *testing.T) {
	o := newOffice(t)
	add := server("db09", "ann", "ben")
	add.Policy.Dependents = []string{"app"}
	o.addServer(add)
	for _, f := range []Fact{
		VerificationStarted{Credential: "db09", Version: 1}, VerificationEnded{Credential: "db09", Version: 1, Result: VerificationAccepted}, VerificationEnded{Credential: "db09", Version: 1, Result: VerificationRefused},
		DependentUpdated{"db09", "app", 1}, DependentFailed{"db09", "app", 1, "failed", o.now.Add(time.Minute)},
	} {
		for _, actor := range []string{System, "ann", "ada", "max", "eve", "mallory", ""} {
			e := o.forge(actor, f)
			if err := CheckEvent(o.state, e); (err == nil) != (actor == System) {
				t.Errorf("%s, by %q: %v", f.Type(), actor, err)
			}
		}
	}
}

// How far a rotation has come is said by who carries it out: by nobody else, at no
// step, but for who sets the password by hand.
func TestHowFarARotationIsOnlyTheSystemSays(t *testing.T) {
	o := newOffice(t)
	annWantsNewPassword(o)
	id := RotationID{Credential: "db01", Number: 2}
	for _, step := range []struct {
		fact Fact
		does Action
	}{
		{RotationFailed{Credential: "db01", Rotation: 2, Failure: "unreachable", NextTry: o.now.Add(time.Minute)}, ReportFailed{Rotation: id, Failure: "unreachable", NextTry: o.now.Add(time.Minute)}},
		{RotationStaged{Credential: "db01", Rotation: 2}, ReportStaged{Rotation: id}},
		{RotationApplied{"db01", 2}, ReportApplied{id}},
		{RotationVerified{Credential: "db01", Rotation: 2, OldRefused: true}, ReportVerified{Rotation: id, OldRefused: true}},
		{RotationPromoted{Credential: "db01", Rotation: 2, Version: 2, Holder: "ann"}, ReportPromoted{id, 2}},
	} {
		for _, actor := range []string{System, "ann", "ben", "ada", "max", "mallory", ""} {
			if err := CheckEvent(o.state, o.forge(actor, step.fact)); (err == nil) != (actor == System) {
				t.Errorf("%s, by %q: %v", step.fact.Type(), actor, err)
			}
		}
		o.does(System, step.does)
	}
}

// A password is looked after at its target only while somebody holds it, and only
// that version: the look is entered before, and a late answer is none.
func TestOnlyWhatIsHeldIsVerified(t *testing.T) {
	o := newOffice(t)
	if events := o.does(System, StartVerification{Credential: "db01", Version: 1}); len(events) != 1 || events[0].Fact != (VerificationStarted{Credential: "db01", Version: 1}) {
		t.Errorf("entered: %+v", events)
	}
	for _, a := range []Action{
		StartVerification{Credential: "none", Version: 1}, EndVerification{Credential: "none", Version: 1, Result: VerificationRefused},
		ReportUpdated{"none", "app", 1}, ReportNotUpdated{Credential: "none", Dependent: "app", Version: 1, NextTry: o.now},
	} {
		if _, err := Decide(o.state, Command{Actor: System, Action: a}, o.now); CodeOf(err) != NotFound {
			t.Errorf("%s of what there is not: %v", a.Verb(), err)
		}
	}
	annWantsNewPassword(o)
	late, err := Decide(o.state, Command{Actor: System, Action: StartVerification{Credential: "db01", Version: 1}}, o.now)
	if CodeOf(err) != CodeOf(refuseLateReport(RotationID{Credential: "db01", Number: 2})) || len(late) > 0 {
		t.Errorf("begun while it is changed: %+v, %v", late, err)
	}
	if events := o.does(System, EndVerification{Credential: "db01", Version: 1, Result: VerificationRefused}); len(events) > 0 {
		t.Errorf("ended while it is changed: %+v", events)
	}
	for _, f := range []Fact{VerificationStarted{Credential: "db01", Version: 1}, VerificationEnded{Credential: "db01", Version: 1, Result: VerificationRefused}} {
		if err := CheckEvent(o.state, o.forge(System, f)); err == nil {
			t.Errorf("%s while it is changed", f.Type())
		}
	}
}

// It drifted when that was first seen, however often it is looked at.
func TestADriftBeganWhenItWasFirstSeen(t *testing.T) {
	o := newOffice(t)
	first := o.now
	for range 3 {
		o.does(System, EndVerification{Credential: "db01", Version: 1, Result: VerificationRefused})
		if got := o.credential("db01").Drifted; !got.Equal(first) {
			t.Errorf("since %v, want %v", got, first)
		}
		o.now = o.now.Add(time.Hour)
	}
}

// Whoever sets a password by hand is shown it with a code, and says with a code
// that it is set; that stands in the history of the credential.
func TestSettingByHandNeedsACode(t *testing.T) {
	o := newOffice(t)
	add := server("sw01", "ann", "ben")
	add.Target.Kind = Manual
	o.does(System, add)
	o.does(System, ReportStaged{Rotation: RotationID{Credential: "sw01", Number: 1}})
	try := func(a Action) {
		t.Helper()
		for want, proof := range map[Code]Proof{
			InvalidRequest: noCode(), TOTPInvalid: wrongCode(), TOTPReplayed: usedCode(o.person("ann")), "": rightCode(o.person("ann")),
		} {
			if _, err := Decide(o.state, Command{Actor: "ann", Request: "r", Proof: proof, Action: a}, o.now); CodeOf(err) != want {
				t.Errorf("%s: %+v: got %v, want %q", a.Verb(), proof, err, want)
			}
		}
	}
	try(ShowNew{"sw01"})
	shown := o.does("ann", ShowNew{"sw01"})[0]
	if of := shown.Concerns(o.state).Credentials; shown.Fact.Subject() != "sw01" || len(of) != 1 || of[0] != "sw01" {
		t.Errorf("%s is found by %v", shown.Fact.Type(), of)
	}
	try(ConfirmSet{"sw01"})
	// What Tandem sets itself waits for nobody, and what waits is one step only.
	if c := o.credential("sw01"); !c.AwaitsPerson() {
		t.Errorf("nobody is waited for: %+v", c)
	}
	o.does("ann", ConfirmSet{"sw01"})
	if c := o.credential("sw01"); c.AwaitsPerson() {
		t.Errorf("somebody is waited for: %+v", c)
	}
	annWantsNewPassword(o)
	o.does(System, ReportStaged{Rotation: RotationID{Credential: "db01", Number: 2}})
	if c := o.credential("db01"); c.AwaitsPerson() {
		t.Errorf("somebody is waited for: %+v", c)
	}
	if _, err := Decide(o.state, o.with("ann", ShowNew{"db01"}), o.now); CodeOf(err) != Conflict {
		t.Errorf("what Tandem sets was shown: %v", err)
	}
}

// A policy has to mean something, in each of its values.
func TestAPolicyOfACredentialMeansSomething(t *testing.T) {
	many := make([]string, maxDependents+1)
	for i := range many {
		many[i] = "app-" + string(rune('a'+i))
	}
	o := newOffice(t)
	try := func(p CredentialPolicy) Code {
		_, err := Decide(o.state, o.with("ada", needed(ChangePolicy{"db01", p})), o.now)
		return CodeOf(err)
	}
	for name, p := range map[string]CredentialPolicy{
		"too many dependents":          {Dependents: many},
		"older than ten years":         {MaxAgeSeconds: maxAgeSeconds + 1},
		"fewer than nobody":            {MaxExposed: -1},
		"more than the custodians":     {MaxExposed: 3},
		"a lease of less than nothing": {LeaseSeconds: -1},
		"a dependent of no name":       {Dependents: []string{"App"}},
		"a password policy of none":    {Password: "Strong!"},
		"dependents out of order":      {Password: "strong", Dependents: []string{"b", "a"}},
		"a dependent twice":            {Password: "strong", Dependents: []string{"a", "a"}},
	} {
		if got := try(p); got != InvalidRequest {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, p := range map[string]CredentialPolicy{
		"as many as may be": {Dependents: many[:maxDependents], Password: "strong"}, "ten years": {MaxAgeSeconds: maxAgeSeconds}, "both custodians": {MaxExposed: 2},
	} {
		if got := try(p); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What an entry or a page could not write is not taken in: years that have not four
// digits, bytes that are no text.
func TestWhatCannotBeWrittenIsNotTakenIn(t *testing.T) {
	for at, good := range map[time.Time]bool{
		time.Date(0, 12, 31, 23, 59, 59, 0, time.UTC):                              false,
		time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC):                                   true,
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC):                           true,
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("behind", -12*3600)): false,
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC):                               false,
	} {
		if got := CheckInstant("until", at); (got == nil) != good {
			t.Errorf("%v: %v", at, got)
		}
	}
	o := newOffice(t)
	many := map[string]string{}
	for i := range maxSettings + 1 {
		many[fmt.Sprint("setting", i)] = "x"
	}
	for name, settings := range map[string]map[string]string{
		"too many":  many,
		"no name":   {"what it says": "x"},
		"bytes":     {"key": "\xff"},
		"a line":    {"key": "a\nb"},
		"a name":    {"\xff": "x"},
		"too large": {"key": strings.Repeat("x", maxSettingsSize+1)},
	} {
		add := server("db09", "ann", "ben")
		add.Target = target(Target{Kind: "ssh", Address: "db09:22", Account: "root", Settings: settings})
		if _, err := Decide(o.state, o.with(System, add), o.now); CodeOf(err) != InvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
}
