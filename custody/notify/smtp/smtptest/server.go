package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// Mail is one that was taken, with its subject and its text decoded.
type Mail struct {
	Helo    string // how the client called itself
	User    string // who had logged in, "" for nobody
	TLS     bool   // whether the conversation was encrypted
	To      string // address of the envelope
	Header  mail.Header
	Subject string
	Text    string // lines end with \n
}

// Server is a mail server.
type Server struct {
	Address     string      // host:port
	Trust       *tls.Config // for its clients: that knows its certificate
	Certificate []byte      // the same, DER

	certificate tls.Certificate
	server      *gosmtp.Server
	options     []Option

	mu    sync.Mutex
	from  func(from string) error
	rcpt  func(to string) error
	mails chan Mail
}

// Option makes a server another one.
type Option func(*gosmtp.Server)

var (
	// NoTLS is a server, or somebody on the way to it, that offers no STARTTLS and
	// takes log-ins in clear.
	NoTLS Option = func(s *gosmtp.Server) { s.TLSConfig, s.AllowInsecureAuth = nil, true }

	// UTF8 is a server that offers SMTPUTF8 (RFC 6531).
	UTF8 Option = func(s *gosmtp.Server) { s.EnableSMTPUTF8 = true }
)

// The log-in that the server knows.
const (
	User     = "tandem"
	Password = "correct-horse-MARKED"
)

// Start runs a server until the test ends. implicit: with TLS from the first byte;
// otherwise it offers STARTTLS.
func Start(t testing.TB, implicit bool, options ...Option) *Server {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	s := &Server{
		Trust: &tls.Config{RootCAs: roots}, Certificate: web.Certificate().Raw, certificate: web.TLS.Certificates[0],
		mails: make(chan Mail, 10_000), options: options,
	}
	web.Close()
	s.Listen(t, "127.0.0.1:0", implicit)
	return s
}

// Listen takes connections again, after Stop.
func (s *Server) Listen(t testing.TB, address string, implicit bool) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s.Address = listener.Addr().String()
	s.server = gosmtp.NewServer(gosmtp.BackendFunc(func(c *gosmtp.Conn) (gosmtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	s.server.Domain, s.server.ErrorLog = "smtptest", log.New(io.Discard, "", 0)
	s.server.AllowInsecureAuth = false
	s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.certificate}}
	if implicit {
		listener = tls.NewListener(listener, s.server.TLSConfig)
	}
	for _, option := range s.options {
		option(s.server)
	}
	running := s.server
	go func() { _ = running.Serve(listener) }()
	t.Cleanup(func() { _ = running.Close() })
}

// Stop ends every connection and takes no more.
func (s *Server) Stop() { _ = s.server.Close() }

// Refuse makes the server ask what to answer to a recipient; nil: it takes
// every one. An error of Reply is sent as it is.
func (s *Server) Refuse(rcpt func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcpt = rcpt
}

// RefuseSender makes the server ask what to answer to a sender; nil: it takes
// every one.
func (s *Server) RefuseSender(from func(from string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = from
}

// Reply is an SMTP reply that is no success, about an address that does not exist.
func Reply(code int) error { return Enhanced(code, 1, 1) }

// Enhanced is a reply with an enhanced code (RFC 3463): its class is that of the
// reply. A subject below 0: without one.
func Enhanced(code, subject, detail int) error {
	enhanced := gosmtp.EnhancedCode{code / 100, subject, detail}
	if subject < 0 {
		enhanced = gosmtp.NoEnhancedCode
	}
	return &gosmtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: "no"}
}

// Next waits for a mail.
func (s *Server) Next(t testing.TB) Mail {
	t.Helper()
	select {
	case m := <-s.mails:
		return m
	case <-time.After(30 * time.Second):
		t.Fatal("waited in vain for a mail")
		return Mail{}
	}
}

// None says that no mail is waiting to be looked at.
func (s *Server) None(t testing.TB) {
	t.Helper()
	select {
	case m := <-s.mails:
		t.Fatalf("a mail to %s: %s", m.To, m.Subject)
	default:
	}
}

// session is one conversation.
type session struct {
	server *Server
	conn   *gosmtp.Conn
	user   string
	to     string
}

func (c *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != User || password != Password {
			return errors.New("no such log-in")
		}
		c.user = username
		return nil
	}), nil
}

func (c *session) Mail(from string, _ *gosmtp.MailOptions) error {
	c.server.mu.Lock()
	refuse := c.server.from
	c.server.mu.Unlock()
	if refuse != nil {
		return refuse(from)
	}
	return nil
}

func (c *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	c.server.mu.Lock()
	refuse := c.server.rcpt
	c.server.mu.Unlock()
	if refuse != nil {
		if err := refuse(to); err != nil {
			return err
		}
	}
	c.to = to
	return nil
}

func (c *session) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		return err
	}
	var body = message.Body
	if strings.EqualFold(message.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	_, encrypted := c.conn.TLSConnectionState()
	c.server.mails <- Mail{
		Helo: c.conn.Hostname(), User: c.user, TLS: encrypted, To: c.to, Header: message.Header, Subject: subject,
		Text: strings.ReplaceAll(string(text), "\r\n", "\n"),
	}
	return nil
}

func (c *session) Reset()        { c.to = "" }
func (c *session) Logout() error { return nil }
