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
// the first pair.
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
	o.share(b, credentials, func(i int) (primary, backup string) { return name("a", i%pairs), name("b", i%pairs) })
}

// share puts credentials into custody, each of the two that of says. There is nothing in
// the secret store.
func (o *office) share(b *testing.B, credentials int, of func(i int) (primary, backup string)) {
	b.Helper()
	do := func(actor, request string, action custody.Action) error {
		_, err := o.Desk.Do(b.Context(), desk.By{Actor: actor, Request: request}, action)
		return err
	}
	var many errgroup.Group
	many.SetLimit(64)
	for i := range credentials {
		many.Go(func() error {
			server := fmt.Sprintf("server-%05d", i)
			primary, backup := of(i)
			for _, action := range append([]custody.Action{custody.AddCredential{
				Name: server, Primary: primary, Backup: backup,
				Target: desktest.Identified(custody.Target{Kind: "ssh", Address: server + ".example:22", Account: "root"}),
			}}, desktest.Reports(server, 1, 1)...) {
				if err := do(custody.System, server+action.Verb(), action); err != nil {
					return fmt.Errorf("%s of %s: %w", action.Verb(), server, err)
				}
			}
			return nil
		})
	}
	if err := many.Wait(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCalendar is what the server takes for the calendar, from the request to its last
// byte, over loopback, with its database: 1,000 credentials of 40 technicians, each of whom
// shares with several others, and 400 absences within the quarter. A manager sees all of it,
// a technician what is theirs.
func BenchmarkCalendar(b *testing.B) {
	o := newOffice(b)
	name := func(n int) string { return fmt.Sprintf("tech-%02d", n%40) }
	for n := range 40 {
		o.Hire(name(n), custody.Technician)
	}
	o.share(b, 1000, func(i int) (primary, backup string) { return name(i), name(i + 1 + 2*(i/40%4)) }) // an even one with odd ones
	quarter := time.Date(2026, 4, 2, 8, 0, 0, 0, time.UTC)                                              // in the one after that in which it is planned
	for n := range 400 {
		from := quarter.AddDate(0, 0, n/40*8+4*(n%2)) // those with an even number go when those with an odd one are there
		until := from.Add(50 * time.Hour)
		const form = "2006-01-02T15:04"
		o.Must(name(n), custody.PlanAbsence{From: from, Until: until, Reason: desk.NewNote("leave"), Meant: custody.Meant{From: from.Format(form), Until: until.Format(form), Zone: "UTC"}})
	}
	for _, who := range []string{"manager", name(7)} {
		visitor := o.as(who, "en")
		if n := strings.Count(visitor.get("/absences?range=quarter&at="+quarter.Format(time.DateOnly)).body, `href="/absences/absence-`); who == "manager" && n < 400 {
			b.Fatalf("%d absences of 400 are shown", n)
		}
		for _, window := range []string{"fortnight", "quarter"} {
			b.Run(who+"_"+window, func(b *testing.B) {
				for b.Loop() {
					if p := visitor.get("/absences?range=" + window + "&at=" + quarter.Format(time.DateOnly)); p.status != 200 {
						b.Fatal(p.status, p.text())
					}
				}
			})
		}
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
	const list, middle = "/api/v1/incidents", "incident-5000"
	for who, paths := range map[string][]string{
		"manager": {
			list, list + "?status=open&grade=serious", list + "?person=tech-a", list + "?person=tech-b", list + "?credential=db01", list + "?person=tech-a&credential=db01",
			list + "?before=" + middle, list + "?limit=1000", list + "/" + middle, "/", "/incidents", "/incidents/" + middle,
		},
		"tech-a": {list}, // whom all are about
		"tech-b": {list}, // whom none is about
	} {
		visitor := o.as(who, "en")
		signed, err := o.SignIn(who)
		if err != nil {
			b.Fatal(err)
		}
		for _, path := range paths {
			b.Run(who+strings.ReplaceAll(path, "/", "_"), func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					began := time.Now()
					if p := visitor.get(path, "Authorization", "Bearer "+signed.Token.Reveal()); p.status != 200 {
						b.Fatal(p.status, p.text())
					}
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			})
		}
	}
}
