package custody

import (
	"fmt"
	"hash/fnv"
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
	Kind     string            `json:"kind"`    // which connector: "ssh", Manual
	Address  string            `json:"address"` // host:port
	Account  string            `json:"account"` // whose password it is
	Settings map[string]string `json:"settings,omitempty"`
}

// Manual is the Target.Kind of an account whose password a person sets by hand:
// its successor, who is shown the new one for that.
const Manual = "manual"

// CredentialPolicy is what differs from credential to credential. That a return
// changes the password is not in it: nothing switches that off.
type CredentialPolicy struct {
	RotateOnTransfer bool   `json:"rotate_on_transfer,omitzero"`
	RotateOnCheckin  bool   `json:"rotate_on_checkin,omitzero"`
	MaxAgeSeconds    int64  `json:"max_age_seconds,omitzero"` // of a password; zero: any age
	MaxExposed       int64  `json:"max_exposed,omitzero"`     // people who know it, before it is changed; zero: any number
	AutoReconcile    bool   `json:"auto_reconcile,omitzero"`  // when it drifted, through the second account
	LeaseSeconds     int64  `json:"lease_seconds,omitzero"`   // zero: the general policy's
	Password         string `json:"password,omitzero"`        // name of the password policy; "": the general one

	// Dependents are what else uses the password: each is told the new one
	// after a rotation. Names from the configuration.
	Dependents []string `json:"dependents,omitzero"`
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
	Shown     bool // to the successor, who sets it by hand
}

// Update is a dependent that has not been told the current password yet.
type Update struct {
	Dependent string    `json:"dependent"`
	Attempts  int       `json:"attempts,omitzero"` // failed ones
	NextTry   time.Time `json:"next_try,omitzero"` // not before; zero: now
	Failure   string    `json:"failure,omitzero"`  // kind of the last failure
}

// Credential is one privileged account on one target ("root on db01") with its
// two custodians.
type Credential struct {
	Name    string
	Target  Target
	Policy  CredentialPolicy
	Primary string // A
	Backup  string // B

	// Reconciles: its target has a second account, through which the password
	// can be set when the current one is lost.
	Reconciles bool

	Phase    Phase
	Holder   string   // set while Held
	Rotation Rotation // Number always; the rest while Rotating

	Version   int64 // of the secret, as the secret store counts; 0 before the first
	RotatedAt time.Time
	Exposure  []string // sorted: to whom this version was revealed
	Lease     Lease    // zero when nothing is checked out
	Handover  string   // the open handover it is part of, or ""

	Drifted time.Time // since when the target refuses this version; zero: it does not, as far as is known
	Updates []Update  // by dependent: those that do not have this version yet
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

// ByHand says that a person sets this account's password, not Tandem.
func (c Credential) ByHand() bool { return c.Target.Kind == Manual }

// AwaitsPerson says that the rotation in progress goes on only when somebody
// has set the new password by hand.
func (c Credential) AwaitsPerson() bool {
	return c.ByHand() && c.Phase == Rotating && c.Rotation.Step == StepStaged
}

// expires is when the password has its greatest age; zero: never.
func (c Credential) expires() time.Time {
	if c.Policy.MaxAgeSeconds == 0 {
		return time.Time{}
	}
	return c.RotatedAt.Add(time.Duration(c.Policy.MaxAgeSeconds) * time.Second)
}

// ages is from when on the password is changed for its age, once nobody has it
// checked out: up to a tenth of the greatest age before that, so that a fleet
// that was taken in on one day is not changed on one day. Each credential has
// its own place in that tenth, and another one with each version.
func (c Credential) ages() time.Time {
	latest := c.expires()
	if latest.IsZero() {
		return latest
	}
	place := fnv.New32a()
	fmt.Fprintf(place, "%s/%d", c.Name, c.Version)
	early := int64(place.Sum32()) % (c.Policy.MaxAgeSeconds/10 + 1)
	return latest.Add(-time.Duration(early) * time.Second)
}

// tooOld says whether the password is to be changed now for its age.
func (c Credential) tooOld(now time.Time) bool {
	limit := c.ages()
	if c.Lease.ID != "" {
		limit = c.expires() // who works with it is not interrupted before
	}
	return !limit.IsZero() && !now.Before(limit)
}

// tooKnown says whether more people know the password than may.
func (c Credential) tooKnown() bool {
	return c.Policy.MaxExposed > 0 && int64(len(c.Exposure)) > c.Policy.MaxExposed
}

// Successor is who holds the credential after the rotation in progress, or "".
func (c Credential) Successor() string {
	if c.Phase != Rotating {
		return ""
	}
	return c.Rotation.Successor
}

// exposedByRotation gives to whom the password in the making was shown.
func (c Credential) exposedByRotation() []string {
	if !c.Rotation.Shown {
		return nil
	}
	return []string{c.Rotation.Successor}
}

// update gives where in Updates a dependent is, or -1.
func (c Credential) update(dependent string) int {
	return slices.IndexFunc(c.Updates, func(u Update) bool { return u.Dependent == dependent })
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
