//go:build bench

package bench

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody/totp"
)

// server is the real program, serving.
type server struct {
	url     string
	started time.Duration // from the start of the process until it was ready
	process *exec.Cmd
	http    *http.Client
}

const patience = time.Minute // for a server to be ready, or to end

// serve starts the program in an office's folder and waits until it is ready.
// secrets is the part of the configuration that says where they are.
func serve(t *testing.T, binary, dir, secrets string) *server {
	t.Helper()
	listen, ops := freeAddress(t), freeAddress(t)
	config := filepath.Join(dir, "tandem.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "listen: %s\nmetrics_listen: %s\ndatabase: sqlite:%s\nledger: {origin: %s}\n%s\n",
		listen, ops, databaseIn(dir), origin, secrets), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	s := &server{
		url:     "http://" + listen,
		process: exec.Command(binary, "serve", "--config", config),
		http:    &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	s.process.Stdout, s.process.Stderr = log, log
	start := time.Now()
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop(t)
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("end of the server's log:\n%s", text[max(0, len(text)-4096):])
		}
	})
	for !s.ready("http://" + ops) {
		if time.Since(start) > patience {
			t.Fatal("the server does not get ready")
		}
		time.Sleep(time.Millisecond)
	}
	s.started = time.Since(start)
	return s
}

func (s *server) ready(ops string) bool {
	answer, err := s.http.Get(ops + "/readyz")
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// embeddedSecrets is the configuration of an office with the embedded store.
func embeddedSecrets(dir string) string {
	return fmt.Sprintf("secrets: embedded\nembedded: {path: %s, key_file: %s}", secretsIn(dir), keyIn(dir))
}

// stop ends the server in order. It may be called more than once.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if s.process.ProcessState != nil {
		return
	}
	_ = s.process.Process.Signal(syscall.SIGTERM)
	killer := time.AfterFunc(patience, func() { _ = s.process.Process.Kill() })
	defer killer.Stop()
	if err := s.process.Wait(); err != nil {
		t.Errorf("tandem serve: %v", err)
	}
}

// as gives a client with somebody's session. All clients share connections.
func (s *server) as(t *testing.T, token string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Server: s.url, Token: api.Secret(token), HTTP: s.http})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// resident gives the memory that the server has in RAM, in bytes.
func (s *server) resident(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("no VmRSS in /proc")
	return 0
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// checkOut checks a server out over HTTP, with the code of this moment.
func (s *server) checkOut(ctx context.Context, c *client.Client, o *office, p *pair) error {
	code, err := p.A.code(totp.Step(o.period, time.Now()))
	if err != nil {
		return err
	}
	got, err := c.CheckOut(ctx, p.Server, api.CheckOut{Purpose: "ticket 4711: the queue is stuck", TOTP: api.Secret(code)})
	if err != nil {
		return fmt.Errorf("%s, %s: %w", p.A.Name, p.Server, err)
	}
	if got.Password == "" {
		return fmt.Errorf("%s: a check-out without a password", p.Server)
	}
	return nil
}
