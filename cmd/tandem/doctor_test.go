package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/config"
)

// doctor runs tandem doctor and gives its findings.
func (h *house) doctor(args ...string) (found []diagnosis, code int) {
	h.t.Helper()
	out, said, code := h.tandem(append([]string{"doctor", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		h.t.Fatalf("%v\n%s\n%s", err, out, said)
	}
	return found, code
}

func (h *house) finds(found []diagnosis, part string, v verdict, text string) {
	h.t.Helper()
	if !slices.ContainsFunc(found, func(d diagnosis) bool {
		return d.Part == part && d.Verdict == v && strings.Contains(d.What, text) && (v == sound || v == unasked || d.Next != "")
	}) {
		h.t.Errorf("the doctor did not find %s: %s %q, with what to do:\n%+v", part, v, text, found)
	}
}

// TestTheDoctorOfAnInstallation: before it, beside it while it runs, and when files are open to
// others. `tandem health` says the same of the server.
func TestTheDoctorOfAnInstallation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.more = "backups: " + t.TempDir()
	h.configure()
	found, _ := h.doctor()
	h.finds(found, "database", warned, "there is none yet")
	h.finds(found, "secrets", warned, "no file of secrets yet")
	h.finds(found, "server", warned, "nobody answers")
	h.finds(found, "backups", ailing, "there is none in")
	if _, said, code := h.tandem("health"); code != 1 || !strings.Contains(said, "no answer from http://"+h.ops) {
		t.Errorf("health of nobody: %d %s", code, said)
	}

	h.initialise("ada")
	h.start()
	h.waitFor("it to be ready", func() bool { return h.status("/readyz") == 200 })
	if out, said, code := h.tandem("backup", filepath.Join(strings.TrimPrefix(h.more, "backups: "), "today")); code != 0 {
		t.Fatal(out, said)
	}
	must(t, os.Chmod(h.folder, 0o700))
	found, code := h.doctor()
	h.finds(found, "server", sound, "it runs, and is ready")
	h.finds(found, "database", sound, "entries")
	h.finds(found, "files", sound, "nobody else")
	h.finds(found, "backups", sound, "the newest is of")
	h.finds(found, "server", warned, "few_approvers")
	h.finds(found, "configuration", sound, "every key is known")
	if code != 0 {
		t.Errorf("there is no problem, and it ends with %d: %+v", code, found)
	}
	for _, args := range [][]string{{"health"}, {"health", "--alive"}} {
		if _, said, code := h.tandem(args...); code != 0 {
			t.Errorf("%v: %d %s", args, code, said)
		}
	}

	must(t, errors.Join(os.Chmod(h.file("key"), 0o640), os.Chmod(h.file("tandem.db"), 0o644), os.Chmod(h.folder, 0o775), os.Chmod(h.file("tandem.yaml"), 0o666), os.Chmod(h.file("secrets"), 0o604)))
	found, code = h.doctor()
	h.finds(found, "files", ailing, "embedded.key_file: ")
	h.finds(found, "files", ailing, "database: ")
	h.finds(found, "files", ailing, "the folder of the database: ")
	h.finds(found, "files", ailing, "the configuration: ")
	h.finds(found, "files", ailing, "embedded.path: ")
	if code != 1 {
		t.Errorf("there are problems, and it ends with %d", code)
	}

	must(t, os.Rename(h.file("tandem.db"), h.file("moved.db")))
	h.waitFor("the server to see that its database is gone", func() bool { return h.status("/readyz") == 503 })
	found, _ = h.doctor()
	h.finds(found, "server", ailing, "store_replaced: ")
	if _, said, code := h.tandem("health"); code != 1 || !strings.Contains(said, "not ready: store_replaced") {
		t.Errorf("health: %d %s", code, said)
	}
	if _, said, code := h.tandem("health", "--alive"); code != 0 {
		t.Errorf("it is alive: %d %s", code, said)
	}
}

// TestTheDoctorNamesWhatIsWrongInAConfiguration: each by itself, and the value of none.
func TestTheDoctorNamesWhatIsWrongInAConfiguration(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.more = "lisen: hunter2\nsession_ttl: -1h"
	h.configure()
	found, code := h.doctor()
	h.finds(found, "configuration", ailing, "lisen")
	if code != 1 || strings.Contains(fmt.Sprint(found), "hunter2") {
		t.Errorf("%d %+v", code, found)
	}

	h.more = "tls: {cert: /nowhere/cert, key: /nowhere/key}\nbackups: /nowhere"
	h.configure()
	found, _ = h.doctor()
	h.finds(found, "configuration", ailing, "tls.cert: there is no such file")
	h.finds(found, "configuration", ailing, "backups: there is no such folder")
}

// TestTheDoctorReadsCertificates: one that ended, that ends soon, that is of tomorrow, and
// that is for somebody else; and a server that nobody encrypts for.
func TestTheDoctorReadsCertificates(t *testing.T) {
	h := newHouse(t)
	examined := func(now time.Time, edit func(*config.Config)) []diagnosis {
		cfg := config.Default()
		cfg.TLS = config.TLS{Cert: h.file("cert"), Key: h.file("tls-key")}
		cfg.PublicURL = "https://127.0.0.1:8700"
		edit(&cfg)
		d := doctor{cfg: cfg, now: now}
		d.certificates()
		return d.found
	}
	as := func(*config.Config) {}
	h.writeCertificateUntil(1, time.Now().Add(30*24*time.Hour))
	h.finds(examined(time.Now(), as), "tls", sound, "is good until")
	h.finds(examined(time.Now().Add(17*24*time.Hour), as), "tls", warned, "the certificate ends on")
	h.finds(examined(time.Now().Add(31*24*time.Hour), as), "tls", ailing, "the certificate ended on")
	h.finds(examined(time.Now().Add(-2*time.Hour), as), "tls", ailing, "is good only from")
	h.finds(examined(time.Now(), func(c *config.Config) { c.PublicURL = "https://tandem.example.org" }), "tls", warned, "is not for tandem.example.org")
	if found := examined(time.Now(), as); slices.ContainsFunc(found, func(d diagnosis) bool { return strings.Contains(d.What, "is not for") }) {
		t.Errorf("it is for its own address: %+v", found)
	}
	h.finds(examined(time.Now(), func(c *config.Config) { c.TLS, c.Listen, c.PublicURL = config.TLS{}, "0.0.0.0:8700", "" }), "tls", ailing, "in clear")
	h.finds(examined(time.Now(), func(c *config.Config) { c.TLS = config.TLS{} }), "tls", sound, "TLS ends before")
}

// TestTheDoctorReachesOthersOnlyWhenAsked: it connects, and says nothing.
func TestTheDoctorReachesOthersOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	heard := make(chan int, 8)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
			n, _ := connection.Read(make([]byte, 16))
			_ = connection.Close()
			heard <- n
		}
	}()
	h := newHouse(t)
	h.write("room", "https://127.0.0.1:1/hunter2")
	h.more = fmt.Sprintf("notify:\n  smtp: {address: %q, tls: 'off'}\n  from: tandem@house.test\n  channels: [{name: ops, kind: slack, url_file: %s}]", listener.Addr(), h.file("room"))
	h.configure()
	found, _ := h.doctor()
	if slices.ContainsFunc(found, func(d diagnosis) bool { return d.Part == "reach" }) || len(heard) > 0 {
		t.Errorf("nobody asked, and it connected: %+v", found)
	}
	found, code := h.doctor("--reach")
	h.finds(found, "reach", sound, "the mail server at")
	h.finds(found, "reach", ailing, "the channel ops at 127.0.0.1:1")
	if code != 1 || strings.Contains(fmt.Sprint(found), "hunter2") {
		t.Errorf("%d %+v", code, found)
	}
	select {
	case n := <-heard:
		if n != 0 {
			t.Errorf("it said %d bytes", n)
		}
	case <-time.After(20 * time.Second):
		t.Error("nobody connected to the mail server within 20 s")
	}
}

