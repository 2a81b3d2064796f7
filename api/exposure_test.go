package api_test

import (
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
)

func TestExposureOverHTTP(t *testing.T) {
	s := serve(t)
	ctx := t.Context()
	before := s.now
	if _, err := s.as(t, "tech-a").CheckOut(ctx, "db01", api.CheckOut{Purpose: thePurpose, TOTP: "7"}); err != nil {
		t.Fatal(err)
	}
	auditor := s.as(t, "auditor")
	x, err := auditor.Exposure(ctx, "db01", time.Time{})
	if err != nil || x.Credential != "db01" || x.Version != 1 || len(x.Known) != 1 || x.Known[0].Person != "tech-a" {
		t.Fatalf("%+v, %v", x, err)
	}
	entry, err := auditor.Entry(ctx, x.Known[0].Entries[0])
	if err != nil || entry.Type != "checkout.granted" || entry.Actor != "tech-a" {
		t.Errorf("the proof is %+v, %v", entry, err)
	}
	if x, err = auditor.Exposure(ctx, "db01", before); err != nil || len(x.Known) != 0 || x.Known == nil || !x.At.Equal(before) {
		t.Errorf("before the check-out: %+v, %v", x, err)
	}
	if _, err = auditor.Exposure(ctx, "nothing", time.Time{}); want(t, err, custody.NotFound) == nil {
		t.Error("of no credential")
	}
}
