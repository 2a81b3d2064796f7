package notify

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

// written gives the mails about one event, by who gets them.
func (o *office) written(fact custody.Fact) map[string]*letter {
	o.t.Helper()
	letters, err := o.follower.write(o.t.Context(), []indexed{{custody.Event{Time: o.clock(), Fact: fact}, 7}})
	if err != nil {
		o.t.Fatal(err)
	}
	got := map[string]*letter{}
	for _, l := range letters {
		if got[l.username] != nil {
			o.t.Errorf("%T: %s gets two mails", fact, l.username)
		}
		got[l.username] = l
	}
	return got
}

// TestAnOfferThatEndsIsToldToTheOther: who ended it knows.
func TestAnOfferThatEndsIsToldToTheOther(t *testing.T) {
	for how, want := range map[custody.HandoverStatus]string{custody.Declined: "tech-a", custody.Cancelled: "tech-b", custody.Expired: "tech-a"} {
		o := newOffice(t)
		got := o.written(custody.HandoverEnded{Handover: "handover-1", How: how, Reason: desk.NewNote("because")})
		if len(got) != 1 || got[want] == nil || !strings.Contains(got[want].Mail.Text, "because") && how != custody.Expired {
			t.Errorf("%s is told to %v", how, got)
		}
	}
}

// TestNamesThatDoNotExistAreStrangers to the managers, and nobody is called by
// an empty name.
func TestNamesThatDoNotExistAreStrangers(t *testing.T) {
	o := newOffice(t)
	o.chosen = nil
	known := o.written(custody.SignInLocked{Person: "tech-a", Failures: 5, Until: noon})
	unknown := o.written(custody.SignInLocked{Failures: 5, Until: noon})
	if known["tech-a"] == nil || known["manager"] == nil || len(known) != 2 {
		t.Errorf("of tech-a: %v", known)
	}
	if unknown["manager"] == nil || len(unknown) != 1 {
		t.Errorf("of strangers: %v", unknown)
	}
	const page = "https://tandem.example/people" // of one who does not exist there is nothing to see
	if m := known["manager"]; m != nil && !strings.Contains(m.Mail.Text, page) {
		t.Errorf("of tech-a: %s", m.Mail.Text)
	}
	if m := unknown["manager"]; m != nil && strings.Contains(m.Mail.Text, page) {
		t.Errorf("of strangers: %s", m.Mail.Text)
	}
}

// TestWhatIsOldWhenItIsReadIsNotSent: after a long stop nobody wants the mails of
// last week, and the count says that there were some.
func TestWhatIsOldWhenItIsReadIsNotSent(t *testing.T) {
	o := newOffice(t)
	o.happen("first", custody.SessionOpened{Person: "tech-a"})
	stop := o.run(o.follower)
	o.settled(1)
	stop()
	o.happen("old", offered(1))
	o.pass(25 * time.Hour)
	o.happen("new", offered(2))
	f := o.open()
	o.run(f)
	if m := o.server.Next(t); !strings.Contains(m.Subject, "handover-2") {
		t.Errorf("%q", m.Subject)
	}
	o.settled(3)
	o.server.None(t)
	if got := testutil.ToFloat64(f.counts.failed.WithLabelValues(tooOld)); got != 1 {
		t.Errorf("%v too old", got)
	}
}

// TestALongListIsCutAndSaysSo.
func TestALongListIsCutAndSaysSo(t *testing.T) {
	o := newOffice(t)
	o.chosen = nil
	offer := offered(1)
	for i := range maxNames + 7 {
		offer.Credentials = append(offer.Credentials, fmt.Sprintf("host%03d", i))
	}
	got := o.written(offer)
	if got["tech-b"] == nil {
		t.Fatal("nobody is told")
	}
	text := got["tech-b"].Mail.Text
	if n := strings.Count(text, "host"); n != maxNames-1 || !strings.Contains(text, "(+8)") { // db01 comes first
		t.Errorf("%d names: %s", n, text)
	}
	offer.Credentials = offer.Credentials[:maxNames]
	if text := o.written(offer)["tech-b"].Mail.Text; strings.Contains(text, "(+") || strings.Count(text, "host") != maxNames-1 {
		t.Errorf("a list that is just short enough: %s", text)
	}
}

// TestADeedOfManyEventsSaysHowManyAreLeftOut.
func TestADeedOfManyEventsSaysHowManyAreLeftOut(t *testing.T) {
	o := newOffice(t)
	o.chosen = nil
	for extra, want := range map[int]bool{0: false, 3: true} {
		var deed []indexed
		for i := range maxNotices + extra {
			deed = append(deed, indexed{custody.Event{Time: o.clock(), Fact: custody.RotationOverdue{Credential: fmt.Sprint("db", i)}}, int64(i)})
		}
		letters, err := o.follower.write(t.Context(), deed)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(letters, func(l *letter) bool { return l.username == "tech-a" })
		if at < 0 {
			t.Fatal("tech-a is not told")
		}
		more, err := words.In(words.English).Say("mail.frame.more", custody.Args{"Count": extra})
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(letters[at].Mail.Text, strings.TrimSpace(more)); said != want {
			t.Errorf("%d left out, said: %v", extra, said)
		}
	}
}

