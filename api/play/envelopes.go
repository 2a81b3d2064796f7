package play

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/envelope"
)

// envelopes is what there is for when Tandem itself is down: two hold keys, one opens
// nothing, both do, and a drill changes the password that they could have read.
func (p *play) envelopes(ctx context.Context) {
	if p.Envelopes == "" {
		return
	}
	keys := map[string]*age.X25519Identity{}
	var asked api.Proposal
	p.step(ctx, "manager and director are to open envelopes; one approves", "open", func(ctx context.Context) (string, error) {
		now, err := p.admin.Server.Policy(ctx)
		if err != nil {
			return "", err
		}
		in := api.AdoptPolicy{Values: now.Values, ReviewBy: time.Now().AddDate(0, 11, 0), Reason: "play: for when Tandem is down"}
		in.Values.Keyholders = nil
		for _, name := range []string{p.director.Username, p.manager.Username} {
			if keys[name], err = age.GenerateX25519Identity(); err != nil {
				return "", err
			}
			in.Values.Keyholders = append(in.Values.Keyholders, api.Keyholder{Person: name, Recipient: keys[name].Recipient().String()})
		}
		if err := p.admin.Confirm(ctx, func(code api.Secret) (err error) {
			in.TOTP = code
			asked, err = p.admin.Server.AdoptPolicy(ctx, in)
			return err
		}); err != nil {
			return "", err
		}
		return p.approve(ctx, p.manager, asked)
	})
	p.step(ctx, "the director approves as well", string(custody.Effected), func(ctx context.Context) (string, error) {
		return p.approve(ctx, p.director, asked)
	})
	var is *envelope.Envelope
	p.step(ctx, "an envelope of "+Credential+" is made; it opens for", "director and manager", func(ctx context.Context) (string, error) {
		made, err := p.enveloped(ctx)
		if err != nil {
			return "", err
		}
		content, err := os.ReadFile(filepath.Join(p.Envelopes, made.File))
		if err != nil {
			return "", err
		}
		if is, err = envelope.Read(content); err != nil {
			return "", err
		}
		holders := is.Keyholders()
		return strings.Join(holders, " and "), nil
	})
	p.step(ctx, "the manager opens it alone, without the server", "it takes another one's key", func(context.Context) (string, error) {
		_, _, err := is.Open(keys[p.manager.Username])
		if _, locked := errors.AsType[*envelope.LockedError](err); locked {
			return "it takes another one's key", nil
		}
		return "it opens", err
	})
	var letter envelope.Letter
	var password api.Secret
	p.step(ctx, "both open it, without the server", "for "+Account, func(context.Context) (seen string, err error) {
		letter, _, err = is.Open(keys[p.manager.Username], keys[p.director.Username])
		password = api.Secret(letter.Password.Reveal())
		return "for " + letter.Account, err
	})
	p.logInBySSH(ctx, "ssh root@"+p.SSH+" with what was inside", Account, &password, demo.LoggedIn(Account))
	p.step(ctx, "they prove that it was a drill; the password", "is tried, and changed", func(ctx context.Context) (string, error) {
		if err := p.manager.Confirm(ctx, func(code api.Secret) error {
			_, err := p.manager.Server.EnvelopeDrill(ctx, Credential, api.DrilledEnvelope{
				By: []string{p.director.Username, p.manager.Username}, Proof: api.Secret(letter.Proof.Reveal()), TOTP: code,
			})
			return err
		}); err != nil {
			return "", err
		}
		now, err := p.enveloped(ctx)
		for err == nil && now.Version == is.Version { // the drill, then its rotation, then another envelope
			if err = pause(ctx); err == nil {
				now, err = p.enveloped(ctx)
			}
		}
		if err != nil || now.DrilledAt.IsZero() {
			return "the drill did not go well", err
		}
		return "is tried, and changed", nil
	})
	p.logInBySSH(ctx, "ssh with what was in the envelope", Account, &password, demo.Refused)
}

// enveloped waits until the credential has an envelope in force.
func (p *play) enveloped(ctx context.Context) (api.Envelope, error) {
	for {
		all, err := p.manager.Server.Envelopes(ctx)
		if err != nil {
			return api.Envelope{}, err
		}
		for _, e := range all.Envelopes {
			if e.Credential == Credential && e.State == api.EnvelopeInForce {
				return e, nil
			}
		}
		if err := pause(ctx); err != nil {
			return api.Envelope{}, fmt.Errorf("no envelope in force: %w", err)
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pollEvery):
		return nil
	}
}
