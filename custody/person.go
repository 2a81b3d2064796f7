package custody

import (
	"slices"
	"time"
)

// Role is what a person may do beside being a custodian.
type Role string

// The roles. An auditor has no other role; no role overrides a holder.
const (
	Technician Role = "technician"
	Manager    Role = "manager"
	Director   Role = "director"
	Auditor    Role = "auditor"
	Admin      Role = "admin"
)

// Roles lists every role there is.
var Roles = []Role{Technician, Manager, Director, Auditor, Admin}

// System is the actor of what nobody commanded: a lease that ran out, a step of
// a rotation. It is no person and can never sign in.
const System = "system"

// Person is somebody with an account of their own (rules, 2: no shared accounts).
type Person struct {
	Username string // canonical: lower case, immutable
	Name     string
	Email    string
	Roles    []Role // sorted
	Disabled bool

	Enrolled   bool // the TOTP seed was verified once by a code
	TOTPPeriod int  // seconds

	// LastStep is the highest TOTP step that confirmed something, and
	// LastRequest the request it confirmed: one step confirms one request,
	// ever (I6).
	LastStep    int64
	LastRequest string
	WrongCodes  int       // in a row, since the last right one or lock-out
	Lockouts    int       // in a row, since the last right code
	LockedUntil time.Time // zero when never locked

	Away       bool
	AwaySince  time.Time
	AwayUntil  time.Time // what the person announced; zero when they did not
	AwayReason string
}

// Is says whether the person has the role.
func (p Person) Is(r Role) bool { return slices.Contains(p.Roles, r) }

// Present says that the person can act on a server now.
func (p Person) Present() bool { return !p.Away && !p.Disabled }
