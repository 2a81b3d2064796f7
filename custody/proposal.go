package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
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
	Revision  int64          `json:"revision"` // raised by each edit, which voids the approvals
	Approvals []Approval     `json:"approvals,omitempty"`
	Status    ProposalStatus `json:"status"`
	OpenedAt  time.Time      `json:"opened_at"`
	Expires   time.Time      `json:"expires"`
	EndedAt   time.Time      `json:"ended_at,omitzero"`
	EndedBy   string         `json:"ended_by,omitzero"` // who approved last, rejected or withdrew; "": time did
	Broken    Code           `json:"broken,omitzero"`   // what refused it when it was to take effect, if it failed
}

// Approval is one person's yes to the revision as it stands.
type Approval struct {
	Level  Role      `json:"level"`
	Person string    `json:"person"`
	At     time.Time `json:"at"`
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

// Proposable is a command that takes effect by a proposal only. Its decide refuses
// whoever gives it otherwise.
type Proposable interface {
	Action

	// levels are those at which somebody has to approve it, each another person.
	levels() []Role
	// parties are those whom it is about, before it and after: none of them approves.
	parties(*State) []string
	// effect is what decide is for other commands, without a code. It is asked when
	// the proposal is made, and again, for the events, once it is approved.
	effect(d *decision, proposal string) error
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

// Command gives the command itself.
func (c Change) Command() Action { return c.Proposable }

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

// bareOfTexts is the command as a State has it.
func (c Change) bareOfTexts() Change {
	eachNote(reflect.ValueOf(&c).Elem(), func(at reflect.Value) { at.Set(reflect.ValueOf(at.Interface().(Note).bare())) })
	return c
}

// proposalID names the nth proposal ever made, n from 1.
func proposalID(n int64) string { return fmt.Sprintf("p-%d", n) }

// proposedBefore says whether a proposal was ever called so.
func (s *State) proposedBefore(id string) bool {
	n, err := strconv.ParseInt(strings.TrimPrefix(id, "p-"), 10, 64)
	return err == nil && n > 0 && n <= s.Proposals && id == proposalID(n)
}

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

// Needs gives the levels at which somebody has to approve.
func (p Proposal) Needs() []Role {
	if p.Change.Proposable == nil { // no such proposal
		return nil
	}
	return p.Change.levels()
}

// Missing gives the levels at which nobody has approved yet.
func (p Proposal) Missing() []Role {
	return slices.DeleteFunc(slices.Clone(p.Needs()), func(level Role) bool {
		return slices.ContainsFunc(p.Approvals, func(a Approval) bool { return a.Level == level })
	})
}

// Approvers gives, for each level that is missing, who can approve there, by name. It
// is what a person is told who waits.
func (s *State) Approvers(p Proposal) map[Role][]string {
	can := map[Role][]string{}
	for _, level := range p.Missing() {
		can[level] = nil
		for person := range s.People() {
			if s.mayApprove(p, person) && person.Enrolled && person.Is(level) {
				can[level] = append(can[level], person.Username)
			}
		}
	}
	return can
}

// mayApprove says whether somebody is far enough from a proposal: not who asks for it,
// not whom it is about, not twice.
func (s *State) mayApprove(p Proposal, person Person) bool {
	return !person.Disabled && person.Username != p.Requester &&
		!slices.Contains(p.Change.parties(s), person.Username) &&
		!slices.ContainsFunc(p.Approvals, func(a Approval) bool { return a.Person == person.Username })
}

// complete says whether somebody could approve at each level that is missing, each of
// them another person. There are two levels at the most.
func complete(can map[Role][]string) bool {
	var all []string
	for _, people := range can {
		if len(people) == 0 {
			return false
		}
		all = append(all, people...)
	}
	slices.Sort(all)
	return len(slices.Compact(all)) >= len(can)
}

// levelOf gives the level at which somebody's approval counts: of those that are
// missing and theirs one after which others can still complete the proposal.
func (s *State) levelOf(p Proposal, person Person) (level Role, may bool) {
	if !s.mayApprove(p, person) {
		return "", false
	}
	for _, l := range p.Missing() {
		if !person.Is(l) {
			continue
		}
		with := p
		with.Approvals = append(slices.Clone(p.Approvals), Approval{Level: l, Person: person.Username})
		if complete(s.Approvers(with)) {
			return l, true
		}
		level, may = l, true
	}
	return level, may
}

// Proposal looks one up. One that is over is not found in a root; a fork still has
// those that ended in it.
func (s *State) Proposal(id string) (Proposal, bool) {
	for at := s; at != nil; at = at.base {
		if p, ok := at.proposals[id]; ok {
			return p, true
		}
	}
	return Proposal{}, false
}

// OpenProposals gives those that wait, by id.
func (s *State) OpenProposals() iter.Seq[Proposal] {
	return func(yield func(Proposal) bool) {
		for p := range sorted(s, func(at *State) map[string]Proposal { return at.proposals }) {
			if p.Status == Open && !yield(p) {
				return
			}
		}
	}
}

// ProposalsChanged gives the proposals that a fork changed, by id; of a root, those
// that are open.
func (s *State) ProposalsChanged() []Proposal { return values(s.proposals) }

// RestoreProposals is Restore for what ProposalsChanged of a root gave; those that are
// over are left out.
func (s *State) RestoreProposals(all []Proposal) {
	for _, p := range all {
		if p.Status == Open {
			s.proposals[p.ID] = p
			s.expect(p.Expires)
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
	s.proposals[id] = p
}

// Over says that nothing can become of it any more.
func (p Proposal) Over() bool { return p.Status != Open && p.Status != Approved }

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
	if _, is := s.Credential(p.Change.Subject()); is {
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

// Propose asks for a command that others have to approve.
type Propose struct {
	Change Change `json:"change"`
	Reason Note   `json:"reason"`
}

var _ = action(Propose{})

func (Propose) Verb() string      { return "propose" }
func (a Propose) Subject() string { return a.Change.subject() }
func (Propose) givers() givers    { return people }

func (a Propose) bare(s *State) Action { return Propose{a.Change.bareOf(s), absentNote} }

func (a Propose) decide(d *decision) error {
	if a.Change.Proposable == nil {
		return Invalid("change", "no_change")
	}
	if d.actor.Is(Auditor) {
		return refuseForbidden(onlyNoAuditor)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	open := 0
	for p := range d.state.OpenProposals() {
		if p.Requester == d.actor.Username {
			open++
		}
		if p.Change.Verb() == a.Change.Verb() && p.Change.Subject() == a.Change.Subject() {
			return refuseProposed(p)
		}
	}
	if open >= maxProposals {
		return refuseTooManyProposals()
	}
	if err := d.tryEffect(a.Change); err != nil {
		return err
	}
	p := Proposal{ID: proposalID(d.state.Proposals + 1), Requester: d.actor.Username, Change: a.Change, Revision: 1}
	if can := d.state.Approvers(p); !complete(can) {
		return refuseNoApprover()
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(ProposalMade{Proposal: p.ID, Change: a.Change, Reason: a.Reason, Expires: d.now.Add(proposalTTL)})
	return nil
}

// tryEffect refuses what could not take effect now.
func (d *decision) tryEffect(c Change) error {
	trial := *d
	trial.events = nil
	return c.effect(&trial, "")
}

// ProposalMade: somebody asks for what others have to approve.
type ProposalMade struct {
	Proposal string    `json:"proposal"`
	Change   Change    `json:"change"`
	Reason   Note      `json:"reason"`
	Expires  time.Time `json:"expires"`
}

var _ = fact(ProposalMade{})

func (ProposalMade) Type() string         { return "proposal.made" }
func (f ProposalMade) Subject() string    { return f.Proposal }
func (ProposalMade) grade() Grade         { return Ordinary }
func (ProposalMade) by(*State, Event) Who { return Who{Anybody: true}.confirmed() }

func (f ProposalMade) concerns(s *State) Concerns {
	return Proposal{ID: f.Proposal, Change: f.Change}.concerns(s)
}

func (f ProposalMade) allowed(s *State, e Event) error {
	actor, _ := s.Person(e.Actor)
	switch {
	case f.Proposal != proposalID(s.Proposals+1) || f.Change.Proposable == nil:
		return e.violates("I10", "under the name of another, or of nothing")
	case actor.Is(Auditor):
		return e.violates("I10", "asked for by an auditor, who only looks")
	case !f.Expires.Equal(e.Time.Add(proposalTTL)):
		return e.violates("I10", "a proposal without its end")
	}
	return nil
}

func (f ProposalMade) apply(s *State, e Event) {
	s.Proposals++
	s.editProposal(f.Proposal, func(p *Proposal) {
		*p = Proposal{
			ID: f.Proposal, Requester: e.Actor, Change: f.Change.bareOfTexts(), Reason: f.Reason.bare(), Revision: 1,
			Status: Open, OpenedAt: e.Time, Expires: f.Expires,
		}
	})
	s.expect(f.Expires)
}

// Revise replaces the command of an open proposal of one's own. Whoever has approved
// it has to look again.
type Revise struct {
	Proposal string `json:"proposal"`
	Change   Change `json:"change"` // of the same kind, about the same
	Reason   Note   `json:"reason"`
}

var _ = action(Revise{})

func (Revise) Verb() string      { return "revise_proposal" }
func (a Revise) Subject() string { return a.Proposal }
func (Revise) givers() givers    { return people }

func (a Revise) bare(s *State) Action {
	return Revise{Proposal: s.nameOr(a.Proposal), Change: a.Change.bareOf(s), Reason: absentNote}
}

func (a Revise) decide(d *decision) error {
	p, err := d.proposal(a.Proposal)
	if err != nil {
		return err
	}
	switch {
	case p.Requester != d.actor.Username:
		return refuseNotRequester(p)
	case a.Change.Proposable == nil || a.Change.Verb() != p.Change.Verb() || a.Change.Subject() != p.Change.Subject():
		return Invalid("change", "other_change")
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.tryEffect(a.Change); err != nil {
		return err
	}
	next := Proposal{ID: p.ID, Requester: p.Requester, Change: a.Change}
	if !complete(d.state.Approvers(next)) {
		return refuseNoApprover()
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(ProposalRevised{Proposal: p.ID, Revision: p.Revision + 1, Change: a.Change, Reason: a.Reason})
	return nil
}

// ProposalRevised: it asks for something else now, which nobody has approved.
type ProposalRevised struct {
	Proposal string `json:"proposal"`
	Revision int64  `json:"revision"`
	Change   Change `json:"change"`
	Reason   Note   `json:"reason"`
}

var _ = fact(ProposalRevised{})

func (ProposalRevised) Type() string      { return "proposal.revised" }
func (f ProposalRevised) Subject() string { return f.Proposal }
func (ProposalRevised) grade() Grade      { return Ordinary }

func (f ProposalRevised) concerns(s *State) Concerns {
	return Proposal{ID: f.Proposal, Change: f.Change}.concerns(s)
}

func (f ProposalRevised) by(s *State, _ Event) Who {
	p, _ := s.Proposal(f.Proposal)
	return byPerson(p.Requester).confirmed()
}

func (f ProposalRevised) allowed(s *State, e Event) error {
	p, _ := s.Proposal(f.Proposal)
	switch {
	case p.Status != Open || f.Revision != p.Revision+1:
		return e.violates("I10", "a revision of what is not open, or out of turn")
	case f.Change.Proposable == nil || f.Change.Verb() != p.Change.Verb() || f.Change.Subject() != p.Change.Subject():
		return e.violates("I10", "a revision that asks for something else altogether")
	}
	return nil
}

func (f ProposalRevised) apply(s *State, _ Event) {
	s.editProposal(f.Proposal, func(p *Proposal) {
		p.Revision, p.Change, p.Reason, p.Approvals = f.Revision, f.Change.bareOfTexts(), f.Reason.bare(), nil
	})
}

// Approve is a yes to a proposal as it stands. The last one that it needs makes it
// happen.
type Approve struct {
	Proposal string `json:"proposal"`
	Digest   string `json:"digest"` // of the revision that the person looked at
}

var _ = action(Approve{})

func (Approve) Verb() string      { return "approve" }
func (a Approve) Subject() string { return a.Proposal }
func (Approve) givers() givers    { return people }

func (a Approve) bare(s *State) Action { return Approve{Proposal: s.nameOr(a.Proposal)} }

func (a Approve) decide(d *decision) error {
	p, level, err := d.decidable(a.Proposal, a.Digest)
	if err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(ProposalApproved{Proposal: p.ID, Revision: p.Revision, Level: level})
	p.Approvals = append(slices.Clone(p.Approvals), Approval{Level: level, Person: d.actor.Username})
	if len(p.Missing()) > 0 {
		return nil
	}
	before := len(d.events)
	var broken *Refusal
	switch err := p.Change.effect(d, p.ID); {
	case errors.As(err, &broken):
		d.events = d.events[:before]
		d.happen(ProposalFailed{Proposal: p.ID, Code: broken.Code, Rule: broken.Rule})
	case err != nil:
		return err
	default:
		d.happen(ProposalEffected{Proposal: p.ID})
	}
	return nil
}

// decidable refuses whoever may not decide about a proposal, and a decision about
// what it is not any more.
func (d *decision) decidable(id, digest string) (Proposal, Role, error) {
	p, err := d.proposal(id)
	if err != nil {
		return p, "", err
	}
	if p.Requester == d.actor.Username {
		return p, "", refuseOwnRequest(p)
	}
	level, may := d.state.levelOf(p, d.actor)
	if !may {
		return p, "", d.refuseNotEligible(p)
	}
	if digest != p.Digest() {
		return p, "", refuseOtherRevision(p)
	}
	return p, level, nil
}

// ProposalApproved: somebody said yes to it, at a level at which nobody had.
type ProposalApproved struct {
	Proposal string `json:"proposal"`
	Revision int64  `json:"revision"`
	Level    Role   `json:"level"`
}

var _ = fact(ProposalApproved{})

func (ProposalApproved) Type() string                 { return "proposal.approved" }
func (f ProposalApproved) Subject() string            { return f.Proposal }
func (f ProposalApproved) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalApproved) grade() Grade                 { return Ordinary }
func (f ProposalApproved) by(*State, Event) Who       { return byRole(f.Level).confirmed() }

func (f ProposalApproved) allowed(s *State, e Event) error {
	p, _ := s.Proposal(f.Proposal)
	if p.Status != Open || f.Revision != p.Revision || !slices.Contains(p.Missing(), f.Level) {
		return e.violates("I10", "an approval of what is not open, is another by now, or had it")
	}
	if actor, _ := s.Person(e.Actor); !s.mayApprove(p, actor) {
		return e.violates("I10", "approved by who asked for it, whom it is about, or twice by one person")
	}
	return nil
}

func (f ProposalApproved) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) {
		p.Approvals = append(slices.Clone(p.Approvals), Approval{Level: f.Level, Person: e.Actor, At: e.Time})
		if len(p.Missing()) == 0 {
			p.Status = Approved
		}
	})
}

// approved says whether a change may take effect now, as part of its proposal.
func (s *State) approved(e Event, proposal string, change Proposable) error {
	p, _ := s.Proposal(proposal)
	if p.Status != Approved || !reflect.DeepEqual(p.Change, Change{change}) {
		return e.violates("I10", "without a proposal of just this that was approved")
	}
	return nil
}

// ProposalEffected: what was approved has happened, in the entries before this one.
type ProposalEffected struct {
	Proposal string `json:"proposal"`
}

var _ = fact(ProposalEffected{})

func (ProposalEffected) Type() string                 { return "proposal.effected" }
func (f ProposalEffected) Subject() string            { return f.Proposal }
func (f ProposalEffected) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalEffected) grade() Grade                 { return Ordinary }
func (f ProposalEffected) by(s *State, _ Event) Who   { return s.lastApprover(f.Proposal) }

func (f ProposalEffected) allowed(s *State, e Event) error { return s.decided(e, f.Proposal, Approved) }

func (f ProposalEffected) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Effected, e) })
}

