package custody

import "time"

// Command is what somebody wants. Decide answers it with events or a Refusal.
type Command struct {
	Actor   string // username, or System
	Request string // id of the request, unique: it binds the entries of one command together
	Proof   Proof
	Action  Action
}

// Proof is what became of the TOTP code that came with a command. The code and
// the seed stay outside: the domain only learns which of the person's steps the
// code belongs to.
type Proof struct {
	Given bool    // a code came with the command
	Steps []int64 // the steps within the allowed skew whose code it is; none: a wrong code
}

// Action is one of the commands below.
type Action interface {
	// Verb names the command in the ledger's refusals.
	Verb() string
	// Subject is the credential, handover or person it is about, as submitted.
	Subject() string
}

type (
	// CheckOut reveals the password to its holder.
	CheckOut struct{ Credential, Purpose string }

	// CheckIn ends the holder's lease before its time.
	CheckIn struct{ Credential string }

	// Offer asks the other custodian to take over. All: everything that the
	// actor holds. Leave: and mark the actor away as soon as all is accepted.
	Offer struct {
		Credentials    []string
		All            bool
		Leave          bool
		Reason         string
		ExpectedReturn time.Time // zero when it is not known
	}

	// Accept takes over everything in the handover, or nothing.
	Accept struct{ Handover string }

	// Decline and Cancel end an offer: by the receiver, by the giver.
	Decline struct{ Handover, Reason string }
	Cancel  struct{ Handover, Reason string }

	// GiveBack ends an accepted handover ("return" in the policy), by either
	// side. The password is changed before anybody holds it again.
	GiveBack struct{ Handover string }

	// GoAway marks the actor away.
	GoAway struct {
		Until  time.Time // zero when it is not known
		Reason string
	}

	// ComeBack marks the actor present. TakeBack: and returns all they gave.
	ComeBack struct{ TakeBack bool }

	// RequestRotation asks for a new password without a change of custody. All:
	// of everything that the actor may ask it for and that is held.
	RequestRotation struct {
		Credential string
		All        bool
		Reason     string
	}

	// Reconcile sets a new password through the target's second account,
	// whatever the password is there now. By the holder or a manager, or by the
	// system when it drifted and the policy says so.
	Reconcile struct{ Credential, Reason string }

	// ShowNew shows its successor the password that they are to set by hand,
	// and the one that opens the target until then. ConfirmSet says that it is set.
	ShowNew    struct{ Credential string }
	ConfirmSet struct{ Credential string }

	// AddPerson opens an account; Enrol proves its TOTP seed; ResetEnrolment
	// forgets it, so that a new one can be enrolled.
	AddPerson struct {
		Username, Name, Email string
		Roles                 []Role
		TOTPPeriod            int // seconds
	}
	ResetEnrolment struct{ Person string }

	// RecoverEnrolment forgets the seed of a person who proved to be one by a
	// recovery code. By the system only.
	RecoverEnrolment struct{ Person string }

	// SignIn opens a session, after the password was found right. A person
	// whose seed is not proved yet proves it with this code. SignOut ends one.
	SignIn  struct{}
	SignOut struct{}

	// LockSignIn enters that an account's log-in was locked after too many
	// failures from outside. It locks nothing else: a stranger must not be
	// able to keep a technician from handing over.
	LockSignIn struct {
		Person   string
		Failures int
		Until    time.Time
	}

	// AddCredential puts an account under custody; its password is changed
	// at once (onboard). Retire ends custody.
	AddCredential struct {
		Name            string
		Target          Target
		Policy          CredentialPolicy
		Primary, Backup string
		Reconciles      bool // as the connector says of the target
	}
	Retire struct{ Credential, Reason string }

	// ChangePolicy replaces the policy of a credential. What was due by the old
	// one and is not by the new one does not happen.
	ChangePolicy struct {
		Credential string
		Policy     CredentialPolicy
	}

	// Tick lets time act: leases that ran out, offers that expired, deadlines
	// that passed. By the system only.
	Tick struct{}

	// The rotation worker reports. Number fences off a worker that was
	// overtaken: it must be that of the rotation in progress.
	ReportStaged   struct{ Rotation RotationID }
	ReportApplied  struct{ Rotation RotationID }
	ReportVerified struct {
		Rotation   RotationID
		OldRefused bool // the target refused the old value; false only where there was none to try
		Attested   bool // nothing could log in: the word of who set the value is all there is
	}
	ReportPromoted struct {
		Rotation RotationID
		Version  int64 // of the new value in the secret store
	}
	ReportFailed struct {
		Rotation RotationID
		Failure  string    // kind, from a closed list; never text from the target
		NextTry  time.Time // not before
	}

	// StartVerification is entered before the password is read for it,
	// EndVerification what became of it.
	StartVerification struct {
		Credential string
		Version    int64
	}
	EndVerification struct {
		Credential string
		Version    int64
		Result     VerificationResult
	}

	// ReportUpdated and ReportNotUpdated say whether a dependent took a password.
	ReportUpdated struct {
		Credential, Dependent string
		Version               int64
	}
	ReportNotUpdated struct {
		Credential, Dependent string
		Version               int64
		Failure               string // kind, from a closed list
		NextTry               time.Time
	}

	// ReportConflict enters that a witness has refused a checkpoint of the
	// ledger, because it had cosigned another history.
	ReportConflict struct {
		Witness        string // its name
		Size, Cosigned int64  // entries of the refused checkpoint, and of the cosigned one
	}
)

