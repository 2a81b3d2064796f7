// Package desk is where commands are carried out: the use cases.
//
// A desk takes a command, finds out what its TOTP code proves, and has the
// domain decide on it inside one transaction: hold the ledger's head, catch up
// with what others appended, Decide, append the entries, move the tables,
// commit. Only then it answers, and only then anything else happens: a secret
// is read, the rotation worker wakes. No entry, no secret.
//
// The secrets that a command brings are stored when it has been decided and before
// its entry is committed: see bound.
//
// Intents that arrive while a commit is running wait and share the next one.
// Each is decided on the state that the one before it left, and each gets its
// own answer.
//
// It knows the ports (Store, Accounts, Secrets, Clock) and the order of things.
// It must not know a rule (package custody), a database, Vault, HTTP, or how a
// password is changed on a server.
package desk