// ProposalFailed: it was approved, and by then a rule refused it.
type ProposalFailed struct {
	Proposal string `json:"proposal"`
	Code     Code   `json:"code"`
	Rule     string `json:"rule,omitzero"`
}

var _ = fact(ProposalFailed{})

func (ProposalFailed) Type() string                 { return "proposal.failed" }
func (f ProposalFailed) Subject() string            { return f.Proposal }
func (f ProposalFailed) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalFailed) grade() Grade                 { return Ordinary }
func (f ProposalFailed) by(s *State, _ Event) Who   { return s.lastApprover(f.Proposal) }

func (f ProposalFailed) allowed(s *State, e Event) error { return s.decided(e, f.Proposal, Approved) }

func (f ProposalFailed) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Failed, e); p.Broken = f.Code })
}

func (s *State) lastApprover(id string) Who {
	p, _ := s.Proposal(id)
	if len(p.Approvals) == 0 {
		return Who{}
	}
	return byPerson(p.Approvals[len(p.Approvals)-1].Person).confirmed()
}

// decided says whether a proposal can become something else from where it stands.
func (s *State) decided(e Event, id string, from ProposalStatus) error {
	if p, _ := s.Proposal(id); p.Status != from {
		return e.violates("I10", "of a proposal that was "+string(p.Status))
	}
	return nil
}

