package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// leftOut is what a binary for production is built without, by how its import path
// begins.
var leftOut = []string{
	"github.com/ugorji/go/codec", // MessagePack, which gin brings
	"github.com/bytedance/sonic", // another JSON, which gin can bring
	"github.com/gliderlabs/ssh",  // the demo's SSH server
	module + "custody/demo",
	module + "api/play",
	module + "custody/desk/desktest", // which has what makes log-ins cheap
}

// TestBuiltForProduction: what the Makefile and the Dockerfile build has nothing in
// it that nobody uses and a tag leaves out.
func TestBuiltForProduction(t *testing.T) {
	t.Parallel()
	for file, tags := range map[string]*regexp.Regexp{
		"Makefile":   regexp.MustCompile(`(?m)^TAGS\s*=\s*(\S+)$`),
		"Dockerfile": regexp.MustCompile(`-tags '(\S+)'`),
	} {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		given := tags.FindSubmatch(text)
		if given == nil {
			t.Errorf("%s builds without tags", file)
			continue
		}
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", string(given[1]), ".").Output()
		if err != nil {
			t.Fatal(err)
		}
		built := strings.Fields(string(out))
		if !slices.Contains(built, "github.com/gin-gonic/gin") {
			t.Errorf("%s: these are not all packages: %v", file, built)
		}
		for _, unused := range leftOut {
			if i := slices.IndexFunc(built, func(p string) bool { return strings.HasPrefix(p, unused) }); i >= 0 {
				t.Errorf("%s builds %s in", file, built[i])
			}
		}
	}
}
