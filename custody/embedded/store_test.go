package embedded_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/secretstest"
	"github.com/tandem-custody/tandem/custody/embedded"
)

const phrase = "correct horse battery staple"

func passphrase(p string) embedded.Unlock {
	return embedded.Unlock{Passphrase: custody.SecretString(p)}
}

// place is where a store and its key file can be, in a folder of the test's own.
func place(t testing.TB) (path string, key embedded.Unlock) {
	dir := t.TempDir()
	key = embedded.Unlock{KeyFile: filepath.Join(dir, "key")}
	if err := embedded.CreateKeyFile(key.KeyFile); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "secrets"), key
}

func must(t testing.TB) func(*embedded.Store, error) *embedded.Store {
	return func(s *embedded.Store, err error) *embedded.Store {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
}

func put(t testing.TB, s *embedded.Store, path, value string, cas int64) {
	t.Helper()
	if _, err := s.Write(t.Context(), path, custody.SecretString(value), cas, nil); err != nil {
		t.Fatal(err)
	}
}

func wantValue(t testing.TB, s *embedded.Store, path, value string, version int64) {
	t.Helper()
	got, err := s.Read(t.Context(), path)
	if err != nil || got.Value.Reveal() != value || got.Version != version {
		t.Errorf("read: version %d, right value %t, %v; want version %d", got.Version, got.Value.Reveal() == value, err, version)
	}
}

func TestConformance(t *testing.T) {
	t.Run("key file", func(t *testing.T) {
		secretstest.Conform(t, func(t *testing.T) desk.Secrets {
			path, key := place(t)
			return withPolicies(must(t)(embedded.Create(path, key)))
		})
	})
	t.Run("passphrase, opened again", func(t *testing.T) {
		path, _ := place(t)
		must(t)(embedded.Create(path, passphrase(phrase))).Close()
		secretstest.Conform(t, func(t *testing.T) desk.Secrets {
			return withPolicies(must(t)(embedded.Open(path, passphrase(phrase))))
		})
	})
}

func withPolicies(s *embedded.Store) *embedded.Store {
	s.Policies = secretstest.Policies
	return s
}

func TestEverythingIsThereAfterOpeningAgain(t *testing.T) {
	path, key := place(t)
	first := must(t)(embedded.Create(path, key))
	labels := map[string]string{"reason": "onboard"}
	for v := range int64(12) {
		if _, err := first.Write(t.Context(), "credentials/a", custody.SecretString(fmt.Sprint("value ", v+1)), v, labels); err != nil {
			t.Fatal(err)
		}
	}
	public, err := first.PublicKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first.Close()

	second := must(t)(embedded.Open(path, key))
	for v := int64(3); v <= 12; v++ {
		if got, err := second.ReadVersion(t.Context(), "credentials/a", v); err != nil || got.Reveal() != fmt.Sprint("value ", v) {
			t.Errorf("version %d: %v, or another value", v, err)
		}
	}
	if got, err := second.Labels(t.Context(), "credentials/a"); err != nil || got["reason"] != "onboard" {
		t.Errorf("labels %v, %v", got, err)
	}
	if again, err := second.PublicKey(t.Context()); err != nil || !again.Equal(public) {
		t.Errorf("the ledger's key is another one: %v", err)
	}
}

func TestWrongKeyChangesNothing(t *testing.T) {
	path, key := place(t)
	_, other := place(t)
	for name, c := range map[string]struct{ right, wrong embedded.Unlock }{
		"passphrase": {passphrase(phrase), passphrase(phrase + "r")},
		"key file":   {key, other},
	} {
		path := path + " " + name
		s := must(t)(embedded.Create(path, c.right))
		put(t, s, "credentials/a", "kept", 0)
		s.Close()
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := embedded.Open(path, c.wrong); !errors.Is(err, embedded.ErrWrongKey) || strings.Contains(err.Error(), phrase) {
			t.Errorf("%s: %v, want %v", name, err, embedded.ErrWrongKey)
		}
		if _, err := embedded.OpenOrCreate(path, c.wrong); !errors.Is(err, embedded.ErrWrongKey) {
			t.Errorf("%s, open or create: %v, want %v", name, err, embedded.ErrWrongKey)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the file changed (%v)", name, err)
		}
		wantValue(t, must(t)(embedded.Open(path, c.right)), "credentials/a", "kept", 1)
	}
}

func TestUnlockIsRefused(t *testing.T) {
	path, key := place(t)
	if err := os.WriteFile(path+".short", []byte("too short"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]embedded.Unlock{
		"none":             {},
		"both":             {Passphrase: custody.SecretString(phrase), KeyFile: key.KeyFile},
		"short passphrase": passphrase("elevenbytes"),
		"short key":        {KeyFile: path + ".short"},
		"no such key":      {KeyFile: path + ".none"},
		"folder":           {KeyFile: filepath.Dir(path)},
	} {
		if _, err := embedded.Create(path, u); err == nil {
			t.Errorf("%s: created", name)
		}
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is there: %v", err)
	}
	must(t)(embedded.Create(path, key)).Close()
	if _, err := embedded.Open(path, passphrase(phrase)); err == nil || !strings.Contains(err.Error(), "by a key file") {
		t.Errorf("passphrase where a key file opens: %v", err)
	}
}

// A key or a store that others can use is refused, also behind another name.
func TestFilesOfOthersAreRefused(t *testing.T) {
	path, key := place(t)
	must(t)(embedded.Create(path, key)).Close()
	for _, file := range []string{path, key.KeyFile} {
		for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o666, 0o700 | 0o001} {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := embedded.Open(path, key); err == nil || !strings.Contains(err.Error(), "chmod 600") {
				t.Errorf("%s with mode %04o: %v", filepath.Base(file), mode, err)
			}
		}
		for _, mode := range []fs.FileMode{0o400, 0o600} {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
			must(t)(embedded.Open(path, key)).Close()
		}
	}
	for _, link := range []struct{ path, key string }{{path + ".link", key.KeyFile}, {path, key.KeyFile + ".link"}} {
		for _, l := range []string{link.path, link.key} {
			if target, found := strings.CutSuffix(l, ".link"); found {
				if err := os.Symlink(target, l); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := embedded.Open(link.path, embedded.Unlock{KeyFile: link.key}); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("symbolic link: %v", err)
		}
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(key.KeyFile, 12345, -1); err != nil {
			t.Fatal(err)
		}
		if _, err := embedded.Open(path, key); err == nil || !strings.Contains(err.Error(), "another user") {
			t.Errorf("key file of another user: %v", err)
		}
	}
}

func TestCreateTakesNothingAway(t *testing.T) {
	path, key := place(t)
	if err := embedded.CreateKeyFile(key.KeyFile); !errors.Is(err, fs.ErrExist) {
		t.Errorf("key file over a key file: %v", err)
	}
	s := must(t)(embedded.Create(path, key))
	put(t, s, "credentials/a", "kept", 0)
	s.Close()
	if _, err := embedded.Create(path, key); !errors.Is(err, fs.ErrExist) {
		t.Errorf("store over a store: %v", err)
	}
	wantValue(t, must(t)(embedded.OpenOrCreate(path, key)), "credentials/a", "kept", 1)
}

func TestOpenOrCreate(t *testing.T) {
	dir := t.TempDir()
	path, key := filepath.Join(dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(dir, "key")}
	if _, err := embedded.Open(path, key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open nothing: %v", err)
	}
	s := must(t)(embedded.OpenOrCreate(path, key))
	put(t, s, "credentials/a", "kept", 0)
	s.Close()
	for _, file := range []string{path, key.KeyFile, path + ".lock"} {
		if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v", filepath.Base(file), info.Mode(), err)
		}
	}
	wantValue(t, must(t)(embedded.OpenOrCreate(path, key)), "credentials/a", "kept", 1)

	// A store whose key is lost is not a first start.
	path, key = place(t)
	must(t)(embedded.Create(path, key)).Close()
	if err := os.Remove(key.KeyFile); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.OpenOrCreate(path, key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the key: %v", err)
	}
	if _, err := os.Stat(key.KeyFile); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a new key was made for an old store")
	}
}

