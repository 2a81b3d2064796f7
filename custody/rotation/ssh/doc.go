// Package ssh changes the password of an account on a host that runs an SSH
// server: as root, as an administrator with sudo, or as the account itself.
//
// It knows SSH and what it can say about a log-in for certain. It knows nothing
// of custody, of when to rotate, nor of where secrets are kept.
//
// A credential's target has the kind "ssh", the address host:port, the account,
// and these settings:
//
//	host_key  the host's public key, as in authorized_keys; several, with
//	          semicolons between, while a host changes its key. Required: no
//	          other host is ever talked to.
//	admin     who logs in to change the password, with the private key of the
//	          credential. Default: root.
//	sudo      "true": chpasswd is run by "sudo -n", for which sudoers needs
//	          ADMIN ALL=(root) NOPASSWD: /usr/sbin/chpasswd -e
//	own       "true": the account logs in with its old password and changes it
//	          by passwd. There need be no key; if there is one, admin and sudo
//	          say how Reconcile uses it.
//	root_login "true": whether sshd lets root in with a password need not be
//	          asked, somebody has seen PermitRootLogin yes there.
//	shell     "false": the account runs no commands (nologin, SFTP only), so
//	          that being let in is all the proof there can be.
//
// # What runs on the host
//
// The command lines are fixed, so that nothing is there for a shell to interpret
// or for another user of the host to read: passwords go to standard inputs. Only
// the exit status counts: no text that the host sends is logged or put into an
// error, and none is parsed but the words of sudoers that "sudo -l" repeats.
//
// sudo can keep what commands read, and a password with it. So chpasswd gets a
// hash from sudo's administrator, or the password where sudo keeps no input.
//
// passwd gets no terminal. With one, PAM throws away what was typed before it
// asked (misc_conv(3) flushes the input), and to wait for the question is to
// parse human text. Without one it reads line after line. It can never set
// another value than the new one: the only one that is there twice. It always
// changes the account that has logged in, so there is no name to get wrong. root
// it does not ask for the old password, so root uses chpasswd in its place.
//
// # What a log-in proves
//
// A log-in is tried exactly once, by the method "password" or, where the host
// does not offer that, "keyboard-interactive": hosts lock accounts. Refused
// means that the host answered this try with SSH_MSG_USERAUTH_FAILURE (RFC 4252,
// 5.1). A host that ends the connection instead has said nothing: for
// MaxStartups, because PAM's account check failed (an expired account: sshd
// does so only for the right password), or because its MaxAuthTries is 1. Of
// the last, the SSH_MSG_DISCONNECT has the reason code 2, as every protocol
// error has; only human text tells them apart, so that is not used.
//
// Let in is not enough, either: sshd lets an expired password in, and then runs
// nothing but a demand for another. So a word that it is to echo must come back.
//
// With the proof comes a list: the fingerprints of the keys in the account's own
// authorized_keys, which open it whatever its password is.
//
// # The administrator's secret is a key
//
// Not a password: that would be one more password that somebody must hold and
// change, outside of custody, and a wrong one would lock out the administrator
// of every host that has it.
package ssh
