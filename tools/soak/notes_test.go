package soak

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// notes are what the process under test saw happen, in files that outlive it:
// log-ins, and the values that were made.
type notes struct{ dir string }

// note is one line of them. No secret is in it.
type note struct {
	What   string
	Digest string `json:",omitempty"` // of the value that was tried
}

const (
	letIn           = "let in"
	refused         = "refused"
	reportsVerified = "reports verified"
	reportsPromoted = "reports promoted"
)

func digest(secret custody.Secret) string {
	sum := sha256.Sum256(secret.Bytes())
	return hex.EncodeToString(sum[:])
}

func (n *notes) write(line note) { n.append("log-ins", line) }

// made keeps a value in clear, so that it can be searched for everywhere else.
func (n *notes) made(value custody.Secret) {
	if !value.IsZero() {
		n.append("made", value.Reveal())
	}
}

func (n *notes) append(name string, line any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err) // a string, or strings
	}
	file, err := os.OpenFile(filepath.Join(n.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if _, err = file.Write(append(text, '\n')); err == nil {
		err = file.Sync()
	}
	if err != nil {
		panic(err)
	}
}

// read gives all lines so far.
func read[V any](t testing.TB, n *notes, name string) (lines []V) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(n.dir, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for scan := bufio.NewScanner(bytes.NewReader(text)); scan.Scan(); {
		var line V
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}
