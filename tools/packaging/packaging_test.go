//go:build package

package packaging

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// run carries a command out, and gives what it printed.
func run(t *testing.T, folder string, environ []string, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir, command.Env = folder, append(os.Environ(), environ...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// source is a copy of what is committed and of what is about to be, without any history.
func source(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "../..", nil, "sh", "-c", `git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -C "$1" -xf -`, "copy", folder)
	return folder
}

func digestOf(t *testing.T, path string) string {
	t.Helper()
	sum, _, _ := strings.Cut(run(t, ".", nil, "sha256sum", path), " ")
	return sum
}

// TestARelease makes one and looks at all of it.
func TestARelease(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	run(t, ".", nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a test", "-f", key)
	out, again := t.TempDir(), t.TempDir()
	epoch := []string{"SOURCE_DATE_EPOCH=1700000000"}
	run(t, source(t, "one"), append(epoch, "TANDEM_RELEASE_KEY="+key), "tools/release.sh", "9.8.7", out)
	run(t, source(t, "quite-another-folder"), epoch, "tools/release.sh", "9.8.7", again)

	debs, err := filepath.Glob(filepath.Join(out, "tandem_9.8.7*.deb"))
	if err != nil || len(debs) != 1 {
		t.Fatalf("packages: %v, %v", debs, err)
	}
	deb := filepath.Base(debs[0])
	for _, name := range []string{"tandem", "envelope", "tandem.cdx.json", deb} {
		if digestOf(t, filepath.Join(out, name)) != digestOf(t, filepath.Join(again, name)) {
			t.Errorf("%s is not the same twice", name)
		}
	}
	if printed := run(t, out, nil, "./tandem", "version", "-o", "json"); !strings.Contains(printed, "9.8.7") {
		t.Errorf("the program says %s", printed)
	}
	t.Run("digests and signature", func(t *testing.T) { signed(t, out, key) })
	t.Run("package", func(t *testing.T) { inside(t, filepath.Join(out, deb)) })
	t.Run("parts", func(t *testing.T) { parts(t, filepath.Join(out, "tandem.cdx.json")) })
	t.Run("manual", func(t *testing.T) { manual(t, out) })
}

// signed checks as docs/install.md says, and that what was changed is refused.
func signed(t *testing.T, out, key string) {
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "allowed_signers"), []byte("release@tandem.example "+string(public)), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, out, nil, "sha256sum", "--check", "--ignore-missing", "SHA256SUMS")
	verify := "ssh-keygen -Y verify -f allowed_signers -I release@tandem.example -n tandem-release -s SHA256SUMS.sig"
	run(t, out, nil, "sh", "-c", verify+" < SHA256SUMS")
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil || !strings.Contains(string(page), verify) {
		t.Errorf("docs/install.md has another command (%v)", err)
	}
	other := exec.CommandContext(t.Context(), "sh", "-c", "echo more | cat SHA256SUMS - | "+verify)
	other.Dir = out
	if text, err := other.CombinedOutput(); err == nil {
		t.Errorf("another text has the same signature: %s", text)
	}
}

