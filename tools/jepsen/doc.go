// Package jepsen asks several replicas of Tandem many things at once while something
// goes wrong, and looks whether the answers are those of one Tandem that does one thing
// after the other: whether they are linearizable.
//
// Three processes of `tandem serve` have one PostgreSQL server and one Vault, all of
// them real. Clients give commands and ask questions over the HTTP API, each to any
// replica. Meanwhile there is at least one fault: see faults_test.go. Every operation is
// noted with when it was asked for, when it was answered, and what was answered; one
// whose answer never came is one that never returned, and may have happened at any time
// since, or not at all. Then porcupine looks for an order in which the rules themselves,
// custody.Decide and custody.Apply, would have given just these answers. That is a
// history: at least 200 operations of one run, with at least one fault.
//
// Custodians who share no credential cannot see each other's operations, so a history
// is searched in parts, one for each pair; it counts once all the same.
//
// Some histories are part of `make test`. `make jepsen` goes on for as long as it is
// told to, and adds what it found to a file, with which the next run begins.
// `make jepsen-bugs` builds Tandem with one mistake put in at a time, and demands that
// each is found.
//
// It may know every part of Tandem, because it puts them together; nothing may import it.
package jepsen
