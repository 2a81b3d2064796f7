package vaulttest

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/semver"
)

// oldest is the first Vault release that the tests are written for.
const oldest = "v1.21"

// Binary returns the path of the Vault server to test with. It looks where tools/vault/build.sh does, in the same
// order: $TANDEM_TEST_VAULT, a `vault` on PATH that is recent enough, the one which that script built into the cache.
//
// Without any, the test is skipped, or fails if TANDEM_TEST_ALL is "1".
func Binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("TANDEM_TEST_VAULT"); path != "" {
		if _, err := exec.LookPath(path); err != nil || !filepath.IsAbs(path) {
			t.Fatalf("TANDEM_TEST_VAULT=%s is not the absolute path of a program", path)
		}
		return path
	}
	if path := onPath(); path != "" {
		return path
	}
	if path, err := exec.LookPath(cachedBinary()); err == nil {
		return path
	}
	const missing = "HashiCorp Vault (" + oldest + " or later) is not installed; `make test` builds it"
	if os.Getenv("TANDEM_TEST_ALL") == "1" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// cachedBinary is where tools/vault/build.sh leaves what it built.
func cachedBinary() string { return filepath.Join(cache(), "vault-1.21.4-minimal", "vault") }

func cache() string {
	return filepath.Join(cmp.Or(os.Getenv("XDG_CACHE_HOME"), filepath.Join(os.Getenv("HOME"), ".cache")), "tandem")
}

var versionLine = regexp.MustCompile(`^Vault (v[0-9.]+)`)

// onPath returns the `vault` on PATH, or "" if there is none or it is too old.
var onPath = sync.OnceValue(func() string {
	path, err := exec.LookPath("vault")
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return ""
	}
	found := versionLine.FindSubmatch(out)
	if found == nil || semver.Compare(string(found[1]), oldest) < 0 {
		return ""
	}
	return path
})
