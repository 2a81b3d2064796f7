package password

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/tandem-custody/tandem/custody"
)

// The company's clause on passwords (policy, rules 2): at least 8 characters,
// with digits, letters and special characters.
const minLength = 8

var kinds = []struct{ name, chars string }{
	{"digit", "0123456789"},
	{"letter", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
	{"special character", specials},
}

const specials = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" // ASCII's, without the space

const (
	maxLength  = 100 // Vault's own
	maxClasses = 8

	// minShare is the least share of the words over the alphabet that a policy
	// allows: Vault looks for one at random as Generate does, and gives up after
	// a while.
	minShare = 1.0 / 1000

	// minBits is the least number of passwords that a policy leaves to choose
	// from, as a power of 2: 8 characters of 32.
	minBits = 40
)

// Meets says in which point of the clause a password falls short, nil in none.
// The error does not repeat the password.
func Meets(password custody.Secret) error {
	value := password.Reveal()
	if utf8.RuneCountInString(value) < minLength {
		return fmt.Errorf("shorter than %d characters", minLength)
	}
	for _, kind := range kinds {
		if count(value, kind.chars) == 0 {
			return fmt.Errorf("without a %s", kind.name)
		}
	}
	return nil
}

// Check says all that is wrong with a policy: what Vault would refuse, what no
// search finds, and where its passwords could fall short of the clause.
func (p Policy) Check() error {
	var all []error
	for _, problem := range p.problems() {
		all = append(all, problem)
	}
	return errors.Join(all...)
}

// problem is one thing that is wrong with a policy.
type problem struct {
	class int // which one it is about, or one of the two below
	text  string
}

const (
	ofLength = -1
	ofPolicy = -2
)

func (p problem) Error() string {
	switch p.class {
	case ofLength:
		return "length: " + p.text
	case ofPolicy:
		return p.text
	}
	return fmt.Sprintf("rule %d: %s", p.class+1, p.text)
}

func (p Policy) problems() (all []problem) {
	add := func(class int, format string, args ...any) {
		all = append(all, problem{class, fmt.Sprintf(format, args...)})
	}
	if p.Length < minLength || p.Length > maxLength {
		add(ofLength, "must be %d to %d characters", minLength, maxLength)
	}
	if len(p.Classes) > maxClasses {
		add(ofPolicy, "must not have more than %d rules", maxClasses)
	}
	for i, class := range p.Classes {
		switch {
		case class.Chars == "":
			add(i, "charset is empty")
		case strings.Trim(class.Chars, kinds[0].chars+kinds[1].chars+specials) != "":
			add(i, "charset must be printable ASCII without spaces: consoles and protocols differ on all else")
		}
		if class.Min < 0 || class.Min > maxLength {
			add(i, "min-chars must be 0 to %d", maxLength)
		}
	}
	for _, kind := range kinds {
		if !p.demands(kind.chars) {
			add(ofPolicy, "a password could be without a %s: give one rule a charset of %ss only, and min-chars of 1 or more", kind.name, kind.name)
		}
	}
	if all != nil {
		return all
	}
	switch share, known := p.share(); {
	case !p.satisfiable():
		add(ofPolicy, "the rules' min-chars are more than the length together")
	case !known:
		add(ofPolicy, "the rules' min-chars are too large to work out how many passwords satisfy them together: ask for fewer")
	case share < minShare:
		add(ofPolicy, "too few of the words over its characters satisfy it, under 1 in %.0f: ask for fewer characters of small charsets, or a greater length", 1/minShare)
	case float64(p.Length)*math.Log2(float64(len(p.alphabet())))+math.Log2(share) < minBits:
		add(ofPolicy, "leaves too few passwords to choose from, under 2^%d: add characters, or length", minBits)
	}
	return all
}

// demands says whether each password of the policy has one of chars: that is so
// when one class has nothing else, and asks for it.
func (p Policy) demands(chars string) bool {
	for _, class := range p.Classes {
		if class.Min > 0 && class.Chars != "" && strings.Trim(class.Chars, chars) == "" {
			return true
		}
	}
	return false
}
