// Package mysqltest starts real MariaDB servers and accounts for tests and
// benchmarks.
//
// It knows how a server is made, configured, started and ended, and how accounts
// are. It must not know what Tandem does with them. Only test code may import it.
//
// Every server listens on loopback, with TLS offered, with everything in its
// general, slow, error and binary logs, and with a user "tandem" that may change
// passwords. It needs mariadbd, mariadb-install-db and mariadb; see package
// servertest for the rest.
package mysqltest
