package embedded

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/password"
)

// Why a store does not open. Nothing was changed.
var (
	// ErrInUse: another process has the store open.
	ErrInUse = errors.New("the secret store is open in another process")
	// ErrWrongKey: the passphrase or key is another one, or what it protects was altered.
	ErrWrongKey = errors.New("the passphrase or key file does not open this secret store")
	// ErrDamaged: the file is not as this package wrote it.
	ErrDamaged = errors.New("the secret store's file is damaged or was altered")
)

// maxFile is the largest file that is read, in bytes.
const maxFile = 1 << 30

// Store is an open store. It is for many goroutines.
type Store struct {
	// Policies are the password policies of Generate beside the general one, by
	// name, each with nothing that its Check finds. Set them before the first call.
	Policies map[string]password.Policy

	path   string
	crypt  tink.AEAD
	public ed25519.PublicKey
	lock   io.Closer

	now     atomic.Pointer[contents] // nil: closed. Readers never wait for the disk.
	writing chan struct{}            // holds one token while somebody changes now
	file    fs.FileInfo              // of what is at path, for whoever has that token
}

var _ desk.Secrets = (*Store)(nil)

// Open opens the store in the file at path. The errors are fs.ErrNotExist,
// ErrInUse, ErrWrongKey, ErrDamaged, those that say what is wrong with u or the
// file's mode, and those of the disk.
func Open(path string, u Unlock) (*Store, error) {
	return locked(path, func() (*contents, tink.AEAD, error) {
		file, err := readPrivate(path, maxFile)
		if err != nil {
			return nil, nil, err
		}
		return decode(file, u)
	})
}

// Create makes an empty store with a new ledger key in a file at path, in a
// folder that exists, and opens it. The error is fs.ErrExist when there is
// something already.
func Create(path string, u Unlock) (*Store, error) {
	return locked(path, func() (*contents, tink.AEAD, error) {
		c, crypt, err := create(u)
		if err != nil {
			return nil, nil, err
		}
		file, err := c.encode(crypt)
		if err != nil {
			return nil, nil, err
		}
		return c, crypt, createPrivate(path, file)
	})
}

// OpenOrCreate opens the store, or creates it when nothing is at path; then also
// the key file, when u names one that does not exist.
//
// It is for a first start: an installation that has secrets calls Open, so that
// a lost file is an error and not an empty store.
func OpenOrCreate(path string, u Unlock) (*Store, error) {
	s, err := Open(path, u)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if _, statErr := os.Lstat(path); !errors.Is(statErr, fs.ErrNotExist) {
		return nil, err // the store is there: what is missing is its key
	}
	if u.KeyFile != "" {
		if err := CreateKeyFile(u.KeyFile); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("embedded secret store: key file: %w", err)
		}
	}
	return Create(path, u)
}

// locked takes the lock, and keeps it if load gives contents.
func locked(path string, load func() (*contents, tink.AEAD, error)) (_ *Store, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("embedded secret store: %w", err)
		}
	}()
	held, err := lock(path)
	if err != nil {
		return nil, err
	}
	c, crypt, err := load()
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	s := &Store{path: path, crypt: crypt, lock: held, writing: make(chan struct{}, 1)}
	s.now.Store(c)
	key, err := s.signingKey(c)
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	defer clear(key)
	s.public = key.Public().(ed25519.PublicKey)
	if s.file, err = os.Lstat(path); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return s, nil
}

// Close waits for the change that is being written, and lets go of the file.
// Every call afterwards fails with desk.ErrSecretsUnavailable.
func (s *Store) Close() error {
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	if s.now.Swap(nil) == nil {
		return nil
	}
	return s.lock.Close()
}

// contents gives what is in the store at this instant.
func (s *Store) contents(ctx context.Context) (*contents, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := s.now.Load()
	if c == nil {
		return nil, fmt.Errorf("%w: it is closed", desk.ErrSecretsUnavailable)
	}
	return c, nil
}

// Read implements desk.Secrets.
func (s *Store) Read(ctx context.Context, path string) (desk.Versioned, error) {
	c, err := s.contents(ctx)
	if err != nil {
		return desk.Versioned{}, err
	}
	current := c.Secrets[path].Current
	value, err := s.reveal(c, path, current)
	if err != nil {
		return desk.Versioned{}, err
	}
	return desk.Versioned{Value: value, Version: current}, nil
}

// ReadVersion implements desk.Secrets.
func (s *Store) ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error) {
	c, err := s.contents(ctx)
	if err != nil {
		return custody.Secret{}, err
	}
	return s.reveal(c, path, version)
}

// OpensWith says whether u would open the store at the next start.
func (s *Store) OpensWith(u Unlock) error {
	file, err := readPrivate(s.path, maxFile)
	if err == nil {
		_, _, err = decode(file, u)
	}
	return err
}

// Has implements desk.Secrets.
func (s *Store) Has(ctx context.Context, path string, version int64) error {
	c, err := s.contents(ctx)
	if err != nil {
		return err
	}
	kept := c.Secrets[path]
	if version == 0 {
		version = kept.Current
	}
	if kept.version(version) == nil {
		return desk.ErrNoSecret
	}
	return nil
}