// RotationID names one rotation of one credential.
type RotationID struct {
	Credential string
	Number     int64
}

func (CheckOut) Verb() string          { return "checkout" }
func (CheckIn) Verb() string           { return "checkin" }
func (Offer) Verb() string             { return "offer" }
func (Accept) Verb() string            { return "accept" }
func (Decline) Verb() string           { return "decline" }
func (Cancel) Verb() string            { return "cancel" }
func (GiveBack) Verb() string          { return "return" }
func (GoAway) Verb() string            { return "away" }
func (ComeBack) Verb() string          { return "present" }
func (RequestRotation) Verb() string   { return "rotate" }
func (Reconcile) Verb() string         { return "reconcile" }
func (ShowNew) Verb() string           { return "show_new" }
func (ConfirmSet) Verb() string        { return "confirm_set" }
func (ChangePolicy) Verb() string      { return "change_policy" }
func (RecoverEnrolment) Verb() string  { return "recover_enrolment" }
func (StartVerification) Verb() string { return "start_verification" }
func (EndVerification) Verb() string   { return "end_verification" }
func (ReportUpdated) Verb() string     { return "report_updated" }
func (ReportNotUpdated) Verb() string  { return "report_not_updated" }
func (AddPerson) Verb() string         { return "add_person" }
func (ResetEnrolment) Verb() string    { return "reset_enrolment" }
func (SignIn) Verb() string            { return "sign_in" }
func (SignOut) Verb() string           { return "sign_out" }
func (LockSignIn) Verb() string        { return "lock_sign_in" }
func (AddCredential) Verb() string     { return "add_credential" }
func (Retire) Verb() string            { return "retire" }
func (Tick) Verb() string              { return "tick" }
func (ReportStaged) Verb() string      { return "report_staged" }
func (ReportApplied) Verb() string     { return "report_applied" }
func (ReportVerified) Verb() string    { return "report_verified" }
func (ReportPromoted) Verb() string    { return "report_promoted" }
func (ReportFailed) Verb() string      { return "report_failed" }
func (ReportConflict) Verb() string    { return "report_conflict" }

func (a CheckOut) Subject() string { return a.Credential }
func (a CheckIn) Subject() string  { return a.Credential }
func (a Offer) Subject() string {
	if len(a.Credentials) == 1 {
		return a.Credentials[0]
	}
	return ""
}
func (a Accept) Subject() string            { return a.Handover }
func (a Decline) Subject() string           { return a.Handover }
func (a Cancel) Subject() string            { return a.Handover }
func (a GiveBack) Subject() string          { return a.Handover }
func (GoAway) Subject() string              { return "" }
func (ComeBack) Subject() string            { return "" }
func (a RequestRotation) Subject() string   { return a.Credential }
func (a Reconcile) Subject() string         { return a.Credential }
func (a ShowNew) Subject() string           { return a.Credential }
func (a ConfirmSet) Subject() string        { return a.Credential }
func (a ChangePolicy) Subject() string      { return a.Credential }
func (a RecoverEnrolment) Subject() string  { return a.Person }
func (a StartVerification) Subject() string { return a.Credential }
func (a EndVerification) Subject() string   { return a.Credential }
func (a ReportUpdated) Subject() string     { return a.Credential }
func (a ReportNotUpdated) Subject() string  { return a.Credential }
func (a AddPerson) Subject() string         { return a.Username }
func (a ResetEnrolment) Subject() string    { return a.Person }
func (SignIn) Subject() string              { return "" }
func (SignOut) Subject() string             { return "" }
func (a LockSignIn) Subject() string        { return a.Person }
func (a AddCredential) Subject() string     { return a.Name }
func (a Retire) Subject() string            { return a.Credential }
func (Tick) Subject() string                { return "" }
func (a ReportStaged) Subject() string      { return a.Rotation.Credential }
func (a ReportApplied) Subject() string     { return a.Rotation.Credential }
func (a ReportVerified) Subject() string    { return a.Rotation.Credential }
func (a ReportPromoted) Subject() string    { return a.Rotation.Credential }
func (a ReportFailed) Subject() string      { return a.Rotation.Credential }
func (ReportConflict) Subject() string      { return "" }
