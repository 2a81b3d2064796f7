package sshtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// require gives the absolute paths of programs, or ends the test.
func require(t testing.TB, programs ...string) []string {
	t.Helper()
	var missing, paths []string
	if os.Geteuid() != 0 {
		missing = append(missing, "root")
	}
	for _, program := range programs {
		path, found := find(program)
		if !found {
			missing = append(missing, program)
		}
		paths = append(paths, path)
	}
	if len(missing) > 0 {
		lack(t, missing...)
	}
	return paths
}

// lack ends the test for what is missing.
func lack(t testing.TB, missing ...string) {
	t.Helper()
	if os.Getenv("TANDEM_TEST_ALL") == "1" {
		t.Fatalf("needs %s", strings.Join(missing, ", "))
	}
	t.Skipf("needs %s", strings.Join(missing, ", "))
}

// find looks on PATH and where administrators' programs are, which is not on
// everybody's PATH.
func find(program string) (path string, found bool) {
	for _, candidate := range []string{program, "/usr/sbin/" + program, "/sbin/" + program} {
		if path, err := exec.LookPath(candidate); err == nil && filepath.IsAbs(path) {
			return path, true
		}
	}
	return "", false
}
