// Package bench measures Tandem against what it is built on, and prints one
// table: `make bench`. What the table said, on which machine and why, is in
// docs/performance.md.
//
// Every figure has a peer that does the bare minimum of the same work: a direct
// read from the same Vault, a bare insert into the same kind of database, an
// empty ledger, SHA-256 and JSON alone. Ours and the peer are measured in turns in one
// run, so that both see the same machine with the same other load on it, and
// medians are compared. Nothing here fails because something was slow: a test
// fails only when something does not work. `make bench-check` alone does, where a ratio
// left the band round the last one on record (record.go).
//
// It may know every part of Tandem, because it wires them; nothing may import it.
package bench
