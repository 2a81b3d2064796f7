package play

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/desk"
)

// What the scenes are about.
const (
	Credential = "demo-root"
	Account    = "root"
)

// pollEvery is how often somebody looks whether a password has been changed.
const pollEvery = 250 * time.Millisecond

// scenes is clause 4.4 of the policy from beginning to end, and what binds those around.
func (p *play) scenes(ctx context.Context) {
	p.logIns(ctx)
	old := p.checkOuts(ctx)
	p.handOver(ctx)
	p.comeBack(ctx, old)
	p.around(ctx)
	p.envelopes(ctx)
	p.theLedger(ctx)
}

func (p *play) logIns(ctx context.Context) {
	for _, who := range []*Player{p.techA, p.techB, p.auditor} {
		p.step(ctx, who.Username+" logs in with password and code", who.Username, func(ctx context.Context) (string, error) {
			return who.Username, who.LogIn(ctx)
		})
	}
	p.step(ctx, "who holds "+Credential, "tech-a", func(ctx context.Context) (string, error) {
		c, err := p.techA.Server.Credential(ctx, Credential)
		p.version = c.Version
		return c.Holder, err
	})
}

// checkOuts gives the password that tech-a got.
func (p *play) checkOuts(ctx context.Context) (password api.Secret) {
	p.refused(ctx, "tech-b, the backup, checks it out", custody.NotHolder, func(ctx context.Context) error {
		_, err := checkOut(ctx, p.techB, Credential)
		return err
	})
	for _, bad := range []struct {
		what string
		code func(right api.Secret) (api.Secret, error)
	}{
		{"a wrong code", func(api.Secret) (api.Secret, error) { return p.techA.WrongCode() }},
		{"a space before the right code", func(right api.Secret) (api.Secret, error) { return " " + right, nil }},
		{"a seventh digit behind the right code", func(right api.Secret) (api.Secret, error) { return right + "0", nil }},
	} {
		p.refused(ctx, "tech-a checks it out with "+bad.what, custody.TOTPInvalid, func(ctx context.Context) error {
			return p.techA.Confirm(ctx, func(right api.Secret) error {
				code, err := bad.code(right)
				if err != nil {
					return err
				}
				_, err = checkOutWith(ctx, p.techA, Credential, code)
				return err
			})
		})
	}
	p.step(ctx, "tech-a, the holder, checks it out with the right code", fmt.Sprintf("version %d", p.version), func(ctx context.Context) (string, error) {
		out, err := checkOut(ctx, p.techA, Credential)
		password = out.Password
		return fmt.Sprintf("version %d", out.Version), err
	})
	p.refused(ctx, "tech-a checks it out with the same code again", custody.TOTPReplayed, func(ctx context.Context) error {
		code, err := p.techA.CodeOf(p.techA.Last)
		if err != nil {
			return err
		}
		_, err = checkOutWith(ctx, p.techA, Credential, code)
		return err
	})
	p.logInBySSH(ctx, "ssh root@"+p.SSH+" with that password", Account, &password, demo.LoggedIn(Account))
	return password
}

func (p *play) handOver(ctx context.Context) {
	p.refused(ctx, "tech-a goes away while holding it", custody.HolderMustHandOver, func(ctx context.Context) error {
		return p.goAway(ctx, p.techA)
	})
	p.step(ctx, "tech-a offers all to tech-b, and leaves when accepted", "offered to tech-b", func(ctx context.Context) (string, error) {
		var offered []api.Handover
		err := p.techA.Confirm(ctx, func(code api.Secret) (err error) {
			offered, err = p.techA.Server.OfferHandover(ctx, api.OfferHandover{
				All: true, Reason: "play: out for lunch", AwayWhenAccepted: true, TOTP: code,
			})
			return err
		})
		if err != nil || len(offered) != 1 {
			return fmt.Sprintf("%d handovers", len(offered)), err
		}
		p.handover = offered[0].ID
		return fmt.Sprintf("%s to %s", offered[0].Status, offered[0].To), nil
	})
	p.step(ctx, "who holds it until tech-b accepts", "tech-a", p.holder)
	p.step(ctx, "tech-b accepts with a code", "accepted", func(ctx context.Context) (string, error) {
		var accepted api.Handover
		err := p.techB.Confirm(ctx, func(code api.Secret) (err error) {
			accepted, err = p.techB.Server.AcceptHandover(ctx, p.handover, code)
			return err
		})
		return string(accepted.Status), err
	})
	p.step(ctx, "who holds it now", "tech-b", p.holder)
	p.step(ctx, "tech-a is", api.Away, func(ctx context.Context) (string, error) {
		me, err := p.techA.Server.Me(ctx)
		return me.Presence.State, err
	})
	p.refused(ctx, "tech-a, the old holder, checks it out", custody.NotHolder, func(ctx context.Context) error {
		_, err := checkOut(ctx, p.techA, Credential)
		return err
	})
	p.refused(ctx, "tech-b goes away too", custody.BothAway, func(ctx context.Context) error {
		return p.goAway(ctx, p.techB)
	})
}

