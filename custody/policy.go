package custody

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
)

// RulesVersion is that of the rules in this program. A rule that changes asks
// which version the ledger was under when it was written.
const RulesVersion = 1

// Policy is the part of the company's policy that is a matter of degree. What
// is not here is not configurable: that a return rotates, that two custodians
// are never both away, and that nobody overrides a holder.
type Policy struct {
	Lease            time.Duration // longest time between check-out and check-in
	OfferTTL         time.Duration // an offer that nobody accepted expires after this
	RotationDeadline time.Duration // a rotation that takes longer is a serious event

	LockAfter int           // wrong codes in a row before a person is locked out
	LockBase  time.Duration // length of the first lock-out; each further one doubles it
	LockMax   time.Duration // longest lock-out

	TOTPSkew int64 // steps before and after the current one whose codes are taken

	SessionIdle time.Duration // a log-in that nobody uses for this long ends

	ApproveWithin time.Duration // an emergency that nobody approved by then lapses
	SilenceAfter  time.Duration // nobody has answered for this long: granted, where a credential's policy allows it
	UseWithin     time.Duration // one that was granted, and that nobody used by then, lapses
	HoldFor       time.Duration // it ends after this, at the latest
	ReviewWithin  time.Duration // somebody looks at it by then; later is a serious event

	SignatureTTL time.Duration // what was signed ahead of an absence longer ago moves nothing
	AbsenceWait  time.Duration // how long what is being changed is waited for, when an absence begins
	RemindFirst  time.Duration // before an absence begins
	RemindLast   time.Duration // once more, later than that
	Keyholders   Keyholders    // of envelopes: any two open one
	DrillEvery   time.Duration // each of them opens one in a drill at least this often

	Approvals Approvals   // that what changes who may do what needs (clause 3.1)
	Exclusive Exclusivity // which roles one person may not have together

	Assessors []string // usernames, sorted: who says how serious an incident is (clause 4.5); none: every manager and director
}

// writtenPolicy is a Policy as the ledger has it: times in whole milliseconds.
type writtenPolicy struct {
	Lease            int64 `json:"lease_ms"`
	OfferTTL         int64 `json:"offer_ttl_ms"`
	RotationDeadline int64 `json:"rotation_deadline_ms"`
	LockAfter        int   `json:"lock_after"`
	LockBase         int64 `json:"lock_base_ms"`
	LockMax          int64 `json:"lock_max_ms"`
	TOTPSkew         int64 `json:"totp_skew"`

	SessionIdle int64 `json:"session_idle_ms,omitzero"`

	ApproveWithin int64 `json:"approve_within_ms,omitzero"`
	SilenceAfter  int64 `json:"silence_after_ms,omitzero"`
	UseWithin     int64 `json:"use_within_ms,omitzero"`
	HoldFor       int64 `json:"hold_for_ms,omitzero"`
	ReviewWithin  int64 `json:"review_within_ms,omitzero"`

	SignatureTTL int64       `json:"signature_ttl_ms,omitzero"`
	AbsenceWait  int64       `json:"absence_wait_ms,omitzero"`
	RemindFirst  int64       `json:"remind_first_ms,omitzero"`
	RemindLast   int64       `json:"remind_last_ms,omitzero"`
	Keyholders   []Keyholder `json:"keyholders,omitempty"`
	DrillEvery   int64       `json:"drill_every_ms,omitzero"`

	Approvals Approvals   `json:"approvals,omitzero"`
	Exclusive Exclusivity `json:"exclusive,omitzero"`

	Assessors []string `json:"assessors,omitzero"`
}

// MarshalJSON writes it as a ledger entry has it.
func (p Policy) MarshalJSON() ([]byte, error) {
	return json.Marshal(writtenPolicy{
		Lease: p.Lease.Milliseconds(), OfferTTL: p.OfferTTL.Milliseconds(), RotationDeadline: p.RotationDeadline.Milliseconds(),
		LockAfter: p.LockAfter, LockBase: p.LockBase.Milliseconds(), LockMax: p.LockMax.Milliseconds(), TOTPSkew: p.TOTPSkew,
		SessionIdle: p.SessionIdle.Milliseconds(), Approvals: p.Approvals, Exclusive: p.Exclusive,
		ApproveWithin: p.ApproveWithin.Milliseconds(), SilenceAfter: p.SilenceAfter.Milliseconds(), UseWithin: p.UseWithin.Milliseconds(),
		HoldFor: p.HoldFor.Milliseconds(), ReviewWithin: p.ReviewWithin.Milliseconds(),
		SignatureTTL: p.SignatureTTL.Milliseconds(), AbsenceWait: p.AbsenceWait.Milliseconds(), RemindFirst: p.RemindFirst.Milliseconds(), RemindLast: p.RemindLast.Milliseconds(),
		Keyholders: p.Keyholders.List(), DrillEvery: p.DrillEvery.Milliseconds(), Assessors: p.Assessors,
	})
}

