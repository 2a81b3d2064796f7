// Package ldap changes the password of an account in an LDAP directory: by a
// second account that may write passwords, or by the account itself.
//
// It knows LDAP and what a directory can say about a log-in for certain. It
// knows nothing of custody, of when to rotate, nor of where secrets are kept.
//
// A credential's target has the kind "ldap", the address host:port, the DN that
// the account binds with as its account, and these settings:
//
//	tls     "starttls" (the default), "ldaps", or "off", on loopback only:
//	        a simple bind sends the password as it is.
//	ca      as package endpoint has it
//	admin   DN of a second account that may write the password, whose own
//	        password is the secret of the credential's administration.
//	        Without it the account changes its own password, which takes the
//	        one that is valid now.
//	method  "exop" (the default): the Password Modify operation of RFC 3062.
//	        The directory hashes, and can hold the value against its policy.
//	        "userPassword": for directories without it, a hash that is made
//	        here replaces that attribute (RFC 2307, 5.3). Such a directory
//	        cannot hold the value against any policy.
//	        "unicodePwd": for Active Directory, over TLS ([MS-ADTS],
//	        3.1.1.3.1.5). The domain holds the value against its policy.
//
// A log-in is a simple bind over a fresh connection (RFC 4513, 5.1.3). An empty
// password is never sent: directories let that in, as nobody (5.1.2). Refused
// means result 49 (invalidCredentials), unless the directory says, in the
// answer's password policy control (draft-behera-ldap-password-policy-10), that
// it would not have taken any password. A directory that is not set up to say
// so answers a locked account like a wrong password. A domain controller says
// it by a number in front of its text, in one form, of which nothing else counts.
//
// Only result codes and that number count: no other text that a directory
// sends is read, and none is logged or put into an error. A referral is not followed: it would take the passwords to
// another server than the one that was named.
package ldap
