package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSystemdIsToldWhatTheServerDoes: that it is ready when it answers and not before, that it
// is alive, that it reloads and has done so, and that it stops.
func TestSystemdIsToldWhatTheServerDoes(t *testing.T) {
	h := newHouse(t)
	folder, err := os.MkdirTemp("", "notify") // a socket's name must be short
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	socket := filepath.Join(folder, "s")
	listener, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	must(t, err)
	defer listener.Close()
	told := make(chan string, 4096)
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := listener.Read(buffer)
			if err != nil {
				return
			}
			told <- string(buffer[:n])
		}
	}()
	next := func(what, begins string) string {
		t.Helper()
		late := time.After(60 * time.Second)
		for {
			select {
			case text := <-told:
				if strings.HasPrefix(text, begins) {
					return text
				}
				if !strings.HasPrefix(text, "WATCHDOG=1") {
					t.Fatalf("waited for %s, and was told %q", what, text)
				}
			case <-late:
				t.Fatalf("waited 60 s for %s", what)
			}
		}
	}
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "200000")
	h.initialise("ada")
	h.start()
	if text := next("it to be ready", "READY=1"); !strings.Contains(text, "STATUS=serving http://"+h.listen) {
		t.Errorf("told %q", text)
	}
	if h.status("/healthz") != 200 {
		t.Error("it said that it is ready, and does not answer")
	}
	next("a sign of life", "WATCHDOG=1")
	next("another one", "WATCHDOG=1")
	must(t, h.serving.command.Process.Signal(syscall.SIGHUP))
	if text := next("it to reload", "RELOADING=1"); !strings.Contains(text, "\nMONOTONIC_USEC=") || strings.HasSuffix(text, "=0") {
		t.Errorf("told %q", text)
	}
	next("it to have reloaded", "READY=1")
	must(t, h.serving.command.Process.Signal(syscall.SIGTERM))
	next("it to stop", "STOPPING=1")
}
