// Package smtp hands single plain-text mails to a mail server (RFC 5321), which
// delivers them.
//
// It knows SMTP, MIME and which failures are worth another try. It must not know
// what a mail is about.
//
// Text is all there is: no HTML, no attachment, no picture that would tell its
// sender who reads, and nothing in a mail client can look different from what
// was written.
package smtp
