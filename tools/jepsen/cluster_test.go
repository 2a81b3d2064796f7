package jepsen

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// What a cluster is made of.
const (
	replicas = 3
	pairs    = 8
	each     = 2 // credentials of a pair
	period   = 2 // of everybody's codes, in seconds
	skew     = 2 // periods

	// lockAfter is so many wrong codes that nobody is ever locked out: codes come late
	// here, and that is no operation of its own.
	lockAfter = 100

	patience = 3 * time.Minute // for any one thing that a cluster does between histories
	database = "office"
	origin   = "jepsen.test/ledger"
)

// cluster is three replicas, and what they stand on.
type cluster struct {
	t       testing.TB
	folder  string
	program string

	postgres *postgrestest.Server // that decides now
	password string               // file: of the role that owns the database
	vault    *vaulttest.Server
	auth     vault.AppRole
	secrets  *vault.Store
	relays   [replicas]*relay // to PostgreSQL
	toVault  *relay
	store    *store.Store // the test's own way to the database
	replicas [replicas]*replica
	people   map[string]*person
	pairs    []pair
}

// replica is one `tandem serve`.
type replica struct {
	c            *cluster
	n            int
	config       string
	clock        string // file
	address, ops string
	process      *servertest.Process
}

// person is somebody with a session and an authenticator.
type person struct {
	name  string
	seed  custody.Secret
	token custody.Secret

	mu   sync.Mutex
	used int64 // the last step whose code was given to anybody
}

// code gives the code of a step that was not used yet, if there is one now. again: one
// that was.
func (p *person) code(again bool) (code string, step int64, there bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := totp.Step(period, time.Now())
	switch step = max(p.used+1, now); {
	case again && p.used >= now:
		step = p.used
	case step > now+1:
		return "", 0, false
	}
	p.used = max(p.used, step)
	code, err := totp.Code(p.seed, step)
	return code, step, err == nil
}

// newCluster starts one with a program that buildProgram built.
func newCluster(t testing.TB, program string) *cluster {
	t.Helper()
	c := &cluster{t: t, folder: t.TempDir(), program: program, people: map[string]*person{}}
	c.vault = vaulttest.StartDev(t)
	c.postgres = postgrestest.Start(t, "fsync = on", "max_connections = 200", "log_statement = 'none'",
		"log_min_duration_statement = -1", "log_min_error_statement = 'panic'", "wal_level = replica", "max_wal_senders = 4",
		"wal_keep_size = '64MB'", "max_wal_size = '256MB'")
	c.postgres.SetAccess("host all all 127.0.0.1/32 scram-sha-256", "host replication postgres 127.0.0.1/32 trust") // of a machine of its own, for standbys
	c.postgres.SQL("CREATE DATABASE " + database + " OWNER " + postgrestest.Admin + " ENCODING 'UTF8' TEMPLATE template0")
	c.password = c.write("password", c.postgres.AdminPassword.Reveal())
	c.setUpVault()
	c.found()
	c.toVault = newRelay(t, strings.TrimPrefix(c.vault.Address, "https://"))
	for n := range replicas {
		c.relays[n] = newRelay(t, c.postgres.Addr)
		c.replicas[n] = c.newReplica(n)
	}
	for _, r := range c.replicas {
		r.start()
	}
	c.awaitReady()
	return c
}

func (c *cluster) file(name string) string { return filepath.Join(c.folder, name) }

