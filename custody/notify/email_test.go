package notify

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAChangedAddressIsToldAtBoth: also when there is no new one, or when it has
// changed again since.
func TestAChangedAddressIsToldAtBoth(t *testing.T) {
	o := newOffice(t)
	for _, p := range []struct{ before, email, now, want string }{
		{"old@example.org", "new@example.org", "new@example.org", "new@example.org old@example.org"},
		{"old@example.org", "new@example.org", "third@example.org", "new@example.org old@example.org"},
		{"old@example.org", "", "", "old@example.org"},
		{"", "new@example.org", "new@example.org", "new@example.org"},
	} {
		o.people[0].Email = desk.NewNote(p.now)
		fact := custody.EmailChanged{Person: o.people[0].Username, Email: desk.NewNote(p.email), Before: desk.NewNote(p.before)}
		letters, err := o.follower.write(t.Context(), []indexed{{custody.Event{Time: noon, Actor: "admin", Fact: fact}, 7}})
		if err != nil {
			t.Fatal(err)
		}
		var to []string
		ids := map[string]bool{}
		for _, l := range letters {
			to = append(to, l.To)
			ids[l.ID] = true
			other := p.email
			if l.To == p.email {
				other = p.before
			}
			if other != "" && strings.Contains(l.Text, other) {
				t.Errorf("the mail to %s names the other address: %s", l.To, l.Text)
			}
		}
		if got := strings.Join(to, " "); got != p.want || len(ids) != len(letters) {
			t.Errorf("%+v: told %q, %d ids", p, got, len(ids))
		}
	}
}
