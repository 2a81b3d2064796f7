package password

import (
	"errors"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// What a system does not take is found in the policy, before any password is made.
func TestPoliciesFitWhatASystemTakes(t *testing.T) {
	short := Policy{Length: 20, Classes: []Class{{"abcdefghijkmnopqrstuvwxyz", 1}, {"23456789", 1}, {"-_", 1}}}
	for what, c := range map[string]struct {
		policy Policy
		limits Limits
		key    string // of the refusal; "": it fits
	}{
		"no limits":                    {Default(), Limits{}, ""},
		"just as long":                 {Default(), Limits{Most: 24}, ""},
		"one too long":                 {Default(), Limits{Most: 23}, "password_longer"},
		"short enough":                 {short, Limits{Most: 20}, ""},
		"its specials and more":        {Default(), Limits{Specials: "-._!"}, ""},
		"one of its specials is not":   {Default(), Limits{Specials: "-_"}, "password_foreign"},
		"fewer specials":               {short, Limits{Most: 20, Specials: "-_"}, ""},
		"long, and with other signs":   {Default(), Limits{Most: 20, Specials: "-_"}, "password_longer"},
		"letters and digits count not": {Policy{20, []Class{{"abc", 1}, {"123", 1}, {"!", 1}}}, Limits{Specials: "!"}, ""},
	} {
		err := c.policy.Fits(c.limits)
		refusal, is := errors.AsType[*custody.Refusal](err)
		switch {
		case c.key == "" && err != nil:
			t.Errorf("%s: %v", what, err)
		case c.key != "" && (!is || refusal.Key != c.key || refusal.Field != "policy.password"):
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestLimitsAreRead(t *testing.T) {
	for what, c := range map[string]struct {
		most, specials, field string
		want                  Limits
	}{
		"none":              {"", "", "", Limits{}},
		"both":              {"20", "-_.", "", Limits{20, "-_."}},
		"below the clause":  {"7", "", "x.most", Limits{}},
		"above all":         {"101", "", "x.most", Limits{}},
		"no number":         {"twenty", "", "x.most", Limits{}},
		"letters are taken": {"", "-a", "x.specials", Limits{}},
		"no blanks":         {"", "- _", "x.specials", Limits{}},
	} {
		got, err := ParseLimits("x.", c.most, c.specials)
		refusal, is := errors.AsType[*custody.Refusal](err)
		if got != c.want || c.field == "" && err != nil || c.field != "" && (!is || refusal.Field != c.field) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	if strings.Trim(specials, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") != "" {
		t.Error("a special character is none")
	}
}
