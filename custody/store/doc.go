// Package store keeps the ledger, the tables and the accounts in a database:
// GORM on SQLite. It implements desk.Store and desk.Accounts, and answers the
// queries of the API, of the rotation worker and of the verifier.
//
// It knows rows, transactions and how a custody value becomes a row. It must
// not know a rule: whether something may happen was decided before it gets
// here. It never sees a secret, a seed, a code or a token in clear.
//
// # What is where
//
//	ledger_entries   the truth: index and canonical record, never changed
//	ledger_nodes     the RFC 6962 tree's hashes, by tlog.StoredHashIndex
//	ledger_head      one row: size, root, and the counters of custody.State
//	people, credentials, handovers, sessions, documents, seal_keys
//	                 the ledger folded by custody.Apply: for queries and for a
//	                 start that does not read history; Rebuild makes them anew
//	ledger_index     who and what each entry is about, for filters (index.go)
//	preferences, devices, throttles, idempotency_keys, claims, arrivals
//	                 beside the ledger, and in no fold
//
// # Durability
//
// WAL with synchronous=FULL: what was committed survives a power cut. Every
// connection states its pragmas as it opens and refuses to open when one of
// them did not take (sqlite.go). One connection writes, and every transaction
// on it starts with BEGIN IMMEDIATE, which is the lock on the ledger's head:
// also between processes. The others only read.
//
// An error that wraps desk.ErrStoreUnavailable leaves open what happened. What
// the caller's own function returned comes back as it is, and then nothing
// happened.
package store
