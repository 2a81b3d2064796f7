package desk_test

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

func TestTheRuleOfClause44(t *testing.T) {
	o := newOffice(t)
	shown, err := o.CheckOut("tech-a", "db01")
	if err != nil || !shown.Password.Equal(o.Password("db01", 1)) || shown.Version != 2 {
		t.Fatalf("the holder's check-out: version %d, %v", shown.Version, err)
	}
	_, err = o.CheckOut("tech-b", "db01")
	o.Refused(custody.NotHolder, err)

	o.Must("tech-a", custody.Offer{All: true, Leave: true, Reason: desk.NewNote("dentist")})
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	if !o.Person("tech-a").Away || o.Credential("db01").Holder != "tech-b" {
		t.Fatal("after the acceptance tech-a is away and tech-b holds db01")
	}
	_, err = o.CheckOut("tech-a", "db01")
	o.Refused(custody.NotHolder, err)
	_, err = o.Do("tech-b", custody.GoAway{})
	o.Refused(custody.BothAway, err)

	o.Must("tech-a", custody.ComeBack{TakeBack: true})
	for _, person := range []string{"tech-a", "tech-b"} {
		_, err = o.CheckOut(person, "db01")
		o.Refused(custody.RotationPending, err)
	}
	o.Rotate("db01")
	shown, err = o.CheckOut("tech-a", "db01")
	if err != nil || !shown.Password.Equal(o.Password("db01", 2)) {
		t.Fatalf("after the rotation: %v", err)
	}
	if got := o.Credential("db01").Exposure; !slices.Equal(got, []string{"tech-a"}) {
		t.Errorf("exposure %v; the rotation forgets who knew the old one", got)
	}
}

func TestNoEntryNoSecret(t *testing.T) { desktest.OnBoth(t, noEntryNoSecret) }

func noEntryNoSecret(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	seen := 0
	o.Secrets.Listen(func(path string) {
		if types := o.Types(0); path == desk.CredentialPath("db01") && types[len(types)-1] == "checkout.granted" {
			seen++
		}
	})
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	if seen != 1 {
		t.Fatalf("the entry was there before %d of 1 reads", seen)
	}
}

func TestAFailedReadKeepsTheEntryAndTheKeyShowsItAgain(t *testing.T) {
	desktest.OnBoth(t, aFailedReadKeepsTheEntryAndTheKeyShowsItAgain)
}

func aFailedReadKeepsTheEntryAndTheKeyShowsItAgain(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	by := desk.By{Actor: "tech-a", Request: "r", Code: o.Code("tech-a"), Key: "key-1", Digest: [32]byte{1}}
	out := custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}
	o.Secrets.Set(true)
	before := o.Size()
	if _, err := o.Desk.CheckOut(t.Context(), by, out); !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Fatalf("got %v", err)
	}
	if got := o.Types(before); !slices.Equal(got, []string{"checkout.granted"}) {
		t.Fatalf("entries %v", got)
	}
	o.Secrets.Set(false)
	// What was done is not done again, and reveals nothing by itself.
	for code, want := range map[string]custody.Code{by.Code: custody.TOTPReplayed, "": custody.InvalidRequest, "000000": custody.TOTPInvalid} {
		again := by
		again.Code, again.Request = code, unique("again")
		shown, err := o.Desk.CheckOut(t.Context(), again, out)
		o.Refused(want, err)
		if !shown.Password.IsZero() {
			t.Errorf("%s: a password", want)
		}
		var told *custody.Refusal
		if asRefusal(err, &told); want == custody.TOTPReplayed && told.Key != "code_used_for_checkout" {
			t.Errorf("it does not say that the check-out was made: %v", err)
		}
	}
	before = o.Size()
	by.Request, by.Code = "r-2", o.Code("tech-a")
	shown, err := o.Desk.CheckOut(t.Context(), by, out)
	if err != nil || !shown.Replayed || !shown.Password.Equal(o.Password("db01", 1)) || shown.Lease.ID != "lease-1" || shown.Lease.Purpose.String() != "ticket 1" {
		t.Fatalf("the same key again, with a fresh code: %v", err)
	}
	if got := o.Types(before); !slices.Equal(got, []string{"checkout.shown"}) {
		t.Fatalf("entries %v", got)
	}
	_, err = o.Desk.CheckOut(t.Context(), by, out)
	o.Refused(custody.TOTPReplayed, err)

	by.Digest = [32]byte{2}
	if _, err := o.Desk.CheckOut(t.Context(), by, out); !errors.Is(err, desk.ErrKeyReused) {
		t.Errorf("the key with another body: %v", err)
	}

	// Custody has passed on: what was lent then may not be shown again.
	o.Must("tech-a", custody.Offer{All: true, Reason: desk.NewNote("shift ends")})
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	by.Digest = [32]byte{1}
	_, err = o.Desk.CheckOut(t.Context(), by, out)
	o.Refused(custody.Conflict, err)
}

