//go:build !nodemo

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/totp"
	"github.com/tandem-custody/tandem/custody/vault"
)

// demonstration is a whole installation in one process: Tandem and a server whose
// passwords it keeps, on loopback, in one folder.
type demonstration struct {
	demoOptions
	folder *demo.Folder
	log    *slog.Logger

	record  demo.Record
	found   bool // it was set up before
	url     string
	hostKey string // as in authorized_keys, without line end
	program *program
	ssh     *demo.SSH
	clock   *demo.Clock
}

// demoOptions are the flags.
type demoOptions struct {
	listen, sshListen              string
	sshChosen                      bool // sshListen was given, and is no default
	vaultAddr, vaultCA, vaultToken string
	period                         int // TOTP, seconds
	logging                        config.Log
	wantsHeld                      bool // what comes then needs every credential held
	plays                          bool // and moves the clock, if nobody has used the demo before
	note                           func(format string, args ...any)
}

// demoOrigin names a demo's ledger, and the entry in people's authenticators.
const demoOrigin = "tandem.demo"

// ahead is how many codes before and after the present one a demo takes whose codes
// last shorter than everywhere else.
const ahead = 2

// heldWithin is how long the first rotations may take. They take well under a
// second; a machine under load may need longer.
const heldWithin = 60 * time.Second

// heldSoon is how long a demo that is set up waits before it says where it is: a
// password that was being changed when it ended is there by then, and one whose
// server does not take it may never be.
const heldSoon = 3 * time.Second

// errNotHeldInTime: the server has not accepted every new password.
var errNotHeldInTime = errors.New("the first rotations did not end in time; the log says why")

// with runs a demo: it sets everything up, or finds it set up, waits until both
// credentials are held, calls then, and ends when then returns.
func (d *demonstration) with(ctx context.Context, then func(context.Context) error) (err error) {
	if d.record, d.found, err = d.folder.Load(); err != nil {
		return err
	}
	listener, sshListener, err := d.listenAll(ctx)
	if err != nil {
		return err
	}
	defer listener.Close()
	defer sshListener.Close()
	d.url = "http://" + listener.Addr().String()

	host, _, err := demo.Key(d.folder.File("ssh_host_key"), writeDurably)
	if err != nil {
		return err
	}
	admin, adminKey, err := demo.Key(d.folder.File("ssh_admin_key"), writeDurably)
	if err != nil {
		return err
	}
	d.hostKey = strings.TrimSpace(string(gossh.MarshalAuthorizedKey(host.PublicKey())))
	accounts, first, err := d.accounts()
	if err != nil {
		return err
	}
	d.ssh = demo.NewSSH(accounts, host, admin.PublicKey())

	cfg, err := d.configure(ctx, listener.Addr().String())
	if err != nil {
		return err
	}
	behind := time.Duration(0)
	if d.moves() { // so that what comes after the play is not before it
		behind = play.Passes
	}
	d.clock = demo.NewClock(behind)
	if d.program, err = openProgramFor(ctx, cfg, d.log, purpose{clock: d.clock}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.program.close()) }()

	ctx, stop := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.ssh.Serve(ctx, sshListener) })
	group.Go(func() error { return d.program.run(ctx, listener, nil) })
	group.Go(func() error {
		defer stop()
		if !d.found {
			if err := d.seed(ctx, adminKey, first); err != nil {
				return err
			}
		}
		within := heldWithin
		if d.found && !d.wantsHeld {
			within = heldSoon
		}
		err := d.waitHeld(ctx, within)
		if errors.Is(err, errNotHeldInTime) && d.found && !d.wantsHeld {
			d.note("A password is still being changed; nobody can check it out until its server has accepted it. The log says what is in the way.")
			err = nil
		}
		if err != nil {
			return err
		}
		return then(ctx)
	})
	return group.Wait()
}

// moves says whether the clock is moved: not where people have a ledger already that goes by
// the machine's.
func (d *demonstration) moves() bool { return d.plays && !d.found }

// listenAll opens both listeners. The credentials say where the SSH server is,
// so a demo that is set up keeps that address.
func (d *demonstration) listenAll(ctx context.Context) (api, ssh net.Listener, err error) {
	address, err := loopbackAddress("--listen", d.listen)
	if err != nil {
		return nil, nil, err
	}
	sshAddress, err := loopbackAddress("--ssh-listen", d.sshListen)
	if err != nil {
		return nil, nil, err
	}
	if d.found {
		if d.sshChosen && sshAddress != d.record.SSH && !strings.HasSuffix(sshAddress, ":0") {
			return nil, nil, usagef("the credentials of this demo are on %s: leave --ssh-listen out", d.record.SSH)
		}
		sshAddress = d.record.SSH
	}
	if api, err = new(net.ListenConfig).Listen(ctx, "tcp", address); err != nil {
		return nil, nil, fmt.Errorf("--listen: %w (:0 takes a free port)", err)
	}
	if ssh, err = new(net.ListenConfig).Listen(ctx, "tcp", sshAddress); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("--ssh-listen: %w (:0 takes a free port)", err), api.Close())
	}
	d.record.SSH = ssh.Addr().String()
	return api, ssh, nil
}

