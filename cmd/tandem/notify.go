package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/witnessing"
)

// openMail makes what sends all mails; nil: no mail server is configured.
func openMail(n config.Notify) (*smtp.Sender, error) {
	to := n.SMTP
	if to.Address == "" {
		return nil, nil
	}
	c := smtp.Config{Address: to.Address, TLS: to.TLS, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}, Username: to.Username, From: n.From, Helo: to.Helo}
	var err error
	if to.CA != "" {
		if c.TLSConfig.RootCAs, err = authorities(to.CA); err != nil {
			return nil, fmt.Errorf("notify.smtp.ca: %w", err)
		}
	}
	if to.PasswordFile != "" {
		if c.Password, err = secretFile(to.PasswordFile); err != nil {
			return nil, fmt.Errorf("notify.smtp.password_file: %w", err)
		}
	}
	return smtp.New(c)
}

// authorities reads certificates in PEM.
func authorities(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", path)
	}
	return pool, nil
}

// openNotifier makes what tells people by e-mail; nil: nobody is told.
func (p *program) openNotifier(cfg config.Config, mail *mailer) *notify.Follower {
	if mail == nil {
		return nil
	}
	return notify.New(notify.Config{
		Ledger: p.store, Places: p.leases, Owner: p.owner, Directory: directory{p.store, p.desk}, Follow: p.desk.Follow, Suspect: p.desk.Suspect(), Send: mail.Send,
		Origin: cfg.Ledger.Origin, URL: strings.TrimSuffix(cfg.URL(), "/"), Language: cfg.Notify.Language, Zone: time.Local,
		Now: p.desk.SharedTime, Log: p.log.With("part", "notify"),
		Paged: func(ctx context.Context, emergency, person, channel string) error {
			// Nobody is reached by a mail server that somebody put in the place of the one in force.
			if in, err := p.desk.InForce(ctx, notifyOnRecord(cfg)); err != nil || !in {
				return err
			}
			return p.reportPaged(ctx, emergency, person, channel)
		},
	})
}

// reportPaged enters whom a message about an emergency has reached, by a channel in force.
func (p *program) reportPaged(ctx context.Context, emergency, person, channel string) error {
	by := desk.By{Actor: custody.System, Request: rand.Text()}
	_, err := p.desk.Do(ctx, by, custody.ReportPaged{Emergency: emergency, Person: person, Channel: channel})
	return err
}

// emailTo is a recipient of checkpoints.
func emailTo(address string, mail *mailer) witnessing.Email {
	return witnessing.Email{Address: address, Send: func(ctx context.Context, id, to, subject, text string) error {
		return mail.Send(ctx, smtp.Mail{ID: id, To: to, Subject: subject, Text: text})
	}}
}

// directory lets the notifier read the store: neither knows the other.
type directory struct {
	*store.Store
	desk *desk.Desk
}

var _ notify.Directory = directory{}

// Preference gives what somebody chose, as the desk knows it to be theirs.
func (d directory) Preference(ctx context.Context, username string) (desk.Preference, error) {
	return d.desk.Preference(ctx, username)
}

// Approvers gives who can approve what waits.
func (d directory) Approvers(ctx context.Context) (map[string]map[custody.Role][]string, error) {
	return d.desk.Approvers(ctx)
}

// Assessors gives who can decide about an incident.
func (d directory) Assessors(ctx context.Context, incident string) ([]string, error) {
	return d.desk.Assessors(ctx, incident)
}

// Credential gives the zero one where there is none.
func (d directory) Credential(ctx context.Context, name string) (custody.Credential, error) {
	return orNone(d.Store.Credential(ctx, name))
}

// Handover gives the zero one where there is none.
func (d directory) Handover(ctx context.Context, id string) (custody.Handover, error) {
	return orNone(d.Store.Handover(ctx, id))
}

func orNone[T any](value T, err error) (T, error) {
	if errors.Is(err, desk.ErrNotFound) {
		err = nil
	}
	return value, err
}
