package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/totp"
)

// TestInstallingFromNothing does what docs/install.md says, line by line, as somebody would
// who has nothing but that page: in a folder of their own, on ports of the test's. What people
// do with a telephone and a browser it does by the API.
func TestInstallingFromNothing(t *testing.T) {
	t.Parallel()
	servertest.Require(t, nil, "bash", "openssl")
	s := newStranger(t)
	page, err := os.ReadFile("../../docs/install.md")
	must(t, err)
	inside, tried, block := false, 0, []string{}
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "```sh":
			inside, block = true, nil
		case inside && line == "```":
			inside = false
			tried += s.types(block)
		case inside:
			block = append(block, line)
		case strings.HasPrefix(line, "<!-- try: joins "):
			s.joins(strings.Fields(strings.TrimSuffix(strings.TrimPrefix(line, "<!-- try: joins "), " -->")))
		}
	}
	if tried < 30 {
		t.Errorf("only %d commands were tried", tried)
	}
	// What it led to: tom holds it, and had it shown.
	if out := s.says("tom", "tandem credential show core-switch"); !strings.Contains(out, "tom") {
		t.Errorf("nobody handed anything over:\n%s", out)
	}
}

// stranger is somebody who follows the page, and all the people in it.
type stranger struct {
	t           *testing.T
	home        string
	listen, ops string
	as          string            // who types; "": whoever is at the machine
	exports     []string          // what was exported, for everybody
	seeds       map[string]string // of their authenticators
	last        map[string]int64  // the step of the last code that each used
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	return &stranger{t: t, home: t.TempDir(), listen: freeAddress(t), ops: freeAddress(t), seeds: map[string]string{}, last: map[string]int64{}}
}

// patience is how long one command may take.
const patience = 3 * time.Minute

// here is a text of the page with the test's own ports.
func (s *stranger) here(text string) string {
	_, port, _ := strings.Cut(s.listen, ":")
	return strings.NewReplacer("127.0.0.1:8700", s.listen, "127.0.0.1:8701", s.ops, "localhost:8700", "localhost:"+port).Replace(text)
}

var exportLine = regexp.MustCompile(`^export ([A-Z_]+)=(.*)$`)

// types types the lines of a block, and gives how many commands they were.
func (s *stranger) types(block []string) (commands int) {
	s.t.Helper()
	for i := 0; i < len(block); i++ {
		line := s.here(block[i])
		if who, is := strings.CutPrefix(line, "# as "); is {
			s.as = who
			continue
		}
		commands++
		switch found := exportLine.FindStringSubmatch(line); {
		case found != nil:
			s.exports = append(s.exports, found[1]+"="+strings.Replace(found[2], "~", s.home, 1))
		case strings.HasSuffix(line, "<<END"):
			for line += "\n"; block[i] != "END"; {
				i++
				line += s.here(block[i]) + "\n"
			}
			s.says("", line)
		case strings.HasPrefix(line, "tandem init "):
			s.isNamed("ada", s.says("", line+" -o json"))
		case strings.HasSuffix(line, " &"):
			s.starts(strings.TrimSuffix(line, " &"))
		default:
			s.says(s.as, line)
		}
	}
	return commands
}

func (s *stranger) environ(who string) []string {
	all := append(os.Environ(), "HOME="+s.home, "TANDEM_TOKEN_FILE="+filepath.Join(s.home, who+".token"))
	if _, knows := s.seeds[who]; knows {
		all = append(all, "TANDEM_PASSWORD_FILE="+filepath.Join(s.home, who+".password"))
	}
	return append(all, s.exports...)
}

// says types one command and gives what it prints. Where it asks for a code, somebody reads
// one that they have not used yet off their telephone.
func (s *stranger) says(who, line string) string {
	s.t.Helper()
	out, said, err := s.once(who, line, "")
	if strings.Contains(said, "a TOTP code is needed") {
		out, said, err = s.once(who, line, s.code(who))
	}
	if err != nil {
		s.t.Fatalf("%s types %q: %v\n%s\n%s", who, line, err, out, said)
	}
	return out
}

