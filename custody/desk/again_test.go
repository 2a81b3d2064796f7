package desk_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// keptAt gives what a path of the secret store has, and replace puts something there.
func (o *office) keptAt(path string) desk.Versioned {
	o.t.Helper()
	v, err := o.secrets.Read(o.t.Context(), path)
	if err != nil {
		o.t.Fatal(err)
	}
	return v
}

func (o *office) replace(path string, value custody.Secret) {
	o.t.Helper()
	if _, err := o.secrets.Write(o.t.Context(), path, value, o.keptAt(path).Version, nil); err != nil {
		o.t.Fatal(err)
	}
}

// together has n entries made in two commits: one of one, and one of the others.
func (o *office) together(n int) {
	o.t.Helper()
	o.clock.add(period * time.Second)
	writes, open := o.gate.count(), o.gate.close()
	done := make(chan error, n)
	for i := range n {
		go func() { done <- o.writes(o.desk) }()
		o.waitFor("the commits to be held back", func() bool { return o.gate.count() > writes && o.desk.Waiting() == i })
	}
	open()
	for range n {
		if err := <-done; err != nil {
			o.t.Fatal(err)
		}
	}
}

// TestAnotherHistoryOfTheSameLengthIsKnownAtTheStart: an older file that went on
// otherwise, every batch of it under a good seal, is not the ledger that was
// anchored: neither where it has as many entries, nor where it has more, nor where
// none of its batches ends there.
func TestAnotherHistoryOfTheSameLengthIsKnownAtTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		today, otherwise func(o *office)
		more             int64
	}{
		"as many":        {func(o *office) { o.enters() }, func(o *office) { o.enters() }, 0},
		"more":           {func(o *office) { o.enters() }, func(o *office) { o.enters(); o.enters() }, 1},
		"no batch's end": {func(o *office) { o.enters(); o.enters() }, func(o *office) { o.together(3) }, 1},
	} {
		o := newOffice(t)
		session, err := o.signIn("tech-a")
		if err != nil {
			t.Fatal(err)
		}
		o.restart()
		yesterday, before := o.copied(), o.keptAt(desk.AnchorPath).Value
		c.today(o)
		o.restart()
		today := o.keptAt(desk.AnchorPath).Value
		o.replace(desk.AnchorPath, before)
		o.reopen(yesterday)
		c.otherwise(o)
		if err := o.desk.Close(); err != nil {
			t.Fatal(err)
		}
		o.replace(desk.AnchorPath, today)
		if o.size() != o.anchored()+c.more {
			t.Fatalf("%s: %d entries, anchored at %d", name, o.size(), o.anchored())
		}
		o.desk = o.open()
		o.wantSuspect(name, session.Token)
	}
}

// TestAnotherProcessThatAnchoredOtherEntriesStopsThisOne: of as many.
func TestAnotherProcessThatAnchoredOtherEntriesStopsThisOne(t *testing.T) {
	o := newOffice(t)
	o.restart()
	o.enters()
	var anchor map[string]any
	if err := json.Unmarshal(o.keptAt(desk.AnchorPath).Value.Bytes(), &anchor); err != nil {
		t.Fatal(err)
	}
	anchor["size"] = o.size() // and the root of before
	other, err := json.Marshal(anchor)
	if err != nil {
		t.Fatal(err)
	}
	o.replace(desk.AnchorPath, custody.NewSecret(other))
	if err := o.desk.Close(); err != nil { // which moves the anchor
		t.Fatal(err)
	}
	select {
	case <-o.desk.Suspect():
	default:
		t.Error("it anchored in peace")
	}
}

// TestAPasswordIsNotShownAgainWhereTheCheckOutEndedInBetween: the entry that it is
// shown and the one that ends the check-out come in one commit, in this order.
func TestAPasswordIsNotShownAgainWhereTheCheckOutEndedInBetween(t *testing.T) {
	o := newOffice(t)
	if _, err := o.checkOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	code := o.code("tech-a")
	writes, open := o.gate.count(), o.gate.close()
	done := make(chan error, 2)
	go func() { done <- o.writes(o.desk) }()
	o.waitFor("a commit to be held back", func() bool { return o.gate.count() > writes })
	type shown struct {
		desk.Revealed
		err error
	}
	answer := make(chan shown, 1)
	go func() {
		got, err := o.desk.ShowAgain(t.Context(), desk.By{Actor: "tech-a", Request: "show", Code: code}, custody.ShowAgain{Credential: "db01"})
		answer <- shown{got, err}
	}()
	o.waitFor("the password to be asked for", func() bool { return o.desk.Waiting() == 1 })
	go func() {
		_, err := o.desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: "end"}, custody.CheckIn{Credential: "db01"})
		done <- err
	}()
	o.waitFor("the check-out to be ended", func() bool { return o.desk.Waiting() == 2 })
	o.secrets.listen(func(path string) {
		if path == desk.CredentialPath("db01") {
			t.Error("the password was read")
		}
	})
	open()
	got := <-answer
	o.refused(custody.Conflict, got.err)
	if !got.Password.IsZero() {
		t.Error("it was shown")
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
