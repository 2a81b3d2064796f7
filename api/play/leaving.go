package play

import (
	"context"
	"fmt"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
)

// sharedAccount is the log-in on the server that shared opens.
const sharedAccount = "db"

// leaves has somebody leave who holds a password and knows it (clause 4.3): their access
// ends at once, what they know is changed, and what is left to do is done by name.
func (p *play) leaves(ctx context.Context, leaver *Player) {
	password := p.takesOver(ctx, leaver)
	p.step(ctx, "the manager ends "+leaver.Username+"'s access; what is changed", "1 password", func(ctx context.Context) (string, error) {
		var left api.Disabled
		err := p.manager.Confirm(ctx, func(code api.Secret) (err error) {
			left, err = p.manager.Server.Disable(ctx, leaver.Username, api.ConfirmedReason{Reason: "play: leaves the company", TOTP: code})
			return err
		})
		return fmt.Sprintf("%d password", len(left.Offboarding.Items)), err
	})
	p.refused(ctx, leaver.Username+" looks at it, in the session that was open", custody.Unauthenticated, func(ctx context.Context) error {
		_, err := leaver.Server.ShowAgain(ctx, shared, "000000")
		return err
	})
	p.step(ctx, "the password is changed; who holds it", "tech-a", func(ctx context.Context) (string, error) {
		c, err := p.changed(ctx, shared)
		return c.Holder, err
	})
	p.logInBySSH(ctx, "ssh with the password that "+leaver.Username+" knew", sharedAccount, &password, demo.Refused)
	p.refused(ctx, "tech-a, alone with it now, goes away", custody.SeatIsVacant, func(ctx context.Context) error {
		return p.goAway(ctx, p.techA)
	})
	p.step(ctx, "what else has to be done for a leaver", "done", func(ctx context.Context) (string, error) {
		return p.settle(ctx, leaver.Username)
	})
}

// takesOver has somebody hold and check out what the technician held, and gives the
// password.
func (p *play) takesOver(ctx context.Context, who *Player) (password api.Secret) {
	p.step(ctx, "tech-a offers "+shared+" to "+who.Username+", who takes it out", "checked out", func(ctx context.Context) (string, error) {
		var offered []api.Handover
		err := p.techA.Confirm(ctx, func(code api.Secret) (err error) {
			offered, err = p.techA.Server.OfferHandover(ctx, api.OfferHandover{Credentials: []string{shared}, Reason: "play: yours for a while", TOTP: code})
			return err
		})
		if err != nil || len(offered) != 1 {
			return fmt.Sprintf("%d handovers", len(offered)), err
		}
		if err := who.Confirm(ctx, func(code api.Secret) error {
			_, err := who.Server.AcceptHandover(ctx, offered[0].ID, code)
			return err
		}); err != nil {
			return "", err
		}
		out, err := checkOut(ctx, who, shared)
		password = out.Password
		return "checked out", err
	})
	return password
}

// settle does what is left of somebody's leaving by word, and gives how it stands.
func (p *play) settle(ctx context.Context, leaver string) (string, error) {
	open, err := p.manager.Server.Offboarding(ctx, leaver)
	if err != nil {
		return "", err
	}
	for _, item := range open.Checklist {
		how := custody.HowNone
		if item.Kind == custody.ItemTold {
			how = custody.HowEmail
		}
		if err := p.manager.Confirm(ctx, func(code api.Secret) error {
			_, err := p.manager.Server.SettleItem(ctx, leaver, item.Item, api.SettleItem{How: how, TOTP: code})
			return err
		}); err != nil {
			return "", err
		}
	}
	if open, err = p.manager.Server.Offboarding(ctx, leaver); err != nil || open.Done < open.All {
		return fmt.Sprintf("%d of %d", open.Done, open.All), err
	}
	return "done", nil
}
