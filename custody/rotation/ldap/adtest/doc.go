// Package adtest starts a real Active Directory domain controller, Samba's, and makes
// real accounts in it, for tests.
//
// It knows how a domain is provisioned, how samba is configured, started and ended, and how
// accounts are made and tried with OpenLDAP's own tools. It must not know what Tandem does
// with them.
//
// A controller wants ports below 1024, so it has a network of its own, in which nobody else
// is; Addr and AddrTLS are ports of the machine from which connections are carried on into
// it. All that it keeps is in a folder that goes with the test, and nothing below /etc or
// /var of the machine is read or written. It runs its directory and nothing else: no SMB, no
// Kerberos, no DNS.
//
// It needs Linux, root, nsenter, samba with the Python modules that provision it, and
// ldap-utils. Where something is missing the test is skipped and names it, or fails if
// TANDEM_TEST_ALL is "1". Only test code may import this package.
package adtest
