package auditor

import (
	"fmt"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Verified is what is said of a ledger that is right.
type Verified struct {
	Verified  bool        `json:"verified"`
	Size      int64       `json:"size"`
	Root      string      `json:"root"`
	First     time.Time   `json:"first,omitzero"`
	Last      time.Time   `json:"last,omitzero"`
	Stalled   int64       `json:"stalled"`             // entries for which the clock had gone back
	Corrected int64       `json:"corrected"`           // entries that set a clock right which had been ahead
	Signed    int64       `json:"signed"`              // entries that a checkpoint vouches for
	Witnessed int64       `json:"witnessed"`           // entries that enough witnesses vouch for
	Witnesses []Testimony `json:"witnesses,omitempty"` // who they are
	Nodes     int64       `json:"nodes"`               // of the stored tree, compared
	Seals     int64       `json:"seals"`               // that follow on each other and cover all entries; their key is the server's
	Tables    bool        `json:"tables"`              // compared with the fold
	Replayed  bool        `json:"replayed"`

	// What the commands rest on beside the rules.
	Observations int64         `json:"observations"` // of the system: believed
	Confirmed    Confirmations `json:"confirmed"`    // commands of people

	ReviewBy time.Time `json:"review_by,omitzero"` // of the policy at its end

	Texts *custody.Texts `json:"texts,omitempty"` // what people wrote; none: it was not given

	Notes []string `json:"notes"` // what this does not prove
}

// Confirmations are counted by what was given.
type Confirmations struct {
	Passkey int64 `json:"passkey"`
	TOTP    int64 `json:"totp"`
}

// Rests says in one line what the answer rests on.
func (v Verified) Rests() string {
	parts := []string{
		"rules ok",
		fmt.Sprintf("observations %d (believed)", v.Observations),
		fmt.Sprintf("confirmed: passkey %d, totp %d", v.Confirmed.Passkey, v.Confirmed.TOTP),
	}
	return strings.Join(append(parts, "texts: "+textsCounted(v.Texts)), " · ")
}

// Testimony is a cosignature.
type Testimony struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

func textsCounted(t *custody.Texts) string {
	if t == nil {
		return "not given"
	}
	return fmt.Sprintf("%d checked, %d redacted", t.Checked, t.Redacted)
}
