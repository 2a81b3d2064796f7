package desk_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// minutes has time pass.
func (o *office) minutes(n time.Duration) { o.Clock.Add(n * time.Minute) }

// uses looks who a session is of, and has them use it.
func (o *office) uses(d *desk.Desk, token custody.Secret) error {
	if _, err := d.Who(o.T.Context(), token); err != nil {
		return err
	}
	d.Use(o.T.Context(), token)
	return nil
}

// wantEnded wants to be told that a session lay too long.
func (o *office) wantEnded(when string, d *desk.Desk, token custody.Secret, at time.Time) {
	o.T.Helper()
	_, err := d.Who(o.T.Context(), token)
	refused, is := errors.AsType[*custody.Refusal](err)
	if !is || refused.Code != custody.Unauthenticated || refused.Key != "session_ended" {
		o.T.Fatalf("%s: %v", when, err)
	}
	if ended := refused.Args["at"].(time.Time); refused.Args["why"].(custody.Term).Code != string(custody.EndedIdle) || ended.Sub(at).Abs() > time.Minute {
		o.T.Errorf("%s: %v, want idle at %v", when, refused.Args, at)
	}
}

func (o *office) in(username string) custody.Secret {
	o.T.Helper()
	signed, err := o.SignIn(username)
	if err != nil {
		o.T.Fatal(err)
	}
	return signed.Token
}

// TestALogInThatNobodyUsesEnds, on record and for good; one that is used goes on, also
// across a restart; and looking at a page by itself is no use.
func TestALogInThatNobodyUsesEnds(t *testing.T) {
	o := newOffice(t)
	used, lies := o.in("tech-a"), o.in("tech-b")
	opened := o.Clock.Now()
	for range 3 { // 30 minutes
		o.minutes(10)
		if err := o.uses(o.Desk, used); err != nil {
			t.Fatal(err)
		}
		o.restart()
	}
	before := o.Size()
	o.wantEnded("never used", o.Desk, lies, opened.Add(15*time.Minute))
	if types := o.Types(before); len(types) != 1 || types[0] != "session.idled" {
		t.Errorf("entered: %v", types)
	}
	o.Desk.Use(t.Context(), lies) // whoever tries to, late
	o.wantEnded("asked again", o.Desk, lies, o.Clock.Now())
	o.restart()
	o.wantEnded("restarted", o.Desk, lies, o.Clock.Now())
	if size := o.Size(); size != before+1 {
		t.Errorf("entered %d times", size-before)
	}
	o.minutes(14)
	for range 3 {
		if _, err := o.Desk.Who(t.Context(), used); err != nil { // a page that refreshes itself
			t.Fatal(err)
		}
	}
	o.minutes(1)
	o.wantEnded("only looked at", o.Desk, used, o.Clock.Now())
}

// TestALogInIsInUseWhereverItIsUsed: what one process saw, another knows, to the minute;
// and in between nothing is written.
func TestALogInIsInUseWhereverItIsUsed(t *testing.T) {
	o := newOffice(t)
	token := o.in("tech-a")
	there := o.Open()
	o.minutes(10)
	if err := o.uses(o.Desk, token); err != nil {
		t.Fatal(err)
	}
	row := func() (at string) {
		o.administrator(func(db *sql.DB) {
			if err := db.QueryRow("SELECT at FROM session_uses").Scan(&at); err != nil {
				t.Fatal(err)
			}
		})
		return at
	}
	first := row()
	o.Clock.Add(59 * time.Second)
	if err := o.uses(o.Desk, token); err != nil {
		t.Fatal(err)
	}
	if again := row(); again != first {
		t.Errorf("written again after 59 s: %s, %s", first, again)
	}
	o.minutes(10)
	if err := o.uses(there, token); err != nil {
		t.Errorf("elsewhere: %v", err)
	}
	open, err := o.Desk.Sessions(t.Context(), "tech-a", token)
	if err != nil || len(open) == 0 || !open[0].Here || o.Clock.Now().Sub(open[0].LastUsed) > 0 {
		t.Errorf("%+v, %v", open, err)
	}
	o.minutes(15)
	o.wantEnded("nowhere for a quarter of an hour", o.Desk, token, o.Clock.Now())
}

// TestNobodyKeepsALogInOpenFromTheDatabase: a row that is lost, made up, moved on, or of
// another log-in lets it end sooner, never later.
func TestNobodyKeepsALogInOpenFromTheDatabase(t *testing.T) {
	for name, statement := range map[string]string{
		"lost":           "DELETE FROM session_uses",
		"moved on":       "UPDATE session_uses SET at = '2026-03-02T23:00:00.000000000Z'",
		"another's":      "UPDATE session_uses SET at = (SELECT max(at) FROM session_uses), mark = (SELECT mark FROM session_uses ORDER BY at DESC LIMIT 1)",
		"without a mark": "UPDATE session_uses SET mark = ''",
		"no instant":     "UPDATE session_uses SET at = 'x'",
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			token, other := o.in("tech-a"), o.in("tech-b")
			opened := o.Clock.Now()
			o.minutes(10)
			if err := o.uses(o.Desk, token); err != nil {
				t.Fatal(err)
			}
			o.minutes(2)
			if err := o.uses(o.Desk, other); err != nil {
				t.Fatal(err)
			}
			o.administrator(func(db *sql.DB) { o.sql(db, statement) })
			o.minutes(10)
			if err := o.uses(o.Desk, token); err != nil { // this process knows better
				t.Errorf("running: %v", err)
			}
			o.minutes(2)
			if err := o.uses(o.Desk, other); err != nil {
				t.Fatal(err)
			}
			o.administrator(func(db *sql.DB) { o.sql(db, statement) })
			o.restart()
			o.wantEnded("restarted", o.Desk, token, opened.Add(15*time.Minute))
		})
	}
}

// TestALogInEndsAlsoWhereNothingCanBeEntered: it stays ended when the clock is put right.
func TestALogInEndsAlsoWhereNothingCanBeEntered(t *testing.T) {
	o := newOffice(t)
	token := o.in("tech-a")
	o.minutes(20)
	unseal := o.seal()
	if _, err := o.Desk.Who(t.Context(), token); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("while nothing can be entered: %v", err)
	}
	unseal()
	if _, err := o.Desk.Who(t.Context(), token); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("afterwards: %v", err)
	}
}
