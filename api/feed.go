package api

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api/ical"
	"github.com/tandem-custody/tandem/api/wall"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/words"
)

// CalendarFeed is where a calendar program reads who is away.
type CalendarFeed struct {
	URL Secret `json:"url" doc:"Shown once. Whoever has it reads names and times, without a log-in, until the feed is closed or opened anew"`
}

// FeedAt is where a calendar program reads somebody's feed.
func FeedAt(publicURL string, token custody.Secret) string {
	return publicURL + prefix + "/calendar/" + token.Reveal() + feedEnd
}

const feedEnd = ".ics"

func (s *Server) openFeed(ctx context.Context, in *bodyOnly[Confirmation]) (CalendarFeed, error) {
	token, err := s.Desk.OpenFeed(ctx, by(ctx, custody.OpenFeed{}, in.Body.TOTP))
	if err != nil {
		return CalendarFeed{}, err
	}
	return CalendarFeed{Secret(FeedAt(s.PublicURL, token))}, nil
}

func (s *Server) closeFeed(ctx context.Context, _ *nothing) (*nothing, error) {
	_, err := s.Desk.Do(ctx, by(ctx, custody.CloseFeed{}, ""), custody.CloseFeed{})
	return &nothing{}, err
}

type feedOf struct {
	Feed string `path:"feed" maxLength:"160" pattern:"^[a-z0-9._-]+\\.[A-Za-z0-9_-]+\\.ics$"`
}

// feed is asked for by programs that have no log-in: the address is all that they show.
func (s *Server) feed(ctx context.Context, in *feedOf) (*textReply, error) {
	viewer, err := s.Desk.FeedOf(ctx, custody.SecretString(strings.TrimSuffix(in.Feed, feedEnd)))
	if err != nil {
		return nil, err
	}
	people, _, err := CalendarOf(ctx, Known(s.Queries, s.Desk, viewer), viewer)
	if err != nil {
		return nil, err
	}
	chosen, err := s.Desk.Preference(ctx, viewer.Username)
	if err != nil {
		return nil, err
	}
	voice := words.In(cmp.Or(chosen.Language, words.English))
	name, err := voice.Say("calendar_feed.name", nil)
	if err != nil {
		return nil, err
	}
	busy, err := s.busy(people, voice)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = ical.Write(&text, name, busy)
	return &textReply{"text/calendar; charset=utf-8", text.Bytes()}, err
}

// busy gives when people are away and will be, by name alone: no reason, no server.
func (s *Server) busy(people []custody.Person, voice words.Voice) (all []ical.Busy, err error) {
	now := s.Desk.Time()
	for _, p := range people {
		title, err := voice.Say("calendar_feed.event", custody.Args{"Name": p.Name})
		if err != nil {
			return nil, err
		}
		for _, away := range awayIn(p, now.Add(-feedPast), now.Add(feedAhead)) {
			b := ical.Busy{
				UID: cmp.Or(away.Absence, fmt.Sprintf("away-%s-%d", p.Username, away.From.Unix())) + "@" + s.host(), Title: title, Changed: away.From,
				From: away.From, Until: away.Until,
			}
			if away.Until.IsZero() { // nobody knows: a calendar has no way to say so but to the end of this day
				b.Until = now.Truncate(24 * time.Hour).Add(24 * time.Hour)
			}
			if plan, planned := p.Plan(away.Absence); planned {
				b.Sequence = int(plan.Revision)
				if zone, err := wall.Zone(plan.Meant.Zone); plan.Meant.AllDay && err == nil {
					b.AllDay, b.From, b.Until = true, plan.From.In(zone), plan.Until.In(zone)
				}
			}
			all = append(all, b)
		}
	}
	slices.SortStableFunc(all, func(a, b ical.Busy) int { return a.From.Compare(b.From) })
	return all, nil
}

// What a feed has: what was a while ago, and what is planned.
const (
	feedPast  = 30 * 24 * time.Hour
	feedAhead = 800 * 24 * time.Hour
)

// host is where this server is, for what is to be unique in the world.
func (s *Server) host() string {
	at, err := url.Parse(s.PublicURL)
	if err != nil {
		return "tandem"
	}
	return cmp.Or(at.Hostname(), "tandem")
}

// FromCalendar gives an event of a calendar's file as an absence that can be planned. Of
// whole days a file has the day after the last one.
func FromCalendar(e ical.Event) PlanAbsence {
	in := PlanAbsence{From: e.FromWall, Until: e.UntilWall, Zone: e.Zone, AllDay: e.AllDay}
	if e.AllDay {
		if after, err := time.Parse(time.DateOnly, e.UntilWall); err == nil {
			in.Until = after.AddDate(0, 0, -1).Format(time.DateOnly)
		}
		return in
	}
	minutes := len("2006-01-02T15:04")
	in.From, in.Until = in.From[:min(minutes, len(in.From))], in.Until[:min(minutes, len(in.Until))]
	return in
}
