package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

type policyPage struct {
	custody.PolicyInForce
	Overdue bool
	Next    string              // a day within a year, to review it by
	Choices []custody.Approvals // that a policy can ask for
	Apart   []custody.Exclusivity
	Group   string             // those who assess incidents, by username
	Few     []custody.Shortage // where fewer than two could approve now
	People  map[string]custody.Person
	Holders string // keyholders of envelopes, a line each
}

// policy shows what is in force, and asks for another or for its yearly review.
func (p *Pages) policy(v *visit) error {
	now := p.Desk.PolicyInForce()
	people, err := v.directory()
	if err != nil {
		return err
	}
	return v.render("policy", policyPage{
		Few: p.fewApprovers(v), People: people,
		PolicyInForce: now, Overdue: now.Unreviewed(v.now), Next: v.now.In(v.zone).AddDate(1, 0, -1).Format(time.DateOnly),
		Choices: []custody.Approvals{custody.ApprovedByTwo, custody.ApprovedByOne, custody.ApprovedByNone},
		Apart:   custody.Exclusivities, Group: strings.Join(now.Values.Assessors, " "), Holders: holdersText(now.Values.Keyholders),
	})
}

func (p *Pages) adoptPolicy(v *visit) error {
	values := p.Desk.PolicyInForce().Values
	for field, into := range map[string]*time.Duration{
		"lease": &values.Lease, "offer_ttl": &values.OfferTTL, "rotation_deadline": &values.RotationDeadline, "lock_base": &values.LockBase, "lock_max": &values.LockMax, "session_idle": &values.SessionIdle,
		"approve_within": &values.ApproveWithin, "silence_after": &values.SilenceAfter, "use_within": &values.UseWithin, "hold_for": &values.HoldFor, "review_within": &values.ReviewWithin,
		"signature_ttl": &values.SignatureTTL, "absence_wait": &values.AbsenceWait, "remind_first": &values.RemindFirst, "remind_last": &values.RemindLast, "drill_every": &values.DrillEvery,
	} {
		length, err := time.ParseDuration(v.field(field))
		if err != nil {
			return v.again(custody.Invalid(field, "not_a_length"), p.policy)
		}
		*into = length
	}
	var err error
	if values.LockAfter, err = strconv.Atoi(v.field("lock_after")); err != nil {
		return v.again(custody.Invalid("lock_after", "not_whole"), p.policy)
	}
	if values.TOTPSkew, err = strconv.ParseInt(v.field("totp_skew"), 10, 64); err != nil {
		return v.again(custody.Invalid("totp_skew", "not_whole"), p.policy)
	}
	values.Assessors = custody.Group(strings.Fields(strings.ReplaceAll(v.field("assessors"), ",", " ")))
	if values.Keyholders, err = typedKeyholders(v.field("keyholders")); err != nil {
		return v.again(err, p.policy)
	}
	values.Approvals, values.Exclusive = custody.Approvals(v.field("approvals")), custody.Exclusivity(v.field("exclusive"))
	by, err := v.day("review_by")
	if err != nil {
		return v.again(err, p.policy)
	}
	return p.propose(v, custody.AdoptPolicy{Values: values, ReviewBy: by}, p.policy)
}

// holdersText gives keyholders as they are typed, typedKeyholders what was typed: a line
// each, of a username and a key.
func holdersText(k custody.Keyholders) string {
	var lines []string
	for _, one := range k.List() {
		lines = append(lines, one.Person+" "+one.Recipient)
	}
	return strings.Join(lines, "\n")
}

func typedKeyholders(text string) (custody.Keyholders, error) {
	var all []custody.Keyholder
	for line := range strings.Lines(text) {
		switch words := strings.Fields(line); len(words) {
		case 0:
		case 2:
			all = append(all, custody.Keyholder{Person: words[0], Recipient: words[1]})
		default:
			return custody.Keyholders{}, custody.Invalid("keyholders", "recipient")
		}
	}
	k, fit := custody.KeyholdersOf(all)
	if !fit {
		return custody.Keyholders{}, custody.Invalid("keyholders", "keyholders_few")
	}
	return k, nil
}

func (p *Pages) reviewPolicy(v *visit) error {
	by, err := v.day("review_by")
	if err != nil {
		return v.again(err, p.policy)
	}
	return p.propose(v, custody.ReviewPolicy{Version: p.Desk.PolicyInForce().Version, ReviewBy: by}, p.policy)
}

// day reads a field with a day, as it begins in the visitor's zone.
func (v *visit) day(field string) (time.Time, error) {
	at, err := time.ParseInLocation(time.DateOnly, v.field(field), v.zone)
	if err != nil {
		return at, custody.Invalid(field, "not_a_date")
	}
	return at.UTC(), nil
}
