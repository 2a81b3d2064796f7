package edge

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestWhereARequestComesFrom(t *testing.T) {
	const proxy = "10.0.0.1:4711"
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"without a proxy", "192.0.2.7:1", nil, "192.0.2.7"},
		{"behind one", proxy, []string{"192.0.2.7"}, "192.0.2.7"},
		{"behind two", proxy, []string{"192.0.2.7, 10.9.9.9"}, "192.0.2.7"},
		{"behind two, each with a line of its own", proxy, []string{"192.0.2.7", "10.9.9.9"}, "192.0.2.7"},
		{"who makes a way up", proxy, []string{"1.1.1.1, 192.0.2.7"}, "192.0.2.7"},
		{"who makes a line up", proxy, []string{"1.1.1.1", "192.0.2.7"}, "192.0.2.7"},
		{"who is no proxy and says so", "192.0.2.7:1", []string{"1.1.1.1"}, "192.0.2.7"},
		{"who claims to be one", proxy, []string{"1.1.1.1, 10.0.0.3, 192.0.2.7"}, "192.0.2.7"},
		{"with a port", proxy, []string{"192.0.2.7:5555"}, "192.0.2.7"},
		{"IPv6 in brackets", proxy, []string{"[2001:db8:2::5]:5555"}, "2001:db8:2::5"},
		{"IPv6 mapped", "[::ffff:10.0.0.1]:80", []string{"::ffff:192.0.2.7"}, "192.0.2.7"},
		{"a proxy that names nobody", proxy, nil, "10.0.0.1"},
		{"a proxy that does not know", proxy, []string{"unknown"}, "10.0.0.1"},
		{"nothing but proxies", proxy, []string{"10.1.1.1, 10.2.2.2"}, "10.1.1.1"},
	} {
		q := httptest.NewRequest(http.MethodGet, "/", nil)
		q.RemoteAddr = c.peer
		q.Header["X-Forwarded-For"] = c.forwarded
		if got := clientOf(q, trusted).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	q := httptest.NewRequest(http.MethodGet, "/", nil)
	q.RemoteAddr = proxy
	q.Header.Set("X-Forwarded-For", "192.0.2.7")
	if got := clientOf(q, nil).String(); got != "10.0.0.1" {
		t.Errorf("nobody is trusted by default: %s", got)
	}
}
