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
)

func TestTheRuleOfClause44(t *testing.T) {
	o := newOffice(t)
	shown, err := o.checkOut("tech-a", "db01")
	if err != nil || !shown.Password.Equal(o.password("db01", 1)) || shown.Version != 2 {
		t.Fatalf("the holder's check-out: version %d, %v", shown.Version, err)
	}
	_, err = o.checkOut("tech-b", "db01")
	o.refused(custody.NotHolder, err)

	o.must("tech-a", custody.Offer{All: true, Leave: true, Reason: desk.NewNote("dentist")})
	o.must("tech-b", custody.Accept{Handover: "handover-1"})
	if !o.person("tech-a").Away || o.credential("db01").Holder != "tech-b" {
		t.Fatal("after the acceptance tech-a is away and tech-b holds db01")
	}
	_, err = o.checkOut("tech-a", "db01")
	o.refused(custody.NotHolder, err)
	_, err = o.do("tech-b", custody.GoAway{})
	o.refused(custody.BothAway, err)

	o.must("tech-a", custody.ComeBack{TakeBack: true})
	for _, person := range []string{"tech-a", "tech-b"} {
		_, err = o.checkOut(person, "db01")
		o.refused(custody.RotationPending, err)
	}
	o.rotate("db01")
	shown, err = o.checkOut("tech-a", "db01")
	if err != nil || !shown.Password.Equal(o.password("db01", 2)) {
		t.Fatalf("after the rotation: %v", err)
	}
	if got := o.credential("db01").Exposure; !slices.Equal(got, []string{"tech-a"}) {
		t.Errorf("exposure %v; the rotation forgets who knew the old one", got)
	}
}

func TestNoEntryNoSecret(t *testing.T) {
	o := newOffice(t)
	seen := 0
	o.secrets.listen(func(path string) {
		if types := o.types(0); path == desk.CredentialPath("db01") && types[len(types)-1] == "checkout.granted" {
			seen++
		}
	})
	if _, err := o.checkOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	if seen != 1 {
		t.Fatalf("the entry was there before %d of 1 reads", seen)
	}
}

func TestAFailedReadKeepsTheEntryAndTheKeyShowsItAgain(t *testing.T) {
	o := newOffice(t)
	by := desk.By{Actor: "tech-a", Request: "r", Code: o.code("tech-a"), Key: "key-1", Digest: [32]byte{1}}
	out := custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}
	o.secrets.set(true)
	before := o.size()
	if _, err := o.desk.CheckOut(t.Context(), by, out); !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Fatalf("got %v", err)
	}
	if got := o.types(before); !slices.Equal(got, []string{"checkout.granted"}) {
		t.Fatalf("entries %v", got)
	}
	o.secrets.set(false)
	// What was done is not done again, and reveals nothing by itself.
	for code, want := range map[string]custody.Code{by.Code: custody.TOTPReplayed, "": custody.InvalidRequest, "000000": custody.TOTPInvalid} {
		again := by
		again.Code, again.Request = code, unique("again")
		shown, err := o.desk.CheckOut(t.Context(), again, out)
		o.refused(want, err)
		if !shown.Password.IsZero() {
			t.Errorf("%s: a password", want)
		}
		var told *custody.Refusal
		if asRefusal(err, &told); want == custody.TOTPReplayed && told.Key != "code_used_for_checkout" {
			t.Errorf("it does not say that the check-out was made: %v", err)
		}
	}
	before = o.size()
	by.Request, by.Code = "r-2", o.code("tech-a")
	shown, err := o.desk.CheckOut(t.Context(), by, out)
	if err != nil || !shown.Replayed || !shown.Password.Equal(o.password("db01", 1)) || shown.Lease.ID != "lease-1" || shown.Lease.Purpose.String() != "ticket 1" {
		t.Fatalf("the same key again, with a fresh code: %v", err)
	}
	if got := o.types(before); !slices.Equal(got, []string{"checkout.shown"}) {
		t.Fatalf("entries %v", got)
	}
	_, err = o.desk.CheckOut(t.Context(), by, out)
	o.refused(custody.TOTPReplayed, err)

	by.Digest = [32]byte{2}
	if _, err := o.desk.CheckOut(t.Context(), by, out); !errors.Is(err, desk.ErrKeyReused) {
		t.Errorf("the key with another body: %v", err)
	}

	// Custody has passed on: what was lent then may not be shown again.
	o.must("tech-a", custody.Offer{All: true, Reason: desk.NewNote("shift ends")})
	o.must("tech-b", custody.Accept{Handover: "handover-1"})
	by.Digest = [32]byte{1}
	_, err = o.desk.CheckOut(t.Context(), by, out)
	o.refused(custody.Conflict, err)
}

