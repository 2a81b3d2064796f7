package custody

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// An emergency passes a password to somebody whom its holder did not hand it to, because
// the holder cannot be reached. Others approve it, or, where the policy of the credential
// allows that, nobody answers; it ends by itself, always with another password; and
// somebody looks at it afterwards. It never needs who is absent.
//
//	            approved, or nobody answered         ended: by its holder, by time, or
//	                                                 because the absent one is back
//	[ pending ] ---------------------------> [ granted ] ----------------> [ ended ] --review--> [ reviewed ]
//	   |  rejected (a veto) | withdrawn          |
//	   +- lapsed: nobody approved it in time     +- lapsed: it was not used in time
//
// One that is asked for several credentials has one id, and each of them its own record:
// they are approved with one code, and each ends as it must.

// Emergency is one of a credential.
type Emergency struct {
	ID        string          `json:"id"`
	Status    EmergencyStatus `json:"status"`
	Requester string          `json:"requester"`
	For       string          `json:"for"`                 // who holds the password while it lasts
	Custodian bool            `json:"custodian,omitzero"`  // they are the other custodian
	Absent    []string        `json:"absent,omitempty"`    // sorted: who cannot be reached; the holder, or both custodians
	Holder    string          `json:"holder,omitzero"`     // who held it, or was to, when it was asked for; "": nobody
	Reason    Note            `json:"reason"`              // why
	In        string          `json:"in,omitzero"`         // device in which it was asked for, as in Session; "": not known
	Needs     []Role          `json:"needs,omitempty"`     // levels at which somebody has to approve, each another person
	Approvals []Approval      `json:"approvals,omitempty"` // of these
	AskedAt   time.Time       `json:"asked_at"`
	Expires   time.Time       `json:"expires"`         // nobody approves it any more
	Paged     []Paged         `json:"paged,omitempty"` // whom messages about it reached
	Silence   time.Time       `json:"silence,omitzero"`
	Answered  bool            `json:"answered,omitzero"` // the holder is there, so that nothing is granted by silence

	GrantedAt time.Time `json:"granted_at,omitzero"`
	Silent    bool      `json:"silent,omitzero"`  // because nobody answered
	UseBy     time.Time `json:"use_by,omitzero"`  // it lapses unless it was used by then
	Until     time.Time `json:"until,omitzero"`   // it ends at the latest
	UsedAt    time.Time `json:"used_at,omitzero"` // when they were first shown the password
	BackAt    time.Time `json:"back_at,omitzero"` // since when one of the absent is back; zero: they are not

	EndedAt    time.Time    `json:"ended_at,omitzero"` // also rejected, withdrawn and lapsed ones
	EndedBy    string       `json:"ended_by,omitzero"` // "": time did
	How        EmergencyEnd `json:"how,omitzero"`      // of one that was granted
	ReviewBy   time.Time    `json:"review_by,omitzero"`
	Overdue    bool         `json:"overdue,omitzero"` // ReviewBy has passed, and it is on record
	ReviewedAt time.Time    `json:"reviewed_at,omitzero"`
	Reviewer   string       `json:"reviewer,omitzero"`
	Verdict    Verdict      `json:"verdict,omitzero"`
	Review     Note         `json:"review,omitzero"` // what they found
}

// EmergencyStatus is where an emergency stands.
type EmergencyStatus string

// What an emergency can be.
const (
	EmergencyPending EmergencyStatus = "pending"
	EmergencyOn      EmergencyStatus = "granted"
	EmergencyOver    EmergencyStatus = "ended" // and somebody is to look at it
	EmergencyClosed  EmergencyStatus = "reviewed"
	EmergencyVetoed  EmergencyStatus = "rejected"
	EmergencyTaken   EmergencyStatus = "withdrawn"
	EmergencyUnused  EmergencyStatus = "lapsed" // not approved, or not used, in time
)

