package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Proposal is a command that nobody may give alone: it waits until others have
// approved it, and then happens (clause 3.1).
type Proposal struct {
	ID        string         `json:"id"`
	Requester string         `json:"requester"`
	Change    Change         `json:"change"`
	Reason    Note           `json:"reason"`
	Revision  int64          `json:"revision"`         // raised by each edit, which voids the approvals
	Request   string         `json:"request,omitzero"` // under which secrets came with this revision; "": none did
	In        []string       `json:"in,omitempty"`     // devices in which it was asked for and revised, as in Session; none: not known
	Needs     []Role         `json:"needs,omitempty"`  // levels at which somebody has to approve, each another person
	Approvals []Approval     `json:"approvals,omitempty"`
	Status    ProposalStatus `json:"status"`
	OpenedAt  time.Time      `json:"opened_at"`
	Expires   time.Time      `json:"expires"`
	EndedAt   time.Time      `json:"ended_at,omitzero"`
	EndedBy   string         `json:"ended_by,omitzero"` // who approved last, rejected or withdrew; "": time did
	Broken    Code           `json:"broken,omitzero"`   // what refused it when it was to take effect, if it failed
	Reminded  bool           `json:"reminded,omitzero"` // that it expires soon: once

	// AnnouncedAt is when everybody had approved what takes effect by time only: when it
	// expires, unless somebody says no. Zero: it is not as far, or takes effect at once.
	AnnouncedAt time.Time `json:"announced_at,omitzero"`
	Near        bool      `json:"near,omitzero"` // everybody was told that it does so within a day
}

// Approval is one person's yes to the revision as it stands.
type Approval struct {
	Level  Role      `json:"level"`
	Person string    `json:"person"`
	For    string    `json:"for,omitzero"` // in whose place, while they are away; "": in a role of their own
	At     time.Time `json:"at"`

	In         string   `json:"in,omitzero"`           // in which device, as in Session; "": not known
	SameDevice []string `json:"same_device,omitempty"` // who asked for it, or approved it before, in that device
}

// ProposalStatus is what became of a proposal.
type ProposalStatus string

// What a proposal can be. Only an open one can still become something else; it is
// approved for no longer than it takes to happen.
const (
	Open      ProposalStatus = "open"
	Approved  ProposalStatus = "approved"
	Effected  ProposalStatus = "effected"
	Rejected  ProposalStatus = "rejected"
	Withdrawn ProposalStatus = "withdrawn"
	Lapsed    ProposalStatus = "expired"
	Failed    ProposalStatus = "failed" // approved, and by then a rule refused it
)

const (
	proposalTTL  = 7 * 24 * time.Hour // an open one expires after this
	maxProposals = 20                 // that a person has open at once
)

// Proposable is a command that takes effect by a proposal. Its decide refuses whoever
// gives it otherwise, but for what one person may do alone.
type Proposable interface {
	Action

	// ofPerson says that its subject is a person, not a credential.
	ofPerson() bool
	// levels are those at which somebody has to approve it, each another person, where
	// the policy asks for two.
	levels(*State) []Role
	// parties are those whom it is about, before it and after: none of them approves.
	parties(*State) []string
	// effect is what decide is for other commands, without a code. It is asked when
	// the proposal is made, and again, for the events, once it is approved.
	effect(d *decision, proposal string) error
	// differences says what it changes, beside what is there of that name now.
	differences(now Now) []Difference
}

// Now is what there is of what a proposal is about: the zero values where there is
// nothing of that name.
type Now struct {
	Person     Person
	Credential Credential
	Policy     PolicyInForce
}

// Difference is one thing that a proposal changes: how it is, and how it would be.
type Difference struct {
	Field         string // as the API calls it
	Before, After []string
}

// onlyChanged leaves out what stays as it is.
func onlyChanged(all []Difference) (changed []Difference) {
	for _, d := range all {
		if !slices.Equal(d.Before, d.After) {
			changed = append(changed, d)
		}
	}
	return changed
}

// Differences says what a proposal changes. Of one that is over, what was before is
// not known any more.
func (p Proposal) Differences(now Now) []Difference {
	if p.Change.Proposable == nil {
		return nil
	}
	if p.Status != Open {
		now = Now{}
	}
	return p.Change.differences(now)
}

// Approvals says how many people beside the one who asks have to say yes (clause 3.1).
type Approvals string

// How many approvals a policy asks for. With one, or none, it is said wherever it shows.
const (
	ApprovedByTwo  Approvals = "two"  // at both levels, where a change has two
	ApprovedByOne  Approvals = "one"  // at the first of them
	ApprovedByNone Approvals = "none" // whoever asks does it alone, on record
)

