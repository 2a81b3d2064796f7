package custody

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// What can be told of a small office, stated over again and apart from the rules:
// neither decide nor allowed nor apply of any fact is asked here. told is what was
// told so far, sentences is everything that could be said next, true or not, and
// which of it may be said. A ledger is in the reachable set when each of its
// commands is one of the sentences that may be said where it stands.

// told is an office: who is away, who holds what, what is on offer.
type told struct {
	now       time.Time // of the last entry
	people    []string  // technicians, sorted
	away      map[string]bool
	codes     map[string]int64 // the last step that confirmed something, by person
	accounts  []account        // sorted by name
	handovers []passing        // open ones, in the order in which they were offered
	offered   int64            // handovers ever
	lent      int64            // check-outs ever
}

type account struct {
	name, first, second string // second: the other custodian
	manual, onTransfer  bool   // set by hand; changed when it is passed on

	holder    string // "": it is being changed
	successor string // who holds it then
	why       RotationReason
	changes   int64 // ever begun
	step      RotationStep
	deadline  time.Time
	late      bool // and said so
	shownTo   []string
	paused    bool
	sending   bool // what an attempt that is under way, or was cut short, may have sent
	touched   bool // what one that is over may have
	version   int64
	lease     string
	borrower  string
	until     time.Time
	handover  string
}

type passing struct {
	id, from, to string
	names        []string
	status       HandoverStatus
	leave        bool
	reason       Note
	back         time.Time // expected
	expires      time.Time
	late         bool
}

// free is what a sentence leaves to whoever says it.
type free struct {
	at       time.Time
	step     int64 // of the code
	text     Note
	back     time.Time // when somebody means to be here again
	failure  string
	next     time.Time // when the next attempt is
	version  int64
	refused  bool // the old password
	unsent   bool // what surely did not reach the target
	attested bool
}

// sentence is one command with its entries.
type sentence struct {
	mayBe  bool
	actor  string
	coded  bool
	action Action
	facts  []Fact
}

const (
	lendFor   = 8 * time.Hour
	offerFor  = 24 * time.Hour
	changeFor = time.Hour
	codeFor   = 30 // seconds
)

func (o *told) copy() *told {
	c := *o
	c.away, c.codes = maps.Clone(o.away), maps.Clone(o.codes)
	c.accounts, c.handovers = slices.Clone(o.accounts), slices.Clone(o.handovers)
	return &c
}

func (o *told) account(name string) *account {
	for i := range o.accounts {
		if o.accounts[i].name == name {
			return &o.accounts[i]
		}
	}
	return &account{}
}

func (o *told) passing(id string) *passing {
	for i := range o.handovers {
		if o.handovers[i].id == id {
			return &o.handovers[i]
		}
	}
	return &passing{}
}

func (o *told) byID() []passing {
	return slices.SortedFunc(slices.Values(o.handovers), func(a, b passing) int { return strings.Compare(a.id, b.id) })
}

func (a account) of(person string) bool { return a.first == person || a.second == person }

func (a account) other(person string) string {
	if a.first == person {
		return a.second
	}
	return a.first
}

// alone: leaving would leave an account with nobody, or what a handover says is
// theirs without them.
func (o *told) alone(person string) bool {
	return slices.ContainsFunc(o.accounts, func(a account) bool {
		h := o.passing(a.handover)
		tied := a.successor == person && h.id != "" && h.status != Returned
		return a.of(person) && (o.away[a.other(person)] || tied)
	})
}

// leaves: what is being changed for who leaves is the other's.
func (o *told) leaves(person string) (facts []Fact) {
	for _, a := range o.accounts {
		if a.successor == person {
			facts = append(facts, RotationPassed{a.name, a.changes, person, a.other(person)})
		}
	}
	return facts
}

// reached: the target may know the password in the making.
func (a account) reached() bool {
	return a.sending || a.touched || len(a.shownTo) > 0 || a.step != StepPending && a.step != StepStaged
}

func (o *told) holds(person string) (names []string) {
	for _, a := range o.accounts {
		if a.holder == person {
			names = append(names, a.name)
		}
	}
	return names
}

