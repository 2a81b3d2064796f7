package soak

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
	wanted := newSearch(secrets)
	found := 0
	for kind, texts := range traces {
		for where, text := range texts {
			for _, form := range wanted.in(text) {
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

// forms are the usual forms of a secret, each as good as the secret itself.
func forms(secret string) map[string]string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		panic(err) // a string
	}
	all := map[string]string{
		"in clear":            secret,
		"in JSON":             string(quoted[1 : len(quoted)-1]),
		"as Go quotes":        strings.Trim(fmt.Sprintf("%q", secret), `"`),
		"as SQL quotes":       strings.ReplaceAll(secret, "'", "''"),
		"as MariaDB quotes":   strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(secret),
		"escaped for a query": url.QueryEscape(secret),
		"escaped for a path":  url.PathEscape(secret),
		"in hex":              hex.EncodeToString([]byte(secret)),
		"in HEX":              strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"its bytes":           strings.Trim(fmt.Sprint([]byte(secret)), "[]"),
	}
	// In base64 it depends on what stands before it, modulo three; the first and
	// the last characters depend on their neighbours.
	for shift := range 3 {
		padded := append(make([]byte, shift), secret...)
		padded = padded[:len(padded)/3*3]
		for form, encoding := range map[string]*base64.Encoding{"in base64": base64.StdEncoding, "in base64 for URLs": base64.URLEncoding} {
			encoded := encoding.EncodeToString(padded)
			all[fmt.Sprintf("%s, shifted by %d", form, shift)] = encoded[(shift+2)/3*4:]
		}
	}
	return all
}

// search is for many strings in one go, by how they begin.
type search map[[prefix]byte][]wanted

const prefix = 8 // bytes; no form of a secret is shorter

type wanted struct{ form, text string }

func newSearch(secrets []string) search {
	s := search{}
	for _, secret := range secrets {
		for form, text := range forms(secret) {
			start := [prefix]byte([]byte(text))
			s[start] = append(s[start], wanted{form, text})
		}
	}
	return s
}

// in gives the forms in which secrets are in a text.
func (s search) in(text []byte) (found []string) {
	for i := 0; i+prefix <= len(text); i++ {
		for _, w := range s[[prefix]byte(text[i:])] {
			if bytes.HasPrefix(text[i:], []byte(w.text)) {
				found = append(found, w.form)
			}
		}
	}
	return found
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

// watcher looks at the arguments and the environment of every process of this
// machine, again and again.
type watcher struct {
	planted string // in a process that it must see

	mu    sync.Mutex
	texts map[string]bool
}

// watch begins to, and ends with the test.
func watch(t *testing.T) *watcher {
	w := &watcher{planted: rand.Text(), texts: map[string]bool{}}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		looks := map[string]int{} // by process
		for look := time.NewTicker(5 * time.Millisecond); ctx.Err() == nil; <-look.C {
			w.look(looks)
		}
	}()
	t.Cleanup(func() { stop(); <-done })
	victim := exec.Command("sh", "-c", "read line", w.planted)
	victim.Env = []string{"PLANTED=" + w.planted}
	in, err := victim.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = victim.Wait() })
	return w
}

// look reads what is new: each process a few times when it is young, because it
// becomes another program then, and now and then when it is old, because some
// write what they do where their arguments were.
func (w *watcher) look(looks map[string]int) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	alive := make(map[string]int, len(processes))
	for _, process := range processes {
		n := looks[process]
		alive[process] = n + 1
		if n >= 4 && n%100 != 0 {
			continue
		}
		// In this order: what has become the oracle by then is known by its name.
		environment, _ := os.ReadFile(process + "/environ")
		arguments, _ := os.ReadFile(process + "/cmdline")
		if len(arguments) == 0 || isOracle(arguments) { // it has ended meanwhile
			continue
		}
		w.mu.Lock()
		w.texts["arguments: "+string(arguments)], w.texts["environment: "+string(environment)] = true, true
		w.mu.Unlock()
	}
	clear(looks)
	maps.Copy(looks, alive)
}

// isOracle recognises the servers' own clients, which this test gives passwords
// in their environment; psql may be a script. Tandem runs no program.
func isOracle(arguments []byte) bool {
	for i, argument := range bytes.Split(arguments, []byte{0}) {
		if name := filepath.Base(string(argument)); i < 2 && (name == "psql" || name == "mariadb") {
			return true
		}
	}
	return false
}

func (w *watcher) seen() map[string][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return map[string][]byte{"/proc": []byte(strings.Join(slices.Collect(maps.Keys(w.texts)), "\n"))}
}

// The search is good for something: it finds each form among other things.
func TestFormsAreFound(t *testing.T) {
	secret := `aB3:"'$\%#;@/?&-- é` + rand.Text()
	for name, written := range map[string]string{
		"clear":           "x" + secret + "y",
		"JSON":            string(must(json.Marshal(map[string]string{"password": secret}))),
		"query":           url.Values{"password": {secret}}.Encode(),
		"path":            (&url.URL{Scheme: "x", Host: "y", Path: "/z"}).JoinPath(url.PathEscape(secret)).String(),
		"basic":           "Basic " + base64.StdEncoding.EncodeToString([]byte("root:"+secret)),
		"base64":          base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 after 1":  base64.RawURLEncoding.EncodeToString([]byte("1" + secret + "22")),
		"base64 after 2":  base64.RawURLEncoding.EncodeToString([]byte("12" + secret + "2")),
		"hex":             fmt.Sprintf("%x", "before"+secret),
		"HEX":             fmt.Sprintf("0x%X", secret+"after"),
		"Go":              fmt.Sprintf("%q", secret),
		"Go, raw bytes":   fmt.Sprintf("%v", struct{ Password []byte }{[]byte(secret)}),
		"SQL":             "ALTER ROLE x PASSWORD '" + strings.ReplaceAll(secret, "'", "''") + "'",
		"a redacted form": "",
	} {
		if found := newSearch([]string{secret}).in([]byte(written)); (len(found) == 0) != (written == "") {
			t.Errorf("%s: found %q", name, found)
		}
	}
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}