func (s *stranger) once(who, line, code string) (out, said string, err error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", line)
	command.Env, command.Dir = s.environ(who), s.home
	if code != "" {
		command.Env = append(command.Env, "TANDEM_TOTP="+code)
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	return stdout.String(), stderr.String(), err
}

// code is the next one of somebody's authenticator. The page's policy takes one that is two
// steps ahead; after that it waits, as a person would.
func (s *stranger) code(who string) string {
	s.t.Helper()
	const ahead = 2
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		now := totp.Step(totp.DefaultPeriod, time.Now())
		if next := max(now, s.last[who]+1); next <= now+ahead {
			s.last[who] = next
			code, err := totp.Code(custody.SecretString(s.seeds[who]), next)
			must(s.t, err)
			return code
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for the next code of %s", who)
		}
	}
}

// isNamed keeps a log-in that was printed.
func (s *stranger) isNamed(who, printed string) {
	s.t.Helper()
	var login api.Login
	must(s.t, json.Unmarshal([]byte(printed), &login))
	_, seed, _ := strings.Cut(string(login.OTPAuth), "secret=")
	seed, _, _ = strings.Cut(seed, "&")
	s.knows(who, string(login.Password), seed)
}

func (s *stranger) knows(who, password, seed string) {
	s.t.Helper()
	s.seeds[who] = seed
	must(s.t, os.WriteFile(filepath.Join(s.home, who+".password"), []byte(password), 0o600))
}

func (s *stranger) starts(line string) {
	s.t.Helper()
	log, err := os.Create(filepath.Join(s.home, "log"))
	must(s.t, err)
	defer log.Close()
	command := exec.Command("bash", "-c", "exec "+line)
	command.Env, command.Dir = s.environ(""), s.home
	command.Stdout, command.Stderr = log, log
	must(s.t, command.Start())
	s.t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
}

var (
	linkPrinted    = regexp.MustCompile(`/activation/([A-Za-z0-9_-]{43})`)
	releasePrinted = regexp.MustCompile(`release code +([0-9]{6})`)
)

// joins has somebody set up their log-in: one makes the link, one reads the code, and they do
// the rest in a browser.
func (s *stranger) joins(names []string) {
	s.t.Helper()
	who, linker, reader, proposal := names[0], names[1], names[2], names[3]
	link := linkPrinted.FindStringSubmatch(s.says(linker, "tandem person link "+who))
	code := releasePrinted.FindStringSubmatch(s.says(reader, "tandem proposal show "+proposal))
	if link == nil || code == nil {
		s.t.Fatalf("%s has no link or no code: %v %v", who, link, code)
	}
	password := fmt.Sprintf("a new Word for %s, 7", strings.Repeat(who, 2))
	first := s.posts("/activation/"+link[1], map[string]string{"release_code": code[1], "password": password})
	s.knows(who, password, first.Seed)
	s.posts("/activation/"+link[1]+"/confirm", map[string]string{"totp": s.code(who)})
}

// posts is what the browser does, which trusts the page's certificate and no other.
func (s *stranger) posts(path string, body any) (answer struct {
	Seed string `json:"totp_secret"`
}) {
	s.t.Helper()
	text, err := json.Marshal(body)
	must(s.t, err)
	certificate, err := os.ReadFile(filepath.Join(s.home, "tandem/tls.pem"))
	must(s.t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	browser := http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	defer browser.CloseIdleConnections()
	response, err := browser.Post(s.here("https://localhost:8700")+"/api/v1"+path, "application/json", bytes.NewReader(text))
	must(s.t, err)
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	must(s.t, err)
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %d %s", path, response.StatusCode, said)
	}
	must(s.t, json.Unmarshal(said, &answer))
	return answer
}
