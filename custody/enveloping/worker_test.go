package enveloping

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/envelope"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// place is an office with the real desk, store and secrets, and a worker with a folder.
type place struct {
	*desktest.Office
	t      *testing.T
	worker *Worker
	folder string
	keys   map[string]age.Identity
	log    *bytes.Buffer
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{Office: desktest.New(t), t: t, folder: filepath.Join(t.TempDir(), "envelopes"), keys: map[string]age.Identity{}, log: &bytes.Buffer{}}
	must(t, os.Mkdir(p.folder, 0o700))
	p.worker = p.another()
	return p
}

// another makes a worker as a process that was started again has it.
func (p *place) another() *Worker {
	return New(Config{
		Desk: p.Desk, Secrets: p.Secrets, Leases: p.Store, Folder: envelope.Folder{Path: p.folder}, Origin: "tandem.example/test",
		Clock: p.Clock, Log: slog.New(slog.NewTextHandler(p.log, nil)), Owner: "this process",
	})
}

// haveKeys has a policy adopted with these keyholders.
func (p *place) haveKeys(names ...string) {
	p.t.Helper()
	var all []custody.Keyholder
	for _, name := range names {
		if p.keys[name] == nil {
			key, err := age.GenerateX25519Identity()
			must(p.t, err)
			p.keys[name] = key
		}
		all = append(all, custody.Keyholder{Person: name, Recipient: p.keys[name].(*age.X25519Identity).Recipient().String()})
	}
	values := p.Desk.PolicyInForce().Values
	values.Keyholders, _ = custody.KeyholdersOf(all)
	p.Agreed("admin", custody.AdoptPolicy{Values: values, ReviewBy: p.Clock.Now().AddDate(0, 6, 0)})
}

func (p *place) sealed(name string) custody.Sealed { return p.Credential(name).Envelope.Sealed }

func (p *place) path(name string) string {
	return filepath.Join(p.folder, desk.EnvelopeFile(name, p.sealed(name).Number))
}

// opens opens the envelope of a credential with the keys of two.
func (p *place) opens(name string, by ...string) (envelope.Letter, error) {
	p.t.Helper()
	content, err := os.ReadFile(p.path(name))
	must(p.t, err)
	e, err := envelope.Read(content)
	must(p.t, err)
	var keys []age.Identity
	for _, who := range by {
		keys = append(keys, p.keys[who])
	}
	letter, _, err := e.Open(keys...)
	return letter, err
}

func (p *place) password(name string) custody.Secret {
	p.t.Helper()
	secret, err := p.Secrets.ReadVersion(p.t.Context(), desk.CredentialPath(name), p.Credential(name).Version)
	must(p.t, err)
	return secret
}

// failures counts the entries that say why there is none, and those that are serious.
func (p *place) failures() (all, serious int) {
	p.t.Helper()
	must(p.t, p.Store.Records(p.t.Context(), 0, p.Size(), func(_ int64, record []byte) error {
		entry, err := audit.DecodeEntry(record)
		if entry.Type == "envelope.failed" {
			all++
			if entry.Grade == string(custody.Serious) {
				serious++
			}
		}
		return err
	}))
	return all, serious
}

func TestAWorkerClosesEachPasswordAndSaysSoBeforeItReadsIt(t *testing.T) {
	p := newPlace(t)
	p.Onboard("db02")
	p.haveKeys("admin", "tech-a", "tech-b")
	var order []string
	p.Secrets.Listen(func(path string) {
		if strings.HasPrefix(path, "credentials/") {
			order = append(order, "read "+path+" after "+p.Types(p.Size() - 1)[0])
		}
	})
	p.worker.Look(t.Context())
	p.Secrets.Listen(nil)
	if want := []string{"read credentials/db01 after envelope.intended", "read credentials/db02 after envelope.intended"}; !slices.Equal(order, want) {
		t.Errorf("%v", order)
	}
	for _, name := range []string{"db01", "db02"} {
		for _, by := range [][]string{{"admin", "tech-a"}, {"admin", "tech-b"}, {"tech-a", "tech-b"}} {
			letter, err := p.opens(name, by...)
			if err != nil || !letter.Password.Equal(p.password(name)) || letter.Address != name+".example:22" || letter.Account != "root" {
				t.Errorf("%s by %v: %+v, %v", name, by, letter, err)
			}
		}
		if _, err := p.opens(name, "admin"); err == nil {
			t.Errorf("%s opens by one", name)
		}
	}
	size := p.Size()
	p.worker.Look(t.Context())
	if p.Size() != size {
		t.Errorf("once more: %v", p.Types(size))
	}
	if strings.Contains(p.log.String(), "password-db") {
		t.Error("a password is in the log")
	}
}

