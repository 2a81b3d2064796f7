package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// policyField is one value of a policy, as its page shows it, its form has it, and what is
// sent is read. A revision begins with it too: what is not listed here is in none of them.
type policyField struct {
	Name string
	in   func(*custody.Policy) any // a pointer to it
}

// policyValues lists all of them, in the order of the page.
var policyValues = []policyField{
	{"approvals", func(p *custody.Policy) any { return &p.Approvals }},
	{"exclusive", func(p *custody.Policy) any { return &p.Exclusive }},
	{"lease", func(p *custody.Policy) any { return &p.Lease }},
	{"offer_ttl", func(p *custody.Policy) any { return &p.OfferTTL }},
	{"rotation_deadline", func(p *custody.Policy) any { return &p.RotationDeadline }},
	{"lock_after", func(p *custody.Policy) any { return &p.LockAfter }},
	{"lock_base", func(p *custody.Policy) any { return &p.LockBase }},
	{"lock_max", func(p *custody.Policy) any { return &p.LockMax }},
	{"totp_skew", func(p *custody.Policy) any { return &p.TOTPSkew }},
	{"session_idle", func(p *custody.Policy) any { return &p.SessionIdle }},
	{"approve_within", func(p *custody.Policy) any { return &p.ApproveWithin }},
	{"silence_after", func(p *custody.Policy) any { return &p.SilenceAfter }},
	{"use_within", func(p *custody.Policy) any { return &p.UseWithin }},
	{"hold_for", func(p *custody.Policy) any { return &p.HoldFor }},
	{"review_within", func(p *custody.Policy) any { return &p.ReviewWithin }},
	{"signature_ttl", func(p *custody.Policy) any { return &p.SignatureTTL }},
	{"absence_wait", func(p *custody.Policy) any { return &p.AbsenceWait }},
	{"remind_first", func(p *custody.Policy) any { return &p.RemindFirst }},
	{"remind_last", func(p *custody.Policy) any { return &p.RemindLast }},
	{"keyholders", func(p *custody.Policy) any { return &p.Keyholders }},
	{"drill_every", func(p *custody.Policy) any { return &p.DrillEvery }},
	{"assessors", func(p *custody.Policy) any { return &p.Assessors }},
}

// Of gives the value in a policy.
func (f policyField) Of(p custody.Policy) policyValue { return policyValue{f.in(&p)} }

// read puts what was typed into a policy.
func (f policyField) read(text string, into *custody.Policy) (err error) {
	switch at := f.in(into).(type) {
	case *time.Duration:
		if *at, err = time.ParseDuration(text); err != nil {
			return custody.Invalid(f.Name, "not_a_length")
		}
	case *int:
		if *at, err = strconv.Atoi(text); err != nil {
			return custody.Invalid(f.Name, "not_whole")
		}
	case *int64:
		if *at, err = strconv.ParseInt(text, 10, 64); err != nil {
			return custody.Invalid(f.Name, "not_whole")
		}
	case *custody.Approvals:
		*at = custody.Approvals(text)
	case *custody.Exclusivity:
		*at = custody.Exclusivity(text)
	case *custody.Keyholders:
		*at, err = typedKeyholders(text)
	case *[]string:
		*at = custody.Group(strings.Fields(strings.ReplaceAll(text, ",", " ")))
	}
	return err
}

// policyValue is one: a pointer into a policy.
type policyValue struct{ at any }

// Typed gives it as people type it.
func (v policyValue) Typed() string {
	switch at := v.at.(type) {
	case *time.Duration:
		return at.String()
	case *int:
		return strconv.Itoa(*at)
	case *int64:
		return strconv.FormatInt(*at, 10)
	case *custody.Approvals:
		return string(*at)
	case *custody.Exclusivity:
		return string(*at)
	case *custody.Keyholders:
		return holdersText(*at)
	case *[]string:
		return strings.Join(*at, " ")
	}
	return ""
}

// Length gives it where it is one; nil: it is none.
func (v policyValue) Length() *time.Duration { at, _ := v.at.(*time.Duration); return at }

// Whole says that it is a number.
func (v policyValue) Whole() bool {
	switch v.at.(type) {
	case *int, *int64:
		return true
	}
	return false
}

// Choices gives what it is one of; nil: of no list.
func (v policyValue) Choices() (all []string) {
	switch v.at.(type) {
	case *custody.Approvals:
		for _, one := range []custody.Approvals{custody.ApprovedByTwo, custody.ApprovedByOne, custody.ApprovedByNone} {
			all = append(all, string(one))
		}
	case *custody.Exclusivity:
		for _, one := range custody.Exclusivities {
			all = append(all, string(one))
		}
	}
	return all
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

// typedPolicy reads the form.
func (v *visit) typedPolicy() (typed custody.Policy, err error) {
	for _, f := range policyValues {
		if err := f.read(v.field(f.Name), &typed); err != nil {
			return typed, err
		}
	}
	return typed, nil
}

// policyTexts fill the form in.
func policyTexts(p custody.Policy) url.Values {
	texts := url.Values{}
	for _, f := range policyValues {
		texts.Set(f.Name, f.Of(p).Typed())
	}
	return texts
}