func (c *cluster) write(name, text string) (path string) {
	c.t.Helper()
	path = c.file(name)
	c.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// address is the database's, at some place.
func (c *cluster) address(at string) string {
	return "postgres://" + postgrestest.Admin + "@" + at + "/" + database + "?" +
		url.Values{"sslmode": {"disable"}, "connect_timeout": {"3"}}.Encode()
}

func (c *cluster) setUpVault() {
	c.t.Helper()
	names := vault.DefaultNames()
	report, err := vault.Setup(c.t.Context(), c.vault.Client(c.t), names)
	c.must(err)
	id, err := vault.NewSecretID(c.t.Context(), c.vault.Client(c.t), names, 0)
	c.must(err)
	c.auth = vault.AppRole{RoleID: report.RoleID, SecretIDFile: c.write("secret-id", id.Reveal())}
	c.write("role-id", report.RoleID)
	c.secrets, err = vault.Open(c.t.Context(), vault.Config{
		Address: c.vault.Address, CAFile: c.vault.CAFile, Names: names, RequestID: desk.RequestOf, Log: quiet, AppRole: &c.auth,
	})
	c.must(err)
	c.t.Cleanup(func() { _ = c.secrets.Close() })
}

var quiet = slog.New(slog.DiscardHandler)

// open opens the database by the test's own way.
func (c *cluster) open() {
	c.t.Helper()
	if c.store != nil {
		_ = c.store.Close()
	}
	var err error
	c.store, err = store.Open(c.t.Context(), c.address(c.postgres.Addr)+"&password_file="+url.QueryEscape(c.password), quiet)
	c.must(err)
}

// found brings people and credentials in, each of which is held then. It is what an
// installation does before its first start.
func (c *cluster) found() {
	c.t.Helper()
	c.open()
	c.t.Cleanup(func() { _ = c.store.Close() })
	policy := custody.DefaultPolicy()
	policy.TOTPSkew, policy.LockAfter = skew, lockAfter
	d, err := desk.Open(c.t.Context(), desk.Config{
		Store: c.store, Accounts: c.store, Secrets: c.secrets, Clock: desk.MachineClock(), Policy: policy, Origin: origin, Log: quiet,
		SessionTTL: 12 * time.Hour, Hashing: desktest.CheapHashing,
		CheckTarget: func(custody.Target, custody.Secret) (desk.CheckedTarget, error) { return desk.CheckedTarget{}, nil },
		CheckPolicy: func(custody.CredentialPolicy) error { return nil },
	})
	c.must(err)
	targets := &accounts{passwords: map[string]custody.Secret{}}
	for n := range pairs {
		p := pair{people: [2]string{fmt.Sprintf("a%d", n), fmt.Sprintf("b%d", n)}}
		for _, name := range p.people {
			c.hire(d, name)
		}
		for k := range each {
			name := fmt.Sprintf("root-%d-%d", n, k)
			p.credentials = append(p.credentials, name)
			first := custody.SecretString(rand.Text())
			targets.passwords[name] = first
			_, err := d.AddCredential(c.t.Context(), desk.By{Actor: custody.System, Request: rand.Text()}, custody.AddCredential{
				Name: name, Primary: p.people[0], Backup: p.people[1],
				Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: "192.0.2.1:22", Account: name, Settings: map[string]string{"host_key": "ssh-ed25519 AAAA"}}),
			}, first, custody.Secret{})
			c.must(err)
		}
		c.pairs = append(c.pairs, p)
	}
	worker := rotation.New(rotation.Config{
		Desk: d, Queue: rotation.Worklist{Desk: d, Leases: c.store}, Secrets: c.secrets, Clock: desk.MachineClock(), Log: quiet,
		Targets: map[string]rotation.Opener{"ssh": targets.open},
	})
	ctx, stop := context.WithCancel(c.t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { _ = worker.Run(ctx) })
	c.await("every credential to be held", func() error {
		all, err := d.Credentials(ctx)
		for _, credential := range all {
			if credential.Phase != custody.Held {
				err = errors.Join(err, fmt.Errorf("%s is %s", credential.Name, credential.Phase))
			}
		}
		return err
	})
	stop()
	ended.Wait()
	c.must(d.Close())
}

// hire brings in somebody who is logged in.
func (c *cluster) hire(d *desk.Desk, name string) {
	c.t.Helper()
	login, err := d.AddPerson(c.t.Context(), desk.By{Actor: custody.System, Request: rand.Text()}, custody.AddPerson{
		Username: name, Name: name, Roles: []custody.Role{custody.Technician}, TOTPPeriod: period,
	})
	c.must(err)
	p := &person{name: name, seed: login.Seed}
	c.await("a log-in of "+name, func() error {
		code, _, there := p.code(false)
		if !there {
			return errors.New("no code yet")
		}
		signed, err := d.SignIn(c.t.Context(), desk.SignInRequest{Username: name, Password: login.Password, Code: code, Request: rand.Text()})
		p.token = signed.Token
		return err
	})
	c.people[name] = p
}

// await waits until something is so.
func (c *cluster) await(what string, ok func() error) {
	c.t.Helper()
	var err error
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if err = ok(); err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("waited in vain for %s: %v", what, err)
		}
	}
}

// accounts are what the credentials open: it keeps passwords, and nothing else.
type accounts struct {
	mu        sync.Mutex
	passwords map[string]custody.Secret
}

type account struct {
	*accounts
	name string
}

func (a *accounts) open(t custody.Target, _ custody.Secret) (rotation.Target, error) {
	return account{a, t.Account}, nil
}