// counted counts what is asked of a desk and of its leases.
type counted struct {
	Desk
	Leases
	looks, claims int
}

func (c *counted) Envelopes(ctx context.Context) (desk.Envelopes, error) {
	c.looks++
	return c.Desk.Envelopes(ctx)
}

func (c *counted) Claim(ctx context.Context, name, owner string, now, until time.Time) (bool, error) {
	c.claims++
	return c.Leases.Claim(ctx, name, owner, now, until)
}

// counts has a place's worker counted.
func (p *place) counts() *counted {
	c := &counted{Desk: p.worker.Desk, Leases: p.worker.Leases}
	p.worker.Desk, p.worker.Leases = c, c
	return c
}

func TestAThousandEnvelopesAreMadeWithoutLookingAtAThousandCredentialsForEach(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{"db02", "db03", "db04", "db05", "db06", "db07"} {
		p.Onboard(name)
	}
	p.haveKeys("admin", "tech-a")
	c := p.counts()
	p.worker.Look(t.Context())
	if left := p.lacking(); left > 0 || c.looks > 2 || c.claims != 1 {
		t.Errorf("%d lacking; all credentials were looked at %d times, and the lease was claimed %d times", left, c.looks, c.claims)
	}
}

func TestALeaseIsProlongedWhileMakingEnvelopesTakesLong(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{"db02", "db03", "db04", "db05"} {
		p.Onboard(name)
	}
	p.haveKeys("admin", "tech-a")
	c := p.counts()
	p.worker.Hook = func(step string) {
		if step == "read" {
			p.Clock.Add(20 * time.Second) // a plug-in that takes its time
		}
		if step == "written" {
			if mine, err := p.Store.Claim(t.Context(), lease, "another", p.Clock.Now(), p.Clock.Now().Add(time.Minute)); err != nil || mine {
				t.Errorf("another process could begin beside this one: %t, %v", mine, err)
			}
		}
	}
	p.worker.Look(t.Context())
	if left := p.lacking(); left > 0 || c.claims < 4 {
		t.Errorf("%d lacking after %d claims", left, c.claims)
	}
}

// lacking counts the credentials without an envelope in force.
func (p *place) lacking() (n int) {
	p.t.Helper()
	now, err := p.Desk.Envelopes(p.t.Context())
	must(p.t, err)
	for _, c := range now.Of {
		if !c.InForce {
			n++
		}
	}
	return n
}

func TestWithoutKeyholdersNothingIsDone(t *testing.T) {
	p := newPlace(t)
	c := p.counts()
	size := p.Size()
	p.worker.Look(t.Context())
	if c.looks > 0 {
		t.Error("all credentials were looked at, which every commit would lead to")
	}
	if left, err := os.ReadDir(p.folder); err != nil || len(left) > 0 || p.Size() != size {
		t.Errorf("%v, %v, %v", left, err, p.Types(size))
	}
}

