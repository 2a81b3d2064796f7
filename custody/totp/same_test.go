package totp_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// TestOneSeedHoweverItIsSpelt: what shows the same codes is the same seed, and nothing else is.
func TestOneSeedHoweverItIsSpelt(t *testing.T) {
	seed := totp.NewSeed()
	for name, c := range map[string]struct {
		other custody.Secret
		same  bool
	}{
		"itself":                     {seed, true},
		"in small letters":           {custody.SecretString(strings.ToLower(seed.Reveal())), true},
		"with zeros behind":          {custody.SecretString(seed.Reveal() + strings.Repeat("A", 8)), true},
		"another":                    {totp.NewSeed(), false},
		"one that is longer by much": {custody.SecretString(seed.Reveal() + seed.Reveal()), false},
	} {
		for _, both := range [][2]custody.Secret{{seed, c.other}, {c.other, seed}} {
			if same, err := totp.Same(both[0], both[1]); err != nil || same != c.same {
				t.Errorf("%s: %t, %v", name, same, err)
			}
		}
	}
	for _, both := range [][2]custody.Secret{{seed, custody.SecretString("!")}, {custody.SecretString("!"), seed}} {
		if same, err := totp.Same(both[0], both[1]); err == nil || same {
			t.Errorf("beside what is no seed: %t", same)
		}
	}
}
