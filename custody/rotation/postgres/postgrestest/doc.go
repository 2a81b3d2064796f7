// Package postgrestest starts real PostgreSQL servers and roles for tests and
// benchmarks.
//
// It knows how a server is made, configured, started and ended, and how roles
// are. It must not know what Tandem does with them. Only test code may import it.
//
// Every server listens on loopback, with TLS offered, with all statements in
// its log and with a role "tandem" that may change passwords (CREATEROLE). It
// needs postgres, initdb and psql; see package servertest for the rest.
package postgrestest
