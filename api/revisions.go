package api

import (
	"cmp"
	"context"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/totp"
)

// Each kind of proposal that has something to edit is revised by whoever asked for it, with
// the body that asked for it: POST /proposals/{id}/KIND.

func (in AddPerson) change() custody.AddPerson {
	return custody.AddPerson{
		Username: in.Username, Name: custody.OneLine(in.Name), Email: desk.NewNote(in.Email), Roles: in.Roles,
		TOTPPeriod: cmp.Or(in.TOTPPeriod, totp.DefaultPeriod),
	}
}

func (in AddCredential) change() (add custody.AddCredential, password, key custody.Secret) {
	in.Target.Settings = oneLine(in.Target.Settings)
	return custody.AddCredential{
		Name: in.Name, Primary: in.Primary, Backup: in.Backup,
		Target: desk.NewTarget(custody.Target(in.Target)),
		Policy: custody.CredentialPolicy(in.Policy),
	}, secretOf(in.Secret), secretOf(in.AdminKey)
}

func (in AdoptPolicy) change() custody.AdoptPolicy {
	return custody.AdoptPolicy{Values: in.Values.Policy(), ReviewBy: in.ReviewBy}
}

func (in ReviewPolicy) change() custody.ReviewPolicy {
	return custody.ReviewPolicy{Version: in.Version, ReviewBy: in.ReviewBy}
}

// revise asks for something else in a proposal, which voids its approvals.
func (s *Server) revise(ctx context.Context, id string, change custody.Proposable, reason string, code Secret) (Proposal, error) {
	return s.decideProposal(ctx, custody.Revise{Proposal: id, Change: custody.Change{Proposable: change}, Reason: desk.NewNote(reason)}, code)
}

// reviseAbout is that where the body does not say whom or what it is about.
func (s *Server) reviseAbout(ctx context.Context, id string, change func(subject string) custody.Proposable, reason string, code Secret) (Proposal, error) {
	p, err := s.Queries.Proposal(ctx, id)
	if err != nil {
		return Proposal{}, err
	}
	return s.revise(ctx, id, change(p.Change.Subject()), reason, code)
}

func (s *Server) reviseCustodians(ctx context.Context, in *proposalWith[SetCustodians]) (Proposal, error) {
	if err := custody.CheckInstant("until", in.Body.Until); err != nil {
		return Proposal{}, err
	}
	return s.reviseAbout(ctx, in.ID, func(name string) custody.Proposable { return in.Body.change(name) }, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) reviseRoles(ctx context.Context, in *proposalWith[SetRoles]) (Proposal, error) {
	return s.reviseAbout(ctx, in.ID, func(person string) custody.Proposable {
		return custody.SetRoles{Person: person, Roles: in.Body.Roles}
	}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) reviseDeputy(ctx context.Context, in *proposalWith[NameDeputy]) (Proposal, error) {
	return s.reviseAbout(ctx, in.ID, func(person string) custody.Proposable { return in.Body.change(person) }, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) revisePerson(ctx context.Context, in *proposalWith[AddPerson]) (Proposal, error) {
	return s.revise(ctx, in.ID, in.Body.change(), in.Body.Reason, in.Body.TOTP)
}

func (s *Server) revisePolicy(ctx context.Context, in *proposalWith[AdoptPolicy]) (Proposal, error) {
	if err := custody.CheckInstant("review_by", in.Body.ReviewBy); err != nil {
		return Proposal{}, err
	}
	return s.revise(ctx, in.ID, in.Body.change(), in.Body.Reason, in.Body.TOTP)
}

func (s *Server) reviseReview(ctx context.Context, in *proposalWith[ReviewPolicy]) (Proposal, error) {
	if err := custody.CheckInstant("review_by", in.Body.ReviewBy); err != nil {
		return Proposal{}, err
	}
	return s.revise(ctx, in.ID, in.Body.change(), in.Body.Reason, in.Body.TOTP)
}

func (s *Server) reviseCredentialPolicy(ctx context.Context, in *proposalWith[ProposePolicy]) (Proposal, error) {
	p, err := s.Queries.Proposal(ctx, in.ID)
	if err != nil {
		return Proposal{}, err
	}
	change := custody.ChangePolicy{Credential: p.Change.Subject(), Policy: custody.CredentialPolicy(in.Body.Policy)}
	if _, err := s.Desk.RevisePolicy(ctx, by(ctx, custody.Revise{}, in.Body.TOTP), in.ID, change, desk.NewNote(in.Body.Reason)); err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, in.ID)
}

// reviseCredential takes password and key anew: those that came before count no more.
func (s *Server) reviseCredential(ctx context.Context, in *proposalWith[AddCredential]) (Proposal, error) {
	add, password, key := in.Body.change()
	if _, err := s.Desk.ReviseCredential(ctx, by(ctx, custody.Revise{}, in.Body.TOTP), in.ID, add, desk.NewNote(in.Body.Reason), password, key); err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, in.ID)
}

// reviseRetarget takes password and key anew, as reviseCredential does.
func (s *Server) reviseRetarget(ctx context.Context, in *proposalWith[Retarget]) (Proposal, error) {
	p, err := s.Queries.Proposal(ctx, in.ID)
	if err != nil {
		return Proposal{}, err
	}
	wanted := in.Body.wanted(p.Change.Subject())
	if _, err := s.Desk.ReviseRetargeting(ctx, by(ctx, custody.Revise{}, in.Body.TOTP), in.ID, wanted, desk.NewNote(in.Body.Reason)); err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, in.ID)
}

func (s *Server) reviseEmail(ctx context.Context, in *proposalWith[ProposeEmail]) (Proposal, error) {
	p, err := s.Queries.Proposal(ctx, in.ID)
	if err != nil {
		return Proposal{}, err
	}
	change := custody.ChangeEmail{Person: p.Change.Subject(), Email: desk.NewNote(in.Body.Email)}
	if _, err := s.Desk.ReviseEmail(ctx, by(ctx, custody.Revise{}, in.Body.TOTP), in.ID, change, desk.NewNote(in.Body.Reason)); err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, in.ID)
}

func (s *Server) reviseDeparture(ctx context.Context, in *proposalWith[PlanDeparture]) (Proposal, error) {
	return s.reviseAbout(ctx, in.ID, func(person string) custody.Proposable {
		return custody.PlanDeparture{Person: person, At: custody.Instant(in.Body.At)}
	}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) reviseRefounding(ctx context.Context, in *proposalWith[Refound]) (Proposal, error) {
	return s.reviseAbout(ctx, in.ID, func(person string) custody.Proposable {
		return custody.Refound{Person: person, Role: in.Body.Role}
	}, in.Body.Reason, in.Body.TOTP)
}
