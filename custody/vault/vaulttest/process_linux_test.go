package vaulttest

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server must end with its test process however that ends. The child process here is this test binary: it starts a
// server, says its process id and panics, or is killed from here.
func TestNoServerOutlivesItsTestProcess(t *testing.T) {
	const mode = "VAULTTEST_CHILD"
	if how := os.Getenv(mode); how != "" {
		s := StartDev(t)
		os.Stdout.WriteString("\npid " + strconv.Itoa(s.process.handle.Pid) + "\n")
		if how == "panic" {
			panic("as a test would")
		}
		time.Sleep(time.Minute) // until the parent kills this process
		t.Fatal("nobody killed it")
	}
	Binary(t)
	for _, how := range []string{"panic", "kill"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$")
			// What a killed process cannot remove lies in a folder of ours.
			child.Env = append(os.Environ(), mode+"="+how, "TMPDIR="+t.TempDir())
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { child.Process.Kill() })
			var pid int
			for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
				if s, ok := strings.CutPrefix(lines.Text(), "pid "); ok {
					if pid, err = strconv.Atoi(s); err != nil {
						t.Fatal(err)
					}
				}
			}
			if pid == 0 {
				t.Fatal("the child started no server")
			}
			if how == "kill" {
				child.Process.Kill()
			}
			if err := child.Wait(); err == nil {
				t.Error("the child ended as if nothing had happened")
			}
			for deadline := time.Now().Add(patience); running(pid); time.Sleep(interval) {
				if time.Now().After(deadline) {
					syscall.Kill(pid, syscall.SIGKILL)
					t.Fatal("the server outlived its test process")
				}
			}
		})
	}
}

// running says whether the process exists and is not a zombie that waits to be reaped by init.
func running(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ") // proc(5): pid (comm) state ...
	return !strings.HasPrefix(state, "Z")
}
