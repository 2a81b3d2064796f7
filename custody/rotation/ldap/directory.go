package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

const (
	// connectTimeout bounds a connection from the first packet to the end of TLS.
	connectTimeout = 20 * time.Second
	// answerTimeout bounds the directory's answer to one request, which may
	// have a slow hash to make.
	answerTimeout = 20 * time.Second
)

// The setting tls, besides "off", which endpoint knows.
const (
	startTLS = "starttls"
	ldaps    = "ldaps"
)

// directory is where to connect, and by what it is known.
type directory struct {
	endpoint.Endpoint
	ldaps bool // TLS from the first byte on
}

// parseDirectory reads the address and the settings tls and ca.
func parseDirectory(t custody.Target) (directory, error) {
	how := t.Settings["tls"]
	t.Settings = maps.Clone(t.Settings)
	switch how {
	case "", startTLS, ldaps:
		delete(t.Settings, "tls")
	case "off":
	default:
		return directory{}, custody.Invalid("target.settings.tls", "ldap_tls")
	}
	where, err := endpoint.Open(t)
	return directory{where, how == ldaps}, err
}

// connection is one to a directory. It ends with the context it was made with.
type connection struct {
	*ldap.Conn
	address string
	release func() bool
}

// Close is told nothing that matters: what was asked is answered by then.
func (c *connection) Close() {
	c.release()
	_ = c.Conn.Close()
}

// connect makes a connection on which nobody is logged in. Its errors are
// rotation.ErrUnreachable or rotation.ErrHostKey. A directory that does not do
// TLS, or somebody between who says so in its name, counts as not reached.
func (d directory) connect(ctx context.Context) (*connection, error) {
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	wire, err := new(net.Dialer).DialContext(limited, "tcp", d.Address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", rotation.ErrUnreachable, err)
	}
	// Whatever waits for the directory ends when the wire is cut.
	defer context.AfterFunc(limited, func() { wire.Close() })()
	var mismatch error
	conn, failed := d.secure(wire, &mismatch)
	switch {
	case failed == nil:
		conn.SetTimeout(answerTimeout)
		return &connection{conn, d.Address, context.AfterFunc(ctx, func() { wire.Close() })}, nil
	case mismatch != nil:
		return nil, fmt.Errorf("%w: %s", rotation.ErrHostKey, d.Address)
	case limited.Err() != nil:
		return nil, fmt.Errorf("%w: TLS with %s: %w", rotation.ErrUnreachable, d.Address, limited.Err())
	}
	err = fmt.Errorf("%w: %s did not begin TLS", rotation.ErrUnreachable, d.Address)
	if _, answered := resultOf(failed); answered { // to StartTLS, with a no
		return nil, rotation.Because(rotation.TLSRequired, err)
	}
	return nil, err
}

// secure begins TLS, unless the directory is reached in clear. mismatch is set
// where the certificate is not the one that must be there.
func (d directory) secure(wire net.Conn, mismatch *error) (*ldap.Conn, error) {
	if d.TLS == nil {
		conn := ldap.NewConn(wire, false)
		conn.Start()
		return conn, nil
	}
	config := d.TLS.Clone()
	// The same check is made here instead: of its outcome the LDAP library
	// would pass on no more than a text.
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(state tls.ConnectionState) error {
		*mismatch = check(d.TLS, state.PeerCertificates)
		return *mismatch
	}
	if d.ldaps {
		secured := tls.Client(wire, config)
		if err := secured.Handshake(); err != nil {
			wire.Close()
			return nil, err
		}
		conn := ldap.NewConn(secured, true)
		conn.Start()
		return conn, nil
	}
	conn := ldap.NewConn(wire, false)
	conn.Start()
	if err := conn.StartTLS(config); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// check is what crypto/tls does by itself: the chain, the dates and the name.
func check(config *tls.Config, chain []*x509.Certificate) error {
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName: config.ServerName, Roots: config.RootCAs, Intermediates: between})
	return err
}
