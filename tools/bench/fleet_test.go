//go:build bench

package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ldapclient "github.com/go-ldap/ldap/v3"
	vaultapi "github.com/hashicorp/vault/api"
	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/envelope"
	"github.com/tandem-custody/tandem/custody/enveloping"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	rotationssh "github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// fleetParallel is how many passwords are changed at once, on both sides: what
// two processors have enough to do with.
const fleetParallel = 16

// fleetSize is how many accounts the fleet has: 1,000, or what
// TANDEM_BENCH_FLEET says.
func fleetSize(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("TANDEM_BENCH_FLEET"))
	if err != nil {
		return 1000
	}
	return n
}

// measureFleet changes the password of every account of one real sshd: through
// Tandem, with its ledger and a real Vault, and by a bare loop that does the same
// on the host and keeps nothing. Both change as root, log in with the new
// password, and see the old one refused.
func measureFleet(t *testing.T, _ string) table {
	n := fleetSize(t)
	host := sshtest.Start(t)
	accounts := make([]account, n)
	for i := range accounts {
		accounts[i].name, accounts[i].password = host.AddAccount(t)
	}
	vault := setUpVault(t)
	o := openOfficeWith(t, onDisk(t), vault.store(t), desk.ClockFunc(time.Now), checkOutPeriod)
	if err := o.open(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	bare := bareLoop(t, host, accounts)
	ours, err := throughTandem(t.Context(), o, accounts, host.AdminKey, func(a account) custody.Target {
		return custody.Target{
			Kind: rotationssh.Kind, Address: host.Addr, Account: a.name,
			Settings: map[string]string{"host_key": host.HostKey},
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	closing, err := closeEnvelopes(t, o, n)
	if err != nil {
		t.Fatal(err)
	}
	ratio, share := ours.Seconds()/bare.Seconds(), closing.Seconds()/ours.Seconds()
	return []row{{
		what: fmt.Sprintf("change and prove %d passwords on one sshd, %d at once; peer: a bare loop of SSH sessions", n, fleetParallel),
		ours: seconds(ours), peer: seconds(bare), ratio: times(ratio), goal: atMost(ratio, 1.3, "%.1fx"),
	}, {
		what: fmt.Sprintf("close the %d new passwords in envelopes for two keyholders; peer: the change of them, above", n),
		ours: seconds(closing), peer: seconds(ours), ratio: times(share), goal: atMost(share, 0.1, "%.2fx"),
	}}
}

// closeEnvelopes has two people become keyholders and an envelope made of each of the n
// passwords of a fleet, and gives how long that took from when the worker began.
func closeEnvelopes(t *testing.T, o *office, n int) (time.Duration, error) {
	if err := o.haveKeyholders(t.Context()); err != nil {
		return 0, err
	}
	folder := filepath.Join(o.dir, "envelopes")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return 0, err
	}
	worker := enveloping.New(enveloping.Config{
		Desk: o.desk, Secrets: o.secrets, Leases: o.store, Folder: envelope.Folder{Path: folder}, Origin: origin,
		Clock: o.clock, Log: slog.New(slog.DiscardHandler),
	})
	start := time.Now()
	worker.Look(t.Context())
	took := time.Since(start)
	now, err := o.desk.Envelopes(t.Context())
	if err != nil {
		return 0, err
	}
	made := 0
	for _, c := range now.Of {
		if c.InForce {
			made++
		}
	}
	if made < n {
		return 0, fmt.Errorf("%d of %d envelopes are in force", made, n)
	}
	return took, nil
}

type account struct {
	name     string
	password custody.Secret
}

// bareLoop changes them all and leaves the new passwords in accounts.
func bareLoop(t *testing.T, host *sshtest.Server, accounts []account) time.Duration {
	t.Helper()
	signer, err := ssh.ParsePrivateKey(host.AdminKey.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(host.HostKey))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = callers(fleetParallel, len(accounts), func(i int) error {
		a := &accounts[i]
		client, err := ssh.Dial("tcp", host.Addr, &ssh.ClientConfig{
			User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.FixedHostKey(hostKey),
		})
		if err != nil {
			return err
		}
		defer client.Close()
		session, err := client.NewSession()
		if err != nil {
			return err
		}
		next := sshtest.NewPassword()
		session.Stdin = strings.NewReader(a.name + ":" + next.Reveal() + "\n")
		if err := session.Run(rotationssh.ChangeCommand); err != nil {
			return err
		}
		if err := sshtest.Login(host.Addr, host.HostKey, a.name, next); err != nil {
			return err
		}
		if sshtest.Login(host.Addr, host.HostKey, a.name, a.password) == nil {
			return errors.New("the old password still opens the account")
		}
		a.password = next
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

// throughTandem takes the accounts into custody, which changes their passwords,
// and gives how long it took from when the worker began.
func throughTandem(ctx context.Context, o *office, accounts []account, admin custody.Secret, on func(account) custody.Target) (time.Duration, error) {
	custodians := o.pairs[0]
	for i, a := range accounts {
		add := custody.AddCredential{
			Name: fmt.Sprintf("account-%04d", i), Primary: custodians.A.Name, Backup: custodians.B.Name,
			Target: desk.NewTarget(on(a)),
		}
		if _, err := o.desk.AddCredential(ctx, desk.By{Actor: custody.System, Request: add.Name}, add, a.password, admin); err != nil {
			return 0, err
		}
	}
	worker := rotation.New(rotation.Config{
		Desk: o.desk, Queue: rotation.Worklist{Desk: o.desk, Leases: o.store}, Secrets: o.secrets, Clock: o.clock, Log: slog.New(slog.DiscardHandler),
		Targets:  map[string]rotation.Opener{rotationssh.Kind: rotationssh.Open, ldap.Kind: ldap.Open},
		Parallel: fleetParallel, PerTarget: fleetParallel,
	})
	ctx, stop := context.WithTimeout(ctx, 30*time.Minute)
	defer stop()
	var working sync.WaitGroup
	start := time.Now()
	working.Go(func() { _ = worker.Run(ctx) })
	defer working.Wait()
	defer stop()
	for {
		committed := o.desk.Follow()
		unfinished, err := o.desk.Unfinished(ctx)
		if err != nil {
			return 0, err
		}
		if len(unfinished) == 0 {
			return time.Since(start), nil
		}
		select {
		case <-committed:
			time.Sleep(100 * time.Millisecond) // not to count the asking
		case <-ctx.Done():
			return 0, fmt.Errorf("%d of %d passwords are still being changed, the first: %+v", len(unfinished), len(accounts), unfinished[0].Rotation)
		}
	}
}

// directorySize is how many accounts of a directory have their passwords changed.
const directorySize = 200

// measureDirectory changes passwords in one real slapd: through Tandem, which
// proves each of them, and by the static roles of Vault's own LDAP engine, which
// does not; and by these with the same proof, a bind with the new password and
// one with the old. Tandem keeps them in the same Vault, and in its own store.
func measureDirectory(t *testing.T, _ string) table {
	directory := ldaptest.StartQuiet(t)
	var accounts, theirs []account
	for range directorySize {
		for _, to := range []*[]account{&accounts, &theirs} {
			dn, password := directory.AddAccount(t)
			*to = append(*to, account{dn, password})
		}
	}
	vault := setUpVault(t)
	roles := staticRoles(t, vault.Server, directory, theirs)
	// Some of its answers are errors when it is asked for several at once
	// ("duplicate item", of its own queue): they are counted, not repeated.
	var failed atomic.Int64
	start := time.Now()
	_, _ = callers(fleetParallel, len(roles), func(i int) error {
		if _, err := roles[i].root.Logical().WriteWithContext(t.Context(), "ldap/rotate-role/"+roles[i].name, nil); err != nil {
			failed.Add(1)
		}
		return nil
	})
	peer := time.Since(start)
	start = time.Now()
	if _, err := callers(fleetParallel, len(roles), func(i int) error { return roles[i].rotateAndProve(t.Context(), directory.Addr) }); err != nil {
		t.Fatal(err)
	}
	proving := time.Since(start)
	var rows []row
	for _, with := range []struct {
		name   string
		office *office
	}{
		{"in the same Vault", openOfficeWith(t, onDisk(t), vault.store(t), desk.ClockFunc(time.Now), checkOutPeriod)},
		{"in the embedded store", openOffice(t, onDisk(t), desk.ClockFunc(time.Now), checkOutPeriod)},
	} {
		if err := with.office.open(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ours, err := throughTandem(t.Context(), with.office, accounts, directory.AdminPassword, func(a account) custody.Target {
			return custody.Target{
				Kind: ldap.Kind, Address: directory.Addr, Account: a.name,
				Settings: map[string]string{"admin": ldaptest.Admin, "tls": "off"},
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range accounts { // what the next one takes into custody
			kept, err := with.office.secrets.Read(t.Context(), desk.CredentialPath(fmt.Sprintf("account-%04d", i)))
			if err != nil {
				t.Fatal(err)
			}
			accounts[i].password = kept.Value
			if err := directory.Login(t, a.name, kept.Value); i == 0 && err != nil {
				t.Fatal(err)
			}
		}
		ratio := ours.Seconds() / peer.Seconds()
		rows = append(rows, row{
			what: fmt.Sprintf("change and prove %d passwords in one slapd, kept %s, %d at once; peer: Vault's static roles, which prove nothing and answered %d with an error",
				directorySize, with.name, fleetParallel, failed.Load()),
			ours: seconds(ours), peer: seconds(peer), ratio: times(ratio), goal: atMost(ratio, 1, "%.1fx"),
		}, row{
			what: "the same; peer: Vault's static roles, read, and proved by the same two binds",
			ours: seconds(ours), peer: seconds(proving), ratio: times(ours.Seconds() / proving.Seconds()),
		})
	}
	return rows
}

type staticRole struct {
	root     *vaultapi.Client
	name, dn string
}

// rotateAndProve does with a static role what Tandem does with a credential: the
// new password must open the account, and the one before it must not.
func (r staticRole) rotateAndProve(ctx context.Context, directory string) error {
	before, err := r.password(ctx)
	if err != nil {
		return err
	}
	// An error may be that of its own queue: the new password is read all the same.
	_, _ = r.root.Logical().WriteWithContext(ctx, "ldap/rotate-role/"+r.name, nil)
	after, err := r.password(ctx)
	if err != nil {
		return err
	}
	for password, opens := range map[string]bool{after: true, before: false} {
		conn, err := ldapclient.DialURL("ldap://" + directory)
		if err != nil {
			return err
		}
		err = conn.Bind(r.dn, password)
		_ = conn.Close()
		if (err == nil) != opens {
			return fmt.Errorf("%s: opened: %v, %w", r.name, err == nil, err)
		}
	}
	return nil
}

func (r staticRole) password(ctx context.Context) (string, error) {
	read, err := r.root.Logical().ReadWithContext(ctx, "ldap/static-cred/"+r.name)
	if err != nil {
		return "", err
	}
	password, _ := read.Data["password"].(string)
	return password, nil
}

// staticRoles gives accounts to Vault's LDAP engine.
func staticRoles(t *testing.T, server *vaulttest.Server, directory *ldaptest.Server, accounts []account) []staticRole {
	t.Helper()
	server.Register(t, vaulttest.OpenLDAP)
	root := server.Client(t)
	if err := root.Sys().MountWithContext(t.Context(), "ldap", &vaultapi.MountInput{Type: vaulttest.OpenLDAP.Name}); err != nil {
		t.Fatal(err)
	}
	write := func(path string, fields map[string]any) {
		if _, err := root.Logical().WriteWithContext(t.Context(), path, fields); err != nil {
			t.Fatal(err)
		}
	}
	write("ldap/config", map[string]any{
		"url": "ldap://" + directory.Addr, "schema": "openldap",
		"binddn": ldaptest.Admin, "bindpass": directory.AdminPassword.Reveal(),
	})
	roles := make([]staticRole, len(accounts))
	for i, a := range accounts {
		roles[i] = staticRole{root, fmt.Sprintf("role-%04d", i), a.name}
		write("ldap/static-role/"+roles[i].name, map[string]any{"dn": a.name, "username": a.name, "rotation_period": "87600h"})
	}
	return roles
}

// measureSchedules has a worker of many credentials, all held, find what is to be
// verified, and weighs what it keeps.
func measureSchedules(t *testing.T, _ string) table {
	few, many := scheduled(t, 100), scheduled(t, 10_000)
	return []row{{
		what: "memory that a worker keeps for its schedules, of 10,000 credentials; peer: of 100",
		ours: kilobytes(many), peer: kilobytes(few), ratio: "",
		goal: goal{"flat: within 1 MB", many-few < 1<<20},
	}}
}

// scheduled gives the bytes on the heap that a worker holds after it has looked.
func scheduled(t *testing.T, credentials int) int64 {
	t.Helper()
	o := openOffice(t, t.TempDir(), desk.ClockFunc(time.Now), 30)
	if err := o.open(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	p := o.pairs[0]
	if _, err := callers(64, credentials, func(i int) error {
		name := fmt.Sprintf("scheduled-%05d", i)
		if err := o.add(t.Context(), name, p); err != nil {
			return err
		}
		return o.report(t.Context(), name, 1) // no secret: nothing here reads one
	}); err != nil {
		t.Fatal(err)
	}
	before := heap()
	worker := rotation.New(rotation.Config{
		Desk: o.desk, Queue: rotation.Worklist{Desk: o.desk, Leases: o.store}, Secrets: o.secrets, Clock: o.clock, Log: slog.New(slog.DiscardHandler),
		Targets: map[string]rotation.Opener{}, VerifyEvery: time.Hour, Interval: 10 * time.Millisecond,
	})
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() { _ = worker.Run(ctx) })
	time.Sleep(2 * time.Second) // many looks
	kept := heap() - before
	stop()
	working.Wait()
	return kept
}

// heap gives the bytes in use once all that is garbage is gone.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
func kilobytes(n int64) string       { return fmt.Sprintf("%d kB", n>>10) }
