package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/tandem-custody/tandem/custody"
)

// The values of Config.TLS.
const (
	StartTLS = "starttls" // RFC 3207; a server that does not offer it gets nothing
	TLS      = "tls"      // from the first byte, RFC 8314
	Off      = "off"      // for a server on this machine
)

// Config says which server, and as whom.
type Config struct {
	Address   string // host:port
	TLS       string
	TLSConfig *tls.Config // nil: the system's certificates
	Username  string      // "": no log-in
	Password  custody.Secret
	From      string        // "Tandem <tandem@example.org>" or the address alone
	Helo      string        // by what name to greet; "": this machine's, or its address
	Timeout   time.Duration // for a whole conversation; 30 s
}

// Mail is one message to one person. What stands in its headers may be anybody's
// text.
type Mail struct {
	ID      string // left part of the Message-ID: a mail that is sent again has the same
	Name    string // of the recipient
	To      string // address
	Subject string
	Text    string // UTF-8, lines end with \n
}

// ErrRefused: the recipient's address is none that mail can reach. It is for
// nobody's second try.
var ErrRefused = errors.New("the mail was refused for good")

// ErrLater: the server works, and will perhaps take this mail later. Any other
// error is about the server, and holds for every mail.
var ErrLater = errors.New("the mail was not taken now")

// Sender sends mails. It is safe for use by several goroutines.
type Sender struct {
	Config
	host string // in ASCII
	port int
	from *mail.Address
}

// New makes a sender and connects nowhere. The errors are about Address, TLS and
// From.
func New(c Config) (*Sender, error) {
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	if host, err = domain(host); err != nil {
		return nil, fmt.Errorf("smtp: the server's name: %w", err)
	}
	s := &Sender{Config: c, host: host}
	if s.port, err = strconv.Atoi(port); err != nil {
		return nil, errors.New("smtp: the port must be a number")
	}
	if s.from, err = mail.ParseAddress(c.From); err != nil {
		return nil, fmt.Errorf("smtp: the sender's address: %w", err)
	}
	if s.from.Address, err = address(s.from.Address); err != nil {
		return nil, fmt.Errorf("smtp: the sender's address: %w", err)
	}
	if !ascii(s.from.Address) {
		return nil, errors.New("smtp: the sender's address must be ASCII before the @")
	}
	if c.TLS != StartTLS && c.TLS != TLS && c.TLS != Off {
		return nil, errors.New("smtp: TLS is starttls, tls or off")
	}
	return s, nil
}

// String names the server.
func (s *Sender) String() string { return s.Address }

// Send hands a mail over. When it returns nil, the server has it. The errors wrap
// ErrRefused, ErrLater, or neither.
func (s *Sender) Send(ctx context.Context, m Mail) error {
	to, err := recipient(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	message := s.message(m, to)
	international := !ascii(to.Address)
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	client, err := s.client(ctx, international)
	if err != nil {
		return err
	}
	conversation, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	// The farewell: what fails then makes no mail undelivered.
	defer func() { _ = client.CloseWithSMTPClient(conversation) }()
	if offered, _ := conversation.Extension("SMTPUTF8"); international && !offered {
		return fmt.Errorf("%w: the mail server does not offer SMTPUTF8, which an address with such letters before the @ needs", ErrRefused)
	}
	err = client.SendWithSMTPClient(conversation, message)
	if err == nil || message.IsDelivered() {
		return nil
	}
	return meaning(err)
}

// meaning sorts a failure. A reply to MAIL FROM, or one that asks for a log-in or
// closes, is about us and not about this mail. Of a reply only its codes are told:
// its text may repeat anything.
func meaning(err error) error {
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		return err
	}
	code := failed.ErrorCode()
	reply := fmt.Errorf("%s: reply %d %s", failed.Reason, code, failed.EnhancedStatusCode())
	switch failed.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
	default:
		return reply
	}
	switch {
	case code == 0 || code == 421 || code == 530:
		return reply
	case code >= 500 && aboutRecipient.MatchString(failed.EnhancedStatusCode()):
		return fmt.Errorf("%w: %w", ErrRefused, reply)
	default:
		return fmt.Errorf("%w: %w", ErrLater, reply)
	}
}

// aboutRecipient are the enhanced codes that say of the recipient's address or
// mailbox that it is none (RFC 3463, 3.2 and 3.3; RFC 7505, 4). Other refusals at
// RCPT are about who sends, under which name and from where, many servers give
// them only there, and they end when somebody puts that right: so are 5.1.7 and
// 5.1.8, and 5.1.0 and a code without an enhanced one can be anything.
var aboutRecipient = regexp.MustCompile(`^5\.(1\.([1-6]|10)|2\.[0-9]+)$`)

// mechanisms are the ways to log in, the best first. Those that tell the password
// are only used within TLS, or on this machine.
var mechanisms = []gomail.SMTPAuthType{
	gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5,
}

// client makes a client for one conversation, which ends with ctx, over a
// connection that is open already: how to greet can depend on it. Only a mail that
// needs SMTPUTF8 asks for it, because it then needs it all the way.
func (s *Sender) client(ctx context.Context, international bool) (*gomail.Client, error) {
	secure := &tls.Config{}
	if s.TLSConfig != nil {
		secure = s.TLSConfig.Clone()
	}
	secure.ServerName, secure.MinVersion = s.host, tls.VersionTLS12
	conn, err := s.dial(ctx, secure)
	if err != nil {
		return nil, err
	}
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(s.Timeout), gomail.WithTLSConfig(secure), gomail.WithHELO(s.helo(conn)),
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return conn, nil }),
	}
	switch s.TLS {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLS:
		options = append(options, gomail.WithSSL())
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.Username != "" {
		options = append(options, gomail.WithOpportunisticSMTPAuth(mechanisms...),
			gomail.WithUsername(s.Username), gomail.WithPassword(s.Password.Reveal()))
	}
	if !international {
		options = append(options, gomail.WithoutSMTPUTF8())
	}
	return gomail.NewClient(s.host, options...)
}

// helo is how to greet: many servers refuse a name without a domain, and for who
// has none RFC 5321 (4.1.3) has the address.
func (s *Sender) helo(conn net.Conn) string {
	if s.Helo != "" {
		return s.Helo
	}
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		return name
	}
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	switch ip := local.Addr().Unmap().WithZone(""); {
	case err != nil:
		return "[127.0.0.1]"
	case ip.Is4():
		return "[" + ip.String() + "]"
	default:
		return "[IPv6:" + ip.String() + "]"
	}
}

// dial connects so that the end of the conversation's context ends the
// connection too: the library looks at its context only to connect.
func (s *Sender) dial(ctx context.Context, secure *tls.Config) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(s.host, strconv.Itoa(s.port)))
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	if s.TLS == TLS {
		return tls.Client(conn, secure), nil
	}
	return conn, nil
}

// message makes the mail. Names and subjects lose what could end a header, and
// the library encodes the rest (RFC 2047).
func (s *Sender) message(m Mail, to *mail.Address) *gomail.Msg {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	message.AddToMailAddress(to)
	message.Subject(OneLine(m.Subject))
	_, host, _ := strings.Cut(s.from.Address, "@")
	message.SetMessageIDWithValue(m.ID + "@" + host)
	// Nobody's out-of-office note should come back (RFC 3834).
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetBodyString(gomail.TypeTextPlain, strings.ReplaceAll(m.Text, "\n", "\r\n"))
	return message
}

// OneLine gives a text without what could end its line, in a header or in front
// of a reader, or turn it around: control characters, line separators and those of
// the bidirectional algorithm become spaces.
func OneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, text))
}
