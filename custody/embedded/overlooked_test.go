package embedded_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
)

// TestTwoStoresHaveNothingInCommon: a key that is not drawn would be everybody's,
// and whoever has one store could sign the ledger of another; two stores with one
// passphrase and one salt would be guessed at the price of one.
func TestTwoStoresHaveNothingInCommon(t *testing.T) {
	type file struct {
		KDF struct {
			Salt []byte `json:"salt"`
		} `json:"kdf"`
	}
	dir := t.TempDir()
	var keys [2][]byte
	var files [2]file
	for i, name := range []string{"one", "two"} {
		path := filepath.Join(dir, name)
		s := must(t)(embedded.Create(path, passphrase(phrase)))
		key, err := s.PublicKey(t.Context())
		check(t, err)
		keys[i] = key
		text, err := os.ReadFile(path)
		check(t, err)
		body, _, _ := strings.Cut(string(text), "\n")
		check(t, json.Unmarshal([]byte(body), &files[i]))
	}
	if string(keys[0]) == string(keys[1]) {
		t.Error("both sign with one key")
	}
	if string(files[0].KDF.Salt) == string(files[1].KDF.Salt) {
		t.Error("both have one salt")
	}
}

// TestAFirstStartTakesTheKeyFileThatIsThere: whoever made one beforehand gets no
// other, and no error.
func TestAFirstStartTakesTheKeyFileThatIsThere(t *testing.T) {
	path, key := place(t)
	before, err := os.ReadFile(key.KeyFile)
	check(t, err)
	must(t)(embedded.OpenOrCreate(path, key)).Close()
	if after, err := os.ReadFile(key.KeyFile); err != nil || string(after) != string(before) {
		t.Errorf("the key file is another one now (%v)", err)
	}
	must(t)(embedded.Open(path, key))
}

// TestOpensWithTellsWhatTheNextStartWillSay: the key that a running store was
// opened with may have been exchanged under it.
func TestOpensWithTellsWhatTheNextStartWillSay(t *testing.T) {
	path, key := place(t)
	_, other := place(t)
	s := must(t)(embedded.Create(path, key))
	check(t, s.OpensWith(key))
	if err := s.OpensWith(other); !errors.Is(err, embedded.ErrWrongKey) {
		t.Errorf("another key: %v, want %v", err, embedded.ErrWrongKey)
	}
	check(t, os.Chmod(path, 0o640))
	if err := s.OpensWith(key); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others can read: %v", err)
	}
}

// TestAStoreWithAKeyFileOpensByNothingElse: not with a passphrase beside it
// either, of which somebody would believe that it protects something.
func TestAStoreWithAKeyFileOpensByNothingElse(t *testing.T) {
	path, key := place(t)
	must(t)(embedded.Create(path, key)).Close()
	for name, u := range map[string]embedded.Unlock{
		"both": {Passphrase: custody.SecretString(phrase), KeyFile: key.KeyFile}, "nothing": {},
	} {
		if _, err := embedded.Open(path, u); err == nil || !strings.Contains(err.Error(), "by a key file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAKeyThatIsNoFileIsRefused: a pipe can be read once, by whoever is first.
func TestAKeyThatIsNoFileIsRefused(t *testing.T) {
	path, key := place(t)
	pipe := key.KeyFile + ".pipe"
	check(t, syscall.Mkfifo(pipe, 0o600))
	if _, err := embedded.Create(path, embedded.Unlock{KeyFile: pipe}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a pipe: %v", err)
	}
}

// TestAFolderThatCannotBeLookedAtIsNotAnotherStore: nobody replaced the file by
// another as long as nobody can look.
func TestAFolderThatCannotBeLookedAtIsNotAnotherStore(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	check(t, os.Mkdir(folder, 0o700))
	s := must(t)(embedded.Create(filepath.Join(folder, "secrets"), passphrase(phrase)))
	check(t, os.Rename(folder, folder+".away"))
	check(t, os.WriteFile(folder, nil, 0o600))
	if err := s.Ready(t.Context()); !errors.Is(err, desk.ErrSecretsUnavailable) || errors.Is(err, desk.ErrOtherSecrets) {
		t.Errorf("ready: %v, want %v", err, desk.ErrSecretsUnavailable)
	}
}
