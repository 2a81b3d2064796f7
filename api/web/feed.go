package web

import (
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
)

// feedPage is for the address at which a calendar program reads who is away.
type feedPage struct {
	Since time.Time // since when one counts; zero: none does
	Feed  string    // the address, this once; "": it is not shown, or there is none
}

func (p *Pages) feed(v *visit) error {
	person, err := v.Queries.Person(v.r.Context(), v.Person.Username)
	if err != nil {
		return err
	}
	return v.render("feed", feedPage{Since: person.Feed.Since})
}

func (p *Pages) openFeed(v *visit) error {
	token, err := p.Desk.OpenFeed(v.r.Context(), v.by(custody.OpenFeed{}))
	if err != nil {
		return v.again(err, p.feed)
	}
	v.showsSecret("/preferences/calendar", time.Time{})
	return v.render("feed", feedPage{Since: v.now, Feed: api.FeedAt(v.PublicURL, token)})
}

func (p *Pages) closeFeed(v *visit) error {
	if _, err := v.do(custody.CloseFeed{}); err != nil {
		return v.again(err, p.feed)
	}
	return v.redirect("/preferences/calendar", "feed_closed")
}
