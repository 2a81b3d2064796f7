package custody

import (
	"reflect"
	"slices"
	"time"
)

// Where an account is, and how Tandem gets there, changes: a host is renamed, moves, has
// other keys, or was typed wrong from the first. It says who may come to know a password,
// so two approve it, and whoever has that password looks at it before anything is sent
// there. What the account is does not change: another account is another credential.

// Retarget changes how Tandem reaches an account in custody: its address, the settings
// of its connector, the second account's key or password, the password that it has now.
// It takes effect by a proposal, also while a password is being changed, whose next
// attempt goes by it.
type Retarget struct {
	Credential string      `json:"credential"`
	Target     TargetNotes `json:"target"`              // all of it; a text that stays keeps its commitment
	Reconciles bool        `json:"reconciles,omitzero"` // as the connector says of it
	Pinned     bool        `json:"pinned,omitzero"`     // as it says too: what the host is known by stands in it
	Password   bool        `json:"password,omitzero"`   // the present one came with it
	Key        bool        `json:"key,omitzero"`        // so did what the second account logs in with
}

var (
	_            = action(Retarget{})
	_ Proposable = Retarget{}
)

func (Retarget) Verb() string                { return "retarget" }
func (a Retarget) Subject() string           { return a.Credential }
func (Retarget) givers() givers              { return byProposal }
func (Retarget) decide(*decision) error      { return refuseApprovalNeeded() }
func (Retarget) ofPerson() bool              { return false }
func (Retarget) levels(*State) []Role        { return []Role{Manager, Director} }
func (a Retarget) parties(s *State) []string { return s.seatsOf(a.Credential) }
func (a Retarget) brings() bool              { return a.Password || a.Key }

func (a Retarget) differences(now Now) []Difference {
	was := now.Credential.Target
	all := []Difference{{"address", said(was.Address), said(a.Target.Address)}}
	for _, name := range bothKeys(was.Settings, a.Target.Settings) {
		all = append(all, Difference{"target.settings." + name, said(was.Settings[name]), said(a.Target.Settings[name])})
	}
	if a.Password {
		all = append(all, Difference{"brings_password", nil, []string{"true"}})
	}
	if a.Key {
		all = append(all, Difference{"brings_key", nil, []string{"true"}})
	}
	return all
}

// said is what a note says, as a Difference has it; nil: there is none.
func said(n Note) []string {
	if n.IsZero() {
		return nil
	}
	return []string{n.String()}
}

func bothKeys(a, b map[string]Note) []string {
	names := append(keys(a), keys(b)...)
	slices.Sort(names)
	return slices.Compact(names)
}

// bare keeps of the target what the account has, which is on record.
func (a Retarget) bare(s *State) Action {
	c, _ := s.Credential(a.Credential)
	had := func(n, was Note) Note {
		if n.Same(was) {
			return was.bare()
		}
		return absentNote
	}
	target := TargetNotes{Kind: absent, Address: had(a.Target.Address, c.Target.Address), Account: had(a.Target.Account, c.Target.Account), Identities: s.taken(a.Target)}
	if a.Target.Kind == c.Target.Kind {
		target.Kind = c.Target.Kind
	}
	for name, n := range a.Target.Settings {
		if _, has := c.Target.Settings[name]; !has {
			name = absent
		}
		if target.Settings == nil {
			target.Settings = map[string]Note{}
		}
		target.Settings[name] = had(n, c.Target.Settings[name])
	}
	if len(target.Identities) == 0 {
		target.Identities = []string{absent}
	}
	slices.Sort(target.Identities)
	return Retarget{Credential: s.nameOr(a.Credential), Target: target, Reconciles: a.Reconciles, Pinned: a.Pinned, Password: a.Password, Key: a.Key}
}

func (a Retarget) effect(d *decision, proposal string) error {
	c, err := d.credential(a.Credential)
	switch {
	case err != nil:
		return err
	case !c.Active():
		return refuseInactive(c)
	case d.state.boundToAnother(c):
		return refuseHandoverOpen(c)
	case c.Arriving != "":
		return refuseArriving(c)
	}
	if err := checkTarget(a.Target); err != nil {
		return err
	}
	if err := checkIdentities(a.Target.Identities); err != nil {
		return err
	}
	switch other := d.state.inCustodyBeside(c, a.Target); {
	case !c.Target.sameAccount(a.Target):
		return refuseAnotherAccount(c)
	case !a.brings() && c.Target.same(a.Target):
		return refuseSameTarget(c)
	case other != "":
		return refuseAccountTaken(other)
	}
	requester := d.actor
	if p, made := d.state.Proposal(proposal); made {
		requester, _ = d.state.Person(p.Requester)
	}
	f := CredentialRetargeted{
		Credential: c.Name, Target: a.Target, Reconciles: a.Reconciles, Pinned: a.Pinned, Password: a.Password, Key: a.Key,
		Unconfirmed: a.unseen(c, requester), Proposal: proposal,
	}
	if a.Password && c.AtRest() {
		f.Deadline = d.deadline()
	}
	d.happen(f)
	return nil
}

