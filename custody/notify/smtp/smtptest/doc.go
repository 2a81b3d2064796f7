// Package smtptest runs a real mail server (emersion/go-smtp) on loopback, for
// tests: it keeps what it takes, decoded, and can be told what to refuse.
package smtptest
