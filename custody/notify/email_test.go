package notify

import (
	"strings"
	"testing"
	"time"

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

// TestAnAddressThatSomebodyElseReplacedIsToldForAWhile: whoever was cut off by it reads
// what happens to them all the same, each message once at each address.
func TestAnAddressThatSomebodyElseReplacedIsToldForAWhile(t *testing.T) {
	o := newOffice(t)
	o.people[0].Email = desk.NewNote("new@example.org")
	o.people[0].Former = []custody.FormerEmail{
		{Email: desk.NewNote("older@example.org"), Until: noon},
		{Email: desk.NewNote("old@example.org"), Until: noon.Add(time.Millisecond)},
	}
	told := func(at time.Time, actor string, fact custody.Fact) map[string]string {
		t.Helper()
		letters, err := o.follower.write(t.Context(), []indexed{{custody.Event{Time: at, Actor: actor, Fact: fact}, 7}})
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		for _, l := range letters {
			if _, twice := texts[l.To]; twice {
				t.Errorf("%s is told twice", l.To)
			}
			texts[l.To] = l.Text
		}
		return texts
	}
	person := o.people[0].Username
	if got := told(noon, person, custody.PasswordChanged{Person: person}); len(got) != 2 || got["new@example.org"] == "" || got["old@example.org"] != got["new@example.org"] {
		t.Errorf("within the week: %v", got)
	}
	if got := told(noon.Add(time.Millisecond), person, custody.PasswordChanged{Person: person}); len(got) != 1 || got["new@example.org"] == "" {
		t.Errorf("after it: %v", got)
	}
	o.people[0].Former = o.people[0].Former[1:]
	changed := custody.EmailChanged{Person: person, Email: desk.NewNote("new@example.org"), Before: desk.NewNote("old@example.org")}
	if got := told(noon, "admin", changed); len(got) != 2 || !strings.Contains(got["old@example.org"], "seven days") || strings.Contains(got["new@example.org"], "seven days") {
		t.Errorf("of the change itself: %v", got)
	}
	o.people[0].Former = nil
	if got := told(noon, person, changed); len(got) != 2 || !strings.Contains(got["old@example.org"], "no more of them") {
		t.Errorf("of their own change: %v", got)
	}
}
