//go:build bench

package bench

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/web"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/totp"
)

// manyCredentials is what a large office has in custody.
const manyCredentials = 10_000

// measurePages is what the server takes for each page, from the request to its
// last byte, without a network: in an office with 10,000 credentials and a long
// ledger, and as the peer in one on its first day. Both pages are whole.
func measurePages(t *testing.T, _ string) table {
	large, small := openPages(t, copied(t, longLedger(t)), manyCredentials), openPages(t, ledger(t, 0), 0)
	defer large.close()
	defer small.close()
	size, err := large.store.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for _, page := range []struct{ who, path string }{
		{"", "/login"},
		{"technician", "/"}, {"auditor", "/"}, {"admin", "/"},
		{"technician", "/inbox"}, {"technician", "/leave"}, {"technician", "/back"},
		{"auditor", "/credentials"}, {"auditor", "/credentials?q=server-09"}, {"auditor", "/credentials?phase=rotating"},
		{"technician", "/credentials/server-000"}, {"technician", "/credentials/server-000?range=quarter&at=2024-01-01"},
		{"auditor", "/custody"}, {"auditor", "/custody?range=quarter"}, {"auditor", "/custody?q=server-0&range=quarter&at=2024-01-01"},
		{"auditor", "/people"}, {"auditor", "/handovers"}, {"auditor", "/handovers?person=tech-000-a"},
		{"technician", "/handovers/{last}"}, {"auditor", "/handovers/{last}/record"},
		{"auditor", "/ledger"}, {"auditor", "/ledger?credential=server-000"}, {"auditor", "/ledger?actor=tech-000-a&type=checkout.granted"},
		{"auditor", "/ledger?type=command.refused&before=2000"}, {"auditor", "/ledger/1500"}, {"auditor", "/policy"},
		{"admin", "/admin/people/new"}, {"admin", "/admin/people/tech-000-a/enrolment"}, {"admin", "/admin/credentials/new"},
	} {
		here, there := large.ask(page.who, page.path), small.ask(page.who, page.path)
		const rounds, asked = 5, 20
		var took []time.Duration
		blocks := inTurns(t, rounds,
			func() (block, error) { return callers(1, asked, timed(here, &took)) },
			func() (block, error) { return callers(1, asked, func(int) error { return there() }) },
		)
		ours, peer, ratio := compared{blocks[0], blocks[1]}.latency()
		slices.Sort(took)
		p95 := took[len(took)*95/100]
		name := "page " + page.path
		if page.who != "" {
			name += " of the " + page.who
		}
		rows = append(rows, row{
			what: name,
			ours: fmt.Sprintf("%s, p95 %s", milliseconds(ours), milliseconds(p95)), peer: milliseconds(peer), ratio: times(ratio),
			goal: atMost(p95, 100*time.Millisecond, "%v"),
		})
	}
	rows[0].what += fmt.Sprintf(" (ours: %d credentials, %d entries)", manyCredentials+2*routinePairs, size)
	return rows
}

// timed keeps what each call takes, besides.
func timed(call func() error, took *[]time.Duration) func(int) error {
	return func(int) error {
		begun := time.Now()
		err := call()
		*took = append(*took, time.Since(begun))
		return err
	}
}

// pages is an office with its pages, and somebody of each kind who has logged in.
type pages struct {
	*office
	handler http.Handler
	tokens  map[string]string // by kind of person
	last    string            // id of a handover of many credentials, which waits
}

// openPages puts credentials into custody, evenly among the pairs, and has the
// first technician offer all that they hold.
func openPages(t *testing.T, dir string, credentials int) *pages {
	t.Helper()
	p := &pages{office: reopen(t, dir), tokens: map[string]string{}}
	ctx := t.Context()
	if _, err := callers(64, credentials, func(i int) error {
		pair := p.pairs[i%len(p.pairs)]
		name := fmt.Sprintf("crowd-%05d", i)
		if _, err := p.do(ctx, custody.System, custody.AddCredential{
			Name: name, Primary: pair.A.Name, Backup: pair.B.Name,
			Target: desktest.Identified(custody.Target{Kind: "ssh", Address: name + ".bench.example:22", Account: "root"}),
		}); err != nil {
			return err
		}
		for _, report := range desktest.Reports(name, 1, 1) {
			if _, err := p.do(ctx, custody.System, report); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	outcome, err := p.confirmed(ctx, p.pairs[0].A, time.Now(), custody.Offer{All: true, Reason: desk.NewNote("course")})
	if err != nil {
		t.Fatal(err)
	}
	p.last = outcome.Events[0].Fact.(custody.HandoverOffered).Handover
	for kind, person := range map[string]technician{
		"technician": p.pairs[0].B, "auditor": p.employ(t, "auditor", custody.Auditor), "admin": p.employ(t, "admin", custody.Admin),
	} {
		if p.tokens[kind], err = p.login(ctx, person); err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	shown, err := web.New(web.Config{Desk: p.desk, Queries: p.store, Ledger: p.store, Log: log, Offered: web.Offered{Kinds: []desk.TargetKind{ssh.Connector.TargetKind}}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := api.New(api.Config{Desk: p.desk, Queries: p.store, Log: log, Version: "bench", Web: shown})
	if err != nil {
		t.Fatal(err)
	}
	p.handler = server.Handler()
	return p
}

// employ adds somebody who is no technician.
func (p *pages) employ(t *testing.T, name string, role custody.Role) technician {
	t.Helper()
	person := technician{name, totp.NewSeed().Reveal()}
	if _, err := p.do(t.Context(), custody.System, custody.AddPerson{
		Username: name, Name: "Person " + name, Roles: []custody.Role{role}, TOTPPeriod: p.period,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.secrets.Write(t.Context(), desk.SeedPath(name), desk.StoredSeed(1, custody.SecretString(person.Seed)), 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.signIn(t.Context(), person, time.Now()); err != nil {
		t.Fatal(err)
	}
	return person
}

// ask gives a function that asks for a page once.
func (p *pages) ask(who, path string) func() error {
	path = strings.Replace(path, "{last}", p.last, 1)
	return func() error {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if who != "" {
			r.AddCookie(&http.Cookie{Name: "__Host-tandem", Value: p.tokens[who]})
		}
		answer := httptest.NewRecorder()
		p.handler.ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			return fmt.Errorf("%s: %d", path, answer.Code)
		}
		return nil
	}
}
