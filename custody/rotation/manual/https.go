package manual

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

const (
	probeTimeout    = 10 * time.Second // for both requests together
	maxHeaderLength = 64 << 10         // bytes of an answer
)

// httpsSettings are those of the probe. tls is taken too, as long as it says verify.
var httpsSettings = []desk.TargetSetting{{Name: "path", Example: "/redfish/v1/Systems"}, {Name: "sha256", Example: "3A:5F:…"}, endpoint.CA}

// httpsTarget is an account that a web server knows by Basic authentication.
type httpsTarget struct {
	byHand
	url     url.URL
	account string
	client  http.Client

	fingerprints []string
}

// openHTTPS is a rotation.Opener.
func openHTTPS(t custody.Target, _ custody.Secret) (rotation.Target, error) {
	if err := rotation.CheckSettings(t, append([]desk.TargetSetting{endpoint.TLS}, httpsSettings...)); err != nil {
		return nil, err
	}
	at, err := endpoint.Open(t)
	if err != nil {
		return nil, err
	}
	if at.TLS == nil {
		return nil, custody.Invalid("target.settings.tls", "tls_must_verify")
	}
	if pinned, set := t.Settings["sha256"]; set {
		certificate, err := pin(at.TLS, pinned)
		if err != nil {
			return nil, err
		}
		at.Fingerprints = []string{certificate}
	}
	where, err := parsePath(t.Settings["path"])
	if err != nil {
		return nil, err
	}
	where.Scheme, where.Host = "https", at.Address
	if t.Account == "" || strings.ContainsFunc(t.Account, func(r rune) bool { return r == ':' || unicode.IsControl(r) }) {
		return nil, custody.Invalid("target.account", "colon")
	}
	return &httpsTarget{
		url: where, account: t.Account, fingerprints: at.Fingerprints,
		client: http.Client{
			Transport: &http.Transport{ // no proxy, whatever the environment says
				TLSClientConfig:        at.TLS,
				DisableKeepAlives:      true,
				MaxResponseHeaderBytes: maxHeaderLength,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Fingerprints is as rotation.Pinned has it.
func (t *httpsTarget) Fingerprints() []string { return t.fingerprints }

// pin has a certificate be known by its fingerprint, and by nothing else: not
// by who signed it, its names or its dates. It gives it as people compare it.
func pin(config *tls.Config, fingerprint string) (string, error) {
	wanted, err := hex.DecodeString(strings.ReplaceAll(fingerprint, ":", ""))
	if err != nil || len(wanted) != sha256.Size {
		return "", custody.Invalid("target.settings.sha256", "no_fingerprint")
	}
	if config.RootCAs != nil {
		return "", custody.Invalid("target.settings.ca", "beside_sha256")
	}
	config.InsecureSkipVerify = true // VerifyConnection is stricter
	config.VerifyConnection = func(state tls.ConnectionState) error {
		shown := sha256.Sum256(state.PeerCertificates[0].Raw)
		if !bytes.Equal(shown[:], wanted) {
			return rotation.ErrHostKey
		}
		return nil
	}
	return endpoint.Fingerprint(wanted), nil
}

func parsePath(path string) (url.URL, error) {
	if path == "" {
		path = "/"
	}
	parsed, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(path, "/") || parsed.Host != "" || parsed.Fragment != "" {
		return url.URL{}, custody.Invalid("target.settings.path", "no_path")
	}
	return *parsed, nil
}

// Identities is as rotation.Identified has it.
func (t *httpsTarget) Identities() []string {
	return []string{endpoint.Identity(httpsProbe, t.account, t.url.Host)}
}

// Describe is as rotation.Target has it.
func (t *httpsTarget) Describe() rotation.Description { return rotation.Description{ByHand: true} }

// Verify is as rotation.Target has it.
func (t *httpsTarget) Verify(ctx context.Context, secret custody.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	open, err := t.get(ctx, custody.Secret{})
	switch {
	case err != nil:
		return err
	case open != http.StatusUnauthorized:
		return rotation.Because(rotation.PasswordOff, fmt.Errorf("%s answers with status %d before any log-in, not 401: that proves nothing", t.url.Host, open))
	}
	status, err := t.get(ctx, secret)
	switch {
	case err != nil:
		return err
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%w: %s", rotation.ErrRefused, t.url.Host)
	}
	err = fmt.Errorf("%s answers the log-in with status %d", t.url.Host, status)
	if status == http.StatusForbidden || status == http.StatusTooManyRequests {
		return rotation.Because(rotation.AccountClosed, err) // or it has too few rights
	}
	return err
}

// get gives the status of an answer. The zero secret is none.
func (t *httpsTarget) get(ctx context.Context, secret custody.Secret) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url.String(), nil)
	if err != nil {
		return 0, err
	}
	if !secret.IsZero() {
		request.SetBasicAuth(t.account, secret.Reveal())
	}
	answer, err := t.client.Do(request)
	if err != nil {
		return 0, t.explain(ctx, err)
	}
	_ = answer.Body.Close() // unread
	return answer.StatusCode, nil
}

// explain says what it means that there was no answer, without repeating err:
// that can hold text from the server.
func (t *httpsTarget) explain(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, rotation.ErrHostKey), endpoint.WrongHost(err):
		return fmt.Errorf("%w: %s", rotation.ErrHostKey, t.url.Host)
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %s: %w", rotation.ErrUnreachable, t.url.Host, ctx.Err())
	}
	return fmt.Errorf("%w: %s gave no answer over HTTPS", rotation.ErrUnreachable, t.url.Host)
}
