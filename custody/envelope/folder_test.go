package envelope

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func written1(t *testing.T, f Folder, used bool) string {
	t.Helper()
	must(t, f.Write("db01.1.envelope", []byte("sealed"), used))
	return Digest([]byte("sealed"))
}

func TestAFileIsWhatWasWrittenOrThatIsSaid(t *testing.T) {
	f := Folder{t.TempDir()}
	digest := written1(t, f, false)
	must(t, f.Check("db01.1.envelope", digest))
	path := filepath.Join(f.Path, "db01.1.envelope")
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	names, err := f.List()
	if err != nil || !slices.Equal(names, []string{"db01.1.envelope"}) {
		t.Errorf("%v, %v", names, err)
	}
	if all, err := os.ReadDir(f.Path); err != nil || len(all) != 2 { // with the marker
		t.Errorf("there is %v, %v", all, err)
	}
	for _, name := range []string{"www.1.envelope", "app.2.envelope", "mail.1.envelope", "dns.4.envelope", "ldap.1.envelope"} {
		must(t, f.Write(name, []byte(name), true))
	}
	if names, err := f.List(); err != nil || !slices.IsSorted(names) || len(names) != 6 {
		t.Errorf("not in order: %v, %v", names, err)
	}
	must(t, f.Write("db01.1.envelope", []byte("after a crash"), true))
	must(t, f.Check("db01.1.envelope", Digest([]byte("after a crash"))))

	must(t, os.WriteFile(path, []byte("other"), 0o600))
	check(t, "changed", f.Check("db01.1.envelope", digest), ErrFileChanged)
	must(t, os.WriteFile(filepath.Join(f.Path, "beside"), []byte("sealed"), 0o600))
	must(t, os.Remove(path))
	check(t, "gone", f.Check("db01.1.envelope", digest), ErrFileMissing)
	must(t, os.Symlink("beside", path))
	check(t, "a link to one that is alike", f.Check("db01.1.envelope", digest), ErrFileChanged)
	must(t, os.Remove(path))
	must(t, syscall.Mkfifo(path, 0o600))
	check(t, "a pipe", f.Check("db01.1.envelope", digest), ErrFileChanged)
	must(t, os.Remove(path))
	must(t, os.WriteFile(path, make([]byte, MaxSize+1), 0o600))
	check(t, "larger than any", f.Check("db01.1.envelope", digest), ErrFileChanged)
}

func check(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestAFolderThatIsGoneOrEmptyIsNotWrittenTo(t *testing.T) {
	f := Folder{filepath.Join(t.TempDir(), "mounted")}
	check(t, "not there", f.Write("a.1.envelope", nil, false), ErrFolderMissing)
	must(t, os.Mkdir(f.Path, 0o700))
	digest := written1(t, f, false)
	must(t, os.Rename(f.Path, f.Path+".away"))
	check(t, "gone", f.Check("db01.1.envelope", digest), ErrFolderMissing)
	must(t, os.Mkdir(f.Path, 0o700))
	check(t, "the place of a disk that is not mounted", f.Write("db01.2.envelope", nil, true), ErrFolderMissing)
	check(t, "and to be read", f.Check("db01.1.envelope", digest), ErrFolderMissing)
	if left, err := os.ReadDir(f.Path); err != nil || len(left) > 0 {
		t.Errorf("left there: %v, %v", left, err)
	}
	must(t, os.Remove(f.Path))
	must(t, os.WriteFile(f.Path, nil, 0o600))
	check(t, "a file", f.Write("db01.2.envelope", nil, true), ErrFolderMissing)
}

func TestALinkInThePlaceOfAFolderIsNotFollowed(t *testing.T) {
	base := t.TempDir()
	f, elsewhere := Folder{filepath.Join(base, "envelopes")}, filepath.Join(base, "elsewhere")
	must(t, os.Mkdir(f.Path, 0o700))
	written1(t, f, false)
	must(t, os.Rename(f.Path, elsewhere))
	must(t, os.Symlink(elsewhere, f.Path))
	check(t, "a link", f.Write("db01.2.envelope", []byte("sealed"), true), ErrFolderLink)
	if names, err := (Folder{elsewhere}).List(); err != nil || len(names) != 1 {
		t.Errorf("written behind it: %v, %v", names, err)
	}
}

func TestALinkInThePlaceOfAFileIsReplacedAndWhatItLedToStays(t *testing.T) {
	f := Folder{t.TempDir()}
	written1(t, f, false)
	outside := filepath.Join(t.TempDir(), "outside")
	must(t, os.WriteFile(outside, []byte("mine"), 0o600))
	must(t, os.Symlink(outside, filepath.Join(f.Path, "db02.1.envelope")))
	must(t, f.Write("db02.1.envelope", []byte("sealed"), true))
	must(t, f.Check("db02.1.envelope", Digest([]byte("sealed"))))
	if text, err := os.ReadFile(outside); err != nil || string(text) != "mine" {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAFolderThatIsFullOrReadOnlySaysSoAndKeepsWhatItHad(t *testing.T) {
	if os.Getuid() != 0 || exec.CommandContext(t.Context(), "unshare", "--mount", "true").Run() != nil {
		if os.Getenv("TANDEM_TEST_ALL") != "" {
			t.Fatal("CAP_SYS_ADMIN: unshare --mount is not allowed here")
		}
		t.Skip("unshare --mount is not allowed here")
	}
	// The test runs once more where it may mount what only it sees.
	if os.Getenv("TANDEM_ENVELOPES_MOUNTED") == "" {
		self, err := os.Executable()
		must(t, err)
		again := exec.CommandContext(t.Context(), "unshare", "--mount", "--propagation", "private", self, "-test.run", "^"+t.Name()+"$", "-test.v")
		again.Env = append(os.Environ(), "TANDEM_ENVELOPES_MOUNTED=1")
		out, err := again.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	f := Folder{t.TempDir()}
	must(t, syscall.Mount("tandem-test", f.Path, "tmpfs", 0, "size=64k"))
	defer func() { must(t, syscall.Unmount(f.Path, 0)) }()
	digest := written1(t, f, false)
	large := make([]byte, 128<<10)
	check(t, "full", f.Write("db02.1.envelope", large, true), ErrFull)
	check(t, "full, in place of one", f.Write("db01.1.envelope", large, true), ErrFull)
	must(t, f.Check("db01.1.envelope", digest))
	if all, err := os.ReadDir(f.Path); err != nil || len(all) != 2 {
		t.Errorf("what did not fit was left there: %v, %v", all, err)
	}
	must(t, syscall.Mount("", f.Path, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	check(t, "read-only", f.Write("db02.1.envelope", []byte("sealed"), true), ErrNotWritable)
	must(t, f.Check("db01.1.envelope", digest))
}
