package smtp

import (
	"errors"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
)

// recipient reads whom a mail is for.
func recipient(m Mail) (*mail.Address, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil {
		return nil, errors.New("the address cannot be read")
	}
	if to.Address, err = address(to.Address); err != nil {
		return nil, err
	}
	to.Name = OneLine(m.Name)
	return to, nil
}

// address gives an address with its domain as the DNS has it: every mail server
// can take that, and only a few take the letters that people write.
func address(written string) (string, error) {
	at := strings.LastIndex(written, "@")
	if at < 0 {
		return "", errors.New("the address has no @")
	}
	host, err := domain(written[at+1:])
	if err != nil {
		return "", err
	}
	return written[:at+1] + host, nil
}

// domain gives a name as the DNS has it (RFC 5891); one in ASCII stays as it is.
func domain(name string) (string, error) {
	if ascii(name) {
		return name, nil
	}
	name, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return "", errors.New("the domain has letters that no domain can have")
	}
	return name, nil
}

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > '~' })
}
