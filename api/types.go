package api

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Secret is a value that the API carries in clear (a password, a token) and
// that nothing else should: printed or logged it is "[secret]". Its JSON form
// is the value itself.
type Secret string

// Format covers every fmt verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, custody.Secret{}.String()) }

// TransformSchema marks the field in OpenAPI, so that tools do not show it.
func (s Secret) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	schema.Format = "password"
	return schema
}

// LogValue keeps the value out of structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(custody.Secret{}.String()) }

// Session is a log-in that was accepted. The token is shown once.
type Session struct {
	Token     Secret    `json:"token" doc:"For Authorization: Bearer"`
	ExpiresAt time.Time `json:"expires_at"`
	Person    Person    `json:"person"`
	Device    Secret    `json:"device,omitzero" doc:"Only where remember_device asked for one: for the field device of later log-ins. Keep it apart from the token; it opens nothing by itself"`

	RecoveryCodes []Secret `json:"recovery_codes,omitempty" doc:"Only when this log-in proved a new TOTP seed: shown once, for the day on which the authenticator is lost. Older ones count no more"`
}

// The two states of presence.
const (
	Present = "present"
	Away    = "away"
)

// Presence says whether somebody can act on a server now.
type Presence struct {
	State  string    `json:"state" enum:"present,away"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero" doc:"What the person announced"`
	Reason string    `json:"reason,omitzero"`
}

// Person is somebody with an account.
type Person struct {
	Username   string         `json:"username"`
	Name       string         `json:"name"`
	Email      string         `json:"email,omitzero"`
	Roles      []custody.Role `json:"roles"`
	Disabled   bool           `json:"disabled"`
	Enrolled   bool           `json:"enrolled" doc:"Whether they have proved an authenticator"`
	Admission  bool           `json:"admission,omitzero" doc:"Approved to set up a log-in of their own, and has not yet"`
	TOTPPeriod int            `json:"totp_period" doc:"Seconds"`
	Presence   Presence       `json:"presence"`
	Deputy     *Deputy        `json:"deputy,omitzero" doc:"Who decides in their place while they are away"`

	LockedUntil time.Time `json:"locked_until,omitzero" doc:"Too many wrong codes: confirms nothing before"`
	AccessEnds  time.Time `json:"access_ends,omitzero" doc:"As it was agreed before; for them and for who sees to it"`
	RecoveryDue time.Time `json:"recovery_due,omitzero" doc:"From when on a log-in can be had that was asked for on the server's machine; a manager, a director or they stop it"`
}

// Me is what a person sees first.
type Me struct {
	Person   Person       `json:"person"`
	Presence Presence     `json:"presence"`
	Holdings []Credential `json:"holdings" doc:"What I hold now"`
	Changing []Credential `json:"changing" doc:"What I will hold when its password is changed"`
	Inbox    []InboxItem  `json:"inbox" doc:"What waits for me"`

	Maintenance string `json:"maintenance,omitzero" doc:"Why no password is changed and nothing is sent now"`

	ReviewDue time.Time `json:"review_due,omitzero" doc:"By when the policy should have been reviewed, once that is past"`

	FewApprovers []FewerThanTwo `json:"few_approvers,omitempty" doc:"Where fewer than two could approve; for managers, directors, admins and auditors"`

	Incidents *IncidentCounts `json:"incidents,omitzero" doc:"Those that are not closed; for managers, directors, admins and auditors"`

	Configuration *Unacknowledged `json:"configuration,omitzero" doc:"There is a change of the configuration that no manager has acknowledged"`
}

// Unacknowledged is what of the configuration waits for a manager.
type Unacknowledged struct {
	Waiting []string `json:"waiting" doc:"Keys: dependents among them are given no password"`
	ByWhom  []string `json:"by_whom" doc:"Usernames of who can acknowledge it now"`
}

// InboxItem is something that waits for a person's decision. Of kind
// "handover": an offer to accept or decline, or what is to be signed ahead of an absence (its status is planned).
type InboxItem struct {
	Kind string `json:"kind" enum:"handover"`
	Handover
}

