// Package insider plays every path that one person, or one system, has to come to know a
// password, to become somebody, or to change who holds what: over HTTP, against a real desk
// with its database, its secret store, its mails and a witness. Its tests write the table in
// docs/threat-model.md of what they saw.
package insider