func (o *told) allHeld(names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return o.account(n).holder == "" })
}

// sentences gives everything that could be said next by whoever fills in what is
// free, in this office.
func (o *told) sentences(f free) (all []sentence) {
	if overdue := o.overdue(f.at); len(overdue) > 0 { // time speaks first
		return []sentence{{true, System, false, Tick{}, overdue}}
	}
	if f.at.Before(o.now) || f.at.Nanosecond()%1e6 != 0 {
		return nil
	}
	say := func(mayBe bool, actor string, coded bool, action Action, facts ...Fact) {
		if coded {
			now := f.at.Unix() / codeFor
			mayBe = mayBe && f.step > o.codes[actor] && now-2 <= f.step && f.step <= now+1
		}
		all = append(all, sentence{mayBe, actor, coded, action, facts})
	}
	text := !f.text.IsZero() // of its form nobody knows more who has no texts
	mayBack := f.back.IsZero() || f.back.After(f.at) && f.back.Year() <= 9999
	for _, p := range o.people {
		away := append(o.leaves(p), PersonAway{Person: p, Until: f.back, Reason: f.text})
		say(!o.away[p] && len(o.holds(p)) == 0 && !o.alone(p) && mayBack, p, true, GoAway{f.back, f.text}, away...)
		say(o.away[p], p, false, ComeBack{}, PersonPresent{p})
		o.takeBack(p, f, say)
		for _, names := range subsets(o.accounts) {
			mine := o.mayOffer(p, names) && text && mayBack
			say(mine, p, true, Offer{Credentials: names, Reason: f.text, ExpectedReturn: f.back}, o.offers(p, names, false, f)...)
			leave := mine && !o.alone(p) && slices.Equal(names, o.holds(p))
			leaving := append(o.leaves(p), o.offers(p, names, true, f)...)
			say(leave, p, true, Offer{Credentials: names, Leave: true, Reason: f.text, ExpectedReturn: f.back}, leaving...)
		}
		leave := len(o.holds(p)) == 0 && !o.away[p] && !o.alone(p) && text && mayBack
		say(leave, p, true, Offer{Leave: true, Reason: f.text, ExpectedReturn: f.back}, away...)
		for _, h := range o.handovers {
			accepted := append([]Fact{HandoverAccepted{h.id, h.from, h.to, h.names}}, o.afterwards(h, f)...)
			say(h.status == Offered && h.to == p && !o.away[p] && o.allHeld(h.names), p, true, Accept{h.id}, accepted...)
			say(h.status == Offered && h.to == p, p, false, Decline{h.id, f.text}, HandoverEnded{h.id, Declined, f.text})
			say(h.status == Offered && h.from == p, p, false, Cancel{h.id, f.text}, HandoverEnded{h.id, Cancelled, f.text})
			back := HandoverReturned{h.id, h.from, h.to, h.names, f.at.Add(changeFor)}
			party := h.from == p || h.to == p
			say(h.status == Accepted && party && !o.away[h.from], p, true, GiveBack{h.id}, back)
		}
		for _, a := range o.accounts {
			lent := CheckoutGranted{a.name, fmt.Sprintf("lease-%d", o.lent+1), f.text, a.version, f.at.Add(lendFor)}
			say(a.holder == p && text, p, true, CheckOut{a.name, f.text}, lent)
			say(a.borrower == p, p, false, CheckIn{a.name}, CheckoutEnded{a.name, a.lease, "checkin"})
			changed := RotationStarted{a.name, a.changes + 1, ForRequested, p, f.at.Add(changeFor), f.text}
			say(a.holder == p && text, p, true, RequestRotation{Credential: a.name, Reason: f.text}, changed)
			mine := a.successor == p
			say(mine && (a.manual || a.paused) && (a.step == StepStaged || a.step == StepApplied), p, true, ShowNew{a.name}, RotationShown{a.name, a.changes, a.version})
			set := mine && a.manual && a.step == StepStaged && !a.paused && slices.Contains(a.shownTo, p)
			say(set, p, true, ConfirmSet{a.name}, RotationApplied{a.name, a.changes})
			say(mine && !a.paused && text, p, true, PauseRotation{a.name, f.text}, RotationPaused{a.name, a.changes, f.text})
			say(mine && a.paused, p, true, ResumeRotation{a.name}, RotationResumed{a.name, a.changes})
			asked := a.why == ForRequested || a.why == ForOnboard || a.why == ForDrift
			say(mine && asked && !a.reached() && text, p, true, CancelRotation{a.name, f.text}, RotationCancelled{a.name, a.changes, f.text})
			say(false, p, true, Retire{a.name}, CredentialRetired{a.name, "p-1"}) // nobody here approves anything
			say(false, p, true, Abandon{a.name}, CredentialAbandoned{a.name, a.changes, "p-1"})
			say(false, p, true, ChangePolicy{a.name, CredentialPolicy{}}, CredentialPolicyChanged{Credential: a.name})
			say(false, p, true, Reconcile{a.name, f.text}, RotationStarted{a.name, a.changes + 1, ForDrift, a.holder, f.at.Add(changeFor), f.text})
		}
	}
	for _, p := range o.people { // nobody here is a manager
		say(false, p, true, ChangeSealKey{"0123abcd", "4567cdef"}, SealKeyChanged{"0123abcd", "4567cdef"})
	}
	for _, a := range o.accounts {
		o.reports(a, f, say)
	}
	return all
}

