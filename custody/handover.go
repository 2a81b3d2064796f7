package custody

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// HandoverStatus is where a handover stands.
type HandoverStatus string

// offered -> accepted -> returned -> closed, or one of the three that end an offer.
const (
	Offered   HandoverStatus = "offered"
	Accepted  HandoverStatus = "accepted"
	Returned  HandoverStatus = "returned"
	Closed    HandoverStatus = "closed"
	Declined  HandoverStatus = "declined"
	Cancelled HandoverStatus = "cancelled"
	Expired   HandoverStatus = "expired"
)

// Open says that the handover still binds its credentials.
func (s HandoverStatus) Open() bool { return s == Offered || s == Accepted || s == Returned }

// Handover passes custody of one or more credentials from their holder to the
// other custodian, until the giver is back (clause 4.4).
type Handover struct {
	ID          string
	From        string
	To          string
	Credentials []string // sorted
	Reason      string
	Status      HandoverStatus

	// Leave: the giver is marked away by the acceptance that leaves them
	// holding nothing.
	Leave          bool
	ExpectedReturn time.Time

	OfferedAt  time.Time
	Expires    time.Time // of the offer
	AcceptedAt time.Time
	ReturnedAt time.Time
	EndedAt    time.Time // closed, declined, cancelled or expired
	Overdue    bool      // the expected return has passed
}

// handoverID names the nth handover ever offered, n from 1: an id that a person
// can read over the telephone and type.
func handoverID(n int64) string { return fmt.Sprintf("handover-%d", n) }

// offeredBefore says whether there ever was a handover of this id: also those
// that are over, which a root has forgotten.
func (s *State) offeredBefore(id string) bool {
	n, err := strconv.ParseInt(strings.TrimPrefix(id, "handover-"), 10, 64)
	return err == nil && id == handoverID(n) && 1 <= n && n <= s.Handovers
}
