//go:build bench

package bench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
)

// office is a desk on a real database and a real secret store, with pairs of
// technicians and a server for each pair.
type office struct {
	dir     string
	desk    *desk.Desk
	store   *store.Store
	secrets secretStore
	clock   desk.Clock
	period  int // of the authenticators, seconds
	pairs   []*pair
	tokens  sync.Map // of the sessions that were opened here, by username
}

type secretStore interface {
	desk.Secrets
	Close() error
}

// pair is two technicians and the server that they run.
type pair struct {
	Server string
	A, B   technician // A is the primary and holds it at first
}

// technician is a person with what they know.
type technician struct {
	Name string
	Seed string // base32
}

func (p technician) code(step int64) (string, error) {
	return totp.Code(custody.SecretString(p.Seed), step)
}

const origin = "bench.example/ledger"

// The files of an office in its folder.
func databaseIn(dir string) string { return filepath.Join(dir, "tandem.db") }
func secretsIn(dir string) string  { return filepath.Join(dir, "secrets") }
func keyIn(dir string) string      { return filepath.Join(dir, "key") }

// openOffice opens what is in a folder, with the embedded secret store.
func openOffice(t *testing.T, dir string, clock desk.Clock, period int) *office {
	t.Helper()
	secrets, err := embedded.OpenOrCreate(secretsIn(dir), embedded.Unlock{KeyFile: keyIn(dir)})
	if err != nil {
		t.Fatal(err)
	}
	return openOfficeWith(t, dir, secrets, clock, period)
}