func TestCommandsShareACommitAndEachGetsItsOwnAnswer(t *testing.T) {
	desktest.OnBoth(t, commandsShareACommitAndEachGetsItsOwnAnswer)
}

func commandsShareACommitAndEachGetsItsOwnAnswer(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	code := o.Code("tech-a")
	open := o.Gate.Close()
	before := o.Gate.Count()

	type result struct {
		outcome desk.Outcome
		err     error
	}
	commands := []struct {
		by     desk.By
		action custody.Action
	}{
		{desk.By{Actor: "tech-a", Request: "first"}, custody.CheckIn{Credential: "db01"}}, // refused: no lease
		{desk.By{Actor: "tech-a", Request: "second", Code: code}, custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("p")}},
		{desk.By{Actor: "tech-b", Request: "third"}, custody.ComeBack{}}, // nothing to do
		{desk.By{Actor: "tech-a", Request: "fourth"}, custody.CheckIn{Credential: "db01"}},
		{desk.By{Actor: "tech-a", Request: "fifth"}, custody.CheckIn{Credential: "none"}},
	}
	results := make([]chan result, len(commands))
	for i, c := range commands {
		results[i] = make(chan result, 1)
		go func() {
			outcome, err := o.Desk.Do(t.Context(), c.by, c.action)
			results[i] <- result{outcome, err}
		}()
		// In order, and all behind the first, which waits at the door.
		o.waitFor("the others to wait behind the door", func() bool { return o.Gate.Count() > before && o.Desk.Waiting() == max(0, i) })
	}
	open()
	got := make([]result, len(commands))
	for i := range results {
		got[i] = <-results[i]
	}
	if n := o.Gate.Count() - before; n != 2 {
		t.Errorf("%d transactions for five commands; the four that waited share one", n)
	}
	o.Refused(custody.Conflict, got[0].err)
	o.Refused(custody.NotFound, got[4].err)
	for i, want := range map[int]string{1: "checkout.granted", 3: "checkout.ended"} {
		if got[i].err != nil || len(got[i].outcome.Events) != 1 || got[i].outcome.Events[0].Fact.Type() != want {
			t.Errorf("%s: %+v", commands[i].by.Request, got[i])
		}
	}
	if got[2].err != nil || len(got[2].outcome.Events) != 0 {
		t.Errorf("who is present already: %+v", got[2])
	}
}

func TestBothMarkThemselvesAwayAtTheSameInstant(t *testing.T) {
	desktest.OnBoth(t, bothMarkThemselvesAwayAtTheSameInstant)
}

