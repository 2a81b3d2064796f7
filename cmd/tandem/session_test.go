package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
)

// TestServersAsTheyAreTyped: or copied from a browser.
func TestServersAsTheyAreTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"https://tandem.example": "https://tandem.example", "https://tandem.example/": "https://tandem.example", " https://Tandem.Example:443// ": "https://tandem.example",
		"https://tandem.example/credentials/db01?x=1#y": "https://tandem.example", "http://127.0.0.1:8700/": "http://127.0.0.1:8700",
		"http://[::1]:8700/login": "http://[::1]:8700", "HTTPS://tandem.example:8700": "https://tandem.example:8700",
	} {
		if got, err := serverURL(typed); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
	}
	for typed, want := range map[string]string{
		"tandem.example": "write https://tandem.example", "tandem.example:8700/login": "write https://tandem.example:8700", "localhost:8700": "write http://localhost:8700",
		"127.0.0.1:8700": "write http://127.0.0.1:8700", "/": "write https://tandem.example:8700", "ftp://tandem.example": "with https://", "https://": "with https://",
		"https://exa mple/": "with https://", "https://tech-a:hunter2@tandem.example": "no user name",
	} {
		got, err := serverURL(typed)
		if exitCode(err) != exitUsage || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
	}
}

// TestASettingIsTakenAsItWasPrinted: a distinguished name has commas, what
// ssh-keyscan prints has lines; and the log-in of a server holds for its URL with
// a page behind it.
func TestASettingIsTakenAsItWasPrinted(t *testing.T) {
	var got api.AddCredential
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" && r.URL.Path == "/api/v1/credentials" {
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
		}
		_, _ = io.WriteString(w, `{"name": "db01"}`)
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "session.json")
	text, err := json.Marshal(savedSession{Server: server.URL + "/", Username: "admin", Token: "t", Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{
		"admin": "cn=tandem,dc=example,dc=com", "host_key": "db01 ssh-rsa AAAA==\ndb01 ssh-ed25519 AAAA\n", "quoted": `"a","b"`,
	}
	t.Setenv("TANDEM_TOTP", "123456")
	var out, complaints bytes.Buffer
	args := []string{
		"credential", "add", "db01", "--server", server.URL + "/credentials/", "--token-file", file, "--address", "db01:22", "--account", "root",
		"--primary", "tech-a", "--backup", "tech-b", "--reason", "new",
	}
	for name, value := range settings {
		args = append(args, "--set", name+"="+value)
	}
	if code := run(t.Context(), console{out: &out, err: &complaints}, args); code != 0 {
		t.Fatalf("exit code %d: %s", code, complaints.String())
	}
	for name, want := range settings {
		if got.Target.Settings[name] != want {
			t.Errorf("%s arrived as %q, want %q", name, got.Target.Settings[name], want)
		}
	}
	for _, wrong := range [][]string{{"--set", "host_key"}, {"--set", "=x"}, {"--set", "admin=a"}} {
		complaints.Reset()
		if code := run(t.Context(), console{out: &out, err: &complaints}, append(args, wrong...)); code != exitUsage {
			t.Errorf("%q: exit code %d: %s", wrong, code, complaints.String())
		}
	}
}
