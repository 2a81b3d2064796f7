package servertest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// NewPassword gives a random password with the signs that could be mistaken
// for something else on their way.
func NewPassword() custody.Secret {
	return custody.SecretString(rand.Text()[:12] + ` :"'$\%#;@/?&-- ` + rand.Text()[:12])
}

// NewName makes the name of an account that no other test has.
func NewName() string { return "tandem-test-" + strings.ToLower(rand.Text()[:10]) }

// NoTrace fails the test if a secret, or a form of it that is as good, is in a
// file below the folder (logs and data), or among the arguments or in the
// environment of the process.
func NoTrace(t testing.TB, dir string, process *Process, secrets ...custody.Secret) {
	t.Helper()
	looked := 0
	look := func(path string) {
		content, err := os.ReadFile(path)
		if err != nil {
			if !os.IsNotExist(err) { // gone meanwhile
				t.Error(err)
			}
			return
		}
		looked++
		for i, secret := range secrets {
			if form := Trace(content, secret); form != "" {
				t.Errorf("secret %d is in %s, %s", i, path, form)
			}
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			look(path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if looked == 0 {
		t.Error("there is no file to look into")
	}
	proc := fmt.Sprintf("/proc/%d", process.PID())
	look(filepath.Join(proc, "cmdline"))
	look(filepath.Join(proc, "environ"))
}

// Trace says in which form a secret is in a text, or "".
func Trace(text []byte, secret custody.Secret) (form string) {
	clear := secret.Reveal()
	for form, s := range map[string]string{
		"in clear":            clear,
		"its random half":     clear[:min(12, len(clear))], // what is left of it after any quoting
		"in hex":              hex.EncodeToString([]byte(clear)),
		"in base64":           base64.RawStdEncoding.EncodeToString([]byte(clear)),
		"in base64 for URLs":  base64.RawURLEncoding.EncodeToString([]byte(clear)),
		"escaped for a query": url.QueryEscape(clear),
		"escaped for a path":  url.PathEscape(clear),
	} {
		if bytes.Contains(text, []byte(s)) || bytes.Contains(text, []byte(strings.ToUpper(s))) {
			return form
		}
	}
	return ""
}