func TestANewPasswordAndOtherKeyholdersMakeANewEnvelopeAndTheOldOneIsListed(t *testing.T) {
	p := newPlace(t)
	p.haveKeys("admin", "tech-a", "tech-b")
	p.worker.Look(t.Context())
	first := filepath.Base(p.path("db01"))
	p.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("worn")})
	p.worker.Look(t.Context())
	if got := filepath.Base(p.path("db01")); got != first {
		t.Errorf("while it is changed: %s", got)
	}
	p.Rotate("db01")
	p.worker.Look(t.Context())
	second := filepath.Base(p.path("db01"))
	if letter, err := p.opens("db01", "admin", "tech-a"); err != nil || !letter.Password.Equal(p.password("db01")) {
		t.Errorf("%v", err)
	}
	p.haveKeys("admin", "tech-b")
	p.worker.Look(t.Context())
	if _, err := p.opens("db01", "admin", "tech-a"); err == nil {
		t.Error("tech-a, who is no keyholder any more, opens it")
	}
	if _, err := p.opens("db01", "admin", "tech-b"); err != nil {
		t.Error(err)
	}
	old, err := p.worker.Superseded(t.Context())
	if err != nil || !slices.Equal(old, []string{first, second}) {
		t.Errorf("%v, %v", old, err)
	}
	for _, name := range old {
		if _, err := os.Stat(filepath.Join(p.folder, name)); err != nil {
			t.Errorf("it was deleted: %v", err)
		}
	}
}

// dies ends a look at a step as a crash does.
func (p *place) dies(step string) {
	p.t.Helper()
	w := p.another()
	w.Owner = "a process that died"
	w.Leases = nobodys{}
	w.Hook = func(at string) {
		if at == step {
			panic(step)
		}
	}
	defer func() {
		if died := recover(); died != step {
			p.t.Fatalf("it did not die at %s: %v", step, died)
		}
	}()
	w.Look(p.t.Context())
}

// nobodys are leases that always are free.
type nobodys struct{}

func (nobodys) Claim(context.Context, string, string, time.Time, time.Time) (bool, error) {
	return true, nil
}
func (nobodys) Release(context.Context, string, string) error { return nil }

func TestACrashAtAnyStepLeavesAnEnvelopeThatOpensOnceTheWorkerIsBack(t *testing.T) {
	for _, step := range []string{"intended", "read", "written", "sealed"} {
		t.Run(step, func(t *testing.T) {
			p := newPlace(t)
			p.haveKeys("admin", "tech-a")
			p.dies(step)
			if c := p.Credential("db01"); step != "sealed" && c.Envelope.Sealed.Number != 0 {
				t.Errorf("sealed before it was said: %+v", c.Envelope)
			}
			p.worker.Look(t.Context())
			letter, err := p.opens("db01", "admin", "tech-a")
			if err != nil || !letter.Password.Equal(p.password("db01")) {
				t.Fatalf("%v", err)
			}
			p.Clock.Add(25 * time.Hour)
			p.worker.Look(t.Context())
			if all, _ := p.failures(); all != 0 {
				t.Errorf("%d failures: %s", all, p.log)
			}
			if letter.Proof.Reveal() == "" || envelope.Digest([]byte(letter.Proof.Reveal())) != p.sealed("db01").Proof {
				t.Error("the token in the file is not the one on record")
			}
		})
	}
}

func TestAFolderThatIsGoneIsOneAlarmAndEverythingIsMadeOnceItIsBack(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{"db02", "db03", "db04"} {
		p.Onboard(name)
	}
	p.haveKeys("admin", "tech-a")
	must(t, os.Remove(p.folder))
	for range 5 {
		p.Clock.Add(time.Hour)
		p.worker.Look(t.Context())
	}
	if all, serious := p.failures(); all != 1 || serious != 1 {
		t.Errorf("%d failures, %d serious", all, serious)
	}
	if c := p.Credential("db01"); c.Envelope.Number != 0 {
		t.Errorf("its password was read for nothing: %+v", c.Envelope)
	}
	if _, err := p.CheckOut("tech-a", "db01"); err != nil {
		t.Errorf("custody waits for it: %v", err)
	}
	p.Clock.Add(time.Hour) // the code of the check-out has moved it too
	p.worker.Look(t.Context())
	must(t, os.Mkdir(p.folder, 0o700))
	p.worker.Look(t.Context())
	if c := p.Credential("db01"); c.Envelope.Number != 0 {
		t.Error("tried again without a pause")
	}
	p.Clock.Add(time.Hour)
	p.worker.Look(t.Context())
	now, err := p.Desk.Envelopes(t.Context())
	must(t, err)
	for _, c := range now.Of {
		if !c.InForce || len(now.Failing) > 0 {
			t.Errorf("%s: %+v, %v", c.Name, c.Envelope, now.Failing)
		}
	}
}

