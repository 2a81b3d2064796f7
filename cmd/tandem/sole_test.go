package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// sole is an installation with one admin and nobody else, run from the command
// line as its operator and its admin do.
type sole struct {
	shop
	address  string
	password string
	seed     custody.Secret
	last     int64 // TOTP step that was used
	serving  *exec.Cmd
}

func newSole(t *testing.T) *sole {
	t.Helper()
	s := &sole{shop: shop{t, t.TempDir()}, address: freeAddress(t)}
	s.write("tandem.yaml", fmt.Sprintf("listen: %s\ndatabase: sqlite:%s\nsecrets: embedded\nembedded: {path: %s, key_file: %s}\nledger: {origin: sole.test/ledger}\n",
		s.address, s.file("tandem.db"), s.file("secrets"), s.file("key")))
	s.newLogin(s.operator("init", "--username=Admin ", "--name=Ada", "--email=first@example.org"))
	return s
}

func (s *sole) file(name string) string { return filepath.Join(s.folder, name) }

// operator runs a verb on the server's machine, which must do it.
func (s *sole) operator(args ...string) []byte {
	s.t.Helper()
	command := exec.Command("tandem", append(args, "--config="+s.file("tandem.yaml"), "-o", "json")...)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		s.t.Fatalf("%v: %v\n%s", args, err, &complaint)
	}
	return out
}

func (s *sole) newLogin(text []byte) {
	s.t.Helper()
	var login api.Login
	if err := json.Unmarshal(text, &login); err != nil {
		s.t.Fatalf("%v: %s", err, text)
	}
	if login.Person.Username != "admin" || login.Person.Email != "first@example.org" && login.Person.Email != "ada@example.org" {
		s.t.Errorf("%+v", login.Person)
	}
	s.password = string(login.Password)
	s.newSeed(login.OTPAuth)
}

func (s *sole) newSeed(uri api.Secret) {
	s.t.Helper()
	at, err := url.Parse(string(uri))
	if err != nil {
		s.t.Fatal("no otpauth URI")
	}
	s.seed, s.last = custody.SecretString(at.Query().Get("secret")), 0
}

func (s *sole) start() {
	s.t.Helper()
	s.serving = exec.Command("tandem", "serve", "--config="+s.file("tandem.yaml"))
	if err := s.serving.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.stop)
	deadline := time.Now().Add(time.Minute)
	for {
		answer, err := http.Get("http://" + s.address + "/openapi.json")
		if err == nil {
			_ = answer.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server does not serve after a minute: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *sole) stop() {
	_ = s.serving.Process.Kill()
	_ = s.serving.Wait()
}

// code gives one that was not used: of this step, or of the next, which is taken
// already.
func (s *sole) code() string {
	s.t.Helper()
	deadline := time.Now().Add(2 * totp.DefaultPeriod * time.Second)
	for time.Now().Before(deadline) {
		now := totp.Step(totp.DefaultPeriod, time.Now())
		if step := max(now, s.last+1); step <= now+1 {
			code, err := totp.Code(s.seed, step)
			if err != nil {
				s.t.Fatal(err)
			}
			s.last = step
			return code
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.t.Fatal("no fresh code in two steps")
	return ""
}

// run runs a verb as the admin and gives its exit code.
func (s *sole) run(environ []string, args ...string) (code int, out, complaint string) {
	s.t.Helper()
	command := exec.Command("tandem", append(args, "--server=http://"+s.address, "-o", "json")...)
	command.Env = append(os.Environ(), append([]string{
		"TANDEM_PASSWORD_FILE=" + s.write("password", s.password), "TANDEM_TOKEN_FILE=" + s.file("session.json"),
	}, environ...)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		s.t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func (s *sole) must(environ []string, args ...string) string {
	s.t.Helper()
	code, out, complaint := s.run(environ, args...)
	if code != 0 {
		s.t.Fatalf("%v: exit %d\n%s%s", args, code, out, complaint)
	}
	return out
}

// TestASoleAdminIsNeverStuck: a token file that cannot be written, a lost phone, a
// lock, and everything lost.
func TestASoleAdminIsNeverStuck(t *testing.T) {
	t.Parallel()
	s := newSole(t)
	s.start()

	code := s.code()
	exit, out, complaint := s.run([]string{"TANDEM_TOTP=" + code, "TANDEM_TOKEN_FILE=/proc/nowhere/x"}, "login", "admin")
	if exit != exitUsage || out != "" || !strings.Contains(complaint, "nothing was sent") {
		t.Fatalf("a log-in that could not be kept: exit %d, %q, %s", exit, out, complaint)
	}
	var shown struct {
		Codes []string `json:"recovery_codes"`
	}
	out = s.must([]string{"TANDEM_TOTP= " + code[:3] + "\u00a0" + code[3:]}, "login", "Admin ")
	if err := json.Unmarshal([]byte(out), &shown); err != nil || len(shown.Codes) != 10 {
		t.Fatalf("the same code, in two groups, where it can be kept: %d codes, %v", len(shown.Codes), err)
	}
	out = s.must([]string{"TANDEM_TOTP=" + s.code()}, "person", "edit", "admin", "--email=ada@example.org")
	if !strings.Contains(out, `"ada@example.org"`) {
		t.Errorf("edited: %s", out)
	}

	// The phone is lost. The code is copied from a word processor.
	typed := strings.ToLower(strings.ReplaceAll(shown.Codes[3], "-", "\u2013")) + "\t"
	out = s.must([]string{"TANDEM_RECOVERY_CODE_FILE=" + s.write("recovery", typed)}, "login", "--recover", "ADMIN")
	var recovered api.Recovered
	if err := json.Unmarshal([]byte(out), &recovered); err != nil {
		t.Fatal(err)
	}
	s.newSeed(recovered.OTPAuth)
	s.must([]string{"TANDEM_TOTP=" + s.code()}, "login", "admin")
	s.must([]string{"TANDEM_TOTP=" + s.code()}, "person", "unlock", "Admin")

	// Locked out, and nothing left: no password, no phone, no codes.
	locked := 0
	for range 10 {
		if exit, _, _ := s.run([]string{"TANDEM_TOTP=000000", "TANDEM_PASSWORD_FILE=" + s.write("wrong", "wrong")}, "login", "admin"); exit == exitRefused {
			locked++
		}
	}
	if locked != 5 {
		t.Errorf("ten wrong log-ins: %d were refused as locked", locked)
	}
	s.stop()
	s.newLogin(s.operator("recover", "Admin"))
	s.start()
	s.must([]string{"TANDEM_TOTP=" + s.code()}, "login", "admin")
	out = s.must(nil, "ledger", "list", "--type=person.enrolment_reset")
	if !strings.Contains(out, `"on_host": true`) || !strings.Contains(out, `"special"`) {
		t.Errorf("the entry: %s", out)
	}
	if out, err := exec.Command("tandem", "ledger", "verify", "--database="+s.file("tandem.db")).CombinedOutput(); err != nil {
		t.Errorf("the ledger: %v\n%s", err, out)
	}
}
