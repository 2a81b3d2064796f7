package desk_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// officeWithManager is an office in which somebody can have the key replaced.
func officeWithManager(t *testing.T, edits ...func(*desk.Config)) *office {
	t.Helper()
	o := newOffice(t, edits...)
	o.Hire("manager", custody.Manager)
	return o
}

func (o *office) rekeys(d *desk.Desk, who string) error {
	o.T.Helper()
	_, err := d.ChangeSealKey(o.T.Context(), desk.By{Actor: who, Request: unique("rekey"), Code: o.Code(who)})
	return err
}

// mustRekey gives the keys' ids.
func (o *office) mustRekey() (from, to string) {
	o.T.Helper()
	if err := o.rekeys(o.Desk, "manager"); err != nil {
		o.T.Fatal(err)
	}
	entries, err := o.Store.Entries(o.T.Context(), desk.EntryQuery{Type: custody.SealKeyChanged{}.Type(), Newest: true, Limit: 1})
	if err != nil || len(entries) != 1 {
		o.T.Fatalf("%d entries, %v", len(entries), err)
	}
	event, err := custody.ReadRecord(entries[0].Record)
	if err != nil {
		o.T.Fatal(err)
	}
	f := event.Fact.(custody.SealKeyChanged)
	return f.From, f.To
}

// sealedWith gives the key of each batch, in order.
func (o *office) sealedWith() (ids []string) {
	o.T.Helper()
	for seal, err := range o.Store.Seals(o.T.Context(), 0, o.Size()) {
		if err != nil {
			o.T.Fatal(err)
		}
		id, _, _ := strings.Cut(seal.Mark, ".")
		ids = append(ids, id)
	}
	return ids
}

// crash ends the desk without its last anchor, and starts another: the ledger is
// carried out again.
func (o *office) crash() {
	o.T.Helper()
	o.Secrets.HoldAnchor(true)
	defer o.Secrets.HoldAnchor(false)
	o.restart()
}

