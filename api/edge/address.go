package edge

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientOf gives the address that a request came from: of the last machine on
// its way that is no trusted proxy. It is not valid where nobody can say. It
// believes what a trusted proxy says of the one before it, and nobody
// else: whatever stands further left in X-Forwarded-For the client may have
// written. All lines of the header count, in their order: some proxies append a
// line of their own.
func clientOf(q *http.Request, proxies []netip.Prefix) netip.Addr {
	client := addressOf(q.RemoteAddr)
	hops := strings.Split(strings.Join(q.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		trusted := slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(client) })
		next := addressOf(strings.TrimSpace(hop))
		if !trusted || !next.IsValid() {
			break
		}
		client = next
	}
	return client
}

// addressOf reads an address with or without a port, as proxies write both.
func addressOf(text string) netip.Addr {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// Network gives what counts as one address: of IPv6 the /64, because one client
// has all of it; "" for one that is not valid.
func Network(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	if addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64) // never fails for IPv6
	return prefix.String()
}
