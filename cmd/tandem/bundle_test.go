package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/config"
)

// TestASupportBundleOfAServer: everything that somebody asks for, for its owner only; and no
// secret of the configuration, wherever it got into the log.
func TestASupportBundleOfAServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.write("passphrase", "a passphrase of the canary\n")
	h.write("smtp", "canary-of-the-mail-server\n")
	h.secrets = "secrets: embedded\nembedded: {path: " + h.file("secrets") + ", passphrase_file: " + h.file("passphrase") + "}"
	h.more = "notify:\n  from: tandem@house.test\n  smtp: {address: '127.0.0.1:1', username: tandem, password_file: " + h.file("smtp") + "}"
	h.configure()
	h.initialise("ada")
	h.start()
	h.waitFor("it to be ready", func() bool { return h.status("/readyz") == 200 })
	h.write("log", "first line\nlast line\n")
	bundled := h.file("bundle.tar.gz")
	if _, said, code := h.tandem("support-bundle", bundled, "--log", h.file("log")); code != 0 {
		t.Fatal(said)
	}
	info, err := os.Stat(bundled)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v", info.Mode())
	}
	parts := unpacked(t, bundled)
	for name, text := range map[string]string{
		"configuration.yaml": "origin: house.test/ledger", "version.json": `"go"`, "doctor.json": `"verdict"`,
		"readyz.json": `"ready"`, "metrics.txt": "tandem_ledger_entries ", "log.txt": "last line", "SHA256SUMS": "  log.txt",
	} {
		if !strings.Contains(parts["tandem-support/"+name], text) {
			t.Errorf("%s has no %q: %q", name, text, parts["tandem-support/"+name])
		}
	}
	for name, text := range parts {
		if strings.Contains(text, "of the canary") || strings.Contains(text, "canary-of-") {
			t.Errorf("%s has a secret", name)
		}
	}
	if _, said, code := h.tandem("support-bundle", bundled); code != 1 || !strings.Contains(said, "is there already") {
		t.Errorf("%d %s", code, said)
	}

	h.write("log", "level=INFO password=canary-of-the-mail-server\n")
	refused := h.file("refused.tar.gz")
	_, said, code := h.tandem("support-bundle", refused, "--log", h.file("log"))
	if code != 1 || !strings.Contains(said, "log.txt has in it what is in the file of notify.smtp.password_file") || strings.Contains(said, "canary") {
		t.Errorf("%d %s", code, said)
	}
	if _, err := os.Stat(refused); !errors.Is(err, os.ErrNotExist) {
		t.Error("it was written all the same")
	}
}

func unpacked(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	plain, err := gzip.NewReader(file)
	must(t, err)
	parts := map[string]string{}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return parts
		}
		must(t, err)
		text, err := io.ReadAll(archive)
		must(t, err)
		parts[header.Name] = string(text)
	}
}

// TestWhatABundleIsSearchedFor: what is in a file of the configuration, in each form in which
// it may have been written down, and what looks like a secret that no file has.
func TestWhatABundleIsSearchedFor(t *testing.T) {
	h := newHouse(t)
	h.write("secret", "  the-canary-itself\n\nshort\nanother line of it\n")
	cfg := config.Config{DatabasePasswordFile: h.file("secret")}
	cfg.Vault.WrapKeyFile = h.file("that is not there")
	for text, found := range map[string]bool{
		"x the-canary-itself x":  true,
		"x another line of it x": true,
		base64.StdEncoding.EncodeToString([]byte("the-canary-itself")):     true,
		base64.RawURLEncoding.EncodeToString([]byte("another line of it")): true,
		hex.EncodeToString([]byte("the-canary-itself")):                    true,
		"short":                                                           false, // it would be found by chance
		"nothing of it":                                                   false,
		"token=hvs.CAESIJabcdefghijklmnopqrstu":                           true,
		"hvs. is how they begin":                                          false,
		"-----BEGIN EC PRIVATE KEY-----":                                  true,
		"-----BEGIN CERTIFICATE-----":                                     false,
		"AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQ":                      true,
		"otpauth://totp/tandem:ada?secret=X":                              true,
		"Authorization: Bearer abcdefghijklmnopqrstuvwxyz":                true,
		"cookie=__Host-tandem=abcdefghijklmnopqrstuvwxyz":                 true,
		"postgres://tandem:hunter2@db/tandem":                             true,
		"postgres://tandem@db:5432/tandem and mails to tandem@house.test": false,
		"https://vault.example.org:8200/v1 asked by ada@example.org":      false,
	} {
		b := &bundle{}
		b.add("clean.txt", []byte("nothing"))
		b.add("log.txt", []byte("before\n"+text+"\nafter"))
		err := b.leaks(cfg)
		if (err != nil) != found {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "log.txt has ") || strings.Contains(err.Error(), "clean.txt") || strings.Contains(err.Error(), text)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestTheEndOfALogIsOfWholeLines: the last ones, and no half of one.
func TestTheEndOfALogIsOfWholeLines(t *testing.T) {
	h := newHouse(t)
	h.write("log", "aaaa\nbbbb\ncccc\n")
	for most, want := range map[int64]string{100: "aaaa\nbbbb\ncccc\n", 15: "aaaa\nbbbb\ncccc\n", 12: "bbbb\ncccc\n", 7: "cccc\n"} {
		if got, err := tailOf(h.file("log"), most); err != nil || string(got) != want {
			t.Errorf("of %d bytes: %q, %v", most, got, err)
		}
	}
	if _, err := tailOf(h.file("none"), 1); err == nil {
		t.Error("there is no such log")
	}
}
