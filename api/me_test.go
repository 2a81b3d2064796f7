package api_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
)

func TestWhereIAmLoggedIn(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.must(t, "tech-a", "2", s.newSession())
	s.must(t, "tech-a", "3", s.newSession())
	a := s.as(t, "tech-a")
	open := ok(a.Sessions(ctx))(t)
	if len(open) != 3 || !open[0].Here || open[1].Here || open[1].ExpiresAt.Before(open[1].OpenedAt) {
		t.Fatalf("%+v", open)
	}
	if err := a.EndSession(ctx, open[1].ID); err != nil {
		t.Fatal(err)
	}
	if left := ok(a.Sessions(ctx))(t); len(left) != 2 || left[1].ID != open[2].ID {
		t.Errorf("%+v", left)
	}
	want(t, a.EndSession(ctx, open[1].ID), custody.NotFound)
	want(t, a.EndSession(ctx, strings.Repeat("b", 64)), custody.NotFound)
	for _, other := range ok(s.as(t, "tech-b").Sessions(ctx))(t) {
		want(t, a.EndSession(ctx, other.ID), custody.NotFound) // somebody else's
	}
	for range 2 {
		if err := a.EndSession(ctx, ""); err != nil {
			t.Fatal(err)
		}
		if left := ok(a.Sessions(ctx))(t); len(left) != 1 || !left[0].Here {
			t.Errorf("%+v", left)
		}
	}
}

func TestIChangeMyPassword(t *testing.T) {
	s, ctx := serve(t), t.Context()
	a := s.as(t, "tech-a")
	err := a.ChangePassword(ctx, api.ChangePassword{Current: "wrong", New: "x", TOTP: "2"})
	if problem := want(t, err, custody.Forbidden); problem.Field != "current" {
		t.Errorf("%+v", problem)
	}
	if err := a.ChangePassword(ctx, api.ChangePassword{Current: thePass, New: "x", TOTP: "2"}); err != nil {
		t.Error(err)
	}
}

func TestITakeAnotherAuthenticator(t *testing.T) {
	s, ctx := serve(t), t.Context()
	a := s.as(t, "tech-a")
	want(t, ok2(a.ProveAuthenticator(ctx, "2")), custody.Conflict)
	if problem := want(t, ok2(a.ReplaceAuthenticator(ctx, api.ReplaceAuthenticator{Current: "wrong", TOTP: "2"})), custody.Forbidden); problem.Field != "current" {
		t.Errorf("%+v", problem)
	}
	shown := ok(a.ReplaceAuthenticator(ctx, api.ReplaceAuthenticator{Current: thePass, TOTP: "2"}))(t)
	if shown.TOTPSecret != "NEXT" || shown.TOTPPeriod == 0 || shown.OTPAuth == "" {
		t.Errorf("%+v", shown)
	}
	if joined := ok(a.ProveAuthenticator(ctx, "3"))(t); joined.Username != "tech-a" || len(joined.RecoveryCodes) != 1 {
		t.Errorf("%+v", joined)
	}
}

// ok2 gives the error of a call that is to be refused.
func ok2[A any](_ A, err error) error { return err }