// EmergencyStatuses are all of them, in the order of a life.
var EmergencyStatuses = []EmergencyStatus{EmergencyPending, EmergencyOn, EmergencyOver, EmergencyClosed, EmergencyVetoed, EmergencyTaken, EmergencyUnused}

// Open says that it waits, or that its holder has the password.
func (s EmergencyStatus) Open() bool { return s == EmergencyPending || s == EmergencyOn }

// maxEmergency is how many credentials one is asked for at once: whoever is asked at night
// reads their names.
const maxEmergency = 20

// backWithin is how long somebody who holds a password in an emergency still has it when
// one of those who were absent is back.
const backWithin = 15 * time.Minute

// emergencyID names the nth that was ever asked for, n from 1.
func emergencyID(n int64) string { return fmt.Sprintf("emergency-%d", n) }

// emergencies counts those that were ever asked for.
func (s *State) emergencies() (n int64) {
	for c := range s.Credentials() {
		n = max(n, c.LastEmergency)
	}
	return n
}

// urgedBefore says whether there ever was an emergency of this id, as offeredBefore.
func (s *State) urgedBefore(id string) bool {
	return countedBefore(id, math.MaxInt64, emergencyID) && countedBefore(id, s.emergencies(), emergencyID)
}

// Emergency gives one of a credential by its id. Those that are over are forgotten with
// the next one, unless somebody still has to look at them.
func (c Credential) Emergency(id string) (Emergency, bool) {
	at := slices.IndexFunc(c.Emergencies, func(e Emergency) bool { return e.ID == id })
	if at < 0 {
		return Emergency{}, false
	}
	return c.Emergencies[at], true
}

// OpenEmergency gives the one that waits or lasts: there is one at the most.
func (c Credential) OpenEmergency() (Emergency, bool) {
	if last := len(c.Emergencies) - 1; last >= 0 && c.Emergencies[last].Status.Open() {
		return c.Emergencies[last], true
	}
	return Emergency{}, false
}

// InEmergency gives the one in which somebody holds it.
func (c Credential) InEmergency() (Emergency, bool) {
	e, open := c.OpenEmergency()
	return e, open && e.Status == EmergencyOn
}

// MayHold says whether somebody is a custodian, or has it in an emergency.
func (c Credential) MayHold(person string) bool {
	return c.HasCustodian(person) || c.HasInEmergency(person)
}

// HasInEmergency says whether somebody has it in an emergency.
func (c Credential) HasInEmergency(person string) bool {
	e, on := c.InEmergency()
	return on && e.For == person
}

// without gives names without some; nil: none is left. The old slice stays as it is.
func without(names []string, gone func(string) bool) (left []string) {
	for _, name := range names {
		if !gone(name) {
			left = append(left, name)
		}
	}
	return left
}

// there says whether somebody can act for a credential now: they are present, and nobody
// found that they cannot be reached.
func (s *State) there(c Credential, person string) bool {
	p, _ := s.Person(person)
	return p.Present() && !slices.Contains(c.Unreachable, person)
}

// ofEmergency gives the credentials of an emergency, by name.
func (s *State) ofEmergency(id string) (all []Credential) {
	for c := range s.Credentials() {
		if _, is := c.Emergency(id); is {
			all = append(all, c)
		}
	}
	return all
}

// editEmergency changes one. The list is shared with other states, and stays as it is.
func (s *State) editEmergency(credential, id string, edit func(*Credential, *Emergency)) {
	s.editCredential(credential, func(c *Credential) {
		at := slices.IndexFunc(c.Emergencies, func(e Emergency) bool { return e.ID == id })
		if at < 0 {
			return
		}
		c.Emergencies = slices.Clone(c.Emergencies)
		edit(c, &c.Emergencies[at])
	})
}

// access is an emergency as what others approve: who may say yes to it, and who still
// could, is worked out as for a proposal.
type access struct {
	RequestEmergency
	about  []string // whom it is about
	either bool     // one of manager and director is enough, whoever of them is awake
}