func (p *Proposal) end(how ProposalStatus, e Event) {
	p.Status, p.EndedAt = how, e.Time
	if e.Actor != System {
		p.EndedBy = e.Actor
	}
}

// Reject is a no, by whoever could approve. The first one is final.
type Reject struct {
	Proposal string `json:"proposal"`
	Digest   string `json:"digest"`
	Reason   Note   `json:"reason"`
}

var _ = action(Reject{})

func (Reject) Verb() string      { return "reject" }
func (a Reject) Subject() string { return a.Proposal }
func (Reject) givers() givers    { return people }
func (a Reject) bare(s *State) Action {
	return Reject{Proposal: s.nameOr(a.Proposal), Reason: absentNote}
}

func (a Reject) decide(d *decision) error {
	p, level, err := d.decidable(a.Proposal, a.Digest)
	if err != nil {
		return err
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(ProposalRejected{Proposal: p.ID, Level: level, Reason: a.Reason})
	return nil
}

// ProposalRejected: it will not happen.
type ProposalRejected struct {
	Proposal string `json:"proposal"`
	Level    Role   `json:"level"`
	Reason   Note   `json:"reason"`
}

var _ = fact(ProposalRejected{})

func (ProposalRejected) Type() string                 { return "proposal.rejected" }
func (f ProposalRejected) Subject() string            { return f.Proposal }
func (f ProposalRejected) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalRejected) grade() Grade                 { return Ordinary }
func (f ProposalRejected) by(*State, Event) Who       { return byRole(f.Level).confirmed() }