func bothMarkThemselvesAwayAtTheSameInstant(t *testing.T, on desktest.Engine) {
	o := emptyOfficeOn(t, on)
	o.Hire("admin", custody.Admin)
	o.Hire("tech-a", custody.Technician)
	o.Hire("tech-b", custody.Technician)
	o.Onboard("db01")
	for round := range 100 {
		holder := o.Credential("db01").Holder
		other := o.Credential("db01").Other(holder)
		// The holder leaves with an acceptance by the other, who at the same
		// instant marks themselves away: two goodbyes, of which one may come true.
		o.Must(holder, custody.Offer{All: true, Leave: true, Reason: desk.NewNote("out")})
		offers, err := o.Store.Credential(t.Context(), "db01")
		if err != nil {
			t.Fatal(err)
		}
		accept := desk.By{Actor: other, Request: unique("r"), Code: o.Code(other)}
		o.Clock.Add(period * time.Second)
		away := desk.By{Actor: other, Request: unique("r"), Code: o.CodeNow(other)}
		errs := atOnce(func() error {
			_, err := o.Desk.Do(t.Context(), accept, custody.Accept{Handover: offers.Handover})
			return err
		},
			func() error { _, err := o.Desk.Do(t.Context(), away, custody.GoAway{}); return err })
		a, b := o.Person("tech-a"), o.Person("tech-b")
		if a.Away == b.Away {
			t.Fatalf("round %d: tech-a away %v, tech-b away %v; errors %v", round, a.Away, b.Away, errs)
		}
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v; exactly one wins", round, errs)
		}
		// Back to two people at their posts, for the next round.
		if errs[0] == nil {
			o.Must(holder, custody.ComeBack{TakeBack: true})
			o.Rotate("db01")
		} else {
			o.Must(other, custody.ComeBack{})
			o.Must(holder, custody.Cancel{Handover: offers.Handover})
		}
	}
}

func TestTheSameHandoverAcceptedTwiceAtOnce(t *testing.T) {
	desktest.OnBoth(t, theSameHandoverAcceptedTwiceAtOnce)
}

func theSameHandoverAcceptedTwiceAtOnce(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	o.Must("tech-a", custody.Offer{All: true, Reason: desk.NewNote("out")})
	first := desk.By{Actor: "tech-b", Request: "one", Code: o.Code("tech-b")}
	o.Clock.Add(period * time.Second)
	second := desk.By{Actor: "tech-b", Request: "two", Code: o.CodeNow("tech-b")}
	errs := atOnce(func() error {
		_, err := o.Desk.Do(t.Context(), first, custody.Accept{Handover: "handover-1"})
		return err
	},
		func() error {
			_, err := o.Desk.Do(t.Context(), second, custody.Accept{Handover: "handover-1"})
			return err
		})
	if errs[0] != nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	if errs[0] != nil {
		t.Fatalf("nobody won: %v", errs)
	}
	o.Refused(custody.HandoverNotOpen, errs[1])
}

func TestOneCodeConfirmsOneCommandOfTwoSentAtOnce(t *testing.T) {
	desktest.OnBoth(t, oneCodeConfirmsOneCommandOfTwoSentAtOnce)
}

func oneCodeConfirmsOneCommandOfTwoSentAtOnce(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	code := o.Code("tech-a")
	try := func() error {
		_, err := o.Desk.CheckOut(t.Context(), desk.By{Actor: "tech-a", Request: unique("r"), Code: code}, custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("p")})
		return err
	}
	errs := atOnce(try, try)
	if errs[0] != nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	if errs[0] != nil {
		t.Fatalf("both refused: %v", errs)
	}
	o.Refused(custody.TOTPReplayed, errs[1])
}

func TestALostCommitIsFoundOutByItsKey(t *testing.T) {
	desktest.OnBoth(t, aLostCommitIsFoundOutByItsKey)
}

func aLostCommitIsFoundOutByItsKey(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	by := desk.By{Actor: "tech-a", Request: "r", Code: o.Code("tech-a"), Key: "key-1"}
	offer := custody.Offer{All: true, Reason: desk.NewNote("out")}
	o.Gate.LoseNextAnswer()
	if _, err := o.Desk.Do(t.Context(), by, offer); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Fatalf("got %v", err)
	}
	outcome, err := o.Desk.Do(t.Context(), by, offer)
	if err != nil || !outcome.Replayed || outcome.Events[0].Fact.Type() != "handover.offered" {
		t.Fatalf("asked again: %+v, %v", outcome, err)
	}
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
}

