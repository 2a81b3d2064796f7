package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestWhatIsSaid runs tests of which it is known how they end.
func TestWhatIsSaid(t *testing.T) {
	for name, test := range map[string]struct {
		packages string
		fails    bool
		skipped  int
		says     []string // lines, as expressions, in this order
		silent   []string
	}{
		"passes": {packages: "green", says: []string{`ok  \tDIR/green\t\d+\.\d+s`}, silent: []string{"nobody needs", "PASS", "==="}},
		"mixed": {
			packages: "mixed", fails: true, skipped: 1,
			says: []string{
				`printed while it failed`, `--- FAIL: TestFails \(.*s\)`, `    mixed_test.go:11: two is not three`, `--- FAIL: TestFails/in_part \(.*s\)`,
				`FAIL`, `FAIL\tDIR/mixed\t.*s`, `SKIPPED\tDIR/mixed TestSkips/in_part`, `    mixed_test.go:17: needs the moon`,
			},
			silent: []string{"nobody needs", "nor this", "--- PASS", "==="},
		},
		"panics":           {packages: "panics", fails: true, says: []string{`.*panics_test.go:6: said before`, `panic: at the disco.*`, `FAIL\tDIR/panics\t.*s`}},
		"does not compile": {packages: "broken", fails: true, says: []string{`# DIR/broken.*`, `.*broken_test.go:5:\d+: undefined: undefined`, `FAIL\tDIR/broken \[build failed\]`}},
		"no test files":    {packages: "none", says: []string{`\?   \tDIR/none\t\[no test files\]`}},
		"one of three": {
			packages: "green broken none", fails: true,
			says: []string{`FAIL\tDIR/broken \[build failed\]`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			command := []string{"go", "test", "-json", "-count=1"}
			for p := range strings.FieldsSeq(test.packages) {
				command = append(command, "./testdata/"+p)
			}
			var out strings.Builder
			skipped, err := run(&out, command)
			if (err != nil) != test.fails || skipped != test.skipped {
				t.Errorf("%d skipped, %v", skipped, err)
			}
			rest := out.String()
			for _, line := range test.says {
				line = strings.ReplaceAll(line, "DIR", `\S+/tools/noskip/testdata`)
				at := regexp.MustCompile(`(?m)^` + line + `$`).FindStringIndex(rest)
				if at == nil {
					t.Fatalf("nothing like %q (after what came before it) in\n%s", line, out.String())
				}
				rest = rest[at[1]:]
			}
			for _, text := range test.silent {
				if strings.Contains(out.String(), text) {
					t.Errorf("%q in\n%s", text, out.String())
				}
			}
		})
	}
}

// TestWhatDoesNotEnd: a stream that stops in the middle is no success.
func TestWhatDoesNotEnd(t *testing.T) {
	var out strings.Builder
	_, err := tell(&out, strings.NewReader(`{"Action":"run","Package":"p","Test":"TestX"}
not of test2json
{"Action":"output","Package":"p","Test":"TestX","Output":"half a line"}`))
	if err == nil || !strings.Contains(out.String(), "not of test2json\n") || !strings.Contains(out.String(), "half a line") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