func TestFilesThatWereLostOrChangedAreFoundWithinADayAndMadeAnew(t *testing.T) {
	p := newPlace(t)
	p.Onboard("db02")
	p.Onboard("db03")
	p.haveKeys("admin", "tech-a")
	p.worker.Look(t.Context())
	lost, changed, linked := p.path("db01"), p.path("db02"), p.path("db03")
	must(t, os.Remove(lost))
	content, err := os.ReadFile(changed)
	must(t, err)
	content[len(content)/2] ^= 1
	must(t, os.WriteFile(changed, content, 0o600))
	must(t, os.Rename(linked, linked+".aside"))
	must(t, os.Symlink(linked+".aside", linked))
	p.worker.Look(t.Context())
	if all, _ := p.failures(); all != 0 {
		t.Errorf("looked at before its time: %d", all)
	}
	p.Clock.Add(24 * time.Hour)
	p.worker.Look(t.Context())
	if all, serious := p.failures(); all != 3 || serious != 2 { // one of the two that were changed is the first
		t.Errorf("%d failures, %d serious", all, serious)
	}
	for _, name := range []string{"db01", "db02", "db03"} {
		if letter, err := p.opens(name, "admin", "tech-a"); err != nil || !letter.Password.Equal(p.password(name)) {
			t.Errorf("%s: %v", name, err)
		}
		if n := p.sealed(name).Number; n != 2 {
			t.Errorf("%s has number %d", name, n)
		}
	}
}

func TestASealedSecretStoreIsNoFailureOfTheFolders(t *testing.T) {
	p := newPlace(t)
	p.haveKeys("admin", "tech-a")
	p.Secrets.Set(true)
	p.worker.Look(t.Context())
	if all, _ := p.failures(); all != 0 || p.sealed("db01").Number != 0 {
		t.Errorf("%d failures", all)
	}
	p.Secrets.Set(false)
	p.Clock.Add(time.Hour)
	p.worker.Look(t.Context())
	if p.sealed("db01").Number != 2 {
		t.Errorf("%+v", p.Credential("db01").Envelope)
	}
}

func TestAKeyThatCannotBeUsedIsSaidOnceAndByWhomInTheLog(t *testing.T) {
	p := newPlace(t)
	values := p.Desk.PolicyInForce().Values
	key, err := age.GenerateX25519Identity()
	must(t, err)
	values.Keyholders, _ = custody.KeyholdersOf([]custody.Keyholder{{Person: "admin", Recipient: key.Recipient().String()}, {Person: "tech-a", Recipient: "age1qqqqqqqqqqqq"}})
	p.Agreed("admin", custody.AdoptPolicy{Values: values, ReviewBy: p.Clock.Now().AddDate(0, 6, 0)})
	for range 3 {
		p.worker.Look(t.Context())
		p.Clock.Add(time.Hour)
	}
	now, err := p.Desk.Envelopes(t.Context())
	must(t, err)
	if all, _ := p.failures(); all != 1 || len(now.Failing) != 1 || now.Failing[0].Why != custody.WhyRecipient || !strings.Contains(p.log.String(), "that of tech-a") {
		t.Errorf("%d failures, %v: %s", all, now.Failing, p.log)
	}
}

