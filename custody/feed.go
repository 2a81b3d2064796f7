package custody

import "time"

// A feed is an address at which somebody's calendar program reads who is away when. It
// has nobody's password and no session behind it: whoever has the address reads names and
// times, until it is closed.

// Feed is somebody's, if it is open.
type Feed struct {
	Token string    `json:"token,omitzero"` // hex of the SHA-256 of what the address has, which is 256 random bits; "": it is closed
	Since time.Time `json:"since,omitzero"`
}

// OpenFeed gives the actor's feed another address. One that there was is closed.
type OpenFeed struct {
	Feed string `json:"feed"` // hex of the SHA-256 of its token
}

var _ = action(OpenFeed{})

func (OpenFeed) Verb() string           { return "open_feed" }
func (OpenFeed) Subject() string        { return "" }
func (OpenFeed) givers() givers         { return people }
func (a OpenFeed) bare(s *State) Action { return a } // nobody typed it

func (a OpenFeed) decide(d *decision) error {
	if !tokenHash.MatchString(a.Feed) {
		return Invalid("feed", "feed")
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(FeedOpened{Person: d.actor.Username, Feed: a.Feed})
	return nil
}

// FeedOpened: whoever has an address reads who is away, and who had the one before does
// not.
type FeedOpened struct {
	Person string `json:"person"`
	Feed   string `json:"feed"`
}

var _ = fact(FeedOpened{})

func (FeedOpened) Type() string               { return "absence.feed_opened" }
func (f FeedOpened) Subject() string          { return f.Person }
func (f FeedOpened) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (FeedOpened) grade() Grade               { return Ordinary }
func (f FeedOpened) by(*State, Event) Who     { return byPerson(f.Person).confirmed() }

func (f FeedOpened) allowed(_ *State, e Event) error {
	if !tokenHash.MatchString(f.Feed) {
		return e.violates("I6", "a feed that everybody reads")
	}
	return nil
}

func (f FeedOpened) apply(s *State, e Event) {
	s.editPerson(f.Person, func(p *Person) { p.Feed = Feed{f.Feed, e.Time} })
}

// CloseFeed makes the address of the actor's feed worth nothing.
type CloseFeed struct{}

var _ = action(CloseFeed{})

func (CloseFeed) Verb() string         { return "close_feed" }
func (CloseFeed) Subject() string      { return "" }
func (CloseFeed) givers() givers       { return people }
func (a CloseFeed) bare(*State) Action { return a }

func (a CloseFeed) decide(d *decision) error {
	if d.actor.Feed.Token != "" {
		d.happen(FeedClosed{Person: d.actor.Username})
	}
	return nil
}

// FeedClosed: nobody reads it any more.
type FeedClosed struct {
	Person string `json:"person"`
}

var _ = fact(FeedClosed{})

func (FeedClosed) Type() string               { return "absence.feed_closed" }
func (f FeedClosed) Subject() string          { return f.Person }
func (f FeedClosed) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (FeedClosed) grade() Grade               { return Ordinary }
func (f FeedClosed) by(*State, Event) Who     { return byPerson(f.Person) }

func (f FeedClosed) allowed(s *State, e Event) error {
	if p, _ := s.Person(f.Person); p.Feed.Token == "" {
		return e.violates("I6", "closed, and was not open")
	}
	return nil
}

func (f FeedClosed) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Feed = Feed{} })
}
