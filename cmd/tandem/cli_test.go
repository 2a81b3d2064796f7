package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
)

// dieAt names, in the environment, the step of a rotation at which the process
// kills itself, or after "envelope-" that of an envelope: a power cut at a place that no
// timing could hit.
const dieAt = "TANDEM_TEST_DIE_AT"

func TestMain(m *testing.M) {
	if at := os.Getenv(dieAt); at != "" {
		rotationHook = func(step string) {
			if step == at {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // until the signal is there
			}
		}
		envelopeHook = func(step string) { rotationHook("envelope-" + step) }
	}
	if file := os.Getenv(clockFile); file != "" {
		machineClock = func() desk.Clock { return &written{Clock: desk.MachineClock(), file: file} }
	}
	if os.Getenv(fullHashing) == "" {
		hashing = desktest.CheapHashing
	}
	// They wait for other processes more than they compute. A -parallel that is given
	// counts all the same: it is read later.
	if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"tandem": main})
}

// TestCLI tells the stories in testdata/*.txtar. Beside the commands of package
// testscript they have:
//
//	demo [ARG...]     starts a demo on free ports, with codes that last a second
//	as USERNAME       runs what follows with that person's log-in and a fresh code
//	code              gives the same person another fresh code
//	scans             has the same person's codes come from the otpauth URI in the last answer
//	exit CODE ARG...  runs tandem, which must end with this exit code; with
//	                  another code if that one was too old when it arrived
//	stop              ends the demo, as a power cut would
//	sql DATABASE STATEMENT
//	                  changes a database behind Tandem's back
//	records DATABASE FILE [N]
//	                  writes the ledger's (first N) records, one a line
//	sshlogin ACCOUNT FILE
//	                  logs in at the demo's SSH server with the password in FILE
//	edit FILE OLD NEW changes one text in a file
//	newest VARIABLE TYPE
//	                  puts the index of the newest entry of a type into a variable
//	holds FILE SECRET looks for what the file SECRET holds in FILE
//	agekey VARIABLE FILE
//	                  makes a key of age's: the public one into a variable, the other into a file
//	shows REGEXP ARG...
//	                  runs tandem until it prints that, on stdout or stderr, for 90 s at the most
func TestCLI(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			// Nothing of the machine's own reaches a story.
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("TZ", "UTC")
			env.Values[scriptKey{}] = &script{used: map[string]int64{}}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"demo": scriptDemo, "as": scriptAs, "code": scriptCode, "scans": scriptScans, "exit": scriptExit,
			"stop": scriptStop, "sql": scriptSQL, "records": scriptRecords, "sshlogin": scriptSSHLogin,
			"edit": scriptEdit, "holds": scriptHolds, "newest": scriptNewest,
			"agekey": scriptAgeKey, "shows": scriptShows,
		},
	})
}

type scriptKey struct{}

// script is what one story has going on.
type script struct {
	demo *runningDemo
	who  string
	used map[string]int64 // the last TOTP step of each person
	code string           // of that step
}

func scriptOf(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

func scriptDemo(ts *testscript.TestScript, _ bool, args []string) {
	args = append([]string{"--totp-period=1"}, args...)
	running, err := startDemo(ts.Getenv("WORK"), args...)
	ts.Check(err)
	ts.Defer(running.kill)
	s := scriptOf(ts)
	s.demo = running
	for _, p := range running.People { // each has used up a code, at the latest that of now
		s.used[p.Username] = max(s.used[p.Username], totp.Step(p.TOTPPeriod, time.Now()))
	}
	ts.Setenv("TANDEM_SERVER", running.URL)
	ts.Setenv("LEDGER_KEY", running.LedgerKey)
	other, _, err := ed25519.GenerateKey(nil)
	ts.Check(err)
	wrong, err := audit.VerifierKey(demoOrigin, other)
	ts.Check(err)
	ts.Setenv("WRONG_KEY", wrong)
	ts.Setenv("SSH_ADDRESS", running.SSH)
	ts.Setenv("SSH_HOST_KEY", running.HostKey)
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(running.HostKey))
	ts.Check(err)
	ts.Setenv("SSH_FINGERPRINT", ssh.FingerprintSHA256(key))
}

func scriptAs(ts *testscript.TestScript, _ bool, args []string) {
	s := scriptOf(ts)
	s.who = args[0]
	password := filepath.Join(ts.Getenv("WORK"), s.who+".password")
	ts.Check(os.WriteFile(password, []byte(s.person(ts).Password+"\n"), 0o600))
	ts.Setenv("TANDEM_PASSWORD_FILE", password)
	ts.Setenv("TANDEM_TOKEN_FILE", filepath.Join(ts.Getenv("WORK"), s.who+".session"))
	scriptCode(ts, false, nil)
}

func scriptCode(ts *testscript.TestScript, _ bool, _ []string) {
	s := scriptOf(ts)
	p := s.person(ts)
	// The skew allows the codes of the next steps: of all that are taken now the last is
	// the one that lasts longest, for a machine that is busy.
	next := func() int64 { return totp.Step(p.TOTPPeriod, time.Now()) + ahead }
	for next() <= s.used[s.who] {
		time.Sleep(20 * time.Millisecond) // a step of the clock, which comes by itself
	}
	s.used[s.who] = next()
	code, err := totp.Code(custody.SecretString(p.TOTPSecret), s.used[s.who])
	ts.Check(err)
	s.code = code
	ts.Setenv("TANDEM_TOTP", code)
}

