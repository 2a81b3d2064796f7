package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"

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
