package desk_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/mattn/go-sqlite3"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// What an administrator of the database can do to an office, under a running desk
// and while none runs. A desk that has seen it decides, signs and reveals nothing,
// and neither does the one that is started next; what is there can be read.

// administrator changes the database past Tandem, without its triggers.
func (o *office) administrator(do func(db *sql.DB)) {
	o.T.Helper()
	o.Administrator(do)
}

// sql carries out a statement, with a ? for each argument.
func (o *office) sql(db *sql.DB, statement string, args ...any) {
	o.T.Helper()
	o.SQL(db, statement, args...)
}

// restart ends the desk in order and starts another.
func (o *office) restart() {
	o.T.Helper()
	o.Restart()
}

// reopen is restart with another file at the path of the database.
func (o *office) reopen(file []byte) {
	o.T.Helper()
	o.Reopen(file)
}

// copied gives a copy of the database as it is.
func (o *office) copied() []byte {
	o.T.Helper()
	return o.Copied()
}

// wantSuspect demands that the desk does nothing any more, and can be read.
func (o *office) wantSuspect(when string, session custody.Secret) {
	o.T.Helper()
	before := o.Size()
	o.Secrets.Listen(func(path string) {
		if strings.HasPrefix(path, "credentials/") {
			o.T.Errorf("%s: %s was read", when, path)
		}
	})
	defer o.Secrets.Listen(nil)
	if got, err := o.CheckOut("tech-a", "db01"); !errors.Is(err, desk.ErrLedgerSuspect) || !got.Password.IsZero() {
		o.T.Errorf("%s: a check-out: %v", when, err)
	}
	if _, err := o.Desk.Do(o.T.Context(), desk.By{Actor: "tech-b", Request: unique("r")}, custody.ComeBack{}); !errors.Is(err, desk.ErrLedgerSuspect) {
		o.T.Errorf("%s: a command without a code: %v", when, err)
	}
	if _, err := o.SignIn("tech-b"); !errors.Is(err, desk.ErrLedgerSuspect) {
		o.T.Errorf("%s: a log-in: %v", when, err)
	}
	if _, err := o.Desk.Checkpoint(o.T.Context()); !errors.Is(err, desk.ErrLedgerSuspect) {
		o.T.Errorf("%s: a checkpoint: %v", when, err)
	}
	var not *desk.NotReady
	if err := o.Desk.Ready(o.T.Context()); !errors.As(err, &not) || len(not.Causes) != 1 || not.Causes[0].Code != "ledger_suspect" {
		o.T.Errorf("%s: ready: %v", when, err)
	}
	if who, err := o.Desk.Who(o.T.Context(), session); err != nil || who.Username != "tech-a" {
		o.T.Errorf("%s: reading as %q: %v", when, who.Username, err)
	}
	if _, err := o.Store.Entries(o.T.Context(), desk.EntryQuery{Limit: 3}); err != nil {
		o.T.Errorf("%s: reading the ledger: %v", when, err)
	}
	if after := o.Size(); after != before {
		o.T.Errorf("%s: %d entries became %d", when, before, after)
	}
}

// wantGood demands that the desk works as before.
func (o *office) wantGood(when string) {
	o.T.Helper()
	if err := o.Desk.Ready(o.T.Context()); err != nil {
		o.T.Errorf("%s: %v", when, err)
	}
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		o.T.Errorf("%s: %v", when, err)
	}
}

// awayAgain is an entry that a command leads to.
func (o *office) awayAgain() custody.Event {
	action := custody.CheckIn{Credential: "db01"}
	return custody.Event{
		Time: o.Clock.Now(), Actor: "tech-a", Request: "forged",
		Cause: &custody.Cause{Action: action}, Fact: custody.CheckoutEnded{Credential: "db01", Lease: o.Credential("db01").Lease.ID, How: "checkin"},
	}
}

// TestWhatIsAppendedPastTandemIsNotTakenIn: an entry without a tree, with a whole
// tree and no seal, under a seal that was made up, under that of another
// installation or of another batch. It is one that a command could have led to, so
// that nothing but the seal tells it.
func TestWhatIsAppendedPastTandemIsNotTakenIn(t *testing.T) {
	desktest.OnBoth(t, whatIsAppendedPastTandemIsNotTakenIn)
}

