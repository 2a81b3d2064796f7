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
	mu      sync.Mutex
	current string            // id
	keys    map[string]macKey // by id
}

// macKey is one key, and those of its own that it has for each purpose (RFC 5869).
type macKey struct {
	key []byte
	own *sync.Map // []byte by purpose
}

// mac marks a message as made by whoever has the key in the secret store. A mark
// for one purpose is none for another. It is text: the key's id, a dot, and the
// HMAC-SHA256 in hex.
func (d *Desk) mac(ctx context.Context, purpose string, message []byte) (string, error) {
	id, key, err := d.macs.now(ctx, d.Secrets)
	if err != nil {
		return "", err
	}
	sum, err := key.of(purpose, message)
	if err != nil {
		return "", err
	}
	return id + "." + hex.EncodeToString(sum), nil
}

// checkMAC says whether mac gave that mark for this purpose and message. The error
// means that it cannot be told now.
func (d *Desk) checkMAC(ctx context.Context, purpose string, message []byte, mark string) (bool, error) {
	id, text, _ := strings.Cut(mark, ".")
	got, err := hex.DecodeString(text)
	if err != nil || text != strings.ToLower(text) {
		return false, nil
	}
	key, err := d.macs.byID(ctx, d.Secrets, id)
	if err != nil || key.key == nil {
		return false, err
	}
	want, err := key.of(purpose, message)
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

// now gives the key that is marked with.
func (m *macKeys) now(ctx context.Context, secrets Secrets) (id string, key macKey, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == "" {
		err = m.fetch(ctx, secrets)
	}
	return m.current, m.keys[m.current], err
}

// byID gives a key by its id, the zero one when there is none. One that is not known is
// looked for once more: another process may have been given a new one.
func (m *macKeys) byID(ctx context.Context, secrets Secrets, id string) (macKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if key, known := m.keys[id]; known {
		return key, nil
	}
	err := m.fetch(ctx, secrets)
	return m.keys[id], err
}

// make makes the key where there is none: in a secret store that has not met an
// installation yet.
func (m *macKeys) make(ctx context.Context, secrets Secrets) error {
	fresh := make([]byte, sha256.Size)
	_, _ = rand.Read(fresh) // never fails, see crypto/rand
	_, err := secrets.Write(ctx, SealPath, custody.NewSecret(fresh), 0, nil)
	if errors.Is(err, ErrVersion) { // there is one
		return nil
	}
	return err
}

// fetch reads the present key.
func (m *macKeys) fetch(ctx context.Context, secrets Secrets) error {
	v, err := secrets.Read(ctx, SealPath)
	switch {
	case errors.Is(err, ErrNoSecret):
		return fmt.Errorf("%w: there is no key at %s", ErrSecretsLost, SealPath)
	case err != nil:
		return secretsUnavailable(err)
	case len(v.Value.Bytes()) != sha256.Size:
		return fmt.Errorf("%w: what is at %s is no key", ErrSecretsLost, SealPath)
	}
	if m.keys == nil {
		m.keys = map[string]macKey{}
	}
	m.current = macKeyID(v.Value.Bytes())
	if _, known := m.keys[m.current]; !known {
		m.keys[m.current] = macKey{v.Value.Bytes(), new(sync.Map)}
	}
	return nil
}

// macKeyID names a key by a digest of it: a key is random, so that says nothing
// of it, and nothing has to be kept beside it.
func macKeyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("tandem mac key\n"), key...))
	return hex.EncodeToString(sum[:4])
}
