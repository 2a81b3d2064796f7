package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func (s *Server) listCredentials(ctx context.Context, _ *nothing) ([]Credential, error) {
	credentials, err := s.known(ctx).Credentials(ctx)
	return each(credentials, viewCredential), err
}

func (s *Server) getCredential(ctx context.Context, in *ofCredential) (Credential, error) {
	return s.credential(ctx, in.Name)
}

func (s *Server) credential(ctx context.Context, name string) (Credential, error) {
	c, err := s.known(ctx).Credential(ctx, name)
	return viewCredential(c), err
}

type exposureOf struct {
	Name string    `path:"name" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	At   time.Time `query:"at" doc:"The instant to look back to (RFC 3339); now when left out"`
}

func (s *Server) exposure(ctx context.Context, in *exposureOf) (Exposure, error) {
	if err := custody.CheckInstant("at", in.At); err != nil {
		return Exposure{}, err
	}
	x, err := s.known(ctx).Exposure(ctx, in.Name, in.At)
	if in.At.IsZero() {
		in.At = s.Desk.Time()
	}
	return viewExposure(in.Name, in.At.UTC(), x), err
}

func (s *Server) addCredential(ctx context.Context, in *bodyOnly[AddCredential]) (Proposal, error) {
	add, password, key := in.Body.change()
	outcome, err := s.Desk.ProposeCredential(ctx, by(ctx, custody.Propose{}, in.Body.TOTP), add, desk.NewNote(in.Body.Reason), password, key)
	if err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, outcome.Events[0].Fact.Subject())
}

// oneLine gives settings without the line breaks of what was read from a file or
// printed by a program: a setting has none, since it stands in an entry. What
// reads the setting takes a semicolon for the end of a host key, and a space for
// the end of a line of PEM.
func oneLine(settings map[string]string) map[string]string {
	folded := map[string]string{}
	for name, value := range settings {
		var lines []string
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		between := " "
		if name == "host_key" || strings.HasSuffix(name, ".host_key") {
			between = ";"
		}
		folded[name] = strings.Join(lines, between)
	}
	return folded
}

func (s *Server) checkOut(ctx context.Context, in *credentialWith[CheckOut]) (Checkout, error) {
	action := custody.CheckOut{Credential: in.Name, Purpose: desk.NewNote(in.Body.Purpose)}
	revealed, err := s.Desk.CheckOut(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return Checkout{}, err
	}
	return viewRevealed(revealed), nil
}

func (s *Server) showAgain(ctx context.Context, in *credentialWith[Confirmation]) (Checkout, error) {
	action := custody.ShowAgain{Credential: in.Name}
	revealed, err := s.Desk.ShowAgain(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return Checkout{}, err
	}
	return viewRevealed(revealed), nil
}

func viewRevealed(r desk.Revealed) Checkout {
	return Checkout{Password: Secret(r.Password.Reveal()), Version: r.Version, Lease: viewLease(r.Lease)}
}

func (s *Server) checkIn(ctx context.Context, in *ofCredential) (Credential, error) {
	return s.changeCredential(ctx, custody.CheckIn{Credential: in.Name}, "")
}

func (s *Server) rotate(ctx context.Context, in *credentialWith[ConfirmedReason]) (Credential, error) {
	return s.changeCredential(ctx, custody.RequestRotation{Credential: in.Name, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) rotateAll(ctx context.Context, in *bodyOnly[RotateAll]) ([]Credential, error) {
	action := custody.RequestRotation{All: true, Reason: desk.NewNote(in.Body.Reason)}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	for _, e := range outcome.Events {
		changed[e.Fact.Subject()] = true
	}
	all, err := s.known(ctx).Credentials(ctx)
	all = slices.DeleteFunc(all, func(c custody.Credential) bool { return !changed[c.Name] })
	return each(all, viewCredential), err
}

func (s *Server) reconcile(ctx context.Context, in *credentialWith[ConfirmedReason]) (Credential, error) {
	return s.changeCredential(ctx, custody.Reconcile{Credential: in.Name, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) newPassword(ctx context.Context, in *credentialWith[Confirmation]) (NewPassword, error) {
	action := custody.ShowNew{Credential: in.Name}
	toSet, err := s.Desk.ShowNew(ctx, by(ctx, action, in.Body.TOTP), action)
	return NewPassword{Current: Secret(toSet.Current.Reveal()), Next: Secret(toSet.Next.Reveal())}, err
}

func (s *Server) confirmSet(ctx context.Context, in *credentialWith[Confirmation]) (Credential, error) {
	return s.changeCredential(ctx, custody.ConfirmSet{Credential: in.Name}, in.Body.TOTP)
}

func (s *Server) confirmSetAll(ctx context.Context, in *bodyOnly[ConfirmSetAll]) ([]Credential, error) {
	action := custody.ConfirmSetAll{Credentials: in.Body.Credentials}
	if _, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return nil, err
	}
	set, err := s.known(ctx).FindCredentials(ctx, desk.CredentialQuery{Names: action.Credentials})
	return each(set, viewCredential), err
}

func (s *Server) pauseRotation(ctx context.Context, in *credentialWith[ConfirmedReason]) (Credential, error) {
	return s.changeCredential(ctx, custody.PauseRotation{Credential: in.Name, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) resumeRotation(ctx context.Context, in *credentialWith[Confirmation]) (Credential, error) {
	return s.changeCredential(ctx, custody.ResumeRotation{Credential: in.Name}, in.Body.TOTP)
}

func (s *Server) cancelRotation(ctx context.Context, in *credentialWith[ConfirmedReason]) (Credential, error) {
	return s.changeCredential(ctx, custody.CancelRotation{Credential: in.Name, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) abandon(ctx context.Context, in *credentialWith[ConfirmedReason]) (Proposal, error) {
	return s.propose(ctx, custody.Abandon{Credential: in.Name}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) changePolicy(ctx context.Context, in *credentialWith[ChangePolicy]) (Credential, error) {
	action := custody.ChangePolicy{Credential: in.Name, Policy: custody.CredentialPolicy(in.Body.Policy)}
	if _, err := s.Desk.ChangePolicy(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return Credential{}, err
	}
	return s.credential(ctx, in.Name)
}

func (s *Server) proposePolicy(ctx context.Context, in *credentialWith[ProposePolicy]) (Proposal, error) {
	action := custody.ChangePolicy{Credential: in.Name, Policy: custody.CredentialPolicy(in.Body.Policy)}
	outcome, err := s.Desk.ProposePolicy(ctx, by(ctx, custody.Propose{}, in.Body.TOTP), action, desk.NewNote(in.Body.Reason))
	if err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, outcome.Events[0].Fact.Subject())
}

func (s *Server) retire(ctx context.Context, in *credentialWith[ConfirmedReason]) (Proposal, error) {
	return s.propose(ctx, custody.Retire{Credential: in.Name}, in.Body.Reason, in.Body.TOTP)
}

// changeCredential carries out a command about a credential and shows what
// became of it.
func (s *Server) changeCredential(ctx context.Context, action custody.Action, code Secret) (Credential, error) {
	if _, err := s.Desk.Do(ctx, by(ctx, action, code), action); err != nil {
		return Credential{}, err
	}
	return s.credential(ctx, action.Subject())
}