// needs gives the levels at which a change has to be approved, under the policy in force.
func (s *State) needs(c Change, requester string) []Role {
	if c.Proposable == nil || s.founds(c, requester) {
		return nil
	}
	if c, is := c.Proposable.(noticed); is {
		return c.confirmers(s, requester)
	}
	switch levels := c.levels(s); s.Policy().Values.Approvals {
	case ApprovedByNone:
		return nil
	case ApprovedByOne:
		return levels[:1]
	default:
		if a, is := c.Proposable.(NameDeputy); is {
			levels = slices.DeleteFunc(levels, func(l Role) bool { return a.consents(s, requester, l) })
		}
		return levels
	}
}

// Change is the command of a proposal. Its JSON is {"verb": …, "args": …}.
type Change struct{ Proposable }

type writtenChange struct {
	Verb string         `json:"verb"`
	Args jsontext.Value `json:"args"`
}

// MarshalJSON writes the command as the ledger has it.
func (c Change) MarshalJSON() ([]byte, error) {
	if c.Proposable == nil {
		return []byte("null"), nil
	}
	args, err := json.Marshal(c.Proposable, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	return json.Marshal(writtenChange{c.Verb(), args})
}

// UnmarshalJSON refuses what is no command that a proposal can have.
func (c *Change) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*c = Change{}
		return nil
	}
	var w writtenChange
	if err := json.Unmarshal(text, &w, json.RejectUnknownMembers(true)); err != nil {
		return err
	}
	read, known := commands[w.Verb]
	if !known {
		return fmt.Errorf("custody: a proposal of an unknown command")
	}
	a, err := read(w.Args)
	if err != nil {
		return err
	}
	p, is := a.(Proposable)
	if !is {
		return fmt.Errorf("custody: a proposal of %s, which takes none", w.Verb)
	}
	c.Proposable = p
	return nil
}

// OfPerson says that its subject is a person, not a credential.
func (c Change) OfPerson() bool { return c.Proposable != nil && c.ofPerson() }

// bringsBy gives the request of an event if secrets came with the change in it.
func (c Change) bringsBy(e Event) string {
	switch a := c.Proposable.(type) {
	case AddCredential:
		if a.Brings {
			return e.Request
		}
	case Retarget:
		if a.brings() {
			return e.Request
		}
	}
	return ""
}

// like says whether it is of the same kind as another, about the same.
func (c Change) like(other Change) bool {
	return c.Proposable != nil && c.Verb() == other.Verb() && c.Subject() == other.Subject()
}

func (c Change) subject() string {
	if c.Proposable == nil {
		return ""
	}
	return c.Subject()
}

// bareOf is the command as a refused one may stand in the ledger.
func (c Change) bareOf(s *State) Change {
	if c.Proposable == nil {
		return c
	}
	bare, _ := c.bare(s).(Proposable)
	return Change{bare}
}

// exact is the command with its instants as the domain counts them, so that what takes
// effect is what was approved.
func (c Change) exact() Change {
	v := reflect.New(reflect.TypeOf(c.Proposable)).Elem()
	v.Set(reflect.ValueOf(c.Proposable))
	for i := range v.NumField() {
		if at, is := v.Field(i).Interface().(time.Time); is {
			v.Field(i).Set(reflect.ValueOf(instantOrZero(at)))
		}
	}
	return Change{v.Interface().(Proposable)}
}

// bareOfTexts is the command as a State has it.
func (c Change) bareOfTexts() Change {
	eachNote(reflect.ValueOf(&c).Elem(), func(at reflect.Value) { at.Set(reflect.ValueOf(at.Interface().(Note).bare())) })
	return c
}

// proposalID names the nth proposal ever made, n from 1.
func proposalID(n int64) string { return fmt.Sprintf("p-%d", n) }

// proposedBefore says whether there ever was a proposal of this id, as offeredBefore.
func (s *State) proposedBefore(id string) bool { return countedBefore(id, s.Proposals, proposalID) }

