package api_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestATextIsTakenOut: the entry stays as it is hashed, the text goes from every
// answer, and the answer says what still has it.
func TestATextIsTakenOut(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	manager := s.as(t, "manager")
	s.must(t, "tech-a", "2", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("pa55word, by mistake")})
	index := int64(len(s.records) - 1)
	before := ok(manager.Entry(ctx, index))(t)
	if len(before.Texts) != 1 {
		t.Fatalf("the entry has the texts %v", before.Texts)
	}
	for _, who := range []string{"tech-a", "admin", "auditor"} {
		_, err := s.as(t, who).Redact(ctx, index, api.Redact{Reason: "mine", TOTP: "9"})
		want(t, err, custody.Forbidden)
	}
	_, err := manager.Redact(ctx, index, api.Redact{TOTP: "9"})
	want(t, err, custody.InvalidRequest)
	_, err = manager.Redact(ctx, index, api.Redact{Reason: "why", TOTP: "no"})
	want(t, err, custody.TOTPInvalid)
	_, err = manager.Redact(ctx, 1e6, api.Redact{Reason: "why", TOTP: "9"})
	want(t, err, custody.NotFound)

	done := ok(manager.Redact(ctx, index, api.Redact{Reason: "typed by mistake", TOTP: "10"}))(t)
	if done.Texts != 1 || done.Index != int64(len(s.records)-1) || !strings.Contains(done.Next.En, "Backups and exports") || done.Next.Zh == "" {
		t.Errorf("%+v", done)
	}
	said := ok(manager.Entry(ctx, done.Index))(t)
	if said.Type != "text.redacted" || said.Grade != string(custody.Serious) || said.Confirm == nil || len(said.Texts) != 1 {
		t.Errorf("%+v", said)
	}
	after := ok(manager.Entry(ctx, index))(t)
	record, was := ok(after.Record())(t), ok(before.Record())(t)
	if len(after.Texts) != 0 || string(record) != string(was) {
		t.Errorf("%+v", after)
	}
	_, err = manager.Redact(ctx, index, api.Redact{Reason: "once more", TOTP: "11"})
	want(t, err, custody.Conflict)
}
