package desk

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tandem-custody/tandem/custody"
)

// macKeys are the keys with which this installation marks as its own what lies in
// the database: whoever can write there has not got them. They stay in memory for
// as long as the process lives, so that a mark costs no round trip.
type macKeys struct {
	mu    sync.Mutex
	first string            // id of the one at SealPath; "": it was not read yet
	keys  map[string]macKey // by id
}

// macKey is one key, and those of its own that it has for each purpose (RFC 5869).
type macKey struct {
	id  string
	key []byte
	own *sync.Map // []byte by purpose
}

func newMACKey(key []byte) macKey { return macKey{macKeyID(key), key, new(sync.Map)} }

// mac marks a message as made by whoever has the key in the secret store. A mark
// for one purpose is none for another. It is text: the key's id, a dot, and the
// HMAC-SHA256 in hex.
func (d *Desk) mac(ctx context.Context, purpose string, message []byte) (string, error) {
	return d.macWith(ctx, d.sealKeyAt(d.entries()), purpose, message)
}

// macWith is mac with the key of an id, "" for the first.
func (d *Desk) macWith(ctx context.Context, id, purpose string, message []byte) (string, error) {
	key, err := d.macs.inForce(ctx, d.Secrets, id)
	if err != nil {
		return "", err
	}
	sum, err := key.of(purpose, message)
	if err != nil {
		return "", err
	}
	return key.id + "." + hex.EncodeToString(sum), nil
}

// checkMAC says whether mac gave that mark for this purpose and message, with the key
// that counts or one that did. The error means that it cannot be told now.
func (d *Desk) checkMAC(ctx context.Context, purpose string, message []byte, mark string) (bool, error) {
	id, _, _ := strings.Cut(mark, ".")
	if !custody.IsSealKeyID(id) {
		return false, nil
	}
	key, err := d.macs.byID(ctx, d.Secrets, id)
	if err != nil || key.key == nil {
		return false, err
	}
	return key.made(purpose, message, mark)
}

// made says whether it is this key's mark.
func (k macKey) made(purpose string, message []byte, mark string) (bool, error) {
	id, text, _ := strings.Cut(mark, ".")
	got, err := hex.DecodeString(text)
	if err != nil || text != strings.ToLower(text) || id != k.id {
		return false, nil
	}
	want, err := k.of(purpose, message)
	return err == nil && hmac.Equal(want, got), err
}

// of gives the mark of a message for a purpose.
func (k macKey) of(purpose string, message []byte) ([]byte, error) {
	own, known := k.own.Load(purpose)
	if !known {
		derived, err := hkdf.Expand(sha256.New, k.key, "tandem mac\n"+purpose, sha256.Size)
		if err != nil {
			return nil, err
		}
		own, _ = k.own.LoadOrStore(purpose, derived)
	}
	mac := hmac.New(sha256.New, own.([]byte))
	mac.Write(message)
	return mac.Sum(nil), nil
}

// madeUp says once in the life of a process that a row of somebody was not written
// by this installation: pages are asked for again and again.
func (d *Desk) madeUp(what, username string) {
	if _, told := d.told.LoadOrStore(what+"\n"+username, true); !told {
		d.Log.Error(what+" was not written by this installation: somebody wrote into the database, and it counts for nothing", "person", username, "alarm", true)
	}
}

// inForce gives the key of an id that the ledger names, "" for the first, which it does
// not. Where that is gone the secrets are lost.
func (m *macKeys) inForce(ctx context.Context, secrets Secrets, id string) (macKey, error) {
	key, err := m.byID(ctx, secrets, id)
	if err == nil && key.key == nil {
		err = fmt.Errorf("%w: there is no key at %s, with which the ledger says that it is sealed", ErrSecretsLost, SealKeyPath(id))
	}
	return key, err
}

// byID gives a key by its id, "" for the first, and the zero one when there is none. One
// that is not known is looked for: another process may have made it.
func (m *macKeys) byID(ctx context.Context, secrets Secrets, id string) (macKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first == "" {
		first, err := readKey(ctx, secrets, SealPath)
		if errors.Is(err, ErrNoSecret) {
			err = fmt.Errorf("%w: there is no key at %s", ErrSecretsLost, SealPath)
		}
		if err != nil {
			return macKey{}, err
		}
		m.first, m.keys = first.id, map[string]macKey{first.id: first}
	}
	if id == "" {
		id = m.first
	}
	if key, known := m.keys[id]; known {
		return key, nil
	}
	key, err := readKey(ctx, secrets, SealKeyPath(id))
	switch {
	case errors.Is(err, ErrNoSecret):
		return macKey{}, nil
	case err == nil && key.id != id:
		err = fmt.Errorf("%w: what is at %s is another key", ErrSecretsLost, SealKeyPath(id))
	}
	if err != nil {
		return macKey{}, err
	}
	m.keys[id] = key
	return key, nil
}

// make makes the first key where there is none: in a secret store that has not met an
// installation yet.
func (m *macKeys) make(ctx context.Context, secrets Secrets) error {
	_, err := makeOnce(ctx, secrets, SealPath)
	return err
}

// makeOnce gives the key at a path, a fresh one where there was none. Another process, or
// another command, may make it at the same moment, and a store that lets nobody replace it
// says then, as Vault does, that a right is missing, and not that there is one: so what is
// there counts, whatever the writing said.
func makeOnce(ctx context.Context, secrets Secrets, path string) (Versioned, error) {
	kept, err := secrets.Read(ctx, path)
	if !errors.Is(err, ErrNoSecret) {
		return kept, err
	}
	_, unmade := secrets.Write(ctx, path, custody.NewSecret(freshKey()), 0, nil)
	kept, err = secrets.Read(ctx, path)
	if errors.Is(err, ErrNoSecret) && unmade != nil {
		return Versioned{}, unmade
	}
	return kept, err
}

// keep puts a key that replaces another into the secret store.
func (m *macKeys) keep(ctx context.Context, secrets Secrets, key macKey) error {
	if _, err := secrets.Write(ctx, SealKeyPath(key.id), custody.NewSecret(key.key), 0, nil); err != nil {
		return fmt.Errorf("store a key of the seals: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[key.id] = key
	return nil
}

func freshKey() []byte {
	fresh := make([]byte, sha256.Size)
	_, _ = rand.Read(fresh) // never fails, see crypto/rand
	return fresh
}

// readKey reads one key, or ErrNoSecret.
func readKey(ctx context.Context, secrets Secrets, path string) (macKey, error) {
	v, err := secrets.Read(ctx, path)
	switch {
	case errors.Is(err, ErrNoSecret):
		return macKey{}, err
	case err != nil:
		return macKey{}, secretsUnavailable(err)
	case len(v.Value.Bytes()) != sha256.Size:
		return macKey{}, fmt.Errorf("%w: what is at %s is no key", ErrSecretsLost, path)
	}
	return newMACKey(v.Value.Bytes()), nil
}

// macKeyID names a key by a digest of it: a key is random, so that says nothing
// of it, and nothing has to be kept beside it.
func macKeyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("tandem mac key\n"), key...))
	return hex.EncodeToString(sum[:4])
}
