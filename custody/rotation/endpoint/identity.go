package endpoint

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Identity is what an account at an address is called, whichever way the address
// is spelled: see rotation.Identified. It looks nothing up, so a second name of a host
// is another host.
func Identity(kind, account, address string) string {
	return kind + " " + account + "@" + Canonical(address)
}

// lookup maps a host name as browsers do before they look it up. Names with an
// underscore are none of the Internet's, and in use.
var lookup = idna.New(idna.MapForLookup(), idna.StrictDomainName(false))

// Canonical gives the one way in which an address is written: a name in ASCII and
// lower case, without the dot of the root; an IP address in its shortest form, an
// IPv4 one as such; a port without zeros before it. What is no address is only put
// in lower case.
func Canonical(address string) string {
	address = strings.TrimSpace(address)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]"), ""
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	} else if ascii, err := lookup.ToASCII(host); err == nil {
		host = strings.TrimSuffix(ascii, ".")
	} else {
		host = strings.TrimSuffix(strings.ToLower(host), ".")
	}
	if number, err := strconv.ParseUint(port, 10, 16); err == nil {
		port = strconv.FormatUint(number, 10)
	}
	if port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}
