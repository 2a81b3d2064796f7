package notify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify/smtp/smtptest"
)

// TestAnOfferIsOneMailInTheReadersLanguage, over a real conversation.
func TestAnOfferIsOneMailInTheReadersLanguage(t *testing.T) {
	o := newOffice(t)
	o.happen("old", offered(1)) // before there was a follower
	o.run(o.follower)
	o.settled(1)
	fact := offered(2)
	fact.Credentials = nil
	for i := range 40 {
		fact.Credentials = append(fact.Credentials, fmt.Sprintf("db%02d", i))
	}
	o.happen("r1", fact)
	m := o.server.Next(t)
	if m.To != "tech-b@example.org" || !m.TLS || m.User != smtptest.User || m.Subject != "[Tandem] 待您处理：Person tech-a (tech-a) 的交接 handover-2" {
		t.Errorf("%+v", m)
	}
	for _, want := range []string{"Person tech-b，您好：\n", "db00、db01、", "db39", "2026-03-03 20:00 UTC+08:00", "https://tandem.example/handovers/handover-2\n", "https://tandem.example/ledger/1\n"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("no %q in\n%s", want, m.Text)
		}
	}
	o.settled(2)
	o.happen("r2", custody.HandoverAccepted{Handover: "handover-2", From: "tech-a", To: "tech-b", Credentials: fact.Credentials})
	if m := o.server.Next(t); m.To != "tech-a@example.org" || !strings.Contains(m.Text, "Person tech-b (tech-b) has accepted handover-2") {
		t.Errorf("%+v", m)
	}
	o.settled(3)
	o.server.None(t)
}

// TestManyEventsOfOneRequestAreOneMail for each person who is concerned.
func TestManyEventsOfOneRequestAreOneMail(t *testing.T) {
	o := newOffice(t)
	o.chosen = nil // all in English
	o.happen("old", custody.SessionOpened{Person: "tech-a"})
	o.run(o.follower)
	o.settled(1)
	var facts []custody.Fact
	for i := range 1200 { // more than is read at once
		facts = append(facts, custody.RotationOverdue{Credential: fmt.Sprintf("db%04d", i)})
	}
	o.happen("", facts[:400]...) // what time does has no request
	o.pass(time.Second)
	o.happen("", facts[400:]...)
	var got []string
	for range 6 {
		m := o.server.Next(t)
		got = append(got, m.To)
		if n := strings.Count(m.Text, "should have been changed by now"); n != maxNotices ||
			!strings.Contains(m.Subject, "(+399)") && !strings.Contains(m.Subject, "(+799)") {
			t.Errorf("%s, with %d", m.Subject, n)
		}
	}
	slices.Sort(got)
	if want := []string{"manager@example.org", "manager@example.org", "tech-a@example.org", "tech-a@example.org", "tech-b@example.org", "tech-b@example.org"}; !slices.Equal(got, want) {
		t.Errorf("told %v", got)
	}
	o.settled(1201)
	o.server.None(t)
}

// TestWhoIsToldOfAnAlarm: the more serious, the more people, each of them once.
func TestWhoIsToldOfAnAlarm(t *testing.T) {
	o := newOffice(t)
	o.people[0].Roles = append(o.people[0].Roles, custody.Manager) // tech-a, twice concerned
	for _, test := range []struct {
		fact custody.Fact
		want string
	}{
		{custody.RotationOverdue{Credential: "db01"}, "manager tech-a tech-b"},
		{custody.RotationFailed{Credential: "db01", Failure: string(custody.AdminRefused)}, "admin manager tech-a tech-b"},
		{custody.RotationFailed{Credential: "db01", Failure: string(custody.CurrentRefused)}, "admin manager tech-a tech-b"},
		{custody.PersonLocked{Person: "tech-b"}, "manager tech-a tech-b"},
		{custody.SignInLocked{}, "manager tech-a"},
		{custody.SameSeed{Person: "tech-b", Other: "tech-a"}, "admin auditor director manager tech-a tech-b"},
		{custody.LedgerConflict{Witness: "w"}, "admin auditor director manager tech-a"},
		{custody.HandoverOverdue{Handover: "handover-1"}, "tech-a tech-b"},
		{custody.HandoverOverdue{Handover: "handover-404"}, ""},
		{custody.EnrolmentReset{Person: "tech-a"}, "tech-a"},
		{custody.LinkIssued{Person: "tech-a"}, "director"},
		{custody.LinkRefused{Person: "tech-a", Wrong: 5}, "manager tech-a"},
		{custody.Joined{Person: "tech-b"}, "tech-b"},
		{custody.RolesChanged{Person: "tech-b"}, "tech-b"},
		{custody.CustodyPassed{Credential: "db01", From: "tech-a", Successor: "tech-b"}, "tech-a tech-b"},
		{custody.EnrolmentReset{Person: "tech-a", OnHost: true}, "admin auditor director manager tech-a tech-b"},
		{custody.PersonUnlocked{Person: "tech-b"}, "manager tech-a tech-b"},
		{custody.EmailChanged{Person: "tech-b", Email: desk.NewNote("new@example.org"), Before: desk.NewNote("old@example.org")}, "tech-b tech-b"},
		{custody.EmailChanged{Person: "tech-b", Before: desk.NewNote("old@example.org")}, "tech-b"},
	} {
		letters, err := o.follower.write(t.Context(), []indexed{{custody.Event{Time: noon, Actor: custody.System, Fact: test.fact}, 7}})
		if err != nil {
			t.Fatal(err)
		}
		var to []string
		for _, l := range letters {
			to = append(to, l.username)
		}
		slices.Sort(to)
		if got := strings.Join(to, " "); got != test.want {
			t.Errorf("%s tells %q, want %q", test.fact.Type(), got, test.want)
		}
	}
	o.people[0].Disabled = true
	letters, err := o.follower.write(t.Context(), []indexed{{custody.Event{Time: noon, Fact: custody.EnrolmentReset{Person: "tech-a"}}, 7}})
	if err != nil || len(letters) != 0 {
		t.Errorf("somebody disabled is told: %v, %v", letters, err)
	}
}

