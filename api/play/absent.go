package play

import (
	"context"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
)

// Passes is how much time a play lets pass, at the most, where it can move the clock.
const Passes = 90 * time.Minute

// wallMinute is how the API takes a time on a clock.
const wallMinute = "2006-01-02T15:04"

// absent is about a holder who is not there: one who has planned it, and one whom nobody
// can reach.
func (p *play) absent(ctx context.Context) {
	p.plannedAbsence(ctx)
	p.emergency(ctx)
}

// plannedAbsence has custody move by itself.
func (p *play) plannedAbsence(ctx context.Context) {
	var planned api.PlannedAbsence
	p.step(ctx, "tech-a plans to be away "+p.ahead()+", and signs ahead", "planned, for tech-b", func(ctx context.Context) (string, error) {
		begins := p.begins()
		err := p.techA.Confirm(ctx, func(code api.Secret) (err error) {
			planned, err = p.techA.Server.PlanAbsence(ctx, api.PlanAbsence{
				From: begins.Format(wallMinute), Until: begins.Add(8 * time.Hour).Format(wallMinute), Zone: "UTC", Reason: "play: at the dentist's", Offer: true, TOTP: code,
			})
			return err
		})
		if err != nil || planned.Handover == nil {
			return "nothing signed", err
		}
		return fmt.Sprintf("%s, for %s", planned.Handover.Status, planned.Handover.To), nil
	})
	p.step(ctx, "tech-b signs it as well", string(custody.HandoverSignedAhead), func(ctx context.Context) (string, error) {
		var signed api.Handover
		err := p.techB.Confirm(ctx, func(code api.Secret) (err error) {
			signed, err = p.techB.Server.SignHandover(ctx, planned.Handover.ID, code)
			return err
		})
		return string(signed.Status), err
	})
	p.step(ctx, "who holds it until then", "tech-a", p.holder)
	if !p.passesUntil(ctx, planned.Absence.From) {
		return
	}
	p.step(ctx, "its time has come, nobody did anything; who holds it", "tech-b", func(ctx context.Context) (string, error) {
		if err := p.loggedIn(ctx); err != nil {
			return "", err
		}
		return p.passesTo(ctx, "tech-b")
	})
	p.step(ctx, "tech-a is", api.Away, func(ctx context.Context) (string, error) {
		me, err := p.techA.Server.Me(ctx)
		return me.Presence.State, err
	})
	p.refused(ctx, "tech-a checks it out", custody.NotHolder, func(ctx context.Context) error {
		_, err := checkOut(ctx, p.techA, Credential)
		return err
	})
	password := p.checksOut(ctx, p.techB)
	p.logInBySSH(ctx, "ssh with that password", Account, &password, demo.LoggedIn(Account))
	p.step(ctx, "tech-a is back and takes back; who holds it, once it is changed", "tech-a", func(ctx context.Context) (string, error) {
		if err := p.techA.Confirm(ctx, func(code api.Secret) error {
			_, err := p.techA.Server.SetPresence(ctx, api.SetPresence{State: api.Present, TakeBack: true, TOTP: code})
			return err
		}); err != nil {
			return "", err
		}
		if _, err := p.changed(ctx, shared); err != nil {
			return "", err
		}
		c, err := p.changed(ctx, Credential)
		return c.Holder, err
	})
	p.logInBySSH(ctx, "ssh with the password that tech-b had", Account, &password, demo.Refused)
}