// Every byte of the file counts: whichever is altered, the store does not open.
func TestAlteredFileDoesNotOpen(t *testing.T) {
	path, key := place(t)
	s := must(t)(embedded.Create(path, key))
	put(t, s, "credentials/a", "one", 0)
	put(t, s, "credentials/b", "another", 0)
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, file []byte) {
		t.Helper()
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := embedded.Open(path, key)
		if !errors.Is(err, embedded.ErrDamaged) && !errors.Is(err, embedded.ErrWrongKey) {
			if err == nil || !strings.Contains(err.Error(), "this store is opened by") {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	for i := range whole[:len(whole)-1] {
		altered := bytes.Clone(whole)
		altered[i] ^= 1
		refuse(fmt.Sprint("byte ", i), altered)
	}
	for _, length := range []int{0, 1, len(whole) / 2, len(whole) - 2} {
		refuse(fmt.Sprintf("cut to %d bytes", length), whole[:length])
	}

	// The seal alone would do; each part must also be bound to its place.
	edit := func(what string, change func(file map[string]any)) {
		t.Helper()
		body, seal, _ := bytes.Cut(whole, []byte("\n"))
		var file map[string]any
		if err := json.Unmarshal(body, &file); err != nil {
			t.Fatal(err)
		}
		change(file)
		body, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		refuse(what, fmt.Appendf(body, "\n%s", seal))
	}
	edit("secrets swapped", func(f map[string]any) {
		secrets := f["secrets"].(map[string]any)
		secrets["credentials/a"], secrets["credentials/b"] = secrets["credentials/b"], secrets["credentials/a"]
	})
	edit("secret removed", func(f map[string]any) { delete(f["secrets"].(map[string]any), "credentials/a") })
	edit("ruinous parameters", func(f map[string]any) {
		f["kdf"].(map[string]any)["name"] = "argon2id"
		f["kdf"].(map[string]any)["memory_kib"] = 1 << 31
	})
}

func TestOneProcessAtATime(t *testing.T) {
	path, key := place(t)
	s := must(t)(embedded.Create(path, key))
	for name, open := range map[string]func(string, embedded.Unlock) (*embedded.Store, error){
		"Open": embedded.Open, "Create": embedded.Create, "OpenOrCreate": embedded.OpenOrCreate,
	} {
		if _, err := open(path, key); !errors.Is(err, embedded.ErrInUse) {
			t.Errorf("%s: %v, want %v", name, err, embedded.ErrInUse)
		}
	}
	put(t, s, "credentials/a", "kept", 0)
	s.Close()
	wantValue(t, must(t)(embedded.Open(path, key)), "credentials/a", "kept", 1)
}

func TestClosedStoreIsUnavailable(t *testing.T) {
	path, key := place(t)
	s := must(t)(embedded.Create(path, key))
	put(t, s, "credentials/a", "kept", 0)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	for name, call := range map[string]func() error{
		"Read":      func() error { _, err := s.Read(ctx, "credentials/a"); return err },
		"Write":     func() error { _, err := s.Write(ctx, "credentials/a", custody.SecretString("x"), 1, nil); return err },
		"Delete":    func() error { return s.Delete(ctx, "credentials/a") },
		"Generate":  func() error { _, err := s.Generate(ctx, ""); return err },
		"Sign":      func() error { _, err := s.Sign(ctx, nil); return err },
		"PublicKey": func() error { _, err := s.PublicKey(ctx); return err },
		"Ready":     func() error { return s.Ready(ctx) },
	} {
		if err := call(); !errors.Is(err, desk.ErrSecretsUnavailable) {
			t.Errorf("%s: %v, want %v", name, err, desk.ErrSecretsUnavailable)
		}
	}
}

// A disk that fails must leave the store as it was, in memory and in the file.
func TestFailedWriteChangesNothing(t *testing.T) {
	path, key := place(t)
	s := must(t)(embedded.Create(path, key))
	put(t, s, "credentials/a", "kept", 0)
	if err := os.MkdirAll(filepath.Join(path+".tmp", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), "credentials/a", custody.SecretString("lost"), 1, nil); err == nil || errors.Is(err, desk.ErrVersion) {
		t.Errorf("write: %v", err)
	}
	if err := s.Delete(t.Context(), "credentials/a"); err == nil {
		t.Error("deleted")
	}
	wantValue(t, s, "credentials/a", "kept", 1)
	if err := os.RemoveAll(path + ".tmp"); err != nil {
		t.Fatal(err)
	}
	put(t, s, "credentials/a", "next", 1)
	s.Close()
	wantValue(t, must(t)(embedded.Open(path, key)), "credentials/a", "next", 2)
}

// TestReadyNoticesALostFile: and the next change makes no new one in the place of
// another, or of one that somebody moved away.
func TestReadyNoticesALostFile(t *testing.T) {
	for name, lose := range map[string]struct {
		lose func(t *testing.T, path string)
		want error
	}{
		"deleted": {func(t *testing.T, path string) { check(t, os.Remove(path)) }, desk.ErrSecretsLost},
		"replaced": {func(t *testing.T, path string) {
			text, err := os.ReadFile(path)
			check(t, err)
			check(t, os.WriteFile(path+".other", text, 0o600))
			check(t, os.Rename(path+".other", path))
		}, desk.ErrOtherSecrets},
	} {
		t.Run(name, func(t *testing.T) {
			path, key := place(t)
			s := must(t)(embedded.Create(path, key))
			put(t, s, "credentials/a", "kept", 0) // by which the file is another one
			check(t, s.Ready(t.Context()))
			lose.lose(t, path)
			if err := s.Ready(t.Context()); !errors.Is(err, lose.want) {
				t.Errorf("ready: %v", err)
			}
			if _, err := s.Write(t.Context(), "credentials/a", custody.SecretString("next"), 1, nil); !errors.Is(err, lose.want) {
				t.Errorf("write: %v", err)
			}
			wantValue(t, s, "credentials/a", "kept", 1)
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileHoldsNothingInClear(t *testing.T) {
	path, _ := place(t)
	s := must(t)(embedded.Create(path, passphrase(phrase)))
	put(t, s, "credentials/a", "canary-in-clear", 0)
	s.Close()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"canary-in-clear", "Y2FuYXJ5LWluLWNsZWFy", phrase} {
		if bytes.Contains(file, []byte(mark)) {
			t.Errorf("%q is in the file", mark)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	path, key := place(b)
	s := must(b)(embedded.Create(path, key))
	put(b, s, "credentials/a", "a password of 24 letters", 0)
	for b.Loop() {
		if _, err := s.Read(b.Context(), "credentials/a"); err != nil {
			b.Fatal(err)
		}
	}
}

// A change writes the whole file: here with 200 secrets of 10 versions each.
func BenchmarkWrite(b *testing.B) {
	path, key := place(b)
	s := must(b)(embedded.Create(path, key))
	for i := range 200 {
		for v := range int64(10) {
			put(b, s, fmt.Sprint("credentials/", i), "a password of 24 letters", v)
		}
	}
	version := int64(10)
	for b.Loop() {
		put(b, s, "credentials/0", "a password of 24 letters", version)
		version++
	}
}
