package smtp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
	"github.com/tandem-custody/tandem/custody/notify/smtp/smtptest"
)

func sender(t *testing.T, c smtp.Config) *smtp.Sender {
	t.Helper()
	c.From = "Tandem <tandem@example.org>"
	s, err := smtp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var aMail = smtp.Mail{ID: "7.tech-a", Name: "Anna A", To: "anna@example.org", Subject: "交接 handover-1", Text: "您好，\n\n.\n一行 with é and a very long line: " + strings.Repeat("x", 2000) + "\n"}

// TestAMailArrivesAsItWas, over each kind of connection.
func TestAMailArrivesAsItWas(t *testing.T) {
	for _, test := range []struct {
		secure, user string
		implicit     bool
	}{{smtp.StartTLS, smtptest.User, false}, {smtp.StartTLS, "", false}, {smtp.TLS, smtptest.User, true}, {smtp.Off, "", false}} {
		server := smtptest.Start(t, test.implicit)
		s := sender(t, smtp.Config{
			Address: server.Address, TLS: test.secure, TLSConfig: server.Trust,
			Username: test.user, Password: custody.SecretString(smtptest.Password),
		})
		if err := s.Send(t.Context(), aMail); err != nil {
			t.Fatalf("%s: %v", test.secure, err)
		}
		got := server.Next(t)
		if got.Subject != aMail.Subject || got.Text != aMail.Text || got.To != aMail.To || got.User != test.user || got.TLS != (test.secure != smtp.Off) {
			t.Errorf("%s: got %+v", test.secure, got)
		}
		for name, want := range map[string]string{
			"Message-Id": "<7.tech-a@example.org>", "Auto-Submitted": "auto-generated", "From": `"Tandem" <tandem@example.org>`,
			"To": `"Anna A" <anna@example.org>`, "Content-Type": "text/plain; charset=UTF-8",
		} {
			if got := got.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	}
}

// TestNoHeaderIsInjected: whatever stands in names and subjects stays there.
func TestNoHeaderIsInjected(t *testing.T) {
	server := smtptest.Start(t, false)
	s := sender(t, smtp.Config{Address: server.Address, TLS: smtp.Off})
	for _, evil := range []string{
		"x\r\nBcc: mallory@example.org", "x\nSubject: other", "x\rX-Evil: 1", "x\r\n\r\nbody", `x" <mallory@example.org>, "y`,
		"名\r\n Bcc: mallory@example.org", "\x00\x1b[31m", "x\u2028Bcc: mallory@example.org\u0085y", strings.Repeat("长", 500),
	} {
		m := aMail
		m.Name, m.Subject = evil, evil
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatalf("%q: %v", evil, err)
		}
		got := server.Next(t)
		if got.To != aMail.To || got.Text != aMail.Text || got.Subject != smtp.OneLine(evil) {
			t.Errorf("%q: got %+v", evil, got)
		}
		for name, values := range got.Header {
			if len(values) != 1 || name == "Bcc" || name == "X-Evil" {
				t.Errorf("%q: header %s: %q", evil, name, values)
			}
		}
		if to, err := got.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != aMail.To {
			t.Errorf("%q: to %v, %v", evil, to, err)
		}
	}
	for _, address := range []string{"", "anna", "a@b\r\nRCPT TO:<mallory@example.org>", "a@example.org, b@example.org"} {
		m := aMail
		m.To = address
		if err := s.Send(t.Context(), m); !errors.Is(err, smtp.ErrRefused) {
			t.Errorf("%q: %v", address, err)
		}
	}
	server.None(t)
}

// TestWhatAFailureMeans: for this mail, for now, or for the server.
func TestWhatAFailureMeans(t *testing.T) {
	server := smtptest.Start(t, false)
	s := sender(t, smtp.Config{Address: server.Address, TLS: smtp.StartTLS, TLSConfig: server.Trust})
	for _, test := range []struct {
		code, subject, detail int
		want                  error
	}{
		// The address is none.
		{550, 1, 1, smtp.ErrRefused}, {553, 1, 3, smtp.ErrRefused}, {556, 1, 10, smtp.ErrRefused}, {550, 2, 1, smtp.ErrRefused}, {552, 2, 2, smtp.ErrRefused},
		// Postfix says all of these in answer to RCPT: our name, our address, our rights.
		{504, 5, 2, smtp.ErrLater}, {550, 7, 1, smtp.ErrLater}, {554, 7, 1, smtp.ErrLater}, {550, 1, 8, smtp.ErrLater}, {553, 1, 7, smtp.ErrLater},
		{550, 1, 0, smtp.ErrLater}, {550, -1, 0, smtp.ErrLater}, {550, 4, 1, smtp.ErrLater},
		{450, 2, 0, smtp.ErrLater}, {451, 7, 1, smtp.ErrLater}, {452, 2, 2, smtp.ErrLater}, {421, 3, 2, nil}, {530, 7, 0, nil},
	} {
		refuse := func(string) error { return smtptest.Enhanced(test.code, test.subject, test.detail) }
		server.Refuse(refuse)
		err := s.Send(t.Context(), aMail)
		is := [2]bool{errors.Is(err, smtp.ErrRefused), errors.Is(err, smtp.ErrLater)}
		if err == nil || is != [2]bool{test.want == smtp.ErrRefused, test.want == smtp.ErrLater} {
			t.Errorf("%+v: %v", test, err)
		}
		server.Refuse(nil)
		server.RefuseSender(refuse)
		if err := s.Send(t.Context(), aMail); err == nil || errors.Is(err, smtp.ErrRefused) || errors.Is(err, smtp.ErrLater) {
			t.Errorf("to the sender, %+v: %v", test, err)
		}
		server.RefuseSender(nil)
	}
	for name, c := range map[string]smtp.Config{
		"a wrong password":        {Address: server.Address, TLS: smtp.StartTLS, TLSConfig: server.Trust, Username: smtptest.User, Password: custody.SecretString("hunter2")},
		"an unknown certificate":  {Address: server.Address, TLS: smtp.StartTLS, TLSConfig: &tls.Config{RootCAs: x509.NewCertPool()}},
		"no log-in without TLS":   {Address: server.Address, TLS: smtp.Off, Username: smtptest.User, Password: custody.SecretString("hunter2")},
		"TLS where there is none": {Address: server.Address, TLS: smtp.TLS, TLSConfig: server.Trust},
		"nobody there":            {Address: "127.0.0.1:1", TLS: smtp.Off},
	} {
		err := sender(t, c).Send(t.Context(), aMail)
		if err == nil || errors.Is(err, smtp.ErrRefused) || errors.Is(err, smtp.ErrLater) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: the error tells the password", name)
		}
	}
	server.None(t)
}