func TestCommandsShareACommitAndEachGetsItsOwnAnswer(t *testing.T) {
	o := newOffice(t)
	code := o.code("tech-a")
	open := o.gate.close()
	before := o.gate.count()

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
			outcome, err := o.desk.Do(t.Context(), c.by, c.action)
			results[i] <- result{outcome, err}
		}()
		// In order, and all behind the first, which waits at the door.
		waitFor(t, func() bool { return o.gate.count() > before && o.desk.Waiting() == max(0, i) })
	}
	open()
	got := make([]result, len(commands))
	for i := range results {
		got[i] = <-results[i]
	}
	if n := o.gate.count() - before; n != 2 {
		t.Errorf("%d transactions for five commands; the four that waited share one", n)
	}
	o.refused(custody.Conflict, got[0].err)
	o.refused(custody.NotFound, got[4].err)
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
	o := emptyOffice(t)
	o.hire("admin", custody.Admin)
	o.hire("tech-a", custody.Technician)
	o.hire("tech-b", custody.Technician)
	o.onboard("db01")
	for round := range 100 {
		holder := o.credential("db01").Holder
		other := o.credential("db01").Other(holder)
		// The holder leaves with an acceptance by the other, who at the same
		// instant marks themselves away: two goodbyes, of which one may come true.
		o.must(holder, custody.Offer{All: true, Leave: true, Reason: desk.NewNote("out")})
		offers, err := o.store.Credential(t.Context(), "db01")
		if err != nil {
			t.Fatal(err)
		}
		accept := desk.By{Actor: other, Request: unique("r"), Code: o.code(other)}
		o.clock.add(period * time.Second)
		away := desk.By{Actor: other, Request: unique("r"), Code: o.codeNow(other)}
		errs := atOnce(func() error {
			_, err := o.desk.Do(t.Context(), accept, custody.Accept{Handover: offers.Handover})
			return err
		},
			func() error { _, err := o.desk.Do(t.Context(), away, custody.GoAway{}); return err })
		a, b := o.person("tech-a"), o.person("tech-b")
		if a.Away == b.Away {
			t.Fatalf("round %d: tech-a away %v, tech-b away %v; errors %v", round, a.Away, b.Away, errs)
		}
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v; exactly one wins", round, errs)
		}
		// Back to two people at their posts, for the next round.
		if errs[0] == nil {
			o.must(holder, custody.ComeBack{TakeBack: true})
			o.rotate("db01")
		} else {
			o.must(other, custody.ComeBack{})
			o.must(holder, custody.Cancel{Handover: offers.Handover})
		}
	}
}

func TestTheSameHandoverAcceptedTwiceAtOnce(t *testing.T) {
	o := newOffice(t)
	o.must("tech-a", custody.Offer{All: true, Reason: desk.NewNote("out")})
	first := desk.By{Actor: "tech-b", Request: "one", Code: o.code("tech-b")}
	o.clock.add(period * time.Second)
	second := desk.By{Actor: "tech-b", Request: "two", Code: o.codeNow("tech-b")}
	errs := atOnce(func() error {
		_, err := o.desk.Do(t.Context(), first, custody.Accept{Handover: "handover-1"})
		return err
	},
		func() error {
			_, err := o.desk.Do(t.Context(), second, custody.Accept{Handover: "handover-1"})
			return err
		})
	if errs[0] != nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	if errs[0] != nil {
		t.Fatalf("nobody won: %v", errs)
	}
	o.refused(custody.HandoverNotOpen, errs[1])
}

