package custody

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Phase is where a credential stands.
type Phase string

// The phases; the machine is drawn in doc.go.
const (
	Rotating Phase = "rotating"
	Held     Phase = "held"
	Parked   Phase = "parked" // nobody holds it, until a custodian takes it
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
	Silence          bool   `json:"silence,omitzero"`         // an emergency of its other custodian is granted when nobody answers
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
	Primary string           `json:"primary"` // A; "": vacant
	Backup  string           `json:"backup"`  // B; "": vacant

	Substitute Substitute `json:"substitute,omitzero"` // who of the two has the seat until a date only

	// Reconciles: its target has a second account, through which the password
	// can be set when the current one is lost.
	Reconciles bool `json:"reconciles,omitzero"`

	Arriving string `json:"arriving,omitzero"` // the request that brought its secrets, until they are in their place; "": they are
	Again    bool   `json:"again,omitzero"`    // until then: the account was in custody under this name before, and its last password counts

	Retargeted  int64     `json:"retargeted,omitzero"`  // how often what Tandem reaches it by was changed
	Unconfirmed time.Time `json:"unconfirmed,omitzero"` // since when nothing is sent to its new target, until who has the password confirms that; zero: nobody has to

	Abandoned bool `json:"abandoned,omitzero"` // its custody ended while its password was not known

	Unattended bool     `json:"unattended,omitzero"` // two permitted that its only custodian goes away, once it is parked
	Leavers    []string `json:"leavers,omitempty"`   // sorted: who left, and what they know is being changed

	Phase    Phase    `json:"phase"`
	Holder   string   `json:"holder,omitzero"`   // set while Held
	Rotation Rotation `json:"rotation,omitzero"` // Number always; the rest while Rotating

	Version   int64     `json:"version,omitzero"` // of the secret, as the secret store counts; 0 before the first
	RotatedAt time.Time `json:"rotated_at,omitzero"`
	Exposure  []string  `json:"exposure,omitempty"` // sorted: to whom this version was revealed
	Lease     Lease     `json:"lease,omitzero"`     // zero when nothing is checked out
	Handover  string    `json:"handover,omitzero"`  // the open handover it is part of, or ""

	// Emergencies are those that are open, or that somebody has to look at, the oldest first;
	// with the last one, until the next.
	Emergencies   []Emergency `json:"emergencies,omitempty"`
	LastEmergency int64       `json:"last_emergency,omitzero"` // number of the last one that was asked for; 0: there was none
	Unreachable   []string    `json:"unreachable,omitempty"`   // sorted: custodians who count as away, for this credential

	Envelope Envelope `json:"envelope,omitzero"` // for when Tandem is down

	Remaining Remaining `json:"remaining,omitzero"` // what opens the account besides, as it was listed last

	Drifted time.Time `json:"drifted,omitzero"`  // since when the target refuses this version; zero: it does not, as far as is known
	Updates []Update  `json:"updates,omitempty"` // by dependent: those that do not have this version yet
}

// Active says that the two-custodian rule binds this credential.
func (c Credential) Active() bool { return c.Phase == Held || c.Phase == Rotating || c.Phase == Parked }

// HasCustodian says whether the person is one of the two.
func (c Credential) HasCustodian(person string) bool {
	return person != "" && (c.Primary == person || c.Backup == person)
}

// Other gives the custodian who is not the person; "": that seat is vacant.
func (c Credential) Other(person string) string {
	if c.Primary == person {
		return c.Backup
	}
	return c.Primary
}

// HeldFor is who holds it, or will once it was changed; "": nobody.
func (c Credential) HeldFor() string {
	if c.Phase == Rotating {
		return c.Rotation.Successor
	}
	return c.Holder
}

// AddCredential puts an account under custody; its password is changed at once
// (onboard). It takes effect by a proposal; before the founding, whoever operates the
// machine can give it too.
type AddCredential struct {
	Name       string           `json:"name"`
	Target     TargetNotes      `json:"target"`
	Policy     CredentialPolicy `json:"policy"`
	Primary    string           `json:"primary"`
	Backup     string           `json:"backup"`
	Reconciles bool             `json:"reconciles,omitzero"` // as the connector says of the target
	Brings     bool             `json:"brings,omitzero"`     // secrets came with it, which are not in their place yet
}