func (f ProposalRejected) allowed(s *State, e Event) error {
	p, _ := s.Proposal(f.Proposal)
	if actor, _ := s.Person(e.Actor); p.Status == Open && (!s.mayApprove(p, actor) || !slices.Contains(p.Missing(), f.Level)) {
		return e.violates("I10", "rejected by somebody who could not have approved it")
	}
	return s.decided(e, f.Proposal, Open)
}

func (f ProposalRejected) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Rejected, e) })
}

// Withdraw takes one's own proposal back.
type Withdraw struct {
	Proposal string `json:"proposal"`
}

var _ = action(Withdraw{})

func (Withdraw) Verb() string           { return "withdraw" }
func (a Withdraw) Subject() string      { return a.Proposal }
func (Withdraw) givers() givers         { return people }
func (a Withdraw) bare(s *State) Action { return Withdraw{s.nameOr(a.Proposal)} }

func (a Withdraw) decide(d *decision) error {
	p, err := d.proposal(a.Proposal)
	if err != nil {
		return err
	}
	if p.Requester != d.actor.Username {
		return refuseNotRequester(p)
	}
	d.happen(ProposalWithdrawn(a))
	return nil
}

// ProposalWithdrawn: whoever asked for it does not any more.
type ProposalWithdrawn struct {
	Proposal string `json:"proposal"`
}

