package soak

import (
	"bytes"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
)

// findNoSecret looks for every secret that ever existed in the trial, wherever
// Tandem or the server could have left one; and for what was planted there, so
// that nothing is looked for in vain.
func (r *trial) findNoSecret(seen *watcher) {
	r.t.Helper()
	const shown = 3 // of what could be many
	planted := rand.Text()
	r.plant(planted)
	traces := map[string]map[string][]byte{
		"Tandem's files":            collected(r.t, r.Dir),
		"the server's":              r.traces(),
		"errors":                    {"as they were answered": []byte(strings.Join(r.said, "\n"))},
		"arguments and environment": seen.seen(),
	}
	if !contains(traces["the server's"], planted) {
		r.t.Error("what was planted at the server is not found in what it wrote")
	}
	for _, text := range []string{"\x00" + seen.planted, "PLANTED=" + seen.planted} {
		if !contains(traces["arguments and environment"], text) {
			r.t.Error("what was planted among the arguments or in the environment of a process was not seen")
		}
	}
	if r.vault != nil && !contains(traces["the server's"], desk.CredentialPath(r.Name)) {
		r.t.Error("Vault's audit log does not even name the credential")
	}
	ours := traces["Tandem's files"]
	for what, texts := range map[string][][]byte{
		"log":                 {ours[filepath.Join(r.Dir, "log")]},
		"database and ledger": {ours[r.database()], ours[r.database()+"-wal"]},
	} {
		if !bytes.Contains(bytes.Join(texts, nil), []byte(r.Name)) { // which is no secret
			r.t.Errorf("Tandem's %s does not even name the credential", what)
		}
	}
	secrets := r.everySecret()
	needles := newSearch(secrets)
	found := 0
	for kind, texts := range traces {
		for where, text := range texts {
			for _, form := range needles.in(text) {
				if found++; found <= shown {
					r.t.Errorf("a secret is in %s, %s: %s", kind, where, form)
				}
			}
		}
	}
	r.t.Logf("%d secrets were looked for in %d places", len(secrets), len(ours)+len(traces["the server's"])+3)
}

// everySecret are all passwords that were ever made, also those that were
// never used, the keys, and the seeds.
func (r *trial) everySecret() []string {
	all := append(read[string](r.t, r.notes, "made"), r.password.Reveal())
	if r.vault != nil {
		id, err := os.ReadFile(r.vault.SecretIDFile)
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, string(id))
	}
	for line := range strings.Lines(r.key.Reveal()) { // of a private key, the lines that are its own
		if line = strings.TrimSpace(line); len(line) > 20 && !strings.HasPrefix(line, "-----") {
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func contains(texts map[string][]byte, what string) bool {
	for _, text := range texts {
		if bytes.Contains(text, []byte(what)) {
			return true
		}
	}
	return false
}

// collect reads all files below a folder.
func collect(t testing.TB, dir string, into map[string][]byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			into[path], err = os.ReadFile(path)
		}
		if os.IsNotExist(err) { // gone meanwhile
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func collected(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	collect(t, dir, found)
	return found
}
