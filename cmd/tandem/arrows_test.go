package main

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/tandem-custody/tandem/"

// allowed says which of our packages a package may import: the longest prefix
// that matches counts. The arrows go one way, cmd -> api -> custody -> audit;
// adapters import the domain and never each other; only cmd wires.
var allowed = map[string][]string{
	"audit":                 {},
	"config":                {},
	"custody":               {"audit"},
	"custody/totp":          {"custody"},
	"custody/desk":          {"custody", "custody/totp", "audit"},
	"custody/store":         {"custody", "custody/desk", "audit"},
	"custody/vault":         {"custody", "custody/desk", "audit"},
	"custody/embedded":      {"custody", "custody/desk", "audit"},
	"custody/rotation":      {"custody", "custody/desk"},
	"custody/rotation/":     {"custody", "custody/desk", "custody/rotation"},
	"api":                   {"custody", "custody/desk", "custody/totp", "audit", "api"},
	"custody/vault/":        {},
	"custody/desk/":         {"custody", "custody/desk", "audit"},
	"custody/rotation/ssh/": {"custody"},
}

func TestArrowsGoOneWay(t *testing.T) {
	// Tests may reach further: they wire real parts.
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		if strings.HasPrefix(pkg, "cmd/") {
			continue
		}
		seen++
		may, known := rulesFor(pkg)
		if !known {
			t.Errorf("no arrow is drawn for %s: say in this test what it may import", pkg)
			continue
		}
		for _, imported := range fields[1:] {
			ours, is := strings.CutPrefix(imported, module)
			if is && !may[ours] && !strings.HasPrefix(ours, pkg+"/") && !(strings.HasPrefix(pkg, "api") && strings.HasPrefix(ours, "api")) {
				t.Errorf("%s must not import %s", pkg, ours)
			}
		}
	}
	if seen < 8 {
		t.Fatalf("only %d packages were looked at", seen)
	}
}

func rulesFor(pkg string) (map[string]bool, bool) {
	best, found := "", false
	for prefix := range allowed {
		fits := pkg == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(pkg, prefix) ||
			!strings.HasSuffix(prefix, "/") && strings.HasPrefix(pkg, prefix+"/")
		if fits && len(prefix) >= len(best) {
			best, found = prefix, true
		}
	}
	may := map[string]bool{}
	for _, p := range allowed[best] {
		may[p] = true
	}
	return may, found
}
