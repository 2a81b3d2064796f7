package store

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestWhatIsKnownToSomebody: searches and histories that leave out what is not theirs.
func TestWhatIsKnownToSomebody(t *testing.T) { onBoth(t, knownOnBoth) }

func knownOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on) // tech-a and tech-b have db01, tech-b and tech-c have web01
	s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket one")}},
		step{"tech-b", custody.CheckOut{Credential: "web01", Purpose: desk.NewNote("ticket two")}},
		step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("surgery")}},
		step{"tech-b", custody.Offer{Credentials: []string{"web01"}, Reason: desk.NewNote("surgery")}})
	found := func(q desk.CredentialQuery) string {
		all, err := s.store.FindCredentials(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range all {
			names = append(names, c.Name)
		}
		return strings.Join(names, " ")
	}
	all, err := s.store.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		address := c.Target.Address.String()
		for who, finds := range map[string]bool{"": true, c.Primary: true, c.Backup: true, "tech-z": false, "%": false} {
			got := found(desk.CredentialQuery{Text: address, KnownTo: who})
			if strings.Contains(got, c.Name) != finds {
				t.Errorf("%q finds %q by %s", who, got, address)
			}
		}
		if got := found(desk.CredentialQuery{Text: c.Name, KnownTo: "tech-z", Names: []string{c.Name}}); got != c.Name {
			t.Errorf("%s is not found by its name: %q", c.Name, got)
		}
	}
	for _, c := range []struct {
		query desk.HandoverQuery
		want  string
	}{
		{desk.HandoverQuery{Text: "surgery"}, "handover-2 handover-1"},
		{desk.HandoverQuery{Text: "surgery", KnownTo: "tech-a"}, "handover-1"},
		{desk.HandoverQuery{Text: "surgery", KnownTo: "tech-z"}, ""},
		{desk.HandoverQuery{Text: "handover", KnownTo: "tech-z"}, "handover-2 handover-1"},
		{desk.HandoverQuery{Party: "tech-a"}, "handover-1"},
		{desk.HandoverQuery{Party: "tech-c"}, "handover-2"},
		{desk.HandoverQuery{Party: "tech-a", Person: "tech-c"}, ""},
		{desk.HandoverQuery{Party: "tech-b", Person: "tech-c"}, "handover-2"},
	} {
		found, err := s.store.Handovers(t.Context(), c.query)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, h := range found {
			ids = append(ids, h.ID)
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.query, got, c.want)
		}
	}
	granted := custody.CheckoutGranted{}.Type()
	for who, want := range map[string]int{"": 2, "tech-a": 1, "tech-b": 2, "tech-c": 1, "tech-z": 0} {
		for _, q := range []desk.EntryQuery{{KnownTo: who}, {KnownTo: who, Newest: true, Limit: 1000}, {KnownTo: who, Type: granted}} {
			entries, err := s.store.Entries(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			count := 0
			for _, e := range entries {
				if strings.Contains(string(e.Record), `"`+granted+`"`) {
					count++
				}
			}
			if count != want {
				t.Errorf("%+v: %d check-outs, want %d", q, count, want)
			}
		}
	}
	if entries, err := s.store.Entries(t.Context(), desk.EntryQuery{Credential: "web01", KnownTo: "tech-a"}); err != nil || len(entries) > 0 {
		t.Errorf("of another's credential: %d entries, %v", len(entries), err)
	}
}
