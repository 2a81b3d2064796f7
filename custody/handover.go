package custody

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HandoverStatus is where a handover stands.
type HandoverStatus string

// offered -> accepted -> returned -> closed, or one of the three that end an offer, or void
// at any time.
const (
	Offered   HandoverStatus = "offered"
	Accepted  HandoverStatus = "accepted"
	Returned  HandoverStatus = "returned"
	Closed    HandoverStatus = "closed"
	Declined  HandoverStatus = "declined"
	Cancelled HandoverStatus = "cancelled"
	Expired   HandoverStatus = "expired"
	Voided    HandoverStatus = "void" // one of its parties left, or what was signed ahead counts no more
)

// Open says that something can still become of the handover. It binds its credentials,
// unless it Waits.
func (s HandoverStatus) Open() bool {
	return s == Offered || s == Accepted || s == Returned || s.Waits()
}

// Handover passes custody of one or more credentials from their holder to the
// other custodian, until the giver is back (clause 4.4).
type Handover struct {
	ID          string         `json:"id"`
	From        string         `json:"from"`
	To          string         `json:"to"`
	Credentials []string       `json:"credentials,omitempty"` // sorted
	Reason      Note           `json:"reason,omitzero"`
	Status      HandoverStatus `json:"status"`

	// Leave: the giver is marked away by the acceptance that leaves them
	// holding nothing.
	Leave          bool      `json:"leave,omitzero"`
	ExpectedReturn time.Time `json:"expected_return,omitzero"`

	OfferedAt  time.Time `json:"offered_at,omitzero"`
	Expires    time.Time `json:"expires,omitzero"` // of the offer
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	ReturnedAt time.Time `json:"returned_at,omitzero"`
	EndedAt    time.Time `json:"ended_at,omitzero"` // closed, declined, cancelled or expired
	Overdue    bool      `json:"overdue,omitzero"`  // the expected return has passed

	Ahead Ahead `json:"ahead,omitzero"` // it comes of an absence that was planned
}

// handoverID names the nth handover ever offered, n from 1: an id that a person
// can read over the telephone and type.
func handoverID(n int64) string { return fmt.Sprintf("handover-%d", n) }

// offeredBefore says whether there ever was a handover of this id: also those
// that are over, which a root has forgotten.
func (s *State) offeredBefore(id string) bool {
	return countedBefore(id, s.Handovers, handoverID)
}

// countedBefore says whether an id is one of the first so many that were counted.
func countedBefore(id string, ever int64, called func(n int64) string) bool {
	n, err := strconv.ParseInt(id[strings.LastIndexByte(id, '-')+1:], 10, 64)
	return err == nil && id == called(n) && 1 <= n && n <= ever
}

// maxHandover is how many credentials make one handover: their names have to
// fit into one entry of the ledger. More make several.
const maxHandover = 500

// maxNamed is how many credentials a command names on record, beside what its
// first entry has room for. Where "all" are more the command says so, and its
// entries, one for each part of maxHandover, name every one of them.
const maxNamed = 300

// Offer asks the other custodian to take over. All: everything that the actor
// holds. Leave: and mark the actor away as soon as all is accepted.
type Offer struct {
	Credentials    []string  `json:"credentials,omitzero"` // all by name, when it is carried out
	All            bool      `json:"all,omitzero"`
	Leave          bool      `json:"leave,omitzero"`
	Reason         Note      `json:"reason"`
	ExpectedReturn time.Time `json:"expected_return,omitzero"` // zero when it is not known
}

var _ = action(Offer{})

func (Offer) Verb() string   { return "offer" }
func (Offer) givers() givers { return people }

func (a Offer) Subject() string {
	if len(a.Credentials) == 1 {
		return a.Credentials[0]
	}
	return ""
}

func (a Offer) bare(s *State) Action {
	a.Credentials = slices.DeleteFunc(slices.Clone(a.Credentials), func(name string) bool { return s.known(name) == "" })
	a.Reason = absentNote
	return a
}

