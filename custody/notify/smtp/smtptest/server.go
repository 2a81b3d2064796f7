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

	mu    sync.Mutex
	rcpt  func(to string) error
	mails chan Mail
}

// The log-in that the server knows.
const (
	User     = "tandem"
	Password = "correct-horse-MARKED"
)

// Start runs a server until the test ends. implicit: with TLS from the first byte;
// otherwise it offers STARTTLS.
func Start(t testing.TB, implicit bool) *Server {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	s := &Server{
		Trust: &tls.Config{RootCAs: roots}, Certificate: web.Certificate().Raw, certificate: web.TLS.Certificates[0],
		mails: make(chan Mail, 10_000),
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

// Reply is an SMTP reply that is no success.
func Reply(code int) error {
	return &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.EnhancedCode{code / 100, 1, 1}, Message: "no"}
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

func (c *session) Mail(string, *gosmtp.MailOptions) error { return nil }

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
		User: c.user, TLS: encrypted, To: c.to, Header: message.Header, Subject: subject,
		Text: strings.ReplaceAll(string(text), "\r\n", "\n"),
	}
	return nil
}

func (c *session) Reset()        { c.to = "" }
func (c *session) Logout() error { return nil }
