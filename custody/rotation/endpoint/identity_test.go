package endpoint_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// TestEverySpellingOfAnAddressIsOne: what leads to the same place is written the
// same, and what does not is not.
func TestEverySpellingOfAnAddressIsOne(t *testing.T) {
	for one, others := range map[string][]string{
		"db01.example:22":          {"DB01.example:22", "db01.example.:22", "db01.example:022", " db01.example:22 ", "db01。example:22", "ｄｂ01.example:22"},
		"xn--bcher-kva.example:22": {"bücher.example:22", "BÜCHER.example.:22", "XN--BCHER-KVA.example:22", "bu\u0308cher.example:22"},
		"[2001:db8::1]:22":         {"[2001:DB8:0:0:0:0:0:1]:22", "[2001:0db8::0001]:22"},
		"10.0.0.1:22":              {"[::ffff:10.0.0.1]:22", "[::ffff:a00:1]:22"},
		"db_01:22":                 {"DB_01:22"},
		"core switch":              {"Core Switch", " core switch"},
	} {
		for _, other := range append(others, one) {
			if got := endpoint.Canonical(other); got != one {
				t.Errorf("%q is %q, want %q", other, got, one)
			}
		}
	}
	for _, other := range []string{"db02.example:22", "db01.example:2222", "db01:22", "[2001:db8::2]:22", "10.0.0.2:22"} {
		if endpoint.Canonical(other) != other {
			t.Errorf("%q is %q", other, endpoint.Canonical(other))
		}
	}
}
