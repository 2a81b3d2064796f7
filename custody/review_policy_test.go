package custody

import (
	"testing"
	"time"
)

// The policy changes, and is looked at again, by two (clauses 3.1 and 4.1).
func TestThePolicyChangesByTwo(t *testing.T) {
	other := func(edit func(*Policy)) AdoptPolicy {
		p := testPolicy()
		edit(&p)
		return AdoptPolicy{p, epoch.AddDate(0, 6, 0)}
	}
	shorter := other(func(p *Policy) { p.Lease = time.Hour })
	one := other(func(p *Policy) { p.Approvals = ApprovedByOne })
	reviewed := ReviewPolicy{1, epoch.AddDate(1, 0, 0)}
	check(t, []clause{
		{"nobody alone", nil, "ada", shorter, ApprovalNeeded, nil},
		{"nor whoever operates the machine", nil, System, shorter, Conflict, nil},
		{"anybody may ask for it", nil, "ann", needed(shorter), "", nil},
		{"and with both approvals it counts", askedFor(shorter), "dot", yesTo(shorter), "", func(o *office) bool {
			p := o.state.Policy()
			return p.Version == 2 && p.Values.Lease == time.Hour && p.ReviewBy.Equal(shorter.ReviewBy)
		}},
		{"not the same again", nil, "ada", needed(AdoptPolicy{testPolicy(), epoch.AddDate(0, 6, 0)}), Conflict, nil},
		{"not one without meaning", nil, "ada", needed(other(func(p *Policy) { p.Lease = 0 })), InvalidRequest, nil},
		{"not for more than a year", nil, "ada", needed(AdoptPolicy{shorter.Values, epoch.AddDate(1, 0, 1)}), InvalidRequest, nil},
		{"two can agree that one is enough", askedFor(one), "dot", yesTo(one), "", func(o *office) bool {
			return len(o.state.needs(Change{Retire{"db01"}}, "ada")) == 1
		}},
		{"not one that nobody could meet", func(o *office) {
			o.agreed("ada", one)
			o.does("ada", gone("dot"))
		}, "ada", needed(AdoptPolicy{testPolicy(), epoch.AddDate(0, 7, 0)}), NoApprover, nil},

		{"it is found to be right as it is", askedFor(reviewed), "dot", yesTo(reviewed), "", func(o *office) bool {
			p := o.state.Policy()
			return p.Version == 1 && p.ReviewBy.Equal(reviewed.ReviewBy)
		}},
		{"by nobody alone", nil, "max", reviewed, ApprovalNeeded, nil},
		{"and not another one", nil, "ada", needed(ReviewPolicy{2, reviewed.ReviewBy}), Conflict, nil},
		{"nor for longer than a year", nil, "ada", needed(ReviewPolicy{1, epoch.AddDate(1, 0, 1)}), InvalidRequest, nil},
	})
}

// A review that nobody made is on record once, as a serious event, until somebody does.
func TestAReviewThatIsOverdueIsOnRecord(t *testing.T) {
	o := newOffice(t)
	overdue := func() (n int) {
		for _, e := range o.history {
			if _, is := e.Fact.(PolicyOverdue); is {
				n++
			}
		}
		return n
	}
	o.passes(o.state.Policy().ReviewBy.Sub(o.now) - time.Millisecond)
	if overdue() != 0 {
		t.Error("overdue before its time")
	}
	o.passes(time.Millisecond)
	o.passes(48 * time.Hour)
	if overdue() != 1 || !o.state.Policy().Overdue {
		t.Errorf("%d times on record", overdue())
	}
	o.agreed("ada", ReviewPolicy{1, o.now.AddDate(0, 6, 0)})
	if o.state.Policy().Overdue {
		t.Error("reviewed, and still overdue")
	}
	o.passes(o.state.Policy().ReviewBy.Sub(o.now))
	if overdue() != 2 {
		t.Errorf("%d times on record after the second year", overdue())
	}
}

func TestForgedPolicies(t *testing.T) {
	shorter := testPolicy()
	shorter.Lease = time.Hour
	by := epoch.AddDate(0, 6, 0)
	caught(t, []forgery{
		{"another policy, and nobody approved it", func(*office) {}, System, PolicyAdopted{2, RulesVersion, shorter, by, ""}, "I7", "out of turn"},
		{"another one than was approved", approvedNow(AdoptPolicy{shorter, by}), "dot", PolicyAdopted{2, RulesVersion, testPolicy(), by, "p-1"}, "I10", "just this"},
		{"by who did not approve it last", approvedNow(AdoptPolicy{shorter, by}), "max", PolicyAdopted{2, RulesVersion, shorter, by, "p-1"}, "I6", "whose it was not"},
		{"a version left out", approvedNow(AdoptPolicy{shorter, by}), "dot", PolicyAdopted{3, RulesVersion, shorter, by, "p-1"}, "I7", "out of turn"},
		{"of other rules", approvedNow(AdoptPolicy{shorter, by}), "dot", PolicyAdopted{2, RulesVersion + 1, shorter, by, "p-1"}, "I7", "other rules"},
		{"for more than a year", approvedNow(AdoptPolicy{shorter, by}), "dot", PolicyAdopted{2, RulesVersion, shorter, epoch.AddDate(2, 0, 0), "p-1"}, "I7", "within a year"},
		{"reviewed, and nobody approved it", func(*office) {}, "max", PolicyReviewed{1, by, "p-1"}, "I6", "whose it was not"},
		{"reviewed for longer than was approved", approvedNow(ReviewPolicy{1, by}), "dot", PolicyReviewed{1, by.AddDate(0, 1, 0), "p-1"}, "I10", "just this"},
		{"a review of another", approvedNow(ReviewPolicy{1, by}), "dot", PolicyReviewed{2, by, "p-1"}, "I7", "another policy"},
		{"overdue before its time", func(*office) {}, System, PolicyOverdue{1}, "I7", "before its time"},
		{"overdue as somebody says", func(*office) {}, "max", PolicyOverdue{1}, "I6", "whose it was not"},
	})
}
