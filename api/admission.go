package api

import (
	"context"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// LinkTo is where somebody who was approved sets up their log-in.
func LinkTo(publicURL string, token custody.Secret) string {
	return publicURL + "/activation/" + token.Reveal()
}

func (s *Server) issueLink(ctx context.Context, in *personWith[Confirmation]) (Link, error) {
	link, err := s.Desk.IssueLink(ctx, by(ctx, custody.IssueLink{}, in.Body.TOTP), in.Username)
	if err != nil {
		return Link{}, err
	}
	return Link{Link: Secret(LinkTo(s.PublicURL, link.Token)), ExpiresAt: link.Until}, nil
}

func (s *Server) openLink(ctx context.Context, in *linkWith[OpenLink]) (NewAuthenticator, error) {
	r := edge.Of(ctx)
	r.Verb = custody.OpenLink{}.Verb()
	shown, err := s.Desk.OpenLink(ctx, desk.SetUp{
		Token: custody.SecretString(in.Token), Code: secretOf(in.Body.ReleaseCode), Password: secretOf(in.Body.Password), Request: r.ID,
	})
	return viewAuthenticator(shown), err
}

func viewAuthenticator(a desk.NewAuthenticator) NewAuthenticator {
	return NewAuthenticator{OTPAuth: Secret(a.OTPAuth.Reveal()), TOTPSecret: Secret(a.Seed.Reveal()), TOTPPeriod: a.Period}
}

func (s *Server) join(ctx context.Context, in *linkWith[Confirmation]) (Joined, error) {
	r := edge.Of(ctx)
	r.Verb = custody.Join{}.Verb()
	username, codes, err := s.Desk.Join(ctx, custody.SecretString(in.Token), string(in.Body.TOTP), r.ID)
	return Joined{Username: username, RecoveryCodes: each(codes, func(code custody.Secret) Secret { return Secret(code.Reveal()) })}, err
}

func (s *Server) founding(ctx context.Context, _ *nothing) (Founding, error) {
	f, err := s.Desk.Founding(ctx)
	if err != nil {
		return Founding{}, err
	}
	view := Founding{Founded: f.Founded, Digest: f.Digest, Confirmed: []string{}}
	viewer := edge.Of(ctx).Person
	for _, p := range f.People {
		view.People = append(view.People, viewPerson(p.KnownTo(viewer, nil)))
	}
	for _, p := range f.People {
		if p.Founder != "" {
			view.Confirmed = append(view.Confirmed, p.Username)
		}
	}
	view.LedgerKey, err = s.Desk.LedgerKey(ctx)
	return view, err
}

func (s *Server) confirmFounding(ctx context.Context, in *bodyOnly[ConfirmFounding]) (Founding, error) {
	action := custody.ConfirmFounding{Digest: in.Body.Digest}
	if _, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return Founding{}, err
	}
	return s.founding(ctx, nil)
}
