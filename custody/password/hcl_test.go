package password_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/password"
)

func TestHCL(t *testing.T) {
	const want = `length = 8

rule "charset" {
  charset   = "ab"
  min-chars = 1
}

rule "charset" {
  charset   = "1\"\\$\u007b%}"
  min-chars = 0
}
`
	if got := (password.Policy{Length: 8, Classes: []password.Class{{"ab", 1}, {`1"\${%}`, 0}}}).HCL(); got != want {
		t.Errorf("HCL:\n%s\nwant:\n%s", got, want)
	}
}

const network = `# switches and routers
length = 16

rule "charset" {
  charset   = "abcdefghijkmnopqrstuvwxyz"
  min-chars = 1
}
rule "charset" {
  charset = "ABCDEFGHJKLMNPQRSTUVWXYZ" # may be in it
}
rule "charset" {
  charset   = "23456789"
  min-chars = 2
}
rule "charset" {
  charset   = "-._$\u007b\"\\"
  min-chars = 1
}
`

func TestParseHCL(t *testing.T) {
	want := password.Policy{Length: 16, Classes: []password.Class{
		{"abcdefghijkmnopqrstuvwxyz", 1}, {"ABCDEFGHJKLMNPQRSTUVWXYZ", 0}, {"23456789", 2}, {`-._${"\`, 1},
	}}
	got, err := password.ParseHCL("network.hcl", []byte(network))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for _, p := range []password.Policy{want, password.Default()} {
		if again, err := password.ParseHCL("again", []byte(p.HCL())); err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("after HCL: %+v, %v; want %+v", again, err, p)
		}
	}
}

func TestParseHCLSaysWhatIsWrongAndWhere(t *testing.T) {
	const good = `
rule "charset" {
  charset   = "abcdefghijkmnopqrstuvwxyz"
  min-chars = 1
}
rule "charset" {
  charset   = "23456789"
  min-chars = 1
}
rule "charset" {
  charset   = "-._"
  min-chars = 1
}
` // 14 lines, the first of them is the length's
	for name, test := range map[string]struct {
		text string
		want []string // a part of each line
	}{
		"empty":           {"", []string{"f.hcl:1,1-1: Missing required argument"}},
		"not HCL":         {"length = \n", []string{"f.hcl:1,10-2,1: Invalid expression"}},
		"binary":          {"\x00\xff", []string{"f.hcl:1,1-2: Invalid character", "f.hcl:1,2-3: Invalid character encoding", "f.hcl:1,1-2: Argument or block definition required"}},
		"open":            {"length = 24" + good + "rule \"charset\" {\n", []string{"f.hcl:14,16-17: Unclosed configuration block"}},
		"unknown key":     {"length = 24" + good + "charset = 1\n", []string{"f.hcl:14,1-8: Unsupported argument"}},
		"unknown in rule": {"length = 24" + good + "rule \"charset\" {\n  charset = \"a\"\n  min_chars = 1\n}\n", []string{"f.hcl:16,3-12: Unsupported argument"}},
		"rule and no name": {"length = 24" + good + "rule {\n  charset = \"a\"\n}\n",
			[]string{"f.hcl:14,6-7: Missing kind for rule"}},
		"another kind": {"length = 24" + good + "rule \"words\" {\n  charset = \"a\"\n}\n",
			[]string{`f.hcl:14,1-13: the only kind of rule is "charset"`}},
		"length a word":     {"length = \"many\"" + good, []string{"f.hcl:1,11-15: Unsuitable value type"}},
		"length a fraction": {"length = 8.5" + good, []string{"f.hcl:1,10-13: Unsuitable value type"}},
		"length endless":    {"length = 1e999999" + good, []string{"f.hcl:1,10-18: Unsuitable value type"}},
		"length null":       {"length = null" + good, []string{"f.hcl:1,"}},
		"short":             {"length = 7" + good, []string{"f.hcl:1,10-11: must be 8 to 100 characters"}},
		"variable":          {"length = 24" + good + "rule \"charset\" {\n  charset = \"${secret}\"\n}\n", []string{"f.hcl:15,16-22: Variables not allowed", "f.hcl:15,13-24: Unsuitable value type"}},
		"function":          {"length = file(\"/etc/passwd\")" + good, []string{"f.hcl:1,10-29: Function calls not allowed", "f.hcl:1,10-15: Unsuitable value type"}},
		"charset": {"length = 24" + good + "rule \"charset\" {\n  charset = \"a é\"\n}\n",
			[]string{"f.hcl:14,1-15: charset must be printable ASCII"}},
		"two problems": {"length = 24" + good + "rule \"charset\" {\n  charset = \"\"\n}\nrule \"charset\" {\n  charset = \"a\"\n  min-chars = -1\n}\n",
			[]string{"f.hcl:14,1-15: charset is empty", "f.hcl:17,1-15: min-chars must be 0 to 100"}},
		"weak": {"length = 24\nrule \"charset\" {\n  charset = \"abcdefghijkl123456\"\n}\n", []string{
			"f.hcl:1,1-1: a password could be without a digit", "f.hcl:1,1-1: a password could be without a letter",
			"f.hcl:1,1-1: a password could be without a special character"}},
		"endless": {strings.Repeat("#", 1<<17), []string{"f.hcl: longer than 65536 bytes"}},
	} {
		policy, err := password.ParseHCL("f.hcl", []byte(test.text))
		if err == nil {
			t.Errorf("%s: %+v", name, policy)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(test.want) {
			t.Errorf("%s: %v\nwant %d lines", name, err, len(test.want))
			continue
		}
		for i, want := range test.want {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s: %s\nwant %s", name, lines[i], want)
			}
		}
	}
}

// What is read keeps the clause, and is read again as it was written.
func FuzzParseHCL(f *testing.F) {
	f.Add([]byte(network))
	f.Add([]byte(password.Default().HCL()))
	f.Add([]byte("length = 8\nrule \"charset\" {\n  charset = \"$${\" \n}\n"))
	f.Add([]byte(`length = [for x in "a": 1]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		policy, err := password.ParseHCL("f", text)
		if err != nil {
			return
		}
		if err := password.Meets(policy.Generate()); err != nil {
			t.Errorf("a password %v", err)
		}
		if again, err := password.ParseHCL("again", []byte(policy.HCL())); err != nil || !reflect.DeepEqual(again, policy) {
			t.Errorf("%+v became %+v, %v", policy, again, err)
		}
	})
}
