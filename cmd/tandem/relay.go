package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
)

// relay is a mail server with all that it takes to send by it, as the secret store keeps
// that of the one in force: whoever changes the configuration may take away the files.
type relay struct {
	Address  string `json:"address,omitzero"` // "": no mails
	TLS      string `json:"tls,omitzero"`
	CA       string `json:"ca,omitzero"` // PEM
	Helo     string `json:"helo,omitzero"`
	Username string `json:"username,omitzero"`
	Password string `json:"password,omitzero"`
	From     string `json:"from,omitzero"`
}

// relayOf gives what is configured.
func relayOf(n config.Notify) (custody.Secret, error) {
	r := relay{Address: n.SMTP.Address, TLS: n.SMTP.TLS, Helo: n.SMTP.Helo, Username: n.SMTP.Username, From: n.From}
	if r.Address == "" {
		r = relay{}
	}
	if n.SMTP.CA != "" {
		pem, err := os.ReadFile(n.SMTP.CA)
		if err != nil {
			return custody.Secret{}, err
		}
		r.CA = string(pem)
	}
	if n.SMTP.PasswordFile != "" {
		password, err := secretFile(n.SMTP.PasswordFile)
		if err != nil {
			return custody.Secret{}, err
		}
		r.Password = password.Reveal()
	}
	text, err := json.Marshal(r)
	return custody.NewSecret(text), err
}

// senderBy makes what sends by a relay that was kept; nil: there was none.
func senderBy(kept custody.Secret) (*smtp.Sender, error) {
	if kept.IsZero() {
		return nil, nil
	}
	var r relay
	if err := json.Unmarshal(kept.Bytes(), &r); err != nil {
		return nil, errors.New("what was kept of the mail server in force cannot be read") // err would quote it
	}
	if r.Address == "" {
		return nil, nil
	}
	c := smtp.Config{Address: r.Address, TLS: r.TLS, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}, Username: r.Username, Password: custody.SecretString(r.Password), From: r.From, Helo: r.Helo}
	if r.CA != "" {
		c.TLSConfig.RootCAs = x509.NewCertPool()
		c.TLSConfig.RootCAs.AppendCertsFromPEM([]byte(r.CA))
	}
	return smtp.New(c)
}

// mailer sends by the mail server as its files say now, and by the one that is in force
// where that is another one: who changed where mails go cannot keep them from those who
// would have had them.
type mailer struct {
	now    atomic.Pointer[smtp.Sender] // nil: there is none
	desk   *desk.Desk
	config config.Notify
	log    *slog.Logger

	mu       sync.Mutex
	known    bool // whether another one is in force, and what was kept of it; or that this one is kept
	other    bool
	previous *smtp.Sender
	passed   sent // by it
}

func (m *mailer) Send(ctx context.Context, mail smtp.Mail) error {
	previous, _ := m.look(ctx) // why it cannot be told is logged by run
	passed := previous != nil && m.passed.has(mail.ID)
	if previous != nil && !passed {
		// One that went away with the change takes nothing: that must not stop the others.
		if err := previous.Send(ctx, mail); err == nil {
			passed = true
			if mail.ID != "" {
				m.passed.note(mail.ID)
			}
		} else if m.now.Load() == nil {
			return err
		}
	}
	now := m.now.Load()
	if now == nil {
		return nil
	}
	err := now.Send(ctx, mail)
	if err != nil && passed {
		// Nor must one that was put in and takes nothing: those who would have had it have it.
		m.log.WarnContext(ctx, "the mail server in force has the e-mail, and the one that is configured does not take it", "error", err)
		return nil
	}
	return err
}

// look keeps the mail server while it is in force, and gives the one that is where
// another one is, also with an error.
func (m *mailer) look(ctx context.Context) (*smtp.Sender, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known && slices.Contains(m.desk.Configuration().Here, notifySetting) == m.other {
		return m.previous, nil
	}
	kept, other, err := m.desk.Relay(ctx, notifySetting)
	own, unread := relayOf(m.config)
	switch {
	case err != nil && !kept.IsZero() && !kept.Equal(own): // one of them is in force: both, until it is known which
		previous, _ := senderBy(kept)
		return previous, err
	case err != nil:
		return nil, err
	}
	var previous *smtp.Sender
	switch {
	case other:
		previous, err = senderBy(kept)
	case unread != nil:
		err = unread
	default:
		err = m.desk.KeepRelay(ctx, own)
	}
	if err != nil {
		return nil, err
	}
	m.known, m.other, m.previous = true, other, previous
	return previous, nil
}

// again forgets what look knows: a file was read again.
func (m *mailer) again() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known = false
}

// run keeps the mail server that is in force.
func (m *mailer) run(ctx context.Context, log func(error)) error {
	lookAlways(ctx, m.desk.Follow, func(ctx context.Context) error { _, err := m.look(ctx); return err }, log)
	return ctx.Err()
}
