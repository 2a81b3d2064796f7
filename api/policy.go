package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// PolicyInForce is the policy that everything is decided under, and when it has to be
// looked at again (clause 4.1).
type PolicyInForce struct {
	Version  int64        `json:"version"`
	Values   PolicyValues `json:"values"`
	Since    time.Time    `json:"since"`
	ReviewBy time.Time    `json:"review_by"`
	Overdue  bool         `json:"overdue,omitzero" doc:"It should have been looked at again by now"`
}

// PolicyValues are what of the policy is a matter of degree.
type PolicyValues struct {
	LeaseSeconds            int64             `json:"lease_seconds" doc:"Longest check-out"`
	OfferTTLSeconds         int64             `json:"offer_ttl_seconds" doc:"An offer that nobody accepted expires after this"`
	RotationDeadlineSeconds int64             `json:"rotation_deadline_seconds" doc:"A rotation that takes longer is a serious event"`
	LockAfter               int               `json:"lock_after" doc:"Wrong codes in a row before somebody is locked out"`
	LockBaseSeconds         int64             `json:"lock_base_seconds" doc:"Length of the first lock-out; each further one doubles it"`
	LockMaxSeconds          int64             `json:"lock_max_seconds" doc:"Longest lock-out"`
	TOTPSkew                int64             `json:"totp_skew" doc:"Steps before and after the current one whose codes are taken"`
	SessionIdleSeconds      int64             `json:"session_idle_seconds" doc:"A log-in that nobody uses for this long ends"`
	ApproveWithinSeconds    int64             `json:"approve_within_seconds" doc:"An emergency that nobody approved by then lapses"`
	SilenceAfterSeconds     int64             `json:"silence_after_seconds" doc:"Nobody has answered for this long: an emergency is granted, where a credential's policy allows it"`
	UseWithinSeconds        int64             `json:"use_within_seconds" doc:"An emergency that was granted, and that nobody used by then, lapses"`
	HoldForSeconds          int64             `json:"hold_for_seconds" doc:"It ends after this at the latest; a day is the most"`
	ReviewWithinSeconds     int64             `json:"review_within_seconds" doc:"Somebody looks at it by then; later is a serious event"`
	SignatureTTLSeconds     int64             `json:"signature_ttl_seconds" doc:"What was signed ahead of an absence longer ago moves nothing; 90 days are the most"`
	AbsenceWaitSeconds      int64             `json:"absence_wait_seconds" doc:"How long a password that is being changed is waited for when an absence begins; a day is the most"`
	RemindFirstSeconds      int64             `json:"remind_first_seconds" doc:"Somebody is reminded this long before their absence; 30 days are the most"`
	RemindLastSeconds       int64             `json:"remind_last_seconds" doc:"And once more, later than that"`
	Keyholders              []Keyholder       `json:"keyholders,omitempty" maxItems:"5" doc:"Of envelopes: any two open one, none alone. Nobody, or two to five"`
	DrillEverySeconds       int64             `json:"drill_every_seconds" doc:"Each keyholder opens an envelope in a drill at least this often"`
	Approvals               custody.Approvals `json:"approvals" enum:"two,one,none" doc:"That what changes who may do what needs"`

	Exclusive custody.Exclusivity `json:"exclusive" enum:"strict,auditor_only" doc:"Which roles one person may not have together"`

	Assessors []string `json:"assessors,omitempty" maxItems:"20" doc:"Usernames of the group that assesses incidents; none: every manager and director"`
}

// AdoptPolicy asks for another policy.
type AdoptPolicy struct {
	Values   PolicyValues `json:"values"`
	ReviewBy time.Time    `json:"review_by" doc:"At most a year ahead"`
	Reason   string       `json:"reason"`
	TOTP     Secret       `json:"totp,omitzero" maxLength:"64"`
}

// ReviewPolicy says that a policy was looked at again and is right as it is.
type ReviewPolicy struct {
	Version  int64     `json:"version" doc:"Of the policy that was looked at"`
	ReviewBy time.Time `json:"review_by" doc:"When it has to be looked at next, at most a year ahead"`
	Reason   string    `json:"reason"`
	TOTP     Secret    `json:"totp,omitzero" maxLength:"64"`
}

