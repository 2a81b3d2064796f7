package custody

import (
	"slices"
	"testing"
	"time"
)

func annToAnotherAddress() ChangeEmail {
	return ChangeEmail{Person: "ann", Email: note("another@example.org"), Mailbox: mailbox(7)}
}

func TestChangeEmail(t *testing.T) {
	is := func(email string) func(*office) bool {
		return func(o *office) bool { return o.person("ann").Email.Same(note(email)) }
	}
	another := annToAnotherAddress()
	check(t, []clause{
		{"one's own", nil, "ann", ChangeEmail{Person: "ann", Email: note("ann@example.org")}, "", is("ann@example.org")},
		{"to none", nil, "ann", ChangeEmail{Person: "ann", Email: note("")}, "", is("")},
		{"another's, by an admin alone", nil, "ada", another, ApprovalNeeded, nil},
		{"another's, by a manager alone", nil, "max", another, ApprovalNeeded, nil},
		{"another's, by a technician alone", nil, "ben", another, ApprovalNeeded, nil},
		{"not to what is none", nil, "ann", ChangeEmail{Person: "ann", Email: note("Ann <ann@example.org>")}, InvalidRequest, nil},
		{"not to two lines", nil, "ann", ChangeEmail{Person: "ann", Email: note("ann@example.org\r\nBcc: m@example.org")}, InvalidRequest, nil},
		{"proposed", nil, "ada", needed(another), "", func(o *office) bool { return !o.person("ann").Email.Same(another.Email) }},
		{"proposed, and approved by a manager", func(o *office) { o.does("ada", needed(another)) }, "max", Approve{"p-1", digestOf("ada", another)}, "", is("another@example.org")},
		{"proposed, and approved by who asked for it", func(o *office) { o.does("max", needed(another)) }, "max", Approve{"p-1", digestOf("max", another)}, OwnRequest, nil},
		{"proposed, and approved by whose it is", func(o *office) { o.does("ada", needed(ChangeEmail{Person: "max", Email: note("m@example.org")})) }, "max",
			Approve{"p-1", digestOf("ada", ChangeEmail{Person: "max", Email: note("m@example.org")})}, NotEligible, nil},
		{"proposed for a manager, whom the director stands in for", func(o *office) { o.does("ada", needed(ChangeEmail{Person: "max", Email: note("m@example.org")})) }, "dot",
			Approve{"p-1", digestOf("ada", ChangeEmail{Person: "max", Email: note("m@example.org")})}, "", func(o *office) bool { return o.person("max").Email.Same(note("m@example.org")) }},
		{"proposed by an auditor", nil, "eve", needed(another), Forbidden, nil},
		{"proposed of nobody", nil, "ada", needed(ChangeEmail{Person: "mallory", Email: note("m@example.org")}), NotFound, nil},
		{"proposed to what is none", nil, "ada", needed(ChangeEmail{Person: "ann", Email: note("Ann <ann@example.org>")}), InvalidRequest, nil},
		{"proposed, with the mailbox of no address", nil, "ada", needed(ChangeEmail{Person: "ann", Mailbox: mailbox(1)}), InvalidRequest, nil},
		{"proposed to what it is", func(o *office) { o.does("ann", another) }, "ada", needed(another), Conflict, nil},
	})
}

// One admin gave the director another address: the mails about all that was done in the
// director's name came to the admin.
func TestNobodyAloneSaysWhereAnothersMessagesGo(t *testing.T) {
	another := annToAnotherAddress()
	asked := func(o *office) { o.does("ada", needed(another)) }
	nearly := func(o *office) { // approved, as it is while it takes effect
		asked(o)
		o.state.editProposal("p-1", func(p *Proposal) {
			p.Status, p.Approvals = Approved, []Approval{{Level: Manager, Person: "max", At: o.now}}
		})
	}
	changed := func(edit func(*EmailChanged)) EmailChanged {
		f := EmailChanged{Person: "ann", Email: another.Email.bare(), Mailbox: another.Mailbox, Proposal: "p-1"}
		if edit != nil {
			edit(&f)
		}
		return f
	}
	caught(t, []forgery{
		{"by an admin", func(*office) {}, "ada", EmailChanged{Person: "ann", Email: another.Email}, "I6", "done by somebody whose it was not"},
		{"by a manager", func(*office) {}, "max", EmailChanged{Person: "ann", Email: another.Email}, "I6", "done by somebody whose it was not"},
		{"by a proposal that nobody approved", asked, "ada", changed(nil), "I10", "just this"},
		{"by a proposal that there is not", func(*office) {}, "ann", changed(nil), "I6", "done by somebody whose it was not"},
		{"by who asked for it, once it is approved", nearly, "ada", changed(nil), "I6", "done by somebody whose it was not"},
		{"to another address than was approved", nearly, "max", changed(func(f *EmailChanged) { f.Email = note("m@example.org").bare() }), "I10", "just this"},
		{"with another mailbox than was approved", nearly, "max", changed(func(f *EmailChanged) { f.Mailbox = mailbox(8) }), "I10", "just this"},
		{"of another than was approved", nearly, "max", changed(func(f *EmailChanged) { f.Person = "ben" }), "I10", "just this"},
	})
	o := newOffice(t)
	nearly(o)
	if err := CheckEvent(o.state, o.forge("max", changed(nil))); err != nil {
		t.Errorf("what was approved: %v", err)
	}
}

// Somebody with two accounts asked for a change with one, gave the other an address of its
// own a moment before, and approved it.
func TestAnAddressThatIsGivenUpStillTellsWhoseAccountItIs(t *testing.T) {
	o, _ := twice(t)
	o.reads("max", 1)
	o.reads("ann", 1)
	ask := func() Approve {
		o.acts("ann", Propose{Change{pairOf("x", "ann", "eva")}, note("change of post")})
		return o.approval(proposalID(o.state.Proposals))
	}
	o.acts("ann", Withdraw{"p-1"})
	approve := ask()
	o.reads("max", 2)
	o.reads("max", 3)
	if err := o.later("max", approve); CodeOf(err) != NotEligible {
		t.Errorf("two addresses later: %v", err)
	}
	if err := CheckEvent(o.state, o.forge("max", ProposalApproved{Proposal: approve.Proposal, Revision: 1, Level: Manager})); err == nil {
		t.Error("two addresses later: believed")
	}
	given := func(want ...int) {
		t.Helper()
		var digests, got []string
		for _, n := range want {
			digests = append(digests, mailbox(n))
		}
		for _, m := range o.person("max").Mailboxes {
			got = append(got, m.Mailbox)
		}
		if !slices.Equal(got, digests) {
			t.Errorf("given up are %v, want those of %v", got, want)
		}
	}
	given(1, 2)
	o.reads("max", 1)
	given(2, 3)
	o.reads("max", 4)
	until := o.person("max").Mailboxes[2].Until
	given(2, 3, 1)
	o.acts("ann", Withdraw{approve.Proposal})
	o.now = until.Add(-time.Minute)
	approve = ask()
	if err := o.later("max", approve); CodeOf(err) != NotEligible {
		t.Errorf("within a week: %v", err)
	}
	o.now = until
	o.acts(System, LockSignIn{Person: "cay", Failures: 5, Until: o.now.Add(time.Hour)})
	o.acts("max", approve)
	o.reads("max", 5)
	given(4)
}
