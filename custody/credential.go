package custody

import (
	"slices"
	"time"
)

// Phase is where a credential stands.
type Phase string

// The phases; the machine is drawn in doc.go.
const (
	Draft    Phase = "draft" // waits for the approvals of clause 3.1
	Rotating Phase = "rotating"
	Held     Phase = "held"
	Retired  Phase = "retired"
)

// CredentialPolicy is what differs from credential to credential. That a return
// changes the password is not in it: nothing switches that off.
type CredentialPolicy struct {
	RotateOnTransfer bool   `json:"rotate_on_transfer,omitzero"`
	RotateOnCheckin  bool   `json:"rotate_on_checkin,omitzero"`
	MaxAgeSeconds    int64  `json:"max_age_seconds,omitzero"` // of a password; zero: any age
	MaxExposed       int64  `json:"max_exposed,omitzero"`     // people who know it, before it is changed; zero: any number
	AutoReconcile    bool   `json:"auto_reconcile,omitzero"`  // when it drifted, through the second account
	LeaseSeconds     int64  `json:"lease_seconds,omitzero"`   // zero: the general policy's
	Password         string `json:"password,omitzero"`        // name of the password policy; "": the general one

	// Dependents are what else uses the password: each is told the new one
	// after a rotation. Names from the configuration.
	Dependents []string `json:"dependents,omitzero"`
}

// Credential is one privileged account on one target ("root on db01") with its
// two custodians.
type Credential struct {
	Name    string           `json:"name"`
	Target  TargetNotes      `json:"target"`
	Policy  CredentialPolicy `json:"policy,omitzero"`
	Primary string           `json:"primary"` // A
	Backup  string           `json:"backup"`  // B

	// Reconciles: its target has a second account, through which the password
	// can be set when the current one is lost.
	Reconciles bool `json:"reconciles,omitzero"`

	Arriving string `json:"arriving,omitzero"` // the request that brought its secrets, until they are in their place; "": they are
	Again    bool   `json:"again,omitzero"`    // until then: the account was in custody under this name before, and its last password counts

	Abandoned bool `json:"abandoned,omitzero"` // its custody ended while its password was not known

	Phase    Phase    `json:"phase"`
	Holder   string   `json:"holder,omitzero"`   // set while Held
	Rotation Rotation `json:"rotation,omitzero"` // Number always; the rest while Rotating

	Version   int64     `json:"version,omitzero"` // of the secret, as the secret store counts; 0 before the first
	RotatedAt time.Time `json:"rotated_at,omitzero"`
	Exposure  []string  `json:"exposure,omitempty"` // sorted: to whom this version was revealed
	Lease     Lease     `json:"lease,omitzero"`     // zero when nothing is checked out
	Handover  string    `json:"handover,omitzero"`  // the open handover it is part of, or ""

	Remaining Remaining `json:"remaining,omitzero"` // what opens the account besides, as it was listed last

	Drifted time.Time `json:"drifted,omitzero"`  // since when the target refuses this version; zero: it does not, as far as is known
	Updates []Update  `json:"updates,omitempty"` // by dependent: those that do not have this version yet
}

// Active says that the two-custodian rule binds this credential.
func (c Credential) Active() bool { return c.Phase == Held || c.Phase == Rotating }

// HasCustodian says whether the person is one of the two.
func (c Credential) HasCustodian(person string) bool {
	return person != "" && (c.Primary == person || c.Backup == person)
}

// Other gives the custodian who is not the person.
func (c Credential) Other(person string) string {
	if c.Primary == person {
		return c.Backup
	}
	return c.Primary
}

// AddCredential puts an account under custody; its password is changed at once
// (onboard).
type AddCredential struct {
	Name       string           `json:"name"`
	Target     TargetNotes      `json:"target"`
	Policy     CredentialPolicy `json:"policy"`
	Primary    string           `json:"primary"`
	Backup     string           `json:"backup"`
	Reconciles bool             `json:"reconciles,omitzero"` // as the connector says of the target
	Brings     bool             `json:"brings,omitzero"`     // secrets came with it, which are not in their place yet
}

var _ = action(AddCredential{})

func (AddCredential) Verb() string      { return "add_credential" }
func (a AddCredential) Subject() string { return a.Name }
func (AddCredential) givers() givers    { return peopleAndSystem } // the demo's are added by whoever sets it up

