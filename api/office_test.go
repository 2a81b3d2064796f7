package api_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/store/storetest/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// TestAnOfficeByTheAPI: what the other tests of this package have in memory comes from a
// real desk and a real database here: the log-in, the order and the pages of lists, who
// knows a password, and a ledger that can be verified.
func TestAnOfficeByTheAPI(t *testing.T) { desktest.OnBoth(t, anOfficeByTheAPI) }

func anOfficeByTheAPI(t *testing.T, on desktest.Engine) {
	o, ctx := desktest.NewOn(t, on), t.Context()
	o.Hire("auditor", custody.Auditor)
	o.Approvers()
	o.Onboard("db02")
	log := slog.New(slog.DiscardHandler)
	s, err := api.New(api.Config{Desk: o.Desk, Queries: o.Store, Log: log, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	served := listen(t, api.NewHTTPServer(s.Handler(), log))
	a, b, otto := logInAt(t, served, o, "tech-a"), logInAt(t, served, o, "tech-b"), logInAt(t, served, o, "auditor")
	code := func(who string) api.Secret { return api.Secret(o.Code(who)) }

	out := ok(a.CheckOut(ctx, "db01", api.CheckOut{Purpose: "Störung 停电", TOTP: code("tech-a")}))(t)
	if out.Password != api.Secret(o.Password("db01", 1).Reveal()) {
		t.Error("another password than the one that was set")
	}
	ok(a.CheckIn(ctx, "db01"))(t)
	var ids []string
	for i := range 11 {
		offered := ok(a.OfferHandover(ctx, api.OfferHandover{Credentials: []string{"db02"}, Reason: fmt.Sprintf("course %d", i), TOTP: code("tech-a")}))(t)
		ids = append(ids, offered[0].ID)
		ok(b.DeclineHandover(ctx, offered[0].ID, "not now"))(t)
	}
	slices.Reverse(ids)
	var listed []string
	for h, err := range b.EachHandover(ctx, desk.HandoverQuery{Limit: 4}) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, h.ID)
	}
	if !slices.Equal(listed, ids) {
		t.Errorf("the handovers are %v, the newest first %v", listed, ids)
	}
	older := ok(b.Handovers(ctx, desk.HandoverQuery{Limit: 4, Before: ids[3]}))(t)
	if len(older) != 4 || older[0].ID != ids[4] || older[3].Reason != "course 3" {
		t.Errorf("the page after it is %+v", older)
	}
	if offered := ok(otto.Handovers(ctx, desk.HandoverQuery{Status: []custody.HandoverStatus{custody.Offered}, Person: "tech-b"}))(t); len(offered) > 0 {
		t.Errorf("nothing is on offer, and yet: %+v", offered)
	}

	proposal := ok(logInAt(t, served, o, "admin").ProposeCustodians(ctx, "db02", api.SetCustodians{Primary: "tech-b", Backup: "tech-a", Reason: "they swap", TOTP: code("admin")}))(t)
	if waiting := ok(otto.Proposals(ctx, desk.ProposalQuery{Open: true}, false))(t); len(waiting) != 1 || waiting[0].ID != proposal.ID || waiting[0].Reason != "they swap" {
		t.Errorf("what waits: %+v", waiting)
	}

	all := ok(otto.Entries(ctx, desk.EntryQuery{}))(t)
	newest := ok(otto.Entries(ctx, desk.EntryQuery{Newest: true, Limit: 2}))(t)
	if int64(len(all)) != o.Size() || len(newest) != 2 || newest[0].Index != o.Size()-1 || newest[1].Index != o.Size()-2 {
		t.Errorf("%d entries of %d, the newest %+v", len(all), o.Size(), newest)
	}
	offers := ok(otto.Entries(ctx, desk.EntryQuery{Actor: "tech-a", Type: custody.HandoverOffered{}.Type()}))(t)
	if len(offers) != len(ids) {
		t.Errorf("%d offers of tech-a", len(offers))
	}
	for _, e := range ok(otto.History(ctx, "db01", desk.EntryQuery{}))(t) {
		if e.Type == (custody.HandoverOffered{}).Type() {
			t.Errorf("entry %d is not about db01", e.Index)
		}
	}
	knows := ok(otto.Exposure(ctx, "db01", time.Time{}))(t)
	if len(knows.Known) != 1 || knows.Known[0].Person != "tech-a" || len(knows.Known[0].Entries) != 1 || all[knows.Known[0].Entries[0]].Type != (custody.CheckoutGranted{}).Type() {
		t.Errorf("who knows the password: %+v", knows)
	}
	if _, err := (auditor.Request{Now: o.Clock.Now()}).Server(ctx, otto); err != nil {
		t.Errorf("the ledger: %v", err)
	}
}

// logInAt gives a client with somebody's session.
func logInAt(t *testing.T, served *httptest.Server, o *desktest.Office, who string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Server: served.URL, HTTP: served.Client()})
	if err != nil {
		t.Fatal(err)
	}
	session := ok(c.SignIn(t.Context(), api.SignIn{Username: who, Password: api.Secret(o.Passwords[who].Reveal()), TOTP: api.Secret(o.Code(who))}))(t)
	c.SetToken(session.Token)
	return c
}
