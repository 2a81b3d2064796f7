package custody

import "time"

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
