package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	rotationssh "github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/totp"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// installation is Tandem as a company runs it: `tandem serve` in a process of
// its own, the policy's people, a real Vault behind a gate that can stop
// requests, and a real OpenSSH server with one account in custody, "db01".
type installation struct {
	t        *testing.T
	folder   string
	database string // the line that says where it is
	inVault  string // a line more of the section of Vault
	vault    *vaulttest.Server
	gate     *vaultGate

	vaultAudit string // what Vault's file audit device writes
	sshd       *sshtest.Server
	address    string         // of the API
	ops        string         // of readyz
	account    string         // on the server
	first      custody.Secret // its password before custody
	people     map[string]*play.Player
	errors     *errorBodies

	serving *serving
}

// installed is the credential of every installation.
const installed = "db01"

// installationPeriod is how long a code lasts, in seconds.
const installationPeriod = 1

// newInstallation starts one. settings are lines of its configuration, beside
// those that every installation has.
func newInstallation(t *testing.T, settings ...string) *installation {
	t.Helper()
	return newInstallationOn(t, "", settings...)
}

// newInstallationOn starts one on another database than a file of its own: the line
// says which.
func newInstallationOn(t *testing.T, database string, settings ...string) *installation {
	t.Helper()
	return newInstallationWith(t, database, "", settings...)
}

// newInstallationWith starts one with a line more in the section of Vault.
func newInstallationWith(t *testing.T, database, inVault string, settings ...string) *installation {
	t.Helper()
	in := &installation{
		t: t, database: database, inVault: inVault, folder: t.TempDir(), vault: vaulttest.StartPersistent(t), sshd: sshtest.Start(t),
		people: map[string]*play.Player{}, errors: &errorBodies{}, address: freeAddress(t), ops: freeAddress(t),
	}
	if in.database == "" {
		in.database = "database: sqlite:" + in.file("tandem.db")
	}
	in.gate = newVaultGate(t, in.vault)
	in.vaultAudit = in.vault.EnableFileAudit(t)
	in.account, in.first = in.sshd.AddAccount(t)
	in.run(exec.Command("tandem", "vault", "setup", "--role-id-file", in.file("role-id"), "--secret-id-file", in.file("secret-id")))
	in.configure(settings...)
	in.hire()
	in.start()
	in.logIn()
	in.onboard()
	return in
}

func (in *installation) file(name string) string { return filepath.Join(in.folder, name) }

// run runs a verb that talks to Vault with the root token, which it gets in the
// way an administrator would give it.
func (in *installation) run(command *exec.Cmd) {
	in.t.Helper()
	command.Env = append(os.Environ(), "VAULT_ADDR="+in.vault.Address, "VAULT_CACERT="+in.vault.CAFile, "VAULT_TOKEN="+in.vault.RootToken)
	if out, err := command.CombinedOutput(); err != nil {
		in.t.Fatalf("%s: %v\n%s", strings.Join(command.Args, " "), err, out)
	}
}

func (in *installation) configure(settings ...string) {
	in.t.Helper()
	policy := "policy: {totp_skew: 2}"
	if slices.ContainsFunc(settings, func(line string) bool { return strings.HasPrefix(line, "policy:") }) {
		policy = ""
	}
	text := fmt.Sprintf(`
listen: %s
metrics_listen: %s
%s
secrets: vault
vault:
  address: %s
  ca: %s
  auth: {method: approle, role_id_file: %s, secret_id_file: %s}
%s
ledger: {origin: installation.test/ledger}
log: {level: debug, format: json}
%s
%s
`, in.address, in.ops, in.database, in.gate.URL, in.vault.CAFile, in.file("role-id"), in.file("secret-id"), in.inVault, policy, strings.Join(settings, "\n"))
	if err := os.WriteFile(in.file("tandem.yaml"), []byte(text), 0o600); err != nil {
		in.t.Fatal(err)
	}
}

// freeAddress gives one that stays the test's own until it ends, also while nobody
// listens there: many tests look for one at the same time.
func freeAddress(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", servertest.ReservePort(t))
}