// aged says whether a command was refused because the code that it was given had
// become too old on its way.
func (s *script) aged(ts *testscript.TestScript) bool {
	return s.who != "" && ts.Getenv("TANDEM_TOTP") == s.code && strings.Contains(ts.ReadFile("stderr"), string(custody.TOTPInvalid)) &&
		totp.Step(s.person(ts).TOTPPeriod, time.Now()) > s.used[s.who]+ahead
}

func (s *script) person(ts *testscript.TestScript) demo.Person {
	at := slices.IndexFunc(s.demo.People, func(p demo.Person) bool { return p.Username == s.who })
	if at < 0 {
		ts.Fatalf("nobody is called %q", s.who)
	}
	return s.demo.People[at]
}

func scriptScans(ts *testscript.TestScript, _ bool, _ []string) {
	s := scriptOf(ts)
	_, seed, found := strings.Cut(ts.ReadFile("stdout"), "secret=")
	if !found {
		ts.Fatalf("there is no otpauth URI in the last answer")
	}
	at := slices.IndexFunc(s.demo.People, func(p demo.Person) bool { return p.Username == s.who })
	s.demo.People[at].TOTPSecret, _, _ = strings.Cut(strings.TrimSpace(seed), "&")
}

func scriptExit(ts *testscript.TestScript, _ bool, args []string) {
	code := 0
	for range play.Tries {
		err := ts.Exec("tandem", args[1:]...)
		code = 0
		if exit, ok := err.(*exec.ExitError); ok {
			code = exit.ExitCode()
		} else {
			ts.Check(err)
		}
		if fmt.Sprint(code) == args[0] {
			return
		}
		if !scriptOf(ts).aged(ts) {
			break
		}
		scriptCode(ts, false, nil)
	}
	ts.Fatalf("tandem %s ended with exit code %d, want %s", strings.Join(args[1:], " "), code, args[0])
}

func scriptSQL(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite3", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

func scriptStop(ts *testscript.TestScript, _ bool, _ []string) { scriptOf(ts).demo.kill() }

func scriptRecords(ts *testscript.TestScript, _ bool, args []string) {
	db, err := store.OpenReadOnly(context.Background(), ts.MkAbs(args[0]), slog.New(slog.DiscardHandler))
	ts.Check(err)
	defer db.Close()
	size, err := db.Size(context.Background())
	ts.Check(err)
	if len(args) > 2 {
		size, err = strconv.ParseInt(args[2], 10, 64)
		ts.Check(err)
	}
	var lines []byte
	ts.Check(db.Records(context.Background(), 0, size, func(_ int64, record []byte) error {
		lines = append(append(lines, record...), '\n')
		return nil
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), lines, 0o600))
}

func scriptSSHLogin(ts *testscript.TestScript, neg bool, args []string) {
	seen, err := demo.LogIn(scriptOf(ts).demo.HostKey, scriptOf(ts).demo.SSH, args[0], strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	if (seen == demo.Refused) != neg {
		ts.Fatalf("%s: %s", args[0], seen)
	}
}

func scriptEdit(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

func scriptHolds(ts *testscript.TestScript, neg bool, args []string) {
	secret := strings.TrimSpace(ts.ReadFile(args[1]))
	if secret == "" || strings.Contains(ts.ReadFile(args[0]), secret) == neg {
		ts.Fatalf("%s and the secret in %s", args[0], args[1])
	}
}

func scriptNewest(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("tandem", "ledger", "list", "--type", args[1], "-o", "json"))
	var entries []api.Entry
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &entries))
	if len(entries) == 0 {
		ts.Fatalf("the ledger has no %s", args[1])
	}
	ts.Setenv(args[0], strconv.FormatInt(entries[0].Index, 10))
}

func scriptAgeKey(ts *testscript.TestScript, _ bool, args []string) {
	key, err := age.GenerateX25519Identity()
	ts.Check(err)
	ts.Setenv(args[0], key.Recipient().String())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(key.String()+"\n"), 0o600))
}

func scriptShows(ts *testscript.TestScript, _ bool, args []string) {
	wanted := regexp.MustCompile("(?m)" + args[0])
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		ts.Check(ts.Exec("tandem", args[1:]...))
		if wanted.MatchString(ts.ReadFile("stdout")) || wanted.MatchString(ts.ReadFile("stderr")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("tandem %s did not come to show %s", strings.Join(args[1:], " "), args[0])
		}
	}
}

// runningDemo is a demo in a process of its own.
type runningDemo struct {
	announcement
	command *exec.Cmd
}

// announcementPatience bounds the wait for a process to say where it serves.
const announcementPatience = 2 * time.Minute

// startDemo starts the demo on free ports and waits until it serves.
func startDemo(folder string, args ...string) (*runningDemo, error) {
	command := exec.Command("tandem", append([]string{"demo", "--json", "--listen=:0", "--ssh-listen=:0"}, args...)...)
	command.Dir, command.Stderr = folder, os.Stderr
	command.Env = append(os.Environ(), "TMPDIR="+folder) // where nobody else's demo is, and what it leaves behind goes
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	d := &runningDemo{command: command}
	tooLong := time.AfterFunc(announcementPatience, func() { _ = command.Process.Kill() })
	defer tooLong.Stop()
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &d.announcement)
	}
	if err != nil {
		d.kill()
		return nil, fmt.Errorf("the demo did not say where it serves: %w", err)
	}
	return d, nil
}

// kill ends the demo as a power cut would.
func (d *runningDemo) kill() {
	_ = d.command.Process.Kill()
	_ = d.command.Wait()
}
