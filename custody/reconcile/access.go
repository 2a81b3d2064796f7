package reconcile

import (
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Kind is what an access did.
type Kind string

// The kinds. Only what Tandem's secrets depend on is an access.
const (
	Read    Kind = "read"    // a secret
	Write   Kind = "write"   // made, replaced or deleted one
	Sign    Kind = "sign"    // with the ledger's key
	Bypass  Kind = "bypass"  // read the store's own storage, below all rules
	Blinded Kind = "blinded" // took the audit log away
	Unread  Kind = "unread"  // a line of the log that is none: whatever it said
	Probe   Kind = "probe"   // whether the store is there, and the right one; nothing secret is kept where it looks
)

// Access is one line of a secret store's audit log.
type Access struct {
	Time    time.Time `json:"time,omitzero"`
	Line    string    `json:"line"` // FILE:NUMBER
	Kind    Kind      `json:"kind"`
	Path    string    `json:"path,omitzero"` // as Tandem names it: "credentials/db01"; else as the store does
	Request string    `json:"request,omitzero"`
	Own     bool      `json:"own"` // by Tandem's own log-in
	Who     string    `json:"who,omitzero"`
	Remote  string    `json:"remote,omitzero"`
	Refused bool      `json:"refused,omitzero"` // the store did not do it
}

// Finding is an access that is not plainly in order.
type Finding struct {
	Access
	Grade custody.Grade `json:"grade"`
	Why   string        `json:"why"`
}

// Report is what came of a comparison.
type Report struct {
	Accesses   int       `json:"accesses"`    // looked at
	Matched    int       `json:"matched"`     // allowed by an entry
	Routine    int       `json:"routine"`     // probes and signatures of Tandem's own
	NotEntered int       `json:"not_entered"` // reads of seeds that no entry has to name
	Repeated   int       `json:"repeated"`    // password reads under one check-out, after the first
	Remotes    []string  `json:"remotes"`     // from where Tandem's log-in was used
	Findings   []Finding `json:"findings"`    // in the order of the log; the ordinary ones too
}

// Special says how many findings are of that grade: what went past Tandem.
func (r Report) Special() int {
	n := 0
	for _, f := range r.Findings {
		if f.Grade == custody.Special {
			n++
		}
	}
	return n
}