// ValuesOf gives the values as the API has them.
func ValuesOf(p custody.Policy) PolicyValues {
	s := func(d time.Duration) int64 { return int64(d / time.Second) }
	return PolicyValues{
		LeaseSeconds: s(p.Lease), OfferTTLSeconds: s(p.OfferTTL), RotationDeadlineSeconds: s(p.RotationDeadline),
		LockAfter: p.LockAfter, LockBaseSeconds: s(p.LockBase), LockMaxSeconds: s(p.LockMax), TOTPSkew: p.TOTPSkew, SessionIdleSeconds: s(p.SessionIdle),
		ApproveWithinSeconds: s(p.ApproveWithin), SilenceAfterSeconds: s(p.SilenceAfter), UseWithinSeconds: s(p.UseWithin), HoldForSeconds: s(p.HoldFor), ReviewWithinSeconds: s(p.ReviewWithin),
		SignatureTTLSeconds: s(p.SignatureTTL), AbsenceWaitSeconds: s(p.AbsenceWait), RemindFirstSeconds: s(p.RemindFirst), RemindLastSeconds: s(p.RemindLast), Approvals: p.Approvals, Exclusive: p.Exclusive,
		Assessors:  p.Assessors,
		Keyholders: keyholdersOf(p.Keyholders), DrillEverySeconds: s(p.DrillEvery),
	}
}

func keyholdersOf(k custody.Keyholders) (all []Keyholder) {
	for _, one := range k.List() {
		all = append(all, Keyholder(one))
	}
	return all
}

// Policy gives the values as the domain has them.
func (v PolicyValues) Policy() custody.Policy {
	var all []custody.Keyholder
	for _, k := range v.Keyholders {
		all = append(all, custody.Keyholder(k))
	}
	keyholders, _ := custody.KeyholdersOf(all) // more than fit are refused before
	return custody.Policy{
		Lease: seconds(v.LeaseSeconds), OfferTTL: seconds(v.OfferTTLSeconds), RotationDeadline: seconds(v.RotationDeadlineSeconds),
		LockAfter: v.LockAfter, LockBase: seconds(v.LockBaseSeconds), LockMax: seconds(v.LockMaxSeconds), TOTPSkew: v.TOTPSkew, SessionIdle: seconds(v.SessionIdleSeconds),
		ApproveWithin: seconds(v.ApproveWithinSeconds), SilenceAfter: seconds(v.SilenceAfterSeconds), UseWithin: seconds(v.UseWithinSeconds), HoldFor: seconds(v.HoldForSeconds), ReviewWithin: seconds(v.ReviewWithinSeconds),
		SignatureTTL: seconds(v.SignatureTTLSeconds), AbsenceWait: seconds(v.AbsenceWaitSeconds), RemindFirst: seconds(v.RemindFirstSeconds), RemindLast: seconds(v.RemindLastSeconds), Approvals: v.Approvals, Exclusive: v.Exclusive,
		Assessors:  custody.Group(v.Assessors),
		Keyholders: keyholders, DrillEvery: seconds(v.DrillEverySeconds),
	}
}

// seconds bounds what it is given, so that it cannot come round to something short.
func seconds(n int64) time.Duration {
	const most = int64(100 * 365 * 24 * time.Hour / time.Second)
	return time.Duration(max(-1, min(n, most))) * time.Second
}

func (s *Server) getPolicy(context.Context, *nothing) (PolicyInForce, error) {
	p := s.Desk.PolicyInForce()
	return PolicyInForce{p.Version, ValuesOf(p.Values), p.Since, p.ReviewBy, p.Unreviewed(s.Desk.Time())}, nil
}

func (s *Server) adoptPolicy(ctx context.Context, in *bodyOnly[AdoptPolicy]) (Proposal, error) {
	if err := custody.CheckInstant("review_by", in.Body.ReviewBy); err != nil {
		return Proposal{}, err
	}
	return s.propose(ctx, in.Body.change(), in.Body.Reason, in.Body.TOTP)
}

func (s *Server) reviewPolicy(ctx context.Context, in *bodyOnly[ReviewPolicy]) (Proposal, error) {
	if err := custody.CheckInstant("review_by", in.Body.ReviewBy); err != nil {
		return Proposal{}, err
	}
	return s.propose(ctx, in.Body.change(), in.Body.Reason, in.Body.TOTP)
}
