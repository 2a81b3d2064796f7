package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify/smtp/smtptest"
)

// TestTheConfiguredMailsAreSent: a server that is told of a mail server tells
// people there what concerns them, and mails checkpoints that verify.
func TestTheConfiguredMailsAreSent(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, false)
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate})))
	address, ops := freeAddress(t), freeAddress(t)
	cfg, err := config.Load(config.Sources{File: file("tandem.yaml", fmt.Sprintf(`
listen: %s
metrics_listen: %s
database: sqlite:%s/tandem.db
secrets: embedded
embedded: {path: %[3]s/secrets, key_file: %[3]s/key}
ledger: {origin: mail.test, deliveries: [{email: auditor@example.org, every: 1h}]}
notify:
  smtp: {address: "%s", ca: %s, username: %s, password_file: %s}
  from: Tandem <tandem@example.org>
  language: zh
log: {level: error}
`, address, ops, folder, server.Address, ca, smtptest.User, file("password", smtptest.Password+"\n")))})
	if err != nil {
		t.Fatal(err)
	}
	p, err := openProgram(t.Context(), cfg, newLog(cfg.Log))
	if err != nil {
		t.Fatal(err)
	}
	do := func(actor string, action custody.Action) {
		t.Helper()
		if _, err := p.desk.Do(t.Context(), desk.By{Actor: actor, Request: "request-" + action.Verb()}, action); err != nil {
			t.Fatal(err)
		}
	}
	for username, role := range map[string]custody.Role{"mia": custody.Manager, "otto": custody.Technician} {
		do(custody.System, custody.AddPerson{
			Username: username, Name: username, Email: desk.NewNote(username + "@example.org"), Roles: []custody.Role{role}, TOTPPeriod: 30,
		})
	}
	key, err := p.desk.LedgerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithCancel(t.Context())
	defer done()
	listener, _, err := listenAPI(ctx, cfg, newLog(cfg.Log))
	if err != nil {
		t.Fatal(err)
	}
	opsListener, _, err := listenAPI(ctx, config.Config{Listen: ops}, newLog(cfg.Log))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- p.run(ctx, listener, opsListener) }()

	checkpoint := server.Next(t)
	if _, err := audit.OpenCheckpoint([]byte(checkpoint.Text), key); err != nil || checkpoint.To != "auditor@example.org" || !checkpoint.TLS || checkpoint.User != smtptest.User {
		t.Errorf("%+v: %v", checkpoint, err)
	}
	waitFor(t, ops, "tandem_notify_lag_entries 0")
	do(custody.System, custody.ReportConflict{Witness: "witness.example", Size: 7, Cosigned: 9})
	if m := server.Next(t); m.To != "mia@example.org" || !strings.Contains(m.Subject, "特别") || !strings.Contains(m.Text, "http://"+address+"/ledger/3") {
		t.Errorf("%+v", m)
	}
	waitFor(t, ops, "tandem_notify_sent_total 1")
	waitFor(t, ops, "tandem_notify_lag_entries 0")
	done()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	server.None(t)
	if err := p.close(); err != nil {
		t.Error(err)
	}
}

// waitFor waits until a line is among the metrics.
func waitFor(t *testing.T, address, line string) {
	t.Helper()
	for limit := time.Now().Add(90 * time.Second); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		response, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\n"+line+"\n") {
			return
		}
	}
	t.Fatalf("never: %s", line)
}

// TestMailsThatCannotBeSentAsConfigured: the server says what is wrong as it starts.
func TestMailsThatCannotBeSentAsConfigured(t *testing.T) {
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for key, s := range map[string]config.SMTP{
		"notify.smtp.ca":            {Address: "127.0.0.1:25", TLS: config.StartTLS, CA: empty},
		"notify.smtp.password_file": {Address: "127.0.0.1:25", TLS: config.StartTLS, Username: "x", PasswordFile: filepath.Join(folder, "none")},
	} {
		if _, err := openMail(config.Notify{SMTP: s, From: "a@b.example"}); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if mail, err := openMail(config.Notify{}); mail != nil || err != nil {
		t.Error(mail, err)
	}
}
