package ldap

import (
	"github.com/go-ldap/ldap/v3"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/unixcrypt"
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
// own {SSHA} is one round of SHA-1.
func hash(password custody.Secret) (string, error) {
	stored, err := unixcrypt.Hash(password)
	return "{CRYPT}" + stored, err
}
