package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/witnessing"
)

// openFollower opens what takes the ledger's checkpoints elsewhere.
func (p *program) openFollower(ctx context.Context, l config.Ledger, mail *mailer) (*witnessing.Follower, error) {
	c := witnessing.Config{
		Ledger: p.desk, Nodes: p.store.HashReader, Store: p.store, Places: p.leases, Owner: p.owner, Need: l.Need,
		Report: p.reportConflict, Now: p.desk.SharedTime, Log: p.log.With("part", "witnesses"),
	}
	for _, w := range l.Witnesses {
		c.Witnesses = append(c.Witnesses, witnessing.Place(w))
	}
	for i, d := range l.Deliveries {
		to, err := p.recipient(i, d, mail)
		if err != nil {
			return nil, fmt.Errorf("ledger.deliveries[%d]: %w", i, err)
		}
		c.Deliveries = append(c.Deliveries, witnessing.Delivery{To: to, Every: d.Every})
	}
	follower, err := witnessing.Open(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("ledger.witnesses: %w", err)
	}
	return follower, nil
}

// recipient makes one. The address in a file is read again on SIGHUP.
func (p *program) recipient(i int, d config.Delivery, mail *mailer) (witnessing.Recipient, error) {
	switch {
	case d.File != "":
		return witnessing.File(d.File), nil
	case d.Email != "":
		return emailTo(d.Email, mail), nil
	}
	if d.WebhookFile == "" {
		return witnessing.NewWebhook(d.Webhook, nil)
	}
	to, err := newNewest(func() (witnessing.Recipient, error) {
		text, err := os.ReadFile(d.WebhookFile)
		if err != nil {
			return nil, err
		}
		return witnessing.NewWebhook(strings.TrimSpace(string(text)), nil)
	})
	p.again.add(fmt.Sprintf("ledger.deliveries[%d].webhook_file", i), to.load)
	return newestRecipient{to}, err
}

// reportConflict enters in the ledger that a witness has cosigned another one.
// The key keeps a restart within a day from entering the same conflict again.
func (p *program) reportConflict(ctx context.Context, r witnessing.ConflictReport) error {
	conflict := sha256.Sum256(fmt.Appendf(nil, "%s %d", r.Witness.Key, r.Cosigned))
	_, err := p.desk.Do(ctx, desk.By{
		Actor: custody.System, Request: rand.Text(),
		Key: "ledger.conflict " + hex.EncodeToString(conflict[:]), Digest: conflict,
	}, custody.ReportConflict{Witness: r.Name, Size: r.Size, Cosigned: r.Cosigned})
	return err
}

// witnesses lets the API ask the follower: neither knows the other.
type witnesses struct{ *witnessing.Follower }

var _ api.Witnesses = witnesses{}

// Witnessing implements api.Witnesses.
func (w witnesses) Witnessing() api.Witnessing {
	s := w.Status()
	out := api.Witnessing{
		Head: s.Head, Witnessed: s.Witnessed, By: s.By, Need: s.Need,
		Witnesses: []api.Witness{}, Deliveries: []api.Delivery{}, Alerts: []string{},
	}
	for _, one := range s.Witnesses {
		out.Witnesses = append(out.Witnesses, api.Witness{
			Name: one.Name, State: string(one.State), Since: one.Since, Size: one.Size, Cosigned: one.Cosigned, Reason: one.Reason,
		})
		if one.State == witnessing.Cosigning {
			out.Cosigning++
		}
	}
	for _, d := range s.Delivered {
		out.Deliveries = append(out.Deliveries, api.Delivery(d))
	}
	if alert := s.Alert(); alert != nil {
		out.Alerts = strings.Split(alert.Error(), "\n") // errors.Join gives each a line
	}
	return out
}
