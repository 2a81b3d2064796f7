package web_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// BenchmarkPages is what the server takes for a page, from the request to its
// last byte, over loopback, with 10,000 credentials of 100 pairs of technicians
// and the 50,000 entries that put them into custody.
func BenchmarkPages(b *testing.B) {
	o := newOffice(b)
	o.crowd(b, 100, 10_000)
	visitor := o.as("tech-a", "en")
	for _, path := range []string{
		"/", "/credentials", "/credentials?q=server-09", "/credentials/server-00100", "/custody", "/leave", "/back",
		"/people", "/inbox", "/handovers", "/ledger", "/ledger?credential=server-00100", "/ledger/4711",
	} {
		b.Run(strings.ReplaceAll(path, "/", "_"), func(b *testing.B) {
			for b.Loop() {
				if p := visitor.get(path); p.status != 200 {
					b.Fatal(p.status, p.text())
				}
			}
		})
	}
}

// crowd puts credentials into custody, each pair's share; tech-a and tech-b are
// the first pair. There is nothing in the secret store.
func (o *office) crowd(b *testing.B, pairs, credentials int) {
	b.Helper()
	name := func(side string, pair int) string {
		if pair == 0 {
			return "tech-" + side
		}
		return fmt.Sprintf("tech-%s%d", side, pair)
	}
	do := func(actor, request string, action custody.Action) error {
		_, err := o.Desk.Do(b.Context(), desk.By{Actor: actor, Request: request}, action)
		return err
	}
	for pair := 1; pair < pairs; pair++ {
		for _, side := range []string{"a", "b"} {
			err := do(custody.System, name(side, pair), custody.AddPerson{
				Username: name(side, pair), Name: "Technician", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period,
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	var many errgroup.Group
	many.SetLimit(64)
	for i := range credentials {
		many.Go(func() error {
			server := fmt.Sprintf("server-%05d", i)
			actor := "admin"
			for _, action := range append([]custody.Action{custody.AddCredential{
				Name: server, Primary: name("a", i%pairs), Backup: name("b", i%pairs),
				Target: desktest.Identified(custody.Target{Kind: "ssh", Address: server + ".example:22", Account: "root"}),
			}}, desktest.Reports(server, 1, 1)...) {
				if err := do(actor, server+action.Verb(), action); err != nil {
					return fmt.Errorf("%s of %s: %w", action.Verb(), server, err)
				}
				actor = custody.System
			}
			return nil
		})
	}
	if err := many.Wait(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkIncidents is what the server takes for a list of incidents, from the request to
// its last byte, over loopback, where 10,000 are open, and for the start page. It reports
// the 95th percentile.
func BenchmarkIncidents(b *testing.B) {
	o := newOffice(b)
	for range 10_000 {
		o.Clock.Add(61 * time.Minute) // each is one of its own
		_, err := o.Desk.Do(b.Context(), desk.By{Actor: custody.System, Request: "lock"}, custody.LockSignIn{Person: "tech-a", Failures: 5, Until: o.Clock.Now()})
		if err != nil {
			b.Fatal(err)
		}
	}
	if open := o.Desk.OpenIncidents().All(); open < 10_000 {
		b.Fatalf("%d are open", open)
	}
	visitor, middle := o.as("manager", "en"), "incident-5000"
	signed, err := o.SignIn("manager")
	if err != nil {
		b.Fatal(err)
	}
	api := []string{"Authorization", "Bearer " + signed.Token.Reveal()}
	const list = "/api/v1/incidents"
	for _, path := range []string{
		list, list + "?status=open&grade=serious", list + "?person=tech-b", list + "?credential=db01", list + "?before=" + middle, list + "?limit=1000", list + "/" + middle,
		"/", "/incidents", "/incidents/" + middle,
	} {
		b.Run(strings.ReplaceAll(path, "/", "_"), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if p := visitor.get(path, api...); p.status != 200 {
					b.Fatal(p.status, p.text())
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}
