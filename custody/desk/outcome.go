package desk

import (
	"github.com/tandem-custody/tandem/custody"
)

// By is who gives a command, and how they prove it: as it comes from outside, with
// the code as it was typed.
type By struct {
	Actor   string // username, or custody.System
	Request string // id of the request, made by us, never by a client
	Code    string // TOTP code; "" when none came

	Token custody.Secret // of the log-in by which it came; zero: it did not come by one

	// Key makes the command idempotent: the same key and Digest of the same
	// actor is carried out once and gives the same Outcome again. "": none.
	Key    string
	Digest [32]byte // of the request's body
}

// Outcome is what a committed command led to.
type Outcome struct {
	Events   []Indexed
	Replayed bool // an idempotency key had already done it
}

// Indexed is an event and the index of its entry in the ledger.
type Indexed struct {
	Index int64
	custody.Event
}