// PresenceChange is the answer to a change of presence.
type PresenceChange struct {
	Person    Person     `json:"person"`
	Handovers []Handover `json:"handovers" doc:"Those that this returned"`
}

// Login is what the log-in of the first admin starts with. It is shown once.
type Login struct {
	Person   Person `json:"person"`
	Password Secret `json:"password"`
	OTPAuth  Secret `json:"otpauth_uri" doc:"For an authenticator; counts after the first log-in with a code of it"`
}

// Target is the account that a credential opens.
type Target struct {
	Kind     string            `json:"kind" maxLength:"500" doc:"The connector, such as ssh"`
	Address  string            `json:"address" maxLength:"500" doc:"host:port"`
	Account  string            `json:"account" maxLength:"500" doc:"Whose password it is"`
	Settings map[string]string `json:"settings,omitzero" doc:"What this connector needs besides; nothing secret"`
}

// Policy is what differs from credential to credential.
type Policy struct {
	RotateOnTransfer bool     `json:"rotate_on_transfer,omitzero"`
	RotateOnCheckin  bool     `json:"rotate_on_checkin,omitzero"`
	MaxAgeSeconds    int64    `json:"max_age_seconds,omitzero" doc:"How old a password may become; 0: any age"`
	MaxExposed       int64    `json:"max_exposed,omitzero" doc:"How many people may know it before it is changed; 0: any number"`
	AutoReconcile    bool     `json:"auto_reconcile,omitzero" doc:"When the password drifted, set it at once through the target's second account"`
	LeaseSeconds     int64    `json:"lease_seconds,omitzero" doc:"Longest check-out; 0: as everywhere"`
	Silence          bool     `json:"silence,omitzero" doc:"An emergency of its other custodian is granted when nobody answers"`
	Password         string   `json:"password,omitzero" doc:"Name of the password policy; empty: as everywhere"`
	Dependents       []string `json:"dependents,omitzero" doc:"What else uses the password and is told each new one; names from the configuration, sorted"`
}

// Credential is one privileged account with its two custodians. "" means
// nobody or nothing.
type Credential struct {
	Name      string        `json:"name"`
	Target    Target        `json:"target"`
	Policy    Policy        `json:"policy"`
	Primary   string        `json:"primary" doc:"Custodian A; empty: the seat is vacant"`
	Backup    string        `json:"backup" doc:"Custodian B; empty: the seat is vacant"`
	Stands    *Substitute   `json:"substitute,omitzero" doc:"Who of the two has the seat until a date only"`
	Phase     custody.Phase `json:"phase" enum:"rotating,held,parked,retired" doc:"parked: nobody holds it, until a custodian takes it"`
	Holder    string        `json:"holder" doc:"Who may check it out now"`
	Successor string        `json:"successor" doc:"Who holds it after the rotation in progress; empty: nobody, it is parked then"`
	Version   int64         `json:"version" doc:"Of the secret; 0 before the first"`
	RotatedAt time.Time     `json:"rotated_at,omitzero"`
	Exposure  []string      `json:"exposure" doc:"To whom this version was revealed"`
	Handover  string        `json:"handover" doc:"The open handover it is part of"`

	UnconfirmedSince time.Time `json:"unconfirmed_since,omitzero" doc:"Since when nothing is sent to where it is now, until that is confirmed: see target"`

	Abandoned    bool      `json:"abandoned,omitzero" doc:"Its custody ended while its password was not known"`
	Reconciles   bool      `json:"reconciles" doc:"Its target has a second account, through which a lost password can be set"`
	DriftedSince time.Time `json:"drifted_since,omitzero" doc:"Since when the target refuses this password"`
	Updates      []Update  `json:"updates,omitzero" doc:"Dependents that do not have this password yet"`
	Remaining    Remaining `json:"remaining,omitzero" doc:"What opens the account beside its password, as it was listed last"`

	Lease    *Lease    `json:"lease,omitzero" doc:"The check-out in progress"`
	Rotation *Rotation `json:"rotation,omitzero" doc:"The rotation in progress"`
}

