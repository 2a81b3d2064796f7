package custody

// ReportArrived says that the secrets which came with a credential are where its
// rotation looks for them.
type ReportArrived struct {
	Credential string `json:"credential"`
}

var _ = action(ReportArrived{})

func (ReportArrived) Verb() string         { return "report_arrived" }
func (a ReportArrived) Subject() string    { return a.Credential }
func (ReportArrived) givers() givers       { return theSystem }
func (a ReportArrived) bare(*State) Action { return a }

func (a ReportArrived) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if c.Arriving == "" {
		return refuseNothingArrives(c)
	}
	d.happen(SecretsArrived{Credential: c.Name})
	return nil
}

// SecretsArrived: what came with a credential is in its place, and its rotation
// begins.
type SecretsArrived struct {
	Credential string `json:"credential"`
}

var _ = fact(SecretsArrived{})

func (SecretsArrived) Type() string               { return "credential.secrets_arrived" }
func (f SecretsArrived) Subject() string          { return f.Credential }
func (f SecretsArrived) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (SecretsArrived) grade() Grade               { return Ordinary }
func (SecretsArrived) by(*State, Event) Who       { return bySystem() }

func (f SecretsArrived) allowed(s *State, e Event) error {
	if c, _ := s.Credential(f.Credential); c.Arriving == "" {
		return e.violates("I4", "arrived, and nothing was on its way")
	}
	return nil
}

func (f SecretsArrived) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.Arriving, c.Again = "", false })
}
