// Package reconcile lays a secret store's own audit log beside the ledger and
// says which accesses went past Tandem: special events (clause 4.5).
//
// It knows accesses, entries, and which request may touch which path. It must
// not know how a secret store writes its log, nor where the ledger is kept.
//
// # What is in order
//
// Tandem gives every access the id of the request that it is for. An access is
// in order when it is made by Tandem's own log-in and the ledger has entries of
// that id that allow exactly this path, at about that time:
//
//	credentials/NAME  a check-out that was granted, or shown again; a
//	                  rotation of NAME, while it lasts; putting NAME into custody
//	keys/NAME         a rotation of NAME; putting NAME into custody
//	staged/NAME-N     rotation N of NAME
//	staged/request-*  the request that brought secrets with a credential, also a refused one
//	seeds/PERSON      whatever PERSON did or was refused; a lock-out of PERSON;
//	                  giving PERSON a new seed
//	accounts/PERSON   as seeds/PERSON; a log-in that makes PERSON new recovery codes
//	seeds/-, accounts/-
//	                  a lock-out of names that nobody has
//	internal/throttle a log-in, also a refused one; a lock-out, and what lifts it; a person added
//	internal/identity putting a credential into custody, asking for it, also where that is refused
//	internal/seal     a start: it is read for no request
//	internal/seals/ID reading it, at any time; writing it, when the ledger says that it is
//	                  sealed with it from then on
//	internal/anchor   at any time: it says how far the ledger has come
//	internal/relay    at any time: the mail server in force
//	internal/channels/NAME
//	                  likewise: a channel in force
//
// Many confirmations share one read of a seed: it belongs to the request that
// caused it.
//
// # What cannot be decided
//
// Failed log-ins of strangers are counted, not entered, so that nobody outside
// can fill the ledger; and a command that was repeated or gave up leaves no entry
// of its own. Each may read a seed, or an account. Such a read by Tandem's own log-in is
// reported as not entered, which is ordinary: compare their number with the
// lock-outs. It never covers a password or a key of a server, nor a write.
//
// Whoever has Tandem's own log-in at the secret store and the ledger can copy an
// id and read the same path once more, in time. Such reads show as repeated.
package reconcile
