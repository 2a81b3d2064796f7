package ldap

import (
	"errors"

	"github.com/go-ldap/ldap/v3"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/unixcrypt"
)

// request prepares the change of the password. old is zero when somebody else
// than the account is logged in.
func (t *target) request(old, next custody.Secret) (func(*ldap.Conn) error, error) {
	if t.method == byUnicodePwd {
		return t.unicodePwd(old, next)
	}
	if t.method == byExop {
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

// unicodePwd prepares the change of the password of Active Directory ([MS-ADTS],
// 3.1.1.3.1.5): replaced by whoever may reset it, and by the account itself the old one
// taken away and the new one added.
func (t *target) unicodePwd(old, next custody.Secret) (func(*ldap.Conn) error, error) {
	const attribute = "unicodePwd"
	value, ok := quoted(next)
	if !ok {
		return nil, rotation.ErrValue
	}
	modify := ldap.NewModifyRequest(t.account, nil)
	if old.IsZero() {
		modify.Replace(attribute, []string{value})
	} else {
		before, ok := quoted(old)
		if !ok {
			return nil, errors.New("the old password is none that it can have")
		}
		modify.Delete(attribute, []string{before})
		modify.Add(attribute, []string{value})
	}
	return func(conn *ldap.Conn) error { return conn.Modify(modify) }, nil
}

// hash makes a value of userPassword: {CRYPT} with SHA-512-crypt. slapd verifies
// that by the C library of Linux, without a module, which {ARGON2} takes; its
// own {SSHA} is one round of SHA-1.
func hash(password custody.Secret) (string, error) {
	stored, err := unixcrypt.Hash(password)
	return "{CRYPT}" + stored, err
}