// emergency passes a password on whose holder does not answer, for a while.
func (p *play) emergency(ctx context.Context) {
	var asked api.Emergency
	p.step(ctx, "at night: tech-a does not answer, and tech-b asks for it", string(custody.EmergencyPending), func(ctx context.Context) (string, error) {
		err := p.techB.Confirm(ctx, func(code api.Secret) (err error) {
			asked, err = p.techB.Server.RequestEmergency(ctx, api.RequestEmergency{Credentials: []string{Credential}, Reason: "play: the disk is full", TOTP: code})
			return err
		})
		return string(asked.Status), err
	})
	p.refused(ctx, "tech-b approves it", custody.OwnRequest, func(ctx context.Context) error { return p.yields(ctx, p.techB, &asked) })
	p.step(ctx, "the manager approves it; who holds it", "granted, tech-b", func(ctx context.Context) (string, error) {
		if err := p.yields(ctx, p.manager, &asked); err != nil {
			return "", err
		}
		holder, err := p.holder(ctx)
		return fmt.Sprintf("%s, %s", asked.Status, holder), err
	})
	p.refused(ctx, "tech-a, who held it, checks it out", custody.NotHolder, func(ctx context.Context) error {
		_, err := checkOut(ctx, p.techA, Credential)
		return err
	})
	password := p.checksOut(ctx, p.techB)
	p.logInBySSH(ctx, "ssh with that password", Account, &password, demo.LoggedIn(Account))
	p.step(ctx, "tech-a answers, tech-b ends it; who holds it, once it is changed", "tech-a", func(ctx context.Context) (string, error) {
		if _, err := p.techA.Server.SetPresence(ctx, api.SetPresence{State: api.Present}); err != nil {
			return "", err
		}
		if err := p.techB.Confirm(ctx, func(code api.Secret) (err error) {
			asked, err = p.techB.Server.EndEmergency(ctx, asked.ID, code)
			return err
		}); err != nil {
			return "", err
		}
		c, err := p.changed(ctx, Credential)
		return c.Holder, err
	})
	p.logInBySSH(ctx, "ssh with the password of the emergency", Account, &password, demo.Refused)
	p.step(ctx, "the director, who had no part in it, reviews it", string(custody.EmergencyClosed), func(ctx context.Context) (string, error) {
		err := p.director.Confirm(ctx, func(code api.Secret) (err error) {
			asked, err = p.director.Server.ReviewEmergency(ctx, asked.ID, api.ReviewEmergency{Verdict: custody.Justified, Text: "play: the disk was full", TOTP: code})
			return err
		})
		return string(asked.Status), err
	})
}

// yields approves an emergency, and has it be as it is then.
func (p *play) yields(ctx context.Context, who *Player, asked *api.Emergency) error {
	return who.Confirm(ctx, func(code api.Secret) error {
		e, err := who.Server.ApproveEmergency(ctx, asked.ID, code)
		if err == nil {
			*asked = e
		}
		return err
	})
}

// checksOut is a step that gives the password that somebody has now.
func (p *play) checksOut(ctx context.Context, who *Player) (password api.Secret) {
	p.step(ctx, who.Username+" checks it out", "checked out", func(ctx context.Context) (string, error) {
		out, err := checkOut(ctx, who, Credential)
		password = out.Password
		return "checked out", err
	})
	return password
}

// ahead says when a planned absence begins.
func (p *play) ahead() string {
	if p.Pass == nil {
		return "in a minute or two"
	}
	return "in an hour"
}

// begins is that, as a whole minute. Where the clock cannot be moved, it is as soon as both
// can have signed.
func (p *play) begins() time.Time {
	after := time.Hour
	if p.Pass == nil {
		after = 10*time.Second + 4*time.Duration(p.techA.TOTPPeriod)*time.Second
	}
	return p.now().UTC().Add(after).Truncate(time.Minute).Add(time.Minute)
}

// passesUntil lets time pass; false: the play is over.
func (p *play) passesUntil(ctx context.Context, until time.Time) bool {
	if p.failed {
		return false
	}
	d := until.Sub(p.now())
	if p.Pass != nil {
		p.Pass(d)
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// passesTo waits until somebody has the credential, and nothing is changed about it any
// more, and gives who has it; whoever has it when the step's time is over otherwise.
func (p *play) passesTo(ctx context.Context, who string) (string, error) {
	for {
		c, err := p.changed(ctx, Credential)
		if err != nil || c.Holder == who {
			return c.Holder, err
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return c.Holder, nil
		}
	}
}

// loggedIn logs everybody in whose session has ended while time passed.
func (p *play) loggedIn(ctx context.Context) error {
	for _, who := range []*Player{p.techA, p.techB, p.auditor, p.manager, p.director, p.admin} {
		if _, err := who.Server.Me(ctx); err == nil {
			continue
		}
		if err := who.LogIn(ctx); err != nil {
			return fmt.Errorf("%s: %w", who.Username, err)
		}
	}
	return nil
}
