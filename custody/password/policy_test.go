package password_test

import (
	"math"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/password"
)

func TestDefaultLeavesOutWhatIsMisreadOrMisparsed(t *testing.T) {
	var alphabet string
	for _, class := range password.Default().Classes {
		alphabet += class.Chars
	}
	for _, c := range "0O1lI" + ":'\"`\\ $&;|<>()[]{}*?!#~%^=,/@+\t\n" {
		if strings.ContainsRune(alphabet, c) {
			t.Errorf("%q is in the alphabet", c)
		}
	}
	for i, c := range alphabet {
		if c > 0x7e || strings.IndexRune(alphabet, c) != i {
			t.Errorf("%q is not ASCII, or is there twice", c)
		}
	}
	if err := password.Default().Check(); err != nil {
		t.Error(err)
	}
}

// TestGenerateIsUniform makes so many passwords of a small policy that each
// comes up about as often as any other, by Pearson's chi-squared test.
func TestGenerateIsUniform(t *testing.T) {
	for name, policy := range map[string]password.Policy{
		"a class each":     {Length: 2, Classes: []password.Class{{"ab", 1}, {"12", 1}}},
		"two of a class":   {Length: 3, Classes: []password.Class{{"ab", 2}, {"12", 0}}},
		"shared":           {Length: 3, Classes: []password.Class{{"ab1", 2}, {"1", 1}}},
		"the same twice":   {Length: 3, Classes: []password.Class{{"abb", 0}, {"ba1", 1}}},
		"nothing demanded": {Length: 2, Classes: []password.Class{{"abc", 0}}},
	} {
		allowed := wordsOf(policy)
		seen := map[string]int{}
		const each = 400
		for range each * len(allowed) {
			seen[policy.Generate().Reveal()]++
		}
		var chi2 float64
		for _, word := range allowed {
			off := float64(seen[word] - each)
			chi2 += off * off / each
			delete(seen, word)
		}
		if len(seen) != 0 {
			t.Errorf("%s: %v came up, which the policy does not allow", name, seen)
		}
		// Chi-squared has the mean k and the variance 2k; 8 standard deviations
		// above the mean come up in less than one run of a million.
		if k := float64(len(allowed) - 1); chi2 > k+8*math.Sqrt(2*k) {
			t.Errorf("%s: chi-squared is %.0f over %d words: not uniform", name, chi2, len(allowed))
		}
	}
}

// wordsOf spells out all that a policy allows.
func wordsOf(p password.Policy) (allowed []string) {
	var spell func(word string)
	spell = func(word string) {
		if len(word) < p.Length {
			for _, c := range password.Alphabet(p) {
				spell(word + string(c))
			}
			return
		}
		for _, class := range p.Classes {
			n := 0
			for _, c := range word {
				n += min(1, strings.Count(class.Chars, string(c)))
			}
			if n < class.Min {
				return
			}
		}
		allowed = append(allowed, word)
	}
	spell("")
	return allowed
}

// The share that is computed is the share that counting gives.
func TestShare(t *testing.T) {
	for _, p := range []password.Policy{
		{Length: 2, Classes: []password.Class{{"ab", 1}, {"12", 1}}},
		{Length: 4, Classes: []password.Class{{"ab1", 2}, {"12", 1}, {"-", 1}}},
		{Length: 4, Classes: []password.Class{{"abc", 0}, {"c-", 3}}},
		{Length: 3, Classes: []password.Class{{"a", 2}, {"b", 2}}},
		{Length: 3, Classes: []password.Class{{"abc", 0}}},
	} {
		all := math.Pow(float64(len(password.Alphabet(p))), float64(p.Length))
		if got, known := password.Share(p); !known || math.Abs(got-float64(len(wordsOf(p)))/all) > 1e-12 {
			t.Errorf("%+v: share %v (%v), counted %d of %v", p, got, known, len(wordsOf(p)), all)
		}
	}
}

func TestGeneratePanicsWhenNothingSatisfiesThePolicy(t *testing.T) {
	for _, p := range []password.Policy{
		{},
		{Length: 1, Classes: []password.Class{{"a", 1}, {"b", 1}}},
		{Length: 3, Classes: []password.Class{{"", 1}}},
		{Length: 3, Classes: []password.Class{{"a", 4}}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v: no panic", p)
				}
			}()
			p.Generate()
		}()
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		password.Default().Generate()
	}
}
