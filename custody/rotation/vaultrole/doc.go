// Package vaultrole has Vault change passwords, by the static roles of its own
// engines: what Vault has a plug-in for, Tandem can keep in custody so.
//
// It knows the paths of these engines, and a Vault by two calls. It knows
// neither how to log in to Vault, nor custody, nor the system behind the role.
//
// A credential's target has the kind "vault-ldap" or "vault-database", the
// address host:port of the system behind Vault, the account that the role is of
// (what Vault calls the role's username; with vault-ldap also its dn), and
// these settings:
//
//	role     name of the static role. Required.
//	mount    where the engine is mounted. Default: ldap, or database.
//	probe    kind of target that can log in to the system, such as ldap or
//	         postgres. Vault cannot try a password, so without it what Vault
//	         says is all that is known of a change.
//	probe.X  setting X of that target, which has the same address; probe.account
//	         is its account, where that is called otherwise there than in Vault.
//
// Vault makes the passwords (rotation.Maker): Tandem asks it to rotate the role
// and reads what it made. Before and after, the role must be of the account: a
// role that somebody gave another one would change that one's password.
//
// Vault keeps the password that it made last readable for as long as the role
// exists, and one that it could not set for certain in a write-ahead log, from
// which it tries again. So nothing is lost between a rotation and the reading.
// An answer with status 500 or above, unless it is that Vault is sealed, says
// nothing about whether it happened.
package vaultrole