// UnmarshalJSON reads it, and refuses an unknown value.
func (p *Policy) UnmarshalJSON(text []byte) error {
	var w writtenPolicy
	if err := json.Unmarshal(text, &w, json.RejectUnknownMembers(true)); err != nil {
		return err
	}
	keyholders, fit := KeyholdersOf(w.Keyholders)
	if !fit || !slices.Equal(keyholders.List(), w.Keyholders) {
		return errors.New("custody: a policy with more keyholders than there can be, or in another order")
	}
	*p = Policy{
		Lease: ms(w.Lease), OfferTTL: ms(w.OfferTTL), RotationDeadline: ms(w.RotationDeadline),
		LockAfter: w.LockAfter, LockBase: ms(w.LockBase), LockMax: ms(w.LockMax), TOTPSkew: w.TOTPSkew,
		SessionIdle: ms(w.SessionIdle), Approvals: w.Approvals, Exclusive: w.Exclusive,
		ApproveWithin: ms(w.ApproveWithin), SilenceAfter: ms(w.SilenceAfter), UseWithin: ms(w.UseWithin),
		HoldFor: ms(w.HoldFor), ReviewWithin: ms(w.ReviewWithin),
		SignatureTTL: ms(w.SignatureTTL), AbsenceWait: ms(w.AbsenceWait), RemindFirst: ms(w.RemindFirst), RemindLast: ms(w.RemindLast),
		Keyholders: keyholders, DrillEvery: ms(w.DrillEvery), Assessors: w.Assessors,
	}
	return nil
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// DefaultPolicy is what an installation starts with.
func DefaultPolicy() Policy {
	return Policy{
		Lease:            8 * time.Hour,
		OfferTTL:         24 * time.Hour,
		RotationDeadline: time.Hour,
		LockAfter:        5,
		LockBase:         30 * time.Second,
		LockMax:          time.Hour,
		TOTPSkew:         1,
		SessionIdle:      15 * time.Minute, // NIST SP 800-63B, AAL3
		ApproveWithin:    30 * time.Minute,
		SilenceAfter:     15 * time.Minute,
		UseWithin:        time.Hour,
		HoldFor:          4 * time.Hour,
		ReviewWithin:     72 * time.Hour,
		SignatureTTL:     30 * 24 * time.Hour,
		AbsenceWait:      30 * time.Minute,
		RemindFirst:      24 * time.Hour,
		RemindLast:       2 * time.Hour,
		DrillEvery:       365 * 24 * time.Hour,
		Approvals:        ApprovedByTwo,
		Exclusive:        ExclusiveStrict,
	}
}

// Lockout is how long the nth lock-out in a row lasts (n from 0).
func (p Policy) Lockout(n int) time.Duration {
	d := p.LockBase
	for range n {
		if d >= p.LockMax {
			break
		}
		d *= 2
	}
	return min(d, p.LockMax)
}

// Locked says whether a lock-out still holds. One that ends later than the
// longest one would was begun by a clock that was ahead: it holds nobody.
func (p Policy) Locked(until, now time.Time) bool {
	return now.Before(until) && until.Sub(now) <= p.LockMax
}

// Idle says whether a log-in that was last used then has lain too long by now.
func (p Policy) Idle(lastUsed, now time.Time) bool { return !now.Before(lastUsed.Add(p.SessionIdle)) }

// check refuses values under which the rules would not mean anything.
func (p Policy) check() *Refusal {
	var fraction time.Duration
	for _, d := range []time.Duration{p.Lease, p.OfferTTL, p.RotationDeadline, p.LockBase, p.LockMax, p.SessionIdle, p.ApproveWithin, p.SilenceAfter, p.UseWithin, p.HoldFor, p.ReviewWithin, p.SignatureTTL, p.AbsenceWait, p.RemindFirst, p.RemindLast, p.DrillEvery} {
		fraction |= d % time.Millisecond
	}
	switch {
	case fraction != 0:
		return Invalid("policy", "not_milliseconds")
	case p.Lease <= 0 || p.OfferTTL <= 0 || p.RotationDeadline <= 0 || p.LockBase <= 0 || p.LockMax < p.LockBase || p.SessionIdle <= 0:
		return Invalid("policy", "no_times")
	case p.ApproveWithin <= 0 || p.SilenceAfter <= 0 || p.UseWithin <= 0 || p.HoldFor <= 0 || p.ReviewWithin <= 0,
		p.SignatureTTL <= 0 || p.AbsenceWait <= 0 || p.RemindLast <= 0 || p.DrillEvery <= 0:
		return Invalid("policy", "no_times")
	case p.SignatureTTL > maxSignature:
		return Invalid("policy.signature_ttl", "signature_ttl")
	case p.AbsenceWait > maxWait:
		return Invalid("policy.absence_wait", "absence_wait")
	case p.RemindFirst > maxLead:
		return Invalid("policy.remind_first", "remind_first")
	case p.RemindLast >= p.RemindFirst:
		return Invalid("policy.remind_last", "remind_last")
	case p.SilenceAfter > p.ApproveWithin:
		return Invalid("policy.silence_after", "silence_after")
	case p.HoldFor > maxHold:
		return Invalid("policy.hold_for", "hold_for")
	case p.LockAfter < 1 || p.TOTPSkew < 0:
		return Invalid("policy", "no_counts")
	case !slices.Contains([]Approvals{ApprovedByTwo, ApprovedByOne, ApprovedByNone}, p.Approvals):
		return Invalid("policy.approvals", "approvals")
	case !slices.Contains(Exclusivities, p.Exclusive):
		return Invalid("policy.exclusive", "exclusive")
	case !slices.Equal(p.Assessors, Group(p.Assessors)) || len(p.Assessors) > maxAssessors:
		return Invalid("policy.assessors", "assessors", Args{"most": maxAssessors})
	}
	return p.Keyholders.check()
}

// PolicyInForce is the policy that the ledger is under.
type PolicyInForce struct {
	Version int64     `json:"version"` // raised with every policy that is adopted (clause 4.1); 0: none yet
	Rules   int64     `json:"rules"`   // RulesVersion of the program that adopted it
	Values  Policy    `json:"values"`
	Since   time.Time `json:"since,omitzero"`

	// ReviewBy is when it must have been looked at again, at most a year after it
	// was adopted (clause 4.1).
	ReviewBy time.Time `json:"review_by,omitzero"`
	Overdue  bool      `json:"overdue,omitzero"` // ReviewBy has passed, and it is on record
}

// Unreviewed says that the policy should have been looked at again by now.
func (p PolicyInForce) Unreviewed(now time.Time) bool {
	return p.Version > 0 && !now.Before(p.ReviewBy)
}

// checkReview accepts a day that lies ahead, and no more than a year.
func checkReview(by, from time.Time) *Refusal {
	if !by.After(from) || by.After(from.AddDate(1, 0, 0)) {
		return Invalid("review_by", "not_within_a_year")
	}
	return nil
}

// AdoptPolicy puts a policy in force. The first is the first entry of a ledger: every
// other one is decided under it. Each that follows takes effect by a proposal.
type AdoptPolicy struct {
	Values   Policy    `json:"values"`
	ReviewBy time.Time `json:"review_by,omitzero"` // zero: a year less a day from now
}

var (
	_            = action(AdoptPolicy{})
	_ Proposable = AdoptPolicy{}
)

func (AdoptPolicy) Verb() string            { return "adopt_policy" }
func (AdoptPolicy) Subject() string         { return "" }
func (AdoptPolicy) givers() givers          { return byProposalOrSystem }
func (AdoptPolicy) ofPerson() bool          { return false }
func (AdoptPolicy) levels(*State) []Role    { return []Role{Manager, Director} }
func (AdoptPolicy) parties(*State) []string { return nil }

// bare keeps what is a number, one of a closed list, or the name of somebody; of keyholders
// what can be one.
func (a AdoptPolicy) bare(s *State) Action {
	if !slices.Contains([]Approvals{ApprovedByTwo, ApprovedByOne, ApprovedByNone}, a.Values.Approvals) {
		a.Values.Approvals = ""
	}
	if !slices.Contains(Exclusivities, a.Values.Exclusive) {
		a.Values.Exclusive = ""
	}
	var group []string
	for _, name := range a.Values.Assessors {
		group = append(group, s.nameOr(name))
	}
	a.Values.Assessors = group
	a.Values.Keyholders = a.Values.Keyholders.bare(s)
	return a
}

func (a AdoptPolicy) decide(d *decision) error {
	if d.state.Policy().Version > 0 {
		return refusePolicyAdopted()
	}
	if a.ReviewBy.IsZero() {
		a.ReviewBy = d.now.AddDate(1, 0, -1)
	}
	a.ReviewBy = instant(a.ReviewBy)
	d.named = a
	return a.effect(d, "")
}

func (a AdoptPolicy) effect(d *decision, proposal string) error {
	if err := a.Values.check(); err != nil {
		return err
	}
	if err := checkReview(a.ReviewBy, d.now); err != nil {
		return err
	}
	if err := d.state.canAssess(a.Values.Assessors); err != nil {
		return err
	}
	if err := d.state.canHoldKeys(a.Values.Keyholders); err != nil {
		return err
	}
	before := d.state.Policy()
	if before.Version > 0 {
		if reflect.DeepEqual(before.Values, a.Values) {
			return refuseSamePolicy()
		}
		if err := d.state.canBeMet(a.Values); err != nil {
			return err
		}
	}
	d.happen(PolicyAdopted{Version: before.Version + 1, Rules: RulesVersion, Values: a.Values, ReviewBy: instant(a.ReviewBy), Proposal: proposal})
	return nil
}

// PolicyAdopted put a policy in force.
type PolicyAdopted struct {
	Version  int64     `json:"version"`
	Rules    int64     `json:"rules"`
	Values   Policy    `json:"values"`
	ReviewBy time.Time `json:"review_by"`
	Proposal string    `json:"proposal,omitzero"` // "": the first one
}

var _ = fact(PolicyAdopted{})

func (PolicyAdopted) Type() string             { return "policy.adopted" }
func (PolicyAdopted) Subject() string          { return "" }
func (PolicyAdopted) concerns(*State) Concerns { return Concerns{} }
func (PolicyAdopted) grade() Grade             { return Ordinary }

func (f PolicyAdopted) by(s *State, _ Event) Who {
	return s.lastApproverOr(f.Proposal, bySystem())
}

func (f PolicyAdopted) allowed(s *State, e Event) error {
	if f.Version != s.Policy().Version+1 || f.Rules != RulesVersion || f.Values.check() != nil || (f.Proposal == "") != (s.Size == 0) {
		return e.violates("I7", "a policy out of turn, of other rules, or without meaning")
	}
	if checkReview(f.ReviewBy, e.Time) != nil {
		return e.violates("I7", "a policy that nobody has to look at again within a year")
	}
	if s.canAssess(f.Values.Assessors) != nil {
		return e.violates("I10", "a group of whom one is nobody who could act")
	}
	if s.canHoldKeys(f.Values.Keyholders) != nil {
		return e.violates("I12", "a policy whose keyholders have no access, or are one person by two accounts")
	}
	if f.Proposal == "" {
		return nil
	}
	if s.canBeMet(f.Values) != nil {
		return e.violates("I10", "a policy that nobody could meet")
	}
	return s.approved(e, f.Proposal, AdoptPolicy{f.Values, f.ReviewBy})
}

func (f PolicyAdopted) apply(s *State, e Event) {
	was := s.Policy().Values.Keyholders
	s.policy = &PolicyInForce{Version: f.Version, Rules: f.Rules, Values: f.Values, Since: e.Time, ReviewBy: f.ReviewBy}
	s.touched.policy = true
	s.expectReview()
	for p := range s.People() {
		s.expectPlans(p) // whom it reminds earlier, and for whom it waits less
	}
	s.rekeyed(was, f.Values.Keyholders, e.Time)
}

// Policy gives the policy in force.
func (s *State) Policy() PolicyInForce {
	for at := s; at != nil; at = at.base {
		if at.policy != nil {
			return *at.policy
		}
	}
	return PolicyInForce{}
}

// PolicyChanged gives the policy that a fork put in force, or nil; of a root, the
// one in force.
func (s *State) PolicyChanged() *PolicyInForce { return s.policy }

// RestorePolicy is Restore for the policy.
func (s *State) RestorePolicy(p PolicyInForce) {
	s.policy = &p
	s.expectReview()
	for person := range s.People() { // where they are here already
		s.expectDrill(person)
	}
}

func (s *State) expectReview() {
	if p := s.Policy(); p.Version > 0 && !p.Overdue {
		s.expect(p.ReviewBy)
	}
}