// takeBack: somebody is back, and wants what they gave.
func (o *told) takeBack(p string, f free, say func(bool, string, bool, Action, ...Fact)) {
	ids, facts := []string{}, []Fact(nil)
	if o.away[p] {
		facts = append(facts, PersonPresent{p})
	}
	for _, h := range o.byID() {
		if h.from == p && h.status == Accepted {
			ids = append(ids, h.id)
			facts = append(facts, HandoverReturned{h.id, h.from, h.to, h.names, f.at.Add(changeFor)})
		}
	}
	say(len(facts) > 0, p, true, ComeBack{TakeBack: true, Handovers: ids}, facts...)
}

func (o *told) mayOffer(p string, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool {
		a := o.account(n)
		return a.holder != p || a.handover != "" || o.away[a.other(p)]
	})
}

// offers: one handover for each receiver.
func (o *told) offers(p string, names []string, leave bool, f free) (facts []Fact) {
	to := map[string][]string{}
	for _, n := range names {
		to[o.account(n).other(p)] = append(to[o.account(n).other(p)], n)
	}
	for i, receiver := range slices.Sorted(maps.Keys(to)) {
		facts = append(facts, HandoverOffered{
			fmt.Sprintf("handover-%d", o.offered+int64(i)+1), p, receiver, to[receiver], f.text, leave, f.back, f.at.Add(offerFor), "",
		})
	}
	return facts
}

// afterwards is what an acceptance leads to beside itself.
func (o *told) afterwards(h passing, f free) (facts []Fact) {
	for _, n := range h.names {
		if a := o.account(n); a.onTransfer {
			facts = append(facts, RotationStarted{n, a.changes + 1, ForTransfer, h.to, f.at.Add(changeFor), note("")})
		}
	}
	keeps := slices.ContainsFunc(o.holds(h.from), func(n string) bool { return !slices.Contains(h.names, n) })
	waits := slices.ContainsFunc(o.accounts, func(a account) bool { return a.successor == h.from })
	if h.leave && !o.away[h.from] && !keeps && !waits && !o.alone(h.from) {
		facts = append(facts, PersonAway{Person: h.from, Until: h.back, Reason: h.reason})
	}
	return facts
}