// TestALeavingIsToldToWhomItConcerns: to whoever left at their last address, once and
// nothing else; to all who can undo it; to who looks after their credentials now.
func TestALeavingIsToldToWhomItConcerns(t *testing.T) {
	o := newOffice(t)
	o.chosen = nil
	at := slices.IndexFunc(o.people, func(p custody.Person) bool { return p.Username == "tech-a" })
	o.people[at].Disabled, o.people[at].Email = true, desk.NewNote("last@example.org")
	for _, c := range []struct {
		fact custody.Fact
		want []string
	}{
		{custody.PersonDisabled{Person: "tech-a"}, []string{"admin", "director", "manager", "tech-a"}},
		{custody.PersonDisabled{Person: "tech-a", Planned: "p-1"}, []string{"admin", "director", "manager", "tech-a"}},
		{custody.SeatVacated{Credential: "db01", Person: "manager"}, []string{"tech-b"}}, // tech-a is disabled
		{custody.RotationPromoted{Credential: "db01"}, []string{"tech-b"}},
		{custody.HandoverVoided{Handover: "handover-1", Person: "tech-a"}, []string{"tech-b"}},
		{custody.OffboardingOverdue{Person: "tech-a"}, []string{"admin", "director", "manager"}},
		{custody.OffboardingEnded{Person: "tech-a"}, []string{"admin", "director", "manager"}},
	} {
		var told []string
		for who, l := range o.written(c.fact) {
			told = append(told, who)
			if who == "tech-a" && l.Mail.To != "last@example.org" {
				t.Errorf("%s goes to %s", c.fact.Type(), l.Mail.To)
			}
		}
		if slices.Sort(told); !slices.Equal(told, c.want) {
			t.Errorf("%s is told to %v, want %v", c.fact.Type(), told, c.want)
		}
	}
}

// TestAProposalIsToldToWhoeverCanApproveIt, and not to who made it; and what became
// of it to them; and other custodians to those who are and those who were.
func TestAProposalIsToldToWhoeverCanApproveIt(t *testing.T) {
	o := newOffice(t)
	everybody := []string{"admin", "auditor", "director", "manager", "nobody", "tech-a", "tech-b"}
	for _, c := range []struct {
		fact custody.Fact
		want []string
	}{
		{custody.ProposalMade{Proposal: "p-1"}, []string{"director", "manager", "nobody"}},
		{custody.ProposalMade{Proposal: "p-1", Alone: true}, []string{"director", "manager", "nobody"}},
		{custody.ProposalEffected{Proposal: "p-1"}, []string{"admin"}},
		{custody.ProposalMade{Proposal: "p-2"}, everybody}, {custody.ProposalRevised{Proposal: "p-2"}, everybody},
		{custody.ProposalApproved{Proposal: "p-2", Noticed: true}, everybody}, {custody.ProposalAnnounced{Proposal: "p-2"}, everybody},
		{custody.ProposalNear{Proposal: "p-2"}, everybody}, {custody.PersonRefounded{Person: "tech-a"}, everybody}, {custody.ProposalEffected{Proposal: "p-2"}, []string{"admin"}},
		{custody.ProposalRejected{Proposal: "p-2", Veto: true}, everybody}, {custody.ProposalFailed{Proposal: "p-2"}, everybody}, {custody.ProposalExpired{Proposal: "p-2"}, everybody},
		{custody.RecoverySought{Person: "admin"}, everybody}, {custody.RecoveryStopped{Person: "admin"}, everybody},
		{custody.DeparturePlanned{Person: "tech-a"}, []string{"admin", "director", "manager", "nobody", "tech-a"}},
		{custody.DepartureNear{Person: "tech-a"}, []string{"admin", "director", "manager", "nobody", "tech-a"}},
		{custody.ProposalRejected{Proposal: "p-1", Reason: desk.NewNote("no")}, []string{"admin"}},
		{custody.CustodiansChanged{Credential: "db01", Primary: "tech-b", Backup: "auditor", Before: []string{"tech-b", "nobody"}, Until: noon, Substitute: "auditor", Original: "tech-a"}, []string{"auditor", "nobody", "tech-a", "tech-b"}},
		{custody.SubstituteNear{Credential: "db01", Person: "tech-b", Original: "auditor"}, []string{"auditor", "tech-a", "tech-b"}},
		{custody.SeatGivenBack{Credential: "db01", Person: "tech-a", From: "auditor"}, []string{"auditor", "tech-a", "tech-b"}},
		{custody.SubstituteStays{Credential: "db01", Person: "tech-b", Original: "auditor"}, []string{"auditor", "director", "manager", "nobody", "tech-a", "tech-b"}},
		{custody.CustodiansChanged{Credential: "db01", Primary: "tech-b", Backup: "auditor", Before: []string{"tech-a", "tech-b"}, Proposal: "p-1"}, []string{"auditor", "tech-a", "tech-b"}},
	} {
		notices, err := o.follower.notices(t.Context(), indexed{custody.Event{Time: noon, Fact: c.fact}, 7}, o.people)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, n := range notices {
			told = append(told, n.to)
		}
		if slices.Sort(told); !slices.Equal(told, c.want) {
			t.Errorf("%s is told to %v, want %v", c.fact.Type(), told, c.want)
		}
	}
}
