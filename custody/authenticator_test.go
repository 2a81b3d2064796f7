package custody

import (
	"testing"
	"time"
)

// Until the other authenticator is proved the present one counts; from then on only the
// other does, and the person is logged in only where they did it.
func TestSomebodyTakesAnotherAuthenticator(t *testing.T) {
	o := newOffice(t)
	here, there, bens := o.logsIn("ann"), o.logsIn("ann"), o.logsIn("ben")
	before := o.person("ann")
	if _, err := o.do("ann", ProveAuthenticator{here, before.Account + 1}); CodeOf(err) != Conflict {
		t.Errorf("proved one that nobody was shown: %v", err)
	}
	if _, err := o.do("ann", ReplaceAuthenticator{before.Account}); CodeOf(err) != InvalidRequest {
		t.Errorf("in the place of what counts: %v", err)
	}
	if err := o.triesWrongCode("ann", ReplaceAuthenticator{before.Account + 1}); err != nil {
		t.Error(err)
	}
	o.does("ann", ReplaceAuthenticator{before.Account + 1})
	shown := o.person("ann")
	if shown.Number != before.Number || !shown.Enrolled || shown.Account != before.Account+1 || !shown.NextUntil.Equal(o.now.Add(15*time.Minute)) || o.signedIn(there) != "ann" {
		t.Errorf("shown, and already %+v", shown.Enrolment)
	}
	o.does("ann", SignOut{o.logsIn("ann")}) // with a code of the present one

	prove := func(account int64, session string) Command {
		return o.with("ann", ProveAuthenticator{session, account})
	}
	old := prove(shown.Account+1, here)
	old.Proof.Enrolment = shown.Number
	if _, err := o.run(old); CodeOf(err) != Unauthenticated {
		t.Errorf("proved by a code of the present one: %v", err)
	}
	for name, c := range map[string]struct {
		command Command
		want    Code
	}{
		"without its secrets":             {prove(shown.Account, here), InvalidRequest},
		"and another's session stays":     {prove(shown.Account+1, bens), InvalidRequest},
		"and one that there is not stays": {prove(shown.Account+1, sessionNumber(999)), InvalidRequest},
	} {
		if _, err := o.run(c.command); CodeOf(err) != c.want {
			t.Errorf("proved %s: %v", name, err)
		}
	}
	wrong := prove(shown.Account+1, here)
	wrong.Proof.Steps = nil
	if _, err := o.run(wrong); CodeOf(err) != TOTPInvalid || o.person("ann").WrongCodes != 1 {
		t.Errorf("a wrong code of the next one: %v, %+v", err, o.person("ann").Enrolment)
	}
	used := prove(shown.Account+1, here)
	used.Proof.Steps = []int64{o.person("ann").LastStep}
	if _, err := o.run(used); CodeOf(err) != TOTPReplayed {
		t.Errorf("in the step of the last code: %v", err)
	}

	if _, err := o.run(prove(shown.Account+1, here)); err != nil {
		t.Fatal(err)
	}
	if p := o.person("ann"); p.Number != before.Number+1 || !p.Enrolled || p.Account != shown.Account+1 || !p.NextUntil.IsZero() || p.WrongCodes != 0 {
		t.Errorf("proved: %+v", p.Enrolment)
	}
	if o.signedIn(here) != "ann" || o.signedIn(there) != "" || o.signedIn(bens) != "ben" {
		t.Error("ended too little, or too much")
	}
	if _, s, was := o.state.EndedSession(there, o.now); !was || s.Why != EndedByAuthenticator {
		t.Errorf("%+v, %t", s, was)
	}
	late := o.with("ann", SignIn{})
	late.Proof.Enrolment = before.Number
	if _, err := o.run(late); CodeOf(err) != Unauthenticated {
		t.Errorf("a code of the one before: %v", err)
	}
	o.does("ann", SignIn{})
	if _, err := o.run(prove(shown.Account+2, "")); CodeOf(err) != Conflict {
		t.Errorf("proved twice: %v", err)
	}
}

// It waits for a quarter of an hour, and not beyond a log-in that is set up anew.
func TestAnotherAuthenticatorDoesNotWaitForLong(t *testing.T) {
	for name, over := range map[string]func(*office){
		"a quarter of an hour": func(o *office) { o.now = o.now.Add(15 * time.Minute) },
		"a recovery": func(o *office) {
			o.does(System, RecoverEnrolment{Person: "ann", Enrolment: 1, Account: o.person("ann").Account + 1})
			o.does("ann", SignIn{})
		},
	} {
		o := newOffice(t)
		o.does("ann", ReplaceAuthenticator{o.person("ann").Account + 1})
		over(o)
		if _, err := o.do("ann", ProveAuthenticator{"", o.person("ann").Account + 1}); CodeOf(err) != Conflict {
			t.Errorf("after %s: %v", name, err)
		}
	}
}

// What nobody can have done by it.
func TestAuthenticatorsThatNobodyTook(t *testing.T) {
	o := newOffice(t)
	mine, bens := o.logsIn("ann"), o.logsIn("ben")
	account := o.person("ann").Account
	believed := func(name string, f Fact) {
		t.Helper()
		if err := CheckEvent(o.state, o.forge("ann", f)); err == nil {
			t.Errorf("%s: believed", name)
		}
	}
	until := o.now.Add(15 * time.Minute)
	believed("shown with what counts", AuthenticatorShown{"ann", account, until})
	believed("shown for longer", AuthenticatorShown{"ann", account + 1, until.Add(time.Millisecond)})
	believed("shown to somebody else", AuthenticatorShown{"ben", account + 1, until})
	believed("proved, and never shown", AuthenticatorReplaced{"ann", account + 1, mine})
	o.does("ann", ReplaceAuthenticator{account + 1})
	believed("proved with what counts", AuthenticatorReplaced{"ann", account + 1, mine})
	believed("proved, and another's session kept", AuthenticatorReplaced{"ann", account + 2, bens})
	believed("proved by somebody else", AuthenticatorReplaced{"ben", account + 2, ""})
	if err := CheckEvent(o.state, o.forge("ann", AuthenticatorReplaced{"ann", account + 2, mine})); err != nil {
		t.Errorf("the right one: %v", err)
	}
	bare := o.forge("ann", AuthenticatorReplaced{"ann", account + 2, mine})
	bare.Confirm = nil
	if err := CheckEvent(o.state, bare); err == nil {
		t.Error("proved without a code: believed")
	}
	late := o.forge("ann", AuthenticatorReplaced{"ann", account + 2, mine})
	late.Time = until
	if err := CheckEvent(o.state, late); err == nil {
		t.Error("proved too late: believed")
	}
}
