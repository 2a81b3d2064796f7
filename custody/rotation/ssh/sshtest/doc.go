// Package sshtest starts real OpenSSH servers, with PAM, and real accounts for
// tests and benchmarks.
//
// It knows how sshd is configured, started and ended, and how accounts are made
// and removed. It must not know what Tandem does with them.
//
// Every server listens on loopback with a host key and an administrator's key
// of its own, and ends with its test; on Linux also with a test process that is
// killed. Accounts are called tandem-test-… and go with their test, also with
// one that fails.
//
// The password of the machine's own root is never touched: a server that lets
// root in with one has a copy of the machine's accounts.
//
// It needs root, sshd and useradd, for an administrator with sudo also sudo.
// Where something is missing the test is skipped and names it, or fails if
// TANDEM_TEST_ALL is "1". Only test code may import this package.
package sshtest
