package custody

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Code names a kind of refusal. The words are the contract's: clients rely on
// them, and the HTTP status of each is fixed in one table of the API.
type Code string

// The codes that the domain itself gives.
const (
	Unauthenticated    Code = "unauthenticated"
	TOTPInvalid        Code = "totp_invalid"
	TOTPReplayed       Code = "totp_replayed"
	LockedOut          Code = "locked_out"
	Forbidden          Code = "forbidden"
	NotHolder          Code = "not_holder"
	NotCustodian       Code = "not_custodian"
	NotFound           Code = "not_found"
	BothAway           Code = "both_away"
	HolderMustHandOver Code = "holder_must_hand_over"
	CounterpartAway    Code = "counterpart_away"
	HandoverOpen       Code = "handover_open"
	HandoverNotOpen    Code = "handover_not_open"
	RotationPending    Code = "rotation_pending"
	AlreadyDecided     Code = "already_decided"
	OwnRequest         Code = "own_request"
	NotEligible        Code = "not_eligible"
	ApprovalNeeded     Code = "approval_needed"
	NoApprover         Code = "no_approver"
	AccountTaken       Code = "account_taken"
	SeatIsVacant       Code = "seat_vacant"
	AbsenceOverlap     Code = "absence_overlap"
	IsParked           Code = "parked"
	EmergencyOpen      Code = "emergency_open"
	Conflict           Code = "conflict"
	InvalidRequest     Code = "invalid_request"
)

// Args are the named values of a sentence: text, whole numbers, instants, Planned
// ones, durations, lists of names and Terms. A client of the API gets them as JSON.
type Args map[string]any

// Term is a word of a closed list, such as the reason of a rotation: in JSON its
// code, in a sentence what a person calls it.
type Term struct{ List, Code string }

func (t Term) String() string { return t.Code }

// MarshalText gives the code.
func (t Term) MarshalText() ([]byte, error) { return []byte(t.Code), nil }

// Planned is an instant that somebody chose, which is said to the minute. The zero
// one is none.
type Planned struct{ time.Time }

// MarshalJSON writes an instant as RFC 3339 in UTC, and a duration as seconds, of
// which one that has begun counts. An instant that there is not is left out.
func (a Args) MarshalJSON() ([]byte, error) {
	plain := map[string]any{}
	for name, value := range a {
		if chosen, is := value.(Planned); is {
			value = chosen.Time
		}
		switch value := value.(type) {
		case time.Time:
			if !value.IsZero() {
				plain[name] = value.UTC()
			}
		case time.Duration:
			plain[name] = Seconds(value)
		default:
			plain[name] = value
		}
	}
	return json.Marshal(plain, json.Deterministic(true))
}

// Seconds counts those of a wait: one that has begun counts.
func Seconds(wait time.Duration) int64 { return int64((wait + time.Second - 1) / time.Second) }

// Refusal says which rule refused a command, what stands in the way and what
// to do next. It has no sentence: its words are in package words, by Key, and what
// is particular to this refusal is in Args. It never holds a submitted secret or
// code.
type Refusal struct {
	Code  Code
	Rule  string // clause of the policy, or "" where the request itself was wrong
	Field string // of the request, as clients call it; "": it is about none
	Key   string // of its words; "": those of its code
	Args  Args   // what its words speak of

	RetryAfter time.Duration // zero: waiting alone does not help

	looked Proof // what of the command's proof was looked at, for the entry
}

// Error is for logs: the code, the key and the values, always in one form. What a
// person is told is in package words.
func (r *Refusal) Error() string {
	var said strings.Builder
	said.WriteString(string(r.Code))
	if r.Key != "" {
		said.WriteString(": " + r.Key)
	}
	if r.Field != "" {
		fmt.Fprintf(&said, " field=%q", r.Field)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Args)) {
		switch value := r.Args[name].(type) {
		case interface{ UTC() time.Time }: // also a Planned
			fmt.Fprintf(&said, " %s=%s", name, value.UTC().Format(time.RFC3339))
		case string, []string:
			fmt.Fprintf(&said, " %s=%q", name, value)
		default:
			fmt.Fprintf(&said, " %s=%v", name, value)
		}
	}
	return said.String()
}

// Recorded says whether the refusal is an entry of the ledger. A request that
// makes no sense touched no rule, and entering it would let anybody write the
// ledger full.
func (r *Refusal) Recorded() bool { return r.Code != InvalidRequest && r.Code != NotFound }

// CodeOf gives the code of a refusal anywhere in err's chain, or "".
func CodeOf(err error) Code {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// Invalid refuses a request whose field is unusable. key is that of the words that
// say why, among those of fields. The value itself is never among args: it could
// be a password typed into the wrong field.
func Invalid(field, key string, args ...Args) *Refusal {
	r := &Refusal{Code: InvalidRequest, Field: field, Key: key}
	for _, a := range args {
		r.Args = a
	}
	return r
}