var _ = fact(ProposalWithdrawn{})

func (ProposalWithdrawn) Type() string                 { return "proposal.withdrawn" }
func (f ProposalWithdrawn) Subject() string            { return f.Proposal }
func (f ProposalWithdrawn) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalWithdrawn) grade() Grade                 { return Ordinary }

func (f ProposalWithdrawn) by(s *State, _ Event) Who {
	p, _ := s.Proposal(f.Proposal)
	return byPerson(p.Requester)
}

func (f ProposalWithdrawn) allowed(s *State, e Event) error { return s.decided(e, f.Proposal, Open) }

func (f ProposalWithdrawn) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Withdrawn, e) })
}

// ProposalExpired: not everybody whom it needed approved it in time.
type ProposalExpired struct {
	Proposal string `json:"proposal"`
}

var _ = fact(ProposalExpired{})

func (ProposalExpired) Type() string                 { return "proposal.expired" }
func (f ProposalExpired) Subject() string            { return f.Proposal }
func (f ProposalExpired) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalExpired) grade() Grade                 { return Ordinary }
func (ProposalExpired) by(*State, Event) Who         { return bySystem() }

func (f ProposalExpired) allowed(s *State, e Event) error {
	if p, _ := s.Proposal(f.Proposal); e.Time.Before(p.Expires) {
		return e.violates("I10", "expired before its time")
	}
	return s.decided(e, f.Proposal, Open)
}

