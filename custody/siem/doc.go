// Package siem sends the ledger to a security information system as it grows:
// syslog over TLS (RFC 5425, messages of RFC 5424), in JSON or CEF.
//
// It knows entries and syslog. It must not know a rule of custody, and custody
// never waits for it: it reads committed entries from its own stored position,
// and whatever the receiver does, the desk goes on.
//
// # At least once
//
// RFC 5425 has no acknowledgement: what was written may be lost with its
// connection. So the position moves behind an entry only when the connection has
// lived on for a while after it was written (Config.Settle); after a break, what
// came since is sent again. A receiver knows a repetition by the entry's index,
// and a gap too: indexes have none.
package siem