func (a Offer) decide(d *decision) error {
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	a.ExpectedReturn = instantOrZero(a.ExpectedReturn)
	if err := d.checkFuture("expected_return", a.ExpectedReturn); err != nil {
		return err
	}
	names, err := d.offered(a)
	if err != nil {
		return err
	}
	if a.Leave {
		if d.actor.Away {
			return refuseAlreadyAway()
		}
		if err := d.mayLeave(); err != nil {
			return err
		}
		if err := d.clashesNow(a.ExpectedReturn); err != nil {
			return err
		}
	}
	if len(names) <= maxNamed {
		a.Credentials, a.All = names, false
	}
	d.named = a
	receivers := map[string][]string{}
	for _, name := range names {
		c, err := d.credential(name)
		if err != nil {
			return err
		}
		if err := d.offerable(c); err != nil {
			return err
		}
		to := c.Other(d.actor.Username)
		receivers[to] = append(receivers[to], name)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	if a.Leave {
		for _, c := range d.succeeds() {
			d.passOn(c)
		}
	}
	next := d.state.Handovers
	for _, to := range keys(receivers) {
		for part := range slices.Chunk(receivers[to], maxHandover) {
			next++
			d.happen(HandoverOffered{
				Handover: handoverID(next), From: d.actor.Username, To: to,
				Credentials: part, Reason: a.Reason, Leave: a.Leave,
				ExpectedReturn: a.ExpectedReturn, Expires: d.now.Add(d.policy.OfferTTL),
			})
		}
	}
	if a.Leave && len(names) == 0 {
		d.happen(PersonAway{Person: d.actor.Username, Until: a.ExpectedReturn, Reason: a.Reason})
	}
	return nil
}

// offered gives the names in an offer, sorted, each once.
func (d *decision) offered(a Offer) ([]string, error) {
	if !a.All && !a.Leave {
		if len(a.Credentials) == 0 {
			return nil, Invalid("credentials", "no_credential")
		}
		if len(a.Credentials) > maxNamed {
			return nil, Invalid("credentials", "too_many_credentials")
		}
		names := slices.Clone(a.Credentials)
		slices.Sort(names)
		return slices.Compact(names), nil
	}
	var all []string
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		if c.Holder == d.actor.Username {
			all = append(all, name)
		}
	}
	switch {
	case a.All && len(a.Credentials) > 0:
		return nil, Invalid("credentials", "beside_all_offered")
	case !a.All && !slices.Equal(a.Credentials, all):
		return nil, Invalid("away_when_accepted", "only_with_all")
	case len(all) == 0 && !a.Leave:
		return nil, refuseNothingHeld()
	}
	return all, nil
}

func (d *decision) offerable(c Credential) error {
	if err := d.heldByActor(c); err != nil {
		return err
	}
	if e, on := c.InEmergency(); on {
		return refuseEmergencyHeld(c, e)
	}
	if receiver, _ := d.state.Person(c.Other(d.actor.Username)); !d.state.there(c, receiver.Username) {
		return refuseReceiverAway(receiver, c)
	}
	if c.Handover != "" {
		return refuseHandoverOpen(c)
	}
	return nil
}

// HandoverOffered: the giver still holds everything.
type HandoverOffered struct {
	Handover       string    `json:"handover"`
	From           string    `json:"from"`
	To             string    `json:"to"`
	Credentials    []string  `json:"credentials"`
	Reason         Note      `json:"reason"`
	Leave          bool      `json:"leave,omitzero"`
	ExpectedReturn time.Time `json:"expected_return,omitzero"`
	Expires        time.Time `json:"expires"`
	Plan           string    `json:"plan,omitzero"` // an absence that has begun, of whoever said that they hand over; "": they offered it
}

var _ = fact(HandoverOffered{})

func (HandoverOffered) Type() string      { return "handover.offered" }
func (f HandoverOffered) Subject() string { return f.Handover }
func (HandoverOffered) grade() Grade      { return Ordinary }

func (f HandoverOffered) by(*State, Event) Who {
	if f.Plan != "" {
		return bySystem()
	}
	return byPerson(f.From).confirmed()
}

func (f HandoverOffered) concerns(*State) Concerns {
	return Concerns{Handovers: []string{f.Handover}, Credentials: f.Credentials, People: []string{f.From, f.To}}
}

