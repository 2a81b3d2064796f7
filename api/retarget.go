package api

import (
	"context"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Retarget proposes that an account is reached in another way.
type Retarget struct {
	Address  string            `json:"address,omitzero" maxLength:"500" doc:"host:port; empty: as it is, to whoever may know that"`
	Settings map[string]string `json:"settings,omitzero" doc:"Each in the place of the one that there is, an empty one instead of it. What is not named stays, to whoever may know it"`
	Secret   Secret            `json:"secret,omitzero" maxLength:"4096" doc:"The password that opens it now, if that is another than Tandem knows; it is changed at once"`
	AdminKey Secret            `json:"admin_key,omitzero" maxLength:"65536" doc:"Another key or password of the second account"`
	Reason   string            `json:"reason"`
	TOTP     Secret            `json:"totp,omitzero" maxLength:"64"`
}

// ConfirmTarget says that an account is where it is said to be.
type ConfirmTarget struct {
	Target int64  `json:"target" minimum:"0" doc:"Number of what was looked at"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// TargetShown is how an account is reached, for people to compare with the server itself.
type TargetShown struct {
	Target       Target   `json:"target"`
	Fingerprints []string `json:"fingerprints" doc:"What its host is known by; none: whoever has a certificate for its name that the server's machine trusts"`

	Number           int64     `json:"number" doc:"Which one it is, for confirm"`
	UnconfirmedSince time.Time `json:"unconfirmed_since,omitzero" doc:"Since when nothing is sent there; left out: nobody has to confirm it"`
	ConfirmedBy      []string  `json:"confirmed_by" doc:"Who can confirm it now, while somebody has to"`
}

func (in Retarget) wanted(credential string) desk.Retargeting {
	return desk.Retargeting{
		Credential: credential, Address: in.Address, Settings: oneLine(in.Settings),
		Password: custody.SecretString(string(in.Secret)), Key: custody.SecretString(string(in.AdminKey)),
	}
}

func (s *Server) retarget(ctx context.Context, in *credentialWith[Retarget]) (Proposal, error) {
	outcome, err := s.Desk.ProposeRetargeting(ctx, by(ctx, custody.Propose{}, in.Body.TOTP), in.Body.wanted(in.Name), desk.NewNote(in.Body.Reason))
	if err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, outcome.Events[0].Fact.Subject())
}

func (s *Server) showTarget(ctx context.Context, in *ofCredential) (TargetShown, error) {
	c, err := s.Queries.Credential(ctx, in.Name)
	if err != nil {
		return TargetShown{}, err
	}
	if edge.Of(ctx).Person.SightOfCredential(c) != custody.SeesAll {
		return TargetShown{}, custody.RefuseUnknown()
	}
	people, err := s.Queries.People(ctx)
	if err != nil {
		return TargetShown{}, err
	}
	return TargetShown{
		Target: Target(c.Target.In(custody.Redacted)), Fingerprints: append([]string{}, s.Desk.FingerprintsOf(c)...),
		Number: c.Retargeted, UnconfirmedSince: c.Unconfirmed, ConfirmedBy: ConfirmersOf(c, people),
	}, nil
}

// ConfirmersOf gives who of the people can confirm how an account is reached; none where
// nobody has to.
func ConfirmersOf(c custody.Credential, people []custody.Person) []string {
	names := []string{}
	for _, p := range people {
		if !c.Unconfirmed.IsZero() && c.MayConfirmTarget(p) {
			names = append(names, p.Username)
		}
	}
	slices.Sort(names)
	return names
}

func (s *Server) confirmTarget(ctx context.Context, in *credentialWith[ConfirmTarget]) (Credential, error) {
	return s.changeCredential(ctx, custody.ConfirmTarget{Credential: in.Name, Target: in.Body.Target}, in.Body.TOTP)
}