// sameAccount says whether another target is the same account, reached in whatever way.
func (t TargetNotes) sameAccount(other TargetNotes) bool {
	return t.Kind == other.Kind && t.Account.Same(other.Account)
}

// same says whether another target is this one, reached in the same way.
func (t TargetNotes) same(other TargetNotes) bool {
	return reflect.DeepEqual(t.way(), other.way())
}

// way is a target without what follows from it, and from nothing else.
func (t TargetNotes) way() TargetNotes {
	t = t.bare()
	if t.Identities = nil; len(t.Settings) == 0 {
		t.Settings = nil
	}
	return t
}

// inCustodyBeside is inCustodyAs, but for the credential itself.
func (s *State) inCustodyBeside(c Credential, t TargetNotes) string {
	t.Identities = slices.DeleteFunc(slices.Clone(t.Identities), func(identity string) bool { return s.accountOf(identity) == c.Name })
	return s.inCustodyAs(t)
}

// unseen says whether somebody has to confirm where a password is to be sent: not where
// that stays as it is, and not where whoever has the password asked for it, with what
// its host is known by.
func (a Retarget) unseen(c Credential, requester Person) bool {
	return !c.Target.same(a.Target) && !(a.Pinned && c.MayConfirmTarget(requester))
}

// CredentialRetargeted: Tandem reaches the account in another way from here on.
type CredentialRetargeted struct {
	Credential  string      `json:"credential"`
	Target      TargetNotes `json:"target"`
	Reconciles  bool        `json:"reconciles,omitzero"`
	Pinned      bool        `json:"pinned,omitzero"`
	Password    bool        `json:"password,omitzero"`
	Key         bool        `json:"key,omitzero"`
	Unconfirmed bool        `json:"unconfirmed,omitzero"` // nothing is sent there before TargetConfirmed
	Deadline    time.Time   `json:"deadline,omitzero"`    // of the rotation that this begins: whoever brought a password knows it
	Proposal    string      `json:"proposal"`
}

var _ = fact(CredentialRetargeted{})

func (CredentialRetargeted) Type() string               { return "credential.retargeted" }
func (f CredentialRetargeted) Subject() string          { return f.Credential }
func (CredentialRetargeted) grade() Grade               { return Ordinary }
func (f CredentialRetargeted) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f CredentialRetargeted) concerns(s *State) Concerns { return s.aboutCustodians(f.Credential) }

func (f CredentialRetargeted) change() Retarget {
	return Retarget{f.Credential, f.Target, f.Reconciles, f.Pinned, f.Password, f.Key}
}

func (f CredentialRetargeted) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	p, _ := s.Proposal(f.Proposal)
	requester, _ := s.Person(p.Requester)
	switch {
	case !c.Active() || s.boundToAnother(c):
		return e.violates("I1", "of what is not in custody, or part of a handover")
	case c.Arriving != "" || f.change().brings() && p.Request == "":
		return e.violates("I4", "before what came last is in its place, or with secrets under no request")
	case !c.Target.sameAccount(f.Target) || !areCommitments(f.Target.Identities):
		return e.violates("I7", "to another account, or one of which is not said which it is")
	case f.Unconfirmed != f.change().unseen(c, requester):
		return e.violates("I5", "to where nobody has looked whose password goes there, or silent on who has")
	case f.Deadline.IsZero() == (f.Password && c.AtRest()):
		return e.violates("I4", "with a password that is not changed, or a change that nothing calls for")
	}
	if other := s.inCustodyBeside(c, f.Target); other != "" {
		return e.violates("I7", "to an account that is in custody as "+other)
	}
	return s.approved(e, f.Proposal, f.change())
}

