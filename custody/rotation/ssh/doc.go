// Package ssh changes the password of an account on a host that runs an SSH
// server and chpasswd, logged in as root or as an administrator with sudo.
//
// It knows SSH and what it can say about a log-in for certain. It knows nothing
// of custody, of when to rotate, nor of where secrets are kept.
//
// A credential's target has the kind "ssh", the address host:port, the account,
// and these settings:
//
//	host_key  the host's public key, as in authorized_keys; several, one a
//	          line, while a host changes its key. Required: no other host is
//	          ever talked to.
//	admin     who logs in to change the password, with the private key of the
//	          credential. Default: root.
//	sudo      "true": chpasswd is run by "sudo -n", for which sudoers needs
//	          ADMIN ALL=(root) NOPASSWD: /usr/sbin/chpasswd
//
// The password goes to chpasswd on its standard input; the command line is
// fixed, so that nothing is there for a shell to interpret or for another user
// of the host to read. Only its exit status counts: no text that the host sends
// is parsed, logged or put into an error.
//
// A log-in is tried exactly once, by the method "password" or, where the host
// does not offer that, "keyboard-interactive": hosts lock accounts. Refused
// means that the host answered this try with SSH_MSG_USERAUTH_FAILURE (RFC 4252,
// 5.1). A host that ends the connection instead, for MaxStartups or because its
// MaxAuthTries is 1, has said nothing.
package ssh
