package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// What opens an account beside its password, as it was listed last, is in the answer.
func TestWhatOpensItBesidesIsInTheAnswer(t *testing.T) {
	s, ctx := serve(t), t.Context()
	c := s.as(t, "tech-a")
	if got := ok(c.Credential(ctx, "db01"))(t).Remaining; got.Listed {
		t.Errorf("nobody listed any: %+v", got)
	}
	key := "SHA256:" + strings.Repeat("k", 43)
	version := ok(c.Credential(ctx, "db01"))(t).Version
	s.must(t, custody.System, "", custody.StartVerification{Credential: "db01", Version: version})
	s.must(t, custody.System, "", custody.EndVerification{
		Credential: "db01", Version: version, Result: custody.VerificationAccepted, Remaining: custody.Lists([]string{key}),
	})
	if got := ok(c.Credential(ctx, "db01"))(t).Remaining; !got.Listed || !slices.Equal(got.Keys, []string{key}) || got.More != 0 {
		t.Errorf("after a list: %+v", got)
	}
}
