package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

var credential = custody.Credential{
	Name:    "db01-app",
	Target:  desk.NewTarget(custody.Target{Kind: "postgres", Address: "db01:5432", Account: "app"}),
	Version: 7,
}

// shell makes a command of a shell script, whose $1 is a new folder.
func shell(t *testing.T, script string) (c *Command, dir string) {
	t.Helper()
	dir = t.TempDir()
	c, err := NewCommand([]string{"/bin/sh", "-c", script, "hook", dir, "$(date); *"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c, dir
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for limit := time.Now().Add(servertest.Patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("it does not come to pass that %s", what)
		}
	}
}

// pids gives the numbers that a script wrote, once there are n.
func pids(t *testing.T, dir string, n int) (all []int) {
	t.Helper()
	eventually(t, "all processes run", func() bool {
		content, _ := os.ReadFile(filepath.Join(dir, "pids")) // not there yet
		return bytes.Count(content, []byte("\n")) == n
	})
	for _, field := range strings.Fields(string(read(t, dir, "pids"))) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pid)
		t.Cleanup(func() {
			if !ended(pid) {
				_ = syscall.Kill(pid, syscall.SIGKILL) // only what is left of a failed test
			}
		})
	}
	return all
}

// ended says that a process is gone, or waits for nothing but to be reaped.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(stat, []byte(") Z "))
}

func TestCommandIsTold(t *testing.T) {
	t.Setenv("TANDEM_TOTP", "an environment of Tandem's own")
	c, dir := shell(t, `
		cat > "$1/stdin"
		cat /proc/$$/environ > "$1/environ"
		cat /proc/$$/cmdline > "$1/cmdline"
		cat /proc/$$/stat > "$1/stat"
		printf %s "$2" > "$1/argument"
		pwd > "$1/pwd"`)
	password := servertest.NewPassword()
	if err := c.Update(t.Context(), credential, password); err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, dir, "stdin")); got != password.Reveal()+"\n" {
		t.Error("standard input is not the password and a line feed")
	}
	environ := strings.Split(strings.TrimSuffix(string(read(t, dir, "environ")), "\x00"), "\x00")
	want := []string{
		"PATH=" + programs, "TANDEM_ACCOUNT=app", "TANDEM_ADDRESS=db01:5432",
		"TANDEM_CREDENTIAL=db01-app", "TANDEM_KIND=postgres", "TANDEM_VERSION=7",
	}
	if slices.Sort(environ); !slices.Equal(environ, want) {
		t.Errorf("environment %q", environ)
	}
	for _, file := range []string{"environ", "cmdline"} {
		if form := servertest.Trace(read(t, dir, file), password); form != "" {
			t.Errorf("the password is in %s, %s", file, form)
		}
	}
	if got := string(read(t, dir, "argument")); got != "$(date); *" {
		t.Errorf("the argument arrived as %q", got)
	}
	if got := string(read(t, dir, "pwd")); got != "/\n" {
		t.Errorf("run in %q", got)
	}
	stat := strings.Fields(string(read(t, dir, "stat"))) // proc_pid_stat(5): 1 is the process, 5 its group
	if group := stat[4]; group != stat[0] {
		t.Errorf("process %s is in the group %s", stat[0], group)
	}
}

func TestCommandFails(t *testing.T) {
	password := servertest.NewPassword()
	for script, want := range map[string]string{
		`exit 3`: "exit status 3",
		`read p; echo "$p" | tee /dev/stderr; exit 1`: "exit status 1",
		`kill -TERM $$`:    "signal: terminated",
		`exec <&-; exit 4`: "exit status 4",
	} {
		c, _ := shell(t, script)
		err := c.Update(t.Context(), credential, password)
		if !errors.Is(err, rotation.ErrDeclined) || !strings.HasSuffix(err.Error(), "the command ended with "+want) {
			t.Errorf("%s: %v", script, err)
		}
		if form := servertest.Trace([]byte(err.Error()), password); form != "" {
			t.Errorf("%s: the password is in the error, %s", script, form)
		}
	}
}

// Only its status says whether a command has the password: it may have known it,
// or have closed its standard input for reasons of its own. What it prints is
// read by nobody and does not stop it.
func TestCommandNeedNotRead(t *testing.T) {
	long := custody.SecretString(strings.Repeat("long", 1<<18)) // more than a pipe holds
	for _, script := range []string{
		`exec <&-; exit 0`,
		`exit 0`,
		`head -c 10 > "$1/some"`,
		`cat; cat /dev/zero | head -c 3000000; cat /dev/zero | head -c 3000000 >&2`,
	} {
		c, _ := shell(t, script)
		for _, password := range []custody.Secret{servertest.NewPassword(), long} {
			if err := c.Update(t.Context(), credential, password); err != nil {
				t.Errorf("%s: %v", script, err)
			}
		}
	}
}

func TestCommandHangs(t *testing.T) {
	const script = `
		trap '' TERM HUP INT
		sleep 1000 & echo $! >> "$1/pids"
		sh -c 'trap "" TERM; sleep 1000 & echo $! >> "$1/pids"; echo $$ >> "$1/pids"; wait' hook "$1" &
		echo $$ >> "$1/pids"
		wait; wait`
	t.Run("until it is called off", func(t *testing.T) {
		c, dir := shell(t, script)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		failed := make(chan error)
		go func() { failed <- c.Update(ctx, credential, servertest.NewPassword()) }()
		all := pids(t, dir, 4)
		cancel()
		if err := <-failed; !errors.Is(err, rotation.ErrUnreachable) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		for _, pid := range all {
			eventually(t, fmt.Sprintf("process %d is killed", pid), func() bool { return ended(pid) })
		}
	})
	t.Run("until its time is over", func(t *testing.T) {
		c, _ := shell(t, script)
		c.timeout = 50 * time.Millisecond
		if err := c.Update(t.Context(), credential, servertest.NewPassword()); !errors.Is(err, rotation.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// What a command leaves running keeps nobody waiting, unless the password is
// still on its way to it.
func TestCommandLeavesSomethingRunning(t *testing.T) {
	c, dir := shell(t, `exec 3<&0; sleep 1000 0<&3 & echo $! >> "$1/pids"; exit 0`)
	if err := c.Update(t.Context(), credential, servertest.NewPassword()); err != nil {
		t.Error(err)
	}
	if left := pids(t, dir, 1)[0]; ended(left) {
		t.Error("what it started was killed")
	}
	long := custody.SecretString(strings.Repeat("long", 1<<18))
	err := c.Update(t.Context(), credential, long)
	pids(t, dir, 2)
	if err == nil || !strings.Contains(err.Error(), "before all of the password was read") {
		t.Errorf("a password that nobody reads: %v", err)
	}
}

func TestCommandCannotStart(t *testing.T) {
	notProgram := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(notProgram, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{"/nowhere/at/all": os.ErrNotExist, notProgram: os.ErrPermission} {
		c, err := NewCommand([]string{path}, 0)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Update(t.Context(), credential, servertest.NewPassword())
		if !errors.Is(err, want) || !strings.Contains(err.Error(), "the command could not be started: ") || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	for _, argv := range [][]string{nil, {"sh"}, {"./sh"}, {""}} {
		if _, err := NewCommand(argv, 0); err == nil {
			t.Errorf("%q is taken for a command", argv)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, dir := shell(t, `touch "$1/started"`)
	if err := c.Update(ctx, credential, servertest.NewPassword()); !errors.Is(err, context.Canceled) {
		t.Errorf("called off before: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
		t.Error("it was started all the same")
	}
}
