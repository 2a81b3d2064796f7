package custody

import (
	"slices"
	"time"
)

// SetCustodians gives a credential another pair of custodians: because somebody
// changed post, or left (clause 4.3). It takes effect by a proposal.
type SetCustodians struct {
	Credential string `json:"credential"`
	Primary    string `json:"primary"`
	Backup     string `json:"backup"`
}

var (
	_            = action(SetCustodians{})
	_ Proposable = SetCustodians{}
)

func (SetCustodians) Verb() string           { return "custodians" }
func (a SetCustodians) Subject() string      { return a.Credential }
func (SetCustodians) givers() givers         { return byProposal }
func (SetCustodians) decide(*decision) error { return refuseApprovalNeeded() }
func (SetCustodians) ofPerson() bool         { return false }
func (SetCustodians) levels(*State) []Role   { return []Role{Manager, Director} }

func (a SetCustodians) bare(s *State) Action {
	return SetCustodians{s.nameOr(a.Credential), s.nameOr(a.Primary), s.nameOr(a.Backup)}
}

// parties are the custodians before and after.
func (a SetCustodians) parties(s *State) []string {
	c, _ := s.Credential(a.Credential)
	all := slices.DeleteFunc([]string{c.Primary, c.Backup, a.Primary, a.Backup}, func(name string) bool { return name == "" })
	slices.Sort(all)
	return slices.Compact(all)
}

func (a SetCustodians) differences(now Now) []Difference {
	return []Difference{
		{"primary", []string{now.Credential.Primary}, []string{a.Primary}},
		{"backup", []string{now.Credential.Backup}, []string{a.Backup}},
	}
}

func (a SetCustodians) effect(d *decision, proposal string) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	switch {
	case !c.Active():
		return refuseInactive(c)
	case c.Handover != "":
		return refuseHandoverOpen(c)
	case a.Primary == c.Primary && a.Backup == c.Backup:
		return refuseSameCustodians(c)
	}
	if e, on := c.InEmergency(); on {
		return refuseEmergencyOpen(c, e)
	}
	if _, err := d.pair(c, a.Primary, a.Backup); err != nil {
		return err
	}
	f := CustodiansChanged{Credential: a.Credential, Primary: a.Primary, Backup: a.Backup, Before: []string{c.Primary, c.Backup}, Proposal: proposal}
	if f.Successor = d.state.successorAfter(c, a); f.Successor != "" && c.Phase == Held {
		f.Deadline = d.deadline()
	}
	d.happen(f)
	return nil
}

// successorAfter gives who holds a credential once its password was changed, with its new
// custodians; "": it need not be, because whoever goes out never saw it, or because it is
// parked, and a custodian takes it.
func (s *State) successorAfter(c Credential, a SetCustodians) string {
	stays := func(name string) bool { return name == a.Primary || name == a.Backup }
	switch known := slices.ContainsFunc(c.Exposure, func(name string) bool { return !stays(name) }); {
	case c.Phase == Parked, c.Phase == Held && stays(c.Holder) && !known:
		return ""
	case stays(c.HeldFor()):
		return c.HeldFor()
	}
	return s.first(c, a.Primary, a.Backup)
}

// pair accepts two people who can be custodians, one of whom is there now and at any time
// that is planned, and says who of them a password is changed for that neither holds.
func (d *decision) pair(c Credential, primary, backup string) (successor string, err error) {
	a, err := d.technician("primary", primary)
	if err != nil {
		return "", err
	}
	b, err := d.technician("backup", backup)
	if err != nil {
		return "", err
	}
	if primary == backup {
		return "", Invalid("backup", "same_person")
	}
	if !d.state.there(c, primary) && !d.state.there(c, backup) {
		return "", refuseNobodyPresent(a, b)
	}
	if err := d.pairClashes(c.Name, primary, backup); err != nil {
		return "", err
	}
	return d.state.first(c, primary, backup), nil
}

// first gives the primary of two custodians, or the backup while the primary is not there.
func (s *State) first(c Credential, primary, backup string) string {
	if s.there(c, primary) {
		return primary
	}
	return backup
}

// CustodiansChanged: the credential has these two now. Where somebody who goes out
// knows its password, or held it, nobody holds it until it is changed.
type CustodiansChanged struct {
	Credential string    `json:"credential"`
	Primary    string    `json:"primary"`
	Backup     string    `json:"backup"`
	Before     []string  `json:"before"`             // primary and backup until now
	Successor  string    `json:"successor,omitzero"` // of the rotation that this begins, or that is under way; "": there is none
	Deadline   time.Time `json:"deadline,omitzero"`  // for the one that this begins
	Proposal   string    `json:"proposal"`
}

var _ = fact(CustodiansChanged{})

func (CustodiansChanged) Type() string               { return "credential.custodians_changed" }
func (f CustodiansChanged) Subject() string          { return f.Credential }
func (CustodiansChanged) grade() Grade               { return Ordinary }
func (f CustodiansChanged) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f CustodiansChanged) change() SetCustodians {
	return SetCustodians{f.Credential, f.Primary, f.Backup}
}

func (f CustodiansChanged) concerns(s *State) Concerns {
	return Concerns{Credentials: []string{f.Credential}, People: f.change().parties(s)}
}

func (f CustodiansChanged) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.Active() || c.Handover != "" {
		return e.violates("I1", "custodians of what is not in custody, or part of a handover")
	}
	if !slices.Equal(f.Before, []string{c.Primary, c.Backup}) {
		return e.violates("I1", "in the place of others than there were")
	}
	if f.Successor != s.successorAfter(c, f.change()) || f.Deadline.IsZero() == (f.Successor != "" && c.Phase == Held) {
		return e.violates("I13", "somebody who goes out knows it, and it is not changed for who stays")
	}
	if err := s.noEmergency(e, f.Credential); err != nil {
		return err
	}
	return s.approved(e, f.Proposal, f.change())
}

func (f CustodiansChanged) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		s.discharge(c.Primary, c.Name)
		s.discharge(c.Backup, c.Name)
		c.Primary, c.Backup = f.Primary, f.Backup
		s.charge(c.Primary, c.Name)
		s.charge(c.Backup, c.Name)
		c.Unattended = false
		c.Unreachable = without(c.Unreachable, func(name string) bool { return !c.HasCustodian(name) })
		switch {
		case c.Phase == Rotating:
			c.Rotation.Successor = f.Successor
			c.Rotation.needed(ForCustodians)
		case f.Successor != "":
			c.startRotation(ForCustodians, f.Successor, e.Time, f.Deadline)
			s.expectRotation(*c)
		}
	})
}

func refuseSameCustodians(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "same_custodians", Args: Args{"credential": c.Name, "primary": c.Primary, "backup": c.Backup}}
}
