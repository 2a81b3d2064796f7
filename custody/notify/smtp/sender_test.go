package smtp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
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
	for code, want := range map[int]error{550: smtp.ErrRefused, 553: smtp.ErrRefused, 450: smtp.ErrLater, 452: smtp.ErrLater, 421: nil, 530: nil} {
		server.Refuse(func(string) error { return smtptest.Reply(code) })
		err := s.Send(t.Context(), aMail)
		is := [2]bool{errors.Is(err, smtp.ErrRefused), errors.Is(err, smtp.ErrLater)}
		if err == nil || is != [2]bool{want == smtp.ErrRefused, want == smtp.ErrLater} {
			t.Errorf("%d: %v", code, err)
		}
	}
	server.Refuse(nil)
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
	} {
		if _, err := smtp.New(c); err == nil {
			t.Errorf("%+v", c)
		}
	}
}
