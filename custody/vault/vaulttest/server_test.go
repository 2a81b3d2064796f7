package vaulttest

import (
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/vault/api"
)

func TestDevServerIsReady(t *testing.T) {
	t.Parallel()
	s := StartDev(t)
	if h := health(t, s); !h.Initialized || h.Sealed {
		t.Errorf("health = %+v, want initialised and unsealed", h)
	}
	write(t, s, "kept")
	if got := read(t, s); got != "kept" {
		t.Errorf("read %q, want %q", got, "kept")
	}
}

func TestDevServerForgets(t *testing.T) {
	t.Parallel()
	s := StartDev(t)
	write(t, s, "forgotten")
	s.Stop()
	s.Start()
	if _, err := s.Client(t).KVv2("secret").Get(t.Context(), "it"); !errors.Is(err, api.ErrSecretNotFound) {
		t.Errorf("read after a restart: %v, want %v", err, api.ErrSecretNotFound)
	}
}

func TestPersistentServerKeepsWhatWasWritten(t *testing.T) {
	t.Parallel()
	s := StartPersistent(t)
	mountKV(t, s)
	address := s.Address
	for i, end := range []struct {
		how string
		do  func()
	}{{"stopped", s.Stop}, {"killed", s.Kill}} {
		value := strconv.Itoa(i)
		write(t, s, value)
		end.do()
		if h, err := s.Client(t).Sys().HealthWithContext(t.Context()); err == nil {
			t.Fatalf("%s server answers: %+v", end.how, h)
		}
		end.do() // once more changes nothing

		s.Start()
		if s.Address != address {
			t.Errorf("address %s after a restart, was %s", s.Address, address)
		}
		if h := health(t, s); !h.Initialized || !h.Sealed {
			t.Errorf("health after %s and started = %+v, want initialised and sealed", end.how, h)
		}
		s.Unseal()
		if got := read(t, s); got != value {
			t.Errorf("read %q after %s and started, want %q", got, end.how, value)
		}
	}
}

func TestSealedServerRefuses(t *testing.T) {
	t.Parallel()
	s := StartPersistent(t)
	mountKV(t, s)
	write(t, s, "sealed in")
	s.Seal()
	if h := health(t, s); !h.Initialized || !h.Sealed {
		t.Errorf("health = %+v, want initialised and sealed", h)
	}
	var answer *api.ResponseError
	if _, err := s.Client(t).KVv2("secret").Get(t.Context(), "it"); !errors.As(err, &answer) || answer.StatusCode != 503 {
		t.Errorf("read from a sealed server: %v, want status 503", err)
	}
	s.Unseal()
	if got := read(t, s); got != "sealed in" {
		t.Errorf("read %q, want %q", got, "sealed in")
	}
}

func TestFileAuditRecordsRequestsWithoutSecrets(t *testing.T) {
	t.Parallel()
	s := StartDev(t)
	file := s.EnableFileAudit(t)
	write(t, s, "not-for-the-audit")
	audit, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(audit), `"path":"secret/data/it"`) {
		t.Error("the write is not in the audit file")
	}
	if strings.Contains(string(audit), "not-for-the-audit") || strings.Contains(string(audit), s.RootToken) {
		t.Error("a secret is in the audit file")
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the audit file has mode %o, want 600", mode)
	}
}

func TestServerIgnoresTheEnvironment(t *testing.T) {
	t.Setenv("VAULT_ADDR", "http://127.0.0.1:1")
	t.Setenv("VAULT_TOKEN", "somebody-else")
	t.Setenv("VAULT_NAMESPACE", "elsewhere")
	t.Setenv("VAULT_API_ADDR", "http://127.0.0.1:1")
	s := StartDev(t)
	write(t, s, "here")
	if got := read(t, s); got != "here" {
		t.Errorf("read %q, want %q", got, "here")
	}
}

func TestServersHaveTheirOwnPorts(t *testing.T) {
	t.Parallel()
	first := reservePorts(t)
	for range 50 {
		if port := reservePorts(t); port == first {
			t.Fatalf("port %d was given out twice", port)
		}
	}
	if l, err := net.Listen("tcp", loopback(first+2)); err == nil {
		l.Close()
		t.Error("the slot is not held")
	}
}

func health(t *testing.T, s *Server) *api.HealthResponse {
	t.Helper()
	h, err := s.Client(t).Sys().HealthWithContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func mountKV(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Client(t).Sys().MountWithContext(t.Context(), "secret", &api.MountInput{
		Type: "kv", Options: map[string]string{"version": "2"},
	}); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, s *Server, value string) {
	t.Helper()
	if _, err := s.Client(t).KVv2("secret").Put(t.Context(), "it", map[string]any{"value": value}); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s *Server) string {
	t.Helper()
	secret, err := s.Client(t).KVv2("secret").Get(t.Context(), "it")
	if err != nil {
		t.Fatal(err)
	}
	value, _ := secret.Data["value"].(string)
	return value
}