// TestWithoutSTARTTLSNothingIsSent: whoever strips the offer on the way gets
// neither the mail nor the log-in, though they would take both.
func TestWithoutSTARTTLSNothingIsSent(t *testing.T) {
	server := smtptest.Start(t, false, smtptest.NoTLS)
	for _, user := range []string{"", smtptest.User} {
		c := smtp.Config{Address: server.Address, TLS: smtp.StartTLS, TLSConfig: server.Trust, Username: user, Password: custody.SecretString(smtptest.Password)}
		err := sender(t, c).Send(t.Context(), aMail)
		if err == nil || errors.Is(err, smtp.ErrRefused) || errors.Is(err, smtp.ErrLater) {
			t.Errorf("%q: %v", user, err)
		}
	}
	server.None(t)
	// The server itself is in order.
	if err := sender(t, smtp.Config{Address: server.Address, TLS: smtp.Off}).Send(t.Context(), aMail); err != nil {
		t.Error(err)
	}
	if m := server.Next(t); m.TLS || m.User != "" {
		t.Errorf("%+v", m)
	}
}

// TestNobodyIsGreetedByABareName: many servers refuse a name without a domain.
func TestNobodyIsGreetedByABareName(t *testing.T) {
	server := smtptest.Start(t, false)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(host, ".") {
		host = "[127.0.0.1]"
	}
	for configured, want := range map[string]string{"": host, "tandem.example.org": "tandem.example.org"} {
		if err := sender(t, smtp.Config{Address: server.Address, TLS: smtp.Off, Helo: configured}).Send(t.Context(), aMail); err != nil {
			t.Fatal(err)
		}
		if got := server.Next(t).Helo; got != want {
			t.Errorf("greeted as %q, want %q", got, want)
		}
	}
}

// TestAnAddressInAnyScript: a domain goes as the DNS has it, to every server; what
// is before the @ only to one that can take it, and otherwise somebody is told.
func TestAnAddressInAnyScript(t *testing.T) {
	plain, utf8 := smtptest.Start(t, false), smtptest.Start(t, false, smtptest.UTF8)
	for _, test := range []struct {
		server   *smtptest.Server
		to, want string
	}{
		{plain, "anna@例え.example", "anna@xn--r8jz45g.example"}, {utf8, "anna@Bücher.example", "anna@xn--bcher-kva.example"},
		{plain, "anna@_mail.example", "anna@_mail.example"}, {utf8, "安娜@例え.example", "安娜@xn--r8jz45g.example"},
		{plain, "安娜@例え.example", ""}, {plain, "安娜@example.org", ""}, {plain, "anna@例\u200e.example", ""},
	} {
		m := aMail
		m.To = test.to
		err := sender(t, smtp.Config{Address: test.server.Address, TLS: smtp.Off}).Send(t.Context(), m)
		switch {
		case test.want == "" && (!errors.Is(err, smtp.ErrRefused) || !strings.Contains(err.Error(), "SMTPUTF8") && !strings.Contains(err.Error(), "domain")):
			t.Errorf("%s: %v", test.to, err)
		case test.want != "" && err != nil:
			t.Errorf("%s: %v", test.to, err)
		case test.want != "":
			if got := test.server.Next(t); got.To != test.want || got.Text != m.Text {
				t.Errorf("%s: arrived at %s", test.to, got.To)
			}
		}
	}
	plain.None(t)
	if s, err := smtp.New(smtp.Config{Address: "mail.例え.example:25", TLS: smtp.Off, From: "Tandem <tandem@例え.example>"}); err != nil {
		t.Error(s, err)
	}
}

// TestTheEndOfTheContextEndsTheConversation with a server that says nothing.
func TestTheEndOfTheContextEndsTheConversation(t *testing.T) {
	mute, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := mute.Accept(); err == nil {
			cancel()
			<-t.Context().Done()
			_ = conn.Close()
		}
	}()
	s := sender(t, smtp.Config{Address: mute.Addr().String(), TLS: smtp.Off, Timeout: 10 * time.Minute})
	if err := s.Send(ctx, aMail); err == nil {
		t.Error("it was sent")
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []smtp.Config{
		{Address: "mail.example", TLS: smtp.TLS, From: "a@b.example"}, {Address: "mail.example:x", TLS: smtp.TLS, From: "a@b.example"},
		{Address: "mail.example:25", TLS: "ssl", From: "a@b.example"}, {Address: "mail.example:25", TLS: smtp.TLS, From: "nobody"},
		{Address: "mail.example:25", TLS: smtp.TLS, From: "安娜@b.example"}, {Address: "例\u200e.example:25", TLS: smtp.TLS, From: "a@b.example"},
	} {
		if _, err := smtp.New(c); err == nil {
			t.Errorf("%+v", c)
		}
	}
}