func (f HandoverOffered) allowed(s *State, e Event) error {
	if len(f.Credentials) == 0 || f.Handover != handoverID(s.Handovers+1) {
		return e.violates("I1", "offers nothing, or under the name of another handover")
	}
	if to, _ := s.Person(f.To); !to.Present() {
		return e.violates("I3", "offered to somebody who is away or disabled")
	}
	if f.Plan != "" {
		if plan, begun := s.passesOn(f.From); !begun || plan.ID != f.Plan || !f.Leave || !f.ExpectedReturn.Equal(plan.Until) {
			return e.violates("I6", "offered for an absence that has not begun, or for whoever did not say that they hand over")
		}
	}
	for _, name := range f.Credentials {
		if err := s.noEmergency(e, name); err != nil {
			return err
		}
		if c, _ := s.Credential(name); !s.there(c, f.To) || c.Holder != f.From || c.Other(f.From) != f.To || c.Handover != "" {
			return e.violates("I1", "offered by somebody who does not hold "+name+", or not to its other custodian")
		}
	}
	return nil
}

func (f HandoverOffered) apply(s *State, e Event) {
	s.Handovers++
	s.editHandover(f.Handover, func(h *Handover) {
		*h = Handover{
			ID: f.Handover, From: f.From, To: f.To, Credentials: f.Credentials, Reason: f.Reason.bare(),
			Status: Offered, Leave: f.Leave, ExpectedReturn: f.ExpectedReturn,
			OfferedAt: e.Time, Expires: f.Expires, Ahead: Ahead{Plan: f.Plan},
		}
		s.expectHandover(*h)
	})
	s.editAll(f.Credentials, func(c *Credential) { c.Handover = f.Handover })
}

// Accept takes over everything in the handover, or nothing.
type Accept struct {
	Handover string `json:"handover"`
}

var _ = action(Accept{})

func (Accept) Verb() string      { return "accept" }
func (a Accept) Subject() string { return a.Handover }
func (Accept) givers() givers    { return people }

func (a Accept) bare(s *State) Action { return Accept{s.nameOr(a.Handover)} }

func (a Accept) decide(d *decision) error { return d.accept(a.Handover) }

// AcceptAll takes over several handovers with one code: all of them, or none.
type AcceptAll struct {
	Handovers []string `json:"handovers"` // each once
}

var _ = action(AcceptAll{})

func (AcceptAll) Verb() string           { return "accept_all" }
func (AcceptAll) Subject() string        { return "" }
func (AcceptAll) givers() givers         { return people }
func (a AcceptAll) bare(s *State) Action { return AcceptAll{s.namesOr(a.Handovers)} }

func (a AcceptAll) decide(d *decision) error {
	if err := checkTogether("handovers", a.Handovers); err != nil {
		return err
	}
	return d.accept(a.Handovers...)
}

