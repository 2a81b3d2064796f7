package auditor

import (
	"errors"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Failure says what was wrong first, for programs.
type Failure struct {
	Check     audit.Check `json:"check"`
	Index     *int64      `json:"index,omitempty"`     // of the first entry that is wrong
	Invariant string      `json:"invariant,omitempty"` // "I1" to "I7", if the entry breaks a rule
	Table     string      `json:"table,omitempty"`
	Row       string      `json:"row,omitempty"`
	Error     string      `json:"error"`
	Meaning   string      `json:"meaning"`
}

// TableError is a table that is not what the ledger gives.
type TableError interface {
	error
	// Row says which row of which table is wrong first.
	Row() (table, key string)
}

// The checks that are not of package audit.
const (
	CheckTable   audit.Check = "table"
	CheckWitness audit.Check = "witness"
)

// meanings says to a person what a failed check stands for.
var meanings = map[audit.Check]string{
	audit.CheckSignature:  "The checkpoint was changed, or another key signed it. Take the checkpoint and the key from where you trust them.",
	audit.CheckSequence:   "An entry is missing, or there twice.",
	audit.CheckEncoding:   "These bytes are nothing that a ledger can hold: they were changed.",
	audit.CheckPrepare:    "No Tandem of this version has written this entry. If a later one wrote the ledger, verify it with that one.",
	audit.CheckTime:       "Entries were swapped, or one was dated back.",
	audit.CheckNode:       "The entry, or the hash that was stored with it, was changed afterwards.",
	audit.CheckSeal:       "Entries were appended by something else than Tandem, or a seal was taken away.",
	audit.CheckStep:       "The entry tells of something that the rules do not allow: it was made up, or what made it allowed was taken away.",
	audit.CheckCheckpoint: "The ledger is another than the one that was signed: it was changed, or its end was cut off, and the rest worked out anew.",
	CheckTable:            "The ledger is right and the table is not: somebody changed the table behind Tandem's back.",
	CheckWitness:          "Too few of the witnesses have seen this ledger, or a cosignature was forged. Ask the witnesses for the checkpoint that they know.",
}

// FailureOf reads a verification's error; nil if it is about something else.
func FailureOf(err error) *Failure {
	var f Failure
	if wrong, ok := errors.AsType[*audit.VerifyError](err); ok {
		f.Check = wrong.Check
		if wrong.Index >= 0 {
			f.Index = &wrong.Index
		}
	}
	if wrong, ok := errors.AsType[TableError](err); ok {
		f.Check = CheckTable
		f.Table, f.Row = wrong.Row()
	}
	if broken, ok := errors.AsType[*custody.Violation](err); ok {
		f.Invariant = broken.Invariant
	}
	if f.Check == "" {
		return nil
	}
	f.Error, f.Meaning = err.Error(), meanings[f.Check]
	return &f
}