func (p *play) comeBack(ctx context.Context, old api.Secret) {
	if p.failed {
		return
	}
	// The server takes its time, so that there is time to look.
	release := p.Hold()
	defer func() { release() }()
	p.step(ctx, "tech-a comes back and takes back (the server is slow)", "returned", func(ctx context.Context) (string, error) {
		var changed api.PresenceChange
		err := p.techA.Confirm(ctx, func(code api.Secret) (err error) {
			changed, err = p.techA.Server.SetPresence(ctx, api.SetPresence{State: api.Present, TakeBack: true, TOTP: code})
			return err
		})
		if err != nil || len(changed.Handovers) != 1 {
			return fmt.Sprintf("%d handovers", len(changed.Handovers)), err
		}
		return string(changed.Handovers[0].Status), nil
	})
	for _, who := range []*Player{p.techA, p.techB} {
		p.refused(ctx, who.Username+" checks it out before the server has changed it", custody.RotationPending, func(ctx context.Context) error {
			_, err := checkOut(ctx, who, Credential)
			return err
		})
	}
	release()
	release = func() {}
	p.step(ctx, "the server has accepted the new password; who holds it", fmt.Sprintf("tech-a, version %d", p.version+1), func(ctx context.Context) (string, error) {
		c, err := p.changed(ctx, Credential)
		return fmt.Sprintf("%s, version %d", c.Holder, c.Version), err
	})
	p.logInBySSH(ctx, "ssh with the old password", Account, &old, demo.Refused)
	var password api.Secret
	p.step(ctx, "tech-a checks it out", "another password", func(ctx context.Context) (string, error) {
		out, err := checkOut(ctx, p.techA, Credential)
		password = out.Password
		if err == nil && password == old {
			return "the old password", nil
		}
		return "another password", err
	})
	p.logInBySSH(ctx, "ssh with the new password", Account, &password, demo.LoggedIn(Account))
	p.step(ctx, "tech-a checks it in", "no check-out left", func(ctx context.Context) (string, error) {
		c, err := p.techA.Server.CheckIn(ctx, Credential)
		if err == nil && c.Lease != nil {
			return "a check-out left", nil
		}
		return "no check-out left", err
	})
}

func (p *play) theLedger(ctx context.Context) {
	p.step(ctx, "the ledger, over HTTP: entries, root, signature, replay", "whole", func(ctx context.Context) (string, error) {
		signed, err := p.Ledger(ctx, p.auditor.Server)
		if err == nil && !signed {
			return "not signed to its end", nil
		}
		return "whole", err
	})
	p.step(ctx, "the database: tree and tables are what the ledger gives", "whole", func(ctx context.Context) (string, error) {
		return "whole", p.Database(ctx)
	})
	p.step(ctx, "the entry of the acceptance, proved by itself", "confirmed by tech-b", func(ctx context.Context) (string, error) {
		return p.proveAcceptance(ctx)
	})
}

func (p *play) proveAcceptance(ctx context.Context) (string, error) {
	entries, err := p.auditor.Server.Entries(ctx, desk.EntryQuery{Type: custody.HandoverAccepted{}.Type(), Newest: true, Limit: 10})
	at := slices.IndexFunc(entries, func(e api.Entry) bool { return e.Subject == p.handover })
	if err != nil || at < 0 {
		return "no such entry", err
	}
	entry := entries[at]
	proof, err := p.auditor.Server.EntryProofText(ctx, entry.Index)
	if err != nil {
		return "", err
	}
	key, err := p.auditor.Server.LedgerKey(ctx)
	if err != nil {
		return "", err
	}
	if _, err := client.CheckProof(entry, proof, key); err != nil {
		return "", err
	}
	return "confirmed by " + entry.Confirm.Person, nil
}

func (p *play) holder(ctx context.Context) (string, error) {
	c, err := p.techA.Server.Credential(ctx, Credential)
	return c.Holder, err
}

// changed gives a credential once nothing is changed about its password any more.
func (p *play) changed(ctx context.Context, credential string) (api.Credential, error) {
	for {
		c, err := p.techA.Server.Credential(ctx, credential)
		if err != nil || c.Phase != custody.Rotating {
			return c, err
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return c, fmt.Errorf("still %s", c.Phase)
		}
	}
}

func checkOutWith(ctx context.Context, who *Player, credential string, code api.Secret) (api.Checkout, error) {
	return who.Server.CheckOut(ctx, credential, api.CheckOut{Purpose: "play", TOTP: code})
}

func checkOut(ctx context.Context, who *Player, credential string) (out api.Checkout, err error) {
	err = who.Confirm(ctx, func(code api.Secret) (err error) {
		out, err = checkOutWith(ctx, who, credential, code)
		return err
	})
	return out, err
}

func (p *play) goAway(ctx context.Context, who *Player) error {
	return who.Confirm(ctx, func(code api.Secret) error {
		_, err := who.Server.SetPresence(ctx, api.SetPresence{State: api.Away, TOTP: code, Reason: "play"})
		return err
	})
}