// hire adds the people before the server starts, because only then their codes
// can change every second.
func (in *installation) hire() {
	in.t.Helper()
	cfg, err := config.Load(config.Sources{File: in.file("tandem.yaml")})
	if err != nil {
		in.t.Fatal(err)
	}
	p, err := openProgram(in.t.Context(), cfg, newLog(config.Log{Level: "error"}))
	if err != nil {
		in.t.Fatal(err)
	}
	people, err := demo.SeedPeople(in.t.Context(), p.desk, installationPeriod)
	if err == nil {
		err = p.close()
	}
	if err != nil {
		in.t.Fatal(err)
	}
	for _, person := range people {
		in.people[person.Username] = &play.Player{Person: person, Last: totp.Step(installationPeriod, time.Now())}
	}
}

// serving is one life of the process.
type serving struct {
	command *exec.Cmd
	ended   chan struct{}
}

// start starts the server. environ is added to its environment.
func (in *installation) start(environ ...string) {
	in.t.Helper()
	log, err := os.OpenFile(in.file("log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		in.t.Fatal(err)
	}
	defer log.Close() // the child has its own
	command := exec.Command("tandem", "serve", "--config", in.file("tandem.yaml"))
	command.Env = append(os.Environ(), environ...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		in.t.Fatal(err)
	}
	s := &serving{command: command, ended: make(chan struct{})}
	go func() { _ = command.Wait(); close(s.ended) }()
	in.t.Cleanup(s.kill)
	in.serving = s
	in.waitFor("the server to serve", func() bool { return in.ended() || in.status("/healthz") == http.StatusOK })
}

// ended says whether the process is gone.
func (in *installation) ended() bool {
	select {
	case <-in.serving.ended:
		return true
	default:
		return false
	}
}

// status gives the HTTP status of the operations listener, 0 when it is not there.
func (in *installation) status(path string) int {
	status, _ := in.operations(path)
	return status
}

func (in *installation) operations(path string) (int, string) {
	response, err := http.Get("http://" + in.ops + path)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(body)
}

// logIn gives everybody a session.
func (in *installation) logIn() {
	in.t.Helper()
	for _, who := range in.people {
		var err error
		who.Server, err = client.New(client.Config{
			Server: "http://" + in.address, HTTP: &http.Client{Transport: in.errors, Timeout: 60 * time.Second},
		})
		if err != nil {
			in.t.Fatal(err)
		}
		if err := who.LogIn(in.t.Context()); err != nil {
			in.t.Fatalf("log-in of %s: %v\n%s", who.Username, err, in.logEnd())
		}
	}
}

func (s *serving) kill() {
	_ = s.command.Process.Kill()
	<-s.ended
}

// onboard puts the account on the server under custody.
func (in *installation) onboard() {
	in.t.Helper()
	in.add(api.AddCredential{
		Name: installed, Primary: "tech-a", Backup: "tech-b",
		Target: api.Target{
			Kind: rotationssh.Kind, Address: in.sshd.Addr, Account: in.account,
			Settings: map[string]string{"host_key": in.sshd.HostKey},
		},
		Secret: api.Secret(in.first.Reveal()), AdminKey: api.Secret(in.sshd.AdminKey.Reveal()),
	})
	in.waitHeld()
}

// add has the admin ask for an account to come under custody, and two approve it.
func (in *installation) add(account api.AddCredential) {
	in.t.Helper()
	account.Reason = "new account"
	agreed(in.t, in.people, func(admin *client.Client, code api.Secret) (api.Proposal, error) {
		account.TOTP = code
		return admin.AddCredential(in.t.Context(), account)
	})
}

func (in *installation) credential() api.Credential {
	in.t.Helper()
	return in.credentialOf(installed)
}

func (in *installation) credentialOf(name string) api.Credential {
	in.t.Helper()
	c, err := in.people["auditor"].Server.Credential(in.t.Context(), name)
	if err != nil {
		in.t.Fatalf("%v\n%s", err, in.logEnd())
	}
	return c
}

func (in *installation) waitHeld() { in.t.Helper(); in.waitHeldOf(installed) }

func (in *installation) waitHeldOf(name string) {
	in.t.Helper()
	in.waitFor(name+" to be held", func() bool { return in.credentialOf(name).Phase == custody.Held })
}

func (in *installation) waitFor(what string, ok func() bool) {
	in.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			in.t.Fatalf("waited in vain for %s\n%s", what, in.logEnd())
		}
	}
}

