package servertest

import (
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Require gives the absolute paths of programs, or ends the test. It looks on
// PATH, where administrators' programs are, and in dirs, which may be patterns;
// of several that match, the last is taken: the newest version.
func Require(t testing.TB, dirs []string, programs ...string) []string {
	t.Helper()
	var missing, paths []string
	for _, program := range programs {
		path, found := find(program, dirs)
		if !found {
			missing = append(missing, program)
		}
		paths = append(paths, path)
	}
	if len(missing) > 0 {
		Lack(t, strings.Join(missing, ", "))
	}
	return paths
}

// Lack ends the test for what the machine does not have: by a failure where TANDEM_TEST_ALL
// is 1, else by a skip.
func Lack(t testing.TB, missing string) {
	t.Helper()
	if os.Getenv("TANDEM_TEST_ALL") == "1" {
		t.Fatalf("needs %s", missing)
	}
	t.Skipf("needs %s", missing)
}

func find(program string, dirs []string) (path string, found bool) {
	candidates := []string{program, "/usr/sbin/" + program, "/sbin/" + program}
	for _, dir := range dirs {
		matches, _ := filepath.Glob(filepath.Join(dir, program)) // the pattern is a constant
		slices.Reverse(matches)
		candidates = append(candidates, matches...)
	}
	for _, candidate := range candidates {
		if path, err := exec.LookPath(candidate); err == nil && filepath.IsAbs(path) {
			return path, true
		}
	}
	return "", false
}

// Place is a folder of a server's own, and the account that the server runs as.
type Place struct {
	Dir string

	credential *syscall.Credential // nil: as the test itself
}

// NewPlace makes one, which goes with the test. account is the server's own on
// this machine; only a test of root's needs it.
func NewPlace(t testing.TB, account string) Place {
	t.Helper()
	// Not t.TempDir, which lies in a folder that only the test's user may enter.
	dir, err := os.MkdirTemp("", "servertest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := Place{Dir: dir}
	if os.Geteuid() != 0 {
		return p
	}
	who, err := user.Lookup(account)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(who.Uid) // on Unix they are numbers
	gid, _ := strconv.Atoi(who.Gid)
	p.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	p.own(t, dir)
	return p
}

// Path gives the path of a file in the place.
func (p Place) Path(name string) string { return filepath.Join(p.Dir, name) }

// Write writes a file that only the server may read.
func (p Place) Write(t testing.TB, name string, content []byte) (path string) {
	t.Helper()
	path = p.Path(name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	p.own(t, path)
	return path
}

// WriteCertificate writes a new certificate and its key, for 127.0.0.1 and localhost or
// for the names given, and gives the certificate, in PEM.
func (p Place) WriteCertificate(t testing.TB, certificateFile, keyFile string, names ...string) []byte {
	t.Helper()
	certificate, key := NewCertificate(t, names...)
	p.Write(t, certificateFile, certificate)
	p.Write(t, keyFile, key)
	return certificate
}

// Command makes a command that runs in the place as the server's account, with
// nothing in its environment but where programs are.
func (p Place) Command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = p.Dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	if p.credential != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential}
	}
	return cmd
}

func (p Place) own(t testing.TB, path string) {
	t.Helper()
	if p.credential == nil {
		return
	}
	if err := os.Chown(path, int(p.credential.Uid), int(p.credential.Gid)); err != nil {
		t.Fatal(err)
	}
}

// ReservePort gives a loopback port that stays the test's own until it ends,
// also while the server is down: its neighbour is held, and both are below the
// range that the system hands out by itself.
func ReservePort(t testing.TB) int {
	t.Helper()
	const first, pairs = 19000, 2500
	for _, pair := range mathrand.Perm(pairs) {
		port := first + 2*pair
		reservation, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+1))
		if err != nil {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			t.Cleanup(func() { reservation.Close() })
			return port
		}
		reservation.Close()
	}
	t.Fatal("no free loopback port")
	return 0
}
