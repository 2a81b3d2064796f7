package custody

import "time"

// Grade is how serious an event is (clause 4.5).
type Grade string

// The grades.
const (
	Ordinary Grade = "ordinary" // no harm, or harm that has stopped spreading
	Serious  Grade = "serious"  // a threat to the information system
	Special  Grade = "special"  // a malicious attack, or another sudden event
)

// Event is something that happened: one event is one entry of the ledger.
type Event struct {
	Time    time.Time // UTC, whole milliseconds
	Held    bool      // the clock had gone back, so the last entry's time was used again
	Actor   string    // username, or System
	Request string
	Confirm *Confirmation
	Fact    Fact
}

// Confirmation says that a named person gave a TOTP code for exactly this
// request. All events of one request carry the same one.
type Confirmation struct {
	Person string
	Step   int64 // never the code
}

// Fact is what happened: one of the structs below. Their JSON form is the data
// of a ledger entry, so a field is only ever added, with omitzero.
type Fact interface {
	Type() string    // "handover.accepted"
	Subject() string // the credential, handover or person it is about; "": none of them
}

// Grade says how serious the event is; what is not listed is ordinary.
func (e Event) Grade() Grade {
	switch f := e.Fact.(type) {
	case PersonLocked, SignInLocked, RotationOverdue:
		return Serious
	case VerificationEnded:
		if f.Result == VerificationRefused {
			return Serious
		}
	case LedgerConflict:
		return Special
	}
	return Ordinary
}