func (access) ofPerson() bool                 { return false }
func (access) levels(*State) []Role           { return nil }
func (a access) parties(*State) []string      { return a.about }
func (access) effect(*decision, string) error { return refuseApprovalNeeded() }
func (access) differences(Now) []Difference   { return nil }

// asProposal gives an emergency of some credentials as the proposal that it would be. It is
// about whose seat one is again, too: they will have what was done with the account.
func (e Emergency) asProposal(of []Credential) Proposal {
	about := append([]string{e.For}, e.Absent...)
	for _, c := range of {
		about = append(about, twoOf(c.Primary, c.Backup)...)
		about = append(about, twoOf(c.Substitute.Original, "")...)
	}
	slices.Sort(about)
	either := len(e.Needs) == 1 && e.Requester == e.For
	return Proposal{
		ID: e.ID, Requester: e.Requester, In: twoOf(e.In, ""), Change: Change{access{about: slices.Compact(about), either: either}},
		Needs: e.Needs, Approvals: e.Approvals, Status: Open,
	}
}

// askedAs is asProposal of one that is on record, for all its credentials that wait.
func (s *State) askedAs(e Emergency) Proposal {
	var waiting []Credential
	for _, c := range s.ofEmergency(e.ID) {
		if other, _ := c.Emergency(e.ID); other.Status == EmergencyPending {
			waiting = append(waiting, c)
		}
	}
	return e.asProposal(waiting)
}

// EmergencyApprovers gives, for each level that is missing, who can approve there.
func (s *State) EmergencyApprovers(e Emergency) map[Role][]string {
	return s.Approvers(s.askedAs(e))
}

// emergencyNeeds gives the levels at which an emergency has to be approved, under the
// policy in force: one for a custodian, the other approver for one who names a substitute,
// both for anybody else.
func (s *State) emergencyNeeds(requester Person, beneficiary string, custodian bool) []Role {
	switch approvals := s.Policy().Values.Approvals; {
	case approvals == ApprovedByNone:
		return nil
	case requester.Username == beneficiary && (custodian || approvals == ApprovedByOne):
		return []Role{Manager}
	case requester.Username == beneficiary:
		return []Role{Manager, Director}
	case requester.Is(Manager):
		return []Role{Director}
	}
	return []Role{Manager}
}

// grantable refuses what is not any more as it was when it was asked for.
func (s *State) grantable(c Credential, e Emergency) *Refusal {
	beneficiary, _ := s.Person(e.For)
	switch {
	case !c.Active() || c.HeldFor() != e.Holder || c.HasCustodian(e.For) != e.Custodian || !slices.Equal(e.Absent, c.absentFor(e.For)):
		return refuseEmergencyOvertaken(c, e)
	case !s.there(c, e.For) || !beneficiary.CanConfirm():
		return refuseBeneficiaryAway(e)
	}
	return nil
}

// absentFor gives who cannot be reached when somebody asks for a credential: its holder,
// if the other custodian does, and otherwise both custodians.
func (c Credential) absentFor(beneficiary string) []string {
	if c.HasCustodian(beneficiary) {
		return []string{c.HeldFor()}
	}
	return twoOf(c.Primary, c.Backup)
}

// expectEmergency notes when time will act on the emergencies of a credential.
func (s *State) expectEmergency(c Credential) {
	for _, e := range c.Emergencies {
		switch e.Status {
		case EmergencyPending:
			s.expect(e.Expires)
			s.expect(e.Silence)
		case EmergencyOn:
			s.expect(e.Ends())
		case EmergencyOver:
			if !e.Overdue {
				s.expect(e.ReviewBy)
			}
		}
	}
}

