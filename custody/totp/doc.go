// Package totp turns a typed code into the steps of RFC 6238 that it belongs to.
//
// It is pure: it is given the seed and the instant, keeps nothing, and does not
// know which steps were used before. That a step confirms one request only is a
// rule of package custody; that the seed comes from the secret store is the
// business of package desk.
package totp
