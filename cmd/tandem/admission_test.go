package main

import (
	"context"
	"errors"
	"path"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// setUpAnew has somebody set up their log-in anew, as people do it: an admin asks, a
// manager approves and reads the code, and the person comes with the link. It gives
// them with what they chose, and their recovery codes.
func (in *installation) setUpAnew(username string) (*play.Player, []api.Secret) {
	in.t.Helper()
	ctx := in.t.Context()
	var asked api.Proposal
	var link api.Link
	in.must("admin", func(admin *client.Client, code api.Secret) (err error) {
		asked, err = admin.Enrol(ctx, username, api.ConfirmedReason{Reason: "lost phone", TOTP: code})
		return err
	})
	in.must("manager", func(manager *client.Client, code api.Secret) error {
		_, err := manager.Approve(ctx, asked.ID, api.ApproveProposal{Digest: asked.Digest, TOTP: code})
		return err
	})
	in.must("admin", func(admin *client.Client, code api.Secret) (err error) {
		link, err = admin.IssueLink(ctx, username, code)
		return err
	})
	seen, err := in.people["manager"].Server.Proposal(ctx, asked.ID)
	must(in.t, err)
	if seen.Release == "" {
		in.t.Fatal("the manager has no code to read")
	}
	const password = desktest.OwnPassword
	who := &play.Player{Person: demo.Person{Username: username, Password: password, TOTPPeriod: installationPeriod}, Server: in.stranger()}
	token := path.Base(string(link.Link))
	shown, err := who.Server.OpenLink(ctx, token, api.OpenLink{ReleaseCode: seen.Release, Password: password})
	must(in.t, err)
	who.TOTPSecret = string(shown.TOTPSecret)
	var joined api.Joined
	must(in.t, who.Confirm(ctx, func(code api.Secret) (err error) {
		joined, err = who.Server.Join(ctx, token, code)
		return err
	}))
	return who, joined.RecoveryCodes
}

// entersRefusal has an admin ask for a link into their own account: that is refused
// without a code, and entered. The error is any other answer.
func entersRefusal(ctx context.Context, admin *play.Player) error {
	_, err := admin.Server.IssueLink(ctx, admin.Username, "")
	if problem, is := errors.AsType[*edge.Problem](err); is && problem.Code == custody.Forbidden {
		return nil
	}
	return err
}
