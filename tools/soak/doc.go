// Package soak lets everything go wrong, on every target, and looks whether a
// password was lost by that.
//
// A process of its own, which is this test binary once more, keeps one account
// on a real server in custody: with the real desk, database, secret store and
// rotation worker. In the middle of a rotation it is killed, or gets an error,
// or no answer: at a given call of a port, before or after the effect, between
// two steps of the journal, or at any moment. Then it goes on, or another
// process does. Whatever happened, these must hold (the oracles):
//
//   - some value in the secret store opens the account, at once;
//   - the rotation comes to its end without help: the current value opens the
//     account, the one before does not, there is one version more and nothing
//     is staged any more;
//   - the ledger verifies and folds to the tables, and it says "verified" only
//     after a log-in that was seen;
//   - no secret that ever existed is in any log, database, error, argument or
//     environment, in any usual form.
//
// Whether an account is open is asked by the server's own client, which shares
// nothing with Tandem. A few faults for each target, drawn at random, are part
// of `make test`; `make soak` goes through all of them, and then on at random
// until TANDEM_SOAK_KILLS kills have been survived.
//
// It may know every part of Tandem, because it wires them; nothing may import it.
package soak
