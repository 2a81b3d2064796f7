package witnessing

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
	"github.com/tandem-custody/tandem/custody/notify/smtp/smtptest"
)

// TestAMailedCheckpointVerifies: what arrives over a real conversation, saved as
// it was read, is a checkpoint with its cosignatures.
func TestAMailedCheckpointVerifies(t *testing.T) {
	server := smtptest.Start(t, true)
	sender, err := smtp.New(smtp.Config{
		Address: server.Address, TLS: smtp.TLS, TLSConfig: server.Trust, From: "Tandem <tandem@example.org>",
	})
	if err != nil {
		t.Fatal(err)
	}
	email := Email{Address: "auditor@example.org", Send: func(ctx context.Context, id, to, subject, text string) error {
		return sender.Send(ctx, smtp.Mail{ID: id, To: to, Subject: subject, Text: text})
	}}
	l := newLedger(t).grow(10, "entry")
	w := startWitness(t, "w1")
	f, _ := started(t, Config{Ledger: l, Need: 1, Witnesses: []Place{w.Place}, Deliveries: []Delivery{{email, time.Millisecond}}})
	for {
		m := server.Next(t)
		if m.To != email.Address || !m.TLS || m.Subject != "[Tandem] Checkpoint 10 of "+origin+" 检查点" {
			t.Fatalf("%+v", m)
		}
		path := filepath.Join(t.TempDir(), "checkpoint.txt")
		if err := os.WriteFile(path, []byte(m.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		saved, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := audit.OpenCheckpoint(saved, logKey(t))
		if err != nil || c.Size != 10 {
			t.Fatalf("%q: %v", saved, err)
		}
		if _, err := (audit.Quorum{Need: 1, Keys: []string{w.Key}}).Check(c); err == nil {
			break // cosigned too, in a later mail
		}
	}
	server.Refuse(func(string) error { return smtptest.Reply(550) })
	eventually(t, f, "the failure is seen", func(s Status) bool {
		return strings.Contains(s.Delivered[0].Failure, "reply 550") && s.Delivered[0].To == "e-mail auditor@example.org"
	})
	if err := email.Deliver(t.Context(), []byte("note")); !errors.Is(err, smtp.ErrRefused) {
		t.Error(err)
	}
}