func (f CredentialRetargeted) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		if !c.Target.same(f.Target) {
			c.Unconfirmed = time.Time{}
		}
		if f.Unconfirmed {
			c.Unconfirmed = e.Time
		}
		s.release(*c)
		c.Target, c.Reconciles = f.Target.bare(), f.Reconciles
		s.take(*c)
		c.Retargeted++
		if f.change().brings() {
			c.Arriving = s.broughtBy(f.Proposal, e)
		}
		switch {
		case c.Phase == Rotating:
			c.Rotation.anew()
			if f.Password { // the version before it is the password no more: there is no way back to it
				c.Rotation.needed(ForRetarget)
			}
		case f.Password:
			c.startRotation(ForRetarget, c.Holder, e.Time, f.Deadline)
			s.expectRotation(*c)
		}
	})
}

// anew forgets how the attempts went that were made in another way. What may have
// reached the account may still have.
func (r *Rotation) anew() {
	if r.Stopped() {
		r.Paused = false
	}
	r.Attempts, r.NextTry, r.Failure = 0, time.Time{}, ""
}

// reachable refuses whatever follows from a log-in at a target that nobody may log in to
// yet.
func (c Credential) reachable() error {
	if !c.Unconfirmed.IsZero() {
		return refuseTargetUnconfirmed(c)
	}
	return nil
}

// MayConfirmTarget says whether a person can confirm where a password is to be sent: who
// has it, or will; where that is nobody, a custodian who is there.
func (c Credential) MayConfirmTarget(p Person) bool {
	has := c.HeldFor()
	return p.Present() && (has == p.Username || has == "" && c.HasCustodian(p.Username))
}

// ConfirmTarget says that what was shown is where the account is: its address, and what
// its host is known by.
type ConfirmTarget struct {
	Credential string `json:"credential"`
	Target     int64  `json:"target"` // which one was shown: Credential.Retargeted
}

var _ = action(ConfirmTarget{})

func (ConfirmTarget) Verb() string           { return "confirm_target" }
func (a ConfirmTarget) Subject() string      { return a.Credential }
func (ConfirmTarget) givers() givers         { return people }
func (a ConfirmTarget) bare(s *State) Action { return ConfirmTarget{s.nameOr(a.Credential), a.Target} }

func (a ConfirmTarget) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	switch {
	case err != nil:
		return err
	case !c.HasCustodian(d.actor.Username):
		return refuseNotCustodian(c)
	case c.Unconfirmed.IsZero():
		return refuseTargetConfirmed(c)
	case d.actor.Away:
		return refuseSelfAway()
	case !c.MayConfirmTarget(d.actor):
		return refuseNotTheirPassword(c)
	case a.Target != c.Retargeted:
		return refuseOtherTarget(c)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(TargetConfirmed(a))
	return nil
}

// TargetConfirmed: whoever has the password says that it may be sent there.
type TargetConfirmed struct {
	Credential string `json:"credential"`
	Target     int64  `json:"target"`
}

var _ = fact(TargetConfirmed{})

func (TargetConfirmed) Type() string               { return "credential.target_confirmed" }
func (f TargetConfirmed) Subject() string          { return f.Credential }
func (TargetConfirmed) grade() Grade               { return Ordinary }
func (f TargetConfirmed) concerns(*State) Concerns { return aboutCredential(f.Credential) }

func (f TargetConfirmed) by(s *State, _ Event) Who {
	c, _ := s.Credential(f.Credential)
	return byPerson(c.Primary, c.Backup).confirmed()
}

func (f TargetConfirmed) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if actor, _ := s.Person(e.Actor); c.Unconfirmed.IsZero() || f.Target != c.Retargeted || !c.MayConfirmTarget(actor) {
		return e.violates("I5", "confirmed without need, another one than there is, or by somebody whose password it is not")
	}
	return nil
}

func (f TargetConfirmed) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.Unconfirmed = time.Time{} })
}

func refuseAnotherAccount(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "another_account", Args: Args{"credential": c.Name}}
}

// RefuseAccountUnknown: what an account is called is not beside the ledger any more.
func RefuseAccountUnknown(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "account_unknown", Args: Args{"credential": c.Name}}
}

func refuseSameTarget(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "same_target", Args: Args{"credential": c.Name}}
}

func refuseTargetUnconfirmed(c Credential) *Refusal {
	return &Refusal{Code: RotationPending, Rule: ruleHandover, Key: "target_unconfirmed", Args: Args{"credential": c.Name, "holder": c.HeldFor()}}
}

func refuseTargetConfirmed(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "target_confirmed", Args: Args{"credential": c.Name}}
}

func refuseNotTheirPassword(c Credential) *Refusal {
	return &Refusal{Code: Forbidden, Rule: ruleHandover, Key: "not_their_password", Args: Args{"credential": c.Name, "holder": c.HeldFor()}}
}

func refuseOtherTarget(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Field: "target", Key: "other_target", Args: Args{"credential": c.Name}}
}
