package password

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"github.com/tandem-custody/tandem/custody"
)

// Policy is how long a password is, of which characters it is made, and how
// many of which there are at least. Check says whether it can be used.
type Policy struct {
	Length  int // in characters
	Classes []Class
}

// Class is some characters, and how many of them are in each password at least.
// A character may stand in several classes, and then counts for each.
type Class struct {
	Chars string // ASCII
	Min   int    // 0: they may be in it
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
		Classes: []Class{
			{"abcdefghijkmnopqrstuvwxyz", 1},
			{"ABCDEFGHJKLMNPQRSTUVWXYZ", 1},
			{"23456789", 1},
			{"-._", 1},
		},
	}
}

// Generate makes a password: each of those that the policy allows is as likely
// as any other. It panics on a policy that nothing can satisfy.
func (p Policy) Generate() custody.Secret {
	alphabet := p.alphabet()
	if alphabet == "" || !p.satisfiable() {
		panic("password: a policy that no password satisfies")
	}
	password := make([]byte, p.Length)
	// To put a class's characters at chosen places instead would make some
	// passwords likelier than others. Check bounds how often this goes round.
	for {
		for i := range password {
			password[i] = alphabet[random(len(alphabet))]
		}
		if p.allows(string(password)) {
			return custody.NewSecret(password)
		}
	}
}

// alphabet is every character of the policy, once.
func (p Policy) alphabet() string {
	var all strings.Builder
	for _, class := range p.Classes {
		for _, c := range []byte(class.Chars) {
			if strings.IndexByte(all.String(), c) < 0 {
				all.WriteByte(c)
			}
		}
	}
	return all.String()
}

// satisfiable says whether each class can have its least number at places of
// its own. Shared characters might do with fewer places, but Vault refuses that too.
func (p Policy) satisfiable() bool {
	places := 0
	for _, class := range p.Classes {
		if class.Min > p.Length || class.Min > 0 && class.Chars == "" {
			return false
		}
		places += class.Min
	}
	return places <= p.Length
}

// allows says whether enough of every class is in a word over the alphabet.
func (p Policy) allows(word string) bool {
	for _, class := range p.Classes {
		if count(word, class.Chars) < class.Min {
			return false
		}
	}
	return true
}

// count is how many of the characters of word are among chars.
func count(word, chars string) (n int) {
	for _, c := range word {
		if strings.ContainsRune(chars, c) {
			n++
		}
	}
	return n
}

// random is a number in [0, n), all alike.
func random(n int) int64 {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand ends the program itself when it has no randomness
	}
	return i.Int64()
}

// HCL is the policy as Vault's sys/policies/password takes it, and ParseHCL.
// Vault wants each attribute of a rule on a line of its own, and takes a brace
// behind a dollar sign for the start of a template unless it is escaped.
func (p Policy) HCL() string {
	var b strings.Builder
	fmt.Fprintf(&b, "length = %d\n", p.Length)
	for _, class := range p.Classes {
		charset := strings.ReplaceAll(fmt.Sprintf("%q", class.Chars), "{", `\u007b`)
		fmt.Fprintf(&b, "\nrule \"charset\" {\n  charset   = %s\n  min-chars = %d\n}\n", charset, class.Min)
	}
	return b.String()
}