// Substitute is who has a seat until a date, and whose it is again then.
type Substitute struct {
	Person   string       `json:"person"`
	Original string       `json:"original" doc:"Whose seat it is again then"`
	Until    time.Time    `json:"until"`
	Stays    custody.Code `json:"stays,omitzero" enum:"not_eligible,counterpart_away,absence_overlap" doc:"Why the seat stayed with them when the date came, until a proposal says whose it is"`
}

// Remaining is what opens an account beside its password, and outlives each of them.
type Remaining struct {
	Listed bool     `json:"listed" doc:"The account listed its authorized keys, those kept elsewhere left out. Open sessions are never listed"`
	Keys   []string `json:"keys,omitzero" doc:"SHA-256 fingerprints"`
	More   int64    `json:"more,omitzero" doc:"How many keys there are besides"`
}

// Exposure says who had been shown one version of a password.
type Exposure struct {
	Credential string    `json:"credential"`
	At         time.Time `json:"at" doc:"The instant that this is about"`
	Version    int64     `json:"version" doc:"Of the secret that was current then; 0: the one from before custody, of which Tandem cannot know who knows it"`
	Since      time.Time `json:"since" doc:"When it became the current one"`
	Entry      int64     `json:"entry" doc:"Index of the entry that says so"`
	Known      []Seen    `json:"known" doc:"In the order of the first time"`
}

