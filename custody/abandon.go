package custody

import "slices"

// aloneMayAbandon is the switch: one admin may, as long as there are no proposals
// that others approve.
func (d *decision) aloneMayAbandon() error { return d.onlyAdmin() }

// Abandon ends custody of an account while its password is being changed and cannot
// be: which of the staged and the current one opens it, if any, is not known.
type Abandon struct {
	Credential string `json:"credential"`
	Reason     Note   `json:"reason"`
}

var _ = action(Abandon{})

func (Abandon) Verb() string           { return "abandon" }
func (a Abandon) Subject() string      { return a.Credential }
func (Abandon) givers() givers         { return people }
func (a Abandon) bare(s *State) Action { return Abandon{s.nameOr(a.Credential), absentNote} }

func (a Abandon) decide(d *decision) error {
	if err := d.aloneMayAbandon(); err != nil {
		return err
	}
	c, err := d.credential(a.Credential)
	switch {
	case err != nil:
		return err
	case c.Phase != Rotating:
		return refuseNothingChanging(c)
	case d.state.boundToAnother(c):
		return refuseHandoverOpen(c)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(CredentialAbandoned{Credential: c.Name, Rotation: c.Rotation.Number, Reason: a.Reason})
	if h, open := d.state.Handover(c.Handover); open && !d.state.returning(h, c.Name) {
		d.happen(HandoverClosed{Handover: h.ID})
	}
	return nil
}

// CredentialAbandoned ended custody of an account while its password was unknown. The
// values that it may be stay in the secret store.
type CredentialAbandoned struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
	Reason     Note   `json:"reason"`
}

var _ = fact(CredentialAbandoned{})

func (CredentialAbandoned) Type() string               { return "credential.abandoned" }
func (f CredentialAbandoned) Subject() string          { return f.Credential }
func (f CredentialAbandoned) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (CredentialAbandoned) grade() Grade               { return Serious }
func (CredentialAbandoned) by(*State, Event) Who       { return byRole(Admin).confirmed() }

func (f CredentialAbandoned) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if s.boundToAnother(c) {
		return e.violates("I1", "given up out of an open handover")
	}
	return e.inProgress(c, f.Rotation)
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