// inside looks at the Debian package.
func inside(t *testing.T, deb string) {
	root := t.TempDir()
	run(t, ".", nil, "dpkg-deb", "-x", deb, root)
	list := run(t, ".", nil, "dpkg-deb", "-c", deb)
	for path, mode := range map[string]string{
		"/usr/bin/tandem": "-rwxr-xr-x root/root", "/usr/bin/tandem-envelope": "-rwxr-xr-x root/root",
		"/usr/lib/systemd/system/tandem.service": "-rw-r--r-- root/root", "/usr/share/man/man1/tandem-serve.1.gz": "-rw-r--r-- root/root",
		"/usr/share/bash-completion/completions/tandem": "-rw-r--r-- root/root", "/usr/share/doc/tandem/tandem.yaml": "-rw-r--r-- root/root",
		"/etc/tandem/": "drwxr-x--- root/tandem",
	} {
		if !regexp.MustCompile(`(?m)^` + mode + ` .* \.` + path + `$`).MatchString(list) {
			t.Errorf("%s is not there as %s:\n%s", path, mode, list)
		}
	}
	if strings.Contains(list, "-rws") || strings.Contains(list, "rwxrwxrwx") {
		t.Errorf("something is open to everybody:\n%s", list)
	}
	control := t.TempDir()
	run(t, ".", nil, "dpkg-deb", "-e", deb, control)
	for _, script := range []string{"preinst", "postinst", "prerm"} {
		run(t, control, nil, "sh", "-n", script)
	}
	if fields := run(t, ".", nil, "dpkg-deb", "-f", deb); !strings.Contains(fields, "Version: 9.8.7") || !strings.Contains(fields, "Depends: adduser, ca-certificates") {
		t.Errorf("the package says of itself:\n%s", fields)
	}
	if linked, _ := exec.CommandContext(t.Context(), "ldd", filepath.Join(root, "usr/bin/tandem")).CombinedOutput(); !strings.Contains(string(linked), "not a dynamic executable") && !strings.Contains(string(linked), "statically linked") {
		t.Errorf("it needs libraries of the machine: %s", linked)
	}
	// systemd reads the unit; the program is not where the unit says, on this machine.
	if _, err := exec.LookPath("systemd-analyze"); err == nil {
		unit, err := os.ReadFile(filepath.Join(root, "usr/lib/systemd/system/tandem.service"))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, "tandem.service")
		text := strings.ReplaceAll(string(unit), "/usr/bin/tandem", filepath.Join(root, "usr/bin/tandem"))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if said := run(t, ".", nil, "systemd-analyze", "verify", "--man=no", path); strings.Contains(said, "tandem.service:") {
			t.Errorf("systemd says: %s", said)
		}
	}
}

// parts holds the list to what the program itself says that it is made of.
func parts(t *testing.T, list string) {
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	var bom struct {
		Format     string `json:"bomFormat"`
		Components []struct {
			Name, Version string
			Evidence      any
			Licenses      []any
		}
	}
	if err := json.Unmarshal(text, &bom); err != nil || bom.Format != "CycloneDX" {
		t.Fatalf("%q: %v", bom.Format, err)
	}
	var listed []string
	for _, c := range bom.Components {
		listed = append(listed, c.Name+" "+c.Version)
	}
	built := run(t, ".", nil, "go", "version", "-m", filepath.Join(filepath.Dir(list), "tandem"))
	for _, found := range regexp.MustCompile(`(?m)^\tdep\t(\S+)\t(\S+)`).FindAllStringSubmatch(built, -1) {
		if !slices.Contains(listed, found[1]+" "+found[2]) {
			t.Errorf("%s %s is in the program and not in the list", found[1], found[2])
		}
	}
	if len(listed) < 40 {
		t.Errorf("the list has %d parts", len(listed))
	}
}

// manual looks that every verb has a page which can be shown, and that shells can read the
// completions.
func manual(t *testing.T, out string) {
	pages, err := filepath.Glob(filepath.Join(out, "man", "*.1.gz"))
	if err != nil || len(pages) < 80 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, verb := range []string{"tandem", "tandem-serve", "tandem-handover-offer", "tandem-health", "tandem-doctor", "tandem-support-bundle"} {
		if _, err := exec.LookPath("man"); err != nil {
			t.Fatal("needs man")
		}
		shown := run(t, ".", []string{"LC_ALL=C", "MANPAGER=cat"}, "man", "--warnings", "-l", filepath.Join(out, "man", verb+".1.gz"))
		if !strings.Contains(strings.ReplaceAll(shown, "\b", ""), "SYNOPSIS") && !strings.Contains(shown, "S\bSY\bYN") {
			t.Errorf("%s: %s", verb, shown)
		}
		if strings.Contains(shown, os.Getenv("HOME")+"/") && os.Getenv("HOME") != "/" {
			t.Errorf("%s has the home of whoever made it", verb)
		}
	}
	run(t, out, nil, "bash", "-n", "completion/tandem.bash")
	if text, err := os.ReadFile(filepath.Join(out, "completion/_tandem")); err != nil || !strings.HasPrefix(string(text), "#compdef tandem") {
		t.Errorf("%v: %.40s", err, text)
	}
}