// tickEmergencies lets time act on the emergencies of a credential, and gives the credential
// as it is then.
func (d *decision) tickEmergencies(c Credential) Credential {
	for _, e := range c.Emergencies {
		if e.Status == EmergencyOver && !e.Overdue && !d.now.Before(e.ReviewBy) {
			d.happen(EmergencyUnreviewed{Emergency: e.ID, Credential: c.Name})
		}
	}
	e, open := c.OpenEmergency()
	switch {
	case !open:
	case e.Status == EmergencyPending && e.silent(d.now) && d.state.grantable(c, e) == nil:
		return d.grant(c, e, true)
	case e.Status == EmergencyPending && (e.silent(d.now) || !d.now.Before(e.Expires)):
		d.happen(EmergencyLapsed{Emergency: e.ID, Credential: c.Name})
	case e.Status == EmergencyOn && !d.now.Before(e.Ends()):
		return d.endEmergency(c, e, e.endedBy(d.now), "")
	}
	return c
}

// checkEmergencies holds, of I1 and I3, that one emergency at most is open, and that who
// has the credential in one holds it.
func (c Credential) checkEmergencies() error {
	for i, e := range c.Emergencies {
		if e.Status.Open() && i < len(c.Emergencies)-1 {
			return &Violation{Invariant: "I1", Subject: c.Name, Detail: "two emergencies at once"}
		}
	}
	if e, on := c.InEmergency(); on && c.HeldFor() != e.For {
		return &Violation{Invariant: "I3", Subject: c.Name, Detail: "in an emergency of " + e.For + ", who does not hold it"}
	}
	return nil
}

// emergency finds the credentials of one that are at a status, and the emergency as the
// first of them has it.
func (d *decision) emergency(id string, status EmergencyStatus) ([]Credential, Emergency, error) {
	var at []Credential
	var first, other Emergency
	all := d.state.ofEmergency(id)
	for _, c := range all {
		e, _ := c.Emergency(id)
		if e.Status != status {
			other = e
			continue
		}
		if at = append(at, c); len(at) == 1 {
			first = e
		}
	}
	switch {
	case len(at) > 0:
		return at, first, nil
	case len(all) > 0:
		return nil, Emergency{}, refuseEmergencyNot(other)
	case d.state.urgedBefore(id):
		return nil, Emergency{}, refuseEmergencyNot(Emergency{ID: id})
	}
	return nil, Emergency{}, refuseNotFound(anEmergency)
}

func refuseEmergencyOpen(c Credential, e Emergency) *Refusal {
	return &Refusal{Code: EmergencyOpen, Rule: ruleHandover, Key: "emergency_open",
		Args: Args{"credential": c.Name, "emergency": e.ID, "person": e.For, "status": Term{"emergency_status", string(e.Status)}}}
}

func refuseEmergencyHeld(c Credential, e Emergency) *Refusal {
	return &Refusal{Code: EmergencyOpen, Rule: ruleHandover, Key: "emergency_held", Args: Args{"credential": c.Name, "emergency": e.ID}}
}

func refuseEmergencyOvertaken(c Credential, e Emergency) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "emergency_overtaken",
		Args: Args{"credential": c.Name, "emergency": e.ID, "holder": c.HeldFor()}}
}

func refuseBeneficiaryAway(e Emergency) *Refusal {
	return &Refusal{Code: CounterpartAway, Rule: ruleHandover, Key: "beneficiary_away", Args: Args{"emergency": e.ID, "person": e.For}}
}

func refuseEmergencyNot(e Emergency) *Refusal {
	return &Refusal{Code: AlreadyDecided, Rule: ruleHandover, Key: "emergency_over",
		Args: Args{"emergency": e.ID, "by": e.decidedBy(), "status": Term{"emergency_status", string(e.Status)}}}
}

// decidedBy is whose deed an emergency stands as it does by; "": time's, or not known.
func (e Emergency) decidedBy() string {
	switch {
	case e.Reviewer != "":
		return e.Reviewer
	case e.Status == EmergencyOn && len(e.Approvals) > 0:
		return e.Approvals[len(e.Approvals)-1].Person
	}
	return e.EndedBy
}

func refuseUnreachable(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "you_are_unreachable", Args: Args{"credential": c.Name}}
}
