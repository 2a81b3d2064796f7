//go:build bench

package bench

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	vaultapi "github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// checkOutPairs is how many people check out, each once in a block. Their
// authenticators change every second, so that each has a fresh code for the next.
const (
	checkOutPairs  = 256
	checkOutPeriod = 1 // seconds
)

// measureCheckOuts compares a check-out by HTTP at the real program, which
// commits it to the ledger and then reads the password from Vault, with that
// read alone. Vault is the real one, on its persistent storage, with its audit
// on file; both log in by AppRole.
func measureCheckOuts(t *testing.T, binary string) table {
	v := setUpVault(t)
	office, tokens := fillVault(t, v)
	s := serve(t, binary, office.dir, v.config())
	clients := each(tokens, func(token string) *client.Client { return s.as(t, token) })
	kv := v.client(t).KVv2(v.names.Mount)

	var used time.Time // when the last code was
	checkOuts := func(many int) func() (block, error) {
		return func() (block, error) {
			time.Sleep(time.Until(used.Truncate(time.Second).Add(time.Second)))
			defer func() { used = time.Now() }()
			return callers(many, checkOutPairs, func(i int) error {
				return s.checkOut(t.Context(), clients[i], office, office.pairs[i])
			})
		}
	}
	reads := func(many int) func() (block, error) {
		return func() (block, error) {
			return callers(many, checkOutPairs, func(i int) error {
				got, err := kv.Get(t.Context(), desk.CredentialPath(office.pairs[i].Server))
				if err == nil && got.Data["value"] == "" {
					err = fmt.Errorf("no password in Vault")
				}
				return err
			})
		}
	}
	if _, err := reads(8)(); err != nil { // Vault has read from its disk what it will
		t.Fatal(err)
	}

	// The first block finds no seed in the server's memory and reads each.
	blocks := inTurns(t, 1, checkOuts(1), reads(1))
	ours, peer, ratio := compared{blocks[0], blocks[1]}.latency()
	rows := []row{{
		what: "check-out p50, 1 client, with no code in the minute before : direct Vault read",
		ours: milliseconds(ours), peer: milliseconds(peer), ratio: times(ratio),
	}}
	for _, many := range []int{1, 8, 32} {
		blocks := inTurns(t, 9, checkOuts(many), reads(many))
		c := compared{blocks[0], blocks[1]}
		slow, bare, ratio := c.latency()
		latency := row{
			what: fmt.Sprintf("check-out p50, %s : direct Vault read", plural(many, "client")),
			ours: milliseconds(slow), peer: milliseconds(bare), ratio: times(ratio),
		}
		oursRate, peerRate, rateRatio := c.rate()
		rate := row{
			what: fmt.Sprintf("check-outs, %s : direct Vault reads", plural(many, "client")),
			ours: perSecond(oursRate), peer: perSecond(peerRate), ratio: times(rateRatio),
		}
		switch many {
		case 1:
			latency.goal = atMost(ratio, 1.4, "%.1fx")
		case 32:
			rate.goal = atLeast(rateRatio, 0.7, "%.1fx")
		}
		rows = append(rows, latency, rate)
	}
	return rows
}

// vaultServer is a Vault that is set up for Tandem.
type vaultServer struct {
	*vaulttest.Server
	names    vault.Names
	roleID   string
	secretID string // path
}

func setUpVault(t *testing.T) vaultServer {
	t.Helper()
	v := vaultServer{
		Server: vaulttest.StartPersistent(t), names: vault.DefaultNames(), secretID: filepath.Join(t.TempDir(), "secret_id"),
	}
	v.EnableFileAudit(t)
	root := v.Client(t)
	report, err := vault.Setup(t.Context(), root, v.names)
	if err != nil {
		t.Fatal(err)
	}
	v.roleID = report.RoleID
	secretID, err := vault.NewSecretID(t.Context(), root, v.names, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.secretID, secretID.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return v
}

// config is the configuration of a Tandem that uses it.
func (v vaultServer) config() string {
	return fmt.Sprintf("secrets: vault\nvault:\n  address: %s\n  ca: %s\n  auth: {method: approle, role_id: %s, secret_id_file: %s}",
		v.Address, v.CAFile, v.roleID, v.secretID)
}

// client gives a client of Vault's that is logged in as Tandem is, with as many
// connections as Tandem keeps.
func (v vaultServer) client(t *testing.T) *vaultapi.Client {
	t.Helper()
	c, err := vaultapi.NewClient(&vaultapi.Config{
		Address: v.Address, Timeout: patience,
		HttpClient: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: v.TrustTLS(), ForceAttemptHTTP2: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	secretID, err := os.ReadFile(v.secretID)
	if err != nil {
		t.Fatal(err)
	}
	login, err := c.Logical().WriteWithContext(t.Context(), "auth/"+v.names.AppRole+"/login",
		map[string]any{"role_id": v.roleID, "secret_id": string(secretID)})
	if err != nil {
		t.Fatal(err)
	}
	c.SetToken(login.Auth.ClientToken)
	return c
}

// store opens it as Tandem does.
func (v vaultServer) store(t *testing.T) *vault.Store {
	t.Helper()
	secrets, err := vault.Open(t.Context(), vault.Config{
		Address: v.Address, CAFile: v.CAFile, Names: v.names,
		AppRole: &vault.AppRole{RoleID: v.roleID, SecretIDFile: v.secretID},
	})
	if err != nil {
		t.Fatal(err)
	}
	return secrets
}

// fillVault makes an office whose secrets are in Vault, and logs A of each pair in.
func fillVault(t *testing.T, v vaultServer) (*office, []string) {
	t.Helper()
	o := openOfficeWith(t, onDisk(t), v.store(t), desk.ClockFunc(time.Now), checkOutPeriod)
	if err := o.open(t.Context(), checkOutPairs); err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for _, p := range o.pairs {
		token, err := o.login(t.Context(), p.A)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	if err := o.close(); err != nil {
		t.Fatal(err)
	}
	return o, tokens
}
