package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Link is what somebody who was approved sets up their log-in with. It is shown once.
type Link struct {
	Link      Secret    `json:"link" doc:"For the person; it needs the release code, which an approver reads to them"`
	ExpiresAt time.Time `json:"expires_at"`
}

// OpenLink is what that person types first.
type OpenLink struct {
	ReleaseCode Secret `json:"release_code" maxLength:"64"`
	Password    Secret `json:"password" maxLength:"1024" doc:"Chosen by the person: at least 8 characters with letters, digits and others"`
}

// NewAuthenticator is shown to that person once. It counts after the confirmation.
type NewAuthenticator struct {
	OTPAuth    Secret `json:"otpauth_uri"`
	TOTPSecret Secret `json:"totp_secret" doc:"Base32"`
	TOTPPeriod int    `json:"totp_period" doc:"Seconds"`
}

// Joined is what a person has who set up their log-in.
type Joined struct {
	Username      string   `json:"username"`
	RecoveryCodes []Secret `json:"recovery_codes" doc:"Shown once"`
}

// Founding is who there is, for a manager and a director to confirm.
type Founding struct {
	Founded   bool     `json:"founded" doc:"Both have confirmed: nobody comes in alone any more"`
	People    []Person `json:"people"`
	LedgerKey string   `json:"ledger_key"`
	Digest    string   `json:"digest" doc:"Of the people and their roles: what a confirmation is of"`
	Confirmed []string `json:"confirmed" doc:"Usernames of those who have"`
}

// ConfirmFounding says that it is right.
type ConfirmFounding struct {
	Digest string `json:"digest" maxLength:"64"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

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
