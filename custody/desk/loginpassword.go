package desk

import (
	"strings"
	"unicode"

	zxcvbn "github.com/ccojocar/zxcvbn-go"

	"github.com/tandem-custody/tandem/custody"
)

// The bounds of a password that somebody chooses to log in with, in characters. The
// longest keeps an estimate from taking long.
const (
	shortestLogin = 8
	longestLogin  = 128
	// leastGuesses is the score of zxcvbn, 0 to 4, below which a password is one of the
	// common ones, or a little more: fewer than a million tries.
	leastGuesses = 2
)

// checkLoginPassword holds a chosen password to the company's rule (rules, 2): at least
// eight characters with letters, digits and others, and nothing that is on a list of
// common ones or made of the person's own names.
func checkLoginPassword(password custody.Secret, person custody.Person) *custody.Refusal {
	text := password.Reveal()
	length := len([]rune(text))
	switch {
	case length < shortestLogin:
		return custody.Invalid("password", "password_short", custody.Args{"least": shortestLogin})
	case length > longestLogin:
		return custody.Invalid("password", "password_long", custody.Args{"most": longestLogin})
	case !mixed(text):
		return custody.Invalid("password", "password_mixed")
	}
	own := append(strings.Fields(person.Name), person.Username, "tandem")
	if zxcvbn.PasswordStrength(text, own).Score < leastGuesses {
		return custody.Invalid("password", "password_common")
	}
	return nil
}

// mixed says whether a text has a letter, a digit and something else.
func mixed(text string) bool {
	var letter, digit, other bool
	for _, r := range text {
		switch {
		case unicode.IsLetter(r):
			letter = true
		case unicode.IsDigit(r):
			digit = true
		default:
			other = true
		}
	}
	return letter && digit && other
}