func TestWithoutAFolderItIsSaidThatThereIsNone(t *testing.T) {
	p := newPlace(t)
	p.haveKeys("admin", "tech-a")
	p.worker.Folder.Path = ""
	p.worker.Look(t.Context())
	if now, err := p.Desk.Envelopes(t.Context()); err != nil || len(now.Failing) != 1 || now.Failing[0].Why != custody.WhyFolderMissing {
		t.Errorf("%v, %v", now.Failing, err)
	}
}

// unacknowledged is a desk whose folder no manager has looked at.
type unacknowledged struct {
	Desk
	err error
}

func (u *unacknowledged) MayWriteEnvelopes(context.Context) error { return u.err }

func TestNothingIsWrittenToAFolderThatNobodyHasAcknowledged(t *testing.T) {
	p := newPlace(t)
	p.haveKeys("admin", "tech-a")
	asks := &unacknowledged{p.Desk, desk.ErrUnacknowledged}
	p.worker.Desk = asks
	for range 2 {
		p.worker.Look(t.Context())
	}
	if all, _ := p.failures(); all != 0 || p.Credential("db01").Envelope.Number != 0 || strings.Count(p.log.String(), "envelopes are not written") != 1 {
		t.Errorf("%d failures: %s", all, p.log)
	}
	asks.err = nil
	p.worker.Look(t.Context())
	if p.sealed("db01").Number != 1 {
		t.Errorf("once it was: %+v", p.Credential("db01").Envelope)
	}
	asks.err = errors.New("the database is locked")
	p.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("worn")})
	p.Rotate("db01")
	p.worker.Look(t.Context())
	if p.sealed("db01").Number != 1 {
		t.Error("written though nobody knows whether it may be")
	}
}

func TestOneOfTwoProcessesWrites(t *testing.T) {
	p := newPlace(t)
	p.haveKeys("admin", "tech-a")
	other := p.another()
	other.Owner = "another process"
	if mine, err := other.claim(t.Context()); err != nil || !mine {
		t.Fatal(mine, err)
	}
	p.worker.Look(t.Context())
	if p.Credential("db01").Envelope.Number != 0 {
		t.Error("both write")
	}
	p.Clock.Add(2 * time.Minute) // the other has died
	p.worker.Look(t.Context())
	if p.sealed("db01").Number != 1 {
		t.Errorf("%+v", p.Credential("db01").Envelope)
	}
}

func TestAWorkerThatRunsMakesAnEnvelopeAfterTheNextCommit(t *testing.T) {
	p := newPlace(t)
	w := p.another()
	w.Interval, w.Settle = time.Hour, time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
	p.haveKeys("admin", "tech-a")
	for deadline := time.Now().Add(30 * time.Second); p.sealed("db01").Number == 0; {
		if time.Now().After(deadline) {
			t.Error("no envelope within 30 s")
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	running.Wait()
}

// lookedAt is a clock that counts how often somebody looked at it.
type lookedAt struct {
	desk.Clock
	looks atomic.Int64
}

func (c *lookedAt) Now() time.Time {
	c.looks.Add(1)
	return c.Clock.Now()
}

// TestAWorkerThatRunsFindsALostFileWhereNothingElseHappens has no commit after the first
// envelope: only the pause between two looks brings the worker back.
func TestAWorkerThatRunsFindsALostFileWhereNothingElseHappens(t *testing.T) {
	p := newPlace(t)
	p.haveKeys("admin", "tech-a")
	p.worker.Look(t.Context())
	must(t, os.Remove(p.path("db01")))
	clock := &lookedAt{Clock: p.Clock}
	w := p.another()
	w.Clock, w.Interval = clock, 5*time.Millisecond
	w.checked = p.Clock.Now() // nothing is due before tomorrow
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = w.Run(ctx) })
	defer running.Wait()
	defer stop()
	for deadline := time.Now().Add(30 * time.Second); clock.looks.Load() < 20; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it has not looked again within 30 s")
		}
	}
	committed := p.Desk.Follow()
	p.Clock.Add(w.CheckEvery)
	select {
	case <-committed: // that it is lost
	case <-time.After(30 * time.Second):
		t.Fatal("nobody missed the file within 30 s")
	}
}
