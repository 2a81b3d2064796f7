// Package siem sends the ledger to a security information system as it grows:
// syslog over TLS (RFC 5425, messages of RFC 5424), in JSON or CEF.
//
// It knows entries and syslog. It must not know a rule of custody, and custody
// never waits for it: it reads committed entries from its own stored position,
// and whatever the receiver does, the desk goes on.
//
// # At least once
//
// RFC 5425 has no acknowledgement of a message: what was written may sit in a
// buffer, and be lost with it. It has one of a whole connection: who is told
// close_notify has to answer in kind (section 4.4), after all that came before
// it. So whenever something was sent, this package falls silent for a while
// (Config.Settle), ends the connection, and moves its position only when the
// receiver ends its side in order; then it connects again. After anything else, a
// reset, no answer, an end that nobody asked for, all that was sent since comes
// again. A receiver knows a repetition by the entry's index, and a gap too:
// indexes have none.
//
// What can still be lost is what the receiver's program has read and not stored,
// and what a proxy between the two has taken and ends in order all the same.
package siem
