// Package store keeps the ledger, the tables and the accounts in a database:
// GORM on SQLite, or on PostgreSQL; dialect.go has all that these do differently.
// It implements desk.Store and desk.Accounts, and answers the
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
//	incident_index   whom and what each incident is about, for filters (incidents.go)
//	preferences, devices, throttles, idempotency_keys, claims, arrivals
//	                 beside the ledger, and in no fold
//
// # Durability
//
// What was committed survives a power cut: SQLite has WAL with synchronous=FULL,
// PostgreSQL fsync and synchronous_commit. Every connection looks at that as it opens,
// and refuses to open where it is otherwise. Every transaction that writes holds the
// lock on the ledger's head first, also between processes: BEGIN IMMEDIATE, or
// SELECT … FOR UPDATE. Other connections only read.
//
// An error that wraps desk.ErrStoreUnavailable leaves open what happened. What
// the caller's own function returned comes back as it is, and then nothing
// happened.
package store
