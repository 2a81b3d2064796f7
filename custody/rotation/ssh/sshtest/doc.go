// Package sshtest starts real OpenSSH servers, with PAM and real accounts, for
// tests and benchmarks.
//
// It knows how sshd is configured, started and ended, and how accounts are made. It must not know what Tandem does with them.
//
// Every server listens on loopback with a host key and an administrator's key
// of its own, and ends with its test; on Linux also with a test process that is
// killed. It has a root of its own: a copy of the machine's /etc, an empty /run
// and an empty /var/log, which only the server and the programs that administer
// it see. So no account of a test is ever one of the machine's, nobody waits for
// the machine's lock, and two servers know nothing of each other. A test that
// changes an account of the machine all the same fails.
//
// It needs Linux, root, unshare, sshd and useradd, for an administrator with sudo
// also sudo. Where something is missing the test is skipped and names it, or fails
// if TANDEM_TEST_ALL is "1". Only test code may import this package.
package sshtest