type (
	// PersonAdded opened an account.
	PersonAdded struct {
		Username   string `json:"username"`
		Name       string `json:"name"`
		Email      string `json:"email"`
		Roles      []Role `json:"roles"`
		TOTPPeriod int    `json:"totp_period"`
	}
	// PersonEnrolled: the first code proved the TOTP seed.
	PersonEnrolled struct {
		Person string `json:"person"`
	}
	// EnrolmentReset: the seed counts no more; a new one must be proved.
	EnrolmentReset struct {
		Person   string `json:"person"`
		Recovery bool   `json:"recovery,omitzero"` // by the person's own recovery code
	}
	// PersonLocked: too many wrong codes for commands of a signed-in person.
	PersonLocked struct {
		Person string    `json:"person"`
		Until  time.Time `json:"until"`
	}
	// SignInLocked: too many failed log-ins, by whoever it was.
	SignInLocked struct {
		Person   string    `json:"person"`
		Failures int       `json:"failures"`
		Until    time.Time `json:"until"`
	}
	// SessionOpened and SessionClosed: a log-in, a log-out.
	SessionOpened struct {
		Person string `json:"person"`
	}
	SessionClosed struct {
		Person string `json:"person"`
	}
	// PersonAway and PersonPresent: whether somebody can act on a server.
	PersonAway struct {
		Person string    `json:"person"`
		Until  time.Time `json:"until,omitzero"`
		Reason string    `json:"reason,omitzero"`
	}
	PersonPresent struct {
		Person string `json:"person"`
	}

	// CredentialAdded put an account under custody, in rotation for onboarding.
	CredentialAdded struct {
		Credential string           `json:"credential"`
		Target     Target           `json:"target"`
		Policy     CredentialPolicy `json:"policy"`
		Primary    string           `json:"primary"`
		Backup     string           `json:"backup"`
		Successor  string           `json:"successor"`
		Deadline   time.Time        `json:"deadline"` // for the rotation
		Reconciles bool             `json:"reconciles,omitzero"`
	}
	// CredentialPolicyChanged replaced the policy of a credential.
	CredentialPolicyChanged struct {
		Credential string           `json:"credential"`
		Policy     CredentialPolicy `json:"policy"`
	}
	// CredentialRetired ended custody of an account.
	CredentialRetired struct {
		Credential string `json:"credential"`
		Reason     string `json:"reason"`
	}

	// CheckoutGranted was committed before the secret was read (I5).
	CheckoutGranted struct {
		Credential string    `json:"credential"`
		Lease      string    `json:"lease"`
		Purpose    string    `json:"purpose"`
		Version    int64     `json:"version"`
		Until      time.Time `json:"until"`
	}
	// CheckoutEnded: the lease is over and may never act again.
	CheckoutEnded struct {
		Credential string `json:"credential"`
		Lease      string `json:"lease"`
		How        string `json:"how"` // "checkin" or "expired"
	}

	// HandoverOffered: the giver still holds everything.
	HandoverOffered struct {
		Handover       string    `json:"handover"`
		From           string    `json:"from"`
		To             string    `json:"to"`
		Credentials    []string  `json:"credentials"`
		Reason         string    `json:"reason"`
		Leave          bool      `json:"leave,omitzero"`
		ExpectedReturn time.Time `json:"expected_return,omitzero"`
		Expires        time.Time `json:"expires"`
	}
	// HandoverAccepted: the receiver holds everything; the giver's leases ended.
	HandoverAccepted struct {
		Handover    string   `json:"handover"`
		From        string   `json:"from"`
		To          string   `json:"to"`
		Credentials []string `json:"credentials"`
	}
	// HandoverEnded: an offer was declined, cancelled or expired.
	HandoverEnded struct {
		Handover string         `json:"handover"`
		How      HandoverStatus `json:"how"`
		Reason   string         `json:"reason,omitzero"`
	}
	// HandoverReturned: nobody holds the credentials until their passwords
	// are changed; then the giver does.
	HandoverReturned struct {
		Handover    string    `json:"handover"`
		From        string    `json:"from"`
		To          string    `json:"to"`
		Credentials []string  `json:"credentials"`
		Deadline    time.Time `json:"deadline"` // for the rotations
	}
	// HandoverClosed: all passwords of a returned handover are changed.
	HandoverClosed struct {
		Handover string `json:"handover"`
	}
	// HandoverOverdue: the expected return has passed.
	HandoverOverdue struct {
		Handover string `json:"handover"`
	}

	// RotationStarted: nobody holds the credential until it is done.
	RotationStarted struct {
		Credential string         `json:"credential"`
		Rotation   int64          `json:"rotation"`
		Reason     RotationReason `json:"reason"`
		Successor  string         `json:"successor"`
		Deadline   time.Time      `json:"deadline"`
		Note       string         `json:"note,omitzero"` // what the person who asked for it wrote
	}
	// RotationStaged, Applied and Verified move the journal.
	RotationStaged struct {
		Credential string `json:"credential"`
		Rotation   int64  `json:"rotation"`
	}
	RotationApplied struct {
		Credential string `json:"credential"`
		Rotation   int64  `json:"rotation"`
	}
	RotationVerified struct {
		Credential string `json:"credential"`
		Rotation   int64  `json:"rotation"`
		OldRefused bool   `json:"old_refused"`
		Attested   bool   `json:"attested,omitzero"` // no log-in proved it
	}
	// RotationShown was committed before the successor was shown the new
	// password, to set it by hand, and the one before it.
	RotationShown struct {
		Credential string `json:"credential"`
		Rotation   int64  `json:"rotation"`
		Version    int64  `json:"version"` // of the one before it; 0: there is none
	}
	// RotationPromoted: the new value is the current one and its holder may
	// check it out. Nobody has seen it yet but who set it by hand.
	RotationPromoted struct {
		Credential string   `json:"credential"`
		Rotation   int64    `json:"rotation"`
		Version    int64    `json:"version"`
		Holder     string   `json:"holder"`
		Exposed    []string `json:"exposed,omitzero"` // to whom it was shown before
	}
	// RotationFailed: an attempt did not get through; another follows.
	RotationFailed struct {
		Credential string    `json:"credential"`
		Rotation   int64     `json:"rotation"`
		Failure    string    `json:"failure"`
		NextTry    time.Time `json:"next_try"`
	}
	// RotationOverdue: the policy's deadline has passed.
	RotationOverdue struct {
		Credential string `json:"credential"`
		Rotation   int64  `json:"rotation"`
	}

	// VerificationStarted was committed before the password was read to see
	// whether the target still takes it; VerificationEnded says whether it does.
	VerificationStarted struct {
		Credential string `json:"credential"`
		Version    int64  `json:"version"`
	}
	VerificationEnded struct {
		Credential string             `json:"credential"`
		Version    int64              `json:"version"`
		Result     VerificationResult `json:"result"`
	}

	// DependentUpdated: something that uses the password has the new one.
	// DependentFailed: not yet; another attempt follows.
	DependentUpdated struct {
		Credential string `json:"credential"`
		Dependent  string `json:"dependent"`
		Version    int64  `json:"version"`
	}
	DependentFailed struct {
		Credential string    `json:"credential"`
		Dependent  string    `json:"dependent"`
		Version    int64     `json:"version"`
		Failure    string    `json:"failure"`
		NextTry    time.Time `json:"next_try"`
	}

	// CommandRefused: a signed-in person tried what a rule forbids.
	CommandRefused struct {
		Command string `json:"command"`
		On      string `json:"on,omitzero"` // only what exists: nothing submitted is repeated
		Code    Code   `json:"code"`
		Rule    string `json:"rule,omitzero"`
	}

	// LedgerConflict: a witness has cosigned another history than this ledger
	// has: it was rolled back or forked, or the witness lies.
	LedgerConflict struct {
		Witness  string `json:"witness"`
		Size     int64  `json:"size"`     // entries of the checkpoint that it refused
		Cosigned int64  `json:"cosigned"` // entries of the one that it had cosigned
	}
)

