// Package password says what a password that Tandem makes looks like. One
// policy is stated once, as a value: the embedded secret store generates from
// it here, and a Vault is given the same policy in its own language (HCL).
//
// It knows characters and chance. It knows no secret store, no target and no
// person's password: those are never judged here.
package password