func (a AddCredential) bare(s *State) Action {
	target := TargetNotes{Kind: absent, Address: absentNote, Account: absentNote, Identities: s.taken(a.Target)}
	return AddCredential{
		Name: s.nameOr(a.Name), Target: target,
		Primary: s.nameOr(a.Primary), Backup: s.nameOr(a.Backup), Reconciles: a.Reconciles, Brings: a.Brings,
	}
}

func (a AddCredential) decide(d *decision) error {
	if err := d.onlyAdmin(); err != nil {
		return err
	}
	if err := checkName("name", a.Name); err != nil {
		return err
	}
	if err := checkTarget(a.Target); err != nil {
		return err
	}
	if err := checkPolicy(a.Policy); err != nil {
		return err
	}
	was, exists := d.state.Credential(a.Name)
	if exists && !was.mayComeAgain(a.Target) {
		return refuseExists(aCredential)
	}
	if other := d.state.inCustodyAs(a.Target); other != "" {
		return refuseAccountTaken(other)
	}
	successor, err := d.pair(a.Primary, a.Backup)
	if err != nil {
		return err
	}
	if err := checkIdentities(a.Target.Identities); err != nil {
		return err
	}
	d.happen(CredentialAdded{
		Credential: a.Name, Target: a.Target, Policy: a.Policy,
		Primary: a.Primary, Backup: a.Backup, Successor: successor, Deadline: d.deadline(),
		Reconciles: a.Reconciles, Brings: a.Brings || exists, Again: was.sharesAccount(a.Target),
	})
	return nil
}

// CredentialAdded put an account under custody, in rotation for onboarding.
type CredentialAdded struct {
	Credential string           `json:"credential"`
	Target     TargetNotes      `json:"target"`
	Policy     CredentialPolicy `json:"policy"`
	Primary    string           `json:"primary"`
	Backup     string           `json:"backup"`
	Successor  string           `json:"successor"`
	Deadline   time.Time        `json:"deadline"` // for the rotation
	Reconciles bool             `json:"reconciles,omitzero"`
	Brings     bool             `json:"brings,omitzero"` // the rotation begins with SecretsArrived
	Again      bool             `json:"again,omitzero"`  // it was in custody under this name before
}

var _ = fact(CredentialAdded{})

func (CredentialAdded) Type() string         { return "credential.added" }
func (f CredentialAdded) Subject() string    { return f.Credential }
func (CredentialAdded) grade() Grade         { return Ordinary }
func (CredentialAdded) by(*State, Event) Who { return byRole(Admin).orSystem() }

func (f CredentialAdded) concerns(*State) Concerns {
	return Concerns{Credentials: []string{f.Credential}, People: []string{f.Primary, f.Backup}}
}

func (f CredentialAdded) allowed(s *State, e Event) error {
	was, exists := s.Credential(f.Credential)
	if exists && !was.mayComeAgain(f.Target) {
		return e.violates("I7", "added twice")
	}
	if exists && !f.Brings || f.Again != was.sharesAccount(f.Target) {
		return e.violates("I4", "silent on what was in custody under its name")
	}
	if f.Brings && e.Request == "" {
		return e.violates("I4", "brings secrets under no request")
	}
	if checkIdentities(f.Target.Identities) != nil {
		return e.violates("I7", "an account of which is not said which it is")
	}
	if other := s.inCustodyAs(f.Target); other != "" {
		return e.violates("I7", "an account that is in custody as "+other)
	}
	return nil
}

func (f CredentialAdded) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		before := c.Rotation.Number // of what had the name: nothing else tells its rotations from these
		if c.Abandoned {
			before++ // what its last one staged may be the account's password: it is not cleared away as that of the one before
		}
		*c = Credential{
			Name: f.Credential, Target: f.Target.bare(), Policy: f.Policy, Primary: f.Primary, Backup: f.Backup,
			Reconciles: f.Reconciles, Again: f.Again, Rotation: Rotation{Number: before},
		}
		if f.Brings {
			c.Arriving = e.Request
		}
		c.startRotation(ForOnboard, f.Successor, e.Time, f.Deadline)
		s.charge(f.Primary, f.Credential)
		s.charge(f.Backup, f.Credential)
		s.take(*c)
		s.expectRotation(*c)
	})
}

// ChangePolicy replaces the policy of a credential. What was due by the old one
// and is not by the new one does not happen.
type ChangePolicy struct {
	Credential string           `json:"credential"`
	Policy     CredentialPolicy `json:"policy"`
}

var _ = action(ChangePolicy{})

