package custody

import "slices"

// Abandon ends custody of an account while its password is being changed and cannot
// be: which of the staged and the current one opens it, if any, is not known. It takes
// effect by a proposal, whose reason is why.
type Abandon struct {
	Credential string `json:"credential"`
}

var (
	_            = action(Abandon{})
	_ Proposable = Abandon{}
)

func (Abandon) Verb() string                 { return "abandon" }
func (a Abandon) Subject() string            { return a.Credential }
func (Abandon) givers() givers               { return byProposal }
func (Abandon) decide(*decision) error       { return refuseApprovalNeeded() }
func (Abandon) ofPerson() bool               { return false }
func (Abandon) levels(*State) []Role         { return []Role{Manager, Director} }
func (a Abandon) parties(s *State) []string  { return s.seatsOf(a.Credential) }
func (Abandon) differences(Now) []Difference { return nil }
func (a Abandon) bare(s *State) Action       { return Abandon{s.nameOr(a.Credential)} }

func (a Abandon) effect(d *decision, proposal string) error {
	c, err := d.credential(a.Credential)
	switch {
	case err != nil:
		return err
	case c.Phase != Rotating:
		return refuseNothingChanging(c)
	case d.state.boundToAnother(c):
		return refuseHandoverOpen(c)
	}
	if e, on := c.InEmergency(); on {
		return refuseEmergencyOpen(c, e)
	}
	d.happen(CredentialAbandoned{Credential: c.Name, Rotation: c.Rotation.Number, Proposal: proposal})
	if h, open := d.state.Handover(c.Handover); open && !d.state.returning(h, c.Name) {
		d.happen(HandoverClosed{Handover: h.ID, Proposal: proposal})
	}
	return nil
}

// CredentialAbandoned ended custody of an account while its password was unknown. The
// values that it may be stay in the secret store.
type CredentialAbandoned struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
	Proposal   string `json:"proposal"`
}

var _ = fact(CredentialAbandoned{})

func (CredentialAbandoned) Type() string               { return "credential.abandoned" }
func (f CredentialAbandoned) Subject() string          { return f.Credential }
func (f CredentialAbandoned) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (CredentialAbandoned) grade() Grade               { return Serious }
func (f CredentialAbandoned) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f CredentialAbandoned) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if s.boundToAnother(c) {
		return e.violates("I1", "given up out of an open handover")
	}
	if err := e.inProgress(c, f.Rotation); err != nil {
		return err
	}
	if err := s.noEmergency(e, f.Credential); err != nil {
		return err
	}
	return s.approved(e, f.Proposal, Abandon{f.Credential})
}

func (f CredentialAbandoned) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		s.endCustody(c)
		c.Handover, c.Abandoned = "", true
	})
}

// mayComeAgain says whether an account can come into custody under the name of one
// that was: it is the same account, or nothing of the one before was ever changed.
func (c Credential) mayComeAgain(t TargetNotes) bool {
	return c.Phase == Retired && (c.Version == 0 && !c.Abandoned || c.sharesAccount(t))
}

func (c Credential) sharesAccount(t TargetNotes) bool {
	return slices.ContainsFunc(t.Identities, func(identity string) bool { return slices.Contains(c.Target.Identities, identity) })
}
