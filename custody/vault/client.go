package vault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/hashicorp/vault/api"
)

const (
	// defaultTimeout is for one request with its retries.
	defaultTimeout = 10 * time.Second

	// A Vault that restarts or changes its leader answers again within moments;
	// a person waits for the read that these retries belong to.
	readRetries  = 2
	minRetryWait = 50 * time.Millisecond
	maxRetryWait = 250 * time.Millisecond

	// idleConnections to Vault are kept for as many calls at the same time.
	idleConnections = 64

	// RequestHeader carries the request's id, so that Vault's audit log can be
	// laid beside the ledger. Setup makes Vault log it.
	RequestHeader = "X-Tandem-Request"
	maxRequestID  = 128
)

// Config says where Vault is and how to log in: AppRole or TokenFile, one of them.
type Config struct {
	Address   string // such as https://vault.example:8200
	Namespace string // of Vault Enterprise; "" otherwise
	CAFile    string // PEM; "" for the system's authorities
	Names     Names

	WrapKey WrapKey // that values are wrapped with before they reach Vault; zero: they are not

	AppRole   *AppRole
	TokenFile string // holds a token; read again when it changes

	Timeout   time.Duration                // of one request with its retries; 0 for 10 s
	RequestID func(context.Context) string // the id that RequestHeader carries; nil, or "": none
	Log       *slog.Logger
}

// AppRole is the log-in of a service.
type AppRole struct {
	RoleID     string
	RoleIDFile string // instead; read again at each log-in
	// SecretIDFile holds the secret_id. It is read again at each log-in.
	SecretIDFile string
	// Wrapped: the file holds a response-wrapping token instead, which is
	// unwrapped once; the secret_id then is in memory only, so each start of the
	// process needs a new one. If unwrapping fails somebody else may have the
	// secret_id: that is an alarm (ErrWrappingToken) and not tried again.
	Wrapped bool
}

// NewClient gives a client without a token for the Vault that c says, for Setup
// and Check. It takes nothing from VAULT_* in the environment.
func NewClient(c Config) (*api.Client, error) {
	transport, err := c.transport(nil)
	if err != nil {
		return nil, err
	}
	return c.client(transport, "", 0, c.timeout())
}

// client gives a client of Vault's with its own token and number of retries.
// timeout is for one try, until its body has been read; 0 leaves it to each
// call's context.
func (c Config) client(transport http.RoundTripper, token string, retries int, timeout time.Duration) (*api.Client, error) {
	client, err := api.NewClient(&api.Config{
		Address: c.Address,
		// Not api.Config.Timeout: that cancels the request as soon as the headers
		// are there, and a body that comes a moment later is lost (writeRaw in
		// api/logical.go).
		HttpClient:   &http.Client{Transport: transport, Timeout: timeout},
		MaxRetries:   retries,
		MinRetryWait: minRetryWait,
		MaxRetryWait: maxRetryWait,
	})
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	// What NewClient took from the environment goes.
	client.SetHeaders(http.Header{api.RequestHeaderName: {"true"}})
	client.SetToken(token)
	client.SetWrappingLookupFunc(func(string, string) string { return "" }) // VAULT_WRAP_TTL
	if c.Namespace != "" {
		client.SetNamespace(c.Namespace)
	}
	return client, nil
}

func (c Config) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return defaultTimeout
}

// transport is shared by all clients of a store. told is carrier's.
func (c Config) transport(told func(answered)) (http.RoundTripper, error) {
	address, err := url.Parse(c.Address)
	if err != nil || address.Host == "" || address.User != nil || (address.Scheme != "https" && address.Scheme != "http") {
		// The address itself is left out: it could hold a password.
		return nil, errors.New("vault: the address is not of the form https://HOST:PORT")
	}
	if address.Scheme == "http" && !loopback(address.Hostname()) && c.Log != nil {
		c.Log.Warn("secrets cross the network in clear: use https for Vault", "host", address.Host)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = idleConnections
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("vault: no certificate in %s", c.CAFile)
		}
	}
	return carrier{transport, c.RequestID, c.Names, told}, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// carrier puts the request's id on its way, which Vault's client would take only
// per client and not per call, and goes nowhere else than to the configured
// address: Vault's client would follow a redirect, with the token and what is
// written, and takes a second one for success.
type carrier struct {
	*http.Transport
	id    func(context.Context) string // nil: none
	names Names
	told  func(answered) // of each request, without waiting; nil: nobody is
}

func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.id != nil {
		if id := c.id(r.Context()); printable(id) {
			r = r.Clone(r.Context()) // a RoundTripper must not change what it is given
			r.Header.Set(RequestHeader, id)
		}
	}
	began := time.Now()
	got, err := c.Transport.RoundTrip(r)
	if c.told != nil {
		c.told(answered{c.names.kind(r), err == nil && got.StatusCode < http.StatusInternalServerError, time.Since(began)})
	}
	if err == nil && got.StatusCode >= 300 && got.StatusCode < 400 {
		_ = got.Body.Close() // unread
		return nil, &answer{status: got.StatusCode, reasons: []string{
			"it sends Tandem to another address, where no secret goes: configure the address of the active Vault, or have the standby forward requests"}}
	}
	return got, err
}

// printable: an id that is none must not make a read fail.
func printable(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return id != "" && len(id) <= maxRequestID
}
