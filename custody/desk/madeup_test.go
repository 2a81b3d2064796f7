package desk_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAnIdempotencyKeyThatWasMadeUpAnswersNothing: with a row of their own making
// somebody who logs in was shown the password that another had checked out, without
// a code and without an entry.
func TestAnIdempotencyKeyThatWasMadeUpAnswersNothing(t *testing.T) {
	o := newOffice(t)
	digest := [32]byte{1}
	right := desk.By{Actor: "tech-a", Request: unique("r"), Key: "right", Digest: digest, Code: o.Code("tech-a")}
	granted, err := o.Desk.CheckOut(t.Context(), right, custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")})
	if err != nil {
		t.Fatal(err)
	}
	index := granted.Events[0].Index
	row := func(actor string, first int64, count int, mark string) func(*sql.DB) {
		return func(db *sql.DB) {
			o.sql(db, "REPLACE INTO idempotency_keys (actor, key, digest, first, count, at, mark) VALUES (?, 'made-up', ?, ?, ?, '2026-03-02T08:00:00.000000000Z', ?)",
				actor, digest[:], first, count, mark)
		}
	}
	// A mark that is genuine, of another key.
	var genuine string
	o.administrator(func(db *sql.DB) {
		if err := db.QueryRow("SELECT mark FROM idempotency_keys WHERE key = 'right'").Scan(&genuine); err != nil || genuine == "" {
			t.Fatalf("%q, %v", genuine, err)
		}
	})
	o.Secrets.Listen(func(path string) {
		if strings.HasPrefix(path, "credentials/") {
			t.Errorf("%s was read", path)
		}
	})
	before := o.Size()
	try := func(when string) {
		for name, write := range map[string]func(*sql.DB){
			"of another's check-out":          row("tech-b", index, 1, ""),
			"with another row's mark":         row("tech-b", index, 1, genuine),
			"of one's own, with another mark": row("tech-a", index, 1, genuine),
			"of what is not there":            row("tech-b", 1<<40, 1, genuine),
			"of more than there can be":       row("tech-b", 0, 1<<40, genuine),
			"of less than nothing":            row("tech-b", -5, 3, genuine),
			"of no entry":                     row("tech-b", 0, 0, genuine),
		} {
			o.administrator(write)
			for _, actor := range []string{"tech-a", "tech-b"} {
				got, err := o.Desk.CheckOut(t.Context(), desk.By{Actor: actor, Request: unique("r"), Key: "made-up", Digest: digest},
					custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")})
				if err == nil || !got.Password.IsZero() {
					t.Errorf("%s, %s: %s was shown the password, %v", when, name, actor, err)
				}
			}
			o.administrator(func(db *sql.DB) { o.sql(db, "DELETE FROM idempotency_keys WHERE key = 'made-up'") })
		}
	}
	try("running")
	o.restart()
	try("restarted")
	for _, kind := range o.Types(before) {
		if kind != (custody.CommandRefused{}).Type() {
			t.Errorf("a %s came of it", kind)
		}
	}
}

// TestAnIdempotencyKeyWhoseEntryWasRewrittenAnswersNothing: the row is genuine, and
// the entry that it speaks of is not the one that it led to.
func TestAnIdempotencyKeyWhoseEntryWasRewrittenAnswersNothing(t *testing.T) {
	o := newOffice(t)
	by := desk.By{Actor: "tech-b", Request: unique("r"), Key: "key", Digest: [32]byte{2}, Code: o.Code("tech-b")}
	away, err := o.Desk.Do(t.Context(), by, custody.GoAway{})
	if err != nil {
		t.Fatal(err)
	}
	granted, err := o.CheckOut("tech-a", "db01")
	if err != nil {
		t.Fatal(err)
	}
	o.administrator(func(db *sql.DB) {
		o.sql(db, "UPDATE ledger_entries SET record = (SELECT record FROM ledger_entries WHERE idx = ?) WHERE idx = ?",
			granted.Events[0].Index, away.Events[0].Index)
	})
	got, err := o.Desk.CheckOut(t.Context(), desk.By{Actor: "tech-b", Request: unique("r"), Key: "key", Digest: [32]byte{2}},
		custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")})
	if !errors.Is(err, desk.ErrKeyReused) || !got.Password.IsZero() {
		t.Errorf("got %v", err)
	}
}

// TestAnIdempotencyKeyWhoseEntrySaysAnotherNameAnswersNothing: what was written in is as
// long as what was there.
func TestAnIdempotencyKeyWhoseEntrySaysAnotherNameAnswersNothing(t *testing.T) {
	o := newOffice(t)
	by := desk.By{Actor: "tech-b", Request: unique("r"), Key: "key", Digest: [32]byte{2}, Code: o.Code("tech-b")}
	away, err := o.Desk.Do(t.Context(), by, custody.GoAway{})
	if err != nil {
		t.Fatal(err)
	}
	o.administrator(func(db *sql.DB) {
		o.sql(db, "UPDATE ledger_entries SET record = CAST(replace(CAST(record AS TEXT), 'tech-b', 'tech-a') AS BLOB) WHERE idx = ?", away.Events[0].Index)
	})
	by.Request = unique("r")
	if outcome, err := o.Desk.Do(t.Context(), by, custody.GoAway{}); !errors.Is(err, desk.ErrKeyReused) {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

// TestAClaimThatWasMadeUpMovesNothing: one that lasts longer than a worker's own
// keeps nobody from a rotation, and any other only as long as a worker's own.
func TestAClaimThatWasMadeUpMovesNothing(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("drill")})
	claim := func() bool {
		t.Helper()
		mine, err := o.Store.Claim(t.Context(), "db01", "worker", o.Clock.Now(), o.Clock.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return mine
	}
	makeUp := func(until time.Time) {
		o.administrator(func(db *sql.DB) {
			o.sql(db, "REPLACE INTO claims (credential, owner, until) VALUES ('db01', 'eve', ?)", until.Format("2006-01-02T15:04:05.000000000Z"))
		})
	}
	makeUp(o.Clock.Now().AddDate(900, 0, 0))
	if !claim() {
		t.Error("a claim for 900 years keeps the workers away")
	}
	makeUp(o.Clock.Now().Add(30 * time.Second))
	if claim() {
		t.Error("a claim for half a minute is none")
	}
	o.Clock.Add(time.Minute)
	if !claim() {
		t.Error("a claim outlived its time")
	}
	makeUp(o.Clock.Now().Add(30 * time.Second))
	o.restart()
	if err := o.Desk.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if c := o.Credential("db01"); c.Holder != "" || c.Phase != custody.Rotating {
		t.Errorf("it moved custody: %s, %q", c.Phase, c.Holder)
	}
}
