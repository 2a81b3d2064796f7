package password_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/password"
)

func TestMeets(t *testing.T) {
	for value, want := range map[string]string{
		"":            "shorter than 8 characters",
		"aB3-aB3":     "shorter than 8 characters",
		"aB3-aB3-":    "",
		"abcd-efg":    "without a digit",
		"1234-567":    "without a letter",
		"abcd1234":    "without a special character",
		"密码密码a1-":     "shorter than 8 characters", // 7 characters in 15 bytes
		"пароль-1":    "without a letter",          // of ASCII: what a console without that script can type
		"aaaa 1111":   "without a special character",
		"~1aaaaaaaaa": "",
	} {
		got := ""
		if err := password.Meets(custody.SecretString(value)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

// What Check accepts makes only passwords that meet the clause.
func TestCheckedPoliciesMeetTheClause(t *testing.T) {
	for name, p := range map[string]password.Policy{
		"default":    password.Default(),
		"shortest":   {Length: 8, Classes: []password.Class{{"abcdefghijklmnopqrstuvwxyz", 1}, {"0123456789", 1}, {"-._", 1}}},
		"overlap":    {Length: 10, Classes: []password.Class{{"abcdefghijklmnop0123456789", 6}, {"0123456789", 2}, {"-.", 1}, {"abcdef", 1}}},
		"in two":     {Length: 12, Classes: []password.Class{{"abcdefghijklmnop", 1}, {"0123456789", 1}, {"!#$%{}\"\\", 1}, {"!a1", 0}}},
		"very long":  {Length: 100, Classes: []password.Class{{"abcdefghijklmnop", 1}, {"0123456789", 1}, {"!", 1}}},
		"much of it": {Length: 100, Classes: []password.Class{{"abcdefghij", 30}, {"0123456789", 30}, {"!#$%&()*+-", 30}}},
		"eight sets": {Length: 16, Classes: []password.Class{{"abcd", 1}, {"efgh", 1}, {"ijkl", 0}, {"MNOP", 1}, {"23", 1}, {"456", 1}, {"789", 0}, {"-_.", 1}}},
	} {
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for range 200 {
			if err := password.Meets(p.Generate()); err != nil {
				t.Errorf("%s: a password %v", name, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	letters := password.Class{Chars: "abcdefghijklmnopqrstuvwxyz", Min: 1}
	digits := password.Class{Chars: "0123456789", Min: 1}
	specials := password.Class{Chars: "-._", Min: 1}
	for _, test := range []struct {
		name   string
		policy password.Policy
		want   string
	}{
		{"nothing", password.Policy{}, "length: must be 8 to 100 characters\n" +
			"a password could be without a digit: give one rule a charset of digits only, and min-chars of 1 or more\n" +
			"a password could be without a letter: give one rule a charset of letters only, and min-chars of 1 or more\n" +
			"a password could be without a special character: give one rule a charset of special characters only, and min-chars of 1 or more"},
		{"short", password.Policy{Length: 7, Classes: []password.Class{letters, digits, specials}}, "length: must be 8 to 100 characters"},
		{"long", password.Policy{Length: 101, Classes: []password.Class{letters, digits, specials}}, "length: must be 8 to 100 characters"},
		{"digits not demanded", password.Policy{Length: 8, Classes: []password.Class{letters, {"0123456789", 0}, specials}},
			"a password could be without a digit: give one rule a charset of digits only, and min-chars of 1 or more"},
		{"digits beside letters", password.Policy{Length: 8, Classes: []password.Class{letters, {"a0123456789", 1}, specials}},
			"a password could be without a digit: give one rule a charset of digits only, and min-chars of 1 or more"},
		{"odd characters", password.Policy{Length: 8, Classes: []password.Class{letters, digits, specials, {"é", 0}, {"a b", 0}, {"", 1}, {"x", -1}}},
			"rule 4: charset must be printable ASCII without spaces: consoles and protocols differ on all else\n" +
				"rule 5: charset must be printable ASCII without spaces: consoles and protocols differ on all else\n" +
				"rule 6: charset is empty\n" +
				"rule 7: min-chars must be 0 to 100"},
		{"too much", password.Policy{Length: 8, Classes: []password.Class{letters, digits, {"-._", 7}}}, "the rules' min-chars are more than the length together"},
		{"too many rules", password.Policy{Length: 20, Classes: []password.Class{letters, digits, specials, {"a", 0}, {"a", 0}, {"a", 0}, {"a", 0}, {"a", 0}, {"a", 0}}},
			"must not have more than 8 rules"},
		{"hardly ever", password.Policy{Length: 12, Classes: []password.Class{letters, digits, {"-", 6}}},
			"too few of the words over its characters satisfy it, under 1 in 1000: ask for fewer characters of small charsets, or a greater length"},
		{"more than is followed", password.Policy{Length: 100, Classes: []password.Class{{letters.Chars, 25}, {digits.Chars, 25}, {"-._", 25}, {"ABCD", 25}}},
			"the rules' min-chars are too large to work out how many passwords satisfy them together: ask for fewer"},
		{"easily guessed", password.Policy{Length: 8, Classes: []password.Class{{"ab", 1}, {"12", 1}, {"-", 1}}},
			"leaves too few passwords to choose from, under 2^40: add characters, or length"},
	} {
		got := ""
		if err := test.policy.Check(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s:\n%s\nwant:\n%s", test.name, got, test.want)
		}
	}
	if err := (password.Policy{Length: 9, Classes: []password.Class{letters, digits, {strings.Repeat("-", 200), 1}}}).Check(); err != nil {
		t.Errorf("a character again and again: %v", err)
	}
}
