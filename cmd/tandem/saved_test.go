package main

import (
	"bytes"
	"errors"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/auditor"
)

// TestCheckpointsAsMailProgramsSaveThem: what was done to a checkpoint on its way,
// and can be undone, is no sign that anybody changed it. What cannot be read is no
// evidence (exit 1); what was read and is wrong is (exit 4).
func TestCheckpointsAsMailProgramsSaveThem(t *testing.T) {
	e := exportDemo(t)
	each := func(prefix string, text []byte) []byte {
		return []byte(prefix + strings.ReplaceAll(strings.TrimSuffix(string(text), "\n"), "\n", "\n"+prefix) + "\n")
	}
	crlf := func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) }
	mark := func(text []byte) []byte { return append([]byte("\ufeff"), text...) }
	saved := map[string]func([]byte) []byte{
		"as it was sent":         bytes.Clone,
		"CRLF":                   crlf,
		"CR":                     func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r")) },
		"a byte order mark":      mark,
		"both":                   func(text []byte) []byte { return mark(crlf(text)) },
		"quoted":                 func(text []byte) []byte { return each("> ", text) },
		"quoted, blank lines":    func(text []byte) []byte { return bytes.ReplaceAll(each("> ", text), []byte("> \n"), []byte(">\n")) },
		"quoted twice, CRLF":     func(text []byte) []byte { return crlf(each("> > ", text)) },
		"a leading space":        func(text []byte) []byte { return each(" ", text) },
		"a leading tab":          func(text []byte) []byte { return each("\t", text) },
		"a no-break space":       func(text []byte) []byte { return each("\u00a0", text) },
		"trailing spaces":        func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("  \n")) },
		"no end of the last":     func(text []byte) []byte { return bytes.TrimSuffix(text, []byte("\n")) },
		"text around it":         func(text []byte) []byte { return []byte("Dear Otto,\n\n" + string(text) + "\n-- \nTandem\n") },
		"signatures were folded": func(text []byte) []byte { return []byte(strings.ReplaceAll(string(text), ".example ", ".example\n")) },
		"UTF-16": func(text []byte) []byte {
			wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(crlf(text))
			if err != nil {
				t.Fatal(err)
			}
			return wide
		},
		"quoted-printable": func(text []byte) []byte {
			var out bytes.Buffer
			w := quotedprintable.NewWriter(&out)
			if _, err := w.Write(text); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		},
	}
	verify := func(text []byte, key string) (auditor.Verified, error) {
		path := filepath.Join(t.TempDir(), "checkpoint.txt")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c := &cli{console: console{err: os.Stderr}}
		return c.verify(t.Context(), verification{
			export: e.path, checkpoints: []string{path}, keys: []string{key},
			witnesses: audit.Quorum{Need: 2, Keys: e.witnesses},
		})
	}
	for name, save := range saved {
		answer, err := verify(save(e.note), e.key)
		if err != nil || answer.Signed != answer.Size || len(answer.Witnesses) != 2 {
			t.Errorf("%s: %d of %d entries signed, %d witnesses, %v", name, answer.Signed, answer.Size, len(answer.Witnesses), err)
		}
		root := answer.Root
		if root == "" {
			continue
		}
		forged := bytes.Replace(e.note, []byte(root), []byte(strings.Repeat("A", len(root)-1)+"="), 1)
		if _, err := verify(save(forged), e.key); exitCode(err) != exitVerification {
			t.Errorf("%s, another root: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "a letter": "Dear Otto,\n\nthe checkpoint is attached.\n", "half of one": string(e.note[:bytes.Index(e.note, []byte("— "))+20]),
		"a dash that is another": strings.ReplaceAll(string(e.note), "— ", "- "), "a picture": "\x89PNG\r\n\x1a\n\x00",
	} {
		if _, err := verify([]byte(text), e.key); exitCode(err) != exitFailed || !errors.Is(err, auditor.ErrNoCheckpoint) {
			t.Errorf("%s: exit %d, %v", name, exitCode(err), err)
		}
	}
}

// TestExportsAsMailProgramsSaveThem: the same of a whole export.
func TestExportsAsMailProgramsSaveThem(t *testing.T) {
	e := exportDemo(t)
	lines, err := os.ReadFile(e.path)
	if err != nil {
		t.Fatal(err)
	}
	crlf := append([]byte("\ufeff"), bytes.ReplaceAll(lines, []byte("\n"), []byte("\r\n"))...)
	if err := os.WriteFile(e.path, crlf, 0o600); err != nil {
		t.Fatal(err)
	}
	answer, err := auditor.Request{
		Options: audit.VerifyOptions{Keys: []string{e.key}, Checkpoints: [][]byte{e.bare}}, Now: time.Now(),
	}.Export(t.Context(), e.path)
	if err != nil || answer.Signed != answer.Size {
		t.Errorf("%+v, %v", answer, err)
	}
}

// TestKeysAsTheyAreRead: what sticks to a key in a file is not part of it.
func TestKeysAsTheyAreRead(t *testing.T) {
	key := exportDemo(t).key
	for _, text := range []string{key, key + "\r", key + "\r\n", " " + key + " ", "\ufeff" + key, "\u00a0" + key} {
		if got, err := auditor.VerifierKey(text); err != nil || got != key {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "nonsense", key[:len(key)-4]} {
		if _, err := auditor.VerifierKey(text); exitCode(err) != exitUsage {
			t.Errorf("%q: %v", text, err)
		}
	}
}
