package main

import (
	"testing"

	"github.com/tandem-custody/tandem/api"
)

// The tool says which keys open an account beside its password, and how many are not named.
func TestToolSaysWhichKeysRemain(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]api.Remaining{
		"": {Listed: true},
		"opened by 1 key(s) besides, which outlive its password: SHA256:a":                     {Listed: true, Keys: []string{"SHA256:a"}},
		"opened by 5 key(s) besides, which outlive its password: SHA256:a SHA256:b and 3 more": {Listed: true, Keys: []string{"SHA256:a", "SHA256:b"}, More: 3},
	} {
		if said := remaining(r); said != want {
			t.Errorf("%+v: %q, not %q", r, said, want)
		}
	}
}