// accept takes over all of some handovers. One that may not be taken over keeps the
// others too: whoever gave one code meant them together.
func (d *decision) accept(ids ...string) error {
	var all []Handover
	taken := map[string][]string{} // giver -> what passes on now
	for _, id := range ids {
		h, err := d.acceptable(id)
		if err != nil {
			return err
		}
		all = append(all, h)
		taken[h.From] = append(taken[h.From], h.Credentials...)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, h := range all {
		d.happen(HandoverAccepted{Handover: h.ID, From: h.From, To: h.To, Credentials: h.Credentials})
		for _, name := range h.Credentials {
			c, _ := d.state.Credential(name)
			if because := c.changesWhenPassed(); because != "" {
				d.startRotation(c, because, h.To, Note{})
			}
		}
	}
	var gone []string
	for _, h := range all {
		if d.state.leavesBy(h) && d.leavesWithout(h.From, taken[h.From], gone) {
			gone = append(gone, h.From)
			d.happen(PersonAway{Person: h.From, Until: h.ExpectedReturn, Reason: h.Reason})
		}
	}
	return nil
}

// acceptable gives a handover that the actor can take over now.
func (d *decision) acceptable(id string) (Handover, error) {
	h, err := d.handover(id)
	switch {
	case err != nil:
		return h, err
	case h.To != d.actor.Username:
		return h, refuseNotParty(h)
	case h.Status != Offered, !d.now.Before(h.Expires):
		return h, refuseHandoverNotOpen(h)
	case d.actor.Away:
		return h, refuseSelfAway()
	}
	for _, name := range h.Credentials {
		if c, _ := d.state.Credential(name); c.Phase != Held {
			return h, refuseRotating(c)
		}
	}
	return h, nil
}

// leavesWithout says whether a giver may be away once some credentials have passed on:
// they then hold nothing, wait for nothing, and nobody they share with is away, or goes by
// the same code.
func (d *decision) leavesWithout(person string, passed, gone []string) bool {
	giver, _ := d.state.Person(person)
	if giver.Away || slices.Contains(gone, person) {
		return false
	}
	for _, name := range d.state.Charges(person) {
		c, _ := d.state.Credential(name)
		other := c.Other(person)
		if !d.state.there(c, other) || slices.Contains(gone, other) || c.Successor() == person {
			return false
		}
		if c.Holder == person && !slices.Contains(passed, name) {
			return false
		}
	}
	return true
}

// HandoverAccepted: the receiver holds everything; the giver's leases ended.
type HandoverAccepted struct {
	Handover    string   `json:"handover"`
	From        string   `json:"from"`
	To          string   `json:"to"`
	Credentials []string `json:"credentials"`
}

var _ = fact(HandoverAccepted{})

func (HandoverAccepted) Type() string           { return "handover.accepted" }
func (f HandoverAccepted) Subject() string      { return f.Handover }
func (HandoverAccepted) grade() Grade           { return Ordinary }
func (f HandoverAccepted) by(*State, Event) Who { return byPerson(f.To).confirmed() }

func (f HandoverAccepted) concerns(*State) Concerns {
	return Concerns{Handovers: []string{f.Handover}, Credentials: f.Credentials, People: []string{f.From, f.To}}
}

func (f HandoverAccepted) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	if !e.Time.Before(h.Expires) {
		return e.violates("I1", "accepted after the offer had expired")
	}
	if err := e.follows(h, Offered, f.From, f.To, f.Credentials); err != nil {
		return err
	}
	for _, name := range f.Credentials {
		if c, _ := s.Credential(name); c.Phase != Held {
			return e.violates("I4", "while the password of "+name+" was being changed")
		}
	}
	return nil
}

func (f HandoverAccepted) apply(s *State, e Event) {
	s.editHandover(f.Handover, func(h *Handover) {
		h.Status, h.AcceptedAt = Accepted, e.Time
		s.expectHandover(*h)
	})
	s.editAll(f.Credentials, func(c *Credential) {
		c.Holder, c.Lease = f.To, Lease{}
		s.expectAge(*c)
	})
}

// Decline and Cancel end an offer: by the receiver, by the giver.
type (
	Decline struct {
		Handover string `json:"handover"`
		Reason   Note   `json:"reason,omitzero"`
	}
	Cancel struct {
		Handover string `json:"handover"`
		Reason   Note   `json:"reason,omitzero"`
	}
)

var (
	_ = action(Decline{})
	_ = action(Cancel{})
)

func (Decline) Verb() string               { return "decline" }
func (Cancel) Verb() string                { return "cancel" }
func (a Decline) Subject() string          { return a.Handover }
func (a Cancel) Subject() string           { return a.Handover }
func (Decline) givers() givers             { return people }
func (Cancel) givers() givers              { return people }
func (a Decline) bare(s *State) Action     { return Decline{Handover: s.nameOr(a.Handover)} }
func (a Cancel) bare(s *State) Action      { return Cancel{Handover: s.nameOr(a.Handover)} }
func (a Decline) decide(d *decision) error { return d.endOffer(a.Handover, a.Reason, Declined) }
func (a Cancel) decide(d *decision) error  { return d.endOffer(a.Handover, a.Reason, Cancelled) }

func (d *decision) endOffer(id string, reason Note, how HandoverStatus) error {
	h, err := d.handover(id)
	if err != nil {
		return err
	}
	party := h.To
	if how == Cancelled {
		party = h.From
	}
	switch {
	case party != d.actor.Username:
		return refuseNotParty(h)
	case h.Status != Offered && !h.Status.Waits():
		return refuseHandoverNotOpen(h)
	}
	if err := checkOptionalNote("reason", reason); err != nil {
		return err
	}
	d.happen(HandoverEnded{Handover: h.ID, How: how, Reason: reason})
	return nil
}