// Seen is a person who was shown a password, and the proof.
type Seen struct {
	Person  string    `json:"person"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Entries []int64   `json:"entries" doc:"Indexes of the entries that let it be shown, each of which can be proved"`
}

// Lease is a check-out in progress.
type Lease struct {
	ID        string    `json:"id"`
	Person    string    `json:"person"`
	Purpose   string    `json:"purpose"`
	StartedAt time.Time `json:"started_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Rotation is a change of the password in progress.
type Rotation struct {
	Reason   custody.RotationReason `json:"reason"`
	Step     custody.RotationStep   `json:"step"`
	Since    time.Time              `json:"since"`
	Deadline time.Time              `json:"deadline"`
	Attempts int                    `json:"attempts" doc:"Failed ones"`
	Failure  string                 `json:"failure,omitzero" doc:"Kind of the last failure"`
	NextTry  time.Time              `json:"next_try,omitzero"`
	Overdue  bool                   `json:"overdue"`
	ByHand   bool                   `json:"by_hand,omitzero" doc:"The successor sets the password: see new-password"`
	Shown    bool                   `json:"shown,omitzero" doc:"The successor was shown it"`
	Paused   bool                   `json:"paused,omitzero" doc:"Nothing is tried until somebody resumes it"`
	Stopped  bool                   `json:"stopped,omitzero" doc:"Nobody paused it: a log-in was refused, and a person is asked to put that right"`

	Cancellable bool `json:"cancellable,omitzero" doc:"It was asked for and has surely not reached the target: see cancel"`
}

// Update is a dependent that was not told the current password yet.
type Update struct {
	Dependent string    `json:"dependent"`
	Attempts  int       `json:"attempts,omitzero" doc:"Failed ones"`
	NextTry   time.Time `json:"next_try,omitzero"`
	Failure   string    `json:"failure,omitzero" doc:"Kind of the last failure"`
}

// NewPassword is what a successor needs who sets a password by hand.
type NewPassword struct {
	Current Secret `json:"current,omitzero" doc:"What opens the target until then, where it is known"`
	Next    Secret `json:"next" doc:"What to set"`
}

// RotateAll asks for new passwords of everything that the person may ask it for.
type RotateAll struct {
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// ConfirmSetAll says of several new passwords that they are set by hand.
type ConfirmSetAll struct {
	Credentials []string `json:"credentials" minItems:"1" maxItems:"300" doc:"Names, each once"`
	TOTP        Secret   `json:"totp,omitzero" maxLength:"64"`
}

// ProposePolicy asks for another policy of a credential.
type ProposePolicy struct {
	Policy Policy `json:"policy"`
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// ChangePolicy replaces the policy of a credential by a stricter one.
type ChangePolicy struct {
	Policy Policy `json:"policy"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// Checkout is the answer to a check-out, and when its password is shown again: the
// only one with a password in custody.
type Checkout struct {
	Password Secret `json:"password"`
	Version  int64  `json:"version"`
	Lease    Lease  `json:"lease"`
}

// Handover passes custody to the other custodian for a time.
type Handover struct {
	ID               string                 `json:"id"`
	From             string                 `json:"from"`
	To               string                 `json:"to"`
	Credentials      []string               `json:"credentials"`
	Reason           string                 `json:"reason"`
	Status           custody.HandoverStatus `json:"status"`
	AwayWhenAccepted bool                   `json:"away_when_accepted"`
	ExpectedReturn   time.Time              `json:"expected_return,omitzero"`
	OfferedAt        time.Time              `json:"offered_at"`
	ExpiresAt        time.Time              `json:"expires_at" doc:"When an offer that nobody accepted ends"`
	AcceptedAt       time.Time              `json:"accepted_at,omitzero"`
	ReturnedAt       time.Time              `json:"returned_at,omitzero"`
	EndedAt          time.Time              `json:"ended_at,omitzero"`
	Overdue          bool                   `json:"overdue" doc:"The expected return has passed"`

	Ahead *AheadOf `json:"ahead,omitzero" doc:"It was signed before an absence, or offered because one began"`
}

// Proposal is a command that waits until others have approved it.
type Proposal struct {
	ID        string                    `json:"id"`
	Kind      string                    `json:"kind" doc:"Which command: credential, credential_policy, retire, abandon, custodians, park, retarget, person, roles, enrolment, change_email, disable, reinstate, plan_departure, refound"`
	Subject   string                    `json:"subject" doc:"What it is about"`
	Requester string                    `json:"requester"`
	Reason    string                    `json:"reason"`
	Revision  int64                     `json:"revision"`
	Digest    string                    `json:"digest" doc:"Of this revision: what an approval is of"`
	Status    custody.ProposalStatus    `json:"status" enum:"open,effected,rejected,withdrawn,expired,failed"`
	Needs     []custody.Role            `json:"needs" doc:"Levels at which nobody has approved it yet"`
	Can       map[custody.Role][]string `json:"can,omitempty" doc:"Who can, by level, while it is open"`
	Approvals []Approval                `json:"approvals"`
	Change    []Difference              `json:"change"`
	Warnings  []FewerThanTwo            `json:"warnings,omitempty" doc:"While it is open: where fewer than two could approve once it has taken effect, and did before"`
	OpenedAt  time.Time                 `json:"opened_at"`
	ExpiresAt time.Time                 `json:"expires_at"`
	EndedAt   time.Time                 `json:"ended_at,omitzero"`
	EndedBy   string                    `json:"ended_by,omitzero" doc:"Who approved last, rejected or withdrew it"`
	Failure   string                    `json:"failure,omitzero" doc:"Code of what refused it when it was to take effect"`
	Announced time.Time                 `json:"announced_at,omitzero" doc:"Everybody who is needed has approved what takes effect by time only: it does at expires_at, unless anybody rejects it"`
	Beside    []string                  `json:"same_device,omitempty" doc:"While it is open: who asked for it, or approved it, in the device of the log-in that asks. An approval there is serious"`
	Departing []Departing               `json:"departing,omitempty" doc:"Who would get a seat, and leaves on a date"`
	Release   Secret                    `json:"release_code,omitzero" doc:"To be read to the person face to face, while they have a link to set up their log-in; only whoever is to read it sees it"`
}

// Approval is one person's yes.
type Approval struct {
	Level  custody.Role `json:"level"`
	Person string       `json:"person"`
	For    string       `json:"for,omitzero" doc:"In whose place, while they were away"`
	At     time.Time    `json:"at"`

	SameDevice []string `json:"same_device,omitempty" doc:"Who asked for it, or approved it before, in the device in which this was said"`
}

// Difference is one thing that a proposal changes.
type Difference struct {
	Field  string `json:"field"`
	Before string `json:"before,omitzero" doc:"As it is now, while the proposal is open"`
	After  string `json:"after"`
}

// SetCustodians proposes other custodians.
type SetCustodians struct {
	Primary string    `json:"primary"`
	Backup  string    `json:"backup"`
	Until   time.Time `json:"until,omitzero" doc:"Whoever comes in stands in for whoever goes out, who has the seat again then; left out: for good"`
	Reason  string    `json:"reason"`
	TOTP    Secret    `json:"totp,omitzero" maxLength:"64"`
}

func (in SetCustodians) change(credential string) custody.SetCustodians {
	return custody.SetCustodians{Credential: credential, Primary: in.Primary, Backup: in.Backup, Until: custody.Instant(in.Until)}
}

// ApproveProposal says yes to a revision.
type ApproveProposal struct {
	Digest string `json:"digest" maxLength:"64" doc:"Of the revision that was looked at"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// RejectProposal says no to a revision.
type RejectProposal struct {
	Digest string `json:"digest" maxLength:"64" doc:"Of the revision that was looked at"`
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// Entry is one entry of the ledger.
type Entry struct {
	Index   int64           `json:"index"`
	V       int             `json:"v"`
	Time    time.Time       `json:"time"`
	Clock   string          `json:"clock,omitzero"`
	Type    string          `json:"type"`
	Grade   string          `json:"grade"`
	Actor   string          `json:"actor"`
	Subject string          `json:"subject"`
	Command json.RawMessage `json:"command,omitzero" doc:"What was asked for, in the first entry of a command: verb, args, what of the code was looked at"`
	Data    json.RawMessage `json:"data"`
	Confirm *audit.Confirm  `json:"confirm,omitzero" doc:"Who confirmed it and with which TOTP step"`
	Request string          `json:"request,omitzero"`

	Texts map[string]custody.Words `json:"texts,omitempty" doc:"What people wrote, by what the entry has in its place: base64url of SHA-256(salt, text). One that was taken out is not here."`
}

// Event gives what the entry says, with the texts that match what it commits to.
func (e Entry) Event() (custody.Event, error) {
	record, err := e.Record()
	if err != nil {
		return custody.Event{}, err
	}
	event, err := custody.ReadRecord(record)
	return event.Filled(e.Texts), err
}

// Record gives the canonical bytes that the ledger's tree commits to, so that a
// proof can be checked with nothing but what the API gave.
func (e Entry) Record() ([]byte, error) {
	return audit.Entry{
		V: e.V, Time: e.Time, Clock: e.Clock, Type: e.Type, Grade: e.Grade, Actor: e.Actor,
		Subject: e.Subject, Command: []byte(e.Command), Data: []byte(e.Data), Confirm: e.Confirm, Request: e.Request,
	}.Encode()
}

// SignReview says that entries were gone through, by an auditor.
type SignReview struct {
	From int64  `json:"from" minimum:"0" doc:"Index of the first entry"`
	To   int64  `json:"to" minimum:"1" doc:"Index behind the last one"`
	Text string `json:"text" doc:"What was found"`
	TOTP Secret `json:"totp,omitzero" maxLength:"64"`
}

// SignedReview is one that is in the ledger.
type SignedReview struct {
	Index int64     `json:"index" doc:"Of its entry"`
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	From  int64     `json:"from"`
	To    int64     `json:"to"`
	Text  string    `json:"text"`
}

// Redact takes the texts out of an entry.
type Redact struct {
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// Redacted is what was taken out.
type Redacted struct {
	Index int64    `json:"index" doc:"Of the entry that says so"`
	Texts int      `json:"texts" doc:"How many were taken out"`
	Next  Sentence `json:"next" doc:"What still has them"`
}

// Sentence is one in both languages.
type Sentence struct {
	En string `json:"en"`
	Zh string `json:"zh"`
}

// EntryProof proves that an entry is in the ledger that the checkpoint states
// (RFC 6962, section 2.1.1). Hashes are base64.
type EntryProof struct {
	Index      int64    `json:"index"`
	Size       int64    `json:"size"`
	Root       string   `json:"root"`
	Hashes     []string `json:"hashes"`
	Checkpoint string   `json:"checkpoint" doc:"Signed note (C2SP tlog-checkpoint)"`
}

// SignIn asks for a session.
type SignIn struct {
	Username string `json:"username" maxLength:"255"`
	Password Secret `json:"password" maxLength:"1024"`
	TOTP     Secret `json:"totp" maxLength:"64"`

	Device         Secret `json:"device,omitzero" maxLength:"64" doc:"From an earlier log-in: what strangers do wrong with this name does not lock it here"`
	RememberDevice bool   `json:"remember_device,omitzero" doc:"Give a device if the one that came is none"`
}

// Recover asks for a new TOTP seed in the place of one that is lost.
type Recover struct {
	Username     string `json:"username" maxLength:"255"`
	Password     Secret `json:"password" maxLength:"1024"`
	RecoveryCode Secret `json:"recovery_code" maxLength:"64" doc:"Used up by this; it opens no session"`
	Device       Secret `json:"device,omitzero" maxLength:"64" doc:"As in a log-in"`
}

// Recovered is the new TOTP seed. It is shown once.
type Recovered struct {
	OTPAuth Secret `json:"otpauth_uri" doc:"For an authenticator; counts after the next log-in with a code of it"`
}

// SetPresence marks oneself away or present.
type SetPresence struct {
	State    string    `json:"state" enum:"present,away"`
	TOTP     Secret    `json:"totp,omitzero" maxLength:"64" doc:"Needed to be away, and to take back"`
	Until    time.Time `json:"until,omitzero" doc:"Only with away"`
	Reason   string    `json:"reason,omitzero" doc:"Only with away"`
	TakeBack bool      `json:"take_back,omitzero" doc:"Only with present: return all that I gave"`
}

// AddPerson asks for an account for somebody.
type AddPerson struct {
	Username   string         `json:"username"`
	Name       string         `json:"name"`
	Email      string         `json:"email,omitzero"`
	Roles      []custody.Role `json:"roles" doc:"technician, manager, director, auditor, admin"`
	TOTPPeriod int            `json:"totp_period,omitzero" doc:"Seconds; 30 when left out"`
	Reason     string         `json:"reason"`
	TOTP       Secret         `json:"totp,omitzero" maxLength:"64"`
}

// SetRoles asks for other roles of somebody.
type SetRoles struct {
	Roles  []custody.Role `json:"roles" doc:"technician, manager, director, auditor, admin"`
	Reason string         `json:"reason"`
	TOTP   Secret         `json:"totp,omitzero" maxLength:"64"`
}

// ProposeEmail asks for another address of somebody else.
type ProposeEmail struct {
	Email  string `json:"email" doc:"Where messages go; empty: nowhere"`
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// ChangePassword gives me another password to log in with.
type ChangePassword struct {
	Current Secret `json:"current" maxLength:"1024"`
	New     Secret `json:"new" maxLength:"1024" doc:"At least 8 characters with letters, digits and others"`
	TOTP    Secret `json:"totp,omitzero" maxLength:"64"`
}

// ReplaceAuthenticator gives me another authenticator.
type ReplaceAuthenticator struct {
	Current Secret `json:"current" maxLength:"1024" doc:"Password that I log in with"`
	TOTP    Secret `json:"totp,omitzero" maxLength:"64" doc:"Of the one that I have"`
}

// OpenSession is a place where I am logged in.
type OpenSession struct {
	ID        string    `json:"id"`
	Device    string    `json:"device" doc:"What it says of itself, such as \"Firefox, Windows\"; empty: nothing"`
	Address   string    `json:"address" doc:"From where I logged in"`
	OpenedAt  time.Time `json:"opened_at"`
	LastUsed  time.Time `json:"last_used" doc:"To the minute; it ends when nobody has used it for as long as the policy says"`
	ExpiresAt time.Time `json:"expires_at"`
	Here      bool      `json:"here" doc:"It is the one that asks"`
}

// Link is what somebody who was approved sets up their log-in with. It is shown once.
type Link struct {
	Link      Secret    `json:"link" doc:"For the person; it needs the release code, which an approver reads to them"`
	ExpiresAt time.Time `json:"expires_at"`
}

// OpenLink is what that person types first.
type OpenLink struct {
	ReleaseCode Secret `json:"release_code" maxLength:"64"`
	Password    Secret `json:"password" maxLength:"1024" doc:"Chosen by the person: at least 8 characters with letters, digits and others"`
}

// NewAuthenticator is shown to that person once. It counts after the confirmation.
type NewAuthenticator struct {
	OTPAuth    Secret `json:"otpauth_uri"`
	TOTPSecret Secret `json:"totp_secret" doc:"Base32"`
	TOTPPeriod int    `json:"totp_period" doc:"Seconds"`
}

// Joined is what a person has who set up their log-in.
type Joined struct {
	Username      string   `json:"username"`
	RecoveryCodes []Secret `json:"recovery_codes" doc:"Shown once"`
}

// Founding is who there is, for a manager and a director to confirm.
type Founding struct {
	Founded   bool     `json:"founded" doc:"Both have confirmed: nobody comes in alone any more"`
	People    []Person `json:"people"`
	LedgerKey string   `json:"ledger_key"`
	Digest    string   `json:"digest" doc:"Of the people and their roles: what a confirmation is of"`
	Confirmed []string `json:"confirmed" doc:"Usernames of those who have"`
}

// ConfirmFounding says that it is right.
type ConfirmFounding struct {
	Digest string `json:"digest" maxLength:"64"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// AddCredential puts an account under custody.
type AddCredential struct {
	Name     string `json:"name"`
	Target   Target `json:"target"`
	Primary  string `json:"primary"`
	Backup   string `json:"backup"`
	Secret   Secret `json:"secret,omitzero" maxLength:"4096" doc:"The password that opens it now"`
	AdminKey Secret `json:"admin_key,omitzero" maxLength:"65536" doc:"What administers the target: a private key (PEM) or a password, as its kind has it"`
	Policy   Policy `json:"policy,omitzero"`
	Reason   string `json:"reason"`
	TOTP     Secret `json:"totp,omitzero" maxLength:"64"`
}

// CheckOut asks for the password.
type CheckOut struct {
	Purpose string `json:"purpose" doc:"Such as a ticket number"`
	TOTP    Secret `json:"totp,omitzero" maxLength:"64"`
}

// ConfirmedReason is a reason and a code.
type ConfirmedReason struct {
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// Confirmation is a code and nothing else.
type Confirmation struct {
	TOTP Secret `json:"totp,omitzero" maxLength:"64"`
}

// Reason is why an offer was declined or cancelled.
type Reason struct {
	Reason string `json:"reason,omitzero"`
}

// AcceptHandovers takes over everything in several handovers.
type AcceptHandovers struct {
	Handovers []string `json:"handovers" minItems:"1" maxItems:"300" doc:"Ids, each once"`
	TOTP      Secret   `json:"totp,omitzero" maxLength:"64"`
}

// OfferHandover asks the other custodians to take over.
type OfferHandover struct {
	Credentials      []string  `json:"credentials,omitzero" doc:"Names; none with all"`
	All              bool      `json:"all,omitzero" doc:"Everything that I hold"`
	Reason           string    `json:"reason"`
	ExpectedReturn   time.Time `json:"expected_return,omitzero"`
	AwayWhenAccepted bool      `json:"away_when_accepted,omitzero" doc:"Only with all: and mark me away"`
	TOTP             Secret    `json:"totp,omitzero" maxLength:"64"`
}
