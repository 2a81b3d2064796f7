package desk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// TestAFeedIsOneToken: what is almost one, somebody else's, or was closed, is none.
func TestAFeedIsOneToken(t *testing.T) {
	o, ctx := desktest.New(t), t.Context()
	token, err := o.Desk.OpenFeed(ctx, desk.By{Actor: "tech-a", Request: "feed", Code: o.Code("tech-a")})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := o.Desk.FeedOf(ctx, token); err != nil || p.Username != "tech-a" {
		t.Fatalf("%s, %v", p.Username, err)
	}
	_, secret, _ := strings.Cut(token.Reveal(), ".")
	for _, other := range []string{"", ".", "tech-a.", "tech-a", secret, "." + secret, "tech-b." + secret, "nobody." + secret, token.Reveal() + "A", token.Reveal()[1:]} {
		if p, err := o.Desk.FeedOf(ctx, custody.SecretString(other)); !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("%q is of %q, %v", other, p.Username, err)
		}
	}
	o.Must("tech-a", custody.CloseFeed{})
	if _, err := o.Desk.FeedOf(ctx, token); !errors.Is(err, desk.ErrNotFound) {
		t.Errorf("closed: %v", err)
	}
}