// reports are what the worker says of an account.
func (o *told) reports(a account, f free, say func(bool, string, bool, Action, ...Fact)) {
	id := RotationID{Credential: a.name, Number: a.changes}
	for _, sends := range []bool{false, true} {
		staged := RotationStaged{Credential: a.name, Rotation: a.changes, Sending: sends}
		say(a.step == StepPending && !a.paused && !(sends && a.manual), System, false, ReportStaged{Rotation: id, Sending: sends}, staged)
	}
	sendable := !a.manual && (a.step == StepPending || a.step == StepStaged)
	say(sendable && !a.paused, System, false, ReportSending{id}, RotationSending{a.name, a.changes})
	say(a.step == StepStaged && !a.manual, System, false, ReportApplied{id}, RotationApplied{a.name, a.changes})
	say(a.step == StepApplied, System, false, ReportVerified{Rotation: id, OldRefused: f.refused, Attested: f.attested},
		RotationVerified{Credential: a.name, Rotation: a.changes, OldRefused: f.refused, Attested: f.attested})
	promoted := []Fact{RotationPromoted{a.name, a.changes, f.version, a.successor, a.shownTo}}
	if h := o.passing(a.handover); a.why == ForReturn && h.id != "" && !slices.ContainsFunc(h.names, func(n string) bool { return n != a.name && o.account(n).handover == h.id }) {
		promoted = append(promoted, HandoverClosed{Handover: h.id})
	}
	if slices.ContainsFunc(a.shownTo, func(p string) bool { return p != a.successor }) {
		promoted = append(promoted, RotationStarted{a.name, a.changes + 1, ForExposure, a.successor, f.at.Add(changeFor), note("")})
	}
	say(a.step == StepVerified && f.version > a.version, System, false, ReportPromoted{id, f.version}, promoted...)
	say(a.step != "", System, false, ReportFailed{id, f.failure, f.next, f.unsent}, RotationFailed{a.name, a.changes, f.failure, f.next, f.unsent})
	say(a.holder != "", System, false, StartVerification{Credential: a.name, Version: a.version}, VerificationStarted{Credential: a.name, Version: a.version})
	for _, r := range []VerificationResult{VerificationAccepted, VerificationRefused, VerificationUnknown} {
		say(a.holder != "", System, false, EndVerification{Credential: a.name, Version: a.version, Result: r}, VerificationEnded{Credential: a.name, Version: a.version, Result: r})
	}
	say(false, System, false, Reconcile{Credential: a.name}, RotationStarted{a.name, a.changes + 1, ForDrift, a.holder, f.at.Add(changeFor), note("")})
}

// overdue is what time has to say at an instant, before anybody else does.
func (o *told) overdue(at time.Time) (facts []Fact) {
	past := func(t time.Time) bool { return !t.IsZero() && !at.Before(t) }
	for _, a := range o.accounts {
		if a.lease != "" && past(a.until) {
			facts = append(facts, CheckoutEnded{a.name, a.lease, "expired"})
		}
		if a.step != "" && !a.late && past(a.deadline) {
			facts = append(facts, RotationOverdue{a.name, a.changes})
		}
	}
	for _, h := range o.byID() {
		switch {
		case h.status == Offered && past(h.expires):
			facts = append(facts, HandoverEnded{Handover: h.id, How: Expired})
		case h.status == Accepted && !h.late && past(h.back):
			facts = append(facts, HandoverOverdue{h.id})
		}
	}
	return facts
}

// deadline is when time speaks next; zero: never.
func (o *told) deadline() (next time.Time) {
	at := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, a := range o.accounts {
		if a.lease != "" {
			at(a.until)
		}
		if a.step != "" && !a.late {
			at(a.deadline)
		}
	}
	for _, h := range o.handovers {
		switch {
		case h.status == Offered:
			at(h.expires)
		case h.status == Accepted && !h.late:
			at(h.back)
		}
	}
	return next
}

// after is the office once a sentence was said.
func (o *told) after(s sentence, f free) *told {
	n := o.copy()
	n.now = f.at
	if s.coded {
		n.codes[s.actor] = f.step
	}
	for _, fact := range s.facts {
		n.hear(fact, s.actor, f.at)
	}
	return n
}