// TestHealthWithoutAListener: nobody can be asked, and it is said what opens that.
func TestHealthWithoutAListener(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.configure()
	text, err := os.ReadFile(h.file("tandem.yaml"))
	must(t, err)
	h.write("tandem.yaml", strings.Replace(string(text), "metrics_listen: "+h.ops, "", 1))
	if _, said, code := h.tandem("health"); code != exitUsage || !strings.Contains(said, "metrics_listen is not set") {
		t.Errorf("%d %s", code, said)
	}
	for listen, want := range map[string]string{"0.0.0.0:8701": "http://127.0.0.1:8701", ":8701": "http://127.0.0.1:8701", "[::]:8701": "http://[::1]:8701", "10.0.0.1:8701": "http://10.0.0.1:8701"} {
		if got, err := opsURL(config.Config{MetricsListen: listen}); got != want || err != nil {
			t.Errorf("%s is reached at %s, %v", listen, got, err)
		}
	}
}

// TestHealthOfAnotherProgram: whatever answers on that port is not taken for a server that is
// well.
func TestHealthOfAnotherProgram(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n":                              "is no Tandem",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}":                            "is no Tandem",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":                                   "is no Tandem",
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n": "is no Tandem",
	} {
		at := answering(t, answer)
		if h := askHealth(t.Context(), "http://"+at, false); h.Answers || h.Ready || !strings.Contains(h.Error, want) {
			t.Errorf("%q: %+v", answer, h)
		}
	}
}

// answering is a listener that gives one answer to each request.
func answering(t *testing.T, answer string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = connection.Read(make([]byte, 4096))
			_, _ = connection.Write([]byte(answer))
			_ = connection.Close()
		}
	}()
	return listener.Addr().String()
}
