package edge_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api/edge"
)

// TestAFormKeyIsOneThatWeMade: what somebody else wrote into a form is none, or whoever
// makes a page of their own decides under which key another person's form is remembered.
func TestAFormKeyIsOneThatWeMade(t *testing.T) {
	of := func(key string) edge.Key {
		return edge.FormKey("/leave", url.Values{edge.KeyField: {key}, "reason": {"training"}})
	}
	ours := edge.NewFormKey()
	if first, again := of(ours), of(ours); first == (edge.Key{}) || first != again {
		t.Error("ours is none, or another each time")
	}
	for name, key := range map[string]string{
		"nothing": "", "too short": ours[1:], "too long": ours + "A", "other letters": strings.Repeat("1", len(ours)), "small letters": strings.ToLower(ours), "one other letter": "!" + ours[1:],
	} {
		if of(key) != (edge.Key{}) {
			t.Errorf("%s is a key", name)
		}
	}
}
