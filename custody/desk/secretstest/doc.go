// Package secretstest is the conformance suite of desk.Secrets: whoever
// implements the port passes it, so that the desk behaves the same on each.
//
// It knows the port, and nothing of any store behind it.
package secretstest
