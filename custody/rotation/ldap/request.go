package ldap

import (
	"fmt"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"github.com/go-ldap/ldap/v3"

	"github.com/tandem-custody/tandem/custody"
)

// request prepares the change of the password. old is zero when somebody else
// than the account is logged in.
func (t *target) request(old, next custody.Secret) (func(*ldap.Conn) error, error) {
	if !t.hashes {
		modify := ldap.NewPasswordModifyRequest(t.account, old.Reveal(), next.Reveal())
		return func(conn *ldap.Conn) error {
			_, err := conn.PasswordModify(modify)
			return err
		}, nil
	}
	value, err := hash(next)
	if err != nil {
		return nil, err
	}
	// Other values of the attribute go: they are passwords of the account too.
	modify := ldap.NewModifyRequest(t.account, nil)
	modify.Replace("userPassword", []string{value})
	return func(conn *ldap.Conn) error { return conn.Modify(modify) }, nil
}

// hash makes a value of userPassword: {CRYPT} with SHA-512-crypt. slapd verifies
// that by the C library of Linux, without a module, which {ARGON2} takes; its
// own {SSHA} is one round of SHA-1. The rounds are the format's default of
// 5,000: a password that Tandem makes is not to be guessed, and each log-in pays.
func hash(password custody.Secret) (string, error) {
	hasher, err := shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithIterations(shacrypt.IterationsDefaultOmitted))
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	digest, err := hasher.Hash(password.Reveal())
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return "{CRYPT}" + digest.Encode(), nil
}
