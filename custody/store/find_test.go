package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func TestFindCredentials(t *testing.T) { onBoth(t, findCredentialsOnBoth) }

func findCredentialsOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	s.onboard(t, "web02", "tech-c", "tech-a")
	s.do(t, step{"tech-b", custody.RequestRotation{Credential: "web01", Reason: desk.NewNote("age")}})
	for _, c := range []struct {
		query desk.CredentialQuery
		want  string
	}{
		{desk.CredentialQuery{}, "db01 web01 web02"},
		{desk.CredentialQuery{Limit: 1}, "db01"},
		{desk.CredentialQuery{After: "db01", Limit: 2}, "web01 web02"},
		{desk.CredentialQuery{After: "web01"}, "web02"},
		{desk.CredentialQuery{Person: "tech-a"}, "db01 web02"},
		{desk.CredentialQuery{Phase: custody.Rotating}, "web01"},
		{desk.CredentialQuery{Text: "WEB"}, "web01 web02"},
		{desk.CredentialQuery{Text: "tech-c"}, "web01 web02"},
		{desk.CredentialQuery{Text: "db", Person: "tech-c"}, ""},
		{desk.CredentialQuery{Names: []string{"web02", "web01", "nobody"}}, "web01 web02"},
		{desk.CredentialQuery{Names: []string{"web01", "web02"}, Person: "tech-a"}, "web02"},
		{desk.CredentialQuery{Names: []string{"web01"}, Text: "WEB"}, "web01"},
		{desk.CredentialQuery{Names: []string{}}, ""}, // none is asked for, which is not all
		{desk.CredentialQuery{Text: "%"}, ""},
		{desk.CredentialQuery{Text: `":"`}, ""}, // of how a target is stored
	} {
		found, err := s.store.FindCredentials(t.Context(), c.query)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, credential := range found {
			names = append(names, credential.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.query, got, c.want)
		}
	}
}

func TestCustodyCounts(t *testing.T) { onBoth(t, custodyCountsOnBoth) }

func custodyCountsOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	s.onboard(t, "db02", "tech-a", "tech-b")
	s.do(t, step{"tech-b", custody.RequestRotation{Credential: "web01", Reason: desk.NewNote("age")}})
	got, err := s.store.CustodyCounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b desk.CustodyCount) int { return strings.Compare(a.Primary, b.Primary) })
	want := []desk.CustodyCount{
		{Primary: "tech-a", Backup: "tech-b", Holder: "tech-a", Count: 2},
		{Primary: "tech-b", Backup: "tech-c", Count: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestIncidentsOfOthersAreNotFound: whoever is told of some incidents finds no other ones,
// and what is asked for by several properties has all of them.
func TestIncidentsOfOthersAreNotFound(t *testing.T) { onBoth(t, incidentsOnBoth) }

func incidentsOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	s.hire(t, custody.Manager, "manager")
	s.hire(t, custody.Director, "director")
	saw := desk.NewNote("the door was open")
	for _, report := range []step{
		{"tech-a", custody.ReportIncident{Person: "tech-b", Text: saw, Grade: custody.Ordinary}},
		{"tech-b", custody.ReportIncident{Credential: "db01", Text: saw, Grade: custody.Serious}},
		{"tech-c", custody.ReportIncident{Credential: "web01", Text: saw, Grade: custody.Special}},
		{"tech-c", custody.ReportIncident{Person: "tech-a", Text: saw, Grade: custody.Serious}},
	} {
		s.now = s.now.Add(time.Minute)
		s.do(t, report)
	}
	s.do(t,
		step{"manager", custody.AcknowledgeIncident{Incident: "incident-1"}},
		step{"manager", custody.AcknowledgeIncident{Incident: "incident-4"}},
		step{"manager", custody.AssessIncident{Incident: "incident-4", Grade: custody.Ordinary, Text: saw}},
		step{"manager", custody.CloseIncident{Incident: "incident-4", Text: saw}},
	)
	for _, c := range []struct {
		query desk.IncidentQuery
		want  string
	}{
		{desk.IncidentQuery{}, "4 3 2 1"},
		{desk.IncidentQuery{Limit: 2}, "4 3"},
		{desk.IncidentQuery{Before: "incident-3"}, "2 1"},
		{desk.IncidentQuery{Open: true}, "3 2 1"},
		{desk.IncidentQuery{Status: custody.IncidentSeen}, "1"},
		{desk.IncidentQuery{Status: custody.IncidentOpen, Grade: custody.Serious}, "2"},
		{desk.IncidentQuery{Grade: custody.Special}, "3"},
		{desk.IncidentQuery{Credential: "db01"}, "2"},
		{desk.IncidentQuery{Person: "tech-b"}, "2 1"}, // whom it is about, and who has a part in it
		{desk.IncidentQuery{Person: "tech_b"}, ""},    // no pattern
		{desk.IncidentQuery{KnownTo: "tech-b"}, "2 1"},
		{desk.IncidentQuery{KnownTo: "tech-a"}, "4 1"},
		{desk.IncidentQuery{KnownTo: "tech-a", Open: true}, "1"},
		{desk.IncidentQuery{KnownTo: "tech-a", Credential: "web01"}, ""},
		{desk.IncidentQuery{KnownTo: "admin"}, ""},
		{desk.IncidentQuery{KnownTo: "admin", Theirs: []string{"incident-3"}}, "3"},
		{desk.IncidentQuery{KnownTo: "admin", Theirs: []string{"incident-3"}, Grade: custody.Serious}, ""},
	} {
		found, err := s.store.Incidents(t.Context(), c.query)
		if err != nil {
			t.Fatal(err)
		}
		var numbers []string
		for _, i := range found {
			numbers = append(numbers, strings.TrimPrefix(i.ID, "incident-"))
		}
		if got := strings.Join(numbers, " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.query, got, c.want)
		}
	}
}

func TestProposalsAreFoundByWhoAskedAndWhetherTheyWait(t *testing.T) {
	onBoth(t, proposalsOnBoth)
}

func proposalsOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	s.hire(t, custody.Manager, "manager")
	s.hire(t, custody.Director, "director")
	why := desk.NewNote("another team")
	change := func(name, primary, backup string) custody.Action {
		return custody.Propose{Change: custody.Change{Proposable: custody.SetCustodians{Credential: name, Primary: primary, Backup: backup}}, Reason: why}
	}
	s.do(t, step{"tech-a", change("db01", "tech-a", "tech-c")})
	s.now = s.now.Add(time.Minute)
	s.do(t, step{"tech-b", change("web01", "tech-b", "tech-a")}, step{"tech-a", custody.Withdraw{Proposal: "p-1"}})
	s.now = s.now.Add(time.Minute)
	s.do(t, step{"tech-a", change("db01", "tech-c", "tech-b")})
	for _, c := range []struct {
		query desk.ProposalQuery
		want  string
	}{
		{desk.ProposalQuery{}, "3 2 1"},
		{desk.ProposalQuery{Open: true}, "3 2"},
		{desk.ProposalQuery{Requester: "tech-a"}, "3 1"},
		{desk.ProposalQuery{Requester: "tech-a", Open: true}, "3"},
		{desk.ProposalQuery{IDs: []string{"p-1", "p-2", "p-9"}}, "2 1"},
		{desk.ProposalQuery{IDs: []string{"p-1"}, Open: true}, ""},
		{desk.ProposalQuery{IDs: []string{}}, ""},
		{desk.ProposalQuery{Before: "p-3"}, "2 1"},
		{desk.ProposalQuery{Limit: 1}, "3"},
	} {
		found, err := s.store.Proposals(t.Context(), c.query)
		if err != nil {
			t.Fatal(err)
		}
		var numbers []string
		for _, p := range found {
			numbers = append(numbers, strings.TrimPrefix(p.ID, "p-"))
		}
		if got := strings.Join(numbers, " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.query, got, c.want)
		}
	}
}
