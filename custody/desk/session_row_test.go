package desk_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

// What whoever can write to the database can put there, and nothing else: each is
// tried on a desk that is running and after a restart on the same store.

// madeUp gives a token, and the document that a person with its session would have.
func madeUp(person string, at time.Time) (token custody.Secret, document string) {
	token = custody.SecretString("made up by the administrator of the database")
	sum := sha256.Sum256(token.Bytes())
	const layout = "2006-01-02T15:04:05.000000000Z"
	return token, fmt.Sprintf(`{"person":%q,"open":[{"token":%q,"opened":%q,"until":%q}]}`, person, hex.EncodeToString(sum[:]),
		at.UTC().Format(layout), at.UTC().Add(12*time.Hour).Format(layout))
}

// TestASessionMadeUpInTheDatabaseOpensNothing: not on a running server, whatever it
// takes in from others afterwards; a comparison with the ledger names it, and a
// server that starts with it decides nothing.
func TestASessionMadeUpInTheDatabaseOpensNothing(t *testing.T) {
	o := newOffice(t)
	genuine, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	token, document := madeUp("admin", o.Clock.Now())
	o.administrator(func(db *sql.DB) { o.sql(db, "UPDATE sessions SET doc = ? WHERE key = 'admin'", document) })
	opensNothing := func(when string) {
		t.Helper()
		if who, err := o.Desk.Who(t.Context(), token); custody.CodeOf(err) != custody.Unauthenticated {
			t.Errorf("%s: it opens %q, %v", when, who.Username, err)
		}
		if err := o.Desk.SignOut(t.Context(), token, unique("r")); custody.CodeOf(err) != custody.Unauthenticated {
			t.Errorf("%s: a log-out of it: %v", when, err)
		}
	}
	opensNothing("running")
	if err := o.Writes(o.Desk); err != nil {
		t.Fatal(err)
	}
	opensNothing("after an entry of its own")

	var found *store.Difference
	if err := o.Store.Diff(t.Context()); !errors.As(err, &found) || found.Table != "sessions" {
		t.Errorf("compared with the ledger: %v", err)
	}
	o.restart()
	o.wantSuspect("restarted", genuine.Token)
	opensNothing("restarted")
	o.restart()
	opensNothing("restarted twice")
}

// TestASessionInTheDatabaseOfSomebodyWhoCannotConfirm makes the ledger suspect at a start.
func TestASessionInTheDatabaseOfSomebodyWhoCannotConfirm(t *testing.T) {
	o := newOffice(t)
	if _, err := o.Desk.ResetOnHost(t.Context(), "tech-a", unique("reset")); err != nil {
		t.Fatal(err)
	}
	_, document := madeUp("tech-a", o.Clock.Now())
	o.administrator(func(db *sql.DB) { o.sql(db, "UPDATE sessions SET doc = ? WHERE key = 'tech-a'", document) })
	o.restart()
	if err := o.Writes(o.Desk); !errors.Is(err, desk.ErrLedgerSuspect) {
		t.Errorf("after a restart: %v", err)
	}
}

// TestASessionOutlivesARestartAndEndsEverywhere: what a log-in opened is open in
// every process and after a restart, and what a log-out or a reset in one of them
// ended is ended in the others at once.
func TestASessionOutlivesARestartAndEndsEverywhere(t *testing.T) {
	o := newOffice(t)
	first, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	o.restart()
	here, there := o.Desk, o.Open()
	second, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	third, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	open := func(d *desk.Desk, token custody.Secret, want bool) {
		t.Helper()
		who, err := d.Who(t.Context(), token)
		if want && (err != nil || who.Username != "tech-a") || !want && custody.CodeOf(err) != custody.Unauthenticated {
			t.Errorf("open: %q, %v, want %t", who.Username, err, want)
		}
	}
	for _, d := range []*desk.Desk{here, there} {
		open(d, first.Token, true)
		open(d, second.Token, true)
	}
	if err := there.SignOut(t.Context(), second.Token, unique("r")); err != nil {
		t.Fatal(err)
	}
	open(here, second.Token, false)
	open(here, first.Token, true)
	if _, err := there.ResetOnHost(t.Context(), "tech-a", unique("r")); err != nil {
		t.Fatal(err)
	}
	open(here, first.Token, false)
	open(here, third.Token, false)
	o.restart()
	open(o.Desk, third.Token, false)
}

// TestASessionMadeUpWhileTheSecretStoreIsAwayAtAStart opens nothing, neither then nor
// afterwards; who was logged in is again as soon as the store is back, without a command.
func TestASessionMadeUpWhileTheSecretStoreIsAwayAtAStart(t *testing.T) {
	for name, madeUpRow := range map[string]bool{"a row that was made up": true, "as it was left": false} {
		o := newOffice(t)
		genuine, err := o.SignIn("tech-a")
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		token, document := madeUp("admin", o.Clock.Now())
		if madeUpRow {
			o.administrator(func(db *sql.DB) { o.sql(db, "UPDATE sessions SET doc = ? WHERE key = 'admin'", document) })
		}
		unseal := o.seal()
		o.Desk = o.Open()
		for _, session := range []custody.Secret{token, genuine.Token} {
			if who, err := o.Desk.Who(t.Context(), session); !errors.Is(err, desk.ErrNotKnownYet) || !errors.Is(err, desk.ErrSecretsUnavailable) || who.Username != "" {
				t.Errorf("%s, while it is away: %q, %v", name, who.Username, err)
			}
			if err := o.Desk.SignOut(t.Context(), session, unique("r")); !errors.Is(err, desk.ErrNotKnownYet) {
				t.Errorf("%s, a log-out while it is away: %v", name, err)
			}
		}
		unseal()
		o.waitFor("the log-in to be known again", func() bool {
			who, err := o.Desk.Who(t.Context(), genuine.Token)
			return err == nil && who.Username == "tech-a"
		})
		if who, err := o.Desk.Who(t.Context(), token); custody.CodeOf(err) != custody.Unauthenticated {
			t.Errorf("%s, when it is back: %q, %v", name, who.Username, err)
		}
		if madeUpRow {
			o.wantSuspect("when it is back", genuine.Token)
		} else {
			o.wantGood("when it is back")
		}
		// A store that goes away later takes nobody's reading away.
		unseal = o.seal()
		if who, err := o.Desk.Who(t.Context(), genuine.Token); err != nil || who.Username != "tech-a" {
			t.Errorf("%s, away once more: %q, %v", name, who.Username, err)
		}
		unseal()
	}
}

// TestASessionMadeUpForAnotherSecretStore: the store that comes back is another one's.
func TestASessionMadeUpForAnotherSecretStore(t *testing.T) {
	o, elsewhere := newOffice(t), newOffice(t)
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	token, document := madeUp("admin", o.Clock.Now())
	o.administrator(func(db *sql.DB) { o.sql(db, "UPDATE sessions SET doc = ? WHERE key = 'admin'", document) })
	_ = o.seal()
	o.Desk = o.Open()
	o.Secrets.Replace(func(desk.Secrets) desk.Secrets { return elsewhere.Secrets })
	o.waitFor("it to be seen", func() bool {
		_, err := o.Desk.Who(t.Context(), token)
		return !errors.Is(err, desk.ErrNotKnownYet)
	})
	if who, err := o.Desk.Who(t.Context(), token); !errors.Is(err, desk.ErrOtherSecrets) {
		t.Errorf("%q, %v", who.Username, err)
	}
}
