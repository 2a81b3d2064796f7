package keeper

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness/witnesstest"
)

// write is enough for a test: its machine does not lose power.
func write(path string, content []byte) error { return os.WriteFile(path, content, 0o600) }

func TestKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "witness.key")
	if _, err := OpenKey(path, "", write); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for _, name := range []string{"a b", "a+b", "\n"} {
		if _, err := OpenKey(path, name, write); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	made, err := OpenKey(path, "witness.example", write)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, name := range []string{"", "witness.example"} {
		again, err := OpenKey(path, name, write)
		if err != nil || !again.private.Equal(made.private) || again.Name != made.Name {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := OpenKey(path, "other.example", write); err == nil {
		t.Error("a key has two names")
	}

	// Another implementation reads the file, and signs as the same witness.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := cosig.NewSignerForCosignatureV1(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		t.Fatal(err)
	}
	l := witnesstest.NewLedger(t).Grow(1, "entry")
	c := l.At(1)
	body, _, _ := strings.Cut(string(c.Text), "\n\n")
	signed, err := note.Sign(&note.Note{Text: body + "\n"}, peer)
	if err != nil {
		t.Fatal(err)
	}
	public, _ := made.PublicKey(t.Context())
	vkey, err := audit.CosignerKey(made.Name, public)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := (audit.Checkpoint{Text: signed}).Cosignatures(vkey); err != nil || len(found) != 1 {
		t.Error(found, err)
	}

	// What is no key is refused, and never repeated.
	parts := strings.SplitN(strings.TrimSuffix(string(text), "\n"), "+", 5)
	other := append([]string{}, parts...)
	other[3] = "00000000"
	plain, _, err := note.GenerateKey(nil, "plain.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "hunter2", strings.Join(parts[:4], "+"), strings.Join(parts, "+") + "A", strings.Join(other, "+"), plain} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKey(path, "", write); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(path, "", write); err == nil {
		t.Error("others can read the key")
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("PRIVATE+KEY+witness.example+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("PRIVATE+KEY+w++")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseKey(text)
		if err == nil && (key.Name == "" || len(key.private) != ed25519.PrivateKeySize) {
			t.Fatalf("%q is taken for a key", text)
		}
	})
}