// loopbackAddress reads the address of a listener: a demo prints its passwords,
// so nobody else may reach it.
func loopbackAddress(flag, value string) (string, error) {
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return "", usagef("%s must be HOST:PORT or :PORT", flag)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if !config.Loopback(host) {
		return "", usagef("%s must be on this machine only, such as 127.0.0.1:%s: a demo is for nobody else", flag, port)
	}
	return net.JoinHostPort(host, port), nil
}

// accounts gives the accounts of the SSH server and, when they are new, their
// first passwords: what a machine has before Tandem takes over.
func (d *demonstration) accounts() (*demo.Accounts, map[string]string, error) {
	accounts, err := demo.LoadAccounts(d.folder.File("ssh_accounts"), writeDurably)
	if !errors.Is(err, demo.ErrNoAccounts) {
		return accounts, nil, err
	}
	first := map[string]string{}
	for _, credential := range demo.Credentials {
		first[credential.Account] = rand.Text()
	}
	accounts, err = demo.CreateAccounts(d.folder.File("ssh_accounts"), first, writeDurably)
	return accounts, first, err
}

// configure makes the configuration of an installation in the folder.
func (d *demonstration) configure(ctx context.Context, listen string) (config.Config, error) {
	cfg := config.Default()
	cfg.Listen, cfg.Log = listen, d.logging
	cfg.Database = "sqlite:" + d.folder.File("tandem.db")
	cfg.Ledger.Origin = demoOrigin
	codes := d.period
	if d.found && len(d.record.People) > 0 {
		codes = d.record.People[0].TOTPPeriod
	}
	if codes < totp.DefaultPeriod { // a code of a second or two ages on its way
		cfg.Policy.TOTPSkew = ahead
	}
	folder, err := filepath.Abs(d.folder.File("envelopes"))
	if err == nil {
		err = os.MkdirAll(folder, 0o700)
	}
	if err != nil {
		return cfg, err
	}
	cfg.Envelopes.Folder = folder
	cfg.Secrets = config.Embedded
	cfg.Embedded = config.EmbeddedStore{Path: d.folder.File("secrets"), KeyFile: d.folder.File("secrets.key")}
	switch {
	case d.found && (d.vaultAddr != "") != (d.record.Vault != nil):
		return cfg, usagef("the secrets of this demo are elsewhere: start it with, or without, --vault-addr as the first time")
	case d.vaultAddr == "":
		return cfg, cfg.Validate()
	case inClear(d.vaultAddr):
		return cfg, usagef("a Vault that is not on this machine must be named with https://: its token would go in clear")
	case !d.found:
		if err := d.setUpVault(ctx); err != nil {
			return cfg, err
		}
	}
	cfg.Secrets = config.Vault
	names := d.record.Vault.Names
	cfg.Vault.Address, cfg.Vault.CA, cfg.Vault.Mount = d.vaultAddr, d.vaultCA, names.Mount
	cfg.Vault.TransitMount, cfg.Vault.TransitKey = names.Transit, names.TransitKey
	cfg.Vault.PasswordPolicy = names.PasswordPolicy
	cfg.Vault.Auth.Mount, cfg.Vault.Auth.RoleID = names.AppRole, d.record.Vault.RoleID
	cfg.Vault.Auth.SecretIDFile = d.folder.File("vault-secret-id")
	return cfg, cfg.Validate()
}

// setUpVault makes engines, policy and role of the demo's own, and logs in with
// the role from then on: the token is used for nothing else.
func (d *demonstration) setUpVault(ctx context.Context) error {
	if d.vaultToken == "" {
		return usagef("--vault-addr needs a token that may set Vault up: --vault-token, or VAULT_TOKEN")
	}
	own := "tandem-demo-" + strings.ToLower(rand.Text()[:8])
	names := vault.Names{
		Mount: own, Transit: own + "-transit", TransitKey: "ledger",
		PasswordPolicy: own, Policy: own, AppRole: own, Role: "tandem",
	}
	client, err := vault.NewClient(vault.Config{Address: d.vaultAddr, CAFile: d.vaultCA, Names: names, Log: d.log})
	if err != nil {
		return err
	}
	client.SetToken(d.vaultToken)
	report, err := vault.Setup(ctx, client, names)
	if err != nil {
		return err
	}
	d.record.Vault = &demo.Vault{Address: d.vaultAddr, Names: names, RoleID: report.RoleID}
	return writeSecretID(ctx, client, names, d.folder.File("vault-secret-id"))
}

func (d *demonstration) seed(ctx context.Context, adminKey []byte, first map[string]string) (err error) {
	if d.record.People, err = demo.SeedPeople(ctx, d.program.desk, d.period); err != nil {
		return err
	}
	if err := demo.SeedCredentials(ctx, d.program.desk, d.record.SSH, d.hostKey, adminKey, first); err != nil {
		return err
	}
	return d.folder.Save(d.record)
}

// waitHeld waits until the SSH server has accepted every new password.
func (d *demonstration) waitHeld(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, errNotHeldInTime)
	defer cancel()
	for {
		committed := d.program.desk.Follow() // before looking, so that no commit falls between
		credentials, err := d.program.store.Credentials(ctx)
		if err != nil {
			return because(ctx, err)
		}
		if !anyRotating(credentials) {
			return nil
		}
		select {
		case <-committed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func anyRotating(credentials []custody.Credential) bool {
	for _, c := range credentials {
		if c.Phase == custody.Rotating {
			return true
		}
	}
	return false
}