func TestOneCodeConfirmsOneCommandOfTwoSentAtOnce(t *testing.T) {
	o := newOffice(t)
	code := o.code("tech-a")
	try := func() error {
		_, err := o.desk.CheckOut(t.Context(), desk.By{Actor: "tech-a", Request: unique("r"), Code: code}, custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("p")})
		return err
	}
	errs := atOnce(try, try)
	if errs[0] != nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	if errs[0] != nil {
		t.Fatalf("both refused: %v", errs)
	}
	o.refused(custody.TOTPReplayed, errs[1])
}

func TestALostCommitIsFoundOutByItsKey(t *testing.T) {
	o := newOffice(t)
	by := desk.By{Actor: "tech-a", Request: "r", Code: o.code("tech-a"), Key: "key-1"}
	offer := custody.Offer{All: true, Reason: desk.NewNote("out")}
	o.gate.loseNextAnswer()
	if _, err := o.desk.Do(t.Context(), by, offer); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Fatalf("got %v", err)
	}
	outcome, err := o.desk.Do(t.Context(), by, offer)
	if err != nil || !outcome.Replayed || outcome.Events[0].Fact.Type() != "handover.offered" {
		t.Fatalf("asked again: %+v, %v", outcome, err)
	}
	o.must("tech-b", custody.Accept{Handover: "handover-1"})
}

func TestTwoReplicasOnOneLedger(t *testing.T) {
	o := newOffice(t)
	here, there := o.desk, o.open()
	for range 3 {
		o.desk = here
		o.must("tech-a", custody.Offer{All: true, Leave: true, Reason: desk.NewNote("out")})
		o.desk = there
		o.must("tech-b", custody.Accept{Handover: o.credential("db01").Handover})
		o.desk = here
		_, err := o.do("tech-b", custody.GoAway{})
		o.refused(custody.BothAway, err)
		o.must("tech-a", custody.ComeBack{TakeBack: true})
		o.desk = there
		o.rotate("db01")
		here, there = there, here
	}
}

func TestAnExpiredOfferCannotBeAcceptedHoweverLateTheTimer(t *testing.T) {
	o := newOffice(t)
	o.must("tech-a", custody.Offer{All: true, Reason: desk.NewNote("out")})
	before := o.size()
	o.clock.add(o.config.Policy.OfferTTL)
	_, err := o.do("tech-b", custody.Accept{Handover: "handover-1"})
	o.refused(custody.HandoverNotOpen, err)
	if got := o.types(before); !slices.Contains(got, "handover.expired") {
		t.Errorf("entries %v", got)
	}
	o.must("tech-a", custody.Offer{All: true, Reason: desk.NewNote("out, again")})
}

func TestTheTimerEndsALeaseByItself(t *testing.T) {
	o := newOffice(t)
	if _, err := o.checkOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	followed := o.desk.Follow()
	o.clock.add(o.config.Policy.Lease)
	select {
	case <-followed:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing happened")
	}
	waitFor(t, func() bool { return o.credential("db01").Lease.ID == "" })
}

func TestOnlyTheCommittedHeadIsSigned(t *testing.T) {
	o := newOffice(t)
	vkey, err := o.desk.LedgerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := o.desk.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := audit.OpenCheckpoint(head.Text, vkey)
	if err != nil {
		t.Fatal(err)
	}
	size, root, err := o.store.Head(t.Context())
	if err != nil || checkpoint.Size != size || checkpoint.Root != root || checkpoint.Origin != "test.example/ledger" {
		t.Fatalf("signed %d, the database has %d entries; %v", checkpoint.Size, size, err)
	}
	again, err := o.desk.Checkpoint(t.Context())
	if err != nil || !bytes.Equal(head.Text, again.Text) {
		t.Errorf("an unmoved head was signed twice; %v", err)
	}
}

func TestCloseFinishesWhatWasBegun(t *testing.T) {
	o := newOffice(t)
	open := o.gate.close()
	before := o.gate.count()
	done := make(chan error, 1)
	go func() {
		done <- o.writes(o.desk)
	}()
	waitFor(t, func() bool { return o.gate.count() > before })
	closed := make(chan struct{})
	go func() { _ = o.desk.Close(); close(closed) }()
	open()
	if err := <-done; err != nil {
		t.Errorf("the command under way: %v", err)
	}
	<-closed
	if err := o.writes(o.desk); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("after Close: %v", err)
	}
	if types := o.types(0); types[len(types)-1] != "session.locked" {
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

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("did not come about")
		}
	}
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