var (
	_            = action(AddCredential{})
	_ Proposable = AddCredential{}
)

func (AddCredential) Verb() string         { return "credential" }
func (a AddCredential) Subject() string    { return a.Name }
func (AddCredential) givers() givers       { return byProposalOrSystem }
func (AddCredential) ofPerson() bool       { return false }
func (AddCredential) levels(*State) []Role { return []Role{Manager, Director} }

func (a AddCredential) parties(*State) []string { return twoOf(a.Primary, a.Backup) }

// twoOf gives those of two seats that are taken, by name.
func twoOf(primary, backup string) []string {
	both := slices.DeleteFunc([]string{primary, backup}, func(name string) bool { return name == "" })
	slices.Sort(both)
	return slices.Compact(both)
}

func (a AddCredential) differences(now Now) []Difference {
	all := []Difference{
		{"kind", nil, []string{a.Target.Kind}},
		{"address", nil, []string{a.Target.Address.String()}},
		{"account", nil, []string{a.Target.Account.String()}},
	}
	for _, name := range slices.Sorted(maps.Keys(a.Target.Settings)) {
		all = append(all, Difference{"target.settings." + name, nil, []string{a.Target.Settings[name].String()}})
	}
	all = append(all,
		Difference{"brings", nil, []string{strconv.FormatBool(a.Brings)}},
		Difference{"primary", nil, []string{a.Primary}},
		Difference{"backup", nil, []string{a.Backup}})
	return append(all, a.Policy.differences(CredentialPolicy{})...)
}

func (a AddCredential) bare(s *State) Action {
	was, _ := s.Credential(a.Name)
	identities := s.taken(a.Target)
	for _, identity := range a.Target.Identities {
		if slices.Contains(was.Target.Identities, identity) && !slices.Contains(identities, identity) {
			identities = append(identities, identity)
		}
	}
	if len(identities) == 0 {
		identities = []string{absent}
	}
	slices.Sort(identities)
	target := TargetNotes{Kind: absent, Address: absentNote, Account: absentNote, Identities: identities}
	return AddCredential{
		Name: s.nameOr(a.Name), Target: target,
		Primary: s.nameOr(a.Primary), Backup: s.nameOr(a.Backup), Reconciles: a.Reconciles, Brings: a.Brings,
	}
}

func (a AddCredential) decide(d *decision) error {
	if d.state.Founded() {
		return refuseFounded()
	}
	return a.effect(d, "")
}

func (a AddCredential) effect(d *decision, proposal string) error {
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
	successor, err := d.pair(Credential{Name: a.Name}, a.Primary, a.Backup)
	if err != nil {
		return err
	}
	if err := checkIdentities(a.Target.Identities); err != nil {
		return err
	}
	d.happen(CredentialAdded{
		Credential: a.Name, Target: a.Target, Policy: a.Policy,
		Primary: a.Primary, Backup: a.Backup, Successor: successor, Deadline: d.deadline(),
		Reconciles: a.Reconciles, Brings: a.Brings || exists, Again: was.sharesAccount(a.Target), Proposal: proposal,
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
	Proposal   string           `json:"proposal,omitzero"`
}

var _ = fact(CredentialAdded{})

func (CredentialAdded) Type() string      { return "credential.added" }
func (f CredentialAdded) Subject() string { return f.Credential }
func (CredentialAdded) grade() Grade      { return Ordinary }

func (f CredentialAdded) by(s *State, _ Event) Who {
	return s.lastApproverOr(f.Proposal, bySystem())
}

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
	if !areCommitments(f.Target.Identities) {
		return e.violates("I7", "an account of which is not said which it is")
	}
	if other := s.inCustodyAs(f.Target); other != "" {
		return e.violates("I7", "an account that is in custody as "+other)
	}
	if f.Proposal == "" {
		return s.bySystemBeforeFounding(e)
	}
	p, _ := s.Proposal(f.Proposal)
	asked, is := p.Change.Proposable.(AddCredential)
	if !is || !reflect.DeepEqual(Change{asked}, Change{f.asked(asked.Brings)}.bareOfTexts()) {
		return e.violates("I10", "another account, or for others, than was approved")
	}
	return s.approved(e, f.Proposal, asked)
}

// asked is what it was asked for as.
func (f CredentialAdded) asked(brings bool) AddCredential {
	return AddCredential{f.Credential, f.Target, f.Policy, f.Primary, f.Backup, f.Reconciles, brings}
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
			Emergencies: c.Emergencies, LastEmergency: c.LastEmergency, Envelope: Envelope{Number: c.Envelope.Number},
		}
		if f.Brings {
			c.Arriving = s.broughtBy(f.Proposal, e)
		}
		c.startRotation(ForOnboard, f.Successor, e.Time, f.Deadline)
		s.charge(f.Primary, f.Credential)
		s.charge(f.Backup, f.Credential)
		s.take(*c)
		s.expectRotation(*c)
	})
}

