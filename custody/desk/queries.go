package desk

import (
	"errors"

	"github.com/tandem-custody/tandem/custody"
)

// The questions that are asked of a store, and what answers them. Whoever asks and
// whoever answers have these types from here, and know nothing of each other.

// ErrNotFound: there is no such person, credential, handover or entry.
var ErrNotFound = errors.New("not in the store")

// MaxPage is the most that a query gives at once.
const MaxPage = 1000

// CredentialQuery selects credentials, by name. Zero fields select all.
type CredentialQuery struct {
	Person string // custodian or holder
	Phase  custody.Phase
	Text   string   // in its name, address or account, or in what its custodians and holder are called
	Names  []string // one of these; nil: whatever it is called
	After  string   // name of the last one of the page before: only those behind it
	Limit  int      // 0: no limit

	KnownTo string // Text finds addresses and accounts only where this person is custodian or holder; "": everywhere
}

// CustodyCount says how many active credentials two custodians share, and who
// of them holds these; Holder is "" while their passwords are being changed.
type CustodyCount struct {
	Primary, Backup, Holder string
	Count                   int
}

// HandoverQuery selects handovers, open ones and old ones, the newest first. Zero
// fields select all.
type HandoverQuery struct {
	Status []custody.HandoverStatus
	Person string // giver or receiver
	Text   string // in its id or reason, in what giver and receiver are called, or in a credential's name
	Limit  int    // at most MaxPage, which is also the default
	Before string // id of the last handover of the page before: only older ones

	Party   string // giver or receiver, too: with Person, between the two
	KnownTo string // Text finds reasons only where this person is giver or receiver; "": everywhere
}

// ProposalQuery selects proposals, the newest first. Zero fields select all.
type ProposalQuery struct {
	Open      bool // only those that wait
	Requester string
	IDs       []string // one of these; nil: whatever it is called
	Limit     int      // at most MaxPage, which is also the default
	Before    string   // id of the last proposal of the page before: only older ones
}

// IncidentQuery selects incidents, the newest first. Zero fields select all.
type IncidentQuery struct {
	Status     custody.IncidentStatus
	Open       bool          // only those that are not closed
	Grade      custody.Grade // as they stand
	Credential string        // that they are about
	Person     string        // whom they are about
	Limit      int           // at most MaxPage, which is also the default
	Before     string        // id of the last incident of the page before: only older ones

	KnownTo string   // only those about this person, those that they reported, and Theirs; "": all
	Theirs  []string // ids
}

// EntryQuery selects entries of the ledger, the oldest first. Zero fields select
// all; what is given must all fit.
type EntryQuery struct {
	From   int64 // the first index to look at: of the next page, the last one seen + 1
	Before int64 // the index to end before; of the next page with Newest, the last one seen
	Newest bool  // the newest first
	Limit  int   // at most MaxPage, which is also the default

	Actor   string
	Subject string
	Type    string

	// Credential finds what happened to a credential: entries about itself, and
	// those of handovers that name it.
	Credential string

	// KnownTo leaves only what concerns a person: what they did, and what is about
	// themselves, their credentials, their handovers and what they asked for. "": all.
	KnownTo string
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
