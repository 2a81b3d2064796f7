package custody

import "time"

// passesTo says to whom custody of a credential passes when its holder can no longer be
// taken for who they are: nobody where the other custodian is not there, and it is parked
// then. false where they do not hold it.
func (s *State) passesTo(c Credential, holder string) (to string, passes bool) {
	if c.Phase != Held || c.Holder != holder || c.Handover != "" { // a handover says itself who has it
		return "", false
	}
	if other := c.Other(holder); s.there(c, other) {
		return other, true
	}
	return "", true
}

// CustodyPassed: its holder sets up their log-in anew, so the other custodian has it,
// with a new password.
type CustodyPassed struct {
	Credential string    `json:"credential"`
	From       string    `json:"from"`
	Successor  string    `json:"successor"` // "": the other is not there, and it is parked
	Deadline   time.Time `json:"deadline"`  // of the rotation that this begins
	Proposal   string    `json:"proposal"`
}

var _ = fact(CustodyPassed{})

func (CustodyPassed) Type() string               { return "credential.passed" }
func (f CustodyPassed) Subject() string          { return f.Credential }
func (CustodyPassed) grade() Grade               { return Ordinary }
func (f CustodyPassed) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f CustodyPassed) concerns(s *State) Concerns {
	return s.aboutCustodians(f.Credential)
}

func (f CustodyPassed) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if to, passes := s.passesTo(c, f.From); !passes || to != f.Successor {
		return e.violates("I1", "passed from who did not hold it, or to somebody else than the other custodian")
	}
	return s.approved(e, f.Proposal, ResetEnrolment{f.From})
}

func (f CustodyPassed) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.startRotation(ForEnrolment, f.Successor, e.Time, f.Deadline)
		s.expectRotation(*c)
	})
}
