package embedded_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
)

// sealedSecrets is the part of the file that TestAValueIsBoundToItsPlace edits.
type sealedSecrets map[string]struct {
	Current  int64    `json:"current"`
	Versions [][]byte `json:"versions"`
}

// TestAValueIsBoundToItsPlace: somebody who has the key file edits the store and
// seals it again, as the package documentation describes the file. Each value
// opens in its own place only: an old password does not pass for the current
// one, nor one account's for another's.
func TestAValueIsBoundToItsPlace(t *testing.T) {
	path, key := place(t)
	s := must(t)(embedded.Create(path, key))
	for version, value := range []string{"first", "second", "third"} {
		put(t, s, "credentials/a", value, int64(version))
		put(t, s, "credentials/b", "other "+value, int64(version))
	}
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit  func(sealedSecrets)
		wrong map[string][]int64 // what must not open
		right map[string]int64   // what still does
	}{
		"nothing": {func(sealedSecrets) {}, nil, map[string]int64{"credentials/a": 3, "credentials/b": 3}},
		"an old version as the current one": {func(s sealedSecrets) {
			s["credentials/a"].Versions[2] = s["credentials/a"].Versions[0]
		}, map[string][]int64{"credentials/a": {3}}, map[string]int64{"credentials/b": 3}},
		"two versions swapped": {func(s sealedSecrets) {
			v := s["credentials/a"].Versions
			v[0], v[1] = v[1], v[0]
		}, map[string][]int64{"credentials/a": {1, 2}}, map[string]int64{"credentials/a": 3}},
		"the newest cut off": {func(s sealedSecrets) {
			a := s["credentials/a"]
			a.Versions = a.Versions[:2]
			s["credentials/a"] = a
		}, map[string][]int64{"credentials/a": {2, 3}}, map[string]int64{"credentials/b": 3}},
		"another account's": {func(s sealedSecrets) {
			s["credentials/a"].Versions[2] = s["credentials/b"].Versions[2]
		}, map[string][]int64{"credentials/a": {3}}, map[string]int64{"credentials/b": 3}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, resealed(t, whole, key.KeyFile, "tandem-secrets-1", c.edit), 0o600); err != nil {
				t.Fatal(err)
			}
			s := must(t)(embedded.Open(path, key))
			defer s.Close()
			for at, versions := range c.wrong {
				for _, version := range versions {
					_, err := s.ReadVersion(t.Context(), at, version)
					if !errors.Is(err, embedded.ErrDamaged) || !errors.Is(err, desk.ErrSecretsUnavailable) {
						t.Errorf("%s, version %d: %v", at, version, err)
					}
				}
			}
			for at, version := range c.right {
				if _, err := s.ReadVersion(t.Context(), at, version); err != nil {
					t.Errorf("%s, version %d: %v", at, version, err)
				}
			}
		})
	}
}

// resealed changes the secrets of a store's file and seals it with its own keys.
func resealed(t *testing.T, file []byte, keyFile, format string, edit func(sealedSecrets)) []byte {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	body, _, _ := bytes.Cut(file, []byte("\n"))
	// In the order of the file, because the parameters are bound as they stand.
	var parts struct {
		Format  string          `json:"format"`
		KDF     json.RawMessage `json:"kdf"`
		Keyset  []byte          `json:"keyset"`
		Signing json.RawMessage `json:"signing"`
		Secrets sealedSecrets   `json:"secrets"`
	}
	check(json.Unmarshal(body, &parts))
	var kdf struct {
		Salt []byte `json:"salt"`
	}
	check(json.Unmarshal(parts.KDF, &kdf))
	content, err := os.ReadFile(keyFile)
	check(err)
	raw, err := hkdf.Key(sha256.New, content, kdf.Salt, "tandem embedded secret store", 32)
	check(err)
	wrapping, err := subtle.NewAESGCM(raw)
	check(err)
	keys, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(parts.Keyset)), wrapping, parts.KDF)
	check(err)
	crypt, err := aead.New(keys)
	check(err)
	parts.Format = format
	edit(parts.Secrets)
	body, err = json.Marshal(parts)
	check(err)
	seal, err := crypt.Encrypt(nil, append([]byte("seal\x00"), body...))
	check(err)
	return fmt.Appendf(body, "\n%s\n", base64.StdEncoding.EncodeToString(seal))
}

// TestAFileOfALaterFormatIsLeftAlone: whoever goes back to an older program
// loses nothing by it, and is told which format it is.
func TestAFileOfALaterFormatIsLeftAlone(t *testing.T) {
	path, key := place(t)
	s := must(t)(embedded.Create(path, key))
	put(t, s, "credentials/a", "kept", 0)
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	later := resealed(t, whole, key.KeyFile, "tandem-secrets-2", func(sealedSecrets) {})
	if err := os.WriteFile(path, later, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func(string, embedded.Unlock) (*embedded.Store, error){"Open": embedded.Open, "OpenOrCreate": embedded.OpenOrCreate} {
		if _, err := open(path, key); !errors.Is(err, embedded.ErrDamaged) || !strings.Contains(err.Error(), "tandem-secrets-2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, later) {
		t.Errorf("the file changed (%v)", err)
	}
}

// TestAKeyFileCountsToItsEnd: one that is longer than what is read of it is
// refused rather than cut.
func TestAKeyFileCountsToItsEnd(t *testing.T) {
	path, key := place(t)
	for size, good := range map[int]bool{31: false, 32: true, 4096: true, 4097: false, 1 << 20: false} {
		if err := os.WriteFile(key.KeyFile, bytes.Repeat([]byte{7}, size), 0o600); err != nil {
			t.Fatal(err)
		}
		at := fmt.Sprint(path, size)
		s, err := embedded.Create(at, key)
		if (err == nil) != good {
			t.Errorf("%d bytes: %v", size, err)
		}
		if err == nil {
			s.Close()
			// Its last byte counts as much as its first.
			other := append(bytes.Repeat([]byte{7}, size-1), 8)
			if err := os.WriteFile(key.KeyFile, other, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := embedded.Open(at, key); !errors.Is(err, embedded.ErrWrongKey) {
				t.Errorf("%d bytes, the last another: %v", size, err)
			}
		}
	}
}
