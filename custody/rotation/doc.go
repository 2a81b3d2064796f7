// Package rotation changes passwords on the systems that they open, and never
// strands one: at every moment each value that a target might accept can be
// read from the secret store (invariant I9).
//
// It knows the journal of a rotation and the port to a target; each target's
// own oddities are in a package below it. It decides nothing: every step is
// reported to the desk, and the ledger says whether it counts. It knows no
// HTTP, no database and no product that keeps secrets.
//
// # The journal
//
// Every step is reported after what it names is true, so a restart trusts the
// ledger for what has happened and looks at the secret store and the target
// for what may have happened since:
//
//	at        effect                                            then reported
//	pending   a new value at StagedPath, check-and-set          staged
//	staged    Target.Change; unsure: Verify(new)                applied
//	applied   Verify(new) lets in, Verify(old) is refused       verified
//	verified  the new value at desk.CredentialPath              promoted
//	held      StagedPath is deleted
//
// Doing any of them again is harmless: the same staged value is used until the
// target refuses it, and then another is staged as its next version, the
// earlier ones kept. What a rotation staged is deleted only after the ledger
// says that it is over, and its path belongs to that rotation alone, so
// clearing up can never touch the next one's.
//
// A failed attempt is an entry with a kind from a closed list and the time of
// the next one, which comes later and later, so that no account is locked.
//
// # Several workers
//
// A rotation is claimed in the database for a short lease, renewed while an
// attempt runs; an attempt that loses its lease is cancelled. Should a worker
// stall past that all the same, the ledger refuses its reports and
// check-and-set its writes. What it may still tell a target, should it stall
// between two packets, is what everybody else told it in that rotation: later,
// an earlier version of the password, which the secret store still has.
package rotation
