package vaulttest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hashicorp/vault/api"
)

const (
	patience = 30 * time.Second      // for any one change of the server's state
	interval = 20 * time.Millisecond // between two looks at it
	logShown = 8 << 10               // bytes of the log's end that a failed test shows
)

// Server is a Vault process that belongs to one test. Its methods fail that test if Vault does not do what they say;
// like [testing.TB.Fatal] they are for the test's own goroutine.
type Server struct {
	Address   string // https://127.0.0.1:PORT, the same over every restart
	CAFile    string // PEM: the authority that signed the server's certificate, the test's own
	RootToken string
	LogFile   string // stdout and stderr of every start, appended

	t         testing.TB
	binary    string
	args, env []string
	dir       string
	authority authority
	up        func(*api.HealthResponse) bool // what its health is once it has started
	unsealKey string                         // of a persistent server
	process   *process                       // nil while stopped
	client    *api.Client
}

// StartDev starts a server that keeps everything in memory and is ready: initialised, unsealed, with KV v2 mounted at
// secret/. Started again after a stop, it is empty.
func StartDev(t testing.TB) *Server {
	t.Helper()
	s, port := newServer(t)
	s.RootToken = "root-" + rand.Text()
	config := filepath.Join(s.dir, "vault.hcl")
	if err := os.WriteFile(config, []byte(s.listener(t, port)), 0o600); err != nil {
		t.Fatal(err)
	}
	// A dev server's own listener makes another authority at each start, or has no TLS at all: it is on the next port
	// and nobody uses it.
	s.args = []string{"server", "-dev", "-dev-no-store-token", "-dev-listen-address=" + loopback(port+1),
		"-dev-plugin-dir=" + s.plugins(), "-config=" + config}
	// By the environment, because a program's arguments are anybody's to read.
	s.env = append(s.env, "VAULT_DEV_ROOT_TOKEN_ID="+s.RootToken)
	s.up = serving
	s.client.SetToken(s.RootToken)
	s.Start()
	return s
}

