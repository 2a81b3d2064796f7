// Package ldaptest starts real OpenLDAP servers and makes real accounts in them,
// for tests and benchmarks.
//
// It knows how slapd is configured, loaded, started and ended, and how accounts
// are made and tried with OpenLDAP's own tools. It must not know what Tandem
// does with them.
//
// Every server listens on loopback, in clear with StartTLS and over TLS, with a
// certificate of its own; it keeps its tree in a folder that goes with the test,
// and logs at "stats args trace".
//
// It needs slapd and ldap-utils; custody/rotation/servertest says what happens
// where they are missing. Only test code may import this package.
package ldaptest