// VerificationResult is what a target said to a password.
type VerificationResult string

// The results.
const (
	VerificationAccepted VerificationResult = "accepted"
	VerificationRefused  VerificationResult = "refused" // the password drifted: somebody changed it there
	VerificationUnknown  VerificationResult = "unknown" // it could not be asked
)

func (PersonAdded) Type() string             { return "person.added" }
func (PersonEnrolled) Type() string          { return "person.enrolled" }
func (EnrolmentReset) Type() string          { return "person.enrolment_reset" }
func (PersonLocked) Type() string            { return "person.locked" }
func (SignInLocked) Type() string            { return "session.locked" }
func (SessionOpened) Type() string           { return "session.opened" }
func (SessionClosed) Type() string           { return "session.closed" }
func (PersonAway) Type() string              { return "person.away" }
func (PersonPresent) Type() string           { return "person.present" }
func (CredentialAdded) Type() string         { return "credential.added" }
func (CredentialRetired) Type() string       { return "credential.retired" }
func (CredentialPolicyChanged) Type() string { return "credential.policy_changed" }
func (RotationShown) Type() string           { return "rotation.shown" }
func (VerificationStarted) Type() string     { return "verification.started" }
func (VerificationEnded) Type() string       { return "verification.ended" }
func (DependentUpdated) Type() string        { return "dependent.updated" }
func (DependentFailed) Type() string         { return "dependent.failed" }
func (CheckoutGranted) Type() string         { return "checkout.granted" }
func (CheckoutEnded) Type() string           { return "checkout.ended" }
func (HandoverOffered) Type() string         { return "handover.offered" }
func (HandoverAccepted) Type() string        { return "handover.accepted" }
func (f HandoverEnded) Type() string         { return "handover." + string(f.How) }
func (HandoverReturned) Type() string        { return "handover.returned" }
func (HandoverClosed) Type() string          { return "handover.closed" }
func (HandoverOverdue) Type() string         { return "handover.overdue" }
func (RotationStarted) Type() string         { return "rotation.started" }
func (RotationStaged) Type() string          { return "rotation.staged" }
func (RotationApplied) Type() string         { return "rotation.applied" }
func (RotationVerified) Type() string        { return "rotation.verified" }
func (RotationPromoted) Type() string        { return "rotation.promoted" }
func (RotationFailed) Type() string          { return "rotation.failed" }
func (RotationOverdue) Type() string         { return "rotation.overdue" }
func (CommandRefused) Type() string          { return "command.refused" }
func (LedgerConflict) Type() string          { return "ledger.conflict" }

func (f PersonAdded) Subject() string             { return f.Username }
func (f PersonEnrolled) Subject() string          { return f.Person }
func (f EnrolmentReset) Subject() string          { return f.Person }
func (f PersonLocked) Subject() string            { return f.Person }
func (f SignInLocked) Subject() string            { return f.Person }
func (f SessionOpened) Subject() string           { return f.Person }
func (f SessionClosed) Subject() string           { return f.Person }
func (f PersonAway) Subject() string              { return f.Person }
func (f PersonPresent) Subject() string           { return f.Person }
func (f CredentialAdded) Subject() string         { return f.Credential }
func (f CredentialRetired) Subject() string       { return f.Credential }
func (f CredentialPolicyChanged) Subject() string { return f.Credential }
func (f RotationShown) Subject() string           { return f.Credential }
func (f VerificationStarted) Subject() string     { return f.Credential }
func (f VerificationEnded) Subject() string       { return f.Credential }
func (f DependentUpdated) Subject() string        { return f.Credential }
func (f DependentFailed) Subject() string         { return f.Credential }
func (f CheckoutGranted) Subject() string         { return f.Credential }
func (f CheckoutEnded) Subject() string           { return f.Credential }
func (f HandoverOffered) Subject() string         { return f.Handover }
func (f HandoverAccepted) Subject() string        { return f.Handover }
func (f HandoverEnded) Subject() string           { return f.Handover }
func (f HandoverReturned) Subject() string        { return f.Handover }
func (f HandoverClosed) Subject() string          { return f.Handover }
func (f HandoverOverdue) Subject() string         { return f.Handover }
func (f RotationStarted) Subject() string         { return f.Credential }
func (f RotationStaged) Subject() string          { return f.Credential }
func (f RotationApplied) Subject() string         { return f.Credential }
func (f RotationVerified) Subject() string        { return f.Credential }
func (f RotationPromoted) Subject() string        { return f.Credential }
func (f RotationFailed) Subject() string          { return f.Credential }
func (f RotationOverdue) Subject() string         { return f.Credential }
func (f CommandRefused) Subject() string          { return f.On }
func (LedgerConflict) Subject() string            { return "" }