func TestTwoReplicasOnOneLedger(t *testing.T) { desktest.OnBoth(t, twoReplicasOnOneLedger) }

func twoReplicasOnOneLedger(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	here, there := o.Desk, o.Open()
	for range 3 {
		o.Desk = here
		o.Must("tech-a", custody.Offer{All: true, Leave: true, Reason: desk.NewNote("out")})
		o.Desk = there
		o.Must("tech-b", custody.Accept{Handover: o.Credential("db01").Handover})
		o.Desk = here
		_, err := o.Do("tech-b", custody.GoAway{})
		o.Refused(custody.BothAway, err)
		o.Must("tech-a", custody.ComeBack{TakeBack: true})
		o.Desk = there
		o.Rotate("db01")
		here, there = there, here
	}
}

func TestAnExpiredOfferCannotBeAcceptedHoweverLateTheTimer(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.Offer{All: true, Reason: desk.NewNote("out")})
	before := o.Size()
	o.Clock.Add(o.Config.Policy.OfferTTL)
	_, err := o.Do("tech-b", custody.Accept{Handover: "handover-1"})
	o.Refused(custody.HandoverNotOpen, err)
	if got := o.Types(before); !slices.Contains(got, "handover.expired") {
		t.Errorf("entries %v", got)
	}
	o.Must("tech-a", custody.Offer{All: true, Reason: desk.NewNote("out, again")})
}

func TestTheTimerEndsALeaseByItself(t *testing.T) {
	o := newOffice(t)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	followed := o.Desk.Follow()
	o.Clock.Add(o.Config.Policy.Lease)
	select {
	case <-followed:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing happened")
	}
	o.waitFor("the check-out to be ended", func() bool { return o.Credential("db01").Lease.ID == "" })
}

func TestOnlyTheCommittedHeadIsSigned(t *testing.T) {
	o := newOffice(t)
	vkey, err := o.Desk.LedgerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := o.Desk.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := audit.OpenCheckpoint(head.Text, vkey)
	if err != nil {
		t.Fatal(err)
	}
	size, root, err := o.Store.Head(t.Context())
	if err != nil || checkpoint.Size != size || checkpoint.Root != root || checkpoint.Origin != "test.example/ledger" {
		t.Fatalf("signed %d, the database has %d entries; %v", checkpoint.Size, size, err)
	}
	again, err := o.Desk.Checkpoint(t.Context())
	if err != nil || !bytes.Equal(head.Text, again.Text) {
		t.Errorf("an unmoved head was signed twice; %v", err)
	}
}

func TestCloseFinishesWhatWasBegun(t *testing.T) { desktest.OnBoth(t, closeFinishesWhatWasBegun) }

func closeFinishesWhatWasBegun(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	open := o.Gate.Close()
	before := o.Gate.Count()
	done := make(chan error, 1)
	go func() {
		done <- o.Writes(o.Desk)
	}()
	o.waitFor("a commit to be held back", func() bool { return o.Gate.Count() > before })
	closed := make(chan struct{})
	go func() { _ = o.Desk.Close(); close(closed) }()
	open()
	if err := <-done; err != nil {
		t.Errorf("the command under way: %v", err)
	}
	<-closed
	if err := o.Writes(o.Desk); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("after Close: %v", err)
	}
	if types := o.Types(0); types[len(types)-1] != "session.locked" {
		t.Error("what was begun is not in the ledger")
	}
}

// atOnce starts all and waits for all.
func atOnce(fns ...func() error) []error {
	errs := make([]error, len(fns))
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i, fn := range fns {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			errs[i] = fn()
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

func decodeEntry(t *testing.T, record []byte) audit.Entry {
	t.Helper()
	e, err := audit.DecodeEntry(record)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func asRefusal(err error, r **custody.Refusal) bool { return errors.As(err, r) }