// HandoverEnded: an offer was declined, cancelled or expired.
type HandoverEnded struct {
	Handover string         `json:"handover"`
	How      HandoverStatus `json:"how"`
	Reason   Note           `json:"reason,omitzero"`
}

var (
	_ = fact(HandoverEnded{How: Declined})
	_ = fact(HandoverEnded{How: Cancelled})
	_ = fact(HandoverEnded{How: Expired})
)

func (f HandoverEnded) Type() string               { return "handover." + string(f.How) }
func (f HandoverEnded) Subject() string            { return f.Handover }
func (f HandoverEnded) concerns(s *State) Concerns { return s.aboutHandover(f.Handover) }
func (HandoverEnded) grade() Grade                 { return Ordinary }

func (f HandoverEnded) by(s *State, _ Event) Who {
	switch h, _ := s.Handover(f.Handover); f.How {
	case Declined:
		return byPerson(h.To)
	case Cancelled:
		return byPerson(h.From)
	case Expired:
		return bySystem()
	}
	return Who{}
}

func (f HandoverEnded) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	if h.Status != Offered && (!h.Status.Waits() || f.How == Expired) || f.How == Expired && e.Time.Before(h.Expires) {
		return e.violates("I1", "ended without having been on offer, or expired before its time")
	}
	return nil
}

func (f HandoverEnded) apply(s *State, e Event) {
	h, _ := s.Handover(f.Handover)
	s.editHandover(f.Handover, func(h *Handover) { h.Status, h.EndedAt = f.How, e.Time })
	if h.Status.Waits() {
		s.editHandover(f.Handover, func(h *Handover) { h.Status, h.Ahead.Why = Voided, BrokenWithdrawn })
		return
	}
	s.editAll(h.Credentials, func(c *Credential) { c.Handover = "" })
}

// GiveBack ends an accepted handover ("return" in the policy), by either side.
// The password is changed before anybody holds it again. One that is being changed
// already, and perhaps cannot be, keeps nobody: it is the giver's when it is done.
type GiveBack struct {
	Handover string `json:"handover"`
}

var _ = action(GiveBack{})

func (GiveBack) Verb() string      { return "return" }
func (a GiveBack) Subject() string { return a.Handover }
func (GiveBack) givers() givers    { return people }

func (a GiveBack) bare(s *State) Action { return GiveBack{s.nameOr(a.Handover)} }

func (a GiveBack) decide(d *decision) error {
	h, err := d.handover(a.Handover)
	if err != nil {
		return err
	}
	if d.actor.Username != h.From && d.actor.Username != h.To {
		return refuseNotParty(h)
	}
	if h.Status != Accepted {
		return refuseHandoverNotOpen(h)
	}
	if giver, _ := d.state.Person(h.From); giver.Away {
		if giver.Username == d.actor.Username {
			return refuseSelfAway()
		}
		return refuseGiverAway(giver, h)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.returned(h)
	return nil
}

func (d *decision) returned(h Handover) {
	d.happen(HandoverReturned{
		Handover: h.ID, From: h.From, To: h.To, Credentials: h.Credentials, Deadline: d.deadline(),
	})
}

// HandoverReturned: nobody holds the credentials until their passwords are
// changed; then the giver does.
type HandoverReturned struct {
	Handover    string    `json:"handover"`
	From        string    `json:"from"`
	To          string    `json:"to"`
	Credentials []string  `json:"credentials"`
	Deadline    time.Time `json:"deadline"` // for the rotations
}

var _ = fact(HandoverReturned{})

func (HandoverReturned) Type() string           { return "handover.returned" }
func (f HandoverReturned) Subject() string      { return f.Handover }
func (HandoverReturned) grade() Grade           { return Ordinary }
func (f HandoverReturned) by(*State, Event) Who { return byPerson(f.From, f.To).confirmed() }

func (f HandoverReturned) concerns(*State) Concerns {
	return Concerns{Handovers: []string{f.Handover}, Credentials: f.Credentials, People: []string{f.From, f.To}}
}

func (f HandoverReturned) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	return e.follows(h, Accepted, f.From, f.To, f.Credentials)
}

