// Package witnessing takes the ledger's checkpoints to where the ledger's own
// administrators cannot change them: to witnesses, which cosign them (C2SP
// tlog-witness), and on a schedule to a file, a webhook or by e-mail.
//
// It knows package audit, the witness protocol and the clock. It must not know a
// rule of custody, and custody never waits for it: whatever a witness does, the
// desk goes on. What it finds out is a log line when it changes, Status for who
// asks, and metrics.
//
// # One round
//
// Some seconds after the head moved, and once a minute in any case, it takes the
// signed head and sends it to all witnesses at once. One that is still busy with
// the round before is left out of this one, so that a slow witness delays nobody.
// Each cosignature is kept with its checkpoint as it comes. A checkpoint with
// enough of them is witnessed.
//
// # What a witness can be
//
//	waiting    it has not answered yet
//	cosigning  its last answer was a cosignature
//	slow       that answer took long, or the next one does
//	lost       it cannot be reached, or has a fault
//	refusing   it does not know the ledger or its key, or makes no sense
//	conflict   it has cosigned another history than the ledger now has: the
//	           ledger was rolled back or forked, or the witness lies. A special
//	           event (clause 4.5), which is reported once until the witness
//	           cosigns again: the witness has the evidence
package witnessing
