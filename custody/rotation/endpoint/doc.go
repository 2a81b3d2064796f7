// Package endpoint reads from a credential's target where a server listens and
// how it is known to be the right one, as the targets that speak over TCP and
// TLS have it in common.
//
// It knows addresses, certificates and how to say which setting is wrong. It
// connects nowhere, and knows no protocol and no secret.
//
// These settings are its own:
//
//	tls  "verify", the default: nothing secret is sent before the server has
//	     shown a certificate for the host of the address. "off": only for a
//	     loopback address, where nobody but root of this machine stands in
//	     between.
//	ca   the certificates, in PEM, of which one must have signed the server's,
//	     or be it; the system's are not asked then. Default: the system's.
//	     Line breaks may be spaces, as a setting in an entry has none.
package endpoint
