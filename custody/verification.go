package custody

import "time"

// VerificationResult is what a target said to a password.
type VerificationResult string

// The results.
const (
	VerificationAccepted VerificationResult = "accepted"
	VerificationRefused  VerificationResult = "refused" // the password drifted: somebody changed it there
	VerificationUnknown  VerificationResult = "unknown" // it could not be asked
)

// StartVerification is entered before the password is read for it.
type StartVerification struct {
	Credential string `json:"credential"`
	Version    int64  `json:"version"`
	Target     int64  `json:"target,omitzero"` // as of RotationID
}

var _ = action(StartVerification{})

func (StartVerification) Verb() string         { return "start_verification" }
func (a StartVerification) Subject() string    { return a.Credential }
func (StartVerification) givers() givers       { return theSystem }
func (a StartVerification) bare(*State) Action { return a }

func (a StartVerification) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if !c.AtRest() || c.Version != a.Version || c.Retargeted != a.Target {
		return refuseLateReport(RotationID{Credential: c.Name, Number: c.Rotation.Number})
	}
	if err := c.reached(); err != nil {
		return err
	}
	d.happen(VerificationStarted(a))
	return nil
}

// VerificationStarted was committed before the password was read to see whether
// the target still takes it.
type VerificationStarted struct {
	Credential string `json:"credential"`
	Version    int64  `json:"version"`
	Target     int64  `json:"target,omitzero"`
}

var _ = fact(VerificationStarted{})

func (VerificationStarted) Type() string               { return "verification.started" }
func (f VerificationStarted) Subject() string          { return f.Credential }
func (f VerificationStarted) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (VerificationStarted) grade() Grade               { return Ordinary }
func (VerificationStarted) by(*State, Event) Who       { return bySystem() }

func (f VerificationStarted) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.AtRest() || f.Version != c.Version {
		return e.violates("I5", "verified what is not kept now, or another version")
	}
	if f.Target != c.Retargeted || c.reached() != nil {
		return e.violates("I5", "at another target than there is, or at one that cannot be asked yet")
	}
	return nil
}

// apply changes nothing: a verification does only by what it finds.
func (VerificationStarted) apply(*State, Event) {}

// EndVerification is what became of it. A result that came too late, when
// another password counts, is no result.
type EndVerification struct {
	Credential string             `json:"credential"`
	Version    int64              `json:"version"`
	Target     int64              `json:"target,omitzero"` // as of RotationID
	Result     VerificationResult `json:"result"`
	Remaining  Remaining          `json:"remaining,omitzero"` // what opens the account besides
}

var _ = action(EndVerification{})

func (EndVerification) Verb() string         { return "end_verification" }
func (a EndVerification) Subject() string    { return a.Credential }
func (EndVerification) givers() givers       { return theSystem }
func (a EndVerification) bare(*State) Action { return a }

func (a EndVerification) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if c.AtRest() && c.Version == a.Version && c.Retargeted == a.Target && c.reached() == nil {
		d.happen(VerificationEnded(a))
		d.drilled(c, a.Result)
	}
	return nil
}

// VerificationEnded says whether the target still takes the password.
type VerificationEnded struct {
	Credential string             `json:"credential"`
	Version    int64              `json:"version"`
	Target     int64              `json:"target,omitzero"`
	Result     VerificationResult `json:"result"`
	Remaining  Remaining          `json:"remaining,omitzero"` // what opens the account besides
}

var _ = fact(VerificationEnded{})

func (VerificationEnded) Type() string               { return "verification.ended" }
func (f VerificationEnded) Subject() string          { return f.Credential }
func (f VerificationEnded) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (VerificationEnded) by(*State, Event) Who       { return bySystem() }

func (f VerificationEnded) grade() Grade {
	if f.Result == VerificationRefused {
		return Serious
	}
	return Ordinary
}

func (f VerificationEnded) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.AtRest() || f.Version != c.Version {
		return e.violates("I7", "the result for what is not kept now, or for another version")
	}
	if f.Target != c.Retargeted || c.reached() != nil {
		return e.violates("I5", "the result of another target than there is, or of one that cannot have been asked yet")
	}
	if !f.Remaining.valid() || f.Remaining.Listed && f.Result != VerificationAccepted {
		return e.violates("I7", "a list of keys that none can have been, or by an account that let nobody in")
	}
	return nil
}

func (f VerificationEnded) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		switch {
		case f.Result == VerificationAccepted:
			c.Drifted = time.Time{}
		case f.Result == VerificationRefused && c.Drifted.IsZero():
			c.Drifted = e.Time
		}
		if f.Remaining.Listed {
			c.Remaining = f.Remaining
		}
		if c.Envelope.Drill != (Drill{}) {
			c.Envelope.Drill.Result = f.Result
		}
	})
}
