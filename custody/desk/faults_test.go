package desk_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// faults makes one call on the way fail: to the database, in a transaction, or to the
// secret store.
type faults struct {
	mu   sync.Mutex
	left int            // calls until then; 0: none fails
	name string         // counts those of this name only; "": all
	hit  string         // which one it was
	seen map[string]int // how often each was made
}

// failAt has the nth call from now on fail; 0: none. It gives which one failed before.
func (f *faults) failAt(n int) (hit string) { return f.fail("", n) }

// fail is failAt for calls of one name.
func (f *faults) fail(name string, nth int) (hit string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	hit, f.left, f.name, f.hit, f.seen = f.hit, nth, name, "", map[string]int{}
	return hit
}

// eachCall has something done once in peace, which shows what calls it makes, and then
// with the first of each name failing, and with the second. end says which one failed.
func (f *faults) eachCall(do func(begin func(), end func() (hit string))) (failed int) {
	var seen map[string]int
	do(func() { f.failAt(0) }, func() string {
		f.mu.Lock()
		defer f.mu.Unlock()
		seen = maps.Clone(f.seen)
		return ""
	})
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		for nth := 1; nth <= min(2, seen[name]); nth++ {
			do(func() { f.fail(name, nth) }, func() string { return f.failAt(0) })
			failed++
		}
	}
	return failed
}

func (f *faults) next(kind error, call string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen != nil {
		f.seen[call]++
	}
	if f.name != "" && f.name != call {
		return nil
	}
	if f.left--; f.left != 0 {
		return nil
	}
	f.hit = call
	return fmt.Errorf("%w: %s failed", kind, call)
}

func (f *faults) database(call string) error { return f.next(desk.ErrStoreUnavailable, call) }
func (f *faults) vault(call string) error    { return f.next(desk.ErrSecretsUnavailable, call) }

// withFaults has an office's database and secret store fail when they are told to.
func withFaults(f *faults) func(*desk.Config) {
	return func(c *desk.Config) {
		c.Store, c.Accounts, c.Secrets = faultyStore{c.Store, f}, faultyAccounts{c.Accounts, f}, faultySecrets{c.Secrets, f}
	}
}

type faultyStore struct {
	desk.Store
	*faults
}

func (s faultyStore) Load(ctx context.Context) (*custody.State, *audit.Frontier, error) {
	if err := s.database("Load"); err != nil {
		return nil, nil, err
	}
	return s.Store.Load(ctx)
}

func (s faultyStore) Size(ctx context.Context) (int64, error) {
	if err := s.database("Size"); err != nil {
		return 0, err
	}
	return s.Store.Size(ctx)
}

func (s faultyStore) Records(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
	return s.Store.Records(ctx, from, to, func(index int64, record []byte) error {
		if err := s.database("Records"); err != nil {
			return err
		}
		return yield(index, record)
	})
}

func (f *faults) seals(seals iter.Seq2[audit.Seal, error]) iter.Seq2[audit.Seal, error] {
	return func(yield func(audit.Seal, error) bool) {
		for seal, err := range seals {
			if fault := f.database("Seals"); fault != nil {
				seal, err = audit.Seal{}, fault
			}
			if !yield(seal, err) {
				return
			}
		}
	}
}

func (s faultyStore) Seals(ctx context.Context, from, to int64) iter.Seq2[audit.Seal, error] {
	return s.seals(s.Store.Seals(ctx, from, to))
}

func (s faultyStore) LastBatch(ctx context.Context) (audit.Batch, string, error) {
	if err := s.database("LastBatch"); err != nil {
		return audit.Batch{}, "", err
	}
	return s.Store.LastBatch(ctx)
}

func (s faultyStore) Texts(ctx context.Context, notes []custody.Note) (map[string]custody.Words, error) {
	if err := s.database("Texts"); err != nil {
		return nil, err
	}
	return s.Store.Texts(ctx, notes)
}

func (s faultyStore) Write(ctx context.Context, fn func(desk.Tx) error) error {
	if err := s.database("Write"); err != nil {
		return err
	}
	if err := s.Store.Write(ctx, func(tx desk.Tx) error { return fn(faultyTx{tx, s.faults}) }); err != nil {
		return err
	}
	return s.database("the answer of Write")
}

func (s faultyStore) Binding(ctx context.Context) (desk.Binding, error) {
	if err := s.database("Binding"); err != nil {
		return desk.Binding{}, err
	}
	return s.Store.Binding(ctx)
}

func (s faultyStore) Bind(ctx context.Context, was, to desk.Binding) error {
	if err := s.database("Bind"); err != nil {
		return err
	}
	return s.Store.Bind(ctx, was, to)
}

func (s faultyStore) BeginArrival(ctx context.Context, request string, at time.Time) error {
	if err := s.database("BeginArrival"); err != nil {
		return err
	}
	return s.Store.BeginArrival(ctx, request, at)
}

func (s faultyStore) Arrivals(ctx context.Context) ([]desk.Arrival, error) {
	if err := s.database("Arrivals"); err != nil {
		return nil, err
	}
	return s.Store.Arrivals(ctx)
}

func (s faultyStore) EndArrival(ctx context.Context, request string) error {
	if err := s.database("EndArrival"); err != nil {
		return err
	}
	return s.Store.EndArrival(ctx, request)
}