func (ChangePolicy) Verb() string      { return "change_policy" }
func (a ChangePolicy) Subject() string { return a.Credential }
func (ChangePolicy) givers() givers    { return people }

func (a ChangePolicy) bare(s *State) Action { return ChangePolicy{Credential: s.nameOr(a.Credential)} }

func (a ChangePolicy) decide(d *decision) error {
	if err := d.onlyAdmin(); err != nil {
		return err
	}
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if !c.Active() {
		return refuseInactive(c)
	}
	if err := checkPolicy(a.Policy); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(CredentialPolicyChanged(a))
	return nil
}

// CredentialPolicyChanged replaced the policy of a credential.
type CredentialPolicyChanged struct {
	Credential string           `json:"credential"`
	Policy     CredentialPolicy `json:"policy"`
}

var _ = fact(CredentialPolicyChanged{})

func (CredentialPolicyChanged) Type() string               { return "credential.policy_changed" }
func (f CredentialPolicyChanged) Subject() string          { return f.Credential }
func (f CredentialPolicyChanged) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (CredentialPolicyChanged) grade() Grade               { return Ordinary }
func (CredentialPolicyChanged) by(*State, Event) Who       { return byRole(Admin).confirmed() }

func (f CredentialPolicyChanged) allowed(s *State, e Event) error {
	if c, _ := s.Credential(f.Credential); !c.Active() {
		return e.violates("I7", "the policy of what is not in custody")
	}
	return nil
}

func (f CredentialPolicyChanged) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Policy = f.Policy
		c.Updates = slices.DeleteFunc(slices.Clone(c.Updates), func(u Update) bool {
			return !slices.Contains(f.Policy.Dependents, u.Dependent)
		})
		s.expectAge(*c)
	})
}

// Retire ends custody of an account.
type Retire struct {
	Credential string `json:"credential"`
	Reason     Note   `json:"reason"`
}

var _ = action(Retire{})

func (Retire) Verb() string      { return "retire" }
func (a Retire) Subject() string { return a.Credential }
func (Retire) givers() givers    { return people }

func (a Retire) bare(s *State) Action { return Retire{s.nameOr(a.Credential), absentNote} }

func (a Retire) decide(d *decision) error {
	if err := d.onlyAdmin(); err != nil {
		return err
	}
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	switch {
	case c.Phase == Rotating:
		return refuseRotating(c)
	case c.Phase == Retired:
		return refuseInactive(c)
	case c.Handover != "":
		return refuseHandoverOpen(c)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(CredentialRetired{Credential: c.Name, Reason: a.Reason})
	return nil
}

// CredentialRetired ended custody of an account.
type CredentialRetired struct {
	Credential string `json:"credential"`
	Reason     Note   `json:"reason"`
}

var _ = fact(CredentialRetired{})

func (CredentialRetired) Type() string               { return "credential.retired" }
func (f CredentialRetired) Subject() string          { return f.Credential }
func (f CredentialRetired) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (CredentialRetired) grade() Grade               { return Ordinary }
func (CredentialRetired) by(*State, Event) Who       { return byRole(Admin).confirmed() }

func (f CredentialRetired) allowed(s *State, e Event) error {
	if c, _ := s.Credential(f.Credential); c.Phase != Held || c.Handover != "" {
		return e.violates("I1", "retired while it was not simply held")
	}
	return nil
}

func (f CredentialRetired) apply(s *State, _ Event) {
	s.editCredential(f.Credential, s.endCustody)
}

// endCustody leaves a credential that nobody is custodian of.
func (s *State) endCustody(c *Credential) {
	c.Phase, c.Holder, c.Lease = Retired, "", Lease{}
	c.Rotation, c.Arriving = Rotation{Number: c.Rotation.Number}, ""
	c.Drifted, c.Updates = time.Time{}, nil
	s.discharge(c.Primary, c.Name)
	s.discharge(c.Backup, c.Name)
	s.release(*c)
}

func aboutCredential(name string) Concerns { return Concerns{Credentials: []string{name}} }

// InCustody says whether a password of it counts.
func (c Credential) InCustody() bool { return c.Phase == Held || c.Phase == Rotating }

func (s *State) editCredential(name string, edit func(*Credential)) {
	c, _ := s.Credential(name)
	edit(&c)
	s.credentials[name] = c
	s.touched.credentials = append(s.touched.credentials, name)
}

func (s *State) editAll(names []string, edit func(*Credential)) {
	for _, name := range names {
		s.editCredential(name, edit)
	}
}