// TestAManagersOwnSeriousDeedIsToldTheDirector: the only mail about a text that the only
// manager took out of the ledger went to that manager.
func TestAManagersOwnSeriousDeedIsToldTheDirector(t *testing.T) {
	o := newOffice(t)
	for actor, want := range map[string]string{"manager": "director manager", "director": "manager", custody.System: "manager"} {
		letters, err := o.follower.write(t.Context(), []indexed{{custody.Event{Time: noon, Actor: actor, Fact: custody.TextRedacted{Reason: desk.NewNote("x")}}, 7}})
		if err != nil {
			t.Fatal(err)
		}
		var to []string
		for _, l := range letters {
			to = append(to, l.username)
		}
		slices.Sort(to)
		if got := strings.Join(to, " "); got != want {
			t.Errorf("by %s: %q are told, want %q", actor, got, want)
		}
	}
}

// TestOneMailHoldsNobodyUp: an address that is refused for good is given up, one
// that is taken later waits alone, and the position waits for it.
func TestOneMailHoldsNobodyUp(t *testing.T) {
	o := newOffice(t)
	o.happen("old", custody.SessionOpened{Person: "tech-a"})
	stop := o.run(o.follower)
	o.settled(1)
	greylisted := make(chan struct{}, 1000)
	o.server.Refuse(func(to string) error {
		switch to {
		case "manager@example.org":
			return smtptest.Reply(550)
		case "tech-b@example.org":
			greylisted <- struct{}{}
			return smtptest.Reply(451)
		}
		return nil
	})
	o.happen("r1", custody.RotationOverdue{Credential: "db01"})
	o.happen("r2", custody.EnrolmentReset{Person: "tech-a"})
	for _, want := range []string{"Serious: the password change of db01 is overdue", "Your log-in is to be set up anew"} {
		if m := o.server.Next(t); m.To != "tech-a@example.org" || m.Subject != "[Tandem] "+want {
			t.Errorf("%+v", m)
		}
	}
	for range 2 { // and again
		select {
		case <-greylisted:
		case <-time.After(patience):
			t.Fatal("the mail that is to be sent later is not tried")
		}
	}
	if at := o.at(); at != 1 {
		t.Errorf("the position is %d while the mail of entry 1 waits", at)
	}
	if got := testutil.ToFloat64(o.follower.counts.failed.WithLabelValues(refused)); got != 1 {
		t.Errorf("%v refused", got)
	}
	stop()

	// After a restart it is tried again; what had been sent comes twice, and says so.
	o.server.Refuse(nil)
	o.run(o.open())
	again := map[string]int{}
	for range 4 { // the manager's too, whose address works now
		again[o.server.Next(t).To]++
	}
	o.settled(3)
	if again["tech-a@example.org"] != 2 || again["tech-b@example.org"] != 1 || again["manager@example.org"] != 1 {
		t.Errorf("sent again: %v", again)
	}
}

