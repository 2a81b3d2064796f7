package custody

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// mailbox gives the digest of an address, as a desk would.
func mailbox(n int) string { return Words{Salt{byte(n)}, "mailbox"}.commitment() }

// reads has somebody read their messages at an address.
func (o *office) reads(who string, n int) {
	o.t.Helper()
	o.acts(who, ChangeEmail{Person: who, Email: note(fmt.Sprintf("%s-%d@example.org", who, n)), Mailbox: mailbox(n)})
}

// offices has two managers, two directors and a proposal of ann's.
func twice(t *testing.T) (*office, Proposal) {
	o := &office{newWorldUnder(DefaultPolicy()), t}
	for name, role := range map[string]Role{"ada": Admin, "ann": Technician, "ben": Technician, "cay": Technician, "dot": Director, "don": Director, "eva": Technician, "max": Manager, "mia": Manager, "moe": Manager} {
		o.acts(System, AddPerson{Username: name, Name: name, Roles: []Role{role}, TOTPPeriod: 30})
		o.acts(name, SignIn{})
	}
	o.acts(System, server("x", "ann", "ben"))
	o.rotates("x")
	o.acts("ann", Propose{Change{pairOf("x", "ann", "cay")}, note("change of post")})
	p, _ := o.state.Proposal("p-1")
	return o, p
}

// Nobody approves what they ask for, what is about them, or twice, by a second account:
// one to which messages go to the same address.
func TestNobodyApprovesByASecondAccount(t *testing.T) {
	for name, same := range map[string][2]string{
		"of who asks for it":     {"max", "ann"},
		"of who comes":           {"max", "cay"},
		"of who goes":            {"max", "ben"},
		"of whoever approved it": {"max", "dot"},
	} {
		o, p := twice(t)
		o.acts("dot", o.approval(p.ID))
		o.reads(same[0], 1)
		o.reads(same[1], 1)
		err := o.later(same[0], o.approval(p.ID))
		if r, _ := err.(*Refusal); r == nil || r.Code != NotEligible || r.Key != "second_account" || r.Args["person"] != same[1] {
			t.Errorf("an account %s: %v", name, err)
		}
		if err := o.later(same[0], Reject{p.ID, o.approval(p.ID).Digest, note("no")}); CodeOf(err) != NotEligible {
			t.Errorf("a no by an account %s: %v", name, err)
		}
		open, _ := o.state.Proposal(p.ID)
		if can := o.state.Approvers(open)[Manager]; slices.Contains(can, "max") || !slices.Contains(can, "mia") {
			t.Errorf("an account %s: %v can approve", name, can)
		}
		if err := CheckEvent(o.state, o.forge(same[0], ProposalApproved{Proposal: p.ID, Revision: p.Revision, Level: Manager})); err == nil {
			t.Errorf("an approval by an account %s: believed", name)
		}
		own := needed(ChangeEmail{Person: same[1], Email: note("own@example.org"), Mailbox: mailbox(2)}) // two people after all, as others say
		o.acts("eva", own)
		o.acts("moe", o.approval("p-2"))
		o.acts(same[0], o.approval(p.ID))
	}
}

// An approval does not count by the time of the last one, where the person who gave it
// has turned out to be another one of the same.
func TestAnApprovalByWhatTurnsOutToBeASecondAccount(t *testing.T) {
	o, p := twice(t)
	o.acts("dot", o.approval(p.ID))
	o.reads("dot", 1)
	o.reads("ann", 1)
	o.acts("max", o.approval(p.ID))
	if c := o.credential("x"); c.Backup != "ben" {
		t.Error("two approvals, of which one is of who asked for it")
	}
	o.acts("don", o.approval(p.ID))
	if c := o.credential("x"); c.Backup != "cay" {
		t.Error("and nothing happened with another one")
	}
}

// What is no digest, or of no address, is none.
func TestMailboxesThatAreNone(t *testing.T) {
	o := newOffice(t)
	for name, a := range map[string]ChangeEmail{
		"what is no digest": {Person: "ann", Email: note("ann@example.org"), Mailbox: "ann@example.org"},
		"of no address":     {Person: "ann", Mailbox: mailbox(1)},
	} {
		if _, err := o.do("ann", a); CodeOf(err) != InvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
		if err := CheckEvent(o.state, o.forge("ann", EmailChanged{Person: "ann", Email: a.Email, Mailbox: a.Mailbox})); err == nil {
			t.Errorf("%s: believed", name)
		}
	}
	if _, err := o.do(System, AddPerson{Username: "zoe", Name: "Zoe", Roles: []Role{Technician}, TOTPPeriod: 30, Mailbox: mailbox(1)}); CodeOf(err) != InvalidRequest {
		t.Errorf("somebody new, with that of no address: %v", err)
	}
}

// Messages go to the old address as well for a week where somebody else changed it, and
// not where the person did.
func TestWhereMessagesGoAfterSomebodyElseChangedThat(t *testing.T) {
	o := newOffice(t)
	read := func() (commitments []string) {
		for _, n := range o.person("ann").FormerEmails(o.now) {
			commitments = append(commitments, n.Commitment())
		}
		return commitments
	}
	change := func(who, to string) Note {
		t.Helper()
		n := note(to)
		if a := (ChangeEmail{Person: "ann", Email: n}); who == "ann" {
			o.does(who, a)
		} else {
			o.agreed(who, a)
		}
		return n
	}
	change("ann", "first@example.org")
	own := change("ann", "own@example.org")
	if got := read(); len(got) != 0 {
		t.Errorf("after their own change: %v", got)
	}
	other := change("ada", "other@example.org")
	change("ada", "third@example.org")
	if got := read(); !slices.Equal(got, []string{own.Commitment(), other.Commitment()}) {
		t.Errorf("after two that others approved: %v", got)
	}
	if _, err := o.do("max", RedactText{Entry: 0, Commitments: []string{own.Commitment()}, Reason: note("x")}); CodeOf(err) != Conflict {
		t.Errorf("taken out while it is read: %v", err)
	}
	o.now = o.now.Add(7*24*time.Hour - time.Millisecond)
	if got := read(); len(got) != 2 {
		t.Errorf("within the week: %v", got)
	}
	o.now = o.now.Add(time.Millisecond)
	if got := read(); len(got) != 0 {
		t.Errorf("after a week: %v", got)
	}
	change("ada", "fourth@example.org")
	if p := o.person("ann"); len(p.Former) != 1 {
		t.Errorf("kept for ever: %+v", p.Former)
	}
}
