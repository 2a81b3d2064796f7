package api

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

var _ Desk = (*desk.Desk)(nil)

// Desk carries commands out.
type Desk interface {
	Do(ctx context.Context, by desk.By, a custody.Action) (desk.Outcome, error)
	CheckOut(ctx context.Context, by desk.By, a custody.CheckOut) (desk.Revealed, error)
	ShowAgain(ctx context.Context, by desk.By, a custody.ShowAgain) (desk.Revealed, error)
	AddPerson(ctx context.Context, by desk.By, a custody.AddPerson) (desk.NewLogin, error)
	ResetEnrolment(ctx context.Context, by desk.By, a custody.ResetEnrolment) (desk.NewLogin, error)
	ChangeEmail(ctx context.Context, by desk.By, a custody.ChangeEmail) (desk.Outcome, error)
	Unlock(ctx context.Context, by desk.By, a custody.Unlock) (desk.Outcome, error)
	ShowNew(ctx context.Context, by desk.By, a custody.ShowNew) (desk.ToSet, error)
	ChangePolicy(ctx context.Context, by desk.By, a custody.ChangePolicy) (desk.Outcome, error)
	AddCredential(ctx context.Context, by desk.By, a custody.AddCredential, password, key custody.Secret) (desk.Outcome, error)

	SignIn(ctx context.Context, in desk.SignInRequest) (desk.SignedIn, error)
	Recover(ctx context.Context, in desk.RecoverRequest) (custody.Secret, error)
	Who(ctx context.Context, token custody.Secret) (custody.Person, error)
	SignOut(ctx context.Context, token custody.Secret, request string) error

	Preference(ctx context.Context, username string) (desk.Preference, error)
	SetPreference(ctx context.Context, username string, p desk.Preference) error

	Checkpoint(ctx context.Context) ([]byte, error)
	LedgerKey(ctx context.Context) (string, error)
	Ready(ctx context.Context) error
	ClockWrong() error // why, or nil
	Time() time.Time   // what counts while it is
	ReviewDue() time.Time
}

// Queries read what was committed, the caller's own last command included. What
// is not there gives ErrNotFound.
type Queries interface {
	People(ctx context.Context) ([]custody.Person, error)
	Person(ctx context.Context, username string) (custody.Person, error)
	Credentials(ctx context.Context) ([]custody.Credential, error)
	Credential(ctx context.Context, name string) (custody.Credential, error)
	FindCredentials(ctx context.Context, q CredentialQuery) ([]custody.Credential, error)
	CustodyCounts(ctx context.Context) ([]CustodyCount, error)
	Handovers(ctx context.Context, q HandoverQuery) ([]custody.Handover, error)
	Handover(ctx context.Context, id string) (custody.Handover, error)

	Entries(ctx context.Context, q EntryQuery) ([]StoredEntry, error)
	Entry(ctx context.Context, index int64) (StoredEntry, error)
	// EntriesAbout also names the credentials of which there are more.
	EntriesAbout(ctx context.Context, q AboutQuery) (entries []StoredEntry, cut []string, err error)
	// LatestAbout gives, of each credential, the newest entry of these types
	// below an index, in no order.
	LatestAbout(ctx context.Context, credentials, types []string, before int64) ([]StoredEntry, error)
	HashReader(ctx context.Context) tlog.HashReader

	// Exposure says who had been shown the password that was current at an
	// instant, the zero one being now; ErrNotFound before the credential was in
	// custody.
	Exposure(ctx context.Context, credential string, at time.Time) (custody.Exposure, error)
}

// CredentialQuery selects credentials, by name. Zero fields select all.
type CredentialQuery struct {
	Person string // custodian or holder
	Phase  custody.Phase
	Text   string   // in its name, address or account, or in what its custodians and holder are called
	Names  []string // one of these; nil: whatever it is called
	After  string   // name: only those behind it
	Limit  int
}

// CustodyCount says how many active credentials two custodians share, and who
// of them holds these; Holder is "" while their passwords are being changed.
type CustodyCount struct {
	Primary, Backup, Holder string
	Count                   int
}

// HandoverQuery selects handovers, the newest first. Zero fields select all.
type HandoverQuery struct {
	Status []custody.HandoverStatus
	Person string // giver or receiver
	Text   string // in its id or reason, in what giver and receiver are called, or in a credential's name
	Limit  int
	Before string // id: only older ones
}

// EntryQuery selects entries of the ledger, the oldest first. Zero fields
// select all.
type EntryQuery struct {
	From                             int64
	Limit                            int
	Actor, Subject, Credential, Type string

	Newest bool  // the newest first
	Before int64 // > 0: only indexes below it
}

// AboutQuery selects entries of these types about any of many names: credentials,
// as EntryQuery.Credential does, or subjects. They come in no order, and one that
// is about several credentials may come more than once.
type AboutQuery struct {
	Credentials, Subjects []string // one of the two
	Types                 []string
	From, Before          int64 // indexes [From, Before); Before 0: to the end
	Each                  int   // about the newest of each credential; 0: all
}

// StoredEntry is an entry as the ledger keeps it.
type StoredEntry struct {
	Index  int64
	Record []byte                   // canonical form, see audit.DecodeEntry
	Texts  map[string]custody.Words // by commitment: of its notes, those that are there
}