// as has a person do something that needs a fresh code.
func (in *installation) as(username string, do func(who *client.Client, code api.Secret) error) error {
	in.t.Helper()
	who := in.people[username]
	return who.Confirm(in.t.Context(), func(code api.Secret) error { return do(who.Server, code) })
}

func (in *installation) must(username string, do func(who *client.Client, code api.Secret) error) {
	in.t.Helper()
	if err := in.as(username, do); err != nil {
		in.t.Fatalf("%s: %v\n%s", username, err, in.logEnd())
	}
}

func (in *installation) checkOut(username string) (api.Checkout, error) {
	in.t.Helper()
	return in.checkOutOf(username, installed)
}

func (in *installation) checkOutOf(username, credential string) (api.Checkout, error) {
	in.t.Helper()
	var out api.Checkout
	err := in.as(username, func(who *client.Client, code api.Secret) (err error) {
		out, err = who.CheckOut(in.t.Context(), credential, api.CheckOut{Purpose: "ticket 4711", TOTP: code})
		return err
	})
	return out, err
}

// opens says whether the server lets a password in, by a log-in that shares no
// code with Tandem.
func (in *installation) opens(password api.Secret) bool {
	return sshtest.Login(in.sshd.Addr, in.sshd.HostKey, in.account, custody.SecretString(string(password))) == nil
}

// verify has the whole ledger verified as an auditor would, over HTTP and on
// the database file.
func (in *installation) verify() {
	in.t.Helper()
	if _, err := (auditor.Request{Now: time.Now()}).Server(in.t.Context(), in.people["auditor"].Server); err != nil {
		in.t.Errorf("ledger over HTTP: %v", err)
	}
	if _, err := verifyDatabase(in.t.Context(), in.file("tandem.db"), auditor.Request{Now: time.Now()}); err != nil {
		in.t.Errorf("database: %v", err)
	}
	// What Tandem did at Vault is all in the ledger; a test may have read there
	// with the root token.
	for _, f := range in.reconcile().Findings {
		if f.Own && f.Grade == custody.Special {
			in.t.Errorf("Vault's audit log beside the ledger: %+v", f)
		}
	}
}

func (in *installation) logEnd() string {
	text, _ := os.ReadFile(in.file("log"))
	return string(text[max(0, len(text)-4000):])
}

// vaultGate stands between Tandem and Vault and passes everything on; before a
// request for the password of db01 it does what it is told to.
type vaultGate struct {
	*httptest.Server
	mu     sync.Mutex
	before func()
}

func newVaultGate(t *testing.T, vault *vaulttest.Server) *vaultGate {
	t.Helper()
	to, err := url.Parse(vault.Address)
	if err != nil {
		t.Fatal(err)
	}
	g := &vaultGate{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.Transport = &http.Transport{TLSClientConfig: vault.TrustTLS(), ForceAttemptHTTP2: true}
	g.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/data/credentials/"+installed) {
			g.mu.Lock()
			before := g.before
			g.before = nil
			g.mu.Unlock()
			if before != nil {
				before()
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	g.TLS = vault.ServeTLS()
	g.StartTLS()
	t.Cleanup(g.Close)
	return g
}

func (g *vaultGate) beforeNextRead(do func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.before = do
}

// errorBodies keeps the body of every answer that is an error.
type errorBodies struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (e *errorBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text.Write(body)
	return response, err
}

func (e *errorBodies) bytes() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.text.Bytes())
}
