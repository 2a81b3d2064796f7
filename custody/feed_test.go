package custody

import (
	"strings"
	"testing"
)

func TestAFeedIsReadUntilItIsClosed(t *testing.T) {
	one, other := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	open := func(t *testing.T) *office {
		o := newOffice(t)
		o.does("ann", OpenFeed{one})
		return o
	}
	feed := func(o *office) string {
		p, _ := o.state.Person("ann")
		return p.Feed.Token
	}
	for _, c := range []struct {
		name string
		then func(*office)
		want string
	}{
		{"nothing else", func(*office) {}, one},
		{"they take another address", func(o *office) { o.does("ann", OpenFeed{other}) }, other},
		{"they close it", func(o *office) { o.does("ann", CloseFeed{}) }, ""},
		{"they close it twice", func(o *office) { o.does("ann", CloseFeed{}); o.does("ann", CloseFeed{}) }, ""},
		{"they leave", func(o *office) { o.does("max", Disable{"ann", note("left")}) }, ""},
		{"their log-in is set up anew", func(o *office) { o.does("ben", ResetEnrolment{Person: "ann"}) }, ""},
		{"somebody else closes theirs", func(o *office) { o.does("ben", CloseFeed{}) }, one},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := open(t)
			if c.then(o); feed(o) != c.want {
				t.Errorf("the feed is %q, want %q", feed(o), c.want)
			}
		})
	}
	o := newOffice(t)
	uncoded := o.with("ann", OpenFeed{one})
	uncoded.Proof = Proof{}
	if _, err := Decide(o.state, uncoded, o.now); CodeOf(err) != InvalidRequest {
		t.Errorf("without a code: %v", err)
	}
	if _, err := o.do("ann", OpenFeed{"everybody"}); CodeOf(err) != InvalidRequest {
		t.Errorf("for no token: %v", err)
	}
}

func TestWhatNobodyForgesOfAFeed(t *testing.T) {
	token := strings.Repeat("a1", 32)
	o := newOffice(t)
	o.does("ann", OpenFeed{token})
	s := o.state
	at := func(actor string, f Fact, confirmed bool) error {
		e := Event{Time: s.Time, Actor: actor, Request: "forged", Fact: f}
		if confirmed {
			p, _ := s.Person(actor)
			e.Confirm = &Confirmation{Person: actor, Step: p.LastStep + 1}
		}
		return CheckEvent(s, e)
	}
	if err := at("ben", FeedOpened{"ben", token}, true); err != nil {
		t.Fatalf("what is allowed: %v", err)
	}
	if err := at("ann", FeedClosed{"ann"}, false); err != nil {
		t.Fatalf("what is allowed: %v", err)
	}
	for name, err := range map[string]error{
		"for somebody else":         at("ben", FeedOpened{"ann", token}, true),
		"without a code":            at("ben", FeedOpened{"ben", token}, false),
		"by nobody":                 at(System, FeedOpened{"ben", token}, false),
		"for everybody":             at("ben", FeedOpened{"ben", ""}, true),
		"closed by somebody else":   at("ben", FeedClosed{"ann"}, false),
		"closed and was never open": at("ben", FeedClosed{"ben"}, false),
	} {
		if err == nil {
			t.Errorf("%s: allowed", name)
		}
	}
	left := clone(s)
	p, _ := left.Person("ann")
	p.Disabled, p.Leaving.Since = true, s.Time
	left.people["ann"] = &p
	if err := left.checkPeople(); !violation(err, "I11", "told who is away") {
		t.Errorf("who left has one: %v", err)
	}
}
