// Package password says what a password that Tandem makes looks like, and
// which ones an account has had already.
//
// A policy is stated once, in the language of Vault's password policies (HCL):
// the embedded secret store generates from it here, and a Vault is given the
// same policy. Whatever a policy says, it must keep the company's clause (at
// least 8 characters, with digits, letters and special characters), and so must
// every password, whoever made it.
//
// It knows characters, chance and keyed digests. It knows no secret store, no
// target and no person's password: those are never judged here.
package password
