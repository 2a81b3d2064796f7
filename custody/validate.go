package custody

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxText is the longest purpose, reason or display name, in runes.
const MaxText = 500

const (
	maxEmail        = 254              // octets, RFC 5321, 4.5.3.1.3
	maxLeaseSeconds = 7 * 24 * 60 * 60 // a password that is lent for longer is owned
	minAgeSeconds   = 60 * 60
	maxAgeSeconds   = 10 * 365 * 24 * 60 * 60
	maxDependents   = 16
)

// validName is what usernames and credential names look like. They become paths
// in the secret store and parts of URLs, so there is nothing in them that either
// could read as something else.
var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// counted is what the names of handovers, leases, proposals, absences and emergencies look like. Nothing
// else may be called so: an entry's subject says what it is about by name alone.
var counted = regexp.MustCompile(`^(handover|lease|p|absence|emergency)-[0-9]+$`)

// sortedOnce says whether names are in the one order that a list of them has.
func sortedOnce(names []string) bool {
	return slices.IsSorted(names) && len(slices.Compact(slices.Clone(names))) == len(names)
}

// checkTogether looks at the names of a command that does one thing to several.
func checkTogether(field string, names []string) error {
	switch {
	case len(names) == 0:
		return Invalid(field, "none_named")
	case len(names) > maxNamed:
		return Invalid(field, "too_many_named")
	case len(slices.Compact(slices.Sorted(slices.Values(names)))) < len(names):
		return Invalid(field, "named_twice")
	}
	return nil
}

func checkName(field, name string) *Refusal {
	if !validName.MatchString(name) || strings.Contains(name, "..") || name == System || counted.MatchString(name) {
		return Invalid(field, "name")
	}
	return nil
}

// CheckText accepts what a person would write in one line: a purpose, a reason.
func CheckText(field, text string) *Refusal {
	switch {
	case blank(text):
		return Invalid(field, "empty")
	case utf8.RuneCountInString(text) > MaxText:
		return Invalid(field, "too_long", Args{"most": MaxText})
	}
	return checkOptionalText(field, text)
}

func checkOptionalText(field, text string) *Refusal {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, isControl) {
		return Invalid(field, "control_characters")
	}
	if utf8.RuneCountInString(text) > MaxText {
		return Invalid(field, "too_long", Args{"most": MaxText})
	}
	return nil
}

// isControl also finds what breaks a line and what turns the direction of the
// text round: an entry must not read otherwise than it is (CVE-2021-42574).
func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// CheckInstant accepts what the ledger, an answer and a page can write (RFC 3339):
// in UTC, the years 1 to 9999. Whatever takes an instant from outside asks it; the
// zero one means none.
func CheckInstant(field string, t time.Time) *Refusal {
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return Invalid(field, "years")
	}
	return nil
}

// checkFuture is CheckInstant for what may be left out and lies ahead.
func (d *decision) checkFuture(field string, t time.Time) *Refusal {
	switch {
	case t.IsZero():
		return nil
	case !t.After(d.now):
		return Invalid(field, "past")
	}
	return CheckInstant(field, t)
}

func checkRoles(roles []Role) *Refusal {
	if len(roles) == 0 {
		return Invalid("roles", "no_role")
	}
	for _, r := range roles {
		if !slices.Contains(Roles, r) {
			return Invalid("roles", "no_such_role")
		}
	}
	return nil
}

// checkPolicy looks at the form only; whether there are such dependents and such
// a password policy is for the configuration.
func checkPolicy(p CredentialPolicy) *Refusal {
	switch {
	case p.LeaseSeconds < 0 || p.LeaseSeconds > maxLeaseSeconds:
		return Invalid("policy.lease_seconds", "lease_seconds")
	case p.MaxAgeSeconds != 0 && (p.MaxAgeSeconds < minAgeSeconds || p.MaxAgeSeconds > maxAgeSeconds):
		return Invalid("policy.max_age_seconds", "max_age_seconds")
	case p.MaxExposed < 0 || p.MaxExposed > 2:
		return Invalid("policy.max_exposed", "max_exposed")
	case p.Password != "" && checkName("policy.password", p.Password) != nil:
		return checkName("policy.password", p.Password)
	case len(p.Dependents) > maxDependents:
		return Invalid("policy.dependents", "too_many_dependents")
	}
	for i, dependent := range p.Dependents {
		if err := checkName("policy.dependents", dependent); err != nil {
			return err
		}
		if i > 0 && p.Dependents[i-1] >= dependent {
			return Invalid("policy.dependents", "unsorted")
		}
	}
	return nil
}
