package play

import (
	"context"
	"crypto/rand"
	"fmt"
	"path"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
)

// shared is the credential whose custodians are changed.
const shared = "demo-db"

// around is about the people around the two technicians (clauses 3.1 and 4.3): what one of
// them alone cannot do, and how two do it.
func (p *play) around(ctx context.Context) {
	for _, who := range []*Player{p.manager, p.director, p.admin} {
		p.step(ctx, who.Username+" logs in", who.Username, func(ctx context.Context) (string, error) { return who.Username, who.LogIn(ctx) })
	}
	p.adminAlone(ctx)
	p.absent(ctx)
	if newcomer := p.somebodyNew(ctx); newcomer != nil {
		p.otherCustodians(ctx, "tech-a", newcomer.Username)
		p.leaves(ctx, newcomer)
		p.otherCustodians(ctx, "tech-a", "tech-b")
	}
}

// adminAlone has the admin try to become the holder.
func (p *play) adminAlone(ctx context.Context) {
	var asked api.Proposal
	p.step(ctx, "the admin asks for a new log-in of tech-a, the holder", "open", func(ctx context.Context) (string, error) {
		err := p.admin.Confirm(ctx, func(code api.Secret) (err error) {
			asked, err = p.admin.Server.Enrol(ctx, "tech-a", api.ConfirmedReason{Reason: "play: I want in", TOTP: code})
			return err
		})
		return string(asked.Status), err
	})
	p.refused(ctx, "the admin approves it", custody.OwnRequest, func(ctx context.Context) error {
		_, err := p.approve(ctx, p.admin, asked)
		return err
	})
	p.refused(ctx, "the admin makes a link into tech-a's account", custody.Conflict, func(ctx context.Context) error {
		return p.admin.Confirm(ctx, func(code api.Secret) error {
			_, err := p.admin.Server.IssueLink(ctx, "tech-a", code)
			return err
		})
	})
	p.step(ctx, "the manager rejects it", string(custody.Rejected), func(ctx context.Context) (string, error) {
		var decided api.Proposal
		err := p.manager.Confirm(ctx, func(code api.Secret) (err error) {
			decided, err = p.manager.Server.Reject(ctx, asked.ID, api.RejectProposal{Digest: asked.Digest, Reason: "play: no", TOTP: code})
			return err
		})
		return string(decided.Status), err
	})
}

// somebodyNew has somebody approved who sets up their own log-in; nil: it did not hold.
func (p *play) somebodyNew(ctx context.Context) (who *Player) {
	var username string
	var asked api.Proposal
	p.step(ctx, "the admin asks for somebody new", "open", func(ctx context.Context) (string, error) {
		people, err := p.admin.Server.People(ctx)
		if err != nil {
			return "", err
		}
		username = fmt.Sprintf("new-%d", len(people))
		err = p.admin.Confirm(ctx, func(code api.Secret) (err error) {
			asked, err = p.admin.Server.AddPerson(ctx, api.AddPerson{
				Username: username, Name: "Somebody New", Roles: []custody.Role{custody.Technician}, TOTPPeriod: p.admin.TOTPPeriod, Reason: "play: a new colleague", TOTP: code,
			})
			return err
		})
		return string(asked.Status), err
	})
	p.step(ctx, "the manager approves it", string(custody.Effected), func(ctx context.Context) (string, error) {
		return p.approve(ctx, p.manager, asked)
	})
	var link api.Link
	p.step(ctx, "the admin makes the link; who sees its code", "the manager, not the admin", func(ctx context.Context) (string, error) {
		err := p.admin.Confirm(ctx, func(code api.Secret) (err error) {
			link, err = p.admin.Server.IssueLink(ctx, username, code)
			return err
		})
		if err != nil {
			return "", err
		}
		forAdmin, err := p.admin.Server.Proposal(ctx, asked.ID)
		if err != nil {
			return "", err
		}
		asked, err = p.manager.Server.Proposal(ctx, asked.ID)
		if forAdmin.Release != "" || asked.Release == "" {
			return fmt.Sprintf("the manager: %t, the admin: %t", asked.Release != "", forAdmin.Release != ""), err
		}
		return "the manager, not the admin", err
	})
	p.step(ctx, "they set up a log-in that only they know", "logged in as "+username, func(ctx context.Context) (seen string, err error) {
		if who, err = p.joins(ctx, username, path.Base(string(link.Link)), asked.Release); err != nil {
			return "", err
		}
		me, err := who.Server.Me(ctx)
		return "logged in as " + me.Person.Username, err
	})
	if p.failed {
		return nil
	}
	return who
}

// joins is what somebody does who has a link and was read the code. The password is one
// that they choose.
func (p *play) joins(ctx context.Context, username, token string, code api.Secret) (*Player, error) {
	server, err := client.New(client.Config{Server: p.Server})
	if err != nil {
		return nil, err
	}
	password := rand.Text() + "-7" // by the rule: with a digit and something else
	shown, err := server.OpenLink(ctx, token, api.OpenLink{ReleaseCode: code, Password: api.Secret(password)})
	if err != nil {
		return nil, err
	}
	who := &Player{Person: demo.Person{Username: username, Password: password, TOTPSecret: string(shown.TOTPSecret), TOTPPeriod: shown.TOTPPeriod}, Server: server, Clock: p.Now}
	if err := who.Confirm(ctx, func(code api.Secret) error {
		_, err := server.Join(ctx, token, code)
		return err
	}); err != nil {
		return nil, err
	}
	return who, who.LogIn(ctx)
}

// otherCustodians has a credential get other custodians.
func (p *play) otherCustodians(ctx context.Context, primary, backup string) {
	var asked api.Proposal
	p.step(ctx, fmt.Sprintf("%s and %s are to run %s; one approves", primary, backup, shared), "open", func(ctx context.Context) (string, error) {
		err := p.admin.Confirm(ctx, func(code api.Secret) (err error) {
			asked, err = p.admin.Server.ProposeCustodians(ctx, shared, api.SetCustodians{Primary: primary, Backup: backup, Reason: "play: change of post", TOTP: code})
			return err
		})
		if err != nil {
			return "", err
		}
		return p.approve(ctx, p.manager, asked)
	})
	p.step(ctx, "the director approves as well; who runs "+shared, primary+" and "+backup, func(ctx context.Context) (string, error) {
		if _, err := p.approve(ctx, p.director, asked); err != nil {
			return "", err
		}
		c, err := p.director.Server.Credential(ctx, shared)
		return c.Primary + " and " + c.Backup, err
	})
}

// approve gives what became of a proposal.
func (p *play) approve(ctx context.Context, who *Player, asked api.Proposal) (string, error) {
	var decided api.Proposal
	err := who.Confirm(ctx, func(code api.Secret) (err error) {
		decided, err = who.Server.Approve(ctx, asked.ID, api.ApproveProposal{Digest: asked.Digest, TOTP: code})
		return err
	})
	return string(decided.Status), err
}