func whatIsAppendedPastTandemIsNotTakenIn(t *testing.T, on desktest.Engine) {
	elsewhere := newOfficeOn(t, on)
	for name, append := range map[string]func(o *office){
		"without a tree": func(o *office) {
			o.administrator(func(db *sql.DB) {
				o.sql(db, "INSERT INTO ledger_entries (idx, record) SELECT idx + 1, record FROM ledger_entries ORDER BY idx DESC LIMIT 1")
			})
		},
		"with a tree, and no seal": func(o *office) {
			o.forgeUnder(o.awayAgain(), func(audit.Batch) string { return "" })
			o.administrator(func(db *sql.DB) {
				o.sql(db, "DELETE FROM ledger_seals WHERE size = (SELECT max(size) FROM ledger_seals)")
			})
		},
		"under a seal that was made up": func(o *office) {
			o.forgeUnder(o.awayAgain(), func(audit.Batch) string { return "00000000." + strings.Repeat("0", 64) })
		},
		"under a good seal, with another root at the head": func(o *office) {
			o.forgeUnder(o.awayAgain(), o.sealOf)
			o.administrator(func(db *sql.DB) { o.sql(db, "UPDATE ledger_head SET root = ?", make([]byte, 32)) })
		},
		"under no text at all": func(o *office) {
			o.forgeUnder(o.awayAgain(), func(audit.Batch) string { return "" })
		},
		"under another installation's seal": func(o *office) {
			o.forgeUnder(o.awayAgain(), func(b audit.Batch) string { return elsewhere.sealOf(b) })
		},
		"under the seal of another batch": func(o *office) {
			o.forgeUnder(o.awayAgain(), func(b audit.Batch) string { b.Root[0] ^= 1; return o.sealOf(b) })
		},
		"under one seal with the batch before": func(o *office) {
			o.forgeUnder(o.awayAgain(), o.sealOf)
			o.administrator(func(db *sql.DB) {
				o.sql(db, "DELETE FROM ledger_seals WHERE size = (SELECT max(size) - 1 FROM ledger_seals)")
				o.sql(db, "UPDATE ledger_seals SET from_size = (SELECT max(size) FROM ledger_seals WHERE size < (SELECT max(size) FROM ledger_seals)) WHERE size = (SELECT max(size) FROM ledger_seals)")
			})
		},
	} {
		for _, running := range []bool{true, false} {
			when := name + map[bool]string{true: ", under a running desk", false: ", while none runs"}[running]
			o := newOfficeOn(t, on)
			session, err := o.SignIn("tech-a")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.CheckOut("tech-a", "db01"); err != nil {
				t.Fatal(err)
			}
			if !running {
				if err := o.Desk.Close(); err != nil {
					t.Fatal(err)
				}
			}
			append(o)
			if running {
				o.wantSuspect(when, session.Token)
			}
			o.restart()
			o.wantSuspect(when+", restarted", session.Token)
			o.restart()
			o.wantSuspect(when+", restarted twice", session.Token)
		}
	}
}

func (o *office) sealOf(b audit.Batch) string {
	o.T.Helper()
	mark, err := o.Desk.Seal(o.T.Context(), b)
	if err != nil {
		o.T.Fatal(err)
	}
	return mark
}

// TestABatchUnderAGoodSealIsTakenIn: the entry of the test above, sealed with the
// key that only the secret store has, is another process's.
func TestABatchUnderAGoodSealIsTakenIn(t *testing.T) {
	desktest.OnBoth(t, aBatchUnderAGoodSealIsTakenIn)
}

func aBatchUnderAGoodSealIsTakenIn(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	o.forgeUnder(o.awayAgain(), o.sealOf)
	o.wantGood("at once")
	o.restart()
	o.wantGood("restarted")
}

// TestARowThatWasChangedIsFoundAtTheNextStart: while it runs, a desk goes by what
// it knows, and a start finds the row, after an orderly end and after a crash.
func TestARowThatWasChangedIsFoundAtTheNextStart(t *testing.T) {
	for name, statement := range map[string]string{
		"holder":            "UPDATE credentials SET doc = json_set(doc, '$.holder', 'tech-b') WHERE key = 'db01'",
		"address":           `UPDATE credentials SET doc = json_set(doc, '$.target.address', '` + desk.NewNote("evil.example:22").Commitment() + `') WHERE key = 'db01'`,
		"custodian":         "UPDATE credentials SET doc = json_set(doc, '$.backup', 'admin') WHERE key = 'db01'",
		"known to":          `UPDATE credentials SET doc = json_set(doc, '$.exposure', json('["admin"]')) WHERE key = 'db01'`,
		"another e-mail":    "UPDATE people SET doc = json_set(doc, '$.email', '" + strings.Repeat("A", 43) + "') WHERE key = 'tech-a'",
		"no e-mail":         "UPDATE people SET doc = json_set(doc, '$.email', 'x@evil.example') WHERE key = 'tech-b'",
		"a role":            `UPDATE people SET doc = json_set(doc, '$.roles', json('["admin","technician"]')) WHERE key = 'tech-b'`,
		"enrolment":         "UPDATE people SET doc = json_set(doc, '$.enrolment', (doc ->> '$.enrolment') + 1) WHERE key = 'tech-b'",
		"last step":         "UPDATE people SET doc = json_remove(doc, '$.last_step') WHERE key = 'tech-b'",
		"lock-out":          "UPDATE people SET doc = json_set(doc, '$.wrong_codes', 3) WHERE key = 'tech-b'",
		"disabled":          "UPDATE people SET doc = json_set(doc, '$.disabled', json('true')) WHERE key = 'admin'",
		"somebody new":      "INSERT INTO people (key, doc) SELECT 'eve', json_set(doc, '$.username', 'eve') FROM people WHERE key = 'admin'",
		"policy":            `UPDATE documents SET doc = replace(doc, '"totp_skew":1', '"totp_skew":9') WHERE key = 'policy'`,
		"number of leases":  "UPDATE ledger_head SET leases = leases + 1",
		"a state forbidden": "UPDATE credentials SET doc = json_set(doc, '$.holder', 'admin') WHERE key = 'db01'",
	} {
		for _, crashed := range []bool{false, true} {
			if crashed && !slices.Contains([]string{"holder", "address", "enrolment", "policy"}, name) {
				continue // the same way as these
			}
			when := name + map[bool]string{false: " after an orderly end", true: " after a crash"}[crashed]
			o := newOffice(t)
			session, err := o.SignIn("tech-a")
			if err != nil {
				t.Fatal(err)
			}
			o.restart() // anchored here
			if crashed {
				o.Enters() // the ledger is ahead of its anchor
				o.Secrets.HoldAnchor(true)
			}
			if err := o.Desk.Close(); err != nil {
				t.Fatal(err)
			}
			o.Secrets.HoldAnchor(false)
			before := o.copied()
			o.administrator(func(db *sql.DB) {
				done, err := db.Exec(statement)
				if err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
				if n, _ := done.RowsAffected(); n != 1 {
					t.Fatalf("%s: %d rows", statement, n)
				}
			})
			o.Desk = o.Open()
			o.wantSuspect(when, session.Token)
			o.reopen(before)
			o.wantGood(when + ", with the right tables again")
		}
	}
}

