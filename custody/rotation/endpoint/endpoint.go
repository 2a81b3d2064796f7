package endpoint

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tandem-custody/tandem/custody"
)

// Endpoint is where a server listens.
type Endpoint struct {
	Address string      // host:port
	Host    string      // a name or an IP address, without brackets
	Port    uint16      // never 0
	TLS     *tls.Config // nil: in clear, on loopback
}

// Open reads a target's address and the settings tls and ca. Its error is a
// *custody.Refusal that names the field.
func Open(t custody.Target) (Endpoint, error) {
	host, port, ok := split(t.Address)
	if !ok {
		return Endpoint{}, custody.Invalid("target.address", custody.Text{En: "must be host:port", Zh: "必须为 主机:端口"})
	}
	e := Endpoint{Address: t.Address, Host: host, Port: port}
	roots, err := readRoots(t.Settings)
	if err != nil {
		return Endpoint{}, err
	}
	switch t.Settings["tls"] {
	case "", "verify":
		e.TLS = &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12}
	case "off":
		if !loopback(host) {
			return Endpoint{}, custody.Invalid("target.settings.tls", custody.Text{
				En: "may be off only for a loopback address", Zh: "仅本机回环地址可以设为 off"})
		}
	default:
		return Endpoint{}, custody.Invalid("target.settings.tls", custody.Text{
			En: "must be verify or off", Zh: "必须为 verify 或 off"})
	}
	return e, nil
}

// Known refuses settings other than tls, ca and those named.
func Known(t custody.Target, names ...string) error {
	names = append([]string{"tls", "ca"}, names...)
	for name := range t.Settings {
		if !slices.Contains(names, name) {
			list := strings.Join(names, ", ")
			return custody.Invalid("target.settings", custody.Text{En: "knows only " + list, Zh: "只能包含 " + list})
		}
	}
	return nil
}

// WrongHost says that an error of a connection means that the server did not
// show a certificate as TLS wants it.
func WrongHost(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
}

// readRoots gives nil for the system's.
func readRoots(settings map[string]string) (*x509.CertPool, error) {
	text, set := settings["ca"]
	if !set {
		return nil, nil
	}
	refusal := custody.Invalid("target.settings.ca", custody.Text{En: "must be certificates in PEM", Zh: "必须为 PEM 格式的证书"})
	roots, found := x509.NewCertPool(), false
	for rest := []byte(lines.Replace(text)); len(strings.TrimSpace(string(rest))) > 0; found = true {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, refusal
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, refusal
		}
		roots.AddCert(certificate)
		rest = after
	}
	if !found {
		return nil, refusal
	}
	return roots, nil
}

// lines gives PEM that is all on one line the breaks that encoding/pem needs.
var lines = strings.NewReplacer(
	"-----BEGIN CERTIFICATE-----", "\n-----BEGIN CERTIFICATE-----\n",
	"-----END CERTIFICATE-----", "\n-----END CERTIFICATE-----\n")

func split(address string) (host string, port uint16, ok bool) {
	host, digits, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.ContainsFunc(host, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(",/", r)
	}) {
		return "", 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	return host, uint16(n), err == nil && n > 0
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
