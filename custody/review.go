package custody

import (
	"strconv"
	"time"
)

// The policy is looked at again every year (clause 4.1): another is adopted, or this one
// is found to be right as it is, by the same two people.

// ReviewPolicy says that the policy in force was looked at again and stays as it is. It
// takes effect by a proposal.
type ReviewPolicy struct {
	Version  int64     `json:"version"`   // of the policy that was looked at
	ReviewBy time.Time `json:"review_by"` // when it has to be looked at next
}

var (
	_            = action(ReviewPolicy{})
	_ Proposable = ReviewPolicy{}
)

func (ReviewPolicy) Verb() string            { return "review_policy" }
func (ReviewPolicy) Subject() string         { return "" }
func (ReviewPolicy) givers() givers          { return byProposal }
func (ReviewPolicy) decide(*decision) error  { return refuseApprovalNeeded() }
func (ReviewPolicy) ofPerson() bool          { return false }
func (ReviewPolicy) levels(*State) []Role    { return []Role{Manager, Director} }
func (ReviewPolicy) parties(*State) []string { return nil }
func (a ReviewPolicy) bare(*State) Action    { return a }

func (a ReviewPolicy) differences(now Now) []Difference {
	return []Difference{{"review_by", day(now.Policy.ReviewBy), day(a.ReviewBy)}}
}

func day(t time.Time) []string {
	if t.IsZero() {
		return nil
	}
	return []string{t.UTC().Format(time.DateOnly)}
}

func (a ReviewPolicy) effect(d *decision, proposal string) error {
	if a.Version != d.state.Policy().Version {
		return refuseOtherPolicy(d.state.Policy())
	}
	if err := checkReview(a.ReviewBy, d.now); err != nil {
		return err
	}
	d.happen(PolicyReviewed{Version: a.Version, ReviewBy: instant(a.ReviewBy), Proposal: proposal})
	return nil
}

// PolicyReviewed: the policy in force was looked at again, and stays.
type PolicyReviewed struct {
	Version  int64     `json:"version"`
	ReviewBy time.Time `json:"review_by"`
	Proposal string    `json:"proposal"`
}

var _ = fact(PolicyReviewed{})

func (PolicyReviewed) Type() string               { return "policy.reviewed" }
func (PolicyReviewed) Subject() string            { return "" }
func (PolicyReviewed) concerns(*State) Concerns   { return Concerns{} }
func (PolicyReviewed) grade() Grade               { return Ordinary }
func (f PolicyReviewed) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f PolicyReviewed) allowed(s *State, e Event) error {
	if f.Version != s.Policy().Version || checkReview(f.ReviewBy, e.Time) != nil {
		return e.violates("I7", "a review of another policy, or for more than a year")
	}
	return s.approved(e, f.Proposal, ReviewPolicy{f.Version, f.ReviewBy})
}

func (f PolicyReviewed) apply(s *State, _ Event) {
	p := s.Policy()
	p.ReviewBy, p.Overdue = f.ReviewBy, false
	s.policy = &p
	s.expectReview()
}

// PolicyOverdue: the policy should have been looked at again by now.
type PolicyOverdue struct {
	Version int64 `json:"version"`
}

var _ = fact(PolicyOverdue{})

func (PolicyOverdue) Type() string             { return "policy.overdue" }
func (PolicyOverdue) Subject() string          { return "" }
func (PolicyOverdue) concerns(*State) Concerns { return Concerns{} }
func (PolicyOverdue) grade() Grade             { return Serious }
func (PolicyOverdue) by(*State, Event) Who     { return bySystem() }

func (f PolicyOverdue) allowed(s *State, e Event) error {
	if p := s.Policy(); f.Version != p.Version || p.Overdue || !p.Unreviewed(e.Time) {
		return e.violates("I7", "a review that is overdue before its time, or twice")
	}
	return nil
}

func (f PolicyOverdue) apply(s *State, _ Event) {
	p := s.Policy()
	p.Overdue = true
	s.policy = &p
}

// differences lists what another policy changes, by the names of the API.
func (a AdoptPolicy) differences(now Now) []Difference {
	was, is := now.Policy.Values, a.Values
	number := func(n int64) []string { return []string{strconv.FormatInt(n, 10)} }
	lasts := func(d time.Duration) []string { return []string{d.String()} }
	review := func(t time.Time) []string { return append(day(t), "")[:1] }
	return onlyChanged([]Difference{
		{"lease", lasts(was.Lease), lasts(is.Lease)},
		{"offer_ttl", lasts(was.OfferTTL), lasts(is.OfferTTL)},
		{"rotation_deadline", lasts(was.RotationDeadline), lasts(is.RotationDeadline)},
		{"lock_after", number(int64(was.LockAfter)), number(int64(is.LockAfter))},
		{"lock_base", lasts(was.LockBase), lasts(is.LockBase)},
		{"lock_max", lasts(was.LockMax), lasts(is.LockMax)},
		{"totp_skew", number(was.TOTPSkew), number(is.TOTPSkew)},
		{"session_idle", lasts(was.SessionIdle), lasts(is.SessionIdle)},
		{"approve_within", lasts(was.ApproveWithin), lasts(is.ApproveWithin)},
		{"silence_after", lasts(was.SilenceAfter), lasts(is.SilenceAfter)},
		{"use_within", lasts(was.UseWithin), lasts(is.UseWithin)},
		{"hold_for", lasts(was.HoldFor), lasts(is.HoldFor)},
		{"review_within", lasts(was.ReviewWithin), lasts(is.ReviewWithin)},
		{"signature_ttl", lasts(was.SignatureTTL), lasts(is.SignatureTTL)},
		{"absence_wait", lasts(was.AbsenceWait), lasts(is.AbsenceWait)},
		{"remind_first", lasts(was.RemindFirst), lasts(is.RemindFirst)},
		{"remind_last", lasts(was.RemindLast), lasts(is.RemindLast)},
		{"keyholders", was.Keyholders.said(), is.Keyholders.said()},
		{"drill_every", lasts(was.DrillEvery), lasts(is.DrillEvery)},
		{"approvals", []string{string(was.Approvals)}, []string{string(is.Approvals)}},
		{"exclusive", []string{string(was.Exclusive)}, []string{string(is.Exclusive)}},
		{"assessors", was.Assessors, is.Assessors},
		{"review_by", review(now.Policy.ReviewBy), review(a.ReviewBy)},
	})
}

func refuseOtherPolicy(now PolicyInForce) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.1", Field: "version", Key: "other_policy", Args: Args{"version": now.Version}}
}

func refuseSamePolicy() *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.1", Key: "same_policy"}
}

func refuseRolesTogether(p Person, one, other Role) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.1", Field: "exclusive", Key: "roles_together",
		Args: Args{"person": p.Username, "one": Term{"role", string(one)}, "other": Term{"role", string(other)}}}
}

func refuseNobodyMeets() *Refusal {
	return &Refusal{Code: NoApprover, Rule: "4.1", Key: "nobody_meets"}
}
