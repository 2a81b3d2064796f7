package api_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
)

// TestEveryValueOfThePolicyCanBeAskedFor: one that the API forgot would fall back to
// nothing with each proposal.
func TestEveryValueOfThePolicyCanBeAskedFor(t *testing.T) {
	var p custody.Policy
	fields := reflect.ValueOf(&p).Elem()
	for i := range fields.NumField() {
		switch f := fields.Field(i); {
		case f.Kind() == reflect.String:
			f.SetString("some")
		case f.Type() == reflect.TypeFor[[]string]():
			f.Set(reflect.ValueOf([]string{"a", "b"}))
		case f.Type() == reflect.TypeFor[custody.Keyholders]():
			f.Index(0).Set(reflect.ValueOf(custody.Keyholder{Person: "ann", Recipient: "age1ann"}))
			f.Index(1).Set(reflect.ValueOf(custody.Keyholder{Person: "bob", Recipient: "age1bob"}))
		case f.Type() == reflect.TypeFor[time.Duration]():
			f.SetInt(int64(time.Duration(i+1) * time.Second))
		default:
			f.SetInt(int64(i + 1))
		}
	}
	if got := api.ValuesOf(p).Policy(); !reflect.DeepEqual(got, p) {
		t.Errorf("%+v came back as %+v", p, got)
	}
	if got := (api.PolicyValues{LeaseSeconds: 1 << 62}).Policy(); got.Lease <= 0 {
		t.Errorf("a lease of for ever became %s", got.Lease)
	}
}

// TestThePolicyIsProposedAndReviewed over the API, by two.
func TestThePolicyIsProposedAndReviewed(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	s.hire(t, "director", custody.Director)
	agreed := func(p api.Proposal, code api.Secret) {
		t.Helper()
		for _, who := range []string{"manager", "director"} {
			ok(s.as(t, who).Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: code}))(t)
		}
	}
	admin := s.as(t, "admin")
	now := ok(admin.Policy(ctx))(t)
	values := now.Values
	values.LeaseSeconds = 3600
	p := ok(admin.AdoptPolicy(ctx, api.AdoptPolicy{Values: values, ReviewBy: s.now.AddDate(0, 6, 0), Reason: "shorter", TOTP: "2"}))(t)
	if len(p.Change) != 2 || p.Change[0].Field != "lease" || p.Change[0].Before != "8h0m0s" || p.Change[0].After != "1h0m0s" || p.Change[1].Field != "review_by" {
		t.Errorf("changes %+v", p.Change)
	}
	agreed(p, "2")
	if now = ok(admin.Policy(ctx))(t); now.Version != 2 || !reflect.DeepEqual(now.Values, values) {
		t.Errorf("in force: %+v", now)
	}
	next := s.now.AddDate(1, 0, 0)
	agreed(ok(admin.ReviewPolicy(ctx, api.ReviewPolicy{Version: 2, ReviewBy: next, Reason: "all of it", TOTP: "3"}))(t), "3")
	if now = ok(admin.Policy(ctx))(t); now.Version != 2 || !now.ReviewBy.Equal(next.Truncate(time.Millisecond)) || now.Overdue {
		t.Errorf("reviewed: %+v", now)
	}
}
