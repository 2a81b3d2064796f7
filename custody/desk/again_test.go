package desk_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// keptAt gives what a path of the secret store has, and replace puts something there.
func (o *office) keptAt(path string) desk.Versioned {
	o.T.Helper()
	v, err := o.Secrets.Read(o.T.Context(), path)
	if err != nil {
		o.T.Fatal(err)
	}
	return v
}

func (o *office) replace(path string, value custody.Secret) {
	o.T.Helper()
	if _, err := o.Secrets.Write(o.T.Context(), path, value, o.keptAt(path).Version, nil); err != nil {
		o.T.Fatal(err)
	}
}

// together has n entries made in two commits: one of one, and one of the others.
func (o *office) together(n int) {
	o.T.Helper()
	o.Clock.Add(period * time.Second)
	writes, open := o.Gate.Count(), o.Gate.Close()
	done := make(chan error, n)
	for i := range n {
		go func() { done <- o.Writes(o.Desk) }()
		o.waitFor("the commits to be held back", func() bool { return o.Gate.Count() > writes && o.Desk.Waiting() == i })
	}
	open()
	for range n {
		if err := <-done; err != nil {
			o.T.Fatal(err)
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
		"as many":        {func(o *office) { o.Enters() }, func(o *office) { o.Enters() }, 0},
		"more":           {func(o *office) { o.Enters() }, func(o *office) { o.Enters(); o.Enters() }, 1},
		"no batch's end": {func(o *office) { o.Enters(); o.Enters() }, func(o *office) { o.together(3) }, 1},
	} {
		o := newOffice(t)
		session, err := o.SignIn("tech-a")
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
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		o.replace(desk.AnchorPath, today)
		if o.Size() != o.anchored()+c.more {
			t.Fatalf("%s: %d entries, anchored at %d", name, o.Size(), o.anchored())
		}
		o.Desk = o.Open()
		o.wantSuspect(name, session.Token)
	}
}

// TestAnotherProcessThatAnchoredOtherEntriesStopsThisOne: of as many.
func TestAnotherProcessThatAnchoredOtherEntriesStopsThisOne(t *testing.T) {
	desktest.OnBoth(t, anotherProcessThatAnchoredOtherEntriesStopsThisOne)
}

func anotherProcessThatAnchoredOtherEntriesStopsThisOne(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	o.restart()
	o.Enters()
	var anchor map[string]any
	if err := json.Unmarshal(o.keptAt(desk.AnchorPath).Value.Bytes(), &anchor); err != nil {
		t.Fatal(err)
	}
	anchor["size"] = o.Size() // and the root of before
	other, err := json.Marshal(anchor)
	if err != nil {
		t.Fatal(err)
	}
	o.replace(desk.AnchorPath, custody.NewSecret(other))
	if err := o.Desk.Close(); err != nil { // which moves the anchor
		t.Fatal(err)
	}
	select {
	case <-o.Desk.Suspect():
	default:
		t.Error("it anchored in peace")
	}
}

// TestAPasswordIsNotShownAgainWhereTheCheckOutEndedInBetween: the entry that it is
// shown and the one that ends the check-out come in one commit, in this order.
func TestAPasswordIsNotShownAgainWhereTheCheckOutEndedInBetween(t *testing.T) {
	o := newOffice(t)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	code := o.Code("tech-a")
	writes, open := o.Gate.Count(), o.Gate.Close()
	done := make(chan error, 2)
	go func() { done <- o.Writes(o.Desk) }()
	o.waitFor("a commit to be held back", func() bool { return o.Gate.Count() > writes })
	type shown struct {
		desk.Revealed
		err error
	}
	answer := make(chan shown, 1)
	go func() {
		got, err := o.Desk.ShowAgain(t.Context(), desk.By{Actor: "tech-a", Request: "show", Code: code}, custody.ShowAgain{Credential: "db01"})
		answer <- shown{got, err}
	}()
	o.waitFor("the password to be asked for", func() bool { return o.Desk.Waiting() == 1 })
	go func() {
		_, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: "end"}, custody.CheckIn{Credential: "db01"})
		done <- err
	}()
	o.waitFor("the check-out to be ended", func() bool { return o.Desk.Waiting() == 2 })
	o.Secrets.Listen(func(path string) {
		if path == desk.CredentialPath("db01") {
			t.Error("the password was read")
		}
	})
	open()
	got := <-answer
	o.Refused(custody.Conflict, got.err)
	if !got.Password.IsZero() {
		t.Error("it was shown")
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
