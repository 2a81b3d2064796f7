package desk_test

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// plan looks what could be recovered while no desk runs.
func (o *office) plan() *desk.Recovery {
	o.T.Helper()
	if err := o.Desk.Close(); err != nil {
		o.T.Fatal(err)
	}
	plan, err := desk.PlanRecovery(o.T.Context(), o.Config, o.Store)
	if err != nil {
		o.T.Fatal(err)
	}
	return plan
}

// TestTwoPeopleRecoverALedger: from a roll-back, from a tail that nobody sealed, and
// from rows that somebody wrote in. Nothing else moves the anchor back.
func TestTwoPeopleRecoverALedger(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(o *office, yesterday []byte)
		lost  int64
		why   string
	}{
		"rolled back": {func(o *office, yesterday []byte) { o.reopen(yesterday) }, 1, ""},
		"a tail that was not sealed": {func(o *office, _ []byte) {
			o.forgeUnder(o.awayAgain(), func(audit.Batch) string { return "made up" })
		}, 1, "not sealed"},
		"an entry that no head counts": {func(o *office, _ []byte) {
			o.administrator(func(db *sql.DB) {
				o.sql(db, "INSERT INTO ledger_entries (idx, record) SELECT idx + 1, record FROM ledger_entries ORDER BY idx DESC LIMIT 1")
			})
		}, 1, "do not fit together"},
		"a row": {func(o *office, _ []byte) {
			o.administrator(func(db *sql.DB) {
				o.sql(db, "UPDATE credentials SET doc = json_set(doc, '$.holder', 'tech-b') WHERE key = 'db01'")
			})
		}, 0, ""},
		"a node": {func(o *office, _ []byte) {
			o.administrator(func(db *sql.DB) {
				o.sql(db, "UPDATE ledger_nodes SET hash = ? WHERE id = (SELECT max(id) FROM ledger_nodes)", make([]byte, 32))
			})
		}, 0, ""},
	} {
		o := newOffice(t)
		o.Hire("manager", custody.Manager)
		session, err := o.SignIn("tech-a")
		if err != nil {
			t.Fatal(err)
		}
		yesterday := o.copied()
		if _, err := o.CheckOut("tech-a", "db01"); err != nil {
			t.Fatal(err)
		}
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		size := o.Size()
		c.spoil(o, yesterday)
		o.Desk = o.Open()
		o.wantSuspect(name, session.Token)

		plan := o.plan()
		if kept := min(size, o.Size()); name == "rolled back" && plan.Kept != kept || name != "rolled back" && plan.Kept != size || plan.Lost() != c.lost || plan.Anchored != size {
			t.Errorf("%s: kept %d of %d, lost %d, anchored %d", name, plan.Kept, size, plan.Lost(), plan.Anchored)
		}
		if c.why == "" && plan.Refused != nil || c.why != "" && (plan.Refused == nil || !strings.Contains(plan.Refused.Error(), c.why)) {
			t.Errorf("%s: refused because %v", name, plan.Refused)
		}
		for who, pair := range map[string][2]string{"two technicians": {"tech-a", "tech-b"}, "one person twice": {"manager", "manager"}} {
			again := o.plan()
			for _, person := range pair {
				if err := again.Confirm(t.Context(), person, o.Code(person)); err != nil {
					t.Fatalf("%s, %s: %v", name, who, err)
				}
			}
			o.Refused(custody.Forbidden, again.CarryOut(t.Context(), "drill", "recover"))
		}
		o.Refused(custody.Forbidden, o.plan().Confirm(t.Context(), "manager", "000000"))
		o.Refused(custody.Forbidden, o.plan().Confirm(t.Context(), "eve", "000000"))
		alone := o.plan()
		if err := alone.Confirm(t.Context(), "manager", o.Code("manager")); err != nil {
			t.Fatal(err)
		}
		o.Refused(custody.Forbidden, alone.CarryOut(t.Context(), "drill", "recover"))
		o.Desk = o.Open()
		o.wantSuspect(name+", after what was refused", session.Token)

		if name == "a row" {
			o.Clock.Add(4 * 24 * time.Hour)
		}
		plan = o.plan()
		for _, person := range []string{"tech-b", "manager"} {
			if err := plan.Confirm(t.Context(), person, o.Code(person)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := plan.CarryOut(t.Context(), "drill", "recover"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		o.Desk = o.Open()
		want := []string{"ledger.recovered", "rotation.started"}
		if name == "a row" {
			want = []string{"checkout.ended", "ledger.recovered", "rotation.started"} // what time did meanwhile
		}
		if types := o.Types(plan.Kept); !slices.Equal(types, want) {
			t.Errorf("%s: entries %v", name, types)
		}
		if o.anchored() != o.Size() {
			t.Errorf("%s: anchored at %d of %d", name, o.anchored(), o.Size())
		}
		if _, err := o.Desk.Who(t.Context(), session.Token); custody.CodeOf(err) != custody.Unauthenticated {
			t.Errorf("%s: a log-in of before: %v", name, err)
		}
		if _, err := o.Store.Verify(t.Context(), audit.VerifyOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c := o.Credential("db01"); c.Rotation.Reason != custody.ForRecovery || c.Rotation.Successor != "tech-a" || !c.Drifted.IsZero() {
			t.Errorf("%s: the password is not changed: %+v", name, c)
		}
		o.Rotate("db01")
		// The code that confirmed it confirms nothing else.
		_, err = o.Desk.Do(t.Context(), desk.By{Actor: "manager", Request: unique("r"), Code: o.CodeNow("manager")}, custody.RequestRotation{All: true, Reason: desk.NewNote("again")})
		o.Refused(custody.TOTPReplayed, err)
		o.wantGood(name + ", recovered")
		o.restart()
		o.wantGood(name + ", restarted")
		if err := o.Store.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := o.Do("manager", custody.RequestRotation{All: true, Reason: desk.NewNote("after a recovery")}); err != nil {
			t.Errorf("%s: everything is changed: %v", name, err)
		}
	}
}

// TestAPasswordThatWasChangedSinceIsMarkedAndChanged: the older file does not know of
// it, and what the target takes is the one that the ledger does not speak of.
func TestAPasswordThatWasChangedSinceIsMarkedAndChanged(t *testing.T) {
	o := newOffice(t)
	o.Hire("manager", custody.Manager)
	if err := add(o.Desk, custody.System, "web01", custody.Secret{}, custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	o.Onboard("old01")
	o.Must("admin", custody.Retire{Credential: "old01"})
	yesterday := o.copied()
	o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("worn")})
	o.Rotate("db01")
	o.replace(desk.CredentialPath("old01"), custody.SecretString("of nobody's any more"))
	o.reopen(yesterday)
	plan := o.plan()
	if !slices.Equal(plan.Ahead, []string{"db01"}) {
		t.Errorf("ahead: %q", plan.Ahead)
	}
	for _, person := range []string{"tech-b", "manager"} {
		if err := plan.Confirm(t.Context(), person, o.Code(person)); err != nil {
			t.Fatal(err)
		}
	}
	if err := plan.CarryOut(t.Context(), "drill", "recover"); err != nil {
		t.Fatal(err)
	}
	o.Desk = o.Open()
	if c := o.Credential("db01"); c.Phase != custody.Rotating || c.Rotation.Reason != custody.ForRecovery || c.Drifted.IsZero() {
		t.Errorf("%+v", c)
	}
	o.Rotate("db01")
	if c := o.Credential("db01"); c.Phase != custody.Held || c.Holder != "tech-a" || !c.Drifted.IsZero() || c.Version != 4 {
		t.Errorf("changed: %+v", c)
	}
	got, err := o.CheckOut("tech-a", "db01")
	if want := o.Password("db01", o.Credential("db01").Rotation.Number); err != nil || got.Password.Reveal() != want.Reveal() {
		t.Errorf("the password that is shown is %q, %v", got.Password.Reveal(), err)
	}
}

// TestAGoodLedgerIsNotCutBack: there is nothing to lose, and it can be entered.
func TestAGoodLedgerIsNotCutBack(t *testing.T) {
	o := newOffice(t)
	plan := o.plan()
	if plan.Kept != o.Size() || plan.Lost() != 0 || plan.Refused != nil {
		t.Errorf("kept %d of %d, lost %d, %v", plan.Kept, o.Size(), plan.Lost(), plan.Refused)
	}
	if err := o.Secrets.Delete(t.Context(), desk.AnchorPath); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.PlanRecovery(t.Context(), o.Config, o.Store); !errors.Is(err, desk.ErrSecretsLost) {
		t.Errorf("without an anchor: %v", err)
	}
}