// broughtBy is the request under which secrets came: that in which a proposal was made, or
// revised, or the event's own.
func (s *State) broughtBy(proposal string, e Event) string {
	if p, _ := s.Proposal(proposal); p.Request != "" {
		return p.Request
	}
	return e.Request
}

// ChangePolicy replaces the policy of a credential. What was due by the old one
// and is not by the new one does not happen. One that is stricter an admin gives alone;
// any other takes effect by a proposal.
type ChangePolicy struct {
	Credential string           `json:"credential"`
	Policy     CredentialPolicy `json:"policy"`
}

var (
	_            = action(ChangePolicy{})
	_ Proposable = ChangePolicy{}
)

func (ChangePolicy) Verb() string                { return "credential_policy" }
func (a ChangePolicy) Subject() string           { return a.Credential }
func (ChangePolicy) givers() givers              { return people }
func (ChangePolicy) ofPerson() bool              { return false }
func (ChangePolicy) levels(*State) []Role        { return []Role{Manager, Director} }
func (a ChangePolicy) parties(s *State) []string { return s.seatsOf(a.Credential) }

func (a ChangePolicy) differences(now Now) []Difference {
	return a.Policy.differences(now.Credential.Policy)
}

func (a ChangePolicy) bare(s *State) Action {
	c, _ := s.Credential(a.Credential)
	return ChangePolicy{s.nameOr(a.Credential), a.Policy.bare(c.Policy)}
}

func (a ChangePolicy) decide(d *decision) error {
	if err := d.onlyAdmin(); err != nil {
		return err
	}
	if err := d.tries(a); err != nil {
		return err
	}
	if c, _ := d.state.Credential(a.Credential); !a.Policy.stricter(c.Policy, d.policy) {
		return refuseApprovalNeeded()
	}
	if err := d.confirm(); err != nil {
		return err
	}
	return a.effect(d, "")
}

func (a ChangePolicy) effect(d *decision, proposal string) error {
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
	d.happen(CredentialPolicyChanged{Credential: a.Credential, Policy: a.Policy, Proposal: proposal})
	return nil
}

// CredentialPolicyChanged replaced the policy of a credential.
type CredentialPolicyChanged struct {
	Credential string           `json:"credential"`
	Policy     CredentialPolicy `json:"policy"`
	Proposal   string           `json:"proposal,omitzero"` // "": it is stricter, and one admin gave it
}

var _ = fact(CredentialPolicyChanged{})

func (CredentialPolicyChanged) Type() string               { return "credential.policy_changed" }
func (f CredentialPolicyChanged) Subject() string          { return f.Credential }
func (f CredentialPolicyChanged) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (CredentialPolicyChanged) grade() Grade               { return Ordinary }

func (f CredentialPolicyChanged) by(s *State, _ Event) Who {
	return s.lastApproverOr(f.Proposal, byRole(Admin).confirmed())
}

func (f CredentialPolicyChanged) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.Active() {
		return e.violates("I7", "the policy of what is not in custody")
	}
	if f.Proposal != "" {
		return s.approved(e, f.Proposal, ChangePolicy{f.Credential, f.Policy})
	}
	if !f.Policy.stricter(c.Policy, s.Policy().Values) {
		return e.violates("I10", "a looser policy by one person")
	}
	return nil
}