// TestTheKeyOfTheSealsIsReplaced under two running desks: the entry is under the old
// key, everything behind it under the new one, and what either has marked before or
// after is known to both, also after an orderly end and after a crash.
func TestTheKeyOfTheSealsIsReplaced(t *testing.T) {
	o := officeWithManager(t)
	there := o.Open()
	chosen := desk.Preference{Language: "zh", Zone: "Asia/Shanghai"}
	if err := o.Desk.SetPreference(t.Context(), "tech-a", chosen); err != nil {
		t.Fatal(err)
	}
	old, err := o.Desk.MAC(t.Context(), "p", []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	by := desk.By{Actor: "tech-a", Request: "r", Key: "key-1", Digest: [32]byte{1}}
	if _, err := o.Desk.Do(t.Context(), by, custody.CheckIn{Credential: "db01"}); err != nil {
		t.Fatal(err)
	}

	before := o.Size()
	from, to := o.mustRekey()
	entries, err := o.Store.Entries(t.Context(), desk.EntryQuery{From: before, Limit: 10})
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if e := decodeEntry(t, entries[0].Record); e.Type != "seal.key_changed" || e.Grade != string(custody.Serious) || e.Actor != "manager" || e.Confirm == nil {
		t.Errorf("%+v", e)
	}
	if ids := o.sealedWith(); slices.Contains(ids, to) || ids[len(ids)-1] != from {
		t.Errorf("%s is replaced by %s, and the batches are under %v", from, to, ids)
	}
	for _, d := range []*desk.Desk{o.Desk, there} { // and each takes in what the other has sealed
		if err := o.Writes(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Writes(o.Desk); err != nil {
		t.Fatal(err)
	}
	if ids := o.sealedWith(); !slices.Equal(ids[len(ids)-4:], []string{from, to, to, to}) {
		t.Errorf("%s is replaced by %s, and the batches are under %v", from, to, ids)
	}
	fresh, err := there.MAC(t.Context(), "p", []byte("m"))
	if err != nil || !strings.HasPrefix(fresh, to+".") || !strings.HasPrefix(old, from+".") {
		t.Errorf("marked as %s and %s, %v", old, fresh, err)
	}
	know := func(when string) {
		t.Helper()
		for _, d := range []*desk.Desk{o.Desk, there} {
			for _, mark := range []string{old, fresh} {
				if good, err := d.CheckMAC(t.Context(), "p", []byte("m"), mark); !good || err != nil {
					t.Errorf("%s: the mark %s: %t, %v", when, mark, good, err)
				}
			}
			if got, err := d.Preference(t.Context(), "tech-a"); got != chosen || err != nil {
				t.Errorf("%s: spoken to as %+v, %v", when, got, err)
			}
			if got, err := d.Do(t.Context(), by, custody.CheckIn{Credential: "db01"}); err != nil || !got.Replayed {
				t.Errorf("%s: the same key again: replayed %t, %v", when, got.Replayed, err)
			}
		}
		o.wantGood(when)
	}
	know("running")
	o.restart()
	know("restarted")
	o.Enters()
	o.crash()
	know("after a crash")

	second, third := o.mustRekey()
	if second != to {
		t.Errorf("%s is replaced, and not %s", second, to)
	}
	know("replaced twice")
	if ids := o.sealedWith(); ids[len(ids)-1] != third {
		t.Errorf("under %s, not %s", ids[len(ids)-1], third)
	}
	o.crash()
	know("replaced twice, after a crash")
}

// TestWhoMayNotReplaceTheKeyLeavesNothing: no entry of it, and no key in the secret store.
func TestWhoMayNotReplaceTheKeyLeavesNothing(t *testing.T) {
	var kept []string
	o := officeWithManager(t)
	written := &writes{Secrets: o.Config.Secrets, onWrite: func(path string) error {
		if strings.HasPrefix(path, desk.SealKeyPath("")) {
			kept = append(kept, path)
		}
		return nil
	}}
	o.Config.Secrets = written
	o.restart()
	o.Refused(custody.Forbidden, o.rekeys(o.Desk, "admin"))
	_, err := o.Desk.ChangeSealKey(t.Context(), desk.By{Actor: "manager", Request: unique("r"), Code: "000000"})
	o.Refused(custody.TOTPInvalid, err)
	_, err = o.Desk.ChangeSealKey(t.Context(), desk.By{Actor: "manager", Request: unique("r")})
	o.Refused(custody.InvalidRequest, err)
	if len(kept) > 0 || slices.Contains(o.Types(0), "seal.key_changed") {
		t.Errorf("kept %v", kept)
	}
	o.Enters()
	from, to := o.mustRekey()
	if len(kept) != 1 || kept[0] != desk.SealKeyPath(to) || from == to {
		t.Errorf("kept %v", kept)
	}
}

// writes is a secret store that lets somebody see what is written, and refuse it.
type writes struct {
	desk.Secrets
	onWrite func(path string) error
}

func (w *writes) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	if err := w.onWrite(path); err != nil {
		return 0, err
	}
	return w.Secrets.Write(ctx, path, value, cas, labels)
}

// powerCut is a store whose transactions end in nothing, when it is told so.
type powerCut struct {
	desk.Store
	cut bool
}

func (p *powerCut) Write(ctx context.Context, fn func(desk.Tx) error) error {
	return p.Store.Write(ctx, func(tx desk.Tx) error {
		if err := fn(tx); err != nil || !p.cut {
			return err
		}
		return errors.New("power cut")
	})
}

// TestACrashWhileTheKeyIsReplaced at each step leaves a ledger that goes on: under the
// old key where no entry names the new one, and otherwise under the new one.
func TestACrashWhileTheKeyIsReplaced(t *testing.T) {
	t.Run("before the key is kept", func(t *testing.T) {
		o := officeWithManager(t)
		inner := o.Config.Secrets
		o.Config.Secrets = &writes{Secrets: inner, onWrite: func(path string) error {
			if strings.HasPrefix(path, desk.SealKeyPath("")) {
				return errSealed
			}
			return nil
		}}
		o.restart()
		if err := o.rekeys(o.Desk, "manager"); !errors.Is(err, desk.ErrSecretsUnavailable) {
			t.Fatal(err)
		}
		o.goesOnUnderTheOldKey(inner)
	})
	t.Run("between the key and its entry", func(t *testing.T) {
		o := officeWithManager(t)
		store := &powerCut{Store: o.Gate}
		o.Config.Store = store
		o.restart()
		store.cut = true
		if err := o.rekeys(o.Desk, "manager"); !errors.Is(err, desk.ErrStoreUnavailable) {
			t.Fatal(err)
		}
		store.cut = false
		o.goesOnUnderTheOldKey(o.Config.Secrets)
	})
	t.Run("right after the entry", func(t *testing.T) {
		o := officeWithManager(t)
		first := o.sealedWith()[0]
		o.Gate.LoseNextAnswer()
		if err := o.rekeys(o.Desk, "manager"); !errors.Is(err, desk.ErrStoreUnavailable) {
			t.Fatal(err)
		}
		for _, when := range []string{"running", "after a crash"} {
			o.Enters()
			o.wantGood(when)
			if ids := o.sealedWith(); ids[len(ids)-1] == first {
				t.Errorf("%s: still under the old key", when)
			}
			o.crash()
		}
	})
}

func (o *office) goesOnUnderTheOldKey(secrets desk.Secrets) {
	o.T.Helper()
	old := o.sealedWith()[0]
	for _, when := range []string{"running", "after a crash"} {
		o.Enters()
		o.wantGood(when)
		if slices.ContainsFunc(o.sealedWith(), func(id string) bool { return id != old }) || slices.Contains(o.Types(0), "seal.key_changed") {
			o.T.Errorf("%s: under %v", when, o.sealedWith())
		}
		o.Config.Secrets = secrets
		o.crash()
	}
	if from, _ := o.mustRekey(); from != old {
		o.T.Errorf("done again, it replaces %s and not %s", from, old)
	}
	o.Enters()
	o.wantGood("done again")
}

// TestTwoReplaceTheKeyAtOnce: the second is told that it was replaced, and nothing is
// under its key.
func TestTwoReplaceTheKeyAtOnce(t *testing.T) {
	o := officeWithManager(t)
	o.Hire("director", custody.Director)
	other := o.Open()
	codes := map[string]string{"manager": o.Code("manager"), "director": o.CodeNow("director")}
	open := o.Gate.Close() // both know the old key
	answers := make(chan error, 2)
	for who, d := range map[string]*desk.Desk{"manager": o.Desk, "director": other} {
		go func() {
			_, err := d.ChangeSealKey(t.Context(), desk.By{Actor: who, Request: "rekey-" + who, Code: codes[who]})
			answers <- err
		}()
	}
	before := o.Gate.Count()
	o.waitFor("both at the door", func() bool { return o.Gate.Count() >= before+2 })
	open()
	got := []error{<-answers, <-answers}
	if (got[0] == nil) == (got[1] == nil) || custody.CodeOf(errors.Join(got...)) != custody.Conflict {
		t.Errorf("%v", got)
	}
	changed := 0
	for _, kind := range o.Types(0) {
		if kind == "seal.key_changed" {
			changed++
		}
	}
	if changed != 1 {
		t.Errorf("%d entries", changed)
	}
	for _, d := range []*desk.Desk{o.Desk, other} {
		if err := o.Writes(d); err != nil {
			t.Error(err)
		}
	}
	o.crash()
	o.wantGood("after a crash")
}

// workedIn is an office with a manager, in which tech-a is logged in and has something out.
func workedIn(t *testing.T) (*office, desk.SignedIn) {
	t.Helper()
	o := officeWithManager(t)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	return o, session
}

// TestASealOfAKeyThatCountsNoMore, or not yet, is none: whoever has the old key, for which
// it was replaced, adds nothing to the ledger.
func TestASealOfAKeyThatCountsNoMore(t *testing.T) {
	for name, under := range map[string]func(first, second, third string) string{
		"the first":        func(first, _, _ string) string { return first },
		"the one before":   func(_, second, _ string) string { return second },
		"a key never used": func(string, string, string) string { return "00c0ffee" },
	} {
		for _, running := range []bool{true, false} {
			when := name + map[bool]string{true: ", under a running desk", false: ", while none runs"}[running]
			o, session := workedIn(t)
			first, second := o.mustRekey()
			_, third := o.mustRekey()
			if !running {
				if err := o.Desk.Close(); err != nil {
					t.Fatal(err)
				}
			}
			o.forgeUnder(o.awayAgain(), func(b audit.Batch) string {
				mark, err := o.Desk.SealWith(t.Context(), under(first, second, third), b)
				if errors.Is(err, desk.ErrSecretsLost) { // nobody has such a key
					return under(first, second, third) + "." + strings.Repeat("0", 64)
				} else if err != nil {
					t.Fatal(err)
				}
				return mark
			})
			if running {
				o.wantSuspect(when, session.Token)
			}
			o.restart()
			o.wantSuspect(when+", restarted", session.Token)
		}
	}
}

// changesKey is an entry that the manager's command leads to, if the ids are right.
func (o *office) changesKey(from, to string) custody.Event {
	o.T.Helper()
	o.Clock.Add(period * 1e9)
	step := o.Clock.Now().Unix() / period
	return custody.Event{
		Time: o.Clock.Now(), Actor: "manager", Request: "forged", Confirm: &custody.Confirmation{Person: "manager", Step: step},
		Cause: &custody.Cause{
			Action: custody.ChangeSealKey{From: from, To: to},
			Proof:  custody.Proof{Given: true, Steps: []int64{step}, Enrolment: o.Person("manager").Number},
		},
		Fact: custody.SealKeyChanged{From: from, To: to},
	}
}

// TestAnEntryOfAKeyThatNobodyMade: even under a good seal, one that names a key which the
// secret store has not got, or another than its batch is under, is not taken in.
func TestAnEntryOfAKeyThatNobodyMade(t *testing.T) {
	for name, c := range map[string]struct {
		ids   func(first string) (from, to string)
		taken bool
	}{
		"a key that is there":     {func(first string) (string, string) { return first, "" }, true},
		"a key that is not there": {func(first string) (string, string) { return first, "00c0ffee" }, false},
		"in the place of another": {func(string) (string, string) { return "00c0ffee", "" }, false},
	} {
		for _, running := range []bool{true, false} {
			when := name + map[bool]string{true: ", under a running desk", false: ", while none runs"}[running]
			o, session := workedIn(t)
			from, to := c.ids(o.sealedWith()[0])
			if to == "" {
				to = o.keyThatIsThere()
			}
			if !running {
				if err := o.Desk.Close(); err != nil {
					t.Fatal(err)
				}
			}
			o.forgeUnder(o.changesKey(from, to), func(b audit.Batch) string { return o.sealOf(b) })
			check := func(when string) {
				t.Helper()
				if c.taken {
					o.wantGood(when)
				} else {
					o.wantSuspect(when, session.Token)
				}
			}
			if running {
				check(when)
			}
			o.restart()
			check(when + ", restarted")
		}
	}
}

// keyThatIsThere puts a key into the secret store, as a desk does, and gives its id.
func (o *office) keyThatIsThere() string {
	o.T.Helper()
	key := []byte(strings.Repeat("k", 32))
	id := desk.MACKeyID(key)
	if _, err := o.Secrets.Write(o.T.Context(), desk.SealKeyPath(id), custody.NewSecret(key), 0, nil); err != nil {
		o.T.Fatal(err)
	}
	return id
}

// TestAKeyThatIsReplacedWithoutAnEntry in the secret store is none: a running desk keeps
// what it has, and one that starts decides nothing.
func TestAKeyThatIsReplacedWithoutAnEntry(t *testing.T) {
	for name, c := range map[string]struct {
		path func(to string) string
		want error
	}{
		"the first":             {func(string) string { return desk.SealPath }, desk.ErrLedgerSuspect},
		"the one that counts":   {desk.SealKeyPath, desk.ErrSecretsLost},
		"taken away altogether": {desk.SealKeyPath, desk.ErrSecretsLost},
	} {
		o := officeWithManager(t)
		to := ""
		if name != "the first" {
			_, to = o.mustRekey()
			o.Enters()
		}
		path := c.path(to)
		v, err := o.Secrets.Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if name == "taken away altogether" {
			err = o.Secrets.Delete(t.Context(), path)
		} else {
			_, err = o.Secrets.Write(t.Context(), path, custody.SecretString(strings.Repeat("k", 32)), v.Version, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		o.Enters()
		o.wantGood(name + ", running")
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		started, err := desk.Open(t.Context(), o.Config)
		if err == nil { // to be read
			o.Desk = started
			_, err = o.CheckOut("tech-a", "db01")
			if started.Ready(t.Context()) == nil {
				t.Errorf("%s, restarted: ready", name)
			}
			if err := started.Close(); err != nil {
				t.Error(err)
			}
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s, restarted: %v", name, err)
		}
	}
}

// TestAKeyThatSomebodyWroteIntoTheTables is not taken for the ledger's.
func TestAKeyThatSomebodyWroteIntoTheTables(t *testing.T) {
	o := officeWithManager(t)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	o.mustRekey()
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	id := o.keyThatIsThere()
	o.administrator(func(db *sql.DB) {
		o.sql(db, "INSERT INTO seal_keys (key, doc) SELECT ?, json_object('id', ?, 'since', size) FROM ledger_head", id, id)
	})
	o.Desk = o.Open()
	o.wantSuspect("a row of another key", session.Token)
}

// TestALedgerIsRecoveredUnderItsNewKey: what is kept has its change of the key, and goes
// on under that.
func TestALedgerIsRecoveredUnderItsNewKey(t *testing.T) {
	o := officeWithManager(t)
	_, to := o.mustRekey()
	o.Enters()
	size := o.Size()
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.forgeUnder(o.changesKey(to, "00c0ffee"), func(b audit.Batch) string { return o.sealOf(b) })
	plan := o.plan()
	if plan.Kept != size || plan.Refused == nil {
		t.Fatalf("kept %d of %d, refused because %v", plan.Kept, size, plan.Refused)
	}
	for _, person := range []string{"tech-b", "manager"} {
		if err := plan.Confirm(t.Context(), person, o.Code(person)); err != nil {
			t.Fatal(err)
		}
	}
	if err := plan.CarryOut(t.Context(), "drill", "recover"); err != nil {
		t.Fatal(err)
	}
	if ids := o.sealedWith(); ids[len(ids)-1] != to {
		t.Errorf("under %s, not %s", ids[len(ids)-1], to)
	}
	o.Desk = o.Open()
	if err := o.Desk.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}