func (s faultyStore) Ready(ctx context.Context) error {
	if err := s.database("Store.Ready"); err != nil {
		return err
	}
	return s.Store.Ready(ctx)
}

// faultyTx is a transaction that breaks off.
type faultyTx struct {
	desk.Tx
	*faults
}

func (t faultyTx) Records(from, to int64) ([][]byte, error) {
	if err := t.database("Tx.Records"); err != nil {
		return nil, err
	}
	return t.Tx.Records(from, to)
}

func (t faultyTx) Seals(from, to int64) iter.Seq2[audit.Seal, error] {
	return t.seals(t.Tx.Seals(from, to))
}

func (t faultyTx) Append(entries []desk.Appended, nodes []audit.Node, root audit.Hash, mark string) error {
	if err := t.database("Append"); err != nil {
		return err
	}
	return t.Tx.Append(entries, nodes, root, mark)
}

func (t faultyTx) Save(changed *custody.State) error {
	if err := t.database("Save"); err != nil {
		return err
	}
	return t.Tx.Save(changed)
}

func (t faultyTx) Recall(actor, key string) (desk.Remembered, bool, error) {
	if err := t.database("Recall"); err != nil {
		return desk.Remembered{}, false, err
	}
	return t.Tx.Recall(actor, key)
}

func (t faultyTx) Remember(actor, key string, r desk.Remembered) error {
	if err := t.database("Remember"); err != nil {
		return err
	}
	return t.Tx.Remember(actor, key, r)
}

type faultyAccounts struct {
	desk.AccountStore
	*faults
}

func (a faultyAccounts) Devices(ctx context.Context, hash [32]byte) ([]desk.Device, error) {
	if err := a.database("Devices"); err != nil {
		return nil, err
	}
	return a.AccountStore.Devices(ctx, hash)
}

func (a faultyAccounts) SeeDevice(ctx context.Context, person string, hash [32]byte, at time.Time, mark string) error {
	if err := a.database("SeeDevice"); err != nil {
		return err
	}
	return a.AccountStore.SeeDevice(ctx, person, hash, at, mark)
}

func (a faultyAccounts) DeleteDevices(ctx context.Context, person string) error {
	if err := a.database("DeleteDevices"); err != nil {
		return err
	}
	return a.AccountStore.DeleteDevices(ctx, person)
}

func (a faultyAccounts) UpdateThrottle(ctx context.Context, name string, change func(desk.Throttle) desk.Throttle) (desk.Throttle, error) {
	if err := a.database("UpdateThrottle"); err != nil {
		return desk.Throttle{}, err
	}
	return a.AccountStore.UpdateThrottle(ctx, name, change)
}

func (a faultyAccounts) DeleteThrottles(ctx context.Context, name string) error {
	if err := a.database("DeleteThrottles"); err != nil {
		return err
	}
	return a.AccountStore.DeleteThrottles(ctx, name)
}

func (a faultyAccounts) Preference(ctx context.Context, username string) (desk.Preference, string, error) {
	if err := a.database("Preference"); err != nil {
		return desk.Preference{}, "", err
	}
	return a.AccountStore.Preference(ctx, username)
}

func (a faultyAccounts) SetPreference(ctx context.Context, username string, p desk.Preference, mark string) error {
	if err := a.database("SetPreference"); err != nil {
		return err
	}
	return a.AccountStore.SetPreference(ctx, username, p, mark)
}

type faultySecrets struct {
	desk.Secrets
	*faults
}

func (s faultySecrets) Read(ctx context.Context, path string) (desk.Versioned, error) {
	if err := s.vault("Read " + path); err != nil {
		return desk.Versioned{}, err
	}
	return s.Secrets.Read(ctx, path)
}

func (s faultySecrets) ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error) {
	if err := s.vault("ReadVersion " + path); err != nil {
		return custody.Secret{}, err
	}
	return s.Secrets.ReadVersion(ctx, path, version)
}

func (s faultySecrets) Has(ctx context.Context, path string, version int64) error {
	if err := s.vault("Has " + path); err != nil {
		return err
	}
	return s.Secrets.Has(ctx, path, version)
}

func (s faultySecrets) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	if err := s.vault("Write " + path); err != nil {
		return 0, err
	}
	return s.Secrets.Write(ctx, path, value, cas, labels)
}

func (s faultySecrets) Delete(ctx context.Context, path string) error {
	if err := s.vault("Delete"); err != nil {
		return err
	}
	return s.Secrets.Delete(ctx, path)
}

func (s faultySecrets) Generate(ctx context.Context, policy string) (custody.Secret, error) {
	if err := s.vault("Generate"); err != nil {
		return custody.Secret{}, err
	}
	return s.Secrets.Generate(ctx, policy)
}

func (s faultySecrets) PublicKey(ctx context.Context) (ed25519.PublicKey, error) {
	if err := s.vault("PublicKey"); err != nil {
		return nil, err
	}
	return s.Secrets.PublicKey(ctx)
}

func (s faultySecrets) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := s.vault("Sign"); err != nil {
		return nil, err
	}
	return s.Secrets.Sign(ctx, message)
}

func (s faultySecrets) Ready(ctx context.Context) error {
	if err := s.vault("Secrets.Ready"); err != nil {
		return err
	}
	return s.Secrets.Ready(ctx)
}
