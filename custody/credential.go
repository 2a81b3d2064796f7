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

// RotationReason says why a password is being changed.
type RotationReason string

// The reasons. A return always rotates; the others depend on the policy.
const (
	ForOnboard   RotationReason = "onboard"
	ForReturn    RotationReason = "return"
	ForTransfer  RotationReason = "transfer"
	ForCheckin   RotationReason = "checkin"
	ForAge       RotationReason = "age"
	ForExposure  RotationReason = "exposure"
	ForEmergency RotationReason = "emergency"
	ForDrift     RotationReason = "drift"
	ForRequested RotationReason = "requested"
)

// RotationStep is how far the rotation journal of a credential has come.
type RotationStep string

// The journal. Each step is committed after what it names has happened, so
// that a restart never assumes more than is true.
const (
	StepPending  RotationStep = "pending"  // decided; nothing done yet
	StepStaged   RotationStep = "staged"   // the new value is in the secret store, beside the old one
	StepApplied  RotationStep = "applied"  // the target was told to change
	StepVerified RotationStep = "verified" // a log-in with the new value succeeded, with the old one failed
	// "promoted" ends the journal: the new value is the current version.
)

// Target is the account that a credential opens: nothing here is secret.
type Target struct {
	Kind     string            `json:"kind"`    // which connector: "ssh"
	Address  string            `json:"address"` // host:port
	Account  string            `json:"account"` // whose password it is
	Settings map[string]string `json:"settings,omitempty"`
}

// CredentialPolicy is what differs from credential to credential.
type CredentialPolicy struct {
	RotateOnTransfer bool  `json:"rotate_on_transfer,omitzero"`
	RotateOnCheckin  bool  `json:"rotate_on_checkin,omitzero"`
	LeaseSeconds     int64 `json:"lease_seconds,omitzero"` // zero: the general policy's
}

// Lease is a check-out in progress.
type Lease struct {
	ID      string
	Person  string
	Purpose string
	Start   time.Time
	Until   time.Time
}

// Rotation is a change of the password in progress.
type Rotation struct {
	Number    int64 // counts the rotations of this credential, to fence late workers
	Reason    RotationReason
	Successor string // who holds it when the rotation is done
	Step      RotationStep
	Since     time.Time
	Deadline  time.Time // past it, the rotation is a serious event
	Attempts  int       // failed ones
	NextTry   time.Time // not before; zero: now
	Failure   string    // kind of the last failure, for people; never a secret
	Overdue   bool
}

// Credential is one privileged account on one target ("root on db01") with its
// two custodians.
type Credential struct {
	Name    string
	Target  Target
	Policy  CredentialPolicy
	Primary string // A
	Backup  string // B

	Phase    Phase
	Holder   string   // set while Held
	Rotation Rotation // Number always; the rest while Rotating

	Version   int64 // of the secret, as the secret store counts; 0 before the first
	RotatedAt time.Time
	Exposure  []string // sorted: to whom this version was revealed
	Lease     Lease    // zero when nothing is checked out
	Handover  string   // the open handover it is part of, or ""
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

// Successor is who holds the credential after the rotation in progress, or "".
func (c Credential) Successor() string {
	if c.Phase != Rotating {
		return ""
	}
	return c.Rotation.Successor
}

// exposedTo gives the exposure with one more person. The old slice is shared
// with other states and stays as it is.
func (c Credential) exposedTo(person string) []string {
	if slices.Contains(c.Exposure, person) {
		return c.Exposure
	}
	grown := append(slices.Clone(c.Exposure), person)
	slices.Sort(grown)
	return grown
}
