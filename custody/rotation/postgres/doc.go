// Package postgres changes the password of a role of a PostgreSQL server, by a
// second role that may do that or by the role itself.
//
// It knows PostgreSQL's log-in, the SCRAM verifier that it stores, and what its
// SQLSTATEs say for certain. It knows nothing of custody, of when to rotate, nor
// of where secrets are kept.
//
// A credential's target has the kind "postgres", the address host:port, the
// role as the account, those settings of package endpoint, and these:
//
//	database  which one to log in to. Default: postgres.
//	admin     the role that changes the password, by the password at the key of
//	          the credential; another than the account. Without it the account
//	          changes its own with the one that it has, and what is lost then
//	          cannot be reconciled.
//
// With an admin it is always the admin that changes it: then it does not matter
// which of several values the account has at that moment.
//
// The server never gets the password. What it gets is the verifier that it
// would have computed of it, SCRAM-SHA-256 (RFC 7677), as libpq's
// PQchangePassword does: a statement that holds the password itself would be in
// the server's log, with log_statement as well as when it fails.
//
// A log-in counts only when the server demanded the password for it: pg_hba.conf
// may let in by "trust", which proves nothing. Where there is no TLS the
// password is given by SCRAM alone, which does not show it to the server; over
// verified TLS also by the older methods that old roles have.
//
// No text that the server sends is put into an error or a log.
package postgres