func (account) Describe() rotation.Description { return rotation.Description{Own: true} }

func (a account) Verify(_ context.Context, secret custody.Secret) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.passwords[a.name].Equal(secret) {
		return rotation.ErrRefused
	}
	return nil
}

func (a account) Change(ctx context.Context, old, next custody.Secret) error {
	if err := a.Verify(ctx, old); err != nil {
		return err
	}
	return a.Reconcile(ctx, next)
}

func (a account) Reconcile(_ context.Context, next custody.Secret) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.passwords[a.name] = next
	return nil
}

// newReplica writes the configuration of one.
func (c *cluster) newReplica(n int) *replica {
	c.t.Helper()
	r := &replica{c: c, n: n, address: free(c.t), ops: free(c.t), clock: c.write(fmt.Sprintf("clock-%d", n), "0s 0s")}
	r.config = c.write(fmt.Sprintf("tandem-%d.yaml", n), fmt.Sprintf(`
listen: %s
metrics_listen: %s
database: %s
database_password_file: %s
secrets: vault
vault:
  address: https://%s
  ca: %s
  auth: {method: approle, role_id_file: %s, secret_id_file: %s}
ledger: {origin: %s}
log: {level: info, format: json}
policy: {totp_skew: %d, lock_after: %d}
`, r.address, r.ops, c.address(c.relays[n].addr), c.password, c.toVault.addr, c.vault.CAFile, c.file("role-id"), c.file("secret-id"), origin, skew, lockAfter))
	return r
}

func free(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", servertest.ReservePort(t))
}

// start starts a replica that does not run.
func (r *replica) start() {
	r.c.t.Helper()
	log, err := os.OpenFile(r.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	r.c.must(err)
	defer log.Close() // the child has its own
	command := exec.Command(r.c.program, "serve", "--config", r.config)
	command.Env = append(os.Environ(), "TANDEM_TEST_CLOCK="+r.clock)
	command.Stdout, command.Stderr = log, log
	r.process, err = servertest.Start(command)
	r.c.must(err)
	r.c.t.Cleanup(r.kill)
}

func (r *replica) log() string { return r.c.file(fmt.Sprintf("log-%d", r.n)) }

func (r *replica) signal(s syscall.Signal) { _ = syscall.Kill(r.process.PID(), s) }

// kill is as a power cut of its machine.
func (r *replica) kill() {
	select {
	case <-r.process.Ended:
		return
	default:
	}
	r.signal(syscall.SIGCONT)
	r.process.End(r.c.t, syscall.SIGKILL)
}

// setClock sets a replica's clock ahead of the machine's, in an instant.
func (r *replica) setClock(ahead time.Duration) {
	next := r.clock + ".next"
	r.c.must(os.WriteFile(next, []byte(ahead.String()+" 0s"), 0o600))
	r.c.must(os.Rename(next, r.clock))
}

// causes says why a replica is not ready; "": it is.
func (r *replica) causes(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.ops+"/readyz", http.NoBody)
	if err != nil {
		return err.Error()
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	if answer.StatusCode == http.StatusOK {
		return ""
	}
	return cmp.Or(string(text), answer.Status)
}

// awaitReady waits until every replica can do everything.
func (c *cluster) awaitReady() {
	c.t.Helper()
	for _, r := range c.replicas {
		c.await(fmt.Sprintf("replica %d to be ready", r.n), func() error {
			if causes := r.causes(c.t.Context()); causes != "" {
				return errors.New(causes)
			}
			return nil
		})
	}
}

// TestMain removes what was built.
func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(built.folder)
	os.Exit(code)
}

var built struct {
	once   sync.Once
	folder string
}

// asItIs gives Tandem as its source is. It is built once.
func asItIs(t testing.TB) (program string) {
	t.Helper()
	built.once.Do(func() {
		var err error
		if built.folder, err = os.MkdirTemp("", "jepsen-"); err != nil {
			t.Fatal(err)
		}
		buildProgram(t, built.folder, "")
	})
	return filepath.Join(built.folder, "tandem")
}

// buildProgram builds Tandem as its own tests do, with a clock that can be set, into a
// folder. overlay is a file of go build's, "" for the source as it is.
func buildProgram(t testing.TB, folder, overlay string) (program string) {
	t.Helper()
	program = filepath.Join(folder, "tandem") // by which name the test binary is the program
	args := []string{"test", "-c", "-vet=off", "-o", program}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	build := exec.Command("go", append(args, "./cmd/tandem")...)
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}