func (f ProposalExpired) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Lapsed, e) })
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

func refuseProposed(p Proposal) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "proposed", Args: Args{"proposal": p.ID, "person": p.Requester}}
}

func refuseTooManyProposals() *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "too_many_proposals", Args: Args{"most": maxProposals}}
}

func refuseNoApprover() *Refusal {
	return &Refusal{Code: NoApprover, Rule: "3.1", Key: "no_approver"}
}

func refuseOwnRequest(p Proposal) *Refusal {
	return &Refusal{Code: OwnRequest, Rule: "3.1", Key: "own_request", Args: Args{"proposal": p.ID}}
}

func refuseNotRequester(p Proposal) *Refusal {
	return &Refusal{Code: Forbidden, Rule: "3.1", Key: "not_requester", Args: Args{"proposal": p.ID, "person": p.Requester}}
}

func (d *decision) refuseNotEligible(p Proposal) *Refusal {
	var others []string
	for _, people := range d.state.Approvers(p) {
		others = append(others, people...)
	}
	slices.Sort(others)
	return &Refusal{Code: NotEligible, Rule: "3.1", Key: "not_eligible", Args: Args{"proposal": p.ID, "people": slices.Compact(others)}}
}

func refuseOtherRevision(p Proposal) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Field: "digest", Key: "other_revision", Args: Args{"proposal": p.ID, "revision": p.Revision}}
}
