package custody

import (
	"errors"
	"fmt"
	"time"
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
	AccountTaken       Code = "account_taken"
	Conflict           Code = "conflict"
	InvalidRequest     Code = "invalid_request"
)

// Text is one sentence in the two languages that Tandem speaks.
type Text struct{ En, Zh string }

// In gives it in a language: "zh", or English.
func (t Text) In(lang string) string {
	if lang == "zh" {
		return t.Zh
	}
	return t.En
}

// Refusal says which rule refused a command, what stands in the way and what
// to do next. It never holds a submitted secret or code.
type Refusal struct {
	Code Code
	Rule string // clause of the policy, or "" where the request itself was wrong
	What Text   // what happened, and who or what stands in the way
	Next Text   // what the person can do now

	RetryAfter time.Duration // zero: waiting alone does not help

	looked Proof // what of the command's proof was looked at, for the entry
}

func (r *Refusal) Error() string {
	if r.Next.En == "" {
		return fmt.Sprintf("%s: %s", r.Code, r.What.En)
	}
	return fmt.Sprintf("%s: %s %s", r.Code, r.What.En, r.Next.En)
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

// Invalid refuses a request whose field is unusable. The value itself is not
// repeated: it could be a password typed into the wrong field.
func Invalid(field string, why Text) *Refusal {
	return &Refusal{
		Code: InvalidRequest,
		What: Text{
			En: fmt.Sprintf("The field %q %s.", field, why.En),
			Zh: fmt.Sprintf("字段“%s”%s。", field, why.Zh),
		},
		Next: Text{En: "Correct it and send it again.", Zh: "请更正后重新提交。"},
	}
}
