package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/config"
)

// bundle is what somebody who helps is given: files of text, each with what it is. Nothing is
// written of it before it was searched for secrets.
type bundle struct {
	parts []bundled
}

type bundled struct {
	name    string
	content []byte
}

func (b *bundle) add(name string, content []byte) { b.parts = append(b.parts, bundled{name, content}) }

func (b *bundle) addJSON(name string, v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		text = []byte("it could not be written: " + err.Error())
	}
	b.add(name, append(text, '\n'))
}

// logTail is how much of the end of a log is taken, in bytes.
const logTail = 4 << 20

// gather collects it. What cannot be had is said in its place, as that tells something, too.
func gather(ctx context.Context, cfg config.Config, file, log string) (*bundle, error) {
	b := &bundle{}
	effective, err := cfg.Effective()
	if err != nil {
		return nil, err
	}
	b.add("configuration.yaml", effective)
	b.addJSON("version.json", built())
	b.addJSON("doctor.json", (&doctor{cfg: cfg, file: file, now: time.Now()}).examine(ctx))
	for name, path := range map[string]string{"readyz.json": "/readyz", "metrics.txt": "/metrics"} {
		b.add(name, opsText(ctx, cfg, path))
	}
	if log != "" {
		tail, err := tailOf(log, logTail)
		if err != nil {
			return nil, fmt.Errorf("--log: %w", err)
		}
		b.add("log.txt", tail)
	}
	return b, nil
}

func opsText(ctx context.Context, cfg config.Config, path string) []byte {
	at, err := opsURL(cfg)
	if err != nil {
		return []byte("metrics_listen is not set\n")
	}
	status, body, err := askOps(ctx, at+path, healthTimeout)
	if err != nil {
		return []byte("nobody answers: " + err.Error() + "\n")
	}
	if status != http.StatusOK && status != http.StatusServiceUnavailable {
		return fmt.Appendf(nil, "it answers %d, and is no Tandem\n", status)
	}
	return body
}

// tailOf gives the last whole lines of a file.
func tailOf(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(max(0, size-most), io.SeekStart); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return nil, err
	}
	if size > most {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text, nil
}

// shapes are what secrets look like that no file has: tokens of Vault, private keys,
// authenticators' addresses, log-ins of Tandem's own in a header or a cookie.
var shapes = map[string]*regexp.Regexp{
	"a token of Vault's":           regexp.MustCompile(`\bhv[sbr]\.[A-Za-z0-9_-]{20,}`),
	"a private key":                regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`),
	"a key of an envelope":         regexp.MustCompile(`AGE-SECRET-KEY-1[0-9A-Z]{20,}`),
	"the seed of an authenticator": regexp.MustCompile(`otpauth://[a-z]+/`),
	"a log-in":                     regexp.MustCompile(`(?i)\b(authorization: *bearer|__Host-[a-z]+=) *[A-Za-z0-9_.~+/-]{20,}`),
	"a password in an address":     regexp.MustCompile(`[a-z][a-z0-9+.-]*://[^/\s:@"]+:[^/\s@"]+@`),
}

// shortest is how long the shortest text is that is searched for: a shorter one would be found
// by chance.
const shortest = 8

// leaks says which parts have a secret in them, and of which kind; never the secret. It knows
// what is in the files of the configuration, as it is and as it is written elsewhere, and what
// secrets look like.
func (b *bundle) leaks(cfg config.Config) error {
	var errs []error
	for _, f := range cfg.SecretFiles() {
		content, err := os.ReadFile(f.Path)
		if err != nil {
			continue // one that is not there has nothing to be found by
		}
		for _, part := range b.parts {
			if holds(part.content, content) {
				errs = append(errs, fmt.Errorf("%s has in it what is in the file of %s", part.name, f.Key))
			}
		}
	}
	for what, shape := range shapes {
		for _, part := range b.parts {
			if shape.Match(part.content) {
				errs = append(errs, fmt.Errorf("%s has %s in it", part.name, what))
			}
		}
	}
	return errors.Join(errs...)
}

// holds says whether a text has a secret in it: whole, or a line of it, in clear, base64 or hex.
func holds(text, secret []byte) bool {
	for _, piece := range append(bytes.Split(secret, []byte("\n")), secret) {
		piece = bytes.TrimSpace(piece)
		if len(piece) < shortest || bytes.HasPrefix(piece, []byte("-----")) {
			continue
		}
		for _, form := range [][]byte{piece, []byte(base64.StdEncoding.EncodeToString(piece)), []byte(base64.RawURLEncoding.EncodeToString(piece)), []byte(hex.EncodeToString(piece))} {
			if bytes.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

// write writes it as a compressed tar, with a list of what is in it and the digest of each.
func (b *bundle) write(to io.Writer) error {
	var list strings.Builder
	for _, part := range b.parts {
		sum := sha256.Sum256(part.content)
		fmt.Fprintf(&list, "%x  %s\n", sum, part.name)
	}
	compressed := gzip.NewWriter(to)
	archive := tar.NewWriter(compressed)
	now := time.Now()
	for _, part := range append(b.parts, bundled{"SHA256SUMS", []byte(list.String())}) {
		header := &tar.Header{Name: "tandem-support/" + part.name, Mode: 0o600, Size: int64(len(part.content)), ModTime: now, Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(part.content); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}
