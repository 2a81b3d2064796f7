package password

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"github.com/tandem-custody/tandem/custody"
)

// Policy is how long a password is and of which classes of characters it is
// made, at least one of each. All characters are ASCII and stand in one class only.
type Policy struct {
	Length  int
	Classes []string
}

// Default is the policy of a new installation: 24 characters of 60, which is
// 141 bits.
//
// A person may have to read it from one screen and type it at a console, so
// 0 O 1 l I are left out. It goes through shells, chpasswd, SQL, LDAP and URLs,
// so the specials are those that none of them reads as anything else.
func Default() Policy {
	return Policy{
		Length: 24,
		Classes: []string{
			"abcdefghijkmnopqrstuvwxyz",
			"ABCDEFGHJKLMNPQRSTUVWXYZ",
			"23456789",
			"-._",
		},
	}
}

// Generate makes a password: each of those that the policy allows is as likely
// as any other. It panics on a policy that nothing can satisfy.
func (p Policy) Generate() custody.Secret {
	alphabet := strings.Join(p.Classes, "")
	if p.Length < len(p.Classes) || alphabet == "" {
		panic("password: a policy that no password satisfies")
	}
	password := make([]byte, p.Length)
	// To put a class's character at a chosen place instead would make some
	// passwords likelier than others.
	for {
		for i := range password {
			password[i] = alphabet[random(len(alphabet))]
		}
		if p.complete(string(password)) {
			return custody.NewSecret(password)
		}
	}
}

// complete says whether every class is in the password.
func (p Policy) complete(password string) bool {
	for _, class := range p.Classes {
		if !strings.ContainsAny(password, class) {
			return false
		}
	}
	return true
}

// random is a number in [0, n), all alike.
func random(n int) int64 {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand ends the program itself when it has no randomness
	}
	return i.Int64()
}

// HCL is the policy as Vault's sys/policies/password takes it. Vault wants each
// attribute of a rule on a line of its own.
func (p Policy) HCL() string {
	var b strings.Builder
	fmt.Fprintf(&b, "length = %d\n", p.Length)
	for _, class := range p.Classes {
		fmt.Fprintf(&b, "\nrule \"charset\" {\n  charset   = %q\n  min-chars = 1\n}\n", class)
	}
	return b.String()
}