func (f CredentialPolicyChanged) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Policy = f.Policy
		c.keepsNoSilence()
		c.Updates = slices.DeleteFunc(slices.Clone(c.Updates), func(u Update) bool {
			return !slices.Contains(f.Policy.Dependents, u.Dependent)
		})
		s.expectAge(*c)
	})
}

// Retire ends custody of an account. It takes effect by a proposal, whose reason is why.
type Retire struct {
	Credential string `json:"credential"`
}

var (
	_            = action(Retire{})
	_ Proposable = Retire{}
)

func (Retire) Verb() string                 { return "retire" }
func (a Retire) Subject() string            { return a.Credential }
func (Retire) givers() givers               { return byProposal }
func (Retire) decide(*decision) error       { return refuseApprovalNeeded() }
func (Retire) ofPerson() bool               { return false }
func (Retire) levels(*State) []Role         { return []Role{Manager, Director} }
func (a Retire) parties(s *State) []string  { return s.seatsOf(a.Credential) }
func (Retire) differences(Now) []Difference { return nil }
func (a Retire) bare(s *State) Action       { return Retire{s.nameOr(a.Credential)} }

func (a Retire) effect(d *decision, proposal string) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	switch {
	case c.Phase == Rotating:
		return refuseRotating(c)
	case !c.Active():
		return refuseInactive(c)
	case c.Handover != "":
		return refuseHandoverOpen(c)
	}
	if e, on := c.InEmergency(); on {
		return refuseEmergencyOpen(c, e)
	}
	d.happen(CredentialRetired{Credential: c.Name, Proposal: proposal})
	return nil
}

// CredentialRetired ended custody of an account.
type CredentialRetired struct {
	Credential string `json:"credential"`
	Proposal   string `json:"proposal"`
}

var _ = fact(CredentialRetired{})

func (CredentialRetired) Type() string               { return "credential.retired" }
func (f CredentialRetired) Subject() string          { return f.Credential }
func (f CredentialRetired) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (CredentialRetired) grade() Grade               { return Ordinary }
func (f CredentialRetired) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f CredentialRetired) allowed(s *State, e Event) error {
	if c, _ := s.Credential(f.Credential); !c.AtRest() || c.Handover != "" {
		return e.violates("I1", "retired while it was not simply held")
	}
	if err := s.noEmergency(e, f.Credential); err != nil {
		return err
	}
	return s.approved(e, f.Proposal, Retire{f.Credential})
}

func (f CredentialRetired) apply(s *State, _ Event) {
	s.editCredential(f.Credential, s.endCustody)
}

// endCustody leaves a credential that nobody is custodian of.
func (s *State) endCustody(c *Credential) {
	c.Phase, c.Holder, c.Lease = Retired, "", Lease{}
	c.Rotation, c.Arriving = Rotation{Number: c.Rotation.Number}, ""
	c.Drifted, c.Updates, c.Unattended, c.Unconfirmed = time.Time{}, nil, false, time.Time{}
	c.Substitute = Substitute{}
	c.Envelope.Drill = Drill{}
	c.endEmergencies(s.Time)
	s.discharge(c.Primary, c.Name)
	s.discharge(c.Backup, c.Name)
	s.release(*c)
	s.settleCredential(c, HowRetired, s.Size-1, s.Time)
}

func aboutCredential(name string) Concerns { return Concerns{Credentials: []string{name}} }

// AtRest says that its password counts, and no other is being made.
func (c Credential) AtRest() bool { return c.Phase == Held || c.Phase == Parked }

func (s *State) editCredential(name string, edit func(*Credential)) {
	c, _ := s.Credential(name)
	primary, backup := c.Primary, c.Backup
	edit(&c)
	s.credentials[name] = &c
	s.touched.credentials = append(s.touched.credentials, name)
	s.expectLeft(c.Primary, c.Backup)
	s.expectSubstitute(c)
	if c.Primary != primary || c.Backup != backup { // what the pair signed ahead counts no more
		s.expectWaiting(primary, backup)
		s.expectLeft(primary, backup)
	}
}

func (s *State) editAll(names []string, edit func(*Credential)) {
	for _, name := range names {
		s.editCredential(name, edit)
	}
}
