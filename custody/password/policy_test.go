package password_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/password"
)

func TestDefaultLeavesOutWhatIsMisreadOrMisparsed(t *testing.T) {
	alphabet := strings.Join(password.Default().Classes, "")
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
}

// The shortest policy makes the rejections frequent: every password must still
// have every class, and every allowed password must come up.
func TestGenerateReachesEveryPasswordOfThePolicy(t *testing.T) {
	p := password.Policy{Length: 2, Classes: []string{"ab", "12"}}
	seen := map[string]bool{}
	for range 2000 {
		seen[p.Generate().Reveal()] = true
	}
	for _, want := range []string{"a1", "a2", "b1", "b2", "1a", "1b", "2a", "2b"} {
		if !seen[want] {
			t.Errorf("%q never came up", want)
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d different passwords, the policy allows 8: %v", len(seen), seen)
	}
}

func TestGeneratePanicsWhenNothingSatisfiesThePolicy(t *testing.T) {
	for _, p := range []password.Policy{{}, {Length: 1, Classes: []string{"a", "b"}}, {Length: 3, Classes: []string{""}}} {
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

func TestHCL(t *testing.T) {
	const want = `length = 8

rule "charset" {
  charset   = "ab"
  min-chars = 1
}

rule "charset" {
  charset   = "12"
  min-chars = 1
}
`
	if got := (password.Policy{Length: 8, Classes: []string{"ab", "12"}}).HCL(); got != want {
		t.Errorf("HCL:\n%s\nwant:\n%s", got, want)
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		password.Default().Generate()
	}
}
