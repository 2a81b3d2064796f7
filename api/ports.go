package api

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

var _ Desk = (*desk.Desk)(nil)

// Desk carries commands out.
type Desk interface {
	Do(ctx context.Context, by desk.By, a custody.Action) (desk.Outcome, error)
	CheckOut(ctx context.Context, by desk.By, a custody.CheckOut) (desk.Revealed, error)
	ShowAgain(ctx context.Context, by desk.By, a custody.ShowAgain) (desk.Revealed, error)
	IssueLink(ctx context.Context, by desk.By, person string) (desk.Link, error)
	OpenLink(ctx context.Context, in desk.SetUp) (desk.NewAuthenticator, error)
	// Join also gives the username of whose log-in it is.
	Join(ctx context.Context, token custody.Secret, code, request string) (string, []custody.Secret, error)
	// ReleaseCode gives what a reader is to read to somebody; false to anybody else.
	ReleaseCode(ctx context.Context, reader, username string) (custody.Secret, bool, error)
	Founding(ctx context.Context) (desk.Founding, error)
	Prospect(ctx context.Context, person string) (custody.Prospect, error)
	Emergencies(ctx context.Context) ([]desk.Emergency, error)
	Census(ctx context.Context) (desk.Census, error)
	OpenIncidents() desk.OpenIncidents
	// Assessors gives who can decide about an incident, ToAssess about which somebody can.
	Assessors(ctx context.Context, incident string) ([]string, error)
	ToAssess(ctx context.Context, person string) ([]string, error)
	Envelopes(ctx context.Context) (desk.Envelopes, error)
	Enveloped(c custody.Credential) (e desk.Enveloped, wanted bool)
	ChangeEmail(ctx context.Context, by desk.By, a custody.ChangeEmail) (desk.Outcome, error)
	ProposeEmail(ctx context.Context, by desk.By, a custody.ChangeEmail, reason custody.Note) (desk.Outcome, error)
	Unlock(ctx context.Context, by desk.By, a custody.Unlock) (desk.Outcome, error)
	ShowNew(ctx context.Context, by desk.By, a custody.ShowNew) (desk.ToSet, error)
	ChangePolicy(ctx context.Context, by desk.By, a custody.ChangePolicy) (desk.Outcome, error)
	ProposeCredential(ctx context.Context, by desk.By, add custody.AddCredential, reason custody.Note, password, key custody.Secret) (desk.Outcome, error)
	ProposeRetargeting(ctx context.Context, by desk.By, r desk.Retargeting, reason custody.Note) (desk.Outcome, error)
	FingerprintsOf(c custody.Credential) []string
	ProposePolicy(ctx context.Context, by desk.By, a custody.ChangePolicy, reason custody.Note) (desk.Outcome, error)

	ReviseCredential(ctx context.Context, by desk.By, proposal string, add custody.AddCredential, reason custody.Note, password, key custody.Secret) (desk.Outcome, error)
	RevisePolicy(ctx context.Context, by desk.By, proposal string, a custody.ChangePolicy, reason custody.Note) (desk.Outcome, error)
	ReviseRetargeting(ctx context.Context, by desk.By, proposal string, r desk.Retargeting, reason custody.Note) (desk.Outcome, error)
	ReviseEmail(ctx context.Context, by desk.By, proposal string, a custody.ChangeEmail, reason custody.Note) (desk.Outcome, error)

	Approving() desk.Approving
	ShortagesAfter(ctx context.Context, change custody.Proposable) ([]custody.Shortage, error)
	// Approvers gives who can approve each open proposal, by its id and by level.
	Approvers(ctx context.Context) (map[string]map[custody.Role][]string, error)
	// SameDevice gives who asked for an open proposal, or approved it, in the device of the
	// log-in that asks; SameDeviceOf is that of an emergency.
	SameDevice(ctx context.Context, by desk.By, proposal string) ([]string, error)
	SameDeviceOf(ctx context.Context, by desk.By, emergency string) ([]string, error)

	SignIn(ctx context.Context, in desk.SignInRequest) (desk.SignedIn, error)
	Recover(ctx context.Context, in desk.RecoverRequest) (desk.NewAuthenticator, error)
	Who(ctx context.Context, token custody.Secret) (custody.Person, error)
	Use(ctx context.Context, token custody.Secret)
	ChangePassword(ctx context.Context, by desk.By, in desk.PasswordChange) error
	ReplaceAuthenticator(ctx context.Context, by desk.By, in desk.AuthenticatorChange) (desk.NewAuthenticator, error)
	// ProveAuthenticator gives new recovery codes.
	ProveAuthenticator(ctx context.Context, by desk.By, token custody.Secret) ([]custody.Secret, error)
	Sessions(ctx context.Context, person string, token custody.Secret) ([]desk.OpenSession, error)
	SignOut(ctx context.Context, token custody.Secret, request string) error

	// OpenFeed gives the token of the actor's calendar feed, FeedOf whose one is.
	OpenFeed(ctx context.Context, by desk.By) (custody.Secret, error)
	FeedOf(ctx context.Context, token custody.Secret) (custody.Person, error)

	Preference(ctx context.Context, username string) (desk.Preference, error)
	SetPreference(ctx context.Context, username string, p desk.Preference) error

	Checkpoint(ctx context.Context) (audit.Checkpoint, error)
	LedgerKey(ctx context.Context) (string, error)
	Ready(ctx context.Context) error
	ClockWrong() error // why, or nil
	Time() time.Time   // what counts while it is
	ReviewDue() time.Time
	PolicyInForce() custody.PolicyInForce
	Configuration() desk.Configuration
	ConfigurationSaid(ctx context.Context, reader custody.Person) (desk.Configuration, error)
}

// Queries read what was committed, the caller's own last command included. What
// is not there gives desk.ErrNotFound.
type Queries interface {
	People(ctx context.Context) ([]custody.Person, error)
	Person(ctx context.Context, username string) (custody.Person, error)
	Credentials(ctx context.Context) ([]custody.Credential, error)
	Credential(ctx context.Context, name string) (custody.Credential, error)
	FindCredentials(ctx context.Context, q desk.CredentialQuery) ([]custody.Credential, error)
	CustodyCounts(ctx context.Context) ([]desk.CustodyCount, error)
	Handovers(ctx context.Context, q desk.HandoverQuery) ([]custody.Handover, error)
	Handover(ctx context.Context, id string) (custody.Handover, error)
	Proposals(ctx context.Context, q desk.ProposalQuery) ([]custody.Proposal, error)
	Proposal(ctx context.Context, id string) (custody.Proposal, error)
	Incidents(ctx context.Context, q desk.IncidentQuery) ([]custody.Incident, error)
	Incident(ctx context.Context, id string) (custody.Incident, error)

	Entries(ctx context.Context, q desk.EntryQuery) ([]desk.StoredEntry, error)
	Entry(ctx context.Context, index int64) (desk.StoredEntry, error)
	// EntriesAbout also names the credentials of which there are more.
	EntriesAbout(ctx context.Context, q desk.AboutQuery) (entries []desk.StoredEntry, cut []string, err error)
	// LatestAbout gives, of each credential, the newest entry of these types
	// below an index, in no order.
	LatestAbout(ctx context.Context, credentials, types []string, before int64) ([]desk.StoredEntry, error)
	HashReader(ctx context.Context) tlog.HashReader

	// Exposure says who had been shown the password that was current at an
	// instant, the zero one being now; desk.ErrNotFound before the credential was in
	// custody.
	Exposure(ctx context.Context, credential string, at time.Time) (custody.Exposure, error)
}
