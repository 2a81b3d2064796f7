// Package auditor is what an auditor does with a ledger that somebody else keeps: open
// it, verify it against what was kept elsewhere, say what is wrong first and what was
// not proved, compare it with what Vault saw, and gather what a handover rests on.
//
// It reads through ports: a server, a database or a file gives it bytes, and it believes
// none of them.
package auditor