// openOfficeWith does so with a secret store of the caller's. It ends with the
// test, or before by close.
func openOfficeWith(t *testing.T, dir string, secrets secretStore, clock desk.Clock, period int) *office {
	t.Helper()
	o := &office{dir: dir, secrets: secrets, clock: clock, period: period}
	t.Cleanup(func() {
		if err := o.close(); err != nil {
			t.Error(err)
		}
	})
	log := slog.New(slog.DiscardHandler)
	var err error
	if o.store, err = store.Open(t.Context(), databaseIn(dir), log); err != nil {
		t.Fatal(err)
	}
	if o.desk, err = desk.Open(t.Context(), desk.Config{
		Store: o.store, Accounts: o.store, Secrets: secrets, Clock: clock,
		Policy: custody.DefaultPolicy(), Origin: origin, Log: log, SessionTTL: time.Hour,
		CheckTarget: func(custody.Target, custody.Secret) (desk.CheckedTarget, error) {
			return desk.CheckedTarget{Reconciles: true}, nil
		},
		CheckPolicy: func(custody.CredentialPolicy) error { return nil },
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

// close may be called more than once.
func (o *office) close() error {
	var errs []error
	if o.desk != nil {
		errs = append(errs, o.desk.Close())
	}
	if o.store != nil {
		errs = append(errs, o.store.Close())
	}
	errs = append(errs, o.secrets.Close())
	return errors.Join(errs...)
}

// open makes pairs, each with its server in the custody of A. Nobody works out
// a password hash for it, and no server is asked: what the rotation worker
// would report is reported.
func (o *office) open(ctx context.Context, pairs int) error {
	for i := range pairs {
		o.pairs = append(o.pairs, &pair{
			Server: fmt.Sprintf("server-%03d", i),
			A:      technician{fmt.Sprintf("tech-%03d-a", i), totp.NewSeed().Reveal()},
			B:      technician{fmt.Sprintf("tech-%03d-b", i), totp.NewSeed().Reveal()},
		})
	}
	_, err := callers(32, pairs, func(i int) error {
		p := o.pairs[i]
		for _, person := range []technician{p.A, p.B} {
			if err := o.hire(ctx, person); err != nil {
				return fmt.Errorf("hire %s: %w", person.Name, err)
			}
		}
		return o.onboard(ctx, p)
	})
	return err
}

func (o *office) hire(ctx context.Context, p technician) error {
	return o.hireAs(ctx, p, custody.Technician)
}

func (o *office) hireAs(ctx context.Context, p technician, role custody.Role) error {
	if _, err := o.do(ctx, custody.System, custody.AddPerson{
		Username: p.Name, Name: "Person " + p.Name, Email: desk.NewNote(p.Name + "@bench.example"),
		Roles: []custody.Role{role}, TOTPPeriod: o.period,
	}); err != nil {
		return err
	}
	if _, err := o.secrets.Write(ctx, desk.SeedPath(p.Name), desk.StoredSeed(1, custody.SecretString(p.Seed)), 0, nil); err != nil {
		return err
	}
	return o.signIn(ctx, p, o.clock.Now())
}

// signIn opens a session with the code of an instant, without a password.
func (o *office) signIn(ctx context.Context, p technician, at time.Time) error {
	token := rand.Text()
	hash := sha256.Sum256([]byte(token))
	_, err := o.confirmed(ctx, p, at, custody.SignIn{Session: hex.EncodeToString(hash[:]), Until: o.clock.Now().Add(time.Hour)})
	o.tokens.Store(p.Name, token)
	return err
}

// haveKeyholders has the first pair agree with a manager and a director, whom it hires, that
// the pair are the keyholders of envelopes.
func (o *office) haveKeyholders(ctx context.Context) error {
	var holders []custody.Keyholder
	for _, p := range []technician{o.pairs[0].A, o.pairs[0].B} {
		key, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		holders = append(holders, custody.Keyholder{Person: p.Name, Recipient: key.Recipient().String()})
	}
	values := o.desk.PolicyInForce().Values
	values.Keyholders, _ = custody.KeyholdersOf(holders)
	var approvers []technician
	for name, role := range map[string]custody.Role{"manager": custody.Manager, "director": custody.Director} {
		p := technician{name, totp.NewSeed().Reveal()}
		if err := o.hireAs(ctx, p, role); err != nil {
			return err
		}
		approvers = append(approvers, p)
	}
	asked, err := o.confirmed(ctx, o.pairs[0].A, o.clock.Now(), custody.Propose{
		Change: custody.Change{Proposable: custody.AdoptPolicy{Values: values, ReviewBy: o.clock.Now().AddDate(0, 6, 0)}}, Reason: desk.NewNote("envelopes"),
	})
	if err != nil {
		return err
	}
	id := asked.Events[0].Fact.Subject()
	proposal, err := o.store.Proposal(ctx, id)
	if err != nil {
		return err
	}
	for _, p := range approvers {
		if _, err := o.confirmed(ctx, p, o.clock.Now(), custody.Approve{Proposal: id, Digest: proposal.Digest()}); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) onboard(ctx context.Context, p *pair) error {
	if err := o.add(ctx, p.Server, p); err != nil {
		return err
	}
	version, err := o.secrets.Write(ctx, desk.CredentialPath(p.Server), custody.SecretString(rand.Text()), 0, nil)
	if err != nil {
		return err
	}
	return o.report(ctx, p.Server, version)
}

// add puts a server under the custody of a pair.
func (o *office) add(ctx context.Context, server string, p *pair) error {
	_, err := o.do(ctx, custody.System, custody.AddCredential{
		Name: server, Primary: p.A.Name, Backup: p.B.Name,
		Target: desktest.Identified(custody.Target{Kind: "ssh", Address: server + ".bench.example:22", Account: "root"}),
	})
	return err
}

// report reports its first rotation.
func (o *office) report(ctx context.Context, server string, version int64) error {
	for _, report := range desktest.Reports(server, 1, version) {
		if _, err := o.do(ctx, custody.System, report); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) do(ctx context.Context, actor string, a custody.Action) (desk.Outcome, error) {
	return o.desk.Do(ctx, desk.By{Actor: actor, Request: rand.Text()}, a)
}

// confirmed carries out an action with the code that the person's authenticator
// shows at an instant. Once in a million times that is the code of the step before
// too, and used up: then they wait for the next one, as the refusal tells them.
func (o *office) confirmed(ctx context.Context, p technician, at time.Time, a custody.Action) (desk.Outcome, error) {
	for step := totp.Step(o.period, at); ; step++ {
		code, err := p.code(step)
		if err != nil {
			return desk.Outcome{}, err
		}
		outcome, err := o.desk.Do(ctx, desk.By{Actor: p.Name, Request: rand.Text(), Code: code}, a)
		if custody.CodeOf(err) != custody.TOTPReplayed || step > totp.Step(o.period, at) {
			return outcome, err
		}
	}
}

// login gives the token of a session of somebody's. Whoever has none opens one with
// the code before the present one, which is left for what is measured.
func (o *office) login(ctx context.Context, p technician) (string, error) {
	if _, open := o.tokens.Load(p.Name); !open {
		if err := o.signIn(ctx, p, o.clock.Now().Add(-time.Duration(o.period)*time.Second)); err != nil {
			return "", err
		}
	}
	token, _ := o.tokens.Load(p.Name)
	return token.(string), nil
}