func (f HandoverReturned) apply(s *State, e Event) {
	s.editHandover(f.Handover, func(h *Handover) { h.Status, h.ReturnedAt = Returned, e.Time })
	s.editAll(f.Credentials, func(c *Credential) {
		if c.Phase == Rotating {
			c.Rotation.Reason, c.Rotation.Successor = ForReturn, f.From
			return
		}
		c.startRotation(ForReturn, f.From, e.Time, f.Deadline)
		s.expectRotation(*c)
	})
}

// HandoverClosed: all passwords of a returned handover are changed.
type HandoverClosed struct {
	Handover string `json:"handover"`
	Proposal string `json:"proposal,omitzero"` // with which the last was given up; "": it was changed
}

var _ = fact(HandoverClosed{})

func (HandoverClosed) Type() string                 { return "handover.closed" }
func (f HandoverClosed) Subject() string            { return f.Handover }
func (f HandoverClosed) concerns(s *State) Concerns { return s.aboutHandover(f.Handover) }
func (HandoverClosed) grade() Grade                 { return Ordinary }

// by: the worker that changed the last of them, or whoever approved that the last that
// could not be changed is given up.
func (f HandoverClosed) by(s *State, _ Event) Who {
	return s.lastApproverOr(f.Proposal, bySystem())
}

func (f HandoverClosed) allowed(s *State, e Event) error {
	if h, _ := s.Handover(f.Handover); h.Status != Returned || s.returning(h, "") {
		return e.violates("I4", "closed before every password was changed")
	}
	if p, _ := s.Proposal(f.Proposal); f.Proposal != "" && p.Status != Approved {
		return e.violates("I10", "closed by what was not approved")
	}
	return nil
}

func (f HandoverClosed) apply(s *State, e Event) {
	s.editHandover(f.Handover, func(h *Handover) { h.Status, h.EndedAt = Closed, e.Time })
}

// HandoverOverdue: the expected return has passed.
type HandoverOverdue struct {
	Handover string `json:"handover"`
}

var _ = fact(HandoverOverdue{})

func (HandoverOverdue) Type() string                 { return "handover.overdue" }
func (f HandoverOverdue) Subject() string            { return f.Handover }
func (f HandoverOverdue) concerns(s *State) Concerns { return s.aboutHandover(f.Handover) }
func (HandoverOverdue) grade() Grade                 { return Ordinary }
func (HandoverOverdue) by(*State, Event) Who         { return bySystem() }

func (f HandoverOverdue) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	if h.Status != Accepted || h.Overdue || h.ExpectedReturn.IsZero() || e.Time.Before(h.ExpectedReturn) {
		return e.violates("I1", "overdue before its time, or twice")
	}
	return nil
}

func (f HandoverOverdue) apply(s *State, _ Event) {
	s.editHandover(f.Handover, func(h *Handover) { h.Overdue = true })
}

func (s *State) aboutHandover(id string) Concerns {
	h, _ := s.Handover(id)
	return Concerns{Handovers: []string{id}, Credentials: h.Credentials}
}

// editHandover forgets a handover that is over, once nothing reads through a
// fork to it.
func (s *State) editHandover(id string, edit func(*Handover)) {
	h, _ := s.Handover(id)
	edit(&h)
	s.touched.handovers = append(s.touched.handovers, id)
	if s.base == nil && !h.Status.Open() {
		delete(s.handovers, id)
		return
	}
	s.handovers[id] = &h
}

// returning says whether any credential of a handover still waits for its
// rotation, the one named apart.
func (s *State) returning(h Handover, except string) bool {
	return slices.ContainsFunc(h.Credentials, func(name string) bool {
		c, _ := s.Credential(name)
		return name != except && c.Handover == h.ID
	})
}

// follows says whether what becomes of a handover is what it was offered as.
func (e Event) follows(h Handover, status HandoverStatus, from, to string, credentials []string) error {
	if h.Status != status || h.From != from || h.To != to || !slices.Equal(h.Credentials, credentials) {
		return e.violates("I1", "does not follow on what was offered")
	}
	return nil
}