// hear takes one fact in.
func (o *told) hear(fact Fact, actor string, at time.Time) {
	free := func(names []string) {
		for _, n := range names {
			o.account(n).handover = ""
		}
	}
	switch f := fact.(type) {
	case PersonAway:
		o.away[f.Person] = true
	case PersonPresent:
		delete(o.away, f.Person)
	case HandoverOffered:
		o.offered++
		o.handovers = append(o.handovers, passing{f.Handover, f.From, f.To, f.Credentials, Offered, f.Leave, f.Reason, f.ExpectedReturn, f.Expires, false})
		for _, n := range f.Credentials {
			o.account(n).handover = f.Handover
		}
	case HandoverAccepted:
		o.passing(f.Handover).status = Accepted
		for _, n := range f.Credentials {
			a := o.account(n)
			a.holder, a.lease, a.borrower = f.To, "", ""
		}
	case HandoverEnded:
		free(o.passing(f.Handover).names)
		o.forget(f.Handover)
	case HandoverReturned:
		o.passing(f.Handover).status = Returned
		for _, n := range f.Credentials {
			if a := o.account(n); a.holder == "" {
				a.why, a.successor = ForReturn, f.From
			} else {
				a.change(ForReturn, f.From, f.Deadline)
			}
		}
	case HandoverOverdue:
		o.passing(f.Handover).late = true
	case HandoverClosed:
		o.forget(f.Handover)
	case CheckoutGranted:
		o.lent++
		a := o.account(f.Credential)
		a.lease, a.borrower, a.until = f.Lease, actor, f.Until
	case CheckoutEnded:
		a := o.account(f.Credential)
		a.lease, a.borrower = "", ""
	case RotationStarted:
		o.account(f.Credential).change(f.Reason, f.Successor, f.Deadline)
	case RotationStaged:
		a := o.account(f.Credential)
		a.step, a.touched, a.sending = StepStaged, a.touched || f.Sending && a.sending, a.sending || f.Sending
	case RotationSending:
		a := o.account(f.Credential)
		a.touched, a.sending = a.touched || a.sending, true
	case RotationFailed:
		a := o.account(f.Credential)
		a.touched, a.sending = a.touched || a.sending && !f.Unsent, false
	case RotationShown:
		a := o.account(f.Credential)
		a.shownTo = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(a.shownTo), actor))))
	case RotationPaused:
		o.account(f.Credential).paused = true
	case RotationResumed:
		o.account(f.Credential).paused = false
	case RotationPassed:
		o.account(f.Credential).successor = f.To
	case RotationCancelled:
		a := o.account(f.Credential)
		a.rest(a.successor)
	case RotationApplied:
		o.account(f.Credential).step = StepApplied
	case RotationVerified:
		o.account(f.Credential).step = StepVerified
	case RotationOverdue:
		o.account(f.Credential).late = true
	case RotationPromoted:
		a := o.account(f.Credential)
		if a.why == ForReturn {
			a.handover = ""
		}
		a.version = f.Version
		a.rest(a.successor)
	}
}

// rest: nothing is being changed.
func (a *account) rest(holder string) {
	a.holder = holder
	a.successor, a.step, a.why, a.late, a.shownTo = "", "", "", false, nil
	a.paused, a.sending, a.touched = false, false, false
}

func (a *account) change(why RotationReason, successor string, deadline time.Time) {
	a.lease, a.borrower = "", ""
	a.rest("")
	a.successor, a.why, a.step, a.deadline = successor, why, StepPending, deadline
	a.changes++
}

func (o *told) forget(id string) {
	o.handovers = slices.DeleteFunc(slices.Clone(o.handovers), func(h passing) bool { return h.id == id })
}

// place is the office without what only counts or dates: two that are in the same
// place can be told the same things.
func (o *told) place() string {
	var b strings.Builder
	fmt.Fprint(&b, o.away)
	for _, a := range o.accounts {
		if a.step == StepApplied || a.step == StepVerified || len(a.shownTo) > 0 { // it may know it, whatever was sent
			a.sending, a.touched = false, false
		}
		fmt.Fprint(&b, "|", a.holder, a.successor, a.why, a.step, a.late, a.shownTo, a.paused, a.sending, a.touched, a.borrower, a.handover != "")
	}
	for _, h := range o.handovers {
		fmt.Fprint(&b, "|", h.from, h.to, h.names, h.status, h.leave, h.back.IsZero(), h.late)
	}
	return b.String()
}

func subsets(accounts []account) (all [][]string) {
	for bits := 1; bits < 1<<len(accounts); bits++ {
		var names []string
		for i, a := range accounts {
			if bits>>i&1 == 1 {
				names = append(names, a.name)
			}
		}
		all = append(all, names)
	}
	return all
}