// Digest is what an approval is of: hex of the SHA-256 of the proposal's id, its
// revision and its command, as JSON.
func (p Proposal) Digest() string {
	text, err := json.Marshal(struct {
		ID       string `json:"id"`
		Revision int64  `json:"revision"`
		Change   Change `json:"change"`
	}{p.ID, p.Revision, p.Change})
	if err == nil {
		err = (*jsontext.Value)(&text).Canonicalize()
	}
	if err != nil { // a command that was read or recorded can be written
		panic(fmt.Sprintf("custody: digest of %s: %v", p.ID, err))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// with gives the proposal with one approval more, in the place of one at its level that
// does not count any more.
func (p Proposal) with(a Approval) Proposal {
	p = p.without(a.Level)
	p.Approvals = append(p.Approvals, a)
	return p
}

// without gives the proposal with no approval at a level.
func (p Proposal) without(level Role) Proposal {
	p.Approvals = slices.DeleteFunc(slices.Clone(p.Approvals), func(a Approval) bool { return a.Level == level })
	return p
}

// Proposal looks one up. One that is over is not found in a root; a fork still has
// those that ended in it.
func (s *State) Proposal(id string) (Proposal, bool) {
	for at := s; at != nil; at = at.base {
		if p, ok := at.proposals[id]; ok {
			return *p, true
		}
	}
	return Proposal{}, false
}

// OpenProposals gives those that wait, by id.
func (s *State) OpenProposals() iter.Seq[Proposal] {
	return func(yield func(Proposal) bool) {
		for p := range sorted(s, func(at *State) map[string]*Proposal { return at.proposals }) {
			if p.Status == Open && !yield(p) {
				return
			}
		}
	}
}

// askedBy gives those that wait of what somebody asked for, by id.
func (s *State) askedBy(person string) (all []Proposal) {
	for p := range s.OpenProposals() {
		if p.Requester == person {
			all = append(all, p)
		}
	}
	return all
}

// ProposalsChanged gives the proposals that a fork changed, by id; of a root, those
// that are open.
func (s *State) ProposalsChanged() []Proposal { return values(s.proposals) }

// RestoreProposals is Restore for what ProposalsChanged of a root gave; those that are
// over are left out.
func (s *State) RestoreProposals(all []Proposal) {
	for _, p := range all {
		if p.Status == Open {
			s.proposals[p.ID] = &p
			s.expectProposal(p)
		}
	}
}

// editProposal forgets a proposal that is over, once nothing reads through a fork to it.
func (s *State) editProposal(id string, edit func(*Proposal)) {
	p, _ := s.Proposal(id)
	edit(&p)
	s.touched.proposals = append(s.touched.proposals, id)
	if s.base == nil && p.Over() {
		delete(s.proposals, id)
		return
	}
	s.proposals[id] = &p
}

// Over says that nothing can become of it any more.
func (p Proposal) Over() bool { return p.Status != Open && p.Status != Approved }

func (c Concerns) andPerson(username string) Concerns {
	if username != "" && !slices.Contains(c.People, username) {
		c.People = append(slices.Clip(c.People), username)
	}
	return c
}

func (c Concerns) andHandover(id string) Concerns {
	if id != "" {
		c.Handovers = append(slices.Clip(c.Handovers), id)
	}
	return c
}

func (s *State) aboutProposal(id string) Concerns {
	p, _ := s.Proposal(id)
	p.ID = id
	return p.concerns(s)
}

// concerns are whoever asks for it, whoever it is about, and the credential that it is about.
func (p Proposal) concerns(s *State) (c Concerns) {
	c.Proposals = []string{p.ID}
	if p.Requester != "" {
		c.People = []string{p.Requester}
	}
	if p.Change.Proposable == nil {
		return c
	}
	for _, name := range p.Change.parties(s) {
		if !slices.Contains(c.People, name) {
			c.People = append(c.People, name)
		}
	}
	if !p.Change.OfPerson() { // also of one that is not in custody yet: it is found there once it is
		c.Credentials = []string{p.Change.Subject()}
	}
	return c
}

// proposal finds an open one.
func (d *decision) proposal(id string) (Proposal, error) {
	p, known := d.state.Proposal(id)
	switch {
	case known && p.Status == Open:
		return p, nil
	case known:
		return Proposal{}, RefuseDecided(p)
	case d.state.proposedBefore(id): // a fork may still have it; a root has not
		return Proposal{}, RefuseDecided(Proposal{ID: id})
	}
	return Proposal{}, refuseNotFound(aProposal)
}

// RefuseDecided says that a proposal is over. Where the State has forgotten by whom,
// the tables have it.
func RefuseDecided(p Proposal) *Refusal {
	return &Refusal{Code: AlreadyDecided, Rule: "3.1", Key: "proposal_over",
		Args: Args{"proposal": p.ID, "by": p.EndedBy, "status": Term{"proposal_status", string(p.Status)}}}
}

func refuseApprovalNeeded() *Refusal {
	return &Refusal{Code: ApprovalNeeded, Rule: "3.1", Key: "approval_needed"}
}
