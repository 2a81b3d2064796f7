package password

import (
	"strconv"
	"strings"

	"github.com/tandem-custody/tandem/custody"
)

// Limits is what a system takes of a password.
type Limits struct {
	Most     int    // bytes; 0: no limit is known
	Specials string // the special characters that it takes, beside letters and digits; "": any
}

// ParseLimits reads limits as people write them; "" is none. Its error is a
// *custody.Refusal of the field that is below prefix.
func ParseLimits(prefix, most, specialChars string) (Limits, error) {
	var l Limits
	if most != "" {
		n, err := strconv.Atoi(most)
		if err != nil || n < minLength || n > maxLength {
			return Limits{}, custody.Invalid(prefix+"most", "password_most", custody.Args{"least": minLength, "most": maxLength})
		}
		l.Most = n
	}
	if strings.Trim(specialChars, specials) != "" {
		return Limits{}, custody.Invalid(prefix+"specials", "password_specials")
	}
	l.Specials = specialChars
	return l, nil
}

// Fits refuses a policy that makes passwords which a system does not take. Its error is a
// *custody.Refusal of the policy.
func (p Policy) Fits(l Limits) error {
	const field = "policy.password"
	if l.Most > 0 && p.Length > l.Most {
		return custody.Invalid(field, "password_longer", custody.Args{"length": p.Length, "most": l.Most})
	}
	foreign := strings.Map(func(r rune) rune {
		if l.Specials == "" || strings.ContainsRune(l.Specials, r) || !strings.ContainsRune(specials, r) {
			return -1
		}
		return r
	}, p.alphabet())
	if foreign != "" {
		return custody.Invalid(field, "password_foreign", custody.Args{"characters": foreign, "takes": l.Specials})
	}
	return nil
}
