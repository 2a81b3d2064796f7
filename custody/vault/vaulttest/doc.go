// Package vaulttest starts real HashiCorp Vault servers for tests and benchmarks.
//
// It knows how a Vault process is found, started, given plug-ins, initialised, sealed, stopped and ended. It must not
// know what Tandem keeps in it: mounts, policies and roles are made by the tests, or by the code under test.
//
// Every server listens on loopback, keeps its files in a folder of [testing.TB.TempDir], and ends with its test: by
// [testing.TB.Cleanup] when the test returns or fails, and on Linux by PR_SET_PDEATHSIG when the test process itself
// dies of a panic, a timeout or a kill. A failed test shows the end of the server's log.
//
// Only test code may import this package.
package vaulttest
