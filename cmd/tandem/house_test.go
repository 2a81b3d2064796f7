package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/totp"
)

// house is the smallest installation: `tandem serve` in a process of its own, on
// the embedded store, in one folder.
type house struct {
	t        *testing.T
	folder   string
	listen   string
	ops      string
	origin   string
	database string // the lines that say where the database is; "": a file in the folder
	secrets  string // the lines that say where the secrets are
	more     string // further lines

	serving *serving
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, folder: t.TempDir(), listen: freeAddress(t), ops: freeAddress(t), origin: "house.test/ledger"}
	h.secrets = fmt.Sprintf("secrets: embedded\nembedded: {path: %s, key_file: %s}", h.file("secrets"), h.file("key"))
	h.configure()
	return h
}

func (h *house) file(name string) string { return filepath.Join(h.folder, name) }

// configure writes what the fields say.
func (h *house) configure() {
	h.t.Helper()
	database := h.database
	if database == "" {
		database = "database: sqlite:" + h.file("tandem.db")
	}
	text := fmt.Sprintf("listen: %s\nmetrics_listen: %s\n%s\n%s\nledger: {origin: %s}\n%s\n",
		h.listen, h.ops, database, h.secrets, h.origin, h.more)
	h.write("tandem.yaml", text)
}

func (h *house) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(h.file(name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// tandem runs a verb with the house's configuration to its end.
func (h *house) tandem(args ...string) (out, said string, code int) {
	h.t.Helper()
	return h.run(nil, nil, args)
}

// tandemInto gives the verb another standard output, tandemWith more variables.
func (h *house) tandemInto(stdout *os.File, args ...string) (out, said string, code int) {
	h.t.Helper()
	return h.run(stdout, nil, args)
}

func (h *house) tandemWith(variables []string, args ...string) (out, said string, code int) {
	h.t.Helper()
	return h.run(nil, variables, args)
}

func (h *house) run(stdout *os.File, variables, args []string) (out, said string, code int) {
	h.t.Helper()
	return tandemTo(h.t, stdout, variables, append(args, "--config", h.file("tandem.yaml")))
}

// tandemTo runs a verb to its end, with another standard output if there is one.
func tandemTo(t *testing.T, stdout *os.File, variables, args []string) (out, said string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "tandem", args...)
	command.Env = append(os.Environ(), variables...)
	var stdoutText, stderrText bytes.Buffer
	command.Stdout, command.Stderr = &stdoutText, &stderrText
	if stdout != nil {
		command.Stdout = stdout
	}
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return stdoutText.String(), stderrText.String(), command.ProcessState.ExitCode()
}

// initialise adds the first admin and gives their log-in.
func (h *house) initialise(username string) *play.Player {
	h.t.Helper()
	out, said, code := h.tandem("init", "--username", username, "--name", "First Admin", "-o", "json")
	if code != 0 {
		h.t.Fatalf("init: exit %d\n%s", code, said)
	}
	return h.playerOf(out)
}

// playerOf makes somebody of the answer of tandem init.
func (h *house) playerOf(answer string) *play.Player {
	h.t.Helper()
	var login api.Login
	if err := json.Unmarshal([]byte(answer), &login); err != nil {
		h.t.Fatalf("%v in %q", err, answer)
	}
	_, seed, _ := strings.Cut(string(login.OTPAuth), "secret=")
	seed, _, _ = strings.Cut(seed, "&")
	server, err := client.New(client.Config{Server: "http://" + h.listen})
	if err != nil {
		h.t.Fatal(err)
	}
	return &play.Player{Server: server, Person: demo.Person{
		Username: login.Person.Username, Password: string(login.Password), TOTPSecret: seed, TOTPPeriod: totp.DefaultPeriod,
	}}
}

// signIn logs somebody in with the code of now.
func (h *house) signIn(who *play.Player) error {
	h.t.Helper()
	code, err := totp.Code(custody.SecretString(who.TOTPSecret), totp.Step(who.TOTPPeriod, time.Now()))
	if err != nil {
		h.t.Fatal(err)
	}
	session, err := who.Server.SignIn(h.t.Context(), api.SignIn{Username: who.Username, Password: api.Secret(who.Password), TOTP: api.Secret(code)})
	if err == nil {
		who.Server, err = client.New(client.Config{Server: "http://" + h.listen, Token: session.Token})
	}
	return err
}

// start starts the server and waits until it answers, or has ended. wrap is put
// before the command.
func (h *house) start(args ...string) {
	h.t.Helper()
	h.startWrapped(nil, args...)
}

func (h *house) startWrapped(wrap []string, args ...string) {
	h.t.Helper()
	log, err := os.OpenFile(h.file("log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer log.Close() // the child has its own
	line := slices.Concat(wrap, []string{"tandem", "serve", "--config", h.file("tandem.yaml")}, args)
	command := exec.Command(line[0], line[1:]...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		h.t.Fatal(err)
	}
	s := &serving{command: command, ended: make(chan struct{})}
	go func() { _ = command.Wait(); close(s.ended) }()
	h.t.Cleanup(s.kill)
	h.serving = s
	h.waitFor("the server to serve", func() bool { return h.hasEnded() || h.status("/healthz") == http.StatusOK })
}

func (h *house) hasEnded() bool {
	select {
	case <-h.serving.ended:
		return true
	default:
		return false
	}
}

func (h *house) mustServe() {
	h.t.Helper()
	if h.hasEnded() {
		h.t.Fatalf("it does not serve:\n%s", h.log())
	}
}

// stop ends the server in order.
func (h *house) stop() {
	h.t.Helper()
	_ = h.serving.command.Process.Signal(os.Interrupt)
	<-h.serving.ended
}

func (h *house) status(path string) int {
	status, _ := h.operations(path)
	return status
}

func (h *house) operations(path string) (int, string) {
	response, err := http.Get("http://" + h.ops + path)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(body)
}

// causes are the codes that /readyz names; none: it is ready.
func (h *house) causes() []string {
	h.t.Helper()
	status, body := h.operations("/readyz")
	var answer struct {
		Causes []string `json:"causes"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || (status == http.StatusOK) != (len(answer.Causes) == 0) {
		h.t.Fatalf("readyz: %d %q", status, body)
	}
	return answer.Causes
}

func (h *house) wantReady() {
	h.t.Helper()
	if causes := h.causes(); len(causes) > 0 {
		_, body := h.operations("/readyz")
		h.t.Fatalf("not ready: %s\n%s", body, h.log())
	}
}

func (h *house) wantCause(code string) {
	h.t.Helper()
	if causes := h.causes(); !slices.Contains(causes, code) {
		_, body := h.operations("/readyz")
		h.t.Errorf("readyz does not name %s: %s\n%s", code, body, h.log())
	}
}

func (h *house) log() string {
	text, _ := os.ReadFile(h.file("log"))
	return string(text)
}

func (h *house) waitFor(what string, ok func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("waited in vain for %s\n%s", what, h.log())
		}
	}
}