// StartPersistent starts a server with integrated (Raft) storage, initialises it with one unseal key and unseals it.
// What is written to it is there again after [Server.Stop] or [Server.Kill] and [Server.Start] and [Server.Unseal].
func StartPersistent(t testing.TB) *Server {
	t.Helper()
	s, port := newServer(t)
	data := filepath.Join(s.dir, "raft")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(s.dir, "vault.hcl")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
disable_mlock = true
api_addr      = %q
cluster_addr  = "https://%s"

plugin_directory = %q

storage "raft" {
  path    = %q
  node_id = "vaulttest"

  # The shortest election timeouts: the first election then takes 2 s, not 8.
  performance_multiplier = 1
}
%s`, s.Address, loopback(port+1), s.plugins(), data, s.listener(t, port)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.args = []string{"server", "-config=" + config}
	s.up = answering
	s.Start()

	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	keys, err := s.client.Sys().InitWithContext(ctx, &api.InitRequest{SecretShares: 1, SecretThreshold: 1})
	if err != nil {
		t.Fatalf("initialise Vault: %v", err)
	}
	s.RootToken, s.unsealKey = keys.RootToken, keys.KeysB64[0]
	s.client.SetToken(s.RootToken)
	s.Unseal()
	return s
}

// newServer prepares a server that is not started yet, and its end.
func newServer(t testing.TB) (s *Server, port int) {
	t.Helper()
	binary := Binary(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "plugins"), 0o700); err != nil {
		t.Fatal(err)
	}
	port = reservePorts(t)
	ca := newAuthority(t, dir)
	s = &Server{
		Address: "https://" + loopback(port),
		CAFile:  ca.file,
		LogFile: filepath.Join(dir, "vault.log"),
		t:       t,
		binary:  binary,
		// Nothing of the caller's environment: it may hold VAULT_* variables and secrets.
		env:       []string{"HOME=" + dir},
		dir:       dir,
		authority: ca,
	}
	s.client = s.Client(t)
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("end of Vault's log:\n%s", s.logEnd())
		}
	})
	return s, port
}

// listener is the part of a configuration that has Vault speak TLS on a port.
func (s *Server) listener(t testing.TB, port int) string {
	t.Helper()
	certificate, key := s.authority.issue(t, s.dir, "vault")
	return fmt.Sprintf(`
listener "tcp" {
  address       = %q
  tls_cert_file = %q
  tls_key_file  = %q
}
`, loopback(port), certificate, key)
}

// Client returns a new client that holds the root token. It does not retry, so that a test sees a stopped or sealed
// server at once, and it takes no address, token or namespace from the environment.
func (s *Server) Client(t testing.TB) *api.Client {
	t.Helper()
	client, err := api.NewClient(&api.Config{
		Address: s.Address,
		HttpClient: &http.Client{ // whose time limit lasts until a body has been read, unlike that of api.Config
			Transport: &http.Transport{TLSClientConfig: s.TrustTLS(), ForceAttemptHTTP2: true},
			Timeout:   patience,
		},
	})
	if err != nil {
		t.Fatalf("Vault client: %v", err)
	}
	client.SetToken(s.RootToken)
	client.ClearNamespace()
	return client
}

// EnableFileAudit has the server record every request in a file from now on, and returns the file's path. Vault
// replaces secrets in it by keyed digests.
func (s *Server) EnableFileAudit(t testing.TB) string {
	t.Helper()
	file := filepath.Join(s.dir, "audit.log")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.client.Sys().EnableAuditWithOptionsWithContext(ctx, "file", &api.EnableAuditOptions{
		Type:    "file",
		Options: map[string]string{"file_path": file, "mode": "0600"},
	}); err != nil {
		t.Fatalf("enable Vault's file audit: %v", err)
	}
	return file
}

// Start starts a stopped server again, at the same address and on the same data, and returns when it answers. A
// persistent server is then sealed, a dev server is ready and empty.
func (s *Server) Start() {
	s.t.Helper()
	if s.process != nil {
		s.t.Fatal("Vault is running already")
	}
	log, err := os.OpenFile(s.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close() // the child has its own copy
	cmd := exec.Command(s.binary, s.args...)
	cmd.Env, cmd.Dir = s.env, s.dir
	cmd.Stdout, cmd.Stderr = log, log
	if s.process, err = startProcess(cmd); err != nil {
		s.t.Fatalf("start Vault: %v", err)
	}
	s.await("up", s.up)
}

// Stop asks the server to shut down and returns when its process has ended. It does nothing to a stopped server.
func (s *Server) Stop() {
	s.t.Helper()
	s.end(syscall.SIGTERM)
}

// Kill ends the server's process at once, as a crash would, and returns when it is gone. It does nothing to a stopped
// server.
func (s *Server) Kill() {
	s.t.Helper()
	s.end(syscall.SIGKILL)
}

func (s *Server) end(how syscall.Signal) {
	s.t.Helper()
	if s.process == nil {
		return
	}
	if !s.process.signal(how, patience) {
		s.t.Fatalf("Vault goes on %v after %v", patience, how)
	}
	s.process = nil
}

// Seal seals the server: it goes on running, answers 503, and has forgotten the key to its storage.
func (s *Server) Seal() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.client.Sys().SealWithContext(ctx); err != nil {
		s.t.Fatalf("seal Vault: %v", err)
	}
	s.await("sealed", func(h *api.HealthResponse) bool { return h.Sealed })
}

// Unseal unseals a persistent server and returns when it serves requests.
func (s *Server) Unseal() {
	s.t.Helper()
	if s.unsealKey == "" {
		s.t.Fatal("the key of a dev server is not kept: use StartPersistent")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := s.client.Sys().UnsealWithContext(ctx, s.unsealKey); err != nil {
		s.t.Fatalf("unseal Vault: %v", err)
	}
	s.await("ready", serving)
}

func answering(*api.HealthResponse) bool { return true }

// serving tells a server that takes requests from one that is sealed or not yet elected leader of its cluster of one.
func serving(h *api.HealthResponse) bool { return h.Initialized && !h.Sealed && !h.Standby }

// await returns when the server's health is as wanted, and fails the test if that takes too long or the process ends.
func (s *Server) await(what string, wanted func(*api.HealthResponse) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		select {
		case <-s.process.ended:
			return struct{}{}, backoff.Permanent(fmt.Errorf("its process has ended: %v", s.process.err))
		default:
		}
		health, err := s.client.Sys().HealthWithContext(ctx)
		if err == nil && !wanted(health) {
			err = fmt.Errorf("its health is %+v", *health)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(interval)))
	if err != nil {
		s.t.Fatalf("wait for Vault to be %s: %v", what, err)
	}
}

// logEnd returns the last part of the log.
func (s *Server) logEnd() []byte {
	log, err := os.ReadFile(s.LogFile)
	if err != nil {
		return []byte(err.Error())
	}
	return log[max(0, len(log)-logShown):]
}
