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
	"audit":                                {},
	"audit/":                               {"audit"},
	"audit/witness/":                       {"audit", "audit/witness"},
	"config":                               {},
	"custody":                              {"audit"},
	"custody/password":                     {"custody"},
	"custody/search":                       {},
	"custody/follow":                       {},
	"custody/follow/":                      {"custody/follow"},
	"custody/totp":                         {"custody"},
	"custody/words":                        {"custody"},
	"custody/desk":                         {"custody", "custody/totp", "custody/words", "audit"},
	"custody/desk/":                        {"custody", "custody/desk", "custody/password", "audit"},
	"custody/desk/desktest":                {"custody", "custody/desk", "custody/embedded", "custody/store", "custody/store/storetest/postgrestest", "custody/totp", "audit"}, // the real parts, for tests
	"custody/store":                        {"custody", "custody/follow", "custody/desk", "custody/search", "audit"},
	"custody/store/storetest":              {"custody", "custody/follow", "custody/desk", "custody/embedded", "audit"}, // the real secrets, for tests
	"custody/store/storetest/postgrestest": {"custody/rotation/servertest", "custody/rotation/postgres/postgrestest"},  // a real server, for tests
	"custody/vault":                        {"custody", "custody/desk", "custody/password", "custody/reconcile", "audit"},
	"custody/vault/":                       {},
	"custody/embedded":                     {"custody", "custody/desk", "custody/password", "audit"},
	"custody/siem":                         {"custody", "custody/follow", "audit"},
	"custody/reconcile":                    {"custody", "custody/desk", "custody/rotation"},
	"custody/export":                       {"custody", "audit", "audit/jsonl"},
	"custody/certificate":                  {"custody", "custody/words", "audit"},
	"custody/rotation":                     {"custody", "custody/desk", "custody/password"},
	"custody/rotation/":                    {"custody", "custody/desk", "custody/password", "custody/rotation", "custody/rotation/endpoint", "custody/rotation/unixcrypt", "custody/rotation/servertest"},
	"custody/rotation/targettest":          {"custody", "custody/desk", "custody/rotation", "custody/rotation/rotationtest", "custody/rotation/servertest"},
	"custody/envelope":                     {"custody"},
	"custody/enveloping":                   {"custody", "custody/desk", "custody/envelope"}, // which is its format, and no adapter beside it
	"custody/auditor":                      {"custody", "audit", "audit/jsonl", "audit/remote", "custody/certificate", "custody/reconcile"},
	// The demo is no adapter: an office with the real parts in it.
	"custody/demo":           {"custody", "custody/desk", "custody/totp", "custody/rotation/ssh", "custody/vault"},
	"custody/notify":         {"custody", "custody/follow", "custody/desk", "custody/words", "audit"},
	"custody/notify/channel": {"custody", "custody/notify/channel"},
	"custody/witnessing":     {"custody", "custody/follow", "custody/desk", "audit", "audit/witness"},
	"tools/jepsen":           {},
	"tools/bench":            {},
	"tools/soak":             {},
	"tools/noskip":           {},
	"tools/packaging":        {},
	"tools/guards":           {},
	"api":                    {"custody", "custody/auditor", "custody/desk", "custody/export", "custody/follow", "custody/search", "custody/totp", "custody/words", "audit", "api"},
	"api/play":               {"custody", "custody/demo", "custody/desk", "custody/envelope", "custody/totp"},
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
