// Command tandem is the server, its demo, and the command line to both.
//
// It is the composition root: the only package that knows every other one, and
// program.go the only file that puts them together. It must not know a rule:
// what may happen is for package custody, and a verb only asks.
//
// Each verb of the command line has a file. The verbs that speak to a server do
// so through package api/client, like any other program could; the offline ones
// (init, backup, ledger verify --database, ledger rebuild) open the database.
//
// Output has one rule for all verbs: what was asked for goes to stdout, as a
// table for people or as the API's own JSON; everything else goes to stderr;
// colours only on a terminal. A secret is on stdout only when asked for by name.
package main
