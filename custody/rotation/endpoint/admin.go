package endpoint

import (
	"strings"

	"github.com/tandem-custody/tandem/custody"
)

// AdminRefusals are what is said of a second account that does not go with its password: a
// role, a user and an entry of a directory have words of their own.
type AdminRefusals struct {
	Unnamed *custody.Refusal // there is a password, and nobody whose it is
	Same    *custody.Refusal // it is the account itself
	Missing *custody.Refusal // there is no password
}

// AdminPassword gives the password of the second account named by the setting admin, ""
// for none, without the line break that many a file ends with. Its error is one of refusals.
func AdminPassword(admin string, password custody.Secret, same bool, refusals AdminRefusals) (custody.Secret, error) {
	password = custody.SecretString(strings.TrimRight(password.Reveal(), "\r\n"))
	switch {
	case admin == "" && !password.IsZero():
		return custody.Secret{}, refusals.Unnamed
	case admin != "" && same:
		return custody.Secret{}, refusals.Same
	case admin != "" && password.IsZero():
		return custody.Secret{}, refusals.Missing
	}
	return password, nil
}
