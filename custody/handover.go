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
