// Package servertest starts programs that serve on loopback for one test, and
// looks for secrets in what they leave behind.
//
// It knows processes, ports, certificates and files. It must not know which
// server it is, nor what Tandem does with it. Only test code may import it.
//
// A server ends with its test; on Linux also with a test process that is
// killed. It runs as an account of its own where the test is root's, because
// database servers refuse to run as root. Where a program is missing the test
// is skipped and names it, or fails if TANDEM_TEST_ALL is "1".
package servertest