// TestAnOlderFileIsKnownAtTheStart: yesterday's file, while no desk runs and in
// the place of a running one's, and it is not forgotten at the next start either.
func TestAnOlderFileIsKnownAtTheStart(t *testing.T) {
	o := newOffice(t)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	yesterday := o.copied()
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	today := o.copied()
	o.reopen(yesterday)
	o.wantSuspect("yesterday's file", session.Token)
	o.restart()
	o.wantSuspect("yesterday's file, again", session.Token)
	o.reopen(today)
	o.wantGood("today's file")
}

// TestARollBackUnderARunningDeskIsNotForgotten: also where it was not anchored for
// a while before, and ends at once.
func TestARollBackUnderARunningDeskIsNotForgotten(t *testing.T) {
	o := newOffice(t)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	o.restart()
	yesterday := filepath.Join(t.TempDir(), "old.db")
	if err := os.WriteFile(yesterday, o.copied(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	o.administrator(func(db *sql.DB) {
		o.sql(db, "ATTACH ? AS old", yesterday)
		for _, table := range []string{"ledger_entries", "ledger_nodes", "ledger_seals", "ledger_head", "people", "credentials", "handovers"} {
			o.sql(db, "DELETE FROM main."+table)
			columns := map[string]string{ // others are computed
				"ledger_entries": "idx, record", "people": "key, doc", "credentials": "key, doc", "handovers": "key, doc",
			}[table]
			into := " (" + columns + ")"
			if columns == "" {
				columns, into = "*", ""
			}
			o.sql(db, "INSERT INTO main."+table+into+" SELECT "+columns+" FROM old."+table)
		}
	})
	o.wantSuspect("rolled back", session.Token)
	// The anchor is moved at that very moment, not when it ends in order.
	o.waitFor("the anchor to be moved", func() bool { return o.anchored() > o.Size() })
	o.restart()
	o.wantSuspect("restarted", session.Token)
}

func (o *office) waitFor(what string, done func() bool) {
	o.T.Helper()
	for limit := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			o.T.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestAStartWhileTheSecretStoreIsAwayLooksLater: until then nothing is decided, and
// then it finds what there is to find.
func TestAStartWhileTheSecretStoreIsAwayLooksLater(t *testing.T) {
	o := newOffice(t)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.administrator(func(db *sql.DB) {
		o.sql(db, `UPDATE people SET doc = json_set(doc, '$.roles', json('["admin"]')) WHERE key = 'tech-b'`)
	})
	unseal := o.seal()
	o.Desk = o.Open()
	if _, err := o.SignIn("tech-b"); !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("while it is away: %v", err)
	}
	unseal()
	o.wantSuspect("when it is back", session.Token)
}

// TestAnEmptyInstallationAwaitsItsSecretStore: nothing can be sealed before, not
// even the first policy.
func TestAnEmptyInstallationAwaitsItsSecretStore(t *testing.T) {
	o := emptyOffice(t)
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	fresh := emptyOffice(t, func(c *desk.Config) { c.Secrets = sealed{c.Secrets} })
	if n := fresh.Size(); n != 0 {
		t.Errorf("%d entries without a key", n)
	}
	if err := fresh.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	fresh.Config.Secrets = fresh.Secrets
	fresh.Desk = fresh.Open()
	if types := fresh.Types(0); !slices.Equal(types, []string{"policy.adopted"}) {
		t.Errorf("entries %v", types)
	}
	fresh.Hire("admin", custody.Admin)
}
