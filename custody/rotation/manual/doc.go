// Package manual is for accounts whose password only a person can change:
// network gear, a server's management controller, an appliance. Tandem makes
// the new value; the successor sets it by hand and confirms that.
//
// It knows how to find out without changing anything whether a password opens
// such an account. It must not know who sets the password, nor when it is shown.
//
// A credential's target has the kind "manual", the account, and these settings:
//
//	probe  how Tandem may log in to see that the password was really set:
//	       "none", the default: it cannot, and takes the person's word;
//	       "https": by HTTP Basic authentication (RFC 7617);
//	       or the name of another kind that was wired in, like "ssh".
//
// With a probe, the address and all other settings are as the probe has them.
// Without one, the address is for people to read: a shelf, a serial number.
//
// # The probe "https"
//
// The address is host:port. Settings:
//
//	path    what to ask for with GET; it must not be readable without a
//	        log-in. Default: "/".
//	sha256  the fingerprint of the only certificate that is accepted, in hex,
//	        as "openssl x509 -fingerprint -sha256" prints it. Controllers make
//	        their own certificates, which nobody signed.
//	ca      instead of it, as package endpoint has it. Default: the system's.
//
// The path is asked for without the password first, and must be denied with
// 401; a page that everybody may read proves nothing. Then with it: 2xx is
// accepted, 401 refused. All else is unknown, 403 too: that is what is said to
// an account with too few rights, or a locked one, whatever its password
// (RFC 9110, 15.5.4). Redirects are not followed, bodies not read.
package manual