// TestAServerThatRefusesOurNameLosesNothing: many say only in answer to RCPT, and
// with 5xx, that they do not like who sends; it ends when that is put right.
func TestAServerThatRefusesOurNameLosesNothing(t *testing.T) {
	o := newOffice(t)
	o.happen("old", custody.SessionOpened{Person: "tech-a"})
	o.run(o.follower)
	o.settled(1)
	tried := make(chan struct{}, 10_000)
	o.server.Refuse(func(string) error {
		tried <- struct{}{}
		return smtptest.Enhanced(504, 5, 2) // Helo command rejected: need fully-qualified hostname
	})
	for i := range 3 {
		o.happen(fmt.Sprint("r", i), offered(i))
	}
	for range 9 {
		select {
		case <-tried:
		case <-time.After(30 * time.Second):
			t.Fatal("it is not tried again")
		}
	}
	o.server.Refuse(nil)
	for range 3 {
		o.server.Next(t)
	}
	o.settled(4)
	if got := testutil.ToFloat64(o.follower.counts.failed.WithLabelValues(refused)); got != 0 {
		t.Errorf("%v refused", got)
	}
}

// TestAMailSentAgainHasTheSameName, and no other has.
func TestAMailSentAgainHasTheSameName(t *testing.T) {
	o := newOffice(t)
	names := map[string]bool{}
	for range 2 {
		for index := range int64(3) {
			letters, err := o.follower.write(t.Context(), []indexed{{custody.Event{Time: noon, Fact: custody.RotationOverdue{Credential: "db01"}}, index}})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range letters {
				names[l.ID] = true
			}
		}
	}
	if len(names) != 9 {
		t.Errorf("%d names for 9 mails", len(names))
	}
}

// TestAServerThatIsGoneLosesNothing: mails wait for it, and those that have waited
// for more than a day are given up.
func TestAServerThatIsGoneLosesNothing(t *testing.T) {
	o := newOffice(t)
	o.happen("old", custody.SessionOpened{Person: "tech-a"})
	o.run(o.follower)
	o.settled(1)
	address := o.server.Address
	o.server.Stop()
	for i := range 20 {
		o.happen(fmt.Sprint("r", i), offered(i))
	}
	o.pass(23 * time.Hour)
	o.happen("late", offered(99))
	o.pass(2 * time.Hour)
	o.server.Listen(t, address, false)
	if m := o.server.Next(t); !strings.Contains(m.Subject, "handover-99") {
		t.Errorf("%+v", m)
	}
	o.settled(22)
	o.server.None(t)
	if got := testutil.ToFloat64(o.follower.counts.failed.WithLabelValues(tooOld)); got > 20 {
		t.Errorf("%v too old", got)
	}
	o.happen("after", offered(100))
	o.server.Next(t)
}

// TestTheDatabaseComesBack: what could not be read is read later.
func TestTheDatabaseComesBack(t *testing.T) {
	o := newOffice(t)
	o.happen("old", custody.SessionOpened{Person: "tech-a"})
	o.run(o.follower)
	o.settled(1)
	o.Fail(errors.New("no"))
	o.happen("r1", offered(1))
	waitFor(t, "three times of trying in vain", func() bool { return o.Failed() >= 3 })
	o.server.None(t)
	o.Fail(nil)
	o.server.Next(t)
	o.settled(2)
}

// TestASpoiltEntrySilencesNothing that comes after it.
func TestASpoiltEntrySilencesNothing(t *testing.T) {
	o := newOffice(t)
	o.happen("old", custody.SessionOpened{Person: "tech-a"})
	o.run(o.follower)
	o.settled(1)
	o.Append([]byte("spoilt"))
	o.happen("r1", custody.LedgerConflict{Witness: "w"})
	for range 4 {
		if m := o.server.Next(t); !strings.Contains(m.Subject, "SPECIAL") {
			t.Errorf("%+v", m)
		}
	}
	o.settled(3)
	if got := testutil.ToFloat64(o.follower.counts.failed.WithLabelValues(unreadable)); got != 1 {
		t.Errorf("%v unreadable", got)
	}
}

func TestMetrics(t *testing.T) {
	o := newOffice(t)
	o.happen("old", custody.SessionOpened{Person: "tech-a"}, custody.SessionOpened{Person: "tech-a"})
	o.places.Put(place, 1)
	want := "# HELP tandem_notify_lag_entries Entries of the ledger about which e-mails may still have to be sent.\n# TYPE tandem_notify_lag_entries gauge\ntandem_notify_lag_entries 1\n"
	if err := testutil.CollectAndCompare(o.follower, strings.NewReader(want), "tandem_notify_lag_entries"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(o.follower); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	var none *Follower // nothing is configured
	registry := prometheus.NewRegistry()
	if err := registry.Register(none); err != nil {
		t.Error(err)
	}
	if err := none.Run(t.Context()); err != nil {
		t.Error(err)
	}
	if got, err := registry.Gather(); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
}
