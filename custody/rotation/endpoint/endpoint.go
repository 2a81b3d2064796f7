package endpoint

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// The settings that Open reads.
var (
	TLS = desk.TargetSetting{Name: "tls", Choices: []string{"verify", "off"}, Login: true}
	CA  = desk.TargetSetting{Name: "ca", Join: " ", Example: "-----BEGIN CERTIFICATE-----", Login: true}
)

// Endpoint is where a server listens.
type Endpoint struct {
	Address string      // host:port
	Host    string      // a name or an IP address, without brackets
	Port    uint16      // never 0
	TLS     *tls.Config // nil: in clear, on loopback

	// Fingerprints are those of the certificates in the setting ca, SHA-256 in hex; none:
	// whoever this machine trusts vouches for the server.
	Fingerprints []string
}

// Open reads a target's address and the settings tls and ca. Its error is a
// *custody.Refusal that names the field.
func Open(t custody.Target) (Endpoint, error) {
	host, port, err := Split(t.Address)
	if err != nil {
		return Endpoint{}, err
	}
	e := Endpoint{Address: t.Address, Host: host, Port: port}
	roots, fingerprints, err := readRoots(t.Settings)
	if err != nil {
		return Endpoint{}, err
	}
	e.Fingerprints = fingerprints
	switch t.Settings["tls"] {
	case "", "verify":
		e.TLS = &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12}
	case "off":
		if !loopback(host) {
			return Endpoint{}, custody.Invalid("target.settings.tls", "tls_off_elsewhere")
		}
	default:
		return Endpoint{}, custody.Invalid("target.settings.tls", "tls_mode")
	}
	return e, nil
}

// WrongHost says that an error of a connection means that the server did not
// show a certificate as TLS wants it.
func WrongHost(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
}

// readRoots gives nil for the system's.
func readRoots(settings map[string]string) (roots *x509.CertPool, fingerprints []string, err error) {
	text, set := settings["ca"]
	if !set {
		return nil, nil, nil
	}
	refusal := custody.Invalid("target.settings.ca", "no_certificates")
	roots, found := x509.NewCertPool(), false
	for rest := []byte(lines.Replace(text)); len(strings.TrimSpace(string(rest))) > 0; found = true {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, nil, refusal
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, refusal
		}
		roots.AddCert(certificate)
		sum := sha256.Sum256(certificate.Raw)
		fingerprints = append(fingerprints, Fingerprint(sum[:]))
		rest = after
	}
	if !found {
		return nil, nil, refusal
	}
	return roots, fingerprints, nil
}

// Fingerprint writes the SHA-256 of a certificate as openssl x509 -fingerprint does.
func Fingerprint(sum []byte) string {
	return "SHA-256 " + strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// lines gives PEM that is all on one line the breaks that encoding/pem needs.
var lines = strings.NewReplacer(
	"-----BEGIN CERTIFICATE-----", "\n-----BEGIN CERTIFICATE-----\n",
	"-----END CERTIFICATE-----", "\n-----END CERTIFICATE-----\n")

// Split reads a target's address, host:port. Its error is a *custody.Refusal that
// says what to type instead of what people often type.
func Split(address string) (host string, port uint16, err error) {
	const field = "target.address"
	if scheme, _, found := strings.Cut(address, "://"); found {
		return "", 0, custody.Invalid(field, "address_with_scheme", custody.Args{"scheme": scheme})
	}
	if strings.Contains(address, "@") {
		return "", 0, custody.Invalid(field, "address_with_account")
	}
	host, digits, err := net.SplitHostPort(address)
	switch {
	case err != nil && strings.Count(address, ":") > 1:
		return "", 0, custody.Invalid(field, "address_without_brackets")
	case err != nil && address != "" && !strings.Contains(address, ":"):
		return "", 0, custody.Invalid(field, "address_without_port")
	case err != nil || host == "" || strings.ContainsFunc(host, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(",/", r)
	}):
		return "", 0, custody.Invalid(field, "no_address")
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 {
		return "", 0, custody.Invalid(field, "no_port")
	}
	return host, uint16(n), nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
