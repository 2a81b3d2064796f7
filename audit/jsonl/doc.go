// Package jsonl reads a log from an export in JSON lines: each line one record,
// byte for byte what the tree commits to, from index 0 on and none left out. A line
// {"entry": the record, "texts": ...} has beside it what the record commits to.
//
// It knows lines and package audit. It must not know what is in a record, nor
// believe that it is one: that is for audit.Verify, to which it is a Source.
package jsonl
