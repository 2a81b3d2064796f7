package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

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

func (s *Server) listCredentials(ctx context.Context, _ *nothing) ([]Credential, error) {
	credentials, err := s.known(ctx).Credentials(ctx)
	return each(credentials, viewCredential), err
}

func (s *Server) getCredential(ctx context.Context, in *ofCredential) (Credential, error) {
	return s.credential(ctx, in.Name)
}

func (s *Server) credential(ctx context.Context, name string) (Credential, error) {
	c, err := s.known(ctx).Credential(ctx, name)
	return viewCredential(c), err
}

type exposureOf struct {
	Name string    `path:"name" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	At   time.Time `query:"at" doc:"The instant to look back to (RFC 3339); now when left out"`
}

func (s *Server) exposure(ctx context.Context, in *exposureOf) (Exposure, error) {
	if err := custody.CheckInstant("at", in.At); err != nil {
		return Exposure{}, err
	}
	x, err := s.known(ctx).Exposure(ctx, in.Name, in.At)
	if in.At.IsZero() {
		in.At = s.Desk.Time()
	}
	return viewExposure(in.Name, in.At.UTC(), x), err
}

func (s *Server) addCredential(ctx context.Context, in *bodyOnly[AddCredential]) (Proposal, error) {
	add, password, key := in.Body.change()
	outcome, err := s.Desk.ProposeCredential(ctx, by(ctx, custody.Propose{}, in.Body.TOTP), add, desk.NewNote(in.Body.Reason), password, key)
	if err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, outcome.Events[0].Fact.Subject())
}

// oneLine gives settings without the line breaks of what was read from a file or
// printed by a program: a setting has none, since it stands in an entry. What
// reads the setting takes a semicolon for the end of a host key, and a space for
// the end of a line of PEM.
func oneLine(settings map[string]string) map[string]string {
	folded := map[string]string{}
	for name, value := range settings {
		var lines []string
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		between := " "
		if name == "host_key" || strings.HasSuffix(name, ".host_key") {
			between = ";"
		}
		folded[name] = strings.Join(lines, between)
	}
	return folded
}

func (s *Server) checkOut(ctx context.Context, in *credentialWith[CheckOut]) (Checkout, error) {
	action := custody.CheckOut{Credential: in.Name, Purpose: desk.NewNote(in.Body.Purpose)}
	revealed, err := s.Desk.CheckOut(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return Checkout{}, err
	}
	return viewRevealed(revealed), nil
}

func (s *Server) showAgain(ctx context.Context, in *credentialWith[Confirmation]) (Checkout, error) {
	action := custody.ShowAgain{Credential: in.Name}
	revealed, err := s.Desk.ShowAgain(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return Checkout{}, err
	}
	return viewRevealed(revealed), nil
}

func viewRevealed(r desk.Revealed) Checkout {
	return Checkout{Password: Secret(r.Password.Reveal()), Version: r.Version, Lease: viewLease(r.Lease)}
}

func (s *Server) checkIn(ctx context.Context, in *ofCredential) (Credential, error) {
	return s.changeCredential(ctx, custody.CheckIn{Credential: in.Name}, "")
}

func (s *Server) rotate(ctx context.Context, in *credentialWith[ConfirmedReason]) (Credential, error) {
	return s.changeCredential(ctx, custody.RequestRotation{Credential: in.Name, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) rotateAll(ctx context.Context, in *bodyOnly[RotateAll]) ([]Credential, error) {
	action := custody.RequestRotation{All: true, Reason: desk.NewNote(in.Body.Reason)}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	for _, e := range outcome.Events {
		changed[e.Fact.Subject()] = true
	}
	all, err := s.known(ctx).Credentials(ctx)
	all = slices.DeleteFunc(all, func(c custody.Credential) bool { return !changed[c.Name] })
	return each(all, viewCredential), err
}

func (s *Server) reconcile(ctx context.Context, in *credentialWith[ConfirmedReason]) (Credential, error) {
	return s.changeCredential(ctx, custody.Reconcile{Credential: in.Name, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) newPassword(ctx context.Context, in *credentialWith[Confirmation]) (NewPassword, error) {
	action := custody.ShowNew{Credential: in.Name}
	toSet, err := s.Desk.ShowNew(ctx, by(ctx, action, in.Body.TOTP), action)
	return NewPassword{Current: Secret(toSet.Current.Reveal()), Next: Secret(toSet.Next.Reveal())}, err
}

func (s *Server) confirmSet(ctx context.Context, in *credentialWith[Confirmation]) (Credential, error) {
	return s.changeCredential(ctx, custody.ConfirmSet{Credential: in.Name}, in.Body.TOTP)
}

func (s *Server) confirmSetAll(ctx context.Context, in *bodyOnly[ConfirmSetAll]) ([]Credential, error) {
	action := custody.ConfirmSetAll{Credentials: in.Body.Credentials}
	if _, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return nil, err
	}
	set, err := s.known(ctx).FindCredentials(ctx, desk.CredentialQuery{Names: action.Credentials})
	return each(set, viewCredential), err
}

func (s *Server) pauseRotation(ctx context.Context, in *credentialWith[ConfirmedReason]) (Credential, error) {
	return s.changeCredential(ctx, custody.PauseRotation{Credential: in.Name, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) resumeRotation(ctx context.Context, in *credentialWith[Confirmation]) (Credential, error) {
	return s.changeCredential(ctx, custody.ResumeRotation{Credential: in.Name}, in.Body.TOTP)
}

func (s *Server) cancelRotation(ctx context.Context, in *credentialWith[ConfirmedReason]) (Credential, error) {
	return s.changeCredential(ctx, custody.CancelRotation{Credential: in.Name, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) abandon(ctx context.Context, in *credentialWith[ConfirmedReason]) (Proposal, error) {
	return s.propose(ctx, custody.Abandon{Credential: in.Name}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) changePolicy(ctx context.Context, in *credentialWith[ChangePolicy]) (Credential, error) {
	action := custody.ChangePolicy{Credential: in.Name, Policy: custody.CredentialPolicy(in.Body.Policy)}
	if _, err := s.Desk.ChangePolicy(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return Credential{}, err
	}
	return s.credential(ctx, in.Name)
}

func (s *Server) proposePolicy(ctx context.Context, in *credentialWith[ProposePolicy]) (Proposal, error) {
	action := custody.ChangePolicy{Credential: in.Name, Policy: custody.CredentialPolicy(in.Body.Policy)}
	outcome, err := s.Desk.ProposePolicy(ctx, by(ctx, custody.Propose{}, in.Body.TOTP), action, desk.NewNote(in.Body.Reason))
	if err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, outcome.Events[0].Fact.Subject())
}

func (s *Server) retire(ctx context.Context, in *credentialWith[ConfirmedReason]) (Proposal, error) {
	return s.propose(ctx, custody.Retire{Credential: in.Name}, in.Body.Reason, in.Body.TOTP)
}

// changeCredential carries out a command about a credential and shows what
// became of it.
func (s *Server) changeCredential(ctx context.Context, action custody.Action, code Secret) (Credential, error) {
	if _, err := s.Desk.Do(ctx, by(ctx, action, code), action); err != nil {
		return Credential{}, err
	}
	return s.credential(ctx, action.Subject())
}
