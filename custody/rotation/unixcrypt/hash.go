// Package unixcrypt makes what Unix stores of a password, so that the password itself
// need not be sent to who stores it.
package unixcrypt

import (
	"fmt"

	"github.com/go-crypt/crypt/algorithm/shacrypt"

	"github.com/tandem-custody/tandem/custody"
)

// Hash gives a password as crypt(5) has it, by the method sha512crypt ($6$) with 16
// random characters of salt. Every Linux verifies that since 2007 (glibc 2.7, musl,
// libxcrypt), in FIPS mode too, which knows no yescrypt. The rounds are the method's
// default of 5,000: a password that Tandem makes is not to be guessed, and each log-in pays.
func Hash(password custody.Secret) (string, error) {
	hasher, err := shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithIterations(shacrypt.IterationsDefaultOmitted))
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	digest, err := hasher.Hash(password.Reveal())
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return digest.Encode(), nil
}