// reveal decrypts one value.
func (s *Store) reveal(c *contents, path string, version int64) (custody.Secret, error) {
	encrypted := c.Secrets[path].version(version)
	if encrypted == nil {
		return custody.Secret{}, desk.ErrNoSecret
	}
	value, err := s.crypt.Decrypt(encrypted, valueBinding(path, version))
	if err != nil {
		return custody.Secret{}, fmt.Errorf("%w: %w", desk.ErrSecretsUnavailable, ErrDamaged)
	}
	defer clear(value)
	return custody.NewSecret(value), nil
}

// Labels gives what was kept beside the current version: empty when there is none.
func (s *Store) Labels(ctx context.Context, path string) (map[string]string, error) {
	c, err := s.contents(ctx)
	if err != nil {
		return nil, err
	}
	return maps.Clone(c.Secrets[path].Labels), nil
}

// Write implements desk.Secrets. An error of the disk leaves the old version the
// current one in this process; which of the two a crash would leave is unknown.
func (s *Store) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	var written int64
	err := s.change(ctx, func(secrets map[string]secret) (bool, error) {
		old := secrets[path]
		if old.Current != cas {
			return false, desk.ErrVersion
		}
		plain := value.Bytes()
		defer clear(plain)
		encrypted, err := s.crypt.Encrypt(plain, valueBinding(path, cas+1))
		if err != nil {
			return false, err
		}
		secrets[path] = old.with(encrypted, labels)
		written = cas + 1
		return true, nil
	})
	if err != nil {
		return 0, err
	}
	return written, nil
}

// Delete implements desk.Secrets.
func (s *Store) Delete(ctx context.Context, path string) error {
	return s.change(ctx, func(secrets map[string]secret) (bool, error) {
		_, found := secrets[path]
		delete(secrets, path)
		return found, nil
	})
}

// change lets edit work on a copy of the secrets, and when it says that it
// changed them, writes the file and only then shows the copy to readers.
func (s *Store) change(ctx context.Context, edit func(map[string]secret) (bool, error)) error {
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	old, err := s.contents(ctx)
	if err != nil {
		return err
	}
	next := *old
	next.Secrets = maps.Clone(old.Secrets)
	if changed, err := edit(next.Secrets); err != nil || !changed {
		return err
	}
	file, err := next.encode(s.crypt)
	if err != nil {
		return err
	}
	// Over another file it would destroy what that holds.
	if err := s.inPlace(); err != nil {
		return err
	}
	if err := replacePrivate(s.path, file); err != nil {
		return fmt.Errorf("embedded secret store: %w", err)
	}
	s.now.Store(&next)
	if s.file, err = os.Lstat(s.path); err != nil {
		return fmt.Errorf("embedded secret store: %w", err)
	}
	return nil
}

// Generate implements desk.Secrets. The general policy is password.Default.
func (s *Store) Generate(ctx context.Context, policy string) (custody.Secret, error) {
	if _, err := s.contents(ctx); err != nil {
		return custody.Secret{}, err
	}
	if policy == "" {
		return password.Default().Generate(), nil
	}
	named, found := s.Policies[policy]
	if !found {
		return custody.Secret{}, fmt.Errorf("%w: %q", desk.ErrNoPolicy, policy)
	}
	return named.Generate(), nil
}

// PublicKey implements audit.Signer.
func (s *Store) PublicKey(ctx context.Context) (ed25519.PublicKey, error) {
	if _, err := s.contents(ctx); err != nil {
		return nil, err
	}
	return append(ed25519.PublicKey(nil), s.public...), nil
}

// Sign implements audit.Signer.
func (s *Store) Sign(ctx context.Context, message []byte) ([]byte, error) {
	c, err := s.contents(ctx)
	if err != nil {
		return nil, err
	}
	key, err := s.signingKey(c)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return ed25519.Sign(key, message), nil
}

// signingKey decrypts the ledger's key.
func (s *Store) signingKey(c *contents) (ed25519.PrivateKey, error) {
	seed, err := s.crypt.Decrypt(c.Signing, signingBinding())
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: signing key", ErrDamaged)
	}
	defer clear(seed)
	return ed25519.NewKeyFromSeed(seed), nil
}

// Ready implements desk.Secrets: the file must still be the one that the next
// change would replace, in a folder that has room for it.
func (s *Store) Ready(ctx context.Context) error {
	select { // a change replaces the file
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, err := s.contents(ctx); err != nil {
		return err
	}
	if err := s.inPlace(); err != nil {
		return err
	}
	return checkFolder(s.path, s.file.Size())
}

// inPlace says whether the file is the one that this process read or wrote last.
func (s *Store) inPlace() error {
	switch now, err := os.Lstat(s.path); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s was deleted or moved away", desk.ErrSecretsLost, s.path)
	case err != nil:
		return fmt.Errorf("%w: %w", desk.ErrSecretsUnavailable, err)
	case !os.SameFile(s.file, now):
		return fmt.Errorf("%w: %s was replaced by another file", desk.ErrOtherSecrets, s.path)
	}
	return nil
}
